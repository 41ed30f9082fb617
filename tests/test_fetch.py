"""The guarded client against real servers on loopback: where it never goes, and what it never swallows.

"Nobody connects" is counted twice: by listeners on the addresses that are forbidden, and by Python's audit hook at the
socket, which sees every connection that this process tries.
"""

import asyncio
import gzip
import shutil
import socket
import ssl
import subprocess
import sys
import time
import tracemalloc
import zlib
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_address
from itertools import pairwise

import pytest

from newsletter import fetch
from newsletter.addresses import is_public
from newsletter.errors import FetchError, NoPage, NotAllowed, NotNow, PageGone
from newsletter.fetch import MOST_BYTES, GuardedFetcher
from newsletter.settings import FetchSettings
from tests.servers.web import FINE, Web, answer, html, redirect, serving

dialled: list[tuple[str, int]] = []
sys.addaudithook(
    lambda event, args: (
        dialled.append(args[1][:2]) if event == "socket.connect" and isinstance(args[1], tuple) else None
    )
)


def is_fine(address) -> bool:
    return str(address) == FINE or is_public(address)


@pytest.fixture
async def web():
    async with serving() as web:
        yield web


@asynccontextmanager
async def fetching(
    *webs: Web, names=None, seconds=5.0, is_allowed=is_fine, refuses=lambda _: None, context=None, **settings
):
    """A fetcher that may ask these servers' ports; names are known by the table alone."""
    names = names or {}

    async def resolve(host: str) -> list[str]:
        if host not in names:
            raise socket.gaierror(socket.EAI_NONAME, "not in the table")
        found = names[host]
        return found() if callable(found) else found

    ports = (80, 443, *(web.port for web in webs))
    fetcher = GuardedFetcher(
        FetchSettings(**({"pause": 0, "ports": ports} | settings)),
        resolve=resolve,
        is_allowed=is_allowed,
        seconds=seconds,
        refuses=refuses,
        context=context,
    )
    try:
        yield fetcher
    finally:
        await fetcher.close()


# --- a page --------------------------------------------------------------------------------------------------------


async def test_a_page_comes_with_its_address_and_type(web):
    web.answers["/page"] = html("Hello")
    async with fetching(web) as fetcher:
        got = await fetcher.fetch(web.url("/page"))
    assert (got.url, b"<title>Hello</title>" in got.body) == (web.url("/page"), True)
    assert got.content_type == "text/html; charset=utf-8"


async def test_it_says_who_asks_and_brings_nothing_else_along(web):
    web.other = lambda path: answer("<p>", set_cookie="session=1; Path=/")
    async with fetching(web, contact="https://news.example/about") as fetcher:
        for _ in range(2):
            await fetcher.fetch(web.url("/"))
    for asked in web.asked:
        assert asked.headers["user-agent"] == "Mozilla/5.0 (compatible; Linkletter) (+https://news.example/about)"
        assert asked.headers["accept-encoding"] == "gzip, deflate"
        assert asked.headers.keys() == {"host", "user-agent", "accept", "accept-encoding"}


