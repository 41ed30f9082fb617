"""The Markdown folder: a post is written whole or not at all, and what a person edited is never lost."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from newsletter.destinations.markdown import MarkdownFolder, hash_of, mark_of
from newsletter.errors import CannotLook, Refused
from newsletter.model import Part, Receipt

NAME = "2020-06-13-weekly.md"


def part(text, name=NAME):
    return Part(ordinal=1, payload=text, mark=mark_of(name, text), name=name)


def folder(path, on_hand_edit="beside"):
    return MarkdownFolder(path, lambda edition: (NAME, f"# {edition}\n"), on_hand_edit=on_hand_edit)


def names(path):
    return sorted(file.name for file in path.iterdir())


def test_an_edition_is_drawn_as_one_file_with_a_mark_of_its_name_and_text(tmp_path):
    (drawn,) = folder(tmp_path).draw("a")
    assert drawn == Part(ordinal=1, payload="# a\n", mark=mark_of(NAME, "# a\n"), name=NAME)
    assert not any(tmp_path.iterdir())


async def test_a_post_is_written_into_a_folder_that_is_made_for_it(tmp_path):
    posts = folder(tmp_path / "blog" / "posts")
    receipt = await posts.send(part("글\n"), None)
    assert (tmp_path / "blog" / "posts" / NAME).read_bytes() == "글\n".encode()
    assert (receipt.id, receipt.note) == (NAME, hash_of("글\n"))
    assert names(tmp_path / "blog" / "posts") == [NAME]


async def test_sending_twice_changes_nothing(tmp_path):
    posts = folder(tmp_path)
    first = await posts.send(part("a\n"), None)
    before = (tmp_path / NAME).stat()
    assert await posts.send(part("a\n"), None) == first
    assert (tmp_path / NAME).stat().st_mtime_ns == before.st_mtime_ns


async def test_a_post_is_found_by_its_mark_only_with_exactly_its_text(tmp_path):
    posts = folder(tmp_path)
    assert await posts.find(mark_of(NAME, "a\n")) is None
    receipt = await posts.send(part("a\n"), None)
    assert await posts.find(mark_of(NAME, "a\n")) == receipt
    assert await posts.find(mark_of(NAME, "b\n")) is None


async def test_line_ends_that_git_changed_are_no_edit(tmp_path):
    posts = folder(tmp_path)
    receipt = await posts.send(part("a\nb\n"), None)
    (tmp_path / NAME).write_bytes(b"a\r\nb\r\n")
    assert await posts.find(mark_of(NAME, "a\nb\n")) == receipt
    await posts.change(receipt, part("c\n"))
    assert (tmp_path / NAME).read_text() == "c\n"


async def test_what_we_wrote_last_is_replaced(tmp_path):
    posts = folder(tmp_path)
    receipt = await posts.send(part("a\n"), None)
    changed = await posts.change(receipt, part("b\n"))
    assert (tmp_path / NAME).read_text() == "b\n"
    assert changed.note == hash_of("b\n")
    assert await posts.change(receipt, part("b\n")) == changed


@pytest.mark.parametrize(
    ("on_hand_edit", "there", "beside"),
    [("beside", "mine\n", "b\n"), ("keep", "mine\n", None), ("replace", "b\n", None)],
)
async def test_a_persons_edit_is_treated_as_the_settings_say(tmp_path, on_hand_edit, there, beside):
    posts = folder(tmp_path, on_hand_edit)
    receipt = await posts.send(part("a\n"), None)
    (tmp_path / NAME).write_text("mine\n")
    for _ in range(2):
        receipt = await posts.change(receipt, part("b\n"))
    assert (tmp_path / NAME).read_text() == there
    assert names(tmp_path) == sorted([NAME] + [f"{NAME}.new~"] * (beside is not None))
    if beside is not None:
        assert (tmp_path / f"{NAME}.new~").read_text() == beside
        assert await posts.find(mark_of(NAME, "b\n")) == receipt


async def test_a_file_that_was_there_before_us_counts_as_a_persons(tmp_path):
    (tmp_path / NAME).write_text("mine\n")
    receipt = await folder(tmp_path).send(part("a\n"), None)
    assert (tmp_path / NAME).read_text() == "mine\n"
    assert receipt.id == f"{NAME}.new~"


async def test_an_edit_that_was_kept_is_still_known_as_one_the_next_time(tmp_path):
    posts = folder(tmp_path, "keep")
    receipt = await posts.send(part("a\n"), None)
    (tmp_path / NAME).write_text("mine\n")
    for text in ("b\n", "c\n"):
        receipt = await posts.change(receipt, part(text))
    assert (tmp_path / NAME).read_text() == "mine\n"


async def test_a_person_who_takes_our_text_over_is_followed_again(tmp_path):
    posts = folder(tmp_path)
    receipt = await posts.send(part("a\n"), None)
    (tmp_path / NAME).write_text("mine\n")
    receipt = await posts.change(receipt, part("b\n"))
    (tmp_path / f"{NAME}.new~").replace(tmp_path / NAME)
    await posts.change(receipt, part("c\n"))
    assert {name: (tmp_path / name).read_text() for name in names(tmp_path)} == {NAME: "c\n"}


async def test_removing_takes_our_file_away_and_leaves_an_edited_one(tmp_path):
    posts = folder(tmp_path)
    receipt = await posts.send(part("a\n"), None)
    (tmp_path / NAME).write_text("mine\n")
    await posts.remove(receipt)
    assert names(tmp_path) == [NAME]
    (tmp_path / NAME).write_text("a\n")
    for _ in range(2):
        await posts.remove(receipt)
    assert names(tmp_path) == []


async def test_a_file_keeps_the_permissions_it_was_given(tmp_path):
    posts = folder(tmp_path)
    receipt = await posts.send(part("a\n"), None)
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o666 & ~umask
    (tmp_path / NAME).chmod(0o640)
    await posts.change(receipt, part("b\n"))
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", ["../a.md", "/a.md", "a/b.md", "..", ".hidden", "", "a\\b.md", "c:a.md", "a\0.md"])
async def test_nothing_is_written_outside_the_folder(tmp_path, name):
    posts = folder(tmp_path / "posts")
    with pytest.raises(Refused, match="no file name"):
        await posts.send(part("a\n", name), None)
    with pytest.raises(Refused, match="no file name"):
        await posts.remove(Receipt(name))
    assert names(tmp_path) == []


async def test_a_link_in_the_place_of_a_post_is_replaced_not_followed(tmp_path):
    outside = tmp_path / "outside.md"
    outside.write_text("theirs\n")
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / NAME).symlink_to(outside)
    await folder(tmp_path / "posts", "replace").send(part("a\n"), None)
    assert outside.read_text() == "theirs\n"
    assert (tmp_path / "posts" / NAME).read_text() == "a\n"


async def test_a_folder_that_is_a_file_is_refused_with_the_reason(tmp_path):
    (tmp_path / "posts").write_text("x")
    for place in (tmp_path / "posts", tmp_path / "posts" / "deeper"):
        with pytest.raises(Refused, match="is a file"):
            await folder(place).send(part("a\n"), None)
    with pytest.raises(CannotLook):
        await folder(tmp_path / "posts").find(mark_of(NAME, "a\n"))
    assert names(tmp_path) == ["posts"]


async def test_a_post_whose_place_is_a_folder_is_refused(tmp_path):
    (tmp_path / NAME).mkdir()
    with pytest.raises(Refused, match="it is a folder"):
        await folder(tmp_path).send(part("a\n"), None)
    assert names(tmp_path) == [NAME]


async def test_a_name_that_is_too_long_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(Refused, match="too long"):
        await folder(tmp_path).send(part("a\n", "한" * 100 + ".md"), None)
    assert names(tmp_path) == []


def child(code, *arguments):
    """A process of its own, for limits and kills that would hit the tests as well."""
    program = textwrap.dedent(f"""
        import asyncio, os, resource, signal, sys
        from pathlib import Path
        from newsletter.destinations import markdown
        from newsletter.errors import Refused
        from newsletter.model import Part, Receipt
        posts = markdown.MarkdownFolder(Path(sys.argv[1]), None)
        part = Part(1, "b" * 100_000, "", {NAME!r})
    """) + textwrap.dedent(code)
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)], capture_output=True, text=True, timeout=30
    )


@pytest.mark.skipif(sys.platform == "win32", reason="limits and signals are POSIX's")
@pytest.mark.parametrize("old", [None, "a\n"])
def test_a_disk_that_takes_no_more_leaves_the_old_text_and_no_half_file(tmp_path, old):
    if old is not None:
        (tmp_path / NAME).write_text(old)
    done = child(
        """
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        try:
            asyncio.run(posts.change(Receipt(part.name, note=markdown.hash_of("a\\n")), part))
        except Refused as error:
            print(error)
        """,
        tmp_path,
    )
    assert "larger than files may be" in done.stdout, done.stderr
    assert names(tmp_path) == ([NAME] if old else [])
    if old:
        assert (tmp_path / NAME).read_text() == old


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_named(tmp_path):
    done = child(
        """
        real = os.fsync
        def full(descriptor):
            with open("/dev/full", "wb", buffering=0) as disk:
                disk.write(b"x")
        os.fsync = full
        try:
            asyncio.run(posts.send(part, None))
        except Refused as error:
            print(error)
        """,
        tmp_path,
    )
    assert "the disk is full" in done.stdout, done.stderr
    assert names(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="limits and signals are POSIX's")
async def test_a_process_killed_while_writing_leaves_the_old_text_whole_and_the_next_one_tidies_up(tmp_path):
    posts = folder(tmp_path)
    receipt = await posts.send(part("a\n"), None)
    done = child(
        """
        os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
        asyncio.run(posts.change(Receipt(part.name, note=markdown.hash_of("a\\n")), part))
        """,
        tmp_path,
    )
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / NAME).read_text() == "a\n"
    (left_behind,) = set(names(tmp_path)) - {NAME}
    assert left_behind.startswith(".")
    await posts.change(receipt, part("c\n"))
    assert {name: (tmp_path / name).read_text() for name in names(tmp_path)} == {NAME: "c\n"}


@pytest.mark.skipif(sys.platform == "win32", reason="limits and signals are POSIX's")
async def test_a_process_killed_after_writing_finds_its_post_again(tmp_path):
    done = child(
        """
        markdown._sync_folder = lambda _: os.kill(os.getpid(), signal.SIGKILL)
        asyncio.run(posts.send(part, None))
        """,
        tmp_path,
    )
    assert done.returncode == -signal.SIGKILL
    found = await folder(tmp_path).find(mark_of(NAME, "b" * 100_000))
    assert found == Receipt(NAME)
    assert names(tmp_path) == [NAME]
