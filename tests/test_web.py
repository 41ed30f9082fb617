"""The HTTP server: who may ask, what no other site can make a browser do, and that it hands out nothing but its own.

A real client on a real port; what is served here is the room, the archive and the health.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from bot import web
from bot.demo import LONG_AGO, PAGE
from bot.platforms.local import saved
from bot.platforms.local.page import LONGEST, RoomPage
from bot.platforms.local.room import Room
from newsletter import hypertext
from newsletter.errors import UserError

NOW = datetime(2026, 6, 25, 14, tzinfo=UTC)
ROOT = Path(__file__).resolve().parent.parent


class Served:
    """A room with Ann, Ben and #links on a server, and a client that speaks JSON."""

    def __init__(self, room: Room, page: RoomPage, address: str, http: aiohttp.ClientSession) -> None:
        self.room, self.page, self.address, self.http = room, page, address, http

    async def do(self, what: str, *, headers: Mapping[str, str] = {}, **how: object) -> tuple[int, dict]:
        async with self.http.post(f"/api/{what}", json=how, headers=headers) as response:
            is_json = response.content_type == "application/json"
            return response.status, await response.json() if is_json else {}

    async def status(self, path: str, **how: object) -> int:
        async with self.http.get(path, allow_redirects=False, **how) as response:
            return response.status


@asynccontextmanager
async def served(tmp_path: Path, *, token: str = "", well: bool = True) -> AsyncIterator[Served]:
    room = Room(lambda: NOW)
    for id in ("ann", "ben"):
        room.join(id.title(), id=id)
    room.join("Robot", id="robot", bot=True)
    room.open_channel("links", id="links")
    page = RoomPage(room, ())

    async def is_well() -> bool:
        return well

    site = tmp_path / "site"
    (site / "editions").mkdir(parents=True, exist_ok=True)
    (site / "index.html").write_text("the archive")
    (site / ".linkletter-site").write_text("ours")
    (tmp_path / "secret").write_text("nobody's business")
    (site / "way-out").unlink(missing_ok=True)
    (site / "way-out").symlink_to(tmp_path / "secret")
    routes = [*web.health(is_well), *web.archive({"weekly": site}), *page.routes()]
    async with (
        web.serving(routes, host="127.0.0.1", port=0, token=token) as address,
        aiohttp.ClientSession(address, cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
    ):
        yield Served(room, page, address, http)
        page.close()


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as there:
        yield there


# --- who may ask -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:1", 200), ("127.0.0.1", 200), ("[::1]:80", 200), ("evil.example", 403), ("evil.example:80", 403), ("[", 403)],
)  # fmt: skip
async def test_only_this_machines_own_names_are_answered_so_that_no_name_can_be_bent_to_us(here, host, status):
    assert await here.status("/api/room", headers={"Host": host}) == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "{address}"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
async def test_no_other_site_can_make_a_browser_do_anything_here(here, headers, status):
    sent = {"Content-Type": "application/json"} | {
        name: one.format(address=here.address) for name, one in headers.items()
    }
    body = json.dumps({"channel": "links", "person": "ann", "text": "hello"})
    async with here.http.post("/api/post", data=body, headers=sent) as response:
        assert response.status == status
    assert len(here.room.messages("links")) == (status == 200)


async def test_behind_a_token_nothing_is_seen_without_it_but_whether_all_is_well(tmp_path):
    async with served(tmp_path, token="open-sesame") as there:
        for path in ("/api/room", "/archive/weekly/", "/?token=wrong", "/api/room?token=", "/nothing"):
            assert await there.status(path) == 401, path
        assert (await there.do("post", channel="links", person="ann", text="hello"))[0] == 401
        assert await there.status("/health") == 200
        assert await there.status("/api/room", headers={"Authorization": "Bearer open-sesame"}) == 200
        assert await there.status("/api/room", headers={"Authorization": "Bearer wrong"}) == 401
        assert await there.status("/api/room", headers={"Host": "links.example.com"}) == 401


