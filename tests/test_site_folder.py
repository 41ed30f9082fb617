"""The site's folder: written whole or not at all, only what changed, nothing that is not ours; and its command."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.destinations.site import LEDGER, SiteFolder
from newsletter.errors import Refused
from newsletter.settings import SiteSettings
from tests.site_reader import Site
from tests.site_samples import NEWSLETTER, edition, entry, files, folder, site, some_editions
from tests.terminal import files as files_in
from tests.terminal import linkletter, message, packed, slack_files, touched

ROOT = Path(__file__).resolve().parent.parent

# --- the folder ------------------------------------------------------------------------------------------------------


def test_the_second_time_nothing_is_touched(tmp_path):
    made = folder(tmp_path, some_editions())
    before = touched(tmp_path / "site")
    again = made.write(files(some_editions()))
    assert (again.written, again.removed, again.unchanged) == ((), (), len(before) - 1)
    assert touched(tmp_path / "site") == before


def test_one_more_edition_writes_only_what_it_changes(tmp_path):
    made = folder(tmp_path, some_editions(9))
    before = touched(tmp_path / "site")
    drawn = []
    counted = [
        replace(file, text=lambda file=file: drawn.append(file.name) or file.text())
        for file in files(some_editions(10))
    ]
    written = made.write(counted).written
    assert set(written) == {
        "editions/2020-08-15-ml-weekly.html",
        "editions/2020-08-08-ml-weekly.html",
        "months/2020-08.html",
        *(f"tags/{tag}.html" for tag in ("paper", "벡터검색")),
        *(f"feeds/{name}.xml" for name in ("editions", "links", "tags/paper", "tags/벡터검색")),
        "search/2020.js",
        "tags.html",
        "index.html",
    }
    assert set(drawn) == set(written), "what does not change is not even drawn"
    after = touched(tmp_path / "site")
    assert {name for name in before if before[name] != after[name]} == set(written) & before.keys() | {LEDGER}


def test_what_is_no_longer_wanted_goes_with_its_folder(tmp_path):
    made = folder(tmp_path, [edition(0, entry("a", hashtags=("ml",))), edition(1, entry("b"))])
    withdrawn = tmp_path / "site" / "editions" / "2020-06-13-ml-weekly.html"
    withdrawn.write_text("edited by hand, and withdrawn all the same")
    removed = made.write(files([edition(1, entry("b"))])).removed
    assert {"editions/2020-06-13-ml-weekly.html", "tags/ml.html", "feeds/tags/ml.xml"} == set(removed)
    assert Site(tmp_path / "site").lost_links() == []
    assert not (tmp_path / "site" / "tags").exists()


def test_a_page_that_was_changed_or_deleted_by_hand_is_written_again(tmp_path):
    made = folder(tmp_path, some_editions())
    before = files_in(tmp_path / "site")
    (tmp_path / "site" / "tags.html").write_text("mine")
    (tmp_path / "site" / "index.html").unlink()
    assert set(made.write(files(some_editions())).written) == {"tags.html", "index.html"}
    assert files_in(tmp_path / "site") == before


def test_a_file_that_was_there_before_is_never_replaced(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("my home page")
    with pytest.raises(Refused, match=r"index\.html is there and is not Linkletter's"):
        folder(tmp_path, some_editions())
    assert files_in(tmp_path / "site") == {"index.html": b"my home page"}


def test_other_files_in_the_folder_are_left_alone(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "CNAME").write_text("links.example.com")
    made = folder(tmp_path, some_editions())
    made.write(())
    assert files_in(tmp_path / "site") == {"CNAME": b"links.example.com"}


def test_the_site_of_another_newsletter_is_not_taken_over(tmp_path):
    folder(tmp_path, some_editions())
    other = NEWSLETTER.model_copy(update={"key": "other"})
    with pytest.raises(Refused, match="is the site of ml-weekly"):
        folder(tmp_path, some_editions(), newsletter=other)


@pytest.mark.parametrize("ledger", ["", "{}", "[]", '{"newsletter": "ml-weekly", "files": {"../x": ["a", "b"]}}'])
def test_a_damaged_list_of_files_deletes_nothing(tmp_path, ledger):
    folder(tmp_path, some_editions())
    (tmp_path / "site" / LEDGER).write_text(ledger)
    (tmp_path / "x").write_text("outside")
    before = files_in(tmp_path)
    with pytest.raises(Refused, match="delete"):
        folder(tmp_path, some_editions(4))
    assert files_in(tmp_path) == before


def test_a_page_that_cannot_be_drawn_changes_nothing(tmp_path):
    made = folder(tmp_path, some_editions())
    before = files_in(tmp_path)

    def broken():
        raise ZeroDivisionError

    drawn = files(some_editions(4))
    with pytest.raises(ZeroDivisionError):
        made.write([*drawn[:-1], replace(drawn[-1], text=broken)])
    assert files_in(tmp_path) == before


def test_a_folder_that_cannot_be_written_says_which(tmp_path):
    (tmp_path / "site").write_text("a file")
    with pytest.raises(Refused, match="site"):
        folder(tmp_path, some_editions())


class Watched(SiteFolder):
    """Looks at the site as a reader would, after each file that is put in place."""

    def _put_in_place(self, stage, name):
        super()._put_in_place(stage, name)
        if (self._folder / "index.html").exists():
            Site(self._folder).reachable()


def test_at_no_moment_does_a_link_lead_to_a_page_that_is_not_there_yet(tmp_path):
    folder(tmp_path, some_editions(2))
    Watched(tmp_path / "site", "ml-weekly", files).write(files(some_editions(5)))
    assert Site(tmp_path / "site").lost_links() == []


KILLED = """
import json, os, signal, sys
from pathlib import Path
from newsletter.destinations.site import SiteFolder
from newsletter.render_site import File

