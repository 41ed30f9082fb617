"""A Slack export, ZIP or folder, old or new, whole or damaged, as readings of its channels."""

import json
import stat
import zipfile
from collections import Counter

import pytest

from bot.platforms.slack.export import open_export, recognises
from bot.platforms.slack.payloads import instant
from newsletter.errors import ImportFailed
from newsletter.heard import ChannelId, PersonId, PersonSeen, Source
from newsletter.sifting import sift

CHANNELS = [{"id": "C1", "name": "general"}, {"id": "C2", "name": "paper"}]
USERS = [
    {"id": "U1", "team_id": "T1", "name": "ann", "profile": {"display_name": "Ann"}},
    {"id": "U2", "team_id": "T1", "name": "ben", "real_name": "Ben"},
    {"id": "UBOT", "team_id": "T1", "name": "helper", "is_bot": True},
]


def post(ts, text="hello", user="U1", **more):
    return {"type": "message", "ts": ts, "user": user, "text": text, **more}


ONE = post("1714521600.000100", "one")
TWO = post("1714521660.000200", "two", user="U2")


class Exports:
    """Writes exports: a name maps to JSON, or to raw bytes."""

    def __init__(self, folder):
        self.folder = folder

    @staticmethod
    def _bytes(content):
        return content if isinstance(content, bytes) else json.dumps(content).encode()

    def zip(self, files, name="export.zip"):
        path = self.folder / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in files.items():
                archive.writestr(member, self._bytes(content))
        return path

    def directory(self, files, name="export"):
        for member, content in files.items():
            path = self.folder / name / member
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self._bytes(content))
        return self.folder / name


@pytest.fixture
def exports(tmp_path):
    return Exports(tmp_path)


@pytest.fixture(params=["zip", "directory"])
def written(request, exports):
    """Writes an export in each of the two forms."""
    return getattr(exports, request.param)


def read(path, **options):
    return {reading.channel.name: reading for reading in open_export(path, **options).readings()}


def texts(reading):
    return [message.text for message in reading.messages]


def test_a_reading_is_all_days_of_a_channel_in_the_order_of_their_ts(written):
    path = written(
        {
            "channels.json": CHANNELS,
            "users.json": USERS,
            "general/2024-05-01.json": [TWO, ONE],
            "general/2024-04-30.json": [post("1714521720.000000", "three")],
            "paper/2024-05-01.json": [post("1714521601.000000", "paper")],
        }
    )
    assert recognises(path)
    export = open_export(path)
    done = []
    general, paper = export.readings(done.append)
    assert (export.workspace, export.total, done) == ("T1", 3, [1, 2, 3])
    assert texts(general) == ["one", "two", "three"]
    assert general.channel.id == ChannelId("slack", "T1", "C1")
    assert (general.channel.name, general.channel.private) == ("general", False)
    assert (general.source, general.complete, general.ignored) == (Source.EXPORT, False, {})
    assert general.began_at == paper.began_at == general.channel.seen_at == instant("1714521720.000000")
    assert general.people == (
        PersonSeen(PersonId("slack", "T1", "U1"), "Ann", general.began_at),
        PersonSeen(PersonId("slack", "T1", "U2"), "Ben", general.began_at),
    )


def test_reading_an_export_twice_says_the_same(written):
    path = written({"channels.json": CHANNELS, "users.json": USERS, "general/2024-05-01.json": [ONE, TWO]})
    export = open_export(path)
    assert list(export.readings()) == list(export.readings()) == list(open_export(path).readings())


LINK = "<https://example.com/>"
# What can make a message worth keeping, in files of any order: minutes, words, and more.
QUIET = {
    "nothing": [(0, LINK, {}), (11, "much later", {})],
    "the words of a bare link": [(0, LINK, {}), (9, "its words", {})],
    "the words of one in a later file": [(5, "its words", {}), (0, LINK, {})],
    "somebody else's words": [(0, LINK, {}), (1, "others", {"user": "U2"})],
    "a link that was edited out": [(0, "gone", {"edited": {"user": "U1", "ts": "1714521700.000000"}})],
    "a newer version without its link": [(0, LINK, {}), (0, "gone", {})],
    "an older version without its link": [(0, "none yet", {}), (0, LINK, {"edited": {"ts": "1714521700.000000"}})],
    "an address without a scheme": [(0, "see example.com", {})],
    "an address put together": [(0, "see example.<mailto:a@b|com>", {})],
    "a link in blocks only": [
        (0, "look", {"blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
            {"type": "link", "url": "https://example.com/"}]}]}]})],
    "a file elsewhere": [
        (0, "<@U1> shared a file: <x|y>", {"file": {"mode": "external", "url_private": "https://example.com/"}})],
    "a comment on a file": [(0, f"<@U2> commented on <@U1>’s file {LINK}: see", {"user": None})],
    "deleted, said by another file": [(0, "hello", {}), (0, "x", {"subtype": "tombstone"})],
    "a bot beside a person": [(0, "hello", {}), (0, LINK, {"user": "UBOT"})],
}  # fmt: skip


