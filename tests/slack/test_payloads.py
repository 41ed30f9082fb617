"""One Slack message, exported or live, as what was heard: its author, its words, its previews, or why it is left out."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.platforms.slack.markup import Names
from bot.platforms.slack.payloads import Ignored, instant, message_seen, person_name
from newsletter.heard import ChannelId, EmojiSeen, MessageId, MessageSeen, PersonId, Preview, Source

CHANNEL = ChannelId("slack", "T1", "C1")
NOW = datetime(2024, 5, 1, tzinfo=UTC)
REMINDER = " set up a reminder “read this:\n<https://example.com/> “now”!”"
NAMES = Names(people={"U1": "Ann", "U2": "Ben", "UBOT": "helper"}, bots=frozenset({"UBOT"}))


def seen(domain=None, **message):
    message = {"type": "message", "ts": "1714521600.000100", "user": "U1", "text": "hello"} | message
    return message_seen(message, CHANNEL, NAMES, Source.EXPORT, NOW, domain)


def person(id):
    return PersonId("slack", "T1", id)


def test_a_message_is_known_by_its_ts_and_dated_by_it():
    heard = seen(text="see <https://example.com/>")
    assert heard == MessageSeen(
        id=MessageId(CHANNEL, "1714521600.000100"),
        author=person("U1"),
        sent_at=datetime(2024, 5, 1, 0, 0, 0, 100, tzinfo=UTC),
        text="see <https://example.com/>",
        seen_at=NOW,
        source=Source.EXPORT,
    )


@pytest.mark.parametrize(
    ("ts", "moment"),
    [
        ("1433558319.000002", datetime(2015, 6, 6, 2, 38, 39, 2, tzinfo=UTC)),
        ("1433558319", datetime(2015, 6, 6, 2, 38, 39, tzinfo=UTC)),
        ("1433558319.5", datetime(2015, 6, 6, 2, 38, 39, 500_000, tzinfo=UTC)),
        ("", None), ("soon", None), ("-1.0", None), ("1e9", None), ("99999999999.0", datetime(5138, 11, 16, 9, 46, 39, tzinfo=UTC)),
        ("999999999999.0", None), ("٣.٠", None),
    ],
)  # fmt: skip
def test_an_instant_is_read_from_a_ts(ts, moment):
    assert instant(ts) == moment


@pytest.mark.parametrize("ts", [None, "", "yesterday", 1433558319.000002, ["1"], {}])
def test_a_message_without_a_ts_is_malformed(ts):
    assert seen(ts=ts) == Ignored("malformed")


def test_the_message_inside_a_change_event_is_the_one_that_counts():
    inner = {
        "ts": "1714521600.000100",
        "user": "U1",
        "text": "new",
        "edited": {"user": "U1", "ts": "1714521700.000000"},
    }
    heard = seen(subtype="message_changed", ts="1714521700.000200", user=None, hidden=True, message=inner)
    assert (heard.id.id, heard.text, heard.edited_at) == ("1714521600.000100", "new", instant("1714521700.000000"))


def test_a_change_event_that_leaves_a_tombstone_says_that_the_message_is_gone():
    inner = {
        "ts": "1714521600.000100",
        "user": "USLACKBOT",
        "subtype": "tombstone",
        "text": "This message was deleted.",
    }
    assert seen(subtype="message_changed", message=inner) == Ignored("deleted")


# --- who ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"subtype": "bot_message", "bot_id": "B1", "user": None}, "bot"),
        ({"bot_id": "B1", "user": None}, "bot"),
        ({"username": "news", "user": None}, "bot"),
        ({"bot_id": "B1", "user": "U77"}, "bot"),
        ({"user": "UBOT"}, "bot"),
        ({"user": "USLACKBOT"}, "bot"),
        ({"user": None}, "no author"),
        ({"user": ""}, "no author"),
        ({"user": 7}, "no author"),
        ({"text": ""}, "empty"),
        ({"text": None}, "empty"),
        ({"user": "USLACKBOT", "text": "This message was deleted."}, "deleted"),
        ({"subtype": "tombstone", "user": "U1", "text": "This message was deleted."}, "deleted"),
        ({"subtype": "channel_join", "text": "<@U1|ann> has joined the channel"}, "join"),
        ({"subtype": "channel_topic", "text": "<@U1> set the channel topic: <https://example.com/>"}, "topic"),
        ({"subtype": "reminder_add", "text": "x"}, "reminder"),
        ({"subtype": "bot_add", "text": "x"}, "app"),
        ({"subtype": "huddle_thread", "text": "x"}, "call"),
        ({"text": "<@U1> has joined the channel"}, "join"),
        ({"text": "<@U1|ann> has joined the channel by invitation from <@U2|ben>"}, "join"),
        ({"text": "<@U1> has left the channel"}, "leave"),
        ({"text": "<@U1> set the channel topic: <https://example.com/>\nand more"}, "topic"),
        ({"text": "<@U1> cleared channel topic"}, "topic"),
        ({"text": "<@U1> set the channel purpose: a place"}, "purpose"),
        ({"text": "<@U1> set the channel description: a place"}, "purpose"),
        ({"text": '<@U1> has renamed the channel from "a" to "b"'}, "rename"),
        ({"text": "<@U1> archived the channel (w/ 19 members)"}, "archive"),
        ({"text": "<@U1> archived the channel"}, "archive"),
        ({"text": "<@U1> pinned a message to this channel."}, "pin"),
        ({"text": f"{REMINDER} in this channel at 9AM every weekday, Japan Standard Time."}, "reminder"),
        ({"text": f"{REMINDER} in this channel at 6PM today, Coordinated Universal Time."}, "reminder"),
        (
            {
                "text": " set up a reminder on “x” in this channel at 1:17PM Tuesday, October 1st, Eastern Daylight Time."
            },
            "reminder",
        ),
    ],
)
def test_what_no_person_said_is_left_out_with_the_reason(message, reason):
    assert seen(**message) == Ignored(reason)


@pytest.mark.parametrize(
    "message",
    [
        {"text": "<@U2> has joined the channel"},
        {"text": "<@U1> has joined the channel, welcome"},
        {"text": "look: <@U1> has joined the channel"},
        {"text": "This message was deleted."},
        {"text": f"{REMINDER} in this channel at 9AM every weekday, Japan Standard Time. Please read it!"},
        {"text": f"{REMINDER[1:]} in this channel at 9AM every weekday, Japan Standard Time."},
        {"text": f"I{REMINDER} in this channel at 9AM every weekday, Japan Standard Time."},
        {"text": f"{REMINDER}"},
        {"text": f"{REMINDER} in this channel."},
        {"text": " set up a reminder in this channel for <https://example.com/>, please."},
        {"subtype": "file_share", "bot_id": None, "upload": True, "username": "<@U1|ann>"},
        {"subtype": "me_message"},
        {"subtype": "thread_broadcast", "thread_ts": "1714521500.000000"},
        {"subtype": "a_kind_made_tomorrow"},
        {"bot_id": "B1", "app_id": "A1"},
        {"text": "", "files": [{"id": "F1"}]},
        {"text": "", "edited": {"ts": "1714521700.000000"}},
    ],
)
def test_what_a_person_said_is_never_left_out(message):
    heard = seen(**message)
    assert isinstance(heard, MessageSeen)
    assert heard.author == person("U1")


def test_a_comment_on_a_file_is_by_its_commenter_and_says_their_words_only():
    heard = seen(
        subtype="file_comment",
        user=None,
        text="<@U2|ben> commented on U1's file <https://acme.slack.com/files/ann/F1/a.png|a.png>: nice: <https://example.com/>",
        comment={"id": "Fc1", "user": "U2", "comment": "nice"},
    )
    assert (heard.author, heard.text) == (person("U2"), "nice: <https://example.com/>")


def test_a_comment_on_a_file_names_its_commenter_in_the_sentence_where_nothing_else_does():
    text = "<@U2> commented on <@U1>’s file <https://acme.slack.com/files/U1/F1/a.png|a [1].png>: first\nsecond"
    heard = seen(user=None, text=text)
    assert (heard.author, heard.text) == (person("U2"), "first\nsecond")


@pytest.mark.parametrize(
    ("sentence", "file", "text"),
    [
        ("uploaded a file: <https://acme.slack.com/files/ann/F1/a.png|a.png> and commented: see <https://example.com/>\r\n\r\nGood.",
         {}, "see <https://example.com/>\n\nGood."),
        ("uploaded a file: <https://acme.slack.com/files/ann/F1/a.png|a_1_.png>", {}, r"[a_1\_.png](<https://acme.slack.com/files/ann/F1/a.png>)"),
        ("shared a file: <https://acme.slack.com/files/ann/F1/doc|Plan>",
         {"mode": "external", "url_private": "https://docs.example.com/d/1?a=1&b=2"}, "[Plan](<https://docs.example.com/d/1?a=1&b=2>)"),
        ("uploaded a file: <https://acme.slack.com/files/ann/F1/a.png|a.png>",
         {"mode": "hosted", "url_private": "https://files.slack.com/files-pri/T1-F1/a.png?t=xoxe-1-a"},
         "[a.png](<https://acme.slack.com/files/ann/F1/a.png>)"),
    ],
)  # fmt: skip
def test_of_slacks_sentence_about_an_upload_only_the_words_count_or_else_the_file(sentence, file, text):
    assert seen(subtype="file_share", text=f"<@U1|ann> {sentence}", file=file).text == text


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        (
            {"name": "ann", "real_name": "Ann Lee", "profile": {"display_name": "annie", "real_name": "Ann Lee"}},
            "annie",
        ),
        ({"name": "ann", "profile": {"display_name": "", "real_name": "Ann Lee"}}, "Ann Lee"),
        ({"name": "ann", "real_name": "", "profile": {"real_name": ""}}, "ann"),
        ({"name": "ann", "profile": None}, "ann"),
        ({"display_name": "annie", "name": "ann"}, "annie"),
        ({"real_name": "R&amp;D\n team\x00"}, "R&D team"),
        ({"name": None}, ""),
    ],
)
def test_people_are_called_as_they_wish_to_be(profile, name):
    assert person_name(profile) == name


# --- where -------------------------------------------------------------------------------------------------------------


def test_a_reply_names_its_thread_and_a_threads_first_message_does_not():
    assert seen(thread_ts="1714521500.000000").thread == "1714521500.000000"
    assert seen(thread_ts="1714521600.000100", reply_count=2).thread is None
    assert seen(thread_ts=None).thread is None


def test_the_permalink_needs_the_workspaces_domain():
    assert seen().permalink is None
    assert seen(domain="acme").permalink == "https://acme.slack.com/archives/C1/p1714521600000100"
    assert (
        seen(domain="acme", thread_ts="1714521500.000000").permalink
        == "https://acme.slack.com/archives/C1/p1714521600000100?thread_ts=1714521500.000000&cid=C1"
    )


# --- what --------------------------------------------------------------------------------------------------------------


def test_links_that_stand_only_in_blocks_are_found():
    parts = [{"type": "text", "text": "see "}, {"type": "link", "url": "https://example.com/"}]
    blocks = [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": parts}]}]
    assert seen(text="", blocks=blocks).text == "see <https://example.com/>"
    assert seen(text="see https://example.com/", blocks=blocks).text == "see <https://example.com/>"


def test_a_preview_is_what_slack_showed_of_a_link():
    unfurl = {
        "id": 1,
        "from_url": "https://example.com/a?x=1&amp;y=2",
        "service_name": "Tips &amp; Advice",
        "title": "  A   page ",
        "text": "About <http://Example.ai|Example.ai>",
        "thumb_url": "https://example.com/t.png?t=xoxe-1-a",
        "author_name": "Ann",
        "fallback": "ignored",
    }
    assert seen(attachments=[unfurl]).previews == (
        Preview(
            "https://example.com/a?x=1&y=2",
            "A page",
            "About Example.ai",
            "Tips & Advice",
            "https://example.com/t.png",
            "Ann",
        ),
    )


def test_a_preview_is_filed_under_the_address_that_was_posted():
    unfurl = {
        "from_url": "https://example.com/long",
        "original_url": "https://exm.pl/s",
        "title": "T",
        "image_url": "data:x",
    }
    assert seen(attachments=[unfurl]).previews == (Preview("https://exm.pl/s", "T"),)


@pytest.mark.parametrize(
    "attachment",
    [
        {"from_url": "https://acme.slack.com/archives/C1/p1", "is_msg_unfurl": True, "text": "said before"},
        {"from_url": "https://acme.slack.com/archives/C1/p1", "is_share": True, "text": "said before"},
        {"title": "A build", "title_link": "https://ci.example.com/", "text": "passed"},
        {"from_url": "javascript:alert(1)"},
        {"from_url": None},
        "text",
    ],
)
def test_forwarded_messages_and_what_apps_attach_are_no_previews(attachment):
    assert seen(attachments=[attachment]).previews == ()


def test_skin_tones_and_aliases_of_an_emoji_are_one_and_its_people_are_merged():
    reactions = [
        {"name": "clap::skin-tone-3", "users": ["U1"], "count": 1},
        {"name": "thumbsup", "users": ["U1"], "count": 1},
        {"name": "clap", "users": ["U1", "U2"], "count": 5},
        {"name": "+1", "users": ["U2"], "count": 1},
        {"name": "partyparrot", "users": [], "count": 2},
    ]
    assert seen(reactions=reactions).emoji == (
        EmojiSeen("👏", 5, (person("U1"), person("U2"))),
        EmojiSeen("👍", 2, (person("U1"), person("U2"))),
        EmojiSeen(":partyparrot:", 2),
    )


def test_what_is_not_said_about_reactions_is_not_known():
    assert seen().emoji is None
    assert seen(reactions=[]).emoji == ()
    assert seen(reactions=[{"name": "", "count": 1}, {"name": "tada", "users": [1], "count": "x"}, 3]).emoji == ()


def test_an_edit_is_dated_by_slack():
    assert seen(edited={"user": "U1", "ts": "1714521700.000000"}).edited_at == instant("1714521700.000000")
    assert seen(edited={"user": "U1"}).edited_at is None


def test_no_token_and_no_nul_is_in_anything_that_was_heard():
    token = "xoxe-123-abc"
    heard = seen(
        text=f"\x00<https://files.slack.com/a?t={token}> {token} \ud83d",
        attachments=[
            {
                "from_url": f"https://example.com/?t={token}",
                "title": token,
                "text": f"a\x00{token}",
                "image_url": f"https://e.com/{token}",
            }
        ],
        reactions=[{"name": token, "users": ["U1"], "count": 1}],
    )
    assert "xox" not in repr(heard)
    assert "\x00" not in repr(heard).encode().decode("unicode_escape")
    assert heard.text == "<https://files.slack.com/a> token-removed "[:-1]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["U1", "tombstone", "1714521600.0"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from("type user ts text elements style url name users count message subtype file".split()), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.fixed_dictionaries({"ts": st.just("1714521600.000100"), "user": st.just("U1"), "text": st.just("hello")},
       optional=dict.fromkeys("blocks attachments reactions edited files file comment thread_ts bot_id subtype message user_profile".split(), JSON)))  # fmt: skip
def test_json_of_any_shape_breaks_nothing(message):
    assert isinstance(message_seen(message, CHANNEL, NAMES, Source.LIVE, NOW, "acme"), MessageSeen | Ignored)