folder, after, drawn = json.load(sys.stdin)

class Dying(SiteFolder):
    def _put_in_place(self, stage, name):
        global after
        if not after:
            os.kill(os.getpid(), signal.SIGKILL)
        after -= 1
        super()._put_in_place(stage, name)

made = [File(name, digest, lambda text=text: text) for name, digest, text in drawn]
Dying(Path(folder), "ml-weekly", lambda _: made).write(made)
"""


@pytest.mark.parametrize("after", [0, 1, 9])
def test_after_a_crash_the_next_writing_ends_what_was_begun(tmp_path, after):
    folder(tmp_path, some_editions(2))
    drawn = [(file.name, file.digest, file.text()) for file in files(some_editions(4))]
    ended = subprocess.run(
        [sys.executable, "-c", KILLED],
        input=json.dumps([str(tmp_path / "site"), after, drawn]),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    Site(tmp_path / "site").reachable()
    folder(tmp_path, some_editions(4))
    site(tmp_path / "afresh", some_editions(4))
    left = {name for name in files_in(tmp_path / "site") if name.startswith(".linkletter-new-")}
    assert left, "what a dead process left behind stays for an hour: another one could be at work"
    for one in (tmp_path / "site").glob(".linkletter-new-*"):
        os.utime(one, (0, 0))
    folder(tmp_path, some_editions(4))
    assert files_in(tmp_path / "site") == files_in(tmp_path / "afresh" / "site")


# --- as a destination --------------------------------------------------------------------------------------------------


async def test_thousands_of_files_are_one_part_whose_payload_lists_them(tmp_path):
    made = folder(tmp_path)
    (part,) = made.draw_all(some_editions())
    assert not (tmp_path / "site").exists()
    assert await made.find(part.mark) is None
    receipt = await made.send(part)
    assert [line.partition(" ")[2] for line in part.payload.splitlines()] == [
        file.name for file in files(some_editions())
    ]
    assert await made.find(part.mark) == receipt
    (tmp_path / "site" / "tags.html").write_text("by hand")
    assert await made.find(part.mark) is None
    (other,) = made.draw_all(some_editions(4))
    assert await made.find(other.mark) is None
    changed = await made.change(receipt, other)
    assert await made.find(other.mark) == changed
    await made.remove(changed)
    await made.remove(changed)
    assert files_in(tmp_path / "site") == {}


async def test_a_part_that_was_drawn_by_another_process_is_refused(tmp_path):
    (part,) = folder(tmp_path).draw_all(some_editions())
    with pytest.raises(Refused, match="publish again"):
        await folder(tmp_path).send(part)


async def test_the_digest_of_the_site_changes_with_its_editions_and_settings_only(tmp_path):
    def mark(*drawn):
        return folder(tmp_path, (), *drawn[1:]).draw_all(drawn[0])[0].mark

    usual = mark(some_editions())
    assert mark(some_editions()) == usual
    assert mark(some_editions(2)) != usual
    assert mark(some_editions(), SiteSettings(title="x")) != usual
    assert mark(some_editions(), SiteSettings(pictures=True)) != usual


# --- the command -----------------------------------------------------------------------------------------------------

CHAT = {
    "links": [
        message("Sparse #paper\n<https://example.org/sparse>\nA gentle tour.", "2020-06-09 01:00"),
        message("벡터 검색 입문\n<https://example.com/vector>\n처음 보는 사람에게 좋다.", "2020-06-17 01:00"),
        message("plan: <https://docs.google.com/document/d/1abc/edit>", "2020-06-17 02:00"),
    ],
    "desk": [message("Secret plan\n<https://example.org/plan>\nFor us only.", "2020-06-09 03:00")],
}
CONFIG = """\
newsletters:
  weekly:
    timezone: Asia/Seoul
    schedule: {day: saturday, time: "12:00"}
    site: {title: Our links}
