"""The one HTTP server: who may ask, what every answer says to browsers, ``/health``, and the archive's pages.

What else is served is handed in as routes: the room's page is ``platforms/local/page.py``'s. Slack's signed HTTP is
bolt's own (``platforms/slack/http_mode.py``).
"""

import asyncio
import hashlib
import hmac
import json
import mimetypes
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

Routes = Iterable[web.RouteDef]

HERE = frozenset(["localhost", "127.0.0.1", "::1"])
"""What a browser on this machine calls it. Another name that leads here is somebody's trick (DNS rebinding)."""

AT_MOST = 64 * 1024
"""How many bytes a request may have: a message, or a form."""

PATIENCE = 1.0
"""How many seconds an answer under way may still take when the server closes."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""On every answer that does not say otherwise itself."""

PAGE = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:; form-action 'self'; "
ARCHIVE = {"Content-Security-Policy": PAGE + "frame-ancestors 'none'; base-uri 'none'"}
"""The archive's pages say more strictly themselves what they need."""


@asynccontextmanager
async def serving(routes: Routes, *, host: str, port: int, token: str = "") -> AsyncIterator[str]:
    """Serve until the end of the block; gives the address, whose port a ``0`` lets the system choose.

    With a ``token`` every route but ``/health`` is behind it; without, only this machine's own names are answered.
    Raises ``OSError`` where the port is taken.
    """
    application = web.Application(middlewares=[_sealed, _guarding(token)], client_max_size=AT_MOST)
    application.add_routes(routes)
    runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=PATIENCE)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        named = f"[{host}]" if ":" in host else host
        yield f"http://{named}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


# --- who may ask ---------------------------------------------------------------------------------------------------


@web.middleware
async def _sealed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every answer tells the browser what it may not do with it."""
    try:
        response = await handler(request)
    except web.HTTPException as refused:
        refused.headers.update({name: value for name, value in HEADERS.items() if name not in refused.headers})
        raise
    if not response.prepared:
        response.headers.update({name: value for name, value in HEADERS.items() if name not in response.headers})
    return response


def _guarding(token: str) -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/health":
            return await handler(request)
        if token:
            if (answer := _knows(request, token)) is not None:
                return answer
        elif _name(request.host) not in HERE:
            raise web.HTTPForbidden(text="This server answers to http://localhost and http://127.0.0.1 only.")
        if request.method not in ("GET", "HEAD"):
            _is_from_our_page(request)
        return await handler(request)

    return guard


def _knows(request: web.Request, token: str) -> web.Response | None:
    """Nothing where the token is known. One in the address goes into a cookie, so that it stands in no history."""
    cookie = f"linkletter-{urlsplit(f'//{request.host}').port or 0}"
    if (given := request.query.get("token")) is not None and _same(given, token):
        onward = web.HTTPSeeOther(request.rel_url.without_query_params("token"))
        onward.set_cookie(cookie, token, httponly=True, samesite="Strict", path="/")
        raise onward
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if _same(request.cookies.get(cookie, ""), token) or (scheme.lower() == "bearer" and _same(bearer.strip(), token)):
        return None
    return web.Response(status=401, text="The address of this page ends with ?token=… Ask whoever runs it.")


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())


def _is_from_our_page(request: web.Request) -> None:
    """Only JSON changes anything, which no other site's page can send without being asked about it (CORS)."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise web.HTTPForbidden(text="This was sent by a page of another site.")
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="Send JSON.")


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


# --- what there is to see ------------------------------------------------------------------------------------------


def health(is_well: Callable[[], Awaitable[bool]]) -> Routes:
    """``/health``: 200 while all is well, 503 when a person should look. It says no more, for it asks nobody who."""

    async def answer(_: web.Request) -> web.Response:
        well = await is_well()
        text = json.dumps({"status": "ok" if well else "look at `linkletter status`"})
        return web.Response(status=200 if well else 503, text=text, content_type="application/json")

    return [web.get("/health", answer)]


def archive(sites: Mapping[str, Path]) -> Routes:
    """``/archive/``: the sites in these folders, each under its newsletter's name."""

    async def answer(request: web.Request) -> web.StreamResponse:
        folder = sites.get(request.match_info["newsletter"])
        name = request.match_info.get("name", "")
        if folder is None:
            raise web.HTTPNotFound(text="There is no such newsletter here, or it has no site.")
        if not name and not request.path.endswith("/"):
            raise web.HTTPMovedPermanently(f"{request.path}/")
        if (file := within(folder, name or "index.html")) is None:
            raise web.HTTPNotFound(text="There is no such page. The archive begins with the first edition.")
        return web.FileResponse(file, headers={**ARCHIVE, "Cache-Control": "no-cache"})

    async def no_icon(_: web.Request) -> web.Response:
        return web.Response(status=204)  # browsers ask for it where a page names none

    pages = [f"/archive/{{newsletter}}{rest}" for rest in ("", "/", "/{name:.+}")]
    return [*(web.get(path, answer) for path in pages), web.get("/favicon.ico", no_icon)]


def folder(under: str, where: Path, headers: Mapping[str, str]) -> Routes:
    """The files of a folder. A file ``x.gz`` is handed out as ``x``, for browsers to unpack."""

    async def answer(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if (file := within(where, name)) is not None:
            return web.FileResponse(file, headers=headers)
        if (packed := within(where, f"{name}.gz")) is not None:
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            body = await asyncio.to_thread(packed.read_bytes)
            more = {"Content-Encoding": "gzip", "ETag": f'"{hashlib.sha256(body).hexdigest()[:20]}"'}
            return web.Response(body=body, content_type=kind, headers={**headers, **more})
        raise web.HTTPNotFound(text="There is no such file.")

    return [web.get(f"{under}/{{name:.+}}", answer)]


def page(paths: Sequence[str], text: str, headers: Mapping[str, str]) -> Routes:
    """One HTML page at each of these paths."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=text, content_type="text/html", headers=headers)

    return [web.get(path, answer) for path in paths]


def within(folder: Path, name: str) -> Path | None:
    """The file of this name in the folder, unless it is hidden, elsewhere, or not there."""
    parts = name.split("/")
    if any(part.startswith(".") or not part or "\\" in part or "\0" in part for part in parts):
        return None
    file = folder.joinpath(*parts)
    return file if file.is_file() and file.resolve().is_relative_to(folder.resolve()) else None