async def test_nothing_of_the_environment_is_taken(web, monkeypatch, tmp_path):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    (tmp_path / ".netrc").write_text(f"machine {FINE} login ann password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    web.answers["/"] = html("Hello")
    async with fetching(web) as fetcher:
        await fetcher.fetch(web.url("/"))
    assert "authorization" not in web.asked[0].headers


async def test_connections_are_kept_and_used_again(web):
    web.other = lambda path: html("Hello")
    async with fetching(web) as fetcher:
        for n in range(5):
            await fetcher.fetch(web.url(f"/{n}"))
    assert web.connections == 1


@pytest.mark.parametrize(
    ("packed", "coding"),
    [
        (gzip.compress(b"<title>Hello", mtime=0), "gzip"),
        (gzip.compress(b"<title>Hello", mtime=0), "X-GZIP"),
        (zlib.compress(b"<title>Hello"), "deflate"),
        (zlib.compressobj(wbits=-15).compress(b"") + b"", "identity"),
        (b"<title>Hello", ""),
    ],
)
async def test_what_is_packed_as_asked_for_is_unpacked(web, packed, coding):
    web.answers["/"] = answer(packed or b"<title>Hello", content_encoding=coding)
    async with fetching(web) as fetcher:
        assert (await fetcher.fetch(web.url())).body == b"<title>Hello"


async def test_deflate_without_its_header_is_understood_too(web):
    raw = zlib.compressobj(wbits=-15)
    web.answers["/"] = answer(raw.compress(b"<title>Hello") + raw.flush(), content_encoding="deflate")
    async with fetching(web) as fetcher:
        assert (await fetcher.fetch(web.url())).body == b"<title>Hello"


# --- where it never goes -------------------------------------------------------------------------------------------

PUBLIC = "8.8.8.8 1.1.1.1 93.184.216.34 2606:4700::1111 2a00:1450:4001::8a ::ffff:8.8.8.8 64:ff9b::8.8.8.8".split()
NOT_PUBLIC = """
    0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 168.63.129.16 169.254.169.254
    172.16.0.1 172.31.255.255 192.0.0.8 192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1
    224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1 ::10.0.0.1 ::ffff:127.0.0.1 ::ffff:169.254.169.254
    ::ffff:0:127.0.0.1 64:ff9b::127.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b::10.0.0.1 64:ff9b:1::1 64:ff9b:1::8.8.8.8 100::1
    2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1::
    2002:a9fe:a9fe:: 2002:808:808:: 3fff::1 4000::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%1 fec0::1 ff02::1
    2606:4700::5efe:10.0.0.1 2606:4700::200:5efe:127.0.0.1
""".split()


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_leads_inside_is_not_public_however_it_is_wrapped(address):
    assert not is_public(ip_address(address))


HOSTS = """
    127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.1 0177.0.0.1 017700000001 0x7f.0x0.0x0.0x1 127.0.0.1. 0 0.0.0.0
    localhost localhost. LOCALHOST 127。0。0。1 １２７.０.０.１ ①②⑦.⓪.⓪.① [::1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1]
    [0:0:0:0:0:ffff:127.0.0.1] [64:ff9b::7f00:1] [2002:7f00:1::] [::127.0.0.1] [fe80::1%25lo] inside.example
    both.example rebinding.example second.example v6.example mapped.example nat64.example
    user@127.0.0.1 fine.example@127.0.0.1 fine.example\\@127.0.0.1 127.0.0.1%23@fine.example 127.0.0.1\\.fine.example
    169.254.169.254 [fd00:ec2::254] 100.100.100.200 168.63.129.16 metadata.google.internal
    169.254.170.2 192.0.0.192 255.255.255.255 100.64.0.1 224.0.0.1 127.0.0.1.. 00000000177.0.0.1 0x00000000000000007f.1
    [0::1] [::ffff:0:7f00:1] [64:ff9b:1::127.0.0.1] [fe80::1%lo] [::1%25lo] [::1]. [fec0::1] .127.0.0.1 127.0.0.1-
    127%2e0%2e0%2e1 127%E3%80%820.0.1 0ｘ7f.1 ⓛocalhost loc\u00adalhost localhost。 xn--localhost-.example xn--a.example
    fine.example:80@127.0.0.1 127.0.0.1:80@fine.example fine.example%40127.0.0.1 127.0.0.1%00.fine.example
    127.0.0.1%0d%0aX:1 scoped.example spelt.example nothing.example wrapped.example
""".split()


class Rebinding:
    """A name that means something harmless when it is first asked for, and this machine ever after."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> list[str]:
        self.asked += 1
        return ["8.8.8.8"] if self.asked == 1 else ["127.0.0.1"]


def names() -> dict[str, object]:
    rebinding = Rebinding()
    rebinding()
    return {
        "fine.example": [FINE],
        "localhost": ["127.0.0.1", "::1"],
        "localhost.": ["127.0.0.1"],
        "inside.example": ["127.0.0.1"],
        "both.example": [FINE, "127.0.0.1"],
        "second.example": ["8.8.8.8", "10.0.0.1"],
        "rebinding.example": rebinding,
        "v6.example": ["::1"],
        "mapped.example": ["::ffff:127.0.0.1"],
        "nat64.example": ["64:ff9b::a9fe:a9fe"],
        "scoped.example": ["fe80::1%lo"],
        "spelt.example": ["0x7f.1"],
        "nothing.example": [],
        "wrapped.example": [FINE, "::ffff:127.0.0.1"],
        "metadata.google.internal": ["169.254.169.254"],
    }


@asynccontextmanager
async def forbidden(port: int):
    """Listeners on this machine's own addresses, at the port that the fetcher may ask."""
    inside = Web(port=port, other=lambda path: html("a secret"))
    async with serving("127.0.0.1", inside):
        try:
            async with serving("::1", Web(port=port, other=inside.other)) as six:
                yield [inside, six]
        except OSError:  # a machine without IPv6
            yield [inside]


HOSTS += ["127.0.0.1\t", "\t127.0.0.1", "12\n7.0.0.1", "127.0.0.1\r\n", "127.0.0.1 ", "127.0.0.1?@fine.example"]


@pytest.mark.parametrize("way", ["asked for", "redirected to"])
async def test_no_spelling_and_no_name_leads_inside(web, way):
    async with forbidden(web.port) as inside, fetching(web, names=names(), at_once=4) as fetcher:
        for host in HOSTS:
            url = f"http://{host}:{web.port}/"
            if way == "redirected to":
                # As it would stand in a header: a line's end ends it.
                web.answers["/go"] = redirect(url.replace("\r", "").replace("\n", ""), "302 Found")
                url = web.url("/go")
            before = len(dialled)
            assert fetcher.wait(url) == timedelta(), "whatever is no host needs no turn"
            with pytest.raises(FetchError):
                await fetcher.fetch(url)
            beside = [place for place in dialled[before:] if place != (FINE, web.port)]
            assert beside == [], host
        assert [one.connections for one in inside] == [0] * len(inside)


@pytest.mark.parametrize(
    "url",
    """file:///etc/passwd ftp://fine.example/ gopher://fine.example/ data:text/html,hi javascript:alert(1) about:blank
    //fine.example/ http:/fine.example http:// https:///x mailto:a@fine.example unix:///run/docker.sock http://:80/
    http://[::1 http://fine.example:0/ http://fine.example:22/ https://fine.example:6379/ http://fine.example:99999/
    http://ann@fine.example/ http://ann:pw@fine.example/ http://%00/ http://fine.example:-1/""".split(),
)
async def test_only_the_configured_schemes_and_ports_are_asked_and_nobody_is_logged_in(url):
    async with fetching(names=names()) as fetcher:
        before = len(dialled)
        with pytest.raises(NotAllowed):
            await fetcher.fetch(url)
        assert dialled[before:] == []


@pytest.mark.parametrize("url", ["", " ", "x" * 9000, "http://fine.example/" + "x" * 9000])
async def test_what_is_no_address_is_not_asked_for(url):
    async with fetching(names=names()) as fetcher:
        with pytest.raises(NotAllowed):
            await fetcher.fetch(url)


async def test_a_name_is_asked_for_once_and_what_was_judged_is_dialled(web):
    web.answers["/"] = html("Hello")
    times = []

    def first_fine() -> list[str]:
        times.append(1)
        return [FINE] if len(times) == 1 else ["127.0.0.1"]

    async with forbidden(web.port) as inside, fetching(web, names={"rebinding.example": first_fine}) as fetcher:
        await fetcher.fetch(web.url("/", "rebinding.example"))
        assert (len(times), inside[0].connections) == (1, 0)


async def test_what_is_not_to_be_asked_for_is_not_asked_for_after_a_redirect_either(web):
    web.answers["/short"] = redirect("/reset")
    async with fetching(web, refuses=lambda url: "held" if "reset" in url else None) as fetcher:
        with pytest.raises(NotAllowed, match="held") as refused:
            await fetcher.fetch(web.url("/short"))
    assert refused.value.url == web.url("/reset")
    assert web.times("/reset") == 0


async def test_a_proxy_is_asked_instead_and_judges_addresses_itself(web):
    web.other = lambda path: html("by proxy")
    async with fetching(proxy=f"http://{FINE}:{web.port}") as fetcher:
        got = await fetcher.fetch("http://somewhere.example/page")
        with pytest.raises(NotAllowed):
            await fetcher.fetch("http://0x7f.1/")
    assert b"by proxy" in got.body
    assert [one.path for one in web.asked] == ["http://somewhere.example/page"]


# --- redirects -----------------------------------------------------------------------------------------------------


async def test_redirects_are_followed_and_remembered(web):
    web.answers |= {"/a": redirect("/b"), "/b": redirect("c?x=1", "308 Permanent Redirect"), "/c?x=1": html("There")}
    async with fetching(web) as fetcher:
        got = await fetcher.fetch(web.url("/a#part"))
    assert (got.url, got.permanent) == (web.url("/c?x=1#part"), True)
    assert got.hops == (web.url("/a#part"), web.url("/b#part"), web.url("/c?x=1#part"))


@pytest.mark.parametrize("status", ["302 Found", "303 See Other", "307 Temporary Redirect"])
async def test_one_redirect_for_now_makes_the_way_one_for_now(web, status):
    web.answers |= {"/a": redirect("/b"), "/b": redirect("/c", status), "/c": html("There")}
    async with fetching(web) as fetcher:
        assert (await fetcher.fetch(web.url("/a"))).permanent is False


async def test_a_redirect_in_korean_bytes_is_understood(web):
    web.answers |= {"/a": redirect("/글"), "/%EA%B8%80": html("There")}
    async with fetching(web) as fetcher:
        assert (await fetcher.fetch(web.url("/a"))).url == web.url("/%EA%B8%80")


async def test_a_circle_ends(web):
    web.answers |= {"/a": redirect("/b"), "/b": redirect("/a")}
    async with fetching(web) as fetcher:
        with pytest.raises(NoPage, match="circle"):
            await fetcher.fetch(web.url("/a"))
    assert len(web.asked) == 2


async def test_a_way_that_never_ends_is_left(web):
    web.other = lambda path: redirect(f"{path}x")
    async with fetching(web) as fetcher:
        with pytest.raises(NoPage, match="more than 8"):
            await fetcher.fetch(web.url("/a"))
    assert len(web.asked) == fetch.MOST_REDIRECTS + 1


# --- answers that are no page --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error"),
    [("404 Not Found", PageGone), ("410 Gone", PageGone)]
    + [(f"{code} x", NotNow) for code in (408, 425, 429, 500, 502, 503, 504, 520, 522, 530)]
    + [(f"{code} x", NoPage) for code in (201, 204, 300, 304, 400, 401, 402, 403, 405, 406, 418, 451, 501, 999)],
)
async def test_an_answer_is_gone_or_later_or_no_page(web, status, error):
    web.answers["/"] = answer("<p>", status)
    async with fetching(web) as fetcher:
        with pytest.raises(error, match=r"answers \d+"):
            await fetcher.fetch(web.url())


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("Sat, 21 Nov 2026 08:30:00 GMT", timedelta(minutes=30)),
        ("Sat, 21 Nov 2020 08:30:00 GMT", timedelta()),
        ("99999999999999999", timedelta(days=7)),
        ("soon", None),
        ("-5", None),
        ("Sat, 99 Nov", None),
        ("", None),
    ],
)
async def test_when_to_come_back_is_listened_to_within_reason(web, asked, wait):
    web.answers["/"] = answer("", "503 x", retry_after=asked, date="Sat, 21 Nov 2026 08:00:00 GMT")
    async with fetching(web) as fetcher:
        with pytest.raises(NotNow) as later:
            await fetcher.fetch(web.url())
    assert later.value.retry_after == wait


