"""Where the addresses are in what a person wrote: CommonMark, Discord's and Slack's forms, or plain text.

A single scan from left to right, without a parser of documents: a chat message is not one, and every link in it counts.
What an address is worth, and which ones are the same page, is `urls.py`; what the words around it say is `words.py`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from newsletter.url_rules import HOST_ENDS, NOT_DOMAINS, PATH_TLDS, PLAIN_TLDS, SHORT_HOSTS

Form = Literal["bare", "angle", "labelled"]


@dataclass(frozen=True, slots=True)
class Located:
    """An address and the half-open stretch `start:end` of the text that it takes with its brackets and its label.

    Bars of a spoiler and marks of emphasis stay outside. `label` is as written, None where there is none.
    """

    url: str
    start: int
    end: int
    label: str | None
    form: Form


def find(text: str) -> list[str]:
    """The http and https addresses in a message, each time they occur, in their order.

    `www.a.com` and, for a short list of top-level domains, `a.com` count as `https://…`, which is what browsers try
    first by now. Never raises. Finding again in what was found gives the same.
    """
    return [located.url for located in locate(text)]


def locate(text: str) -> list[Located]:
    """As `find`, with the places: disjoint, in the order of the text."""
    if not _MAY_HOLD_ONE.search(text):
        return []
    surface = without_code(text) if "`" in text or "~~~" in text else text
    labelled = _labelled(text, surface) if "](" in surface else {}
    return list(_scan(text, surface, labelled))


# --- The scan --------------------------------------------------------------------------------------------------------

# Branches begin with a literal, so that the engine skips what cannot begin one: half of the speed of `find`.
_MAY_HOLD_ONE = re.compile(r"://|\.[A-Za-z]|]\(www\.")
_EVENT = re.compile(r"\\|<|\[|http|HTTP|Http|\.[A-Za-z]|www\.|WWW\.|Www\.")
_SCHEME = re.compile(r"https?://", re.I)


def _scan(text: str, surface: str, labelled: "dict[int, _Construct]") -> Iterator[Located]:
    at = taken = 0
    while event := _EVENT.search(surface, at):
        start = event.start()
        begins = surface[start]
        construct = None
        if begins in "hH":
            construct = _bare(surface, start, taken, labelled)
        elif begins in ".wW":
            construct = _without_scheme(surface, start, taken, labelled)
        elif begins == "<":
            construct = _angle(surface, start, labelled)
        elif begins == "[":
            construct = labelled.get(start)
        else:
            at = start + 2  # a backslash: what follows it is itself
            continue
        if construct is None:
            at = event.end() if begins in "hHwW" else start + 1
            continue
        at = taken = construct.end
        if construct.url is not None:
            label = text[construct.label[0] : construct.label[1]] if construct.label else None
            yield Located(construct.url, construct.start, construct.end, label, construct.form)


@dataclass(slots=True)
class _Construct:
    """Something found: an address, or (url None) what only looks like a place for one, such as a mention."""

    url: str | None
    start: int
    end: int
    form: Form
    label: tuple[int, int] | None = None


# --- Code is not prose -----------------------------------------------------------------------------------------------

_FENCE_OR_SPAN = re.compile(r"^[ ]{0,3}(?:>[ ]?)*[ ]{0,3}(?P<tilde>~{3,})|`+|\\[\\`]|\n[ \t]*\n", re.M)
_BACKTICKS = re.compile(r"`+")


def without_code(text: str) -> str:
    """The text with blanks for code, at the same places.

    A fence that is never closed runs to the end, as in CommonMark; it is closed by the next run as long as its own
    also in the middle of a line, as in Slack and Discord. Indented lines are prose: in a chat they are lists.
    """
    closers = _closers_by_length(text)
    parts: list[str] = []
    kept = at = 0
    while mark := _FENCE_OR_SPAN.search(text, at):
        end = _code_end(text, mark, closers)
        at = max(end, mark.end())
        if mark.group() in ("\\`", "\\\\") or mark.group()[0] == "\n":
            at = mark.end() if mark.group()[0] == "\\" else mark.start() + 1
        if end:
            parts += (text[kept : mark.start()], " " * (end - mark.start()))
            kept = at
    return "".join(parts) + text[kept:]


def _closers_by_length(text: str) -> dict[int, list[int]]:
    """The places of every run of backticks by its length, the last first, so that what is passed is popped."""
    places: dict[int, list[int]] = {}
    for run in _BACKTICKS.finditer(text):
        places.setdefault(len(run.group()), []).append(run.start())
    for starts in places.values():
        starts.reverse()
    return places


def _code_end(text: str, mark: re.Match[str], closers: dict[int, list[int]]) -> int:
    """Where the code that begins at this mark ends, 0 when none begins."""
    if tildes := mark["tilde"]:
        closed = re.compile(rf"^[ >]*~{{{len(tildes)},}}[ \t]*$", re.M).search(text, mark.end())
        return closed.end() if closed else len(text)
    if mark.group()[0] != "`":
        return 0
    length = len(mark.group())
    if length >= 3:
        end = min((_next(starts, mark.end(), size) for size, starts in closers.items() if size >= length), default=0)
        return end if end < _NEVER else (len(text) if _begins_line(text, mark.start()) else 0)
    end = _next(closers.get(length, []), mark.end(), length)  # an escape may have cut a run
    return 0 if end == _NEVER or _PARAGRAPH_ENDS.search(text, mark.end(), end) else end


_NEVER = 1 << 60
_PARAGRAPH_ENDS = re.compile(r"\n[ \t]*\n")


def _next(starts: list[int], after: int, length: int) -> int:
    while starts and starts[-1] < after:
        starts.pop()
    return starts[-1] + length if starts else _NEVER


def _begins_line(text: str, at: int) -> bool:
    return not text[text.rfind("\n", 0, at) + 1 : at].strip(" >\t-*")


# --- <address>, <address|label>, <@mention> --------------------------------------------------------------------------

_ANGLE = re.compile(r"<(https?://[^\s<>|]+)(?:\|([^<>]*))?>", re.I)
_ANGLE_WITHOUT_SCHEME = re.compile(r"<([A-Za-z0-9][^\s<>|@:]*\.[^\s<>|@]+)(?:\|[^<>]*)?>")
# Mentions (`<@U1>`, `<#C1|a.com>`), other schemes (`<mailto:…>`, `<person:U1>`); not `<see:https://a.com>`.
_ANGLE_OF_ANOTHER_KIND = re.compile(r"<(?:[@#!:]|[A-Za-z][A-Za-z0-9+.-]+:(?!https?://))[^\s<>|]*(?:\|[^<>\n]*)?>", re.I)


def _angle(surface: str, start: int, labelled: dict[int, _Construct]) -> _Construct | None:
    if match := _ANGLE.match(surface, start):
        if not _authority_end(match[1], 0):
            return None
        label = match.span(2) if match[2] is not None else None
        return _Construct(_written(match[1], unescape=False), start, match.end(), "angle", label)
    if match := _ANGLE_OF_ANOTHER_KIND.match(surface, start):
        return _Construct(None, start, match.end(), "angle")
    if match := _ANGLE_WITHOUT_SCHEME.match(surface, start):
        dot = match[1].find(".")
        found = _without_scheme(match[1], dot if match[1][:dot].lower() != "www" else 0, 0, {})
        if found and found.start == 0 and found.end == len(match[1]):
            return _Construct(found.url, start, match.end(), "angle")
    return None


# --- [label](address) ------------------------------------------------------------------------------------------------

_BRACKET = re.compile(r"\\.|<[^\s<>|]*(?:\|[^<>\n]*)?>|\[|](\()?|\n[ \t]*\n", re.S)
_TITLE_AND_END = re.compile(
    r"""[ \t]*\n?[ \t]*(?:(?<=\s)(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\((?:[^()\\]|\\.)*\))[ \t]*\n?[ \t]*)?\)""",
    re.S,
)
_TARGET_PART = re.compile(r"[^\s()\\]+|\\.|[()]", re.S)
_IN_ANGLES = re.compile(r"<((?:[^<>\n\\]|\\.)*)>")
_ANOTHER_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:(?!//)|[A-Za-z][A-Za-z0-9+.-]*://")
_DEEPEST = 32  # CommonMark lets an implementation stop here


def _labelled(text: str, surface: str) -> dict[int, _Construct]:
    """Every `[label](target)` by where it begins. A link within a label undoes the outer one, an image does not."""
    found: dict[int, _Construct] = {}
    openers: list[int] = []
    at = 0
    while mark := _BRACKET.search(surface, at):
        at = mark.end()
        piece = mark.group()
        if piece == "[":
            openers.append(mark.start())
        elif piece[0] == "\n":
            openers.clear()
            at = mark.start() + 1
        elif piece[0] == "]" and openers:
            opener = openers.pop()
            construct = _target(surface, opener, mark.start()) if mark[1] else None
            if construct is not None:
                found[construct.start] = construct
                at = construct.end
                if surface[opener - 1 : opener] != "!":
                    openers.clear()
    return found


def _target(surface: str, opener: int, closer: int) -> _Construct | None:
    """The construct whose label is opener:closer, None when no target follows that is an address of any kind."""
    begins = _blank_end(surface, closer + 2)
    if match := _IN_ANGLES.match(surface, begins):
        target, ends = match[1], match.end()
    else:
        ends = _target_end(surface, begins)
        target = surface[begins:ends]
    closed = _TITLE_AND_END.match(surface, ends)
    if not target or not closed:
        return None
    start, label = opener, (opener + 1, closer)
    if _SCHEME.match(target):
        if not _authority_end(target, 0):
            return None
        return _Construct(_written(target, unescape=True), start, closed.end(), "labelled", label)
    if _ANOTHER_SCHEME.match(target):
        return _Construct(None, start, closed.end(), "labelled", label)
    dot = 0 if target[:4].lower() == "www." else target.find(".")
    found = _without_scheme(target, dot, 0, {}) if dot >= 0 else None
    if found and found.start == 0 and found.end == len(target):
        return _Construct(found.url, start, closed.end(), "labelled", label)
    return None


def _blank_end(surface: str, at: int) -> int:
    blank = _BLANK.match(surface, at)
    return blank.end() if blank else at


_BLANK = re.compile(r"[ \t]*\n?[ \t]*")


def _target_end(surface: str, at: int) -> int:
    depth = 0
    while part := _TARGET_PART.match(surface, at):
        if part.group() == "(":
            depth += 1
            if depth > _DEEPEST:
                break
        elif part.group() == ")":
            if not depth:
                break
            depth -= 1
        at = part.end()
    return at


_AMPERSAND = re.compile(r"&(?:amp;)+")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_UNSAFE = re.compile(r"[\s<>\\`\x00-\x1f\x7f]")


def _written(target: str, *, unescape: bool) -> str:
    """The address a target spells. What would break it out of brackets again is percent-encoded."""
    if "&" in target:
        target = _AMPERSAND.sub("&", target)
    if unescape and "\\" in target:
        target = _ESCAPED.sub(r"\1", target)
    if _UNSAFE.search(target):
        return _UNSAFE.sub(lambda unsafe: "".join(f"%{byte:02X}" for byte in unsafe.group().encode()), target)
    return target


# --- Bare addresses --------------------------------------------------------------------------------------------------

# Nearly all of them: nothing to decide. A letter, digit, `/`, `=`, `-` or `#` stands last, then a blank or the end.
_SIMPLE = re.compile(
    r"https?://(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}+"
    r"(?![A-Za-z0-9@:._-])(?:[/?#](?:[A-Za-z0-9/?#=&%+@:._~-]*[A-Za-z0-9/=#+-])?)?(?=[ \n\r\t]|\Z)",
    re.I,
)
# Ends an address wherever it stands: blanks, controls, quotes and stops of typography, arrows, emoji, `&lt;`.
_ENDS = (
    r"\s\x00-\x20\x7f-\xa0<>`«»‹›“”„‟‘’‚‛—―…•‥"
    r"\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff"
    r"、。〈〉《》「」『』【】〔〕〖〗〘〙〚〛〝〞〟（），．：；？！［］｛｝｜｟｠｡｢｣､＜＞＂＇"
    r"\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\ufe0e\ufe0f\U0001f000-\U0001faff\ud800-\udfff"
)
_MARK = re.compile(
    rf"[{_ENDS}]|[()\[\]{{}}\"|\\]|&(?:lt|gt|quot);|[,;](?=https?://|www\.)|(?<=[^\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f])(?=https?://)",
    re.I,
)
# A host may hold what an address may not (`http://✪df.ws`); only ASCII's marks and the blanks end it.
_HOST_CHARACTER = (
    r"[A-Za-z0-9\xa1-\u1fff\u200c\u200d\u2500-\u2bff\u3005-\u3007\u3021-\ufdff\ufe70-\ufefe\uff10-\uff19\uff21-\uff3a"
    r"\uff41-\uff5a\uff66-\uffef\U00010000-\U0010ffff]"
)
_HOST = re.compile(
    rf"(?>{_HOST_CHARACTER}(?:(?:{_HOST_CHARACTER}|[-_])*{_HOST_CHARACTER})?"
    rf"(?:\.{_HOST_CHARACTER}(?:(?:{_HOST_CHARACTER}|[-_])*{_HOST_CHARACTER})?)*)"
)
_USER = re.compile(r"[A-Za-z0-9._~%!$*+-]+(?::[A-Za-z0-9._~%!$*+=-]*)?@")
_NUMERIC_HOST = re.compile(r"\[[0-9A-Fa-f:.]+\]")
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)")
_PORT = re.compile(r":\d{1,5}(?!\d)")
_GLUED_TO_HOST = re.compile(r"\.([A-Za-z]{2,})(?=[^\x00-\x7f])")
_CLOSER = {"(": ")", "[": "]", "{": "}"}
_MOST_BRACKETS = 16  # a bound for hostile text: within it every character is looked at this often at most


def _bare(surface: str, start: int, floor: int, labelled: dict[int, _Construct]) -> _Construct | None:
    before = surface[start - 1] if start > floor else " "
    if before.isascii() and (before.isalnum() or before == "+"):
        return None  # `git+https://…` and `xhttp://…` are other schemes
    if before in " \n" and (simple := _SIMPLE.match(surface, start)):
        return _Construct(simple.group(), start, simple.end(), "bare")
    if not _SCHEME.match(surface, start):
        return None
    return _bounded(surface, start, labelled, before)


def _bounded(surface: str, start: int, labelled: dict[int, _Construct], before: str) -> _Construct | None:
    """The bare address at `start`, cut where the sentence around it goes on."""
    authority = _authority_end(surface, start)
    if not authority:
        return None
    end = _raw_end(surface, authority, labelled, before)
    raw = surface[start:end]
    if "\\" in raw or "&amp;" in raw:
        return _decoded(raw, start, before)
    end = start + len(_trimmed(raw, authority - start, surface, start))
    return _Construct(surface[start:end], start, end, "bare")


def _authority_end(surface: str, start: int) -> int:
    """Where the host and port of the address at `start` end, 0 when there is no host the web can have."""
    if plain := _PLAIN_AUTHORITY.match(surface, start):
        return plain.end()
    scheme = _SCHEME.match(surface, start)
    at = scheme.end() if scheme else start
    if (user := _USER.match(surface, at)) and _HOST.match(surface, user.end()):
        at = user.end()
    if numeric := _NUMERIC_HOST.match(surface, at):
        host_end = numeric.end()
    else:
        host = _HOST.match(surface, at)
        if not host:
            return 0
        host_end = at + _host_length(host.group())
        if not _is_host(surface[at:host_end]) or _GOES_ON.match(surface, host_end):
            return 0
    port = _PORT.match(surface, host_end)
    return port.end() if port else host_end


_PLAIN_AUTHORITY = re.compile(r"https?://(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}(?=[/?#\s]|\Z)")
_GOES_ON = re.compile(r"[-_]|\.[-_]")


def _host_length(host: str) -> int:
    """Less the words of another script behind a known top-level domain: `a.com입니다`."""
    if host.isascii():
        return len(host)
    for glued in _GLUED_TO_HOST.finditer(host):
        if glued[1].lower() in HOST_ENDS:
            return glued.end()
    return len(host)


def _is_host(host: str) -> bool:
    labels = host.split(".")
    last = labels[-1]
    if len(labels) == 1:
        return True
    if last.isdigit():
        return _IPV4.fullmatch(host) is not None
    if last.isascii() and (len(last) < 2 or ("-" in last and not last.lower().startswith("xn--"))):
        return False
    if "_" in last or "_" in labels[-2]:
        return False
    return all(len(label) <= 63 and (label.isascii() or not label.startswith("xn--")) for label in labels)


def _raw_end(surface: str, at: int, labelled: dict[int, _Construct], before: str) -> int:
    """Where what follows the authority stops at the latest: balanced brackets and quotes belong to the address."""
    if surface[at : at + 1] not in ("/", "?", "#"):
        return at
    open_at: list[int] = []
    wanted: list[str] = []
    position = at
    while mark := _MARK.search(surface, position):
        sign = mark.group()
        place = mark.start()
        position = max(mark.end(), place + 1)
        if sign == "\\":
            if not _MAY_BE_ESCAPED.match(surface, place):
                return _closed_until(place, open_at)
            position = place + 2
        elif sign == "|":
            if not _bar_belongs(surface, at, place, before):
                return _closed_until(place, open_at)
        elif wanted and sign == wanted[-1]:
            wanted.pop()
            open_at.pop()
        elif sign in _CLOSER and place not in labelled and len(wanted) < _MOST_BRACKETS:
            wanted.append(_CLOSER[sign])
            open_at.append(place)
        elif sign == '"' and before != '"' and '"' not in wanted:
            wanted.append(sign)
            open_at.append(place)
        else:
            return _closed_until(place, open_at)
    return _closed_until(len(surface), open_at)


def _closed_until(place: int, open_at: list[int]) -> int:
    return open_at[0] if open_at else place


_MAY_BE_ESCAPED = re.compile(r"\\[_*~#+=.!:/?@%,;()-]")
_LONGEST_LINE_LOOK = 2000


def _bar_belongs(surface: str, authority: int, place: int, before: str) -> bool:
    """`|` is data in a query (`family=A|B`), else a cell's or a spoiler's border."""
    follows = surface[place + 1 : place + 2]
    if not follows or follows.isspace() or before == "|":
        return False
    if "?" not in surface[authority : min(place, authority + _LONGEST_LINE_LOOK)]:
        return False
    line = max(surface.rfind("\n", 0, authority) + 1, authority - _LONGEST_LINE_LOOK)
    return "|" not in surface[line:authority]


def _decoded(raw: str, start: int, before: str) -> _Construct | None:
    """As `_bounded` for an address with `\\_` or `&amp;` in it: read as it is meant, placed where it is written."""
    offsets: list[int] = []
    pieces: list[str] = []
    at = 0
    for coded in _CODED.finditer(raw):
        pieces += (raw[at : coded.start()], coded.group()[1] if coded.group()[0] == "\\" else "&")
        offsets += range(at, coded.start() + 1)
        at = coded.end()
    pieces.append(raw[at:])
    offsets += range(at, len(raw) + 1)
    meant = "".join(pieces)
    authority = _authority_end(meant, 0)
    if not authority:
        return None
    meant = meant[: _raw_end(meant, authority, {}, before)]
    meant = _trimmed(meant, authority, meant, 0)
    return _Construct(meant, start, start + offsets[len(meant)], "bare")


_CODED = re.compile(r"\\[_*~#+=.!:/?@%,;()-]|&(?:amp;)+")


# --- What stands behind an address but does not belong to it ---------------------------------------------------------

_TRAILING = ".,:;!?'\"*~·–"
# What a Korean sentence glues to a noun: particles, endings of "to be", and the words of a pointing finger.
_PARTICLE = re.compile(
    r"(?:은|는|이|가|을|를|의|에|로|와|과|랑|도|만|요|나|임|외|등|및|란|라|며|고|다|네|죠|에서|에게|한테|으로|로써|로서|으로서"
    r"|으로써|부터|까지|처럼|보다|마다|조차|이나|이랑|하고|이라도|라도|에도|에는|에만|에서는|에서도|에서의|에서만|으로는|으로도|로는"
    r"|로도|로의|로부터|으로부터|까지는|까지의|부터는|부터의|만은|만이|만을|만의|와는|과는|와의|과의|와도|과도|보다는|처럼요|의는|들은|들이|들을|들도"
    r"|이라는|라는|이란|이라고|라고|라고도|이며|이고|인데|인데요|인데여|이에요|예요|이예요|에요|이여|입니다|입니당|입니다만|이다|였습니다|이었습니다"
    r"|네요|이네요|이죠|지요|이지요|인가요|인가|인지|일까요|이구요|이고요|구요|같은|같이|같아요|같습니다|등등|등을|등이|등은|등의|등에|등도|또는|그리고"
    r"|이요|입니까|랍니다|이랍니다|이래요|래요|임다|이야|야|아|여기"
    r"|(?:을|를|에|에서|로|으로|도)?(?:보면|보니|봐|봐요|보세요|보시면|보시길|봐주세요|보고|통해|통해서|따르면|의하면|대한|대해|관한|들어가면|가면|가서"
    r"|가보세요|참고|참조|확인|추천|공유|참고하세요|참고해주세요|참고하시면|참고바랍니다|참조하세요|확인하세요|확인해주세요|추천합니다|공유합니다|공유드립니다)"
    r"|[은이을와](?:\([는가를과]\))|[는가를과](?:\([은이을와]\)))"
)
_KOREAN_TAIL = re.compile(r"(?<=[\x21-\x7e])[\uac00-\ud7a3]+(?:\([\uac00-\ud7a3]\))?\Z")
_HIRAGANA_TAIL = re.compile(r"(?<=[A-Za-z0-9)/=])[\u3041-\u3096][^/?#=&\x00-\x7f]*\Z")
_HIRAGANA_PARTICLE = re.compile(
    r"を|です|でし|から|まで|という|といっ|について|により|による|って|にて|に(?:あ|書|載|詳)|だ(?:よ|ね|と|っ)|とか|など"
)
_HAN_TAIL = re.compile(r"(?<=[A-Za-z0-9)/])(?:[的是了吗嗎呢吧][^/?#=&\x00-\x7f]*|参照|参考|経由|參考|等)\Z")
_LAUGHTER_TAIL = re.compile(r"(?<=[A-Za-z0-9)/])[\u3131-\u318e]{2,}\Z")
_ENCYCLOPEDIA = re.compile(r"/(?:wiki|w)/")


def _trimmed(raw: str, authority: int, surface: str, start: int) -> str:
    """Without closing punctuation and glued words. Doing it twice changes nothing."""
    quoted = start > 0 and surface[start - 1] == "'"
    if quoted and (quote := raw.find("'", authority)) >= 0:
        raw = raw[:quote]
    while True:
        kept = _without_punctuation(raw, authority, surface, start)
        if not kept.isascii():
            kept = _without_glued_words(kept, authority)
        if kept == raw:
            return raw
        raw = kept


def _without_punctuation(raw: str, authority: int, surface: str, start: int) -> str:
    end = len(raw)
    apostrophes = raw.count("'", authority) if "'" in raw else 0
    while end > authority and raw[end - 1] in _TRAILING:
        if raw[end - 1] == '"' and raw.count('"', authority, end) % 2 == 0:
            break  # what was opened within the address is closed within it
        if raw[end - 1] == "'":
            if apostrophes % 2 == 0:
                break
            apostrophes -= 1
        end -= 1
    if raw[end - 1] == "_" and end > authority and _is_emphasised(surface, start):
        end = len(raw[:end].rstrip("_"))
    return raw[:end]


_UNDERSCORE_OPENS = re.compile(r"(?<!\w)_+(?=[^\s_])")


def _is_emphasised(surface: str, start: int) -> bool:
    """Whether the last `_` before opens emphasis that a `_` at the end would close."""
    last = surface.rfind("_", max(surface.rfind("\n", 0, start), start - _LONGEST_LINE_LOOK, 0), start)
    if last < 0:
        return False
    first = last
    while first and surface[first - 1] == "_":
        first -= 1
    return not (first and (surface[first - 1].isalnum())) and not surface[last + 1].isspace()


def _without_glued_words(url: str, authority: int) -> str:
    if laughter := _LAUGHTER_TAIL.search(url, authority):
        return url[: laughter.start()]
    encyclopedia = _ENCYCLOPEDIA.match(url, authority) is not None
    tail = _KOREAN_TAIL.search(url, authority)
    if tail and _PARTICLE.fullmatch(tail.group()) and _is_glued(url, tail, authority, encyclopedia):
        return url[: tail.start()]
    if tail := _HIRAGANA_TAIL.search(url, authority):
        clear = _HIRAGANA_PARTICLE.match(tail.group()) is not None
        if clear or (not encyclopedia and url[tail.start() - 1] not in "/="):
            return url[: tail.start()]
    if (tail := _HAN_TAIL.search(url, authority)) and not encyclopedia and url[tail.start() - 1] != "/":
        return url[: tail.start()]
    return url


def _is_glued(url: str, tail: re.Match[str], authority: int, encyclopedia: bool) -> bool:
    """A particle after a letter is glued; after `/` it might be a title (`/wiki/가`), after `=` it is a value."""
    before = url[tail.start() - 1]
    if before != "/":
        return before.isalnum() or before in ")%"
    if tail.start() == authority + 1:
        return True
    return not encyclopedia and (len(tail.group()) > 1 or tail.group() in "은는을를")


# --- Addresses without a scheme --------------------------------------------------------------------------------------

_DOMAIN_CHARACTER = re.compile(r"[A-Za-z0-9\xc0-\u024f._-]")
_TLD = re.compile(r"\.([A-Za-z]{2,})(?![A-Za-z0-9_@-]|\.[A-Za-z0-9]|\xc0-\u024f)")
_WWW = re.compile(
    r"www\.(?:[A-Za-z0-9\xa1-\u2fff\u3041-\ud7a3](?:[\w-]*[A-Za-z0-9\xa1-\u2fff\u3041-\ud7a3])?\.)+[A-Za-z]{2,}(?![A-Za-z0-9_@-]|\.[A-Za-z0-9])",
    re.I,
)
_NOT_BEFORE_A_DOMAIN = "@#$/\\=&%+-_.:~"


def _without_scheme(surface: str, place: int, floor: int, labelled: dict[int, _Construct]) -> _Construct | None:
    """A `www.` or a dot before a top-level domain at `place`: the address around it, or None for a mere word."""
    if surface[place] in "wW":
        return _www(surface, place, floor, labelled)
    tld = _TLD.match(surface, place)
    if not tld:
        return None
    start = place
    while start > floor and _DOMAIN_CHARACTER.match(surface, start - 1):
        start -= 1
    host = surface[start : tld.end()]
    path_follows = surface[tld.end() : tld.end() + 1] == "/" and surface[tld.end() + 1 : tld.end() + 2].isalnum()
    if start == place or not _is_typed_domain(host, path_follows):
        return None
    before = surface[start - 1] if start > floor else " "
    if before in _NOT_BEFORE_A_DOMAIN or _is_word(before):
        return None
    return _with_https(surface, start, tld.end(), labelled, before)


def _www(surface: str, start: int, floor: int, labelled: dict[int, _Construct]) -> _Construct | None:
    before = surface[start - 1] if start > floor else " "
    if before in "@#$/\\=&%+-." or (_is_word(before) and before != "_"):
        return None
    match = _WWW.match(surface, start)
    if not match or not _is_host(match.group()):
        return None
    return _with_https(surface, start, match.end(), labelled, before)


def _is_word(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")


def _is_typed_domain(host: str, path_follows: bool) -> bool:
    """Whether somebody who types this means an address: never a file, a version, an abbreviation or a method."""
    labels = host.split(".")
    name, tld = labels[-2], labels[-1]
    if not (tld.islower() or host.isupper()) or not all(labels) or (name.isdigit() and not path_follows):
        return False
    lowered = host.lower()
    if lowered in NOT_DOMAINS or not _is_host(host) or any(label[0] in "-_" or label[-1] in "-_" for label in labels):
        return False
    if tld.lower() in PLAIN_TLDS:
        return len(name) > 1 or len(labels) > 2 or path_follows or tld.lower() not in ("co", "kr", "jp")
    return (path_follows and (tld in PATH_TLDS or lowered in SHORT_HOSTS)) or (tld == "app" and len(labels) > 2)


def _with_https(
    surface: str, start: int, host_end: int, labelled: dict[int, _Construct], before: str
) -> _Construct | None:
    port = _PORT.match(surface, host_end)
    if surface[host_end : host_end + 1] == ":" and surface[host_end + 1 : host_end + 2].isdigit() and not port:
        return None
    authority = port.end() if port else host_end
    raw = surface[start : _raw_end(surface, authority, labelled, before)]
    if "\\" in raw or "&amp;" in raw:
        found = _decoded("https://" + raw, start - 8, before)
        return _Construct(found.url, start, found.end, "bare") if found else None
    kept = _trimmed(raw, authority - start, surface, start)
    return _Construct("https://" + kept, start, start + len(kept), "bare")
