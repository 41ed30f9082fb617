"""What may stand as a heading: whether a line of chat or a label on a link is a title.

Pure and total. Where words follow the link, a line above it is a heading unless it ends like a sentence or is a remark;
where none follow, only what is nothing but a name is. The words of remarks are ``title_rules.py``, titles read from an
address ``url_titles.py``, their text ``title_text.py``; where the lines come from is ``words.py``.
"""

import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import unquote

from newsletter import title_rules as rules
from newsletter.title_text import MAX_LINE, MAX_TITLE, clean, has_cjk, shorten, width
from newsletter.url_titles import title_from_url

__all__ = ["MAX_LINE", "MAX_TITLE", "clean", "is_heading", "is_human_label", "shorten", "title_from_url", "width"]

_KANA = re.compile("[\u3040-\u30ff]")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
_LATIN_WORD = re.compile(r"[^\W\d_\u1100-\u11ff\u2e80-\uffef]+(?:['’-][^\W\d_\u2e80-\uffef]+)*")

# --- a label on a link ----------------------------------------------------------------------------------------------

_LABEL_WORDS = re.compile(r"[^\W_]+")
_CHATTER = rules.POINTING | rules.SPEAKING | rules.SAID | rules.BEGINS_REMARK | rules.SPOKEN | rules.SMALL


def is_human_label(label: str, url: str) -> bool:
    """Whether a label names its link: not a pointing word, a number, a remark, or the address in some form.

    A label is a title even where a chat line of its words would not be ("How I Built My Own Git?" names a page), but
    not where it is cut out of a sentence: "this comment", "試してみました", "여기 정리했어요".
    """
    words = _LABEL_WORDS.findall(unicodedata.normalize("NFKC", label).casefold())
    if not any(len(word) > 1 and not word.isdigit() for word in words) and not has_cjk(label):
        return False
    if all(word in rules.POINTING or word.isdigit() for word in words):
        return False
    return not _is_address(label, url) and not all(word in _CHATTER for word in words) and not _is_spoken(label)


def _is_spoken(label: str) -> bool:
    core = re.sub(r"\s*[（(][^()（）]*[)）]$", "", unicodedata.normalize("NFKC", label).strip())
    if has_cjk(core):
        return any(rule.search(core) for rule in (rules.JAPANESE_REMARK, rules.JAPANESE_LABEL, rules.KOREAN_LABEL))
    words = _latin_words(core)
    return bool(words) and words[0].casefold() in _LABEL_SPEAKERS and not _is_title_case(words)


_LABEL_SPEAKERS = rules.words(
    "this that these those here there's it it's i i'm i've i'd i'll we we've my our you see read check look click"
)


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

_EMOJI = (
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u231a-\u23ff\u2190-\u21ff\u3030\u303d\u3297\u3299\u00a9\u00ae"
    "\u200d\ufe0f\u20e3\U000e0020-\U000e007f]"
)
_EDGE_EMOJI = re.compile(rf"^(?:{_EMOJI}|\s)+|(?:{_EMOJI}|\s)+$")
_BRACKETS = "()\\[\\]【】「」『』“”\"'*_"
_ASCII_EDGE = " ()[]\"'*_"
_EDGE = re.compile(rf"^(?:{_EMOJI}|[\s{_BRACKETS}])+|(?:{_EMOJI}|[\s{_BRACKETS}])+$")
_DIGIT = re.compile(r"\d")
_ASIDE = re.compile(r"\s*\([^()]*\)?$")
_UNKNOWN_LETTER = re.compile(
    "[^\\W\\d_a-zA-Z\u00aa-\u024f\u0370-\u03ff\u1e00-\u1eff\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\uffef]"
)


