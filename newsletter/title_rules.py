"""The words by which a line of chat is told from a heading, as tables: one part for each language.

Data only, read by ``titles.py``. Another language is another part here and one line there.
"""

import re


def words(row: str) -> frozenset[str]:
    """The words of a table, which are written with blanks between them."""
    return frozenset(row.split())


def _pattern(before: str, row: str, after: str, flags: int) -> re.Pattern[str]:
    return re.compile(f"{before}(?:{'|'.join(row.split())}){after}", flags)


def starts(row: str, flags: int = 0) -> re.Pattern[str]:
    """What a line begins with: regular expressions with blanks between them (a blank of the line is ``\\s``)."""
    return _pattern("^", row, "", flags)


def ends(row: str, flags: int = 0) -> re.Pattern[str]:
    """What a line ends with."""
    return _pattern("", row, "$", flags)


def anywhere(row: str, flags: int = 0) -> re.Pattern[str]:
    """What stands anywhere in a line."""
    return _pattern("", row, "", flags)


# --- every language -------------------------------------------------------------------------------------------------

# Labels that point instead of naming, word by word: "github link" and "원문 링크" name nothing either.
POINTING = words(
    """
    here link links url this that article post blog page site website web source src ref reference more read see
    click open view visit go original paper pdf repo repository github gitlab code docs doc documentation slides
    video youtube tweet thread issue pr details info the a an to full story it me homepage download demo via
    여기 여기서 여기로 여기에서 링크 링크들 자료 참고 참고링크 참고자료 자료링크 원문 원글 원본 출처 기사 사이트
    홈페이지 게시물 게시글 바로가기 보러가기 글 논문 영상 동영상 블로그 깃허브 깃헙 코드 문서 강의 강의링크
    강의자료 주소 클릭 이것 이거 이글 더보기 더 보기 관련 ここ こちら これ この リンク 記事 ページ サイト ソース
    元記事 元 原文 参照 参考 資料 論文 動画 スライド コード ブログ はこちら から 詳細 詳しくは 続き 続きを読む
    这里 此处 链接 連結 這裡 原文链接 来源
    """
)

# The end of a sentence, a question, a greeting, an announcement; a comma or a dash is the end of an unfinished one.
ENDS_OPEN = re.compile(
    r"(?:[.。．｡!?！？‼⁉؟…‥:：;；,，､、~〜～♪^=>→⇒–—-]|(?<=[\u3040-\u9fff])w|ww|草|[\u1100-\u11ff\u3131-\u318e])$"
)
# Two sentences on one line, or the comma of prose. The stop of "vs.", "No. 1" and "J. Smith" ends no sentence.
PROSE_INSIDE = anywhere(
    r"""
    (?<!\b[A-Z])(?<!\b(?:No|vs|Dr|Mr|Ms|St|pt|ch))(?<!\b(?:Vol|vol|Mrs))(?<!\bfeat)[.!?…]+\s+\S
    [。｡！？](?=.) 、 ， ､ [\u1100-\u11ff\u3131-\u318e] \.\.
    """
)
CODE = re.compile(r"^[$%] | (?:<-|::|&&) | --\w")
# Faces, hands, hearts and parties answer something; a rocket or a book may decorate a heading.
ENDS_IN_REACTION = re.compile(
    "(?:[\U0001f600-\U0001f64f\U0001f900-\U0001f92f\U0001f970-\U0001f97a\U0001f440-\U0001f450\U0001f4a9-\U0001f4af"
    "\U0001f493-\U0001f49f\U0001f389\U0001f38a\U0001f525\U0001f44f\U0001f195\u2600-\u2604\u261d\u263a\u270a-\u270d\u2728"
    "\u2764\u2b06\u2b07\u2193\U0001faf0-\U0001faf8\U0001f3fb-\U0001f3ff\ufe0f\u200d]|:[a-z0-9_+'-]+:)\\s*$"
    r"|[:;=]['-]?[)(DPpOo3/|]+$|\^\^+;*$|[（(][笑汗泣][)）]$|\bx[dD]+$"
)

