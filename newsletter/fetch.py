"""The guarded client: gets one page from the public web, and nothing else from anywhere else.

Every address is judged when it is dialled, at every redirect, so no name and no spelling leads inside. Which links are
fetched, and when again, is ``enrich``'s business; what the bytes say is ``page``'s.
"""

import asyncio
import re
import ssl
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

import httpcore
import httpx

from newsletter.addresses import Address, is_public
from newsletter.dialling import Guard, Names, Resolve, spelt
from newsletter.errors import FetchError, NoPage, NotAllowed, NotNow, PageGone
from newsletter.model import Fetched
from newsletter.settings import FetchSettings

SECONDS = 20.0
"""How long one fetch may take with all its redirects, from the first name asked for to the last byte."""

MOST_BYTES = 3 * 1024 * 1024
"""How much of a page is read, on the wire and again after decompression; the rest is left. Titles stand at the top."""

MOST_PIECES = 20_000
"""In how many pieces it may come: each costs time, and no honest server sends a few bytes in each."""

MOST_REDIRECTS = 8
LONGEST_ADDRESS = 8_000
LONGEST_RETRY_AFTER = timedelta(days=7)
CONNECT_SECONDS = 6.0
SILENCE_SECONDS = 10.0

PAGES = frozenset(("text/html", "application/xhtml+xml", "application/pdf"))
JSON = frozenset(("application/json", "text/json", "application/json+oembed"))
"""What an oEmbed endpoint answers. Some call it HTML, so ``sites`` asks for ``JSON | PAGES`` where it must."""

REDIRECTS = frozenset((301, 302, 303, 307, 308))
# It may be there another time. 52x and 530 are Cloudflare's for a server behind it that does not answer.
TEMPORARY = frozenset((408, 425, 429, 500, 502, 503, 504, *range(520, 528), 530))
GONE = frozenset((404, 410))

_HOST = re.compile(rb"[\w.-]+|[0-9a-f:.]+", re.ASCII)


# --- fairness ------------------------------------------------------------------------------------------------------


class _Turns:
    """One request at a time to each host, with a pause after it."""

    MANY = 4096

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._locks: dict[str, asyncio.Lock] = {}
        self._free_at: dict[str, float] = {}

    @asynccontextmanager
    async def of(self, host: str) -> AsyncIterator[None]:
        """Waits until the host may be asked; the pause begins at the end of the block."""
        clock = asyncio.get_running_loop().time
        async with self._locks.setdefault(host, asyncio.Lock()):
            await asyncio.sleep(max(0.0, self._free_at.get(host, 0.0) - clock()))
            try:
                yield
            finally:
                self._free_at[host] = clock() + self._pause
        if len(self._locks) > self.MANY:
            self._forget(clock())

    def wait(self, host: str) -> float:
        """How many seconds until the host may be asked; of one that is being asked, the pause at least."""
        lock = self._locks.get(host)
        if lock is not None and lock.locked():
            return self._pause
        return max(0.0, self._free_at.get(host, 0.0) - asyncio.get_running_loop().time())

    def _forget(self, now: float) -> None:
        # Somebody may wait for a lock that nobody holds, but only for one that was released just now.
        past = [host for host, lock in self._locks.items() if not lock.locked() and self._free_at.get(host, 0.0) < now]
        for host in past:
            del self._locks[host]
            self._free_at.pop(host, None)


# --- fetching ------------------------------------------------------------------------------------------------------