def is_heading(line: str, *, words_after: bool = True) -> bool:
    """Whether one plain line of chat is a title.

    Never one: what ends like a sentence, a question, a greeting or a colon; a remark ("look at this", "PR 出しました");
    prose; letters whose languages ``title_rules`` does not know. ``words_after``: the line stands above its link and
    words below that, so that nothing but such a remark speaks against it. Without, every doubt does.
    """
    if len(line) > MAX_LINE:
        return False
    text = unicodedata.normalize("NFKC", line).strip()
    core = text.strip(_ASCII_EDGE) if text.isascii() else _EDGE.sub("", text)
    if not core or width(core) > MAX_LINE or not any(letter.isalnum() for letter in core):
        return False
    essence = _ASIDE.sub("", core) if "(" in core else core
    undecorated = text if text.isascii() else _EDGE_EMOJI.sub("", text)
    if not essence or any(rules.ENDS_OPEN.search(end, max(0, len(end) - 2)) for end in {core, essence, undecorated}):
        return False
    if rules.PROSE_INSIDE.search(core) or rules.CODE.search(text) or rules.ENDS_IN_REACTION.search(text[-40:]):
        return False
    if not core.isascii() and _UNKNOWN_LETTER.search(core):
        return False
    if has_cjk(core):
        if _HANGUL.search(core) and not _KANA.search(core):
            return not rules.KOREAN_REMARK.search(essence) and not rules.KOREAN_END.search(essence, _ending(essence))
        return not _is_japanese_remark(essence)
    words = _latin_words(core)
    return not _is_english_remark(core, words) and (words_after or _is_name(core, words))


def _ending(core: str) -> int:
    """Where the last word begins at the earliest: looking for endings further left is what takes time."""
    return max(0, len(core) - 8)


def _is_japanese_remark(core: str) -> bool:
    """Chinese, too. A sentence ends in hiragana, a heading hardly ever."""
    if rules.JAPANESE_REMARK.search(core) or rules.JAPANESE_CLAUSE.search(core):
        return True
    if rules.JAPANESE_END.search(core, _ending(core)):
        return True
    if rules.HIRAGANA_END.search(core):
        return not rules.HIRAGANA_HEADING.search(core)
    return bool(rules.CHINESE_END.search(core))


def _latin_words(text: str) -> list[str]:
    return [word.replace("’", "'") for word in _LATIN_WORD.findall(text)]


def _is_english_remark(core: str, words: Sequence[str]) -> bool:
    if not words:
        return True
    small = [word.casefold() for word in words]
    if _is_title_case(words):
        return small[0] in rules.BEGINS_REMARK - rules.MINOR
    if small[0] in rules.BEGINS_REMARK and not rules.REGULAR_COLUMN.match(core):
        return True
    if not rules.SAID.isdisjoint(small) or (rules.NAMES_NOTHING.issuperset(small) and not _DIGIT.search(core)):
        return True
    if rules.ENGLISH_REMARK.match(core) or rules.OPINION.search(core) or _is_about_work(small):
        return True
    if small[0] in rules.TELLING:  # "How we …", "Things I …", "What this …"
        return False
    return bool(small[-1] in rules.ENDS_REMARK or not rules.SPEAKING.isdisjoint(small) or rules.POINTS_AT.search(core))


def _is_about_work(small: Sequence[str]) -> bool:
    """ "PR opened", "the new slides are up": somebody's doing at work."""
    subject = next((word for word in small if word not in ("the", "a", "an", "new", "first", "all")), "")
    return len(small) < 7 and subject in rules.WORK and not rules.WORK_STATE.isdisjoint(small[1:])


def _is_name(core: str, words: Sequence[str]) -> bool:
    """Whether nothing but a name is said: with capitals or digits, or names beside each other, and no verb."""
    small = {word.casefold() for word in words}
    if _is_title_case(words):
        return True
    if not small.isdisjoint(rules.SPOKEN | rules.BEGINS_REMARK | rules.SPEAKING | rules.ENDS_REMARK):
        return False
    if any(letter.isupper() or letter.isdigit() for letter in core):
        return True
    return len(words) > 1 and small.isdisjoint(rules.SMALL)


def _is_title_case(words: Sequence[str]) -> bool:
    """ "Attention Is All You Need": four words or more, each major one with a capital. Nobody talks like that."""
    major = [word for word in words if word.casefold() not in rules.MINOR]
    return (
        len(words) >= 4
        and len(major) >= 2
        and all(word[0].isupper() for word in major)
        and sum(word[0].isupper() for word in words) * 3 >= len(words) * 2
    )
