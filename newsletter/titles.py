"""What may stand as a heading: cleaning, whether a line of chat or a label is a title, and a title read from a URL.

Pure and total. The rule for chat lines is one-sided: no chat sentence ever becomes a title, and a title missed costs
little, since the page's title or the URL's comes next. Where the lines come from is ``words.py``.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from newsletter.model import TitleSource

MAX_TITLE = 200
"""Characters of a title; longer ones end in ``…``."""

MAX_LINE = 100
"""Columns (a CJK letter takes two) of a chat line that may be a title; a longer one is prose."""

# --- cleaning -------------------------------------------------------------------------------------------------------

# Format characters would reorder or hide text; the two joiners hold emoji and Indic and Persian words together,
# tag characters spell the flags of England, Scotland and Wales.
_KEPT_FORMAT = re.compile("[\u200c\u200d\U000e0020-\U000e007f]")
_EMOJI = (
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u231a-\u23ff\u2190-\u21ff\u3030\u303d\u3297\u3299\u00a9\u00ae"
    "\u200d\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]|:[a-z0-9_+'-]+:"
)


def clean(title: str, limit: int = MAX_TITLE) -> str:
    """The text as one plain line: whitespace collapsed, no control or bidi character, at most ``limit`` characters.

    Idempotent. The cut falls between words where one ends near, else between what a reader sees as letters.
    """
    if not title.isascii() or not title.isprintable():
        title = "".join(_visible(letter) for letter in unicodedata.normalize("NFC", title))
    return shorten(" ".join(title.split()), limit)


def _visible(letter: str) -> str:
    category = unicodedata.category(letter)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    if category == "Cs" or (category == "Cf" and not _KEPT_FORMAT.match(letter)):
        return ""
    return letter


def shorten(text: str, limit: int) -> str:
    """At most ``limit`` characters, ending in ``…`` where something was cut. Never cuts inside a grapheme."""
    if len(text) <= limit:
        return text
    end = limit - 1
    while end > 0 and _joins(text, end):
        end -= 1
    space = text.rfind(" ", end * 3 // 4, end + 1)
    return text[: space if space > 0 else end].rstrip() + "…"


def _joins(text: str, at: int) -> bool:
    """Whether the character at ``at`` belongs to the grapheme before it (UAX 29, as far as chat needs it)."""
    letter = text[at]
    if unicodedata.category(letter)[0] == "M" or letter in "\u200d\u200c" or "\U0001f3fb" <= letter <= "\U0001f3ff":
        return True
    if text[at - 1] == "\u200d" or "\U000e0020" <= letter <= "\U000e007f":
        return True
    if _is_flag_half(letter):
        before = len(text[:at]) - len(text[:at].rstrip("".join(map(chr, range(0x1F1E6, 0x1F200)))))
        return before % 2 == 1
    return False


def _is_flag_half(letter: str) -> bool:
    return "\U0001f1e6" <= letter <= "\U0001f1ff"


def width(text: str) -> int:
    """Columns: wide and full-width letters count two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _words(row: str) -> frozenset[str]:
    return frozenset(row.split())


# --- a label on a link ----------------------------------------------------------------------------------------------

