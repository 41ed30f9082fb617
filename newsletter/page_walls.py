# ruff: noqa: E501  a row is one kind of title, and a wide letter counts twice
"""Titles that are no titles, in the languages they were met in: of pages in the way of another, and of nothing.

Only tables, of whole titles in lower case without the punctuation around them: "Access denied: a history" is a title,
and so is "Sign in with Apple". How a title is compared with them is ``page_titles``.
"""

import re


def _any_of(rows: str) -> re.Pattern[str]:
    return re.compile("|".join(row.strip() for row in rows.strip().splitlines() if not row.lstrip().startswith("# ")))


_CHECK = _any_of(
    r"""
    (?:just |wait )?(?:a|one) (?:moment|second|sec|minute)(?: please)?
    please wait(?: while .*| for .*| a moment)?
    attention required!?(?: \| cloudflare)?|access denied \| .{1,60} used cloudflare.*|(?:one more step|complete the security check)(?: to access .*)?|ddos[- ]?guard
    ddos protection by .+
    (?:a |one )?(?:security|browser|robot|bot|human) (?:check|verification)(?: required)?|human verification
    client challenge
    (?:checking|verifying) (?:your browser|you are human|if the site connection is secure|your connection)(?: .*)?
    (?:are you|(?:prove|verify|confirm) (?:that )?you(?: a|'|’)?re) (?:not )?(?:a )?(?:human|robot|bot)
    (?:re)?captcha(?: (?:check|challenge|verification|required))?|pardon our interruption
    vercel security checkpoint|validate request
    making sure you(?:'|’)?re not a bot|before you continue(?: to .{1,30})?|cookie (?:consent|settings)
    (?:please )?enable (?:javascript|cookies)(?: (?:to|and) .*)?
    javascript is (?:not available|disabled|required)|(?:please )?enable js .*|suspected phishing(?: site)?(?: ahead)?
    please wait for verification|continue shopping
    # or has to agree to something
    we value your privacy|your privacy(?: choices| settings)?|privacy (?:settings|preferences|choices|manager)
    (?:cookie |privacy )?consent(?: management| manager)?|cookie (?:policy|preferences)|cookies
    zustimmung(?: erforderlich)?|einwilligung|(?:datenschutz|cookie)-?einstellungen|cookie-?hinweis
    bevor (?:sie|du) .{0,40}(?:weiter|fort)\w*|avant de (?:continuer|poursuivre|passer).*|antes de (?:continuar|ir).*
    prima di (?:continuare|procedere).*|voordat (?:je|u) (?:door|verder)\w*(?: naar .*)?|.{0,30}に進む前に
    .{0,30}(?:으로|로) (?:이동|계속)하기 전에|계속하기 전에.*|続行する前に.*|subscribe to (?:read|continue(?: reading)?)
    (?:unsupported|update your|outdated) browser|(?:sorry )?you have been blocked|blocked
    잠시만 ?기다(?:리|려).*|잠깐만 ?기다.*|보안 ?(?:확인|인증)(?: ?중.*)?|로봇이 아닙니다|자동 ?입력 ?방지.*
    (?:少々|しばらく)お?待ち.*|ロボットではありません.*|セキュリティ(?:チェック|確認|検証).*
    请稍[候等後后].*|請稍[候等後后].*|安全(?:验证|驗證|检查|檢查)|人机(?:身份)?验证|百度安全验证
    (?:nur )?(?:einen|ein) (?:moment|augenblick)(?: bitte)?(?: geduld)?|sicherheitsüberprüfung
    een moment(?: geduld)?
    un (?:instant|moment)(?: s[’']il vous pla[iî]t)?|vérification de sécurité|un momento(?: por favor)?
    um momento(?: por favor)?
    solo un momento|un attimo|один момент|подождите.*|проверка (?:вашего )?браузера.*|chwileczkę
    bir dakika(?: lütfen)?
    vänta.*|ett ögonblick.*|momentje.*|espere (?:un momento|por favor).*
    """
)
"""Whoever reads is being checked."""