# --- English, and the commonest words of German, French, Spanish and Italian sentences --------------------------------

# Who speaks of themselves. Behind "how", "why", "what" or "lessons" it is a heading all the same.
SPEAKING = words("i i'm i've i'd i'll im ive my mine me myself we we're we've we'd we'll our ours us u")
TELLING = words(
    """
    how why what when where which who things lessons everything reasons ways tools books papers one two three four
    five six seven eight nine ten eleven twelve
    """
)
# What only a person says, wherever it stands in the line.
SAID = words(
    """
    lol lmao rofl haha hah heh omg imho imo tbh afaik btw fyi iirc ftw ikr y'all yall thx pls plz wow whoa yay yep yeah
    yup nope hmm hm hooray kudos props shoutout yikes oof meh anyone anybody gonna wanna gotta tonight tomorrow
    yesterday
    yesterday's today's yes danke hallo bitte merci bonjour salut hola gracias obrigado olá ciao grazie ich wir ist
    je j'ai
    c'est nous vous está están esto isso questo это
    """
)
# What begins a remark.
BEGINS_REMARK = words(
    """
    this that that's these those there there's here here's it it's its he she they they're their you you're you've hi
    hey
    good great nice cool neat sweet amazing awesome excellent interesting fascinating funny
    useful helpful handy impressive wonderful fantastic brilliant beautiful lovely loved loving love crazy insane wild
    sick dope worth recommended recommend highly must so very really too quite pretty such also still and but or
    because maybe probably perhaps apparently actually basically literally honestly anyway anyways finally oh ah well ok
    okay right sure true exactly indeed agreed same no-one nobody someone somebody everyone everybody folks guys thanks
    thank thankfully ty sorry congrats congratulations cheers bye please note fwiw til psa nsfw rip wip cc via re h/t
    ps nb
    checkout check look looks looked see seen saw watched found find came got gotten heard read sharing shared
    share posted posting sent sending wrote tried updated fixed merged pushed released published uploaded
    enjoyed enjoy liked like thought thoughts think guess hope hoping hopefully wonder wondering remember reminds
    reminded remembered reminder stumbled noticed realized figured finished leaving dropping putting bookmarking
    bookmarked saving didn't doesn't isn't wasn't wouldn't couldn't can't cannot cant haven't hasn't sadly
    unfortunately fortunately luckily relevant related meanwhile sounds seems feels reply replying prob idk
    """
)
# What a line without a heading's shape around it would be spoken with: no heading where no words follow the link.
SPOKEN = words(
    """
    is are was were am be been has have had do does did don't will won't would can could should shouldn't may might
    shall
    has your yours his him her them how why what when where which who whom whether if than then though how's what's
    who's
    not all any some worth now later soon recently ago already again yet almost today best bad fun new try trying
    reading watching watch writing making building using adding getting going went gone want wanted need needed know
    knew stuff thing things something anything nothing everything more another done created added submitted fixes ok no
    """
)
# Words that make a line without any capital a phrase of chat and not a name.
SMALL = words(
    "a an the of for to in on at by from with and or as about after before into over up out off first last next"
)
# What a remark ends with: it points, or speaks of now.
ENDS_REMARK = words(
    """
    this that it these those here there them him us yours mine today later soon ago too again though yet please
    """
)
# Lines of nothing but these name nothing: "blog post", "a quick read", "must read", "food for thought".
NAMES_NOTHING = words(
    """
    a an the new newer newest latest old another one two more some any few for of to on in by and or with from about
    blog post posts article articles paper papers video videos talk talks thread threads read reads reading reading's
    watch link links repo repos release releases tool tools site page source code demo demos docs slides notes
    summary book books tutorial guide course podcast news stuff thing things update updates fix fixed done works worked
    working quick short long weekend morning evening night lunch daily food thought thoughts question questions idea
    ideas answer answers help day week month year good nice fun cool best bad hot take side fair warning heads up next
    previous part first last
    """
)
# "PR opened", "the slides are up", "docs updated": what somebody at work did, not what a page is about.
WORK = words(
    """
    pr prs mr build ci cd docs doc slides slide video recording post link notes repo paper blog article deploy
    site page server fix fixes draft patch release issue ticket tests test branch code demo feature migration
    """
)
WORK_STATE = words(
    """
    up out live open opened closed merged updated fixed done ready posted uploaded here attached below available landed
    passes passing works working broken down failed failing published online deployed shipped back green red
    """
)
ENGLISH_REMARK = starts(
    r"""
    for\sthe\s(?:record|curious|interested|people|folks|fans|lovers|team)\b
    for\s(?:those|anyone|everyone|later|reference|whoever|you|my|me|our|us|all)\b
    from\s(?:\S+\s)?(?:\S+|thread|channel|slack|discord|twitter)$(?<!\bscratch)
    (?:hello|hiya|welcome)\b(?!\s(?:world|to)\b)
    welcome\sto\s(?:the\s(?:team|channel|club|party|group)|our)\b just\b(?!\s(?:use|say|enough|in\stime)\b)
    made\s(?:an?|this|it|some|my|the)\b let's\s(?:see|hope|go|try|discuss|meet|do)\b set\sthe\b in\scase
    as\s(?:promised|discussed|mentioned|requested|always|usual|seen) per\s by\sthe\sway speaking\sof
    on\s(?:that|a|another) one\smore another\s more\s(?:on|of|from|about|like)\b
    not\s(?:sure|bad|mine|my|new|bad) no\s(?:idea|way|comment|words|problem|thanks) what\san?\b
    what\s(?:do|does|did)\syou how\s(?:cool|nice|awesome|great|about|do\syou|did\syou) who\s(?:wants|else)
    if\s(?:you|anyone|any)
    (?:do|did|have|are|can|could|would|will|should)\s(?:you|we|i|they|anyone|someone|it)\b
    does\s(?:it|this|that)\b is\s(?:it|this|that|there|he|she)\b thinking\s(?:of|about)\b
    looking\s(?:for|forward) trying\sto going\sto watch\s(?:out|this) my\s mine\s our\s added\s adding\smy
    back\sto up\s(?:and|now) out\snow now\s(?:with|on|in|it) question\b
    fun\s(?:fact|read|one|stuff|talk|post|little|game) big\s(?:fan|news|thanks|if)
    best\s(?:thing|of\sluck|wishes|read|talk|post) new\sto\sme turns?\sout makes\ssense
    works\s(?:for|on|like|great|now)
    (?:quick|small|little|friendly)\s(?:question|update|note|reminder|fix|poll|one)
    all\s(?:good|done|set|yours) to\s(?:be|me|read)\b
    """,
    re.IGNORECASE,
)
_SO = r"(?:(?:so|very|really|pretty|quite|super|too|kinda|also|just|still|such)\s)*(?:an?\s)?"
_GOOD = (
    "(?:great|good|cool|nice|neat|awesome|amazing|fun|funny|interesting|useful|helpful|wild|crazy|insane|lovely|beautiful"
    "|brilliant|excellent|promising|bad|sad|hilarious|incredible|impressive|worth.*|must.*)"
)
OPINION = anywhere(
    rf"""
    \b(?:is|are|was|were|looks?|sounds?|seems?|feels?)\s{_SO}{_GOOD}(?:\s(?:read|one|talk|post|news|now|too|though))*$
    \bworth\s(?:a|an|the|your|it|reading|watching|checking|trying|sharing|looking)\b
    \b(?:you|ya)\s(?:guys|all|folks)\b \b(?:must|should)\s(?:read|watch|see)$
    """,
    re.IGNORECASE,
)
POINTS_AT = re.compile(
    r"\b(?:this|that's|these)\b(?! (?:week|month|year)\b)|\bthis (?:week|month|year)(?:'s)?$", re.IGNORECASE
)
REGULAR_COLUMN = re.compile(r"^th(?:is|ese) (?:week|month|year|weeks) in\b", re.IGNORECASE)
# Small words of a title in capitals: "Attention Is All You Need".
MINOR = words(
    """
    a an the of for to in on at by from with and or as vs but nor into over via is are be do does it its your
    you we our my i this that how why what when where who all can not
    """
)

