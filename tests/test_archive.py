"""Reading a stranger's files: what is refused, and that the refusal names file and place."""

import json
import os
import stat
import zipfile
from pathlib import Path

import pytest

from bot.platforms import archive
from bot.platforms.archive import Archive
from newsletter.errors import ImportFailed


def packed(path: Path, *members: tuple[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members:
            made.writestr(name, content)
    return path


def test_a_file_a_folder_and_a_zip_are_read_alike(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "2.json").write_text("[2]")
    (folder / "a.json").write_text("[1]")
    with (
        Archive(folder) as from_folder,
        Archive(packed(tmp_path / "x.zip", ("b/2.json", "[2]"), ("a.json", "[1]"))) as from_zip,
    ):
        for opened in (from_folder, from_zip):
            assert opened.names() == ["a.json", "b/2.json"]
            assert [opened.read_json(name) for name in opened.names()] == [[1], [2]]
            assert not opened.is_file
    with Archive(folder / "a.json") as single:
        assert (single.names(), single.read_json("a.json"), single.is_file) == (["a.json"], [1], True)


def test_what_is_asked_for_again_is_parsed_once_as_far_as_it_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "KEPT_PARSED_BYTES", 8)
    with Archive(packed(tmp_path / "x.zip", ("a.json", "[1,2]"), ("b.json", "[3,4]"))) as opened:
        first = {name: opened.read_json(name, again=True) for name in opened.names()}
    # Closed it opens again.
    again = {name: opened.read_json(name) for name in opened.names()}
    opened.close()
    assert again == first == {"a.json": [1, 2], "b.json": [3, 4]}
    assert again["a.json"] is first["a.json"]
    assert again["b.json"] is not first["b.json"]


def test_a_zip_is_known_by_its_bytes_not_by_its_name(tmp_path: Path) -> None:
    with Archive(packed(tmp_path / "download", ("a.json", "[1]"))) as opened:
        assert opened.names() == ["a.json"]


def test_names_made_on_windows_and_what_a_mac_adds_do_no_harm(tmp_path: Path) -> None:
    path = packed(tmp_path / "x.zip", ("b\\1.json", "1"), ("__MACOSX/._a.json", "\0"), ("c/._2.json", "\0"))
    with Archive(path) as opened:
        assert opened.names() == ["b/1.json"]
        assert opened.read_json("b/1.json") == 1


@pytest.mark.parametrize("name", ["../a.json", "x/../../a.json", "/etc/a.json", "C:\\a.json", "..\\a.json"])
def test_a_zip_whose_names_point_outside_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ImportFailed, match="outside the export"):
        Archive(packed(tmp_path / "x.zip", ("good.json", "1"), (name, "1")))


def test_symbolic_links_are_refused(tmp_path: Path) -> None:
    member = zipfile.ZipInfo("link.json")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(member, "/etc/passwd")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link.json").symlink_to(path)
    for given in (path, folder):
        with pytest.raises(ImportFailed, match=r"link\.json: is a symbolic link"):
            Archive(given)


def test_a_folder_that_links_to_another_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inner").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(ImportFailed, match="symbolic link"):
        Archive(tmp_path / "folder")


def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with Archive(tmp_path) as opened:
        assert opened.names() == []


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("a.json", "1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            made.writestr("a.json", "2")
    with pytest.raises(ImportFailed, match="twice"):
        Archive(path)


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "x.zip", ("a.json", "[1]"))
    raw = bytearray(path.read_bytes())
    raw[6] |= 1  # the flag in the member's own header
    raw[raw.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    path.write_bytes(raw)
    with Archive(path) as opened, pytest.raises(ImportFailed, match=r"a\.json: is encrypted"):
        opened.read_json("a.json")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = packed(tmp_path / "x.zip", ("a.json", " " * 20_000_000 + "1"))
    with Archive(path) as opened, pytest.raises(ImportFailed, match=r"a\.json: unpacks to over 200 times its size"):
        opened.read_json("a.json")


def test_one_file_and_all_together_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(tmp_path / "x.zip", ("a.json", "[1]"), ("b.json", "[1,  2]"))
    monkeypatch.setattr(archive, "MAX_FILE_BYTES", 5)
    with Archive(path) as opened, pytest.raises(ImportFailed, match=r"b\.json: is over"):
        opened.read_json("b.json")
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 5)
    with Archive(path) as opened:
        opened.read_json("a.json")
        with pytest.raises(ImportFailed, match="the export is over"):
            opened.read_json("a.json")
    monkeypatch.setattr(archive, "MAX_FILES", 1)
    with pytest.raises(ImportFailed, match="holds over 1 files"):
        Archive(path)


@pytest.mark.parametrize("content", ["", "{", '{"a": tr', '{"a": "bc', "[1,", '["\\u12', "[1"])
def test_a_cut_off_file_is_called_so_with_its_place(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    with (
        Archive(path) as opened,
        pytest.raises(ImportFailed, match=r"a\.json at line 1 column \d+: is cut off\. Export it again"),
    ):
        opened.read_json("a.json")


def test_a_file_cut_inside_a_letter_is_called_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes('["한'.encode()[:-1])
    with Archive(path) as opened, pytest.raises(ImportFailed, match=r"at byte 3: is cut off"):
        opened.read_json("a.json")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"[1,]", r"line 1 column 4: is not valid JSON \(Expecting value\)"),
        (b'{"a": 1}}', "not valid JSON"),
        (b'["\xff"]', "byte 3: is not UTF-8 text"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"1" * 5_000, "a number too long"),
    ],
)
def test_json_that_cannot_be_read_is_refused_with_its_place(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with Archive(path) as opened, pytest.raises(ImportFailed, match=why):
        opened.read_json("a.json")


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    whole = packed(tmp_path / "x.zip", ("a.json", json.dumps(list(range(10_000)))))
    raw = whole.read_bytes()
    cut = tmp_path / "cut.zip"
    cut.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(ImportFailed, match="no whole ZIP"):
        Archive(cut)
    whole.write_bytes(raw[:200] + bytes(50) + raw[250:])
    with Archive(whole) as opened, pytest.raises(ImportFailed, match=r"a\.json: cannot be unpacked"):
        opened.read_json("a.json")


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match="cannot be read: No such file"):
        Archive(tmp_path / "nothing.zip")


def test_a_hostile_file_name_cannot_steer_the_terminal(tmp_path: Path) -> None:
    with Archive(packed(tmp_path / "x.zip", ("\x1b[31m.json", "{"))) as opened, pytest.raises(ImportFailed) as failed:
        opened.read_json(opened.names()[0])
    assert "\x1b" not in str(failed.value)