async def test_a_token_in_the_address_opens_the_door_once_and_stands_in_no_history(tmp_path):
    async with served(tmp_path, token="open-sesame") as there:
        async with there.http.get("/api/room?token=open-sesame&a=b", allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (303, "/api/room?a=b")
            cookie = response.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert await there.status("/api/room") == 200


async def test_every_answer_tells_the_browser_to_trust_nothing(here):
    for path in ("/api/room", "/health", "/archive/weekly/", "/archive/nothing/", "/no/such/page/here"):
        async with here.http.get(path) as response:
            assert "default-src 'none'" in response.headers["Content-Security-Policy"], path
            assert response.headers["X-Content-Type-Options"] == "nosniff", path
            assert "unsafe" not in response.headers["Content-Security-Policy"]


def test_the_page_allows_nothing_inline_but_the_pickers_own_sheet_by_its_hash():
    rules = dict(rule.strip().partition(" ")[::2] for rule in PAGE["Content-Security-Policy"].split(";"))
    assert rules["script-src"] == "'self'"
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in PAGE["Content-Security-Policy"]
    assert "http" not in PAGE["Content-Security-Policy"]


# --- what is handed out ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/archive/weekly/", 200),
        ("/archive/weekly", 301),
        ("/archive/weekly/index.html", 200),
        ("/archive/other/", 404),
        ("/archive/weekly/.linkletter-site", 404),
        ("/archive/weekly/..%2fsecret", 404),
        ("/archive/weekly/%2e%2e/secret", 404),
        ("/archive/weekly/way-out", 404),
        ("/archive/weekly/editions", 404),
        ("/archive/weekly//etc/passwd", 404),
        ("/archive/..%2f..%2fsecret", 404),
    ],
)
async def test_the_archive_hands_out_its_own_pages_and_nothing_else(here, path, status):
    from yarl import URL

    assert await here.status(URL(here.address + path, encoded=True)) == status


@pytest.mark.parametrize(("well", "status"), [(True, 200), (False, 503)])
async def test_health_is_told_by_the_status(tmp_path, well, status):
    async with served(tmp_path, well=well) as there:
        assert await there.status("/health") == status


# --- the room --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "how", "says"),
    [
        ("post", {"channel": "links", "person": "robot", "text": "I am a bot"}, "no such person"),
        ("post", {"channel": "links", "person": "nobody", "text": "boo"}, "no such person"),
        ("post", {"channel": "nowhere", "person": "ann", "text": "boo"}, "no such channel"),
        ("post", {"channel": "links", "person": "ann", "text": "  "}, "Write something"),
        ("post", {"channel": "links", "person": "ann", "text": "x" * (LONGEST + 1)}, "too long"),
        ("post", {"channel": "links", "person": "ann", "text": ["x"]}, "must be a text"),
        ("post", {"channel": "links", "person": "ann", "text": "x", "thread": "m99"}, "thread is gone"),
        ("edit", {"message": "m1", "person": "ben", "text": "mine now"}, "Only who wrote"),
        ("delete", {"message": "m1", "person": "ben"}, "Only who wrote"),
        ("delete", {"message": "m99", "person": "ann"}, "message is gone"),
        ("react", {"message": "m1", "person": "ben", "emoji": "x" * 41}, "no emoji"),
        ("press", {"message": "m1", "person": "ben", "text": "publish"}, "button is gone"),
        ("ask", {"channel": "links", "person": "ann", "text": "help", "values": [1]}, "values"),
        ("channel", {"name": "#links"}, "already"),
        ("person", {"name": " "}, "needs a name"),
    ],
)
async def test_what_cannot_be_done_is_said_and_not_done(here, what, how, says):
    assert (await here.do("post", channel="links", person="ann", text="tea"))[1]["id"]
    before = here.room.messages("links")
    how = how | ({"message": before[0].id} if how.get("message") == "m1" else {})
    status, answer = await here.do(what, **how)
    assert (status, says in answer["error"]) == (400, True), answer
    assert here.room.messages("links") == before


async def test_who_asks_while_nobody_listens_is_told_so(here):
    status, answer = await here.do("ask", channel="links", person="ann", text="help")
    assert (status, "does not answer" in answer["error"]) == (503, True)