# --- Japanese and Chinese -------------------------------------------------------------------------------------------

JAPANESE_REMARK = starts(
    r"""
    今(?!年|週の|月の|後の|昔) 本日 次週 来週 翌日 翌週 昨日 昨夜 昨晩 明日 先日 先週 先程 さっき 次回 前回
    最近 いま これ それ あれ この その あの ここ そこ こちら そちら こういう そういう こんな そんな どう 私
    僕 俺 弊社 皆 みな みんな 誰か ちょっと ちなみ あと でも もしか まあ やっと ついに とりあえず 一応
    例えば たとえば 多分 たぶん 結局 追記 補足 余談 蛇足 参考までに 質問 報告 相談 連絡 お知らせ 告知 宣伝
    朗報 悲報 速報 緩募 急募 ゆる募 定期 再掲 訂正 修正 雑談 おは こんにち こんばん はじめまして お疲れ おつ
    乙 久しぶり すみません すいません すごい(?!H) 凄い やば 面白そ おもしろそ 便利そ 最高 最悪 神 了解 承知
    感謝 謝謝 なるほど わかる それな 確かに 自己解決
    """
)
# Kanji and katakana words that close a remark; hiragana at the end closes one anyway, but for these headings.
JAPANESE_END = ends(
    r"""
    読了 解決 追記 進捗 感謝 最高 最悪 神 件 模様 様子
    (?<=[\u3041-\u309f])(?:時|際|所|筈|訳|為|程|途中|最中) (?<=[業強加査討践戦習整作])中 今日 今 昨日 明日
    次回 以上 同意 賛成 反対 了解 承知 を追加 大変 残念 ボチボチ 無理 大丈夫 不明 一応 多分 全部 結局 勿論
    案の定 ヤバ ダメ ムリ マジ オススメ スゴイ ウケル 乙 草 笑 涙 汗 泣 (?:さん|くん|氏|君|様)
    """
)
HIRAGANA_END = re.compile(r"[\u3041-\u309f]ー?$")
HIRAGANA_HEADING = ends(
    r"""
    まとめ とは すすめ はじめかた つくりかた つかいかた しくみ はじめに ひみつ きほん について のすべて
    べきこと のはなし いろは あれこれ 仕組み 取り組み 試み 手引き 振り返り 使い分け
    """
)
# A topic or subject particle makes a clause: は or が after a noun written in kanji, katakana or Latin letters.
JAPANESE_CLAUSE = anywhere(
    r"""
    [\u30a0-\u30ff\u4e00-\u9fffA-Za-z0-9）)」』][はがも](?![\u3041-\u309f]?$) [a-z]\s[はが]\s ので ちゃっ
    じゃな 良さそう です ます ました ません だった けど から\s って
    """
)
JAPANESE_LABEL = anywhere(
    r"""
    (?:(?<!につい)(?<!すべ)て|の|やつ|です|ます|ました|ません|でした|ください|下さい|ましょう|みて|そうな|かな|かも|けど|ので|んだ|[ねよぞわ])[!！?？~～]*$
    [。｡]$
    """
)
CHINESE_END = re.compile(r"[了吗吧呢啊呀嘛哦啦的]$")

