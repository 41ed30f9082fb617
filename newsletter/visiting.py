"""Which links may be visited, when again, and what a redirect means. Pure: ``enrich`` does it, ``fetch`` goes there.

A visit must not spend somebody's one-time link, must not tell a stranger that a held address exists, and must not make
two different pages one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import unquote, urlsplit

from newsletter import entering, urls
from newsletter.errors import FetchError, NotNow, PageGone
from newsletter.model import LinkState, Page
from newsletter.settings import FetchSettings, NewsletterSettings

SPENT = "may be a link for one use"
SWITCHED_OFF = "is not to be fetched"

# --- what is never asked for ---------------------------------------------------------------------------------------

# Asking for these may do something: confirm, unsubscribe, accept, log in. A page too many without a title does no harm.
_ACT = (
    r"verif(?:y|ication)|confirm(?:ation)?|reset|unsub(?:scribe)?|opt-?out|invit(?:e|es|ation|ations)|magic"
    r"|activat(?:e|ion)|approve|accept|decline|reject|revoke|log-?in|log-?out|sign-?in|sign-?out|sign-?on"
    r"|oauth2?|sso|saml2?|one-?time|otp|auth|authorize|delete|checkout|rsvp"
)
_OF = r"e?-?mail|address|password|passwd|pwd|account|user|links?|token|code|login|subscription|session|me|request"
_SEGMENT = re.compile(
    rf"(?:(?:{_OF}|my|your|forgot)[-_.]?)?(?:{_ACT}|forgot)(?:[-_.]?(?:{_OF}))*(?:[-_.~=](?=[\w-]*\d)[\w-]+)?"
    r"(?:\.(?:php|aspx?|jsp|html?|do|cgi))?|wp-login\.php"
)
_NAMED = re.compile(rf"(?:{_ACT})(?:[-_.]?(?:{_OF}))*")


def may_be_spent(url: str) -> bool:
    """Whether a visit could use the link up or do something in its owner's name. Total."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return True
    segments = (unquote(segment).strip().casefold() for segment in re.split(r"[/;\\]", parts.path))
    if any(_SEGMENT.fullmatch(segment) for segment in segments if segment):
        return True
    pieces = (unquote(piece).casefold().partition("=") for piece in re.split(r"[&;]", parts.query))
    return any(_NAMED.fullmatch(word) for name, _, value in pieces for word in (name, value) if word)


def why_not(url: str, newsletters: Sequence[NewsletterSettings], settings: FetchSettings) -> str | None:
    """Why this address is not asked for, ``None`` where it may be. Held by one newsletter, it is never asked for.

    Asked of a link before a visit, and of every address that a redirect leads to.
    """
    if not settings.enabled or any(entering.stands_on(url, site) for site in settings.ignore_hosts):
        return SWITCHED_OFF
    if settings.hosts and not any(entering.stands_on(url, site) for site in settings.hosts):
        return SWITCHED_OFF
    rules = newsletters or (NewsletterSettings(),)
    held = next((reason for one in rules if (reason := entering.why_held(url, one)) is not None), None)
    if held is not None:
        return held
    out = [entering.why_out(url, one) for one in rules]
    if all(reason is not None for reason in out):
        return out[0]
    return SPENT if may_be_spent(url) else None


# --- when again ----------------------------------------------------------------------------------------------------

RETRIES = (timedelta(minutes=5), timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=3))
"""How long after each failure in a row a link is asked for again; after the last one it counts as dead."""

LOOKS_AT_THE_DEAD = (timedelta(days=1), timedelta(days=7), timedelta(days=30))
"""When a dead link is looked at again: pages come back."""


@dataclass(frozen=True, slots=True)
class Next:
    """What a visit without a page makes of a link, and how long until it is asked for again; ``None``: never."""

    state: LinkState
    wait: timedelta | None