@pytest.mark.parametrize("said", QUIET.values(), ids=QUIET)
@pytest.mark.parametrize("turned", [False, True], ids=["in order", "the last first"])
def test_what_is_only_counted_would_have_left_no_trace(exports, said, turned):
    days = {
        f"general/{number}.json": [post(f"{1714521600 + minute * 60}.000100", text, **more)]
        for number, (minute, text, more) in enumerate(reversed(said) if turned else said)
    }
    path = exports.zip({"channels.json": CHANNELS, "users.json": USERS, **days})
    (whole,) = map(sift, open_export(path).readings())
    (sparing,) = map(sift, open_export(path, whole=False).readings())
    assert sparing.reading.messages == whole.reading.messages
    assert sparing.reading.gone == whole.reading.gone
    assert (sparing.collected, sparing.read) == (whole.collected, whole.read)


@pytest.mark.parametrize("name", ["haskell-jp.zip", "houstondatavis.zip"])
def test_of_a_real_export_what_is_only_counted_would_have_left_no_trace(shared_data, name):
    path = shared_data / "exports" / name
    whole = list(map(sift, open_export(path).readings()))
    sparing = list(map(sift, open_export(path, whole=False).readings()))
    assert [one.reading.messages for one in sparing] == [one.reading.messages for one in whole]
    assert [one.collected for one in sparing] == [one.collected for one in whole]
    assert sum(one.reading.passed_over for one in sparing) > sum(one.collected.messages for one in whole) / 3


def test_dates_come_from_ts_and_never_from_file_names(written):
    path = written({"channels.json": CHANNELS, "general/1999-12-31.json": [ONE], "general/undated.json": [TWO]})
    assert [message.sent_at for message in read(path)["general"].messages] == [instant(ONE["ts"]), instant(TWO["ts"])]


def test_an_export_may_lie_in_one_folder_more(written):
    path = written({"Acme Slack export/channels.json": CHANNELS, "Acme Slack export/general/2024-05-01.json": [ONE]})
    assert recognises(path)
    assert texts(read(path)["general"]) == ["one"]


def test_what_systems_add_to_a_zip_is_passed_over(exports):
    path = exports.zip(
        {"channels.json": CHANNELS, "general/2024-05-01.json": [ONE], "__MACOSX/general/._2024-05-01.json": b"\x00\x05"}
    )
    assert texts(read(path)["general"]) == ["one"]


def test_folders_missing_from_the_channel_list_are_channels_known_by_their_messages_or_their_name(written):
    path = written(
        {
            "channels.json": CHANNELS,
            "old/2024-05-01.json": [ONE],
            "other/2024-05-01.json": [post("1714521600.000001", channel="C9")],
        }
    )
    found = {name: (reading.channel.id.id, reading.channel.private) for name, reading in read(path).items()}
    assert found == {"old": ("old", False), "other": ("C9", False)}


def test_folders_of_days_are_an_export_without_any_list(written):
    path = written({"general/2024-05-01.json": [ONE]})
    assert recognises(path)
    assert texts(read(path)["general"]) == ["one"]


def test_private_channels_are_marked(written):
    path = written(
        {
            "channels.json": [*CHANNELS, {"id": "C3", "name": "flagged", "is_private": True}],
            "groups.json": [{"id": "G1", "name": "secret"}],
            "general/2024-05-01.json": [ONE],
            "flagged/2024-05-01.json": [ONE],
            "secret/2024-05-01.json": [ONE],
            "unlisted/2024-05-01.json": [ONE],
        }
    )
    private = {name: reading.channel.private for name, reading in read(path).items()}
    assert private == {"general": False, "flagged": True, "secret": True, "unlisted": True}


def test_direct_messages_are_counted_and_never_read(written):
    path = written(
        {
            "channels.json": CHANNELS,
            "dms.json": [{"id": "D1", "members": ["U1", "U2"]}],
            "mpims.json": [{"id": "G2", "name": "mpdm-ann--ben--carol-1"}],
            "general/2024-05-01.json": [ONE],
            "D1/2024-05-01.json": [post("1714521999.000000", "between us"), TWO],
            "D0123ABCD/2024-05-01.json": [TWO],
            "mpdm-ann--ben--carol-1/2024-05-01.json": [TWO],
        }
    )
    export = open_export(path)
    readings = list(export.readings())
    assert [texts(reading) for reading in readings] == [["one"]]
    assert export.ignored == {"direct message": 4}
    assert export.newest == instant(ONE["ts"])