# --- Korean ---------------------------------------------------------------------------------------------------------

KOREAN_REMARK = starts(
    r"""
    이거 이건 이게 이걸 이것 요거 요건 저거 저건 그거 그건 그게 여기(?!어) 저기 거기 제가
    저는 저도 저희 다들 여러분 누가 혹시 근데 그런데 그래서 아니 헐 헉 우와 와우 대박 안녕
    반갑 수고 고생 감사 고마 죄송 미안 축하 환영 문의 참고로 방금 아까 드디어 오늘(?!의)
    어제 내일 지금 이번에 질문이 질문\s?있 공유(?!기|\s?(?:경제|자원|메모리|상태))
    추천(?!\s?(?:시스템|알고리|모델|엔진|서비스|도서|논문)) 네\s 넵 옙 응\s 아\s
    와\s 오\s (?:이|그|요)\s(?!주의|달의|시대) 좋은\s(?:글|자료|영상|기사|정보|논문|링크|내용|강의)$
    오늘\s 재밌 재미있 재미난 유용한 괜찮 흥미로운 흥미롭 신기 대단 쩐다 쩔 미친 멋진 멋지
    강추 (?:한번|꼭|다시)\s(?:읽|보) 읽어볼 볼만 볼\s만 쓸만 꿀팁이 .*(?:같이|함께|다들|모두)\s.*자$
    """
)
# Endings by their stems, as nouns end in the same letters: 모음, 게임, 활용, 이미지, 언어, 문서, 이해 are none.
KOREAN_END = ends(
    r"""
    (?<!람)(?<!판)(?<!캐나)다 (?<![개수주중가])요 [네해어아여예에세]용 욤 [네해어아여세]염 죠 쥬
    (?:하|되|있|없|좋|겠|았|었|했|같|렇|맞|뭐|거)지 (?<!동)네 넹 까 (?<![아])냐
    (?:하|되|있|없|좋|았|었|겠|했)니 (?:인|있|없|했|았|었|겠|되)나 (?:하|되|이|있|없|좋|겠|았|었|했)군 구나
    듯 [있없했았었겠좋같많됐왔갔봤났웠렸졌싶않찾받읽싫]음 [있없했]슴 (?<![포결명관물지시])함 됨
    (?:거|것|글|듯|중|자료|논문|내용|링크|예정|정도|느낌)임 [하보]삼 [하보가오주]셈 [해와어아워려]줌
    [해어아여와러려]봄 [나어져라돌]옴 [어아여해워려켜혀겨커춰]짐 뜸
    (?:는|인|할|일|될|한)\s?줄\s?(?:은|도|이야)? 는걸 할걸 [할볼둘올릴을줄갈될]게 [할볼둘올릴을줄갈]께
    (?:하|되|있|없|했|았|었|겠|싶|이|좋|라|다|리)고 (?:해|아|어|여|에|면|봐|와|라|써|져)서
    (?:하|되|으|이라|다|려|보)면 지만 는데 은데 던데 인데 한데 [한된인란]대 [봐와해]라 [하보으]러
    [했있없었았겠됐왔봤갔났줬먹읽싶좋같]어 [좋같알많찮않봐받맞놓]아 [세하]여
    (?:못|안|잘|꼭|유용|추천|공유|궁금|신기|대단|필요|부탁|감사|축하|미안|죄송|시작|정리|공부|강추)\s?해 봐
    줘 돼
    (?:[는은던]\s?|공부|작업|진행|개발|사용|준비|고민|검토|학습|테스트|시청|정리|작성|구현|확인|판매|회의|삽질)\s?중
    (?<![가조])은 는 (?<![마가노고])을 를 에 께서 (?:것|거|저|나|글|그래|에서|이라|라|해|봐|누구)도
    (?:거|것)랑 [을를일할]\s?뿐 (?:한|는|은|던|운|할|이|그|저)\s?거 (?:[는신은실]\s?|으시?신\s?)분들?
    (?<!교수)(?<!선생)님들? 요망 공유 문의 부탁 감사 축하 환영 강추 대박 굿 필독 완료 하하 참고
    (?:^|강력|적극|완전|무조건|이거|꼭|왕|초)\s?추천 ^질문 (?:^|자료|원문|관련|참고|아래)\s?링크 공지
    """
)
KOREAN_LABEL = anywhere(
    r"""
    ^이거 ^이건 ^이게 ^이걸 ^여기 ^저기 ^거기 ^제가 ^저는 ^우리 ^(?:이|그|저)\s
    (?:[니어아여해세네데]요|니다|지요|죠|ㅋ|ㅎ)[!！?？~～]*$
    """
)