class GuardedFetcher:
    """Gets pages for as long as the program runs; close it at the end. It keeps no cookie and reads no environment.

    ``refuses`` says of an address why it is never asked, ``None`` where it may be; it is asked again at every redirect.
    ``resolve``, ``is_allowed`` and ``context`` are there for tests, which have their servers on loopback.
    """

    def __init__(
        self,
        settings: FetchSettings,
        *,
        refuses: Callable[[str], str | None] = lambda _: None,
        resolve: Resolve | None = None,
        is_allowed: Callable[[Address], bool] = is_public,
        context: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._settings = settings
        self._refuses = refuses
        self._is_allowed = is_allowed
        self._seconds = seconds
        self._turns = _Turns(settings.pause)
        self._names = Names(settings.at_once)
        # One for all requests: making a context costs 17 ms.
        context = context or httpx.create_ssl_context(trust_env=False)
        self._pool: httpcore.AsyncConnectionPool
        if settings.proxy:
            # What a name means, and whether it may be reached, is then the proxy's to say.
            self._pool = httpcore.AsyncHTTPProxy(
                settings.proxy, ssl_context=context, max_connections=settings.at_once, keepalive_expiry=5.0
            )
        else:
            self._pool = httpcore.AsyncConnectionPool(
                ssl_context=context,
                max_connections=settings.at_once * 2,
                # For redirects within a site. Each request looks at every idle connection, so there are few.
                max_keepalive_connections=4,
                keepalive_expiry=5.0,
                network_backend=Guard(resolve or self._names, is_allowed),
            )

    async def close(self) -> None:
        """Let go of every connection. The second time does nothing."""
        await self._pool.aclose()
        self._names.close()

    def wait(self, url: str) -> timedelta:
        """How long until the host of this address may be asked again; zero: now."""
        return timedelta(seconds=self._turns.wait(_host(url)))

    async def fetch(self, url: str, *, kinds: frozenset[str] = PAGES) -> Fetched:
        """The page at this address, at most ``MOST_BYTES`` of it, after all redirects; of these media types only.

        Raises ``NotAllowed`` (never asked, here or after a redirect), ``PageGone``, ``NoPage`` (an answer that is no
        page for us) or ``NotNow`` (may help to ask later). It ends within ``SECONDS``, whatever the server does.
        """
        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(url, kinds)
        except TimeoutError as error:
            raise NotNow(url, f"took longer than {self._seconds:g} seconds") from error

    async def _follow(self, url: str, kinds: frozenset[str]) -> Fetched:
        here, hops, permanent = url, [url], True
        while True:
            address = self._judged(here)
            async with self._turns.of(_host(here)), self._asked(here, address, kinds) as answer:
                headers = httpx.Headers(answer.headers)
                if answer.status not in REDIRECTS or "location" not in headers:
                    _check(here, answer.status, headers, kinds)
                    body = await _body(here, answer, headers)
                    return Fetched(here, body, headers.get("content-type", ""), permanent, tuple(hops))
                permanent = permanent and answer.status in (301, 308)
                here = _next(here, address, answer)
            if here in hops:
                raise NoPage(here, "redirects in a circle")
            hops.append(here)
            if len(hops) > MOST_REDIRECTS + 1:
                raise NoPage(here, f"redirects more than {MOST_REDIRECTS} times")

    def _judged(self, url: str) -> httpx.URL:
        address = _parsed(url)
        if address.scheme not in self._settings.schemes:
            raise NotAllowed(url, "is none of the schemes that are fetched")
        if address.userinfo:
            raise NotAllowed(url, "holds a user's name")
        if not _HOST.fullmatch(address.raw_host):
            raise NotAllowed(url, "has no host")
        usual = 443 if address.scheme == "https" else 80
        if (usual if address.port is None else address.port) not in self._settings.ports:
            raise NotAllowed(url, "is on none of the ports that are fetched")
        found = spelt(_host(url))
        if found is not None and not self._is_allowed(found):
            raise NotAllowed(url, "its address is not public")
        if reason := self._refuses(url):
            raise NotAllowed(url, reason)
        return address

    @asynccontextmanager
    async def _asked(self, url: str, address: httpx.URL, kinds: frozenset[str]) -> AsyncIterator[httpcore.Response]:
        """The answer, its body not yet read; what httpcore raises told in our words."""
        target = httpcore.URL(
            scheme=address.raw_scheme, host=address.raw_host, port=address.port, target=address.raw_path
        )
        headers: dict[bytes | str, bytes | str] = {
            "Host": address.netloc.decode("ascii"),
            "User-Agent": self._settings.introduction,
            "Accept": ", ".join(sorted(kinds)),
            # What zlib can undo within bounds; anything else is refused, asked for or not.
            "Accept-Encoding": "gzip, deflate",
        }
        timeouts = {"connect": CONNECT_SECONDS, "read": SILENCE_SECONDS, "write": SILENCE_SECONDS, "pool": SECONDS}
        try:
            async with self._pool.stream("GET", target, headers=headers, extensions={"timeout": timeouts}) as answer:
                yield answer
        except FetchError as error:
            if error.url == url:
                raise
            raise type(error)(url, error.why) from error  # the guard knows only the host
        except httpcore.TimeoutException as error:
            raise NotNow(url, "did not answer in time") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError, OSError) as error:
            if _because_of(error, ssl.SSLCertVerificationError):
                raise NoPage(url, "its certificate is not valid") from error
            raise NotNow(url, "broke the connection off") from error


@lru_cache(256)
def _parsed(url: str) -> httpx.URL:
    if len(url) > LONGEST_ADDRESS:
        raise NotAllowed(url, "is too long an address")
    try:
        return httpx.URL(url)
    except (httpx.InvalidURL, ValueError, UnicodeError) as error:
        raise NotAllowed(url, "cannot be read as an address") from error