def test_json_of_other_shapes_is_passed_over(written):
    path = written(
        {
            "channels.json": [*CHANNELS, "", None],
            "users.json": {"members": 1},
            "integration_logs.json": b"never read, so it may be broken",
            "canvases.json": [""],
            "general/2024-05-01.json": [ONE, "", None, 3, {"id": "Fc1"}],
            "general/2024-05-02.json": [""],
            "general/2024-05-03.json": {"messages": []},
            "general/canvas_in_the_conversation.json": [{"id": "F1"}],
        }
    )
    general = read(path)["general"]
    assert texts(general) == ["one"]
    assert general.ignored == {}


def test_what_slackdump_adds_is_no_chat(written):
    path = written(
        {
            "channels.json": CHANNELS,
            "users.json": USERS,
            "general/2024-05-01.json": [ONE],
            "general/attachments/2024-05-01.json": b"{",
            "attachments/2024-05-01.json": [TWO],
            "__uploads/F1/2024-05-01.json": b"{",
            "__avatars/U1/2024-05-01.json": b"{",
        }
    )
    assert {name: texts(reading) for name, reading in read(path).items()} == {
        "general": ["one"],
        "attachments": ["two"],
    }


def test_slackdumps_other_format_is_refused_with_what_to_do(written):
    path = written({"users.json": USERS, "C0123ABCD.json": {"channel_id": "C0123ABCD", "messages": []}})
    assert not recognises(path)
    with pytest.raises(ImportFailed, match="slackdump convert"):
        open_export(path)


def test_what_is_no_slack_export_is_not_recognised(exports, tmp_path):
    discord = exports.directory({"Guild - general [1].json": {"guild": {}, "messages": []}}, "discord")
    (tmp_path / "notes.txt").write_text("PK is not enough")
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04 and no more")
    (tmp_path / "empty.zip").write_bytes(b"")
    for path in (
        discord,
        tmp_path / "notes.txt",
        tmp_path / "cut.zip",
        tmp_path / "empty.zip",
        tmp_path / "absent.zip",
    ):
        assert not recognises(path)
        with pytest.raises(ImportFailed) as failed:
            open_export(path)
        assert str(path) in str(failed.value)


# --- one message many times ----------------------------------------------------------------------------------------------


def test_overlapping_snapshots_of_one_channel_are_one_channel(written):
    path = written(
        {
            "channels.json": CHANNELS,
            "general/2024-05-01.json": [ONE, TWO],
            "general (1)/2024-05-01.json": [TWO, post("1714521720.000000", "three")],
            "general(2)/2024-05-01.json": [ONE],
        }
    )
    assert {name: texts(reading) for name, reading in read(path).items()} == {"general": ["one", "two", "three"]}


def test_snapshots_side_by_side_are_read_as_one(written):
    path = written(
        {
            "may/channels.json": CHANNELS,
            "may/general/2024-05-01.json": [ONE],
            "june/channels.json": CHANNELS,
            "june/general/2024-05-01.json": [ONE, TWO],
        }
    )
    assert {name: texts(reading) for name, reading in read(path).items()} == {"general": ["one", "two"]}


def test_of_two_versions_of_a_message_the_newest_edit_wins_wherever_it_stands(written):
    edited = post(ONE["ts"], "one, edited", edited={"user": "U1", "ts": "1714521700.000000"})
    again = post(ONE["ts"], "one, edited again", edited={"user": "U1", "ts": "1714521800.000000"})
    path = written({"general/2024-05-01.json": [again, ONE], "general/2024-05-02.json": [edited, TWO]})
    assert texts(read(path)["general"]) == ["one, edited again", "two"]


def test_a_reply_that_was_also_sent_to_the_channel_is_kept_once(written):
    reply = post("1714521720.000000", "reply", thread_ts=ONE["ts"])
    path = written({"general/2024-05-01.json": [ONE, reply, {**reply, "subtype": "thread_broadcast", "root": ONE}]})
    messages = read(path)["general"].messages
    assert [(message.text, message.thread) for message in messages] == [("one", None), ("reply", ONE["ts"])]