@pytest.mark.parametrize(
    "kind", ["image/png", "video/mp4", "application/zip", "text/plain", "application/json", "nonsense"]
)
async def test_only_pages_are_read(web, kind):
    web.answers["/"] = answer(b"\x89PNG" * 1000, content_type=kind)
    async with fetching(web) as fetcher:
        with pytest.raises(NoPage, match="not a page"):
            await fetcher.fetch(web.url())


async def test_json_is_read_where_it_is_asked_for_and_nothing_else_then(web):
    web.answers |= {"/json": answer(b"{}", content_type="application/json"), "/html": html("Hello")}
    async with fetching(web) as fetcher:
        assert (await fetcher.fetch(web.url("/json"), kinds=fetch.JSON)).body == b"{}"
        with pytest.raises(NoPage):
            await fetcher.fetch(web.url("/html"), kinds=fetch.JSON)


async def test_without_a_type_what_looks_like_a_page_is_one(web):
    web.answers |= {"/yes": answer(b"\n <html>", content_type=""), "/no": answer(b"\x00\x01", content_type="")}
    async with fetching(web) as fetcher:
        assert (await fetcher.fetch(web.url("/yes"))).content_type == ""
        with pytest.raises(NoPage):
            await fetcher.fetch(web.url("/no"))


async def test_no_such_host_and_no_answer_may_be_otherwise_later(web):
    async with fetching(web, names={"closed.example": [FINE]}, ports=(1,)) as fetcher:
        for host in ("nobody.example", "closed.example"):
            with pytest.raises(NotNow) as later:
                await fetcher.fetch(f"http://{host}:1/")
            assert later.value.url == f"http://{host}:1/"