LOGIN = _any_of(
    r"""
    (?:please )?(?:sign|log)[- ]?(?:in|on)(?: required| page)?(?:(?: or |[ /]+)(?:sign|log)[- ]?(?:up|in|on)| or register)?
    (?:please )?(?:sign|log)[- ]?(?:in|on|into)(?: or sign[- ]?up)?(?: to| into)?(?: your)? (?:account|[\w.+]{1,30}(?: account)?)
    sign[- ]?up|register|create (?:an |your )?account|authentication required|authorization required
    members? only|account login|linkedin login sign in
    (?:sign|log)[- ]?in with (?:your )?[\w.]+ account
    로그인(?: ?페이지| ?화면| ?후 .*|이? ?필요.*| ?해.*)?|회원 ?가입|ログイン(?:する| ?ページ| ?画面|が必要.*)?
    サインイン|新規登録|会員登録
    登[录錄入](?:页面|頁面)?|(?:用户|會員|会员)?登[录錄入]|请(?:先)?登[录入].*|請(?:先)?登入.*|注册
    anmelden|anmeldung|einloggen|bitte (?:anmelden|einloggen).*|se connecter|connexion|s[’']identifier
    inloggen|logga in|logg inn|log ind
    (?:iniciar|inicia|inicio de) sesi[oó]n|acceder|ingresar|entrar|iniciar sess[aã]o|fazer login|accedi|accesso
    вход(?: на сайт)?|войти|авторизация|zaloguj(?: się)?|logowanie|giriş(?: yap)?|đăng nhập|masuk|تسجيل الدخول
    """
)
"""Whoever reads has to say who they are."""

_NOTHING = _any_of(
    r"""
    (?:error |http |http error )?[45]\d\d(?:[\s:.–—-]*(?:error|page|client error|server error|file not found|page not found))
    (?:error |http |http error )?[45]\d\d[\s:.–—-]*(?:not found|forbidden|unauthori[sz]ed|gone|bad (?:request|gateway)|too many).{0,60}
    (?:error |http |http error )?[45]\d\d[\s:.–—-]*(?:service|internal|gateway|access|temporarily|페이지|찾을|找不到|页面|ページ).{0,60}
    (?:error |http |http error )?(?:40[0-9]|410|429|451|50[0-4]|52[0-9])|(?:error|fehler|erreur|ошибка) [45]\d\d
    (?:the |this )?(?:page|file|site|document|video|content|post|article|url|resource|repository)? ?not found(?: error)?
    (?:sorry |oops |the |this |that )*(?:page|site|video|content|post|article) (?:can(?:'|’)?t|cannot|could not|couldn(?:'|’)?t) be found
    (?:sorry |oops |the |this |that )*(?:page|site|video|content|post|article) (?:isn(?:'|’)?t|is not|is no longer) available
    (?:sorry |oops |the |this |that )*(?:page|site|video|content|post|article) (?:does(?:n(?:'|’)?t| not) exist|no longer exists?)
    (?:page |file )?not found \(?#?404\)?|nothing found(?: for .*)?
    (?:the )?page you (?:were|are|['’]re) (?:looking|searching) for .{0,60}
    (?:error )?[45]\d\d \(.{1,40}\)[!1]*|(?:error )?(?:the )?request could not be satisfied
    (?:5\d\d )?(?:connection timed out|web server is down|a timeout occurred|ssl handshake failed|origin .{0,20}error)
    (?:5\d\d )?(?:web server is returning an unknown error|invalid ssl certificate|origin is unreachable)
    (?:this )?(?:site|page) can(?:'|’)?t be reached|privacy error|your connection is not private
    (?:buy )?this domain(?: name)?(?: (?:is|may be) for sale)?|(?:buy )?domain(?: name)? (?:is )?(?:for sale|parked|expired)
    parked domain(?: name)?|[\w-]+(?:\.[\w-]+)+ is (?:for sale|parked|available)(?: at .*)?
    welcome to (?:nginx|caddy|openresty|centos)(?: on .*)?|apache2? .{0,30}default page.*|iis windows(?: server)?
    (?:http server )?test page.{0,40}|default web site page|default plesk page
    access (?:denied|forbidden|restricted)|access to this (?:page|site) (?:has been|is) (?:denied|blocked)
    permission denied|request (?:denied|rejected|blocked)
    forbidden|unauthori[sz]ed|not authori[sz]ed|(?:this )?account (?:has been )?suspended|bad request
    too many requests|rate limit(?:ed| exceeded)
    (?:an? )?(?:unknown |unexpected |server |application |internal server |proxy |runtime )?error(?: occurred| page)?
    (?:it )?(?:looks like |seems )?something went wrong
    bad gateway|gateway time-?out
    (?:service|temporarily|site|website) (?:is )?(?:temporarily )?(?:unavailable|down)
    (?:oops|whoops|uh[- ]oh)
    (?:(?:site|website) (?:is )?)?(?:down for|under) (?:construction|maintenance)|(?:(?:site|scheduled|system|server|website) )?maintenance(?: mode| page)?
    (?:we(?:'|’)?ll|we will) be back.*
    접[근속] ?(?:이 ?)?(?:거부|차단|제한|금지).{0,12}|액세스 ?(?:가 ?)?거부.{0,12}
    (?:요청하신 |해당 )?페이지(?:를|가)? ?(?:찾을 수 ?없|찾지 못|존재하지).*
    (?:존재하지 않는|없는|삭제된|잘못된) ?(?:페이지|게시물|글|접근|주소).{0,8}|에러(?: ?페이지)?
    오류(?: ?페이지| ?안내| ?발생)?|권한이 없.*
    (?:서비스|시스템) ?점검.{0,8}
    アクセス(?:が)?拒否.{0,12}
    (?:お探しの|指定された|該当の|ご指定の)?(?:ページ|記事|ファイル)(?:が|は)(?:見つかりません|存在しません).*
    エラー(?:ページ)?|メンテナンス中.*
    (?:您访问的)?(?:页面|頁面|网页|網頁)(?:不存在|找不到|没有找到|未找到|出错).*|找不到(?:页面|頁面|网页|網頁).*
    (?:访问|訪問|存取)(?:被)?(?:拒绝|拒絕).*
    出错(?:了|啦)?|系[统統][错錯][误誤]
    (?:die )?(?:seite|datei) (?:wurde )?nicht gefunden|zugriff verweigert|fehler
    page (?:non trouvée|introuvable|not found)|acc[eè]s (?:refusé|interdit)|erreur
    p[aá]gina n[aã]o encontrada|p[aá]gina no encontrada|acces[os]o? (?:denegado|negado)|acesso negado
    pagina non trovata|accesso negato|errore?|erro
    страница не найдена|доступ (?:запрещ[её]н|ограничен)|ошибка|nie znaleziono(?: strony)?|odmowa dostępu
    sayfa bulunamadı|erişim engellendi
    pagina niet gevonden|toegang geweigerd|sidan (?:kunde inte hittas|hittades inte)|åtkomst nekad
    halaman tidak ditemukan|không tìm thấy trang
    """
)
"""There is nothing, or nothing for whoever reads."""

