"""The newsletter beside the room, for its page: the post and the chat message as they would be, or as they went out.

It also lets time pass: a jump to the cut-off moves the room's clock and takes the very turn that ``run`` takes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from bot import cards
from bot.app import App
from bot.demo.clock import RoomClock
from bot.platforms.local import draw
from bot.platforms.local.page import RoomPage
from bot.platforms.local.room import Room
from newsletter import hypertext, render
from newsletter.model import Edition, EditionState
from newsletter.publish import Publisher
from newsletter.settings import Audience, MarkdownSettings, NewsletterSettings
from newsletter.store import editions

COMING = "coming"
"""What the open edition is called in an address; any other by the cut-off it served."""

HEARD_WITHIN_SECONDS = 5
"""How long to wait until what was just written has been heard."""

ANCHORS, LEVEL = "post-", 2
"""How the post's headings are known in the page, and how many levels above them the page has."""

Json = dict[str, Any]


class Board:
    """What the second pane shows. ``tick`` is one turn of every newsletter."""

    def __init__(
        self,
        app: App,
        room: Room,
        page: RoomPage,
        clock: RoomClock,
        tick: Callable[[], Awaitable[None]],
    ) -> None:
        self._app = app
        self._publishers = {one.key: app.publisher(one) for one in app.config.newsletters.values()}
        self._room = room
        self._page = page
        self._clock = clock
        self._tick = tick
        self._jumping = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        """What the page asks of the newsletter, and the jump."""
        return [
            web.get("/api/editions", self._list),
            web.get("/api/editions/{newsletter}/{which}", self._show),
            web.post("/api/jump", self._jump),
        ]

    # --- looking ---

    async def _list(self, _: web.Request) -> web.Response:
        await self._all_heard()
        return web.json_response([await self._listed(one) for one in self._app.config.newsletters.values()])

    async def _listed(self, settings: NewsletterSettings) -> Json:
        publisher = self._publishers[settings.key]
        coming, closing = await publisher.preview(), await publisher.closes_at()
        async with self._app.store.reading() as transaction:
            rows = await editions.all_editions(transaction, settings.key)
            found = [(row, await editions.latest_revision(transaction, row.id)) for row in rows if row.number]
        went_out = [
            {"which": _stamp(row.serves), "title": edition.title}
            for row, edition in reversed(found)
            if edition is not None and row.state is not EditionState.RETRACTED
        ]
        return {
            "newsletter": settings.key,
            "coming": {
                "which": COMING,
                "title": coming.title,
                "entries": len(coming.entries) + len(coming.again),
                "closes": closing.isoformat(),
            },
            "went_out": went_out,
            "site": f"/archive/{settings.key}/" if settings.site is not None and went_out else "",
        }

    async def _show(self, request: web.Request) -> web.Response:
        settings = self._app.config.newsletters.get(request.match_info["newsletter"])
        if settings is None:
            raise web.HTTPNotFound(text="There is no such newsletter.")
        publisher, which = self._publishers[settings.key], request.match_info["which"]
        try:
            cut_off = None if which == COMING else datetime.fromisoformat(which)
        except ValueError:
            raise web.HTTPNotFound(text="There is no such edition.") from None
        edition = await publisher.preview(cut_off)
        return web.json_response(await asyncio.to_thread(self._shown, edition, settings, publisher, cut_off is None))

    def _shown(self, edition: Edition, settings: NewsletterSettings, publisher: Publisher, is_coming: bool) -> Json:
        markdown = settings.markdown or MarkdownSettings()
        folder = Path(markdown.folder)
        if self._app.config.path is not None:
            folder = self._app.config.path.parent / folder
        file = folder / f"{render.slug_of(edition)}.md"
        if is_coming or not file.is_file():
            seen = publisher.seen_by(edition, markdown.audience, markdown.show)
            file, post = Path(), "" if seen.is_empty else render.post(seen, markdown)
        else:
            post = file.read_text("utf-8")
        chat = publisher.seen_by(edition, Audience.TEAM)
        drawn = () if chat.is_empty else draw.parts(chat, cards.of_edition(chat))
        return {
            "title": edition.title,
            "markdown": post,
            "html": hypertext.post_to_html(post, ANCHORS, below=LEVEL),
            "chat": [hypertext.to_html(part.payload) for part in drawn],
            "file": str(file) if file.name else "",
        }

    async def _all_heard(self) -> None:
        try:
            async with asyncio.timeout(HEARD_WITHIN_SECONDS):
                await self._room.quiet()
        except TimeoutError:
            pass  # it shows what is known; the page asks again when more is

    # --- letting time pass ---

    async def _jump(self, _: web.Request) -> web.Response:
        if self._jumping.locked():
            raise web.HTTPConflict(text="It is under way.")
        return web.json_response({"clock": (await self.jump()).isoformat()})

    async def jump(self) -> datetime:
        """Move the clock to the next cut-off of any newsletter, by way of the draft its editors see; returns it."""
        async with self._jumping:
            settings = {one.key: one for one in self._app.config.newsletters.values()}
            closing = {key: await self._publishers[key].closes_at() for key in settings}
            first = min(closing, key=closing.__getitem__)
            stops = [closing[first] - settings[first].draft, closing[first]]
            for at in (stop for stop in stops if stop > self._clock()):
                self._clock.move_to(at)
                self._page.changed("clock", self._clock().isoformat())
                await self._tick()
            self._page.changed("editions")
            return closing[first]


def _stamp(at: datetime) -> str:
    """An instant as it can stand in an address: a plus there would be a space."""
    return at.isoformat().replace("+00:00", "Z")
