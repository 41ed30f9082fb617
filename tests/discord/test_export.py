"""DiscordChatExporter's files as readings: a file, a folder, a ZIP, partitions and snapshots, old schema and new."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.platforms.discord.export import open_export, recognises
from newsletter.errors import ImportFailed
from newsletter.heard import ChannelId, EmojiSeen, Reading, Source

ANN = {"id": "11", "name": "ann_l", "discriminator": "0000", "nickname": "Ann", "isBot": False, "roles": []}


def message(id: object, content: str = "https://a.com/x", **changes: Any) -> dict[str, Any]:
    return {
        "id": id,
        "type": "Default",
        "timestamp": f"2023-05-01T09:00:{int(str(id)) % 60:02}.000+09:00",
        "timestampEdited": None,
        "content": content,
        "author": ANN,
        "attachments": [],
        "embeds": [],
        "reactions": [],
        "mentions": [],
    } | changes


def document(*messages: dict[str, Any], channel: str = "43", at: str | None = "2024-01-01T00:00:00.1234567+00:00", guild: str = "42", **more: Any) -> dict[str, Any]:  # fmt: skip
    made: dict[str, Any] = {
        "guild": {"id": guild, "name": "Team", "iconUrl": ""},
        "channel": {
            "id": channel,
            "type": "GuildTextChat",
            "categoryId": "1",
            "category": "Text",
            "name": f"channel-{channel}",
            "topic": None,
        }
        | more,
        "dateRange": {"after": None, "before": None},
    }
    if at:
        made["exportedAt"] = at
    return made | {"messages": list(messages), "messageCount": len(messages)}


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False), "utf-8")
    return path


def zipped(path: Path, **files: object) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.json", json.dumps(content))
    return path


def read(path: Path, workspace: str = "") -> list[Reading]:
    return list(open_export(path, workspace).readings())


def ids(reading: Reading) -> list[str]:
    return [each.id.id for each in reading.messages]


# --- one file ------------------------------------------------------------------------------------------------------


def test_a_file_is_one_reading_of_its_channel(tmp_path: Path) -> None:
    path = write(tmp_path / "Team - Text - ml-news [43].json", document(message("2"), message("1")))
    export = open_export(path)
    (reading,) = export.readings()
    at = datetime(2024, 1, 1, 0, 0, 0, 123_456, UTC)
    assert (export.workspace, export.total) == ("42", 1)
    assert reading.channel.id == ChannelId("discord", "42", "43")
    assert (reading.channel.name, reading.channel.seen_at, reading.channel.private) == ("channel-43", at, False)
    assert reading.began_at == at
    assert (reading.source, reading.complete, reading.thread) == (Source.EXPORT, False, None)
    assert ids(reading) == ["1", "2"], "in the order they were sent"
    assert [(who.id.id, who.name, who.seen_at) for who in reading.people] == [("11", "Ann", at)]


def test_a_file_of_2020_has_numbers_for_ids_and_does_not_say_when_it_was_made(tmp_path: Path) -> None:
    old = message(
        737557359926003772, author={"id": 353191485379743744, "name": "Ann", "discriminator": 1234, "isBot": False}
    )
    old["reactions"] = [{"emoji": {"id": None, "name": "🎉"}, "count": 2}]
    made = document(old, at=None)
    made["guild"]["id"], made["channel"]["id"] = 736851542931130409, 736951523644162090
    (reading,) = read(write(tmp_path / "old.json", made))
    assert reading.channel.id == ChannelId("discord", "736851542931130409", "736951523644162090")
    assert ids(reading) == ["737557359926003772"]
    assert reading.messages[0].author.id == "353191485379743744"
    assert reading.messages[0].emoji == (EmojiSeen("🎉", 2),)
    assert reading.began_at == reading.messages[0].sent_at, "when its newest message was sent"


def test_what_was_left_out_is_counted_by_reason(tmp_path: Path) -> None:
    bot = message("1", author=ANN | {"isBot": True})
    (reading,) = read(
        write(
            tmp_path / "x.json",
            document(bot, message("2", type="GuildMemberJoin"), message("3", type="7"), message("4")),
        )
    )
    assert reading.ignored == {"bot": 1, "join": 2}
    assert ids(reading) == ["4"]


def test_a_channel_without_messages_is_a_reading_too(tmp_path: Path) -> None:
    (reading,) = read(write(tmp_path / "x.json", document()))
    assert reading.messages == ()


def test_utf_16_as_some_editors_save_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(document(message("1"))), "utf-16")
    assert recognises(path)
    assert ids(read(path)[0]) == ["1"]


def test_keys_in_another_order_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", json.dumps(document(message("1")), sort_keys=True))
    assert recognises(path)
    assert ids(read(path)[0]) == ["1"]


# --- many files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True])
def test_partitions_of_a_channel_are_one_reading(tmp_path: Path, packed: bool) -> None:
    first, second = document(message("1"), message("2")), document(message("3"), at="2024-01-01T00:00:09+00:00")
    path = tmp_path / "export"
    if packed:
        path = zipped(tmp_path / "export.zip", **{"n [43]": first, "n [43] [part 2]": second})
    else:
        write(path / "n [43].json", first)
        write(path / "n [43] [part 2].json", second)
    export = open_export(path)
    (reading,) = export.readings()
    assert export.total == 2
    assert ids(reading) == ["1", "2", "3"]
    assert reading.began_at == datetime(2024, 1, 1, 0, 0, 0, 123_456, UTC), "when the first of them was begun"


def test_of_overlapping_snapshots_the_version_edited_last_counts(tmp_path: Path) -> None:
    edited = "2023-06-01T00:00:00+00:00"
    write(tmp_path / "a.json", document(message("1", "edited", timestampEdited=edited), at="2024-01-01T00:00:00+00:00"))
    write(tmp_path / "b.json", document(message("1", "unedited"), message("2"), at="2024-02-01T00:00:00+00:00"))
    (reading,) = read(tmp_path)
    assert [each.text for each in reading.messages] == ["edited", "https://a.com/x"]


@pytest.mark.parametrize("later", ["a", "b"])
def test_of_versions_edited_at_one_time_that_of_the_later_snapshot_counts(tmp_path: Path, later: str) -> None:
    for name in "ab":
        newer = name == later
        reaction = {"emoji": {"id": "", "name": "📰"}, "count": 2 if newer else 1, "users": []}
        channel = document(
            message("1", author=ANN | {"nickname": "New" if newer else "Old"}, reactions=[reaction]),
            at="2024-02-01T00:00:00+00:00" if newer else "2024-01-01T00:00:00+00:00",
            name="new-name" if newer else "old-name",
        )
        write(tmp_path / f"{name}.json", channel)
    (reading,) = read(tmp_path)
    assert reading.messages[0].emoji == (EmojiSeen("📰", 2),)
    assert reading.channel.name == "new-name"
    assert [who.name for who in reading.people] == ["New"]


def test_a_message_left_out_in_both_snapshots_is_counted_once(tmp_path: Path) -> None:
    for name in "ab":
        write(tmp_path / f"{name}.json", document(message("1", type="Call")))
    assert read(tmp_path)[0].ignored == {"call": 1}


def test_folders_are_searched_to_the_bottom_and_other_files_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "Team" / "Text" / "a.json", document(message("1"), channel="1"))
    write(tmp_path / "Team" / "Text" / "thread.JSON", document(message("2"), channel="2", type="GuildPublicThread"))
    write(tmp_path / "Team" / "a.html", "<html>")
    write(tmp_path / "package.json", {"name": "something else"})
    write(tmp_path / "broken.json", '{"not": "ours"')
    export = open_export(tmp_path)
    assert [ids(reading) for reading in export.readings()] == [["1", "2"]]
    assert (export.total, export.passed_over) == (2, 2)


def test_one_archive_may_hold_several_guilds(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", a=document(message("1"), guild="42"), b=document(message("1"), guild="77"))
    export = open_export(path)
    assert export.workspace == ""
    assert [reading.channel.id.workspace for reading in export.readings()] == ["42", "77"]


def test_direct_messages_are_counted_and_never_imported(tmp_path: Path) -> None:
    write(tmp_path / "dm.json", document(message("1"), message("2"), guild="0", channel="9", type="DirectTextChat"))
    write(tmp_path / "ours.json", document(message("3")))
    export = open_export(tmp_path)
    assert [ids(reading) for reading in export.readings()] == [["3"]]
    assert (export.total, export.ignored) == (1, {"direct message": 2})


def test_references_are_named_after_the_other_channels_of_the_export(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", a=document(message("1", "see <#2>"), channel="1"), b=document(channel="2"))
    assert read(path)[0].messages[0].text == "see [#channel-2](channel:2)"


def test_a_workspace_given_by_the_caller_serves_where_a_file_names_none(tmp_path: Path) -> None:
    made = document(message("1"))
    del made["guild"]["id"]
    path = write(tmp_path / "x.json", made)
    assert read(path, "7")[0].channel.id.workspace == "7"
    assert read(path)[0].messages[0].permalink is None


def test_progress_counts_files(tmp_path: Path) -> None:
    export = open_export(
        zipped(tmp_path / "x.zip", a=document(channel="1"), b=document(channel="2"), c=document(channel="1"))
    )
    done: list[int] = []
    list(export.readings(done.append))
    assert done == [1, 2, 3]


def test_reading_twice_says_the_same(tmp_path: Path) -> None:
    export = open_export(zipped(tmp_path / "x.zip", a=document(message("1")), b=document(message("2"), channel="5")))
    assert list(export.readings()) == list(export.readings())


# --- what is no export ---------------------------------------------------------------------------------------------


def test_an_export_is_recognised_by_what_is_in_it(tmp_path: Path) -> None:
    one = write(tmp_path / "any" / "name.json", document(message("1")))
    assert recognises(one)
    assert recognises(tmp_path)
    assert recognises(zipped(tmp_path / "x.zip", a={"x": 1}, b=document()))
    assert not recognises(write(tmp_path / "slack" / "general" / "2020-01-01.json", [{"ts": "1.0"}]))
    assert not recognises(tmp_path / "slack")
    assert not recognises(write(tmp_path / "page.html", "<html>"))


def test_a_path_that_cannot_be_read_says_why_when_asked_whether_it_is_an_export(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match="No such file"):
        recognises(tmp_path / "nothing here")
    with pytest.raises(ImportFailed, match="outside the export"):
        recognises(zipped(tmp_path / "x.zip", **{"../a": document()}))


@pytest.mark.parametrize("content", ["", "<html></html>", "[]", "{}", '{"name": "x"}', '{"guild": {"id": "1"}}'])
def test_a_file_that_is_something_else_is_refused_when_given_directly(tmp_path: Path, content: str) -> None:
    path = write(tmp_path / "x.json", content)
    with pytest.raises(ImportFailed, match="JSON") as failed:
        open_export(path)
    assert failed.value.file == str(path)


def test_a_folder_without_any_export_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match="DiscordChatExporter"):
        open_export(tmp_path)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.999])
def test_a_cut_off_file_is_refused_with_its_place(tmp_path: Path, share: float) -> None:
    whole = json.dumps(
        document(*(message(str(number), "한글 https://a.com/x") for number in range(50))), ensure_ascii=False, indent=2
    ).encode()
    path = tmp_path / "cut.json"
    path.write_bytes(whole[: int(len(whole) * share)])
    write(tmp_path / "whole.json", document(message("1")))
    for given in (path, tmp_path):
        with pytest.raises(ImportFailed, match=r"(line \d+ column \d+|byte \d+).*Export it again") as failed:
            open_export(given)
        assert "cut.json" in str(failed.value)


def test_rounded_ids_are_refused_with_their_place(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", document(message("1"), message("2") | {"id": 7.37557359926e17}))
    with pytest.raises(ImportFailed, match=r"message 2: the id .* was rounded"):
        read(path)


@pytest.mark.parametrize(
    ("part", "why"), [("guild", "was rounded"), ("channel", "was rounded"), ("none", "which channel")]
)
def test_a_file_that_does_not_say_which_channel_it_is_of_is_refused(tmp_path: Path, part: str, why: str) -> None:
    made = document(message("1"))
    made.get(part, made["channel"])["id"] = None if part == "none" else 7.37557359926e17
    with pytest.raises(ImportFailed, match=f"at its beginning: .*{why}"):
        open_export(write(tmp_path / "x.json", made))


# --- a real one ----------------------------------------------------------------------------------------------------


def test_the_real_export_of_2020_is_read(shared_data: Path) -> None:
    path = shared_data / "exports" / "dce-2020-anonymised.json"
    assert recognises(path)
    (reading,) = read(path)
    assert len(reading.messages) == 4
    assert reading.ignored == {"join": 1}
    assert all(each.sent_at.tzinfo is UTC for each in reading.messages)
    assert [emoji.count for each in reading.messages for emoji in each.emoji or ()] == [1, 1, 1, 1]
    assert any("](person:353191485379743744)" in each.text for each in reading.messages) is False