def after(error: FetchError, tries: int) -> Next:
    """``tries`` counts the visits that brought no page, this one with them. A server's ``Retry-After`` may only prolong
    the wait."""
    if isinstance(error, PageGone):
        return Next(LinkState.DEAD, _at(LOOKS_AT_THE_DEAD, tries))
    if not isinstance(error, NotNow):
        return Next(LinkState.CLOSED, None)
    wait = _at(RETRIES, tries)
    if wait is None:
        late = _at(LOOKS_AT_THE_DEAD, tries - len(RETRIES))
        return Next(LinkState.DEAD, late)
    return Next(LinkState.WAITING, max(wait, error.retry_after or wait))


def _at(waits: Sequence[timedelta], tries: int) -> timedelta | None:
    return waits[max(tries, 1) - 1] if tries <= len(waits) else None


# --- what a redirect means -----------------------------------------------------------------------------------------

# Hosts whose every address stands for another one; where one leads, for now or for good, is what was shared.
SHORTENERS = """
    bit.ly j.mp t.co tinyurl.com goo.gl g.co ow.ly buff.ly is.gd v.gd lnkd.in dlvr.it rebrand.ly cutt.ly t.ly rb.gy
    shorturl.at tiny.cc bl.ink s.id trib.al hubs.ly hubs.la ift.tt aka.ms fb.me wp.me amzn.to apple.co spoti.fi
    nyti.ms wapo.st econ.st on.ft.com bloom.bg reut.rs cnn.it bbc.in n.pr flip.it mailchi.mp eepurl.com po.st soo.gd
    u.nu qr.ae x.gd han.gl me2.do vo.la url.kr buly.kr abit.ly zrr.kr c11.kr naver.me kko.to dub.sh short.gy lc.cx
    urlr.me cli.gs mcaf.ee sforce.co oreil.ly red.ht ibm.co intel.ly
"""
_SHORTENERS = frozenset(SHORTENERS.split())

_ELSEWHERE = re.compile(
    r"/(?:[a-z]{2}(?:[-_][a-z]{2})?/)?(?:\w+/)?(?:log[-_]?in|sign[-_]?(?:in|on|up)|register|sso|saml2?|oauth2?|authorize|auth|consent"
    r"|captcha|challenge|cdn-cgi|age-?gate|error|40[134]|not-?found|blocked|denied|unsupported\w*|maintenance)"
    r"(?:[/.].*)?",
    re.IGNORECASE,
)


def leads_elsewhere(asked: str, found: str) -> bool:
    """Whether what answered is not what was shared: a login, an error page, or a front page in place of a lost one."""
    if urls.key(asked) == urls.key(found):
        return False
    if _is_shortener(asked):
        return bool(_ELSEWHERE.fullmatch(urlsplit(found).path))
    lost = not _is_front(asked) and _is_front(found)
    return lost or (bool(_ELSEWHERE.fullmatch(urlsplit(found).path)) and not _ELSEWHERE.fullmatch(urlsplit(asked).path))


def is_same_page(asked: str, found: str, *, permanent: bool) -> bool:
    """Whether a redirect makes two links one: a shortener's always, another one only if it says it is for good.

    Ask ``leads_elsewhere`` first.
    """
    return urls.key(asked) != urls.key(found) and (permanent or _is_shortener(asked))


def is_mutual(page: Page, other: Page) -> bool:
    """Whether a page that names the other one as its canonical is the same one: it says so itself and of itself.

    Sites that write one canonical into all their pages are common, so a front page is never it, and the titles must
    agree.
    """
    return bool(page.title) and page.title == other.title and not _is_front(page.canonical)


def _is_front(url: str) -> bool:
    parts = urlsplit(url)
    plain = re.fullmatch(
        r"(?:/[a-z]{2}(?:[-_][a-z]{2})?)?(?:/(?:index|home|default|main)(?:\.\w+)?)?/?", parts.path, re.I
    )
    return bool(plain) and not parts.query and "/" not in parts.fragment and "!" not in parts.fragment


def _is_shortener(url: str) -> bool:
    return urls.host(url) in _SHORTENERS