"""


@pytest.fixture
def home(tmp_path):
    """A folder with an imported export and no configuration."""
    at = tmp_path / "home"
    at.mkdir()
    linkletter("import", packed(tmp_path / "export.zip", slack_files(CHAT, private=["desk"])), at=at)
    return at


def test_an_export_becomes_a_site_in_one_line_and_twice_changes_nothing(home):
    assert "linkletter site --to FOLDER --all-weeks" in linkletter("site", "--to", "out", at=home).err
    assert not (home / "out").exists()
    said = linkletter("site", "--to", "out", "--all-weeks", at=home)
    assert said.out.startswith("2 editions: ")
    made = Site(home / "out")
    assert made.lost_links() == []
    assert "A gentle tour." in "".join(page.text for page in made.pages.values())
    assert not any("Secret" in made.text(name) or "docs.google" in made.text(name) for name in made.files)
    before = touched(home / "out")
    again = linkletter("site", "--to", "out", "--json", at=home).json
    assert (again["editions"], again["written"], again["unchanged"]) == (2, [], len(before) - 1)
    assert touched(home / "out") == before


def test_publish_keeps_the_configured_site_and_site_writes_it_again(home):
    (home / "config.yaml").write_text(CONFIG)
    linkletter("import", home.parent / "export.zip", at=home)
    said = linkletter("publish", "--all-weeks", at=home)
    assert said.out.endswith("\tindex.html\n")
    made = files_in(home / "site")
    assert "Our links" in Site(home / "site").page("index.html").text
    assert linkletter("publish", "--all-weeks", at=home).out == ""
    shutil.rmtree(home / "site")
    linkletter("site", at=home)
    assert files_in(home / "site") == made


def test_ids_in_feeds_are_made_of_the_first_address_so_that_two_teams_names_may_be_the_same(home):
    def ids(address: str, *words: str, at: str = "site") -> list[str]:
        url = f', url: "{address}"' if address else ""
        (home / "config.yaml").write_text(CONFIG.replace("Our links", f"Our links{url}"))
        linkletter("site", *words, at=home)
        return re.findall("<id>(.+?)</id>", (home / at / "feeds" / "editions.xml").read_text("utf-8"))

    unnamed = ids("", "--all-weeks")
    ours = ids("https://links.example.com/ours")
    assert len(ours) == 3
    assert set(ours).isdisjoint(unnamed), "without an address nobody had subscribed"
    assert ids("https://moved.example.com") == ids("") == ours
    assert ids("", "--to", "out", at="out") == ours
    shutil.rmtree(home / "site")
    assert set(ids("https://links.example.com/theirs")).isdisjoint(ours)


def test_where_the_site_shall_be_must_be_said(home):
    assert "linkletter site --to" in linkletter("site", at=home, status=2).err


def test_a_folder_with_somebodys_home_page_ends_with_a_sentence(home):
    linkletter("publish", "--to", "posts", "--all-weeks", at=home)
    (home / "out").mkdir()
    (home / "out" / "index.html").write_text("my home page")
    assert "choose another folder" in linkletter("site", "--to", "out", at=home, status=1).err
    assert "failed" not in linkletter("status", at=home).out


def test_the_site_of_a_real_export_holds(shared_data, tmp_path):
    linkletter("import", shared_data / "exports" / "houstondatavis.zip", at=tmp_path)
    linkletter("site", "--to", "out", "--all-weeks", at=tmp_path)
    made = Site(tmp_path / "out")
    assert made.lost_links() == []
    assert set(made.pages) | set(made.feeds) <= made.reachable()
