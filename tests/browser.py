"""A person at a browser, for tests: the real `linkletter demo` in a process of its own, and headless Chromium.

Nothing may ask another machine for anything, break the page's own rules of content, or raise: that is looked at here,
for every test.
"""

import asyncio
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.terminal import COMMAND, surroundings

playwright = pytest.importorskip("playwright.async_api", reason="needs playwright, which `make test` installs")

SWITCHES = (
    "--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync"
).split()
DEADLINE_MS = 10_000


def chromium() -> str:
    """The browser's program: LINKLETTER_TEST_BROWSER, else the one that is installed. Skips where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("LINKLETTER_TEST_BROWSER") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip("needs Chromium (Debian: apt-get install chromium fonts-noto-color-emoji)")
    return found


@asynccontextmanager
async def demo(folder: Path, *words: str, **environment: str) -> AsyncIterator[str]:
    """`linkletter demo` in this folder until the end of the block, then Ctrl-C; gives the address it prints."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "demo", "--no-browser", "--port", "0", *words,
        cwd=folder, env=surroundings(**{"LC_ALL": "en_GB.UTF-8", "TMPDIR": str(folder)} | environment),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    said = ""
    try:
        async with asyncio.timeout(60):
            while not (found := re.search(r"http://\S+", said)):
                line = (await process.stderr.readline()).decode()
                assert line, f"the demo ended: {said}"
                said += line
        yield found[0]
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        _, rest = await process.communicate()
        assert (process.returncode, "Traceback" in rest.decode()) == (0, False), said + rest.decode()


@dataclass
class Visitor:
    """Somebody at the room's page. ``page`` is playwright's; what should not have happened stands in ``wrong``."""

    page: Any
    address: str
    wrong: list[str] = field(default_factory=list)

    async def come(self, path: str = "/") -> None:
        await self.page.goto(self.address.rstrip("/") + path)
        await self.page.wait_for_selector("body[data-ready]")
        await self.page.wait_for_selector("#shown > *", state="attached")

    async def be(self, name: str) -> None:
        (person,) = await self.page.select_option("#person", label=name)
        await self.page.wait_for_selector(f"#messages[data-person={person}]", state="attached")

    async def go(self, channel: str) -> None:
        before = await self.page.get_attribute("#messages", "data-channel")
        await self.page.get_by_role("navigation", name="Channels").get_by_role("button", name=channel).click()
        await self.page.wait_for_selector(f"#messages:not([data-channel={before}])", state="attached")

    async def say(self, text: str) -> None:
        await self.page.fill("#text", text)
        await self.page.press("#text", "Enter")

    async def share(self, text: str) -> Any:
        """Say it, and wait until it stands there; returns the message."""
        await self.say(text)
        await self.message(text.split("\n")[0]).last.wait_for()
        return self.message(text.split("\n")[0]).last

    def message(self, words: str) -> Any:
        return self.page.locator("#messages > li, #messages .replies > li").filter(has_text=words)

    async def menu(self, message: Any, label: str) -> None:
        await message.locator(".menu > summary").first.click()
        await message.get_by_role("button", name=label, exact=True).first.click()

    async def pane(self) -> str:
        return await self.page.inner_text("#shown")

    async def sees(self, words: str, *, gone: bool = False) -> None:
        """Wait until the second pane says this, or no longer does."""
        await playwright.expect(self.page.locator("#shown")).to_contain_text(words) if not gone else (
            await playwright.expect(self.page.locator("#shown")).not_to_contain_text(words)
        )


@asynccontextmanager
async def visiting(browser: Any, address: str, **how: Any) -> AsyncIterator[Visitor]:
    """Somebody new, with an empty profile. What went wrong in their browser is raised at the end of the block."""
    context = await browser.new_context(viewport={"width": 1280, "height": 860}, **how)
    context.set_default_timeout(DEADLINE_MS)
    page = await context.new_page()
    visitor = Visitor(page, address)
    origin = re.match(r"http://[^/]+", address)[0]
    # Beside what it says aloud, a page can break its own rules in silence.
    await page.add_init_script(
        "addEventListener('securitypolicyviolation', (e) => console.error('CSP', e.violatedDirective, e.blockedURI))"
    )
    page.on(
        "request",
        lambda one: one.url.startswith((origin, "data:", "blob:")) or visitor.wrong.append(f"asked {one.url}"),
    )
    page.on("console", lambda one: one.type == "error" and visitor.wrong.append(one.text))
    page.on("pageerror", lambda error: visitor.wrong.append(str(error)))
    page.on("dialog", lambda dialog: visitor.wrong.append(f"dialog {dialog.message}"))
    try:
        yield visitor
        assert not visitor.wrong, visitor.wrong
    finally:
        await context.close()