WALL = re.compile("|".join(rows.pattern for rows in (_CHECK, LOGIN, _NOTHING)))
"""Titles of a page in the place of another: nothing on it is about the link."""

PERHAPS = _any_of(
    r"""
    errore?|erro|fehler|erreur|ошибка|오류|에러|エラー|blocked|(?:re)?captcha|forbidden|register|consent|cookies|maintenance
    one moment|a second|one second|acceder|ingresar|entrar|accesso|connexion|anmeldung|masuk|вход|zustimmung|einwilligung
    """
)
"""Of these the ones that are something else beside another word: "Error | The Band"."""

EMPTY = _any_of(
    r"""
    (?:untitled|unnamed)(?: (?:document|page|\d+))?|no title|(?:page )?title|document\d*|(?:new )?page
    homepage|home(?: page)?|main(?: page)?
    index(?: of .*)?|index\.\w{3,4}|default|welcome|start|website|my site|blog|null|undefined|none|n/a|test
    loading|redirect|redirecting(?: to .*)?
    you are being redirected|startseite|accueil|inicio|início|главная(?: страница)?|página inicial
    strona główna|ana sayfa
    홈|홈페이지|메인(?: ?페이지)?|제목 ?없음|제목 ?없는 문서|무제|로딩 ?중|ホーム|トップ(?:ページ)?
    無題(?:ドキュメント)?|タイトルなし
    首页|首頁|主页|主頁|无标题(?:文档)?|無標題(?:文件)?|加载中|載入中
    react app|vite app|vite \+ \w+(?: \+ ts)?|app|(?:create )?next app|nuxt app|angular app|streamlit
    # what an application calls itself where it shows nothing
    notion [–-] .*all-in-one workspace.*|(?:reddit [-–] )?(?:dive into anything|the heart of the internet)
    正在(?:跳[转轉]|重定向)|跳[转轉]中|swagger ui|\[object object\]
    """
)
"""Titles that say nothing: the page itself may be the right one."""