def _host(url: str) -> str:
    try:
        # As it is dialled: what httpx calls the host is decoded, and not every host that can be asked for can be.
        return _parsed(url).raw_host.decode("ascii").rstrip(".")
    except NotAllowed:
        return ""


def _next(url: str, address: httpx.URL, answer: httpcore.Response) -> str:
    """Where a redirect leads; the fragment goes along, as in browsers."""
    raw = next(value for name, value in answer.headers if name.lower() == b"location")
    try:
        # Headers are bytes: many servers write UTF-8 into them.
        location = raw.decode("utf-8")
    except UnicodeDecodeError:
        location = raw.decode("latin-1")
    try:
        there = address.join(location.strip())
    except (httpx.InvalidURL, ValueError, UnicodeError) as error:
        raise NoPage(url, "redirects to what is no address") from error
    if not there.fragment and address.fragment:
        there = there.copy_with(fragment=address.fragment)
    return str(there)


def _check(url: str, status: int, headers: httpx.Headers, kinds: frozenset[str]) -> None:
    """Raise unless this is the kind of answer that is read."""
    if status in GONE:
        raise PageGone(url, f"answers {status}")
    if status in TEMPORARY:
        raise NotNow(url, f"answers {status}", _retry_after(headers))
    if status not in (200, 203, 206):
        raise NoPage(url, f"answers {status}")
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and kind not in kinds:
        raise NoPage(url, f"is {kind[:80]}, not a page")
    if headers.get("content-encoding", "").strip().lower() not in _CODINGS:
        raise NoPage(url, "is compressed in a way that was not asked for")


def _retry_after(headers: httpx.Headers) -> timedelta | None:
    """What ``Retry-After`` asks for; a date counts from the server's own clock."""
    asked = headers.get("retry-after", "").strip()
    try:
        if asked.isascii() and asked.isdigit():
            wait = timedelta(seconds=min(int(asked[:9]), LONGEST_RETRY_AFTER.total_seconds()))
        else:
            wait = parsedate_to_datetime(asked) - parsedate_to_datetime(headers["date"])
    except (ValueError, TypeError, KeyError, OverflowError):
        return None
    return min(max(wait, timedelta()), LONGEST_RETRY_AFTER)


def _because_of(error: BaseException | None, kind: type[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or error.__context__
    return False


# --- the body ------------------------------------------------------------------------------------------------------

_PLAIN, _DEFLATE = frozenset(("", "identity")), "deflate"
_CODINGS = _PLAIN | {"gzip", "x-gzip", _DEFLATE}


async def _body(url: str, answer: httpcore.Response, headers: httpx.Headers) -> bytes:
    """The first ``MOST_BYTES``, however many more there are, on the wire or compressed."""
    coding = headers.get("content-encoding", "").strip().lower()
    undo = None if coding in _PLAIN else _Inflater(coding)
    body, read, pieces = bytearray(), 0, 0
    try:
        async for chunk in answer.aiter_stream():
            room = MOST_BYTES - len(body)
            body += chunk[:room] if undo is None else undo.inflate(chunk, room)
            read, pieces = read + len(chunk), pieces + 1
            if read >= MOST_BYTES or len(body) >= MOST_BYTES or pieces >= MOST_PIECES:
                break
    except zlib.error as error:
        raise NoPage(url, "its compression is broken") from error
    if not headers.get("content-type") and not body.lstrip()[:5].startswith((b"<", b"%PDF", b"\xef\xbb\xbf<")):
        raise NoPage(url, "does not say what it is")
    return bytes(body)


class _Inflater:
    """gzip and deflate, never more at once than there is room for. For ``room``, zlib takes 0 for no bound."""

    def __init__(self, coding: str) -> None:
        self._zlib = zlib.decompressobj(47)  # zlib's or gzip's header
        self._perhaps_raw = coding == _DEFLATE

    def inflate(self, chunk: bytes, room: int) -> bytes:
        """Raises ``zlib.error`` where it is broken."""
        try:
            found = self._zlib.decompress(chunk, room)
        except zlib.error:
            if not self._perhaps_raw:
                raise
            # Some servers send deflate without the header that RFC 9110 asks for.
            self._zlib = zlib.decompressobj(-15)
            found = self._zlib.decompress(chunk, room)
        self._perhaps_raw = False
        return found


async def called(url: str) -> bool:
    """Call an address out of the configuration, which may lie anywhere; whether it answered well.

    What it answers is not read, and nothing is raised: who is called wants to hear from us, not we from them.
    """
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=CONNECT_SECONDS) as client:
            return (await client.get(url)).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