def test_deleted_messages_are_gone_even_where_another_file_still_has_them(written):
    tombstone = post(ONE["ts"], "This message was deleted.", user="USLACKBOT", subtype="tombstone", thread_ts=ONE["ts"])
    path = written({"general/2024-05-01.json": [tombstone, TWO], "general/2024-05-02.json": [ONE]})
    general = read(path)["general"]
    assert texts(general) == ["two"]
    assert [gone.id for gone in general.gone] == [ONE["ts"]]
    assert general.ignored == {"deleted": 1}


def test_what_is_left_out_is_counted_once_by_reason(written):
    join = post("1714521700.000000", "<@U1> has joined the channel", subtype="channel_join")
    path = written(
        {
            "users.json": USERS,
            "general/2024-05-01.json": [ONE, join, post("1714521701.000000", user="UBOT"), post(None), post("x")],
            "general (1)/2024-05-01.json": [join],
        }
    )
    assert read(path)["general"].ignored == {"bot": 1, "join": 1, "malformed": 2}


# --- whose export it is ----------------------------------------------------------------------------------------------------


def test_the_workspace_is_the_one_most_people_are_of_else_most_messages_else_the_callers(written):
    guests = [*USERS, {"id": "U9", "team_id": "T9"}]
    day = {
        "general/2024-05-01.json": [
            post("1714521600.000100", team="T2"),
            post("1714521600.000200", team="T2"),
            {**TWO, "team": "T9"},
        ]
    }
    assert open_export(written({"users.json": guests, **day}), "TX").workspace == "T1"
    assert open_export(written({"users.json": [], **day}), "TX").workspace == "T2"
    assert open_export(written({"users.json": [], "general/2024-05-01.json": [ONE]}), "TX").workspace == "TX"
    assert open_export(written({"general/2024-05-01.json": [ONE]})).workspace == ""


def test_permalinks_use_the_domain_that_names_channels_and_people_of_this_export(written):
    path = written(
        {
            "channels.json": CHANNELS,
            "users.json": USERS,
            "general/2024-05-01.json": [
                *(post(f"1714521600.00000{n}", "<https://elsewhere.slack.com/archives/C777/p1>") for n in range(5)),
                post("1714521601.000000", "<https://acme.slack.com/archives/C1/p1714521600000100>"),
                post(
                    "1714521602.000000",
                    files=[{"permalink": "https://acme.slack.com/files/U1/F1/a.png"}],
                    thread_ts="1714521600.000001",
                ),
            ],
        }
    )
    export = open_export(path)
    assert export.domain == "acme"
    *_, last = next(export.readings()).messages
    assert last.permalink == "https://acme.slack.com/archives/C1/p1714521602000000?thread_ts=1714521600.000001&cid=C1"


def test_without_any_sign_of_the_domain_there_are_no_permalinks(written):
    path = written(
        {"general/2024-05-01.json": [post("1714521600.0", "<https://elsewhere.slack.com/archives/C777/p1>")]}
    )
    assert read(path)["general"].messages[0].permalink is None


def test_people_are_named_by_their_messages_where_no_list_has_them(written):
    path = written(
        {
            "users.json": USERS,
            "general/2024-05-01.json": [
                post("1714521600.000001", "hi <@U7>"),
                post("1714521600.000002", user="U7", user_profile={"display_name": "dora", "name": "d"}),
                post("1714521600.000003", user="U8"),
            ],
        }
    )
    general = read(path)["general"]
    assert texts(general)[0] == "hi [@dora](person:U7)"
    assert {(person.id.id, person.name) for person in general.people} == {("U1", "Ann"), ("U7", "dora")}


def test_only_people_who_appear_in_a_channel_are_handed_on_with_it(written):
    reactions = [{"name": "tada", "users": ["UBOT"], "count": 1}]
    path = written(
        {"users.json": USERS, "general/2024-05-01.json": [post("1714521600.0", "no one else", reactions=reactions)]}
    )
    assert [(person.id.id, person.bot) for person in read(path)["general"].people] == [("U1", False), ("UBOT", True)]


def test_no_download_token_reaches_a_reading(written):
    file = {
        "url_private": "https://files.slack.com/files-pri/T1-F1/a.png?t=xoxe-1-a",
        "permalink": "https://acme.slack.com/files/U1/F1/a.png",
    }
    message = post("1714521600.0", "<https://files.slack.com/files-pri/T1-F1/a.png?t=xoxe-1-a> xoxe-1-a", files=[file])
    path = written({"users.json": [{"id": "U1", "name": "xoxe-1-a"}], "xoxe-1-a/2024-05-01.json": [message]})
    assert "xox" not in repr(list(open_export(path).readings()))


