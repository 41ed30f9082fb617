"""The first ten minutes: a person in the room of `linkletter demo`, with a browser, a keyboard, a phone.

One demo serves all of them; each shares links that nobody else does. ``tests/browser.py`` looks in every test that
nothing was asked of another machine and nothing broke the page's rules.
"""

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from newsletter.destinations.site import SiteFolder
from newsletter.render_site import files as site_files
from newsletter.settings import SiteSettings
from tests import browser as browsers
from tests.browser import Visitor, demo, visiting
from tests.site_samples import NEWSLETTER, some_editions

playwright = pytest.importorskip("playwright.async_api")
axe = pytest.importorskip("axe_playwright_python.async_playwright", reason="needs axe, which `make test` installs")

pytestmark = pytest.mark.asyncio(loop_scope="module")
expect = playwright.expect

HOSTILE = (
    "<img src=x onerror=alert(1)><script>alert(2)</script> [click](javascript:alert(3)) ![pic](https://evil.example/p.png)"
    " <style>*{display:none}</style> <iframe srcdoc='<script>alert(4)</script>'></iframe> &lt;b&gt; {{7*7}} {% raw %}"
    " [x](data:text/html,<script>alert(5)</script>) <a href=javascript:alert(6)>here</a> </textarea></title>"
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[object]:
    program = browsers.chromium()
    async with playwright.async_playwright() as driver:
        started = await driver.chromium.launch(executable_path=program, args=browsers.SWITCHES)
        yield started
        await started.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(browser: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of the demo with its sample, which is gone without a trace when it has ended."""
    folder = tmp_path_factory.mktemp("demo")
    async with demo(folder) as address:
        yield address
    assert list(folder.iterdir()) == []


@pytest_asyncio.fixture(loop_scope="module")
async def visitor(browser: object, room: str) -> AsyncIterator[Visitor]:
    async with visiting(browser, room) as somebody:
        await somebody.come()
        yield somebody


async def test_the_sample_is_six_weeks_of_a_team_with_pictures_beside_its_newsletter(visitor):
    assert await visitor.page.locator("#messages > li").count() >= 30
    assert await visitor.page.locator("#edition option").count() >= 6
    assert await visitor.page.locator(".preview img").last.evaluate("image => image.naturalWidth") > 0
    await visitor.page.get_by_role("button", name="news-desk").wait_for()


async def test_a_shared_link_is_in_the_newsletter_beside_the_room(visitor):
    await visitor.share("A kettle that whistles in tune\nhttps://example.org/kettle\nWorth hearing.")
    await visitor.sees("A kettle that whistles in tune")
    await visitor.page.click("#tab-markdown")
    await visitor.sees("(https://example.org/kettle)")
    await visitor.page.click("#tab-chat")
    await visitor.sees("Worth hearing.")


async def test_a_link_rises_when_people_react_to_it(visitor):
    await visitor.share("First cup\nhttps://example.org/cup-1")
    second = await visitor.share("Second cup\nhttps://example.org/cup-2")
    await visitor.sees("Second cup")
    shown = await visitor.pane()
    assert shown.rindex("First cup") < shown.rindex("Second cup")
    for name in ("Ben", "Jun"):
        await visitor.be(name)
        second = visitor.message("Second cup").last
        if await second.locator(".chip").count():
            await second.locator(".chip").first.click()
        else:
            await second.locator("[data-do=pick]").click()
            await visitor.page.locator("emoji-picker button.emoji").nth(4).click()
        await expect(second.locator(".chip[aria-pressed=true]")).to_have_count(1)
    await expect(second.locator(".chip")).to_have_attribute("aria-label", re.compile("2, chosen by Ben, Jun"))
    await visitor.page.wait_for_function(
        "() => { const t = document.querySelector('#shown').innerText;"
        " return t.lastIndexOf('Second cup') < t.lastIndexOf('First cup') }"
    )
    await second.locator(".chip").click()
    await expect(second.locator(".chip[aria-pressed=true]")).to_have_count(0)


async def test_what_does_not_change_stays_under_the_finger(visitor):
    message = await visitor.share("A tray\nhttps://example.org/tray")
    await visitor.sees("A tray")
    held = [
        await message.locator(".words a").element_handle(),
        await message.locator("[data-do=pick]").element_handle(),
        await visitor.page.locator("#shown h3").element_handle(),
    ]
    await held[1].focus()
    await visitor.page.evaluate(
        "async (message) => (await import('/page/api.js')).post('/api/react', { message, person: 'ben', emoji: '🫖' })",
        await message.get_attribute("data-id"),
    )
    await expect(message.locator(".chip")).to_have_count(1)
    await visitor.share("A second tray\nhttps://example.org/tray-2")
    await visitor.sees("A second tray")
    assert [await one.evaluate("one => one.isConnected") for one in held] == [True, True, True]


async def test_the_newsletter_follows_an_edit_and_a_deletion(visitor):
    message = await visitor.share("A spoon\nhttps://example.org/spoon")
    await visitor.sees("A spoon")
    await visitor.menu(message, "Edit")
    await visitor.page.fill("#form textarea", "A silver spoon\nhttps://example.org/spoon")
    await visitor.page.click("#form .send")
    await visitor.sees("A silver spoon")
    message = visitor.message("A silver spoon").last
    await expect(message).to_contain_text("(edited)")
    await visitor.menu(message, "Delete")
    await expect(visitor.message("A silver spoon")).to_have_count(0)
    await visitor.sees("A silver spoon", gone=True)


async def test_only_ones_own_messages_can_be_changed(visitor):
    message = visitor.message("Paths, not points").first
    await message.locator(".menu > summary").first.click()
    assert await message.locator(".menu li button").first.inner_text() == "Reply"
    assert await message.get_by_role("button", name="Edit", exact=True).count() == 0
    await visitor.be("Ben")
    message = visitor.message("Paths, not points").first
    await message.locator(".menu > summary").first.click()
    assert await message.get_by_role("button", name="Edit", exact=True).count() == 1


async def test_a_reply_stands_in_its_thread(visitor):
    root = await visitor.share("What do you brew with?")
    await visitor.menu(root, "Reply")
    await visitor.share("With patience, and https://example.org/brewer")
    await expect(visitor.message("What do you brew with?").first.locator(".replies > li")).to_have_count(1)


async def test_a_preview_is_seen_by_its_asker_alone(visitor):
    await visitor.say("/digest preview")
    answer = visitor.page.locator(".answer").last
    await expect(answer).to_contain_text("Only you see this")
    await expect(answer).to_contain_text("Links of the week")
    await visitor.be("Ben")
    await expect(answer).to_be_hidden()
    await visitor.be("Ann")
    await expect(answer).to_be_visible()
    await answer.get_by_role("button", name="Dismiss").click()
    await expect(visitor.page.locator(".answer")).to_have_count(0)


async def test_an_entry_is_edited_at_the_desk(visitor):
    await visitor.share("A saucer\nhttps://example.org/saucer\nIt holds the cup.")
    await visitor.sees("It holds the cup.")
    await visitor.go("news-desk")
    # The desk is the message with the buttons: a notice or a draft may stand below it, an older desk above.
    edits = visitor.page.get_by_role("button", name=re.compile("^Edit "))
    desk = visitor.page.locator("#messages > li").filter(has=edits)
    desks = await desk.count()
    await visitor.say("/digest desk")
    await expect(desk).to_have_count(desks + 1)
    row = None
    for _ in range(5):
        row = re.search(r"(\d+)\. [^\n]*saucer", await desk.last.inner_text(), re.IGNORECASE)
        if row or not await desk.last.get_by_role("button", name="▶").count():
            break
        before = await desk.last.inner_text()
        await desk.last.get_by_role("button", name="▶").click()
        await expect(desk.last).not_to_have_text(before, use_inner_text=True)
    await desk.last.get_by_role("button", name=f"Edit {row[1]}", exact=True).click()
    await visitor.page.fill("#form [name=title]", "A porcelain saucer")
    await visitor.page.click("#form .send")
    await visitor.sees("A porcelain saucer")
    await expect(desk.filter(has_text="A porcelain saucer").last).to_be_visible()


async def test_a_link_is_left_out_by_the_menu_of_its_message(visitor):
    message = await visitor.share("A strainer\nhttps://example.org/strainer\nIt strains.")
    await visitor.sees("It strains.")
    await visitor.menu(message, "Leave out")
    await visitor.sees("It strains.", gone=True)


async def test_at_the_cut_off_the_newsletter_goes_to_the_channel_and_into_a_file(visitor):
    await visitor.share("A teapot\nhttps://example.org/teapot\nIt pours.")
    await visitor.sees("A teapot")
    await visitor.page.click("#jump")
    await visitor.page.wait_for_selector(".file")
    await visitor.sees("A teapot")
    file = Path(await visitor.page.inner_text(".file code"))
    await visitor.page.click("#tab-markdown")
    assert file.read_text("utf-8").strip() == (await visitor.page.inner_text("#shown pre")).strip()
    posted = visitor.page.locator("#messages > li").filter(has=visitor.page.locator(".by-bot")).last
    await expect(posted).to_contain_text("Links of the week")
    await expect(posted).to_contain_text("A teapot")
    await visitor.go("news-desk")
    draft = visitor.page.locator("#messages > li")
    await expect(draft.filter(has_text="closes").filter(has_text="A teapot").last).to_be_visible()


async def test_the_archive_is_searched_in_the_page(visitor):
    async with visitor.page.expect_navigation():
        await visitor.page.click("#archive")
    await visitor.page.fill("#q", "boring technology")
    await visitor.page.press("#q", "Enter")
    await visitor.page.get_by_role("link", name="Choose boring technology").first.wait_for()


async def test_the_archive_is_searched_where_it_is_read_from_the_disk(browser, tmp_path):
    """Browsers refuse such a page to fetch anything: its index is scripts."""
    files = site_files(some_editions(), NEWSLETTER, SiteSettings())
    SiteFolder(tmp_path, "ml-weekly", lambda _: files).write(files)
    page = await browser.new_page()
    await page.goto((tmp_path / "index.html").as_uri())
    await page.fill("#q", "벡터")
    await page.press("#q", "Enter")
    await expect(page.locator("#results li")).to_have_count(3)
    await page.close()


async def test_nothing_that_is_typed_does_anything(visitor):
    for text in (HOSTILE, f"{HOSTILE}\nhttps://example.org/hostile", f"[{HOSTILE}](https://example.org/label)"):
        await visitor.say(text)
    await visitor.say(f"/digest {HOSTILE}")
    await visitor.page.locator(".answer").last.wait_for()
    await visitor.page.click("#add-person")
    await visitor.page.fill("#form input", "<img src=x onerror=alert(7)>")
    await visitor.page.click("#form .send")
    await visitor.say("A person of that name https://example.org/named")
    await visitor.sees("named")
    for tab in ("post", "markdown", "chat"):
        await visitor.page.click(f"#tab-{tab}")
    strange = "script:not([src]), iframe, style, object, embed, base, form:not(#composer):not(dialog form), img:not(.preview img)"
    assert await visitor.page.locator(f":is(#messages, #answers, #shown, header) :is({strange})").count() == 0
    links = await visitor.page.eval_on_selector_all("a[href]", "links => links.map((link) => link.protocol)")
    assert set(links) <= {"http:", "https:", "mailto:"}
    assert (
        await visitor.page.eval_on_selector_all(
            "*", "all => all.flatMap((one) => one.getAttributeNames()).filter((name) => name.startsWith('on'))"
        )
        == []
    )


async def test_everything_is_done_with_the_keyboard_alone(visitor):
    page = visitor.page
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    await page.keyboard.press("Enter")
    await page.keyboard.type("Keys only")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("https://example.org/keys")
    await page.keyboard.press("Enter")
    await visitor.message("Keys only").last.wait_for()
    # A screen reader is told of what is new there, and of answers and of what became of things.
    assert "Keys only" in await page.get_by_role("log", name="# links").inner_text()
    assert await page.locator("#answers[aria-live=polite], #status[role=status]").count() == 2
    await page.keyboard.type("/dig")
    await page.keyboard.press("ArrowDown")
    assert (await page.get_attribute("#text", "aria-activedescendant")) == "option-0"
    await page.keyboard.press("Enter")
    assert await page.input_value("#text") == "/digest preview "
    await page.keyboard.press("Enter")
    await page.locator(".answer").wait_for()
    await visitor.message("Keys only").last.locator("summary").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")
    assert await page.evaluate("document.activeElement.tagName") == "SUMMARY"
    await page.keyboard.press("Tab")
    assert "example.org/keys" in await page.evaluate("document.activeElement.href")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.locator("emoji-picker").wait_for()
    await page.keyboard.press("Escape")
    await expect(page.locator("#picker")).to_be_hidden()
    assert await page.evaluate("document.activeElement.dataset.do") == "pick", "where one was"
    await page.focus("#tab-post")
    await page.keyboard.press("ArrowRight")
    assert await page.get_attribute("#tab-markdown", "aria-selected") == "true"


async def test_it_fits_a_phone(browser, room):
    async with visiting(browser, room, has_touch=True, is_mobile=True) as visitor:
        await visitor.page.set_viewport_size({"width": 360, "height": 740})
        await visitor.come()
        assert await visitor.page.evaluate("document.documentElement.scrollWidth") <= 360
        assert not await visitor.page.is_visible("#board")
        await visitor.share("On the train\nhttps://example.org/train")
        await visitor.page.get_by_role("navigation", name="Views").get_by_role("button", name="Newsletter").tap()
        assert not await visitor.page.is_visible("#composer")
        await visitor.sees("On the train")
        assert await visitor.page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_serious(browser, room, scheme):
    async with visiting(browser, room, color_scheme=scheme, bypass_csp=True) as visitor:
        await visitor.come()
        await visitor.say("/digest help")
        await visitor.page.locator(".answer").wait_for()
        await visitor.page.fill("#text", "/digest s")
        assert await serious(visitor) == [], "the room"
        await visitor.page.click("#tab-chat")
        await visitor.page.click("#add-person")
        assert await serious(visitor) == [], "a form"
        await visitor.page.keyboard.press("Escape")
        await visitor.page.click("#archive")
        await visitor.page.wait_for_selector("footer")
        assert await serious(visitor) == [], "the archive"


async def serious(visitor: Visitor) -> list[str]:
    found = (await axe.Axe().run(visitor.page)).response["violations"]
    return [
        f"{one['id']}: {node['html'][:150]} {node['failureSummary']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


async def test_an_empty_room_in_korean_is_kept_until_the_next_time(browser, tmp_path):
    how = {"LC_ALL": "ko_KR.UTF-8"}
    async with demo(tmp_path, "--empty", "--folder", "mine", **how) as address, visiting(browser, address) as visitor:
        await visitor.come()
        assert await visitor.page.get_attribute("html", "lang") == "ko"
        await visitor.share("한글 이름\nhttps://example.org/hangul")
        await visitor.sees("한글 이름")
    async with demo(tmp_path, "--folder", "mine", **how) as address, visiting(browser, address) as visitor:
        await visitor.come()
        await expect(visitor.message("한글 이름")).to_have_count(1)
        await visitor.sees("한글 이름")


async def test_the_pictures_of_the_readme_are_made_here(browser, tmp_path):
    """Into a temporary folder; with LINKLETTER_SCREENSHOTS=1 into docs/images, where the README shows them."""
    folder = Path("docs/images").absolute() if os.environ.get("LINKLETTER_SCREENSHOTS") else tmp_path / "images"
    folder.mkdir(parents=True, exist_ok=True)
    async with demo(tmp_path, "--folder", "my-room") as address, visiting(browser, address) as visitor:
        page = visitor.page
        await visitor.come()
        await page.screenshot(path=folder / "room.png")
        await visitor.go("news-desk")
        await visitor.say("/digest desk")
        await page.locator(".by-bot .below button").first.wait_for()
        await page.screenshot(path=folder / "desk.png")
        await visitor.go("links")
        await page.click("#jump")
        await page.wait_for_selector(".file")
        await expect(page.locator(".by-bot").last).to_be_visible()
        await page.click("#tab-markdown")
        await page.screenshot(path=folder / "posted.png")
        await page.click("#archive")
        await page.wait_for_selector("footer")
        await page.screenshot(path=folder / "archive.png")
    assert {file.name for file in folder.iterdir()} >= {"room.png", "desk.png", "posted.png", "archive.png"}