# Labels that point instead of naming, word by word: "github link" and "원문 링크" name nothing either.
_POINTING = _words(
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
_LABEL_WORDS = re.compile(r"[^\W_]+")


def is_human_label(label: str, url: str) -> bool:
    """Whether a label names its link: not a pointing word, a number, a remark, or the address in some form.

    A label is a title even where a chat line of its words would not be ("How I Built My Own Git?" names a page), but
    not where it is cut out of a sentence: "this comment", "試してみました", "여기 정리했어요".
    """
    words = _LABEL_WORDS.findall(unicodedata.normalize("NFKC", label).casefold())
    if not any(len(word) > 1 and not word.isdigit() for word in words) and not _has_cjk(label):
        return False
    if all(word in _POINTING or word.isdigit() for word in words):
        return False
    return not _is_address(label, url) and not all(word in _CHATTER for word in words) and not _is_spoken(label)


def _is_spoken(label: str) -> bool:
    core = re.sub(r"\s*[（(][^()（）]*[)）]$", "", unicodedata.normalize("NFKC", label).strip())
    if _has_cjk(core):
        return bool(_JAPANESE_REMARK.search(core) or _SPOKEN_START.search(core) or _SPOKEN_END.search(core))
    words = [word.replace("’", "'") for word in _LATIN_WORD.findall(core)]
    return bool(words) and words[0].casefold() in _SPEAKERS and not _is_title_case(words)


def _is_address(label: str, url: str) -> bool:
    """Slack labels what it linked by itself: ``<http://example.com|example.com>``, cut ones end in ``…``."""
    text = label.strip().rstrip("….").casefold()
    bare = re.sub(r"^[a-z][a-z0-9+.-]*://", "", text).removeprefix("www.").rstrip("/")
    address = re.sub(r"^[a-z][a-z0-9+.-]*://", "", url.casefold()).removeprefix("www.").rstrip("/")
    if "://" in text or text.startswith(("www.", "mailto:")):
        return True
    if bare and " " not in bare and ("/" in bare or "." in bare):
        decoded = unquote(address)
        return address.startswith(bare) or decoded.startswith((bare, unquote(bare)))
    return False


# --- a line of chat -------------------------------------------------------------------------------------------------

_LATIN_WORD = re.compile(r"[^\W\d_\u1100-\u11ff\u2e80-\uffef]+(?:['’][^\W\d_\u2e80-\uffef]+)*")
_CJK = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_OTHER_LETTER = re.compile(
    "[^\\W\\d_a-zA-Z\u00aa-\u024f\u0370-\u03ff\u1e00-\u1eff\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\uffef]"
)
_EDGE_EMOJI = re.compile(rf"^(?:{_EMOJI}|\s)+|(?:{_EMOJI}|\s)+$")
_ENDS_IN_EMOJI = re.compile(rf"(?:{_EMOJI})\s*$|[:;=8xX]['-]?[)(DPpOo3/|]+$|\^\^+;*$|[（(][笑汗泣][)）]$|\bx[dD]+$")

# The end of a sentence, a question, a greeting, an announcement; a comma or a dash is the end of an unfinished one.
_ENDS_OPEN = re.compile(
    r"(?:[.。．｡!?！？‼⁉؟…‥:：;；,，、､~〜～♪^-]|[-–—→⇒>=]|[wｗ]{1,}(?<=[\u3040-\u9fff][wｗ])|ww+|ｗ+|草)$"
)
# Two sentences on one line, or the comma of prose.
_PROSE_INSIDE = re.compile(r"[。｡！？](?=.)|[.!?…]+ +\S|、|，|､|ㅋㅋ|ㅎㅎ|ㅠ|ㅜ|\.\.")

# English (and the commonest German, French and Spanish) words of sentences: who speaks, what they do, what they think.
_SENTENCE_WORDS = _words(
    """
    i i'm i've i'd i'll im ive you you're u ur your yours my mine me we we're our ours us he she his her they
    their them it it's its this that these those there there's here here's what's who's let's lets is isn't are
    aren't was wasn't were am be been being has have haven't had do does doesn't did didn't don't dont will
    won't would wouldn't can can't cannot could couldn't should shouldn't may might must shall gonna wanna gotta
    someone anyone everyone everybody anybody nobody guys folks people friends team y'all yall please pls plz
    thanks thx thank ty sorry welcome congrats congratulations cheers hello hi hey hiya morning afternoon
    evening goodnight bye yes yeah yep yup nope no ok okay sure right wow whoa omg lol lmao rofl haha hah heh
    hmm hm oh ah oops yay nice cool great awesome amazing interesting neat good best bad fun funny useful
    helpful handy excellent impressive wonderful fantastic brilliant beautiful crazy insane wild sweet sick dope
    lovely love loved loving like liked hate worth recommend recommended recommends enjoy enjoyed check checking
    checkout look looks looking looked read reading watch watching watched listen see seen saw try tried trying
    found find finding wrote written writing made making built sharing share shared sent sending posted posting
    added adding updated updating fixed fixing merged published pushed uploaded created submitted finished done
    got get getting came went going gone think thinking thought thoughts guess know knew want wanted need needed
    hope hoping wonder wondering seems seem apparently maybe probably actually basically literally just really
    very so too also still already again yet almost finally fyi btw imo imho imao afaik tbh tldr tl;dr wip til
    ps nb rip nsfw psa eta asap today today's yesterday yesterday's tomorrow tonight now later soon recently ago
    cc via stuff thing things something anything nothing everything more another cant wont why how what when
    where which who whom whether because if than then though although but yo nah meh yikes oof ugh damn dang
    geez sigh sadly hooray bravo kudos props shoutout heads-up reminder reply replying fixes relevant related
    same agreed exactly indeed ich wir ist sind das dies hier danke hallo habe hat bitte je j'ai nous vous c'est
    est sont voici merci bonjour salut es está están esto esta este hola gracias yo nosotros mira para é são
    isso obrigado olá ciao grazie è questo
    """
)
# Words that make a line without any capital a phrase of chat and not a name: "food for thought", "paper of the day".
_SMALL_WORDS = _words(
    """
    a an the of for to in on at by from with and or as about after before into over up out off not all any some
    new one two first last next week day time way press question answer help bug fix test
    """
)

_SPEAKERS = _words(
    "this that these those here there's it it's i i'm i've i'd i'll we we've my our you see read check look click"
)
_SPOKEN_START = re.compile("^(?:이거|이건|이게|이걸|여기|저기|거기|제가|저는|우리|(?:이|그|저) )")
_SPOKEN_END = re.compile(
    "(?:(?<!につい)(?<!すべ)て|の|やつ|です|ます|ました|ません|でした|ください|下さい|ましょう|みて|そうな|かな|かも|けど|ので|んだ|[ねよぞわ]|[니어아여해세네데]요|니다|지요|죠|ㅋ|ㅎ)"
    "[!！?？~～]*$|[。｡]$"
)
_CHATTER = _SENTENCE_WORDS | _SMALL_WORDS | _POINTING

_JAPANESE_REMARK = re.compile(
    r"^(?:今|本日|次週|来週|翌|昨日|昨夜|昨晩|明日|先日|先週|先程|さっき|次回|前回"
    r"|今回|最近|いま|これ|それ|あれ|この|その|あの|ここ|そこ|こちら|そちら"
    r"|こういう|そういう|こんな|そんな|どう|なぜ|なんで|私|僕|俺|自分|うち"
    r"|弊|皆|みな|みんな|だれ|誰|ちょっと|ちなみ|あと|ただ|でも|もし|まあ"
    r"|やっと|ついに|とりあえず|一応|例えば|たとえば|多分|たぶん|確か|結局|追記"
    r"|補足|余談|蛇足|参考|質問|報告|相談|連絡|お知らせ|告知|宣伝|朗報"
    r"|悲報|速報|緩募|急募|ゆる募|定期|再掲|訂正|修正"
    r"|雑談|おは|こんにち|こんばん|はじめまして|お疲れ|おつ|乙|久しぶり|すみません|すいません"
    r"|すごい|凄い|やば|面白|おもしろ|楽し|良い|いい|よい|良さ"
    r"|便利そう|最高|最悪|神|了解|承知|感謝|謝謝|なるほど|わかる|それな|確かに)"
)
# Kanji and katakana words that close a remark, not a heading; hiragana at the end closes it anyway.
_JAPANESE_END = re.compile(
    r"(?:発見|読了|完了|終了|解決|自己解決|修正|追記|更新|進捗|成果|報告|感想|感謝|最高"
    r"|最悪|神|謎|件|話|人|模様|様子|予定|希望|募集中|中|時|度|際|方"
    r"|場合|結果|所|所為|筈|的|系|感|風|気|程|位|為|訳|物|事"
    r"|今日|今|昨日|明日|今週|次|次回|以上|以下|同意|賛成|反対|了解|承知|大変|残念|無理|大丈夫"
    r"|必要|可能|不可能|不明|不要|一応|多分|全部|結局|実際|当然|勿論|案の定|ヤバ|ダメ|ムリ"
    r"|マジ|オススメ|スゴイ|ウケル|ネタ|ノリ|乙|草|笑|涙|汗|泣|(?:さん|くん|氏|君|様))$"
)
_HIRAGANA_END = re.compile(r"[\u3041-\u309f]ー?[」』）)\]】]*$")
_HIRAGANA_HEADING = re.compile(
    r"(?:まとめ|とは|すすめ|はじめかた|つくりかた|つかいかた|しくみ|はじめに|ひみつ|きほん)$"
)
# A topic or subject particle makes a clause: は or が after a noun written in kanji, katakana or Latin letters.
_JAPANESE_CLAUSE = re.compile(
    r"[\u30a0-\u30ff\u4e00-\u9fffA-Za-z0-9）)」』][はがも](?![\u3041-\u309f]{0,1}$)|です|ます|ました|ません"
    r"|だった|ですが|けど|から[、 ]|って"
)

_KOREAN_REMARK = re.compile(
    r"^(?:이거|이건|이게|이걸|이것|요거|요건|요즘|저거|저건|그거|그건|그게"
    r"|여기|저기|거기|오늘|어제|내일|지금|방금|아까|이번|지난|다음|최근|드디어"
    r"|제가|저는|저도|저희|나는|내가|나도|우리|다들|모두|여러분|누가|혹시|근데"
    r"|그런데|그리고|그래서|그냥|아니|아 |와 |오 |헐|헉|우와|와우|대박|역시|진짜"
    r"|정말|너무|안녕|반갑|수고|고생|감사|고마|죄송|미안|축하|환영|질문|문의|공유"
    r"|참고|공지|추천|링크|네 |넵|옙|응|ㅇㅇ|ㄱㄱ|ㄷㄷ|(?:이|그|저|요|본) )"
    r"|좋은|좋네|좋아|재밌|재미있|재미난|유용|괜찮|흥미로|신기"
    r"|대단|쩐다|쩔|미친|멋진|멋지|읽어볼|볼만|볼 만|쓸만|꿀팁|강추"
)
_KOREAN_END = re.compile(
    r"(?:다|요|욤|용|염|죠|쥬|쥐|지|네|넹|까|냐|니|나|군|구나|듯|음|슴|함|됨"
    r"|임|삼|셈|줌|봄|옴|남|짐|듦|뜸|줄|걸|게|께|고|서|며|면|지만|는데|은데|던데|대로"
    r"|[한된인란]대|자|라|려|러|어|아|여|해|봐|줘|돼|중|은|는|을|를|에|에게"
    r"|한테|께서|도|만|랑|이랑|뿐|거|것|때|분|분들|님|들어|요망|예정|공유|추천|참고|질문"
    r"|문의|부탁|감사|감사요|축하|환영|공지|링크|강추|대박|굿|필독|구함|모집|완료|성공|실패|발견|하하|[ㄱ-ㅣ]+)$"
)

_CHINESE_END = re.compile(r"[了吗吧呢啊呀嘛哦啦的]$")
_MAJOR_CASE_MINOR = _words(
    """
    a an the of for to in on at by from with and or as vs but nor into over via is are be do does it its your
    you we our my i this that how why what when where who all can not
    """
)


def is_heading(line: str, *, bold: bool = False) -> bool:
    """Whether one plain line of chat is a title: a name or a noun phrase, in Korean, Japanese or English.

    Not one: what ends like a sentence, a question, a greeting or a colon; a remark ("this is great", "PR 出しました");
    prose. A ``bold`` line was set off by its writer: remarks and sentences are refused, doubts are not.
    """
    text = unicodedata.normalize("NFKC", line).strip()
    core = _EDGE_EMOJI.sub("", text).strip("[]【】()（）「」『』“”\"'*_ ")
    if not core or not any(letter.isalnum() for letter in core) or width(core) > MAX_LINE:
        return False
    if _ENDS_OPEN.search(core) or _ENDS_OPEN.search(_EDGE_EMOJI.sub("", text)) or _PROSE_INSIDE.search(core):
        return False
    if not bold and (_ENDS_IN_EMOJI.search(text) or _OTHER_LETTER.search(core) or _is_quoted(text)):
        return False
    return not _is_remark(core, bold=bold)


def _is_quoted(text: str) -> bool:
    return text[:1] in "「『“\"'" and text[-1:] in "」』”\"'"


def _is_remark(core: str, *, bold: bool = False) -> bool:
    """Whether the words are a person talking, judged by the script they are mostly in."""
    core = unicodedata.normalize("NFKC", core).strip()
    if re.search("[\u3040-\u30ff]", core) or (_has_cjk(core) and not re.search("[\uac00-\ud7af\u3130-\u318f]", core)):
        return _is_japanese_remark(core, bold=bold)
    if re.search("[\uac00-\ud7af\u3130-\u318f]", core):
        return bool(_KOREAN_REMARK.search(core) or _KOREAN_END.search(core.rstrip(")]」』\"' ")))
    return _is_latin_remark(core, bold=bold)


def _is_japanese_remark(core: str, *, bold: bool) -> bool:
    if _JAPANESE_REMARK.search(core) or _JAPANESE_CLAUSE.search(core) or _CHINESE_END.search(core):
        return True
    if _HIRAGANA_END.search(core) and not _HIRAGANA_HEADING.search(core):
        return True
    return not bold and bool(_JAPANESE_END.search(core))


def _is_latin_remark(core: str, *, bold: bool) -> bool:
    words = [word.replace("’", "'") for word in _LATIN_WORD.findall(core)]
    small = [word.casefold() for word in words]
    if _is_title_case(words):
        return bool(_SENTENCE_WORDS.intersection(small[:1]) - _MAJOR_CASE_MINOR)
    if _SENTENCE_WORDS.intersection(small):
        return True
    if any(letter.isupper() or letter.isdigit() for letter in core) or bold:
        return False
    # Without a capital or a digit only several names beside each other are a heading.
    return len(words) < 2 or bool(_SMALL_WORDS.intersection(small))


def _is_title_case(words: Sequence[str]) -> bool:
    """ "Attention Is All You Need": four words or more, each major one with a capital. Nobody talks like that."""
    major = [word for word in words if word.casefold() not in _MAJOR_CASE_MINOR]
    return (
        len(words) >= 4
        and len(major) >= 2
        and all(word[0].isupper() for word in major)
        and sum(word[0].isupper() for word in words) * 3 >= len(words) * 2
    )


def _has_cjk(text: str) -> bool:
    return bool(_CJK.search(text))


# --- a title from a URL ---------------------------------------------------------------------------------------------


def title_from_url(url: str) -> tuple[str, TitleSource]:
    """What a person recognises the address by: ``owner/repo#12``, ``arXiv 2006.14536``, the words of its path.

    ``TitleSource.HOST`` where the path says nothing: host and path, without query, userinfo or ``%`` escapes. Total.
    """
    try:
        parts = urlsplit(url if "://" in url[:20] else f"//{url}")
        host = _shown_host(parts.hostname or "")
    except ValueError:  # "Invalid IPv6 URL", a bad port: the text is all there is
        return clean(unquote(url, errors="ignore").replace("%", ""), MAX_LINE), TitleSource.HOST
    segments = _segments(parts)
    title = _site_title(host, segments, parts) or _path_title(host, segments)
    if title and (title := clean(title)):
        return title, TitleSource.URL
    known = ("…" if len(segment) > 19 and _looks_random(segment) else segment or "…" for segment in segments)
    shown = "/".join([host, *known])
    return clean(shown, MAX_LINE) or clean(url, MAX_LINE), TitleSource.HOST


def _shown_host(host: str) -> str:
    host = host.casefold()
    if "xn--" in host:
        try:
            host = host.encode("ascii").decode("idna")
        except UnicodeError:
            return host
    return re.sub(r"^(?:www\d?|m|mobile)\.(?=[^.]+\.)", "", host)


def _segments(parts: SplitResult) -> list[str]:
    """The path's decoded segments; ``""`` for one whose escapes are no UTF-8 (EUC-KR and Shift_JIS paths exist)."""
    path = parts.path
    if parts.fragment.startswith(("/", "!")):  # single-page sites keep their path there
        path += "/" + parts.fragment.lstrip("!/").partition("?")[0]
    return [_decoded(segment) for segment in path.split("/") if segment.strip()]


def _decoded(segment: str) -> str:
    try:
        text = unquote(segment, errors="strict")
    except UnicodeDecodeError:
        return ""
    return "" if re.search(r"%[0-9A-Fa-f]{2}", text) else " ".join(text.replace("/", " ").split())


Site = Callable[[str, list[str], SplitResult], str | None]


def _forge(host: str, path: list[str], _: SplitResult) -> str | None:
    """GitHub, GitLab and their like; ``/-/`` marks a GitLab wherever it is hosted."""
    if "-" in path:
        dash = path.index("-")
        repo, rest = "/".join(path[:dash]), path[dash + 1 :]
    else:
        if path and path[0] in _FORGE_PAGES:
            return None
        repo, rest = "/".join(path[:2]).removesuffix(".git"), path[2:]
    match rest:
        case ["issues" | "pull" | "pulls" | "merge_requests" | "discussions" | "work_items", number, *_] if (
            number.isdigit()
        ):
            return f"{repo}#{number}"
        case ["commit" | "commits", sha, *_] if re.fullmatch(r"[0-9a-f]{7,64}", sha):
            return f"{repo}@{sha[:7]}"
        case ["pull", _, "commits", sha, *_]:
            return f"{repo}@{sha[:7]}"
        case ["releases", "tag", tag, *_] | ["releases", tag] | ["tags", tag]:
            return f"{repo} {tag}"
        case ["blob" | "tree" | "raw" | "blame" | "edit", _, *names] if names:
            return f"{repo}: {'/'.join(names)}"
        case ["tree" | "commits" | "src", branch]:
            return f"{repo} ({branch[:7] if re.fullmatch('[0-9a-f]{40}', branch) else branch})"
        case ["wiki" | "wikis", page, *_]:
            return f"{repo}: {_as_words(page)}"
        case ["compare", span]:
            return f"{repo} {span}"
        case [] if repo:
            return repo
        case [kind, *_] if repo:
            return f"{repo}: {kind}"
    return None


_FORGE_PAGES = _words(
    """
    about apps blog collections contact customer-stories dashboard enterprise events explore features issues
    login marketplace new notifications orgs pricing pulls readme search security settings signup site sponsors
    stars team topics trending users
    """
)


def _raw_file(_: str, path: list[str], __: SplitResult) -> str | None:
    return f"{path[0]}/{path[1]}: {'/'.join(path[3:])}" if len(path) > 3 else None


def _gist(_: str, path: list[str], __: SplitResult) -> str | None:
    if len(path) > 1:
        return f"gist {path[0]}/{path[1][:7]}"
    return f"gist {path[0][:20]}" if path else None


def _arxiv(_: str, path: list[str], __: SplitResult) -> str | None:
    if len(path) > 1 and path[0] in ("abs", "pdf", "html", "format", "ps"):
        number = re.sub(r"(?:\.pdf)?$", "", "/".join(path[1:3]), flags=re.IGNORECASE)
        return f"arXiv {re.sub(r'v[0-9]+$', '', number)}"
    return None


def _package(folders: Sequence[str], registry: str) -> Site:
    """A page of a package registry: ``numpy (PyPI)``; a scope (``@babel/core``) belongs to the name."""

    def title(_: str, path: list[str], __: SplitResult) -> str | None:
        if len(path) < 2 or path[0] not in folders:
            return None
        name = "/".join(path[1:3]) if path[1].startswith("@") or folders == ("packages",) else path[1]
        page = re.sub(r"\.html?$", "", path[-1]) if path[-1].endswith((".html", ".htm")) and len(path) > 2 else ""
        if registry in ("Hackage", "Stackage") and page and page != "index":
            return f"{page.replace('-', '.')} ({name}, {registry})"
        return f"{name} ({registry})"

    return title


def _stackage(_: str, path: list[str], __: SplitResult) -> str | None:
    match path:
        case ["haddock", _, package, page, *_]:
            module = page.removesuffix(".html").replace("-", ".")
            return f"{package} (Stackage)" if module == "index" else f"{module} ({package}, Stackage)"
        case [_, "package", package, *_]:
            return f"{package} (Stackage)"
        case ["package", package, *_]:
            return f"{package} (Stackage)"
    return None


def _docs_rs(_: str, path: list[str], __: SplitResult) -> str | None:
    return (
        f"{path[0] if path[0] != 'crate' else path[1]} (docs.rs)"
        if len(path) > 1 or (path and path[0] != "crate")
        else None
    )


def _go_package(_: str, path: list[str], __: SplitResult) -> str | None:
    return f"{'/'.join(path)} (Go)" if path else None


def _hugging_face(_: str, path: list[str], __: SplitResult) -> str | None:
    if path and path[0] in ("datasets", "spaces", "papers", "collections"):
        return f"{'/'.join(path[1:3])} (Hugging Face)" if len(path) > 1 else None
    if len(path) == 2 and path[0] not in ("docs", "blog", "models", "learn", "tasks", "transformers", "nlp", "join"):
        return f"{path[0]}/{path[1]} (Hugging Face)"
    return None


def _wikipedia(_: str, path: list[str], parts: SplitResult) -> str | None:
    name = path[-1] if len(path) > 1 else "".join(parse_qs(parts.query).get("title", [])[:1])
    if not name or name == "index.php":
        name = "".join(parse_qs(parts.query).get("title", [])[:1])
    return f"{name.replace('_', ' ')} (Wikipedia)" if name else None


def _questions(host: str, path: list[str], _: SplitResult) -> str | None:
    match path:
        case ["questions", number, slug, *_] if number.isdigit() and not slug.isdigit():
            return _as_words(slug)
        case ["questions" | "q" | "a", number, *_] if number.isdigit():
            return f"{host} {number}"
    return None


def _reddit(_: str, path: list[str], __: SplitResult) -> str | None:
    match path:
        case ["r" | "user", sub, "comments", _, slug, *_]:
            return f"{_as_words(slug)} (r/{sub})"
        case ["r", sub, *_]:
            return f"r/{sub}"
        case ["user" | "u", name, *_]:
            return f"u/{name}"
    return None


def _twitter(host: str, path: list[str], _: SplitResult) -> str | None:
    place = "X" if host == "x.com" else "Twitter"
    match path:
        case ["i" | "search" | "hashtag" | "home" | "share" | "intent" | "settings", *_] | []:
            return None
        case [name, *_]:
            return f"@{name.lstrip('@')} ({place})"
    return None


def _bluesky(_: str, path: list[str], __: SplitResult) -> str | None:
    return f"@{path[1]} (Bluesky)" if len(path) > 1 and path[0] == "profile" else None


def _youtube(host: str, path: list[str], parts: SplitResult) -> str | None:
    query = parse_qs(parts.query)
    if path[:1] and path[0].startswith("@"):
        return f"{path[0]} (YouTube)"
    video = path[0] if host == "youtu.be" and path else "".join(query.get("v", [])[:1])
    if len(path) > 1 and path[0] in ("shorts", "live", "embed", "v", "c", "user"):
        video = path[1]
    if video:
        return f"YouTube {video}"
    return "YouTube playlist " + query["list"][0] if query.get("list") else None


def _hacker_news(_: str, path: list[str], parts: SplitResult) -> str | None:
    number = "".join(parse_qs(parts.query).get("id", [])[:1])
    return f"Hacker News {number}" if number else None


def _google_documents(_: str, path: list[str], __: SplitResult) -> str | None:
    names = {"document": "Docs", "spreadsheets": "Sheets", "presentation": "Slides", "forms": "Forms", "file": "Drive"}
    names |= {"drive": "Drive", "folders": "Drive", "drawings": "Drawings"}
    identity = max(path, key=len, default="")
    return f"Google {names[path[0]]} {identity[:7]}" if path and path[0] in names and len(identity) > 19 else None


def _mailing_list(_: str, path: list[str], __: SplitResult) -> str | None:
    at = path.index("pipermail")
    return " ".join(path[at + 1 : at + 3]) if len(path) > at + 2 else None


def _extension(_: str, __: list[str], parts: SplitResult) -> str | None:
    name = "".join(parse_qs(parts.query).get("itemName", [])[:1])
    return f"{name} (Visual Studio Marketplace)" if name else None


def _doi(_: str, path: list[str], __: SplitResult) -> str | None:
    return f"doi:{'/'.join(path)}" if path and path[0].startswith("10.") else None


def _by_author(places: Sequence[str], name: str) -> Site:
    """Blogs whose addresses end in a random id: the author is what a reader knows."""

    def title(host: str, path: list[str], _: SplitResult) -> str | None:
        if len(path) > 2 and path[1] in places and _path_title(host, path) is None:
            return f"{path[0]} ({name} {path[2][:7]})"
        return None

    return title


SITES: tuple[tuple[str, Site], ...] = (
    # Host (its subdomains too), and what its addresses say. A site belongs here when its path names the thing better
    # than its last segment does.
    ("gist.github.com", _gist),
    ("raw.githubusercontent.com", _raw_file),
    ("github.com", _forge),
    ("gitlab.com", _forge),
    ("bitbucket.org", _forge),
    ("codeberg.org", _forge),
    ("arxiv.org", _arxiv),
    ("pypi.org", _package(("project", "p"), "PyPI")),
    ("npmjs.com", _package(("package",), "npm")),
    ("crates.io", _package(("crates",), "crates.io")),
    ("hackage.haskell.org", _package(("package",), "Hackage")),
    ("stackage.org", _stackage),
    ("rubygems.org", _package(("gems",), "RubyGems")),
    ("nuget.org", _package(("packages",), "NuGet")),
    ("docs.rs", _docs_rs),
    ("pkg.go.dev", _go_package),
    ("huggingface.co", _hugging_face),
    ("wikipedia.org", _wikipedia),
    ("stackoverflow.com", _questions),
    ("stackexchange.com", _questions),
    ("superuser.com", _questions),
    ("serverfault.com", _questions),
    ("askubuntu.com", _questions),
    ("reddit.com", _reddit),
    ("twitter.com", _twitter),
    ("x.com", _twitter),
    ("bsky.app", _bluesky),
    ("youtube.com", _youtube),
    ("youtu.be", _youtube),
    ("news.ycombinator.com", _hacker_news),
    ("docs.google.com", _google_documents),
    ("drive.google.com", _google_documents),
    ("marketplace.visualstudio.com", _extension),
    ("doi.org", _doi),
    ("qiita.com", _by_author(("items",), "Qiita")),
    ("zenn.dev", _by_author(("articles", "books", "scraps"), "Zenn")),
    ("note.com", _by_author(("n",), "note")),
    (
        "speakerdeck.com",
        lambda _, path, __: f"{_as_words(path[1])} ({path[0]}, Speaker Deck)" if len(path) > 1 else None,
    ),
    ("slideshare.net", lambda _, path, __: f"{_as_words(path[-1])} (SlideShare)" if len(path) > 1 else None),
)


def _site_title(host: str, segments: list[str], parts: SplitResult) -> str | None:
    if "" in segments:  # an undecodable part: no rule may print it
        return None
    if "-" in segments[2:] or (host.startswith(("gitlab.", "git.", "gitea.")) and len(segments) > 1):
        return _forge(host, segments, parts)
    if "pipermail" in segments:
        return _mailing_list(host, segments, parts)
    for site, title in SITES:
        if host == site or host.endswith(f".{site}"):
            return title(host, segments, parts)
    if len(segments) == 2 and segments[0].startswith("@") and segments[1].isdigit():
        return f"{segments[0]}@{host}"  # a Mastodon post
    return None


_EXTENSION = re.compile(
    r"(?:\.(?:s?html?|xhtml|php|aspx?|jsp|cgi|md|markdown|rst|txt|pdf|ipynb|docx?|pptx?|xlsx?|mediawiki|hs|lhs|py|tar|gz|xz|zip))+$",
    re.IGNORECASE,
)
_DATE = re.compile(r"^(?:19|20)\d\d[-_./]?(?:0[1-9]|1[0-2])[-_./]?(?:[0-3]\d)?(?:[-_. ]+|$)|^[01]\d-[0-3]\d-")
_LEADING_ID = re.compile(r"^\d{4,}[-_](?=\D{2})(?<!^(?:19|20)\d\d[-_])")
_TRAILING_ID = re.compile(r"[-_.](?=[0-9a-f]*\d)[0-9a-f]{8,}$|[-_](?:[a-z]?\d{5,}|p\d{4,})$", re.IGNORECASE)
_SAYS_NOTHING = _words(
    """
    index home main default wiki blog git forum topic group groups about docs doc documentation
    posts post articles article archives archive view edit show item items entry entries news page pages readme
    latest stable master en ja ko jp kr watch
    search login user users file files download downloads dp d p s a t u usp status details detail
    """
)


def _path_title(host: str, segments: list[str]) -> str | None:
    """The last segment as words; with the host where it is a single word, which could be anybody's."""
    names = [
        segment
        for segment in segments
        if segment.casefold().partition(".")[0] not in ("index", "readme", "default", "amp")
    ]
    names = _without_number(names)
    if not names or not names[-1]:
        return None
    words = _as_words(names[-1])
    tokens = words.split()
    if not tokens or all(token.casefold() in _SAYS_NOTHING for token in tokens) or _looks_random(words):
        return None
    if (
        len(segments) == len(tokens) == 1
        and len(host) < 9
        and len(words) < 12
        and (not words.islower() or not words.isalpha())
    ):
        return None  # a shortener's code
    spoken = [token for token in tokens if _is_word(token)]
    if len(spoken) > 1 or (spoken and width(words) >= 8 and _has_cjk(words)):
        return words
    return f"{words} ({host})" if spoken and len(words) > 2 else None


def _without_number(names: list[str]) -> list[str]:
    """Without a number after a slug (Discourse, news sites): ``/t/ghc-is-out/4901``."""
    if len(names) > 1 and names[-1].isdigit() and len([*filter(_is_word, _as_words(names[-2]).split())]) > 2:
        return names[:-1]
    return names


def _as_words(segment: str) -> str:
    """``2018-10-04-all-about_strictness.html`` -> ``all about strictness``: no date, id or file ending."""
    name = _EXTENSION.sub("", segment)
    for noise in (_DATE, _LEADING_ID, _TRAILING_ID):
        rest = noise.sub("", name)
        if any(letter.isalpha() for letter in rest):
            name = rest
    return " ".join(re.sub(r"[-_+|~]+", " ", name).split()) or segment


def _is_word(token: str) -> bool:
    return _has_cjk(token) or (sum(letter.isalpha() for letter in token) > 1 and not _looks_random(token))


def _looks_random(token: str) -> bool:
    """An id and not a word: hex, digits, or letters and digits shuffled as in ``6aec696bb54``, ``dQw4w9WgXcQ``."""
    if _has_cjk(token):
        return False
    text = re.sub(r"[^0-9A-Za-z]", "", token)
    if not text or text.isdigit() or re.fullmatch(r"[A-Za-z]{1,6}\d{5,}", text):
        return True
    if re.fullmatch(r"[0-9a-fA-F]{7,}", text) and any(letter.isdigit() for letter in text):
        return True
    if " " in token:
        return False
    turns = len(
        re.findall(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z0-9])(?=[a-z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", text)
    )
    return len(text) >= 8 and any(letter.isdigit() for letter in text) and turns * 3 >= len(text)