# --- damaged and hostile -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'[\n{"ts": "1714521600.000100", "te', "line 2"),
        (b"[{]", "line 1 column 3"),
        (b"", "line 1"),
        (b'[{"text": "\xff"}]', "byte 12"),
        (b"[" * 100_000, "nested"),
        (b"[" + b"9" * 10_000 + b"]", "number"),
    ],
)
def test_damaged_json_names_the_file_and_the_place_before_anything_is_read(written, content, place):
    path = written({"channels.json": CHANNELS, "general/2024-05-01.json": [ONE], "paper/2024-05-01.json": content})
    with pytest.raises(ImportFailed) as failed:
        open_export(path)
    assert str(path) in str(failed.value)
    assert "paper/2024-05-01.json" in str(failed.value)
    assert place in str(failed.value)


def test_a_deeply_nested_message_that_is_still_json_is_read(written):
    deep = []
    for _ in range(400):
        deep = [deep]
    assert texts(
        read(written({"general/2024-05-01.json": [{**ONE, "blocks": deep, "attachments": deep}]}))["general"]
    ) == ["one"]


@pytest.mark.parametrize(
    "name", ["../general/2024-05-01.json", "/general/2024-05-01.json", "general/../../x.json", "C:/general/x.json"]
)
def test_a_zip_that_points_outside_itself_is_refused(exports, name):
    with pytest.raises(ImportFailed, match="outside"):
        open_export(exports.zip({"channels.json": CHANNELS, "general/2024-05-01.json": [ONE], name: [TWO]}))


def test_a_symbolic_link_in_a_zip_is_refused(exports, tmp_path):
    path = exports.zip({"channels.json": CHANNELS, "general/2024-05-01.json": [ONE]})
    with zipfile.ZipFile(path, "a") as archive:
        linked = zipfile.ZipInfo("general/2024-05-02.json")
        linked.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(linked, "/etc/hostname")
    with pytest.raises(ImportFailed, match="symbolic link"):
        open_export(path)


def test_a_symbolic_link_in_a_folder_is_refused(exports, tmp_path):
    path = exports.directory({"channels.json": CHANNELS, "general/2024-05-01.json": [ONE]})
    (tmp_path / "outside.json").write_text("[]")
    (path / "general" / "2024-05-02.json").symlink_to(tmp_path / "outside.json")
    with pytest.raises(ImportFailed, match="symbolic link"):
        open_export(path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(exports):
    path = exports.zip({"channels.json": CHANNELS, "general/2024-05-01.json": b"[" + b" " * 30_000_000 + b"]"})
    with pytest.raises(ImportFailed, match=r"general/2024-05-01\.json"):
        open_export(path)


def test_an_encrypted_zip_says_what_to_do(exports):
    path = exports.zip({"channels.json": CHANNELS, "general/2024-05-01.json": [ONE]})
    raw = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = raw.find(signature)
        while at >= 0:
            raw[at + offset] |= 1
            at = raw.find(signature, at + 1)
    path.write_bytes(raw)
    with pytest.raises(ImportFailed, match="encrypted"):
        open_export(path)


def test_nothing_is_written_to_disk(exports, tmp_path):
    path = exports.zip({"channels.json": CHANNELS, "general/2024-05-01.json": [ONE]})
    before = sorted(tmp_path.rglob("*"))
    read(path)
    assert sorted(tmp_path.rglob("*")) == before


# --- the real ones -------------------------------------------------------------------------------------------------------


def counted(readings):
    return sum((Counter(reading.ignored) for reading in readings), Counter())


def test_every_message_of_the_2015_export_is_handed_on_or_counted(shared_data):
    path = shared_data / "exports" / "houstondatavis.zip"
    assert recognises(path)
    export = open_export(path)
    readings = list(export.readings())
    assert (export.workspace, export.domain, export.total, len(readings)) == ("T061A2UFL", "houstondatavis", 375, 16)
    assert sum(len(reading.messages) for reading in readings) + counted(readings).total() == 1382
    assert counted(readings)["join"] == 320
    assert all(message.permalink and message.author.id for reading in readings for message in reading.messages)
    assert any(message.emoji for reading in readings for message in reading.messages)


def test_every_message_of_the_japanese_workspace_is_handed_on_or_counted(shared_data):
    path = shared_data / "exports" / "haskell-jp.zip"
    export = open_export(path, workspace="T9")
    readings = list(export.readings())
    assert (export.workspace, export.domain, len(readings)) == ("T9", "haskell-jp", 23)
    assert sum(len(reading.messages) for reading in readings) + counted(readings).total() == 24738
    assert counted(readings)["join"] == 4890
    assert sum(len(reading.gone) for reading in readings) == counted(readings)["deleted"] == 7