# --- bounds --------------------------------------------------------------------------------------------------------


def endless(head: bytes, piece: bytes, pause: float = 0.0):
    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return write


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n"
BOMB = zlib.compressobj(9, wbits=31)
PIECE = BOMB.compress(b"\0" * 50_000_000) + BOMB.flush(zlib.Z_FULL_FLUSH)


@pytest.mark.parametrize(
    ("what", "write"),
    [
        ("an endless body", endless(HEAD + b"\r\n", b"<p>more</p>" * 5000)),
        ("endless chunks", endless(HEAD + b"transfer-encoding: chunked\r\n\r\n", b"400\r\n" + b"x" * 1024 + b"\r\n")),
        ("a gzip bomb", endless(HEAD + b"content-encoding: gzip\r\n\r\n", PIECE)),
    ],
)
async def test_of_too_much_only_the_beginning_is_read_and_memory_stays_flat(web, what, write):
    web.answers["/"] = write
    async with fetching(web, seconds=10) as fetcher:
        tracemalloc.start()
        try:
            got = await fetcher.fetch(web.url())
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert MOST_BYTES // 2 <= len(got.body) <= MOST_BYTES
    assert peak < 6 * MOST_BYTES


async def test_a_body_in_tiny_pieces_is_cut_before_it_costs_much(web):
    web.answers["/"] = endless(HEAD + b"transfer-encoding: chunked\r\n\r\n", b"4\r\nmore\r\n" * 5000)
    async with fetching(web) as fetcher:
        assert len((await fetcher.fetch(web.url())).body) == 4 * fetch.MOST_PIECES


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "compress", "deflate, br", "nonsense"])
async def test_what_cannot_be_unpacked_within_bounds_is_refused_unread(web, coding):
    web.answers["/"] = endless(HEAD + f"content-encoding: {coding}\r\n\r\n".encode(), b"\0" * 65536)
    async with fetching(web) as fetcher:
        with pytest.raises(NoPage, match="compressed"):
            await fetcher.fetch(web.url())