@pytest.mark.parametrize("body", ["", "no json", "[1]", '"text"'])
async def test_what_is_no_json_object_is_refused(here, body):
    async with here.http.post("/api/post", data=body, headers={"Content-Type": "application/json"}) as response:
        assert response.status == 400


async def test_a_page_hears_what_happens_as_it_happens_and_is_let_go_at_the_end(here):
    async with here.http.get("/api/events") as stream:
        assert (await stream.content.readline()).decode() == "event: open\n"
        await here.do("post", channel="links", person="ann", text="<b>tea</b>")
        heard = ""
        while "message" not in heard:
            heard = (await stream.content.readline()).decode()
        said = json.loads((await stream.content.readline()).decode().removeprefix("data: "))
        assert (said["text"], said["pieces"][0]["html"]) == ("<b>tea</b>", "<p>&lt;b&gt;tea&lt;/b&gt;</p>")
        here.page.close()
        assert await stream.content.read() is not None


async def test_of_a_long_channel_the_newest_are_shown_and_the_others_on_demand(here):
    for n in range(130):
        here.room.post(here.room.channels["links"], here.room.people["ann"], f"message {n}")
    async with here.http.get("/api/messages/links") as response:
        newest = await response.json()
    assert (len(newest["messages"]), newest["more"]) == (100, True)
    async with here.http.get(f"/api/messages/links?before={newest['messages'][0]['id']}") as response:
        older = await response.json()
    assert ([one["text"] for one in older["messages"]], older["more"]) == ([f"message {n}" for n in range(30)], False)


async def test_a_room_that_was_saved_is_the_same_room(tmp_path):
    room = Room(lambda: NOW)
    ann, links = room.join("Ann"), room.open_channel("links")
    bot = room.join("Linkletter", bot=True)
    message = room.post(links, ann, "tea https://example.org/tea")
    room.react(message.id, ann, "🎉")
    room.edit(message.id, "green tea")
    room.post(links, ann, "a reply", message.id)
    room.post(room.converse(ann), bot, "to you alone")
    await room.whisper(message.id, ann, "psst")
    saved.save(room, tmp_path / "room.json")
    again = Room(lambda: NOW)
    assert saved.restore(again, tmp_path / "room.json") == NOW
    for what in ("people", "channels", "conversations", "whispers", "previews", "made"):
        assert getattr(again, what) == getattr(room, what), what
    for place in (links.id, room.converse(ann).id):
        assert again.messages(place) == room.messages(place)
    (tmp_path / "room.json").write_text('{"people": 3}')
    with pytest.raises(UserError, match="begin anew"):
        saved.restore(Room(lambda: LONG_AGO), tmp_path / "room.json")


# --- the post in the page --------------------------------------------------------------------------------------------


def test_a_post_is_shown_with_its_headings_and_ways_below_those_of_the_page():
    post = "---\ntitle: '<script>'\n---\n\n## Contents\n\n- [C++ & more](#c--more)\n\n### C++ & more\n\n<b>no</b> [x](javascript:1)\n\n---\n"
    shown = hypertext.post_to_html(post, "post-", below=2)
    assert '<h4 id="post-contents">Contents</h4>' in shown
    assert '<a href="#post-c--more">C++ &amp; more</a>' in shown
    assert '<h5 id="post-c--more">C++ &amp; more</h5>' in shown
    assert "&lt;b&gt;no&lt;/b&gt; x" in shown
    assert "script" not in shown
    assert "<hr>" in shown


def test_the_picker_is_what_was_published():
    import gzip
    import hashlib
    import re

    vendor = ROOT / "bot" / "platforms" / "local" / "page" / "vendor"
    listed = re.findall(
        r"^\| `(\S+?)` \|.*`([0-9a-f]{64})` \|$", (vendor / "README.md").read_text("utf-8"), re.MULTILINE
    )
    assert {name for name, _ in listed} == {file.name for file in vendor.iterdir()} - {"README.md", "LICENSE"}
    for name, published in listed:
        content = (vendor / name).read_bytes()
        content = gzip.decompress(content) if name.endswith(".gz") else content
        assert hashlib.sha256(content).hexdigest() == published, name