@pytest.mark.parametrize(
    ("what", "write"),
    [
        ("drips its body", endless(HEAD + b"\r\n", b"x", 0.02)),
        ("drips its headers", endless(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n", 0.02)),
        ("says it goes on, for ever", endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.01)),
        ("says nothing", endless(b"", b"", 0.02)),
        (
            "drips packed",
            endless(HEAD + b"content-encoding: gzip\r\n\r\n" + gzip.compress(b"<p>", mtime=0)[:9], b"", 0.02),
        ),
    ],
)
async def test_a_server_that_drips_is_left_in_time(web, what, write):
    web.answers["/"] = write
    async with fetching(web, seconds=0.4) as fetcher:
        begun = time.monotonic()
        with pytest.raises(NotNow, match="longer than"):
            await fetcher.fetch(web.url())
    assert time.monotonic() - begun < 3


async def test_a_name_server_that_never_answers_is_left_in_time(web):
    async def never(host: str) -> list[str]:
        await asyncio.Event().wait()
        return []

    fetcher = GuardedFetcher(FetchSettings(pause=0), resolve=never, seconds=0.2)
    with pytest.raises(NotNow):
        await fetcher.fetch("http://slow.example/")
    await fetcher.close()


@pytest.mark.parametrize(
    ("what", "write"),
    [
        ("one huge header", endless(b"HTTP/1.1 200 OK\r\na: ", b"x" * 65536)),
        ("many headers", endless(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n" * 10_000)),
        ("no HTTP", endless(b"", b"220 smtp.example ESMTP\r\n")),
        ("an endless status line", endless(b"HTTP/1.1 200 ", b"x" * 65536)),
    ],
)
async def test_what_is_not_http_is_left_soon(web, what, write):
    web.answers["/"] = write
    async with fetching(web, seconds=4) as fetcher:
        with pytest.raises(NotNow, match="broke the connection"):
            await fetcher.fetch(web.url())


async def test_broken_compression_is_no_page(web):
    web.answers["/"] = answer(b"this is not gzip at all", content_encoding="gzip")
    async with fetching(web) as fetcher:
        with pytest.raises(NoPage, match="compression is broken"):
            await fetcher.fetch(web.url())


# --- fairness ------------------------------------------------------------------------------------------------------


async def test_a_host_is_asked_by_one_at_a_time_with_a_pause_after_each(web):
    web.other = lambda path: html("Hello")
    web.latency = 0.02
    known = {f"{name}.example": [FINE] for name in "abc"}
    async with fetching(web, names=known, pause=0.1) as fetcher:
        urls = [web.url(f"/{n}", f"{name}.example") for name in "abc" for n in range(3)]
        assert fetcher.wait(urls[0]) == timedelta()
        begun = time.monotonic()
        await asyncio.gather(*map(fetcher.fetch, urls))
        took = time.monotonic() - begun
        assert timedelta() < fetcher.wait(urls[0]) <= timedelta(seconds=0.1)
    for name in "abc":
        own = sorted((one for one in web.asked if one.host == f"{name}.example"), key=lambda one: one.begun)
        assert all(after.begun - before.ended > 0.09 for before, after in pairwise(own))
    assert max(web.most[f"//{name}.example"] for name in "abc") == 1
    assert took < 3 * 3 * 0.12, "different hosts do not wait for each other"


# --- certificates --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def certified(tmp_path_factory):
    """What a server needs to be good.example, and what a client needs to believe it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl here")
    folder = tmp_path_factory.mktemp("certificates")
    how = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=good.example"
    told = f"{how} -addext subjectAltName=DNS:good.example -keyout key -out own".split()
    subprocess.run([openssl, *told], cwd=folder, check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "own", folder / "key")
    return server, ssl.create_default_context(cafile=folder / "own")


async def test_the_name_is_asked_for_and_must_be_in_the_certificate_though_an_address_is_dialled(certified):
    server, context = certified
    wanted = []
    server.sni_callback = lambda connection, name, _: wanted.append(name)
    known = {"good.example": [FINE], "other.example": [FINE]}
    async with serving(context=server) as web, fetching(web, names=known, context=context) as fetcher:
        web.answers |= {"/": html("Hello"), "/go": redirect(f"https://other.example:{web.port}/")}
        for _ in range(2):
            got = await fetcher.fetch(f"https://good.example:{web.port}/")
        assert b"Hello" in got.body
        assert web.connections == 1, "a connection with TLS is used again, too"
        assert [one.headers["host"] for one in web.asked] == [f"good.example:{web.port}"] * 2
        for url in (f"https://other.example:{web.port}/", f"https://good.example:{web.port}/go"):
            with pytest.raises(NoPage, match="certificate") as refused:
                await fetcher.fetch(url)
            assert refused.value.url == f"https://other.example:{web.port}/"
    assert wanted == ["good.example", "other.example", "other.example"]
    assert len(web.asked) == 3


async def test_a_certificate_that_nobody_vouches_for_is_not_believed(certified):
    async with serving(context=certified[0]) as web, fetching(web, names={"good.example": [FINE]}) as fetcher:
        with pytest.raises(NoPage, match="certificate"):
            await fetcher.fetch(f"https://good.example:{web.port}/")
    assert web.asked == []


async def test_what_does_not_speak_tls_is_left_in_time(web, certified):
    web.answers["/"] = endless(b"", b"", 0.02)
    async with fetching(web, names={"good.example": [FINE]}, context=certified[1], seconds=0.3) as fetcher:
        with pytest.raises(NotNow):
            await fetcher.fetch(f"https://good.example:{web.port}/")


async def test_of_too_much_over_tls_only_the_beginning_is_read(certified):
    server, context = certified
    async with (
        serving(context=server) as web,
        fetching(web, names={"good.example": [FINE]}, context=context) as fetcher,
    ):
        web.answers["/"] = endless(HEAD + b"\r\n", b"<p>more</p>" * 5000)
        assert len((await fetcher.fetch(f"https://good.example:{web.port}/")).body) == MOST_BYTES


async def test_an_error_never_repeats_the_address(web):
    async with fetching(web) as fetcher:
        with pytest.raises(FetchError) as refused:
            await fetcher.fetch(web.url("/secret-path?token=hunter2"))
    assert "hunter2" not in str(refused.value)
