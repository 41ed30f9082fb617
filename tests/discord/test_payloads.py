"""One message of DiscordChatExporter's JSON, in the schema of 2020 or of today, as what was heard."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.platforms.discord.payloads import (
    MAX_CONTENT,
    Ignored,
    Rounded,
    channel_seen,
    identifier,
    instant,
    is_direct,
    message_seen,
    people_seen,
    thread_of,
)
from newsletter.heard import ChannelId, EmojiSeen, MessageSeen, PersonId, Preview, Source

AT = datetime(2024, 1, 1, tzinfo=UTC)
CHANNEL = ChannelId("discord", "42", "43")
ANN = {"id": "11", "name": "ann_l", "discriminator": "0000", "nickname": "Ann", "isBot": False, "roles": []}


def person(id: str) -> PersonId:
    return PersonId("discord", "42", id)


def raw(**changes: Any) -> dict[str, Any]:
    """A message as today's exporter writes it."""
    return {
        "id": "737557359926003772",
        "type": "Default",
        "timestamp": "2023-05-01T09:00:00.123+09:00",
        "timestampEdited": None,
        "callEndedTimestamp": None,
        "isPinned": False,
        "content": "https://a.com/x",
        "author": ANN,
        "attachments": [],
        "embeds": [],
        "stickers": [],
        "reactions": [],
        "mentions": [],
        "inlineEmojis": [],
    } | changes


def seen(thread: str | None = None, **changes: Any) -> MessageSeen:
    message = message_seen(raw(**changes), CHANNEL, AT, thread=thread)
    assert isinstance(message, MessageSeen)
    return message


def test_a_message_says_who_posted_what_where_and_when() -> None:
    message = seen()
    assert (message.id.channel, message.id.id) == (CHANNEL, "737557359926003772")
    assert message.author == person("11")
    assert message.sent_at == datetime(2023, 5, 1, 0, 0, 0, 123_000, UTC)
    assert message.text == "https://a.com/x"
    assert message.seen_at == AT
    assert message.source is Source.EXPORT
    assert message.edited_at is None
    assert message.thread is None
    assert message.permalink == "https://discord.com/channels/42/43/737557359926003772"
    assert message.emoji == ()


def test_a_message_of_2020_says_as_much() -> None:
    message = raw(author={"id": "11", "name": "Ann", "discriminator": "1234", "isBot": False})
    for later in ("stickers", "inlineEmojis", "mentions", "reactions"):
        del message[later]
    heard = message_seen(message, CHANNEL, AT)
    assert isinstance(heard, MessageSeen)
    assert heard.emoji is None, "nothing was said about reactions"
    assert [who.name for who in people_seen(message, "42", AT)] == ["Ann"]


def test_an_edit_is_when_the_person_edited() -> None:
    assert seen(timestampEdited="2023-05-01T01:00:00+00:00").edited_at == datetime(2023, 5, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2024-01-02T03:04:05.1234567+00:00", datetime(2024, 1, 2, 3, 4, 5, 123_456, UTC)),
        ("2024-01-02T03:04:05-05:00", datetime(2024, 1, 2, 8, 4, 5, tzinfo=UTC)),
        ("2024-01-02T03:04:05Z", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2024-01-02T03:04:05", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("yesterday", None),
        ("0001-01-01T00:00:00+09:00", None),
        (None, None),
        (1_700_000_000, None),
    ],
)
def test_every_instant_is_aware_utc(value: object, moment: datetime | None) -> None:
    assert instant(value) == moment


@pytest.mark.parametrize(("value", "text"), [("737557359926003772", "737557359926003772"), (737557359926003772, "737557359926003772"), (None, ""), (True, ""), ("", "")])  # fmt: skip
def test_ids_are_text_to_the_last_digit(value: object, text: str) -> None:
    assert identifier(value) == text


def test_an_id_that_was_rounded_is_never_taken_for_an_id() -> None:
    with pytest.raises(Rounded, match="was rounded"):
        message_seen(raw(id=7.37557359926e17), CHANNEL, AT)


# --- whose words they are ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Default", "Reply", "0", "19", 0, 19])
def test_what_persons_write_is_heard(kind: object) -> None:
    assert seen(type=kind).text


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("GuildMemberJoin", "join"), ("7", "join"), ("RecipientAdd", "join"), ("RecipientRemove", "leave"), ("Call", "call"),
        ("ChannelNameChange", "channel change"), ("ChannelPinnedMessage", "pin"), ("8", "boost"), (11, "boost"), ("12", "follow"),
        ("ThreadCreated", "thread created"), ("20", "command reply"), ("23", "command reply"), ("21", "thread starter"),
        ("ThreadStarterMessage", "thread starter"), ("46", "poll result"), ("99", "notice"),
    ],
)  # fmt: skip
def test_what_discord_writes_is_left_out_with_the_reason(kind: object, reason: str) -> None:
    assert message_seen(raw(type=kind), CHANNEL, AT) == Ignored(reason)


def test_bots_and_webhooks_are_left_out() -> None:
    assert message_seen(raw(author=ANN | {"isBot": True}), CHANNEL, AT) == Ignored("bot")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": None}, "malformed"),
        ({"timestamp": "soon"}, "malformed"),
        ({"content": "x" * (MAX_CONTENT + 1)}, "malformed"),
        ({"author": None}, "no author"),
    ],
)
def test_a_message_without_its_bones_is_left_out_and_counted(changes: dict[str, Any], reason: str) -> None:
    assert message_seen(raw(**changes), CHANNEL, AT) == Ignored(reason)


@pytest.mark.parametrize(
    "shape", [None, "text", 5, [], [None], [5], ["x"], [[]], {}, {"id": None}, [{"id": {}}], [{"emoji": 1}]]
)
@pytest.mark.parametrize("key", ["content", "embeds", "reactions", "mentions", "forwardedMessage", "reference", "timestampEdited", "type"])  # fmt: skip
def test_no_odd_shape_of_a_field_stops_an_import(key: str, shape: object) -> None:
    message_seen(raw(**{key: shape}), CHANNEL, AT)
    list(people_seen(raw(**{key: shape}), "42", AT))


# --- people --------------------------------------------------------------------------------------------------------


def test_a_person_is_called_by_the_nickname_else_the_name() -> None:
    message = raw(
        mentions=[{"id": "12", "name": "bob", "nickname": None}],
        reactions=[
            {"emoji": {"id": "", "name": "👍"}, "count": 1, "users": [{"id": "13", "name": "helper", "isBot": True}]}
        ],
    )
    assert [(who.id.id, who.name, who.bot) for who in people_seen(message, "42", AT)] == [
        ("11", "Ann", False),
        ("12", "bob", False),
        ("13", "helper", True),
    ]


@pytest.mark.parametrize("spoken", ["Ann", "ann_l"])
def test_a_rendered_mention_names_the_person(spoken: str) -> None:
    assert seen(content=f"@{spoken} look", mentions=[ANN]).text.endswith("](person:11) look")


# --- previews ------------------------------------------------------------------------------------------------------


def embed(url: str, **changes: Any) -> dict[str, Any]:
    return {
        "title": "A paper",
        "url": url,
        "timestamp": None,
        "description": "All about it",
        "images": [],
        "fields": [],
    } | changes


def test_an_embed_of_a_posted_link_is_its_preview() -> None:
    made = embed(
        "https://a.com/x",
        author={"name": "Ann", "url": "https://a.com/ann"},
        thumbnail={
            "url": "https://images-ext-1.discordapp.net/external/s/https/a.com/i.png",
            "canonicalUrl": "https://a.com/i.png",
        },
    )
    assert seen(embeds=[made]).previews == (
        Preview("https://a.com/x", "A paper", "All about it", "", "https://a.com/i.png", "Ann"),
    )


def test_a_preview_carries_the_address_as_it_was_posted() -> None:
    (preview,) = seen(content="https://youtu.be/abc", embeds=[embed("https://www.youtube.com/watch?v=abc")]).previews
    assert preview.url == "https://youtu.be/abc"


@pytest.mark.parametrize("url", ["https://elsewhere.com", None, ""], ids=["another address", "none", "empty"])
def test_an_embed_of_nothing_that_was_posted_is_no_preview(url: str) -> None:
    assert seen(embeds=[embed(url)]).previews == ()


@pytest.mark.parametrize(
    "picture",
    [
        {"url": "https://images-ext-1.discordapp.net/external/signature/https/a.com/i.png"},
        {"url": "https://cdn.discordapp.com/attachments/1/2/i.png?ex=a&is=b&hm=c"},
        {"url": "ml-news_Files/i-A1B2C.png"},
        None,
    ],
)
def test_pictures_that_only_discord_or_this_disk_has_are_left_out(picture: object) -> None:
    (preview,) = seen(embeds=[embed("https://a.com/x", thumbnail=picture)]).previews
    assert preview.image == ""


# --- attachments, replies, forwards --------------------------------------------------------------------------------


def test_an_attachment_is_no_link() -> None:
    attachment = {
        "id": "1",
        "url": "https://cdn.discordapp.com/attachments/1/2/a.pdf",
        "fileName": "a.pdf",
        "fileSizeBytes": 1,
    }
    assert seen(content="", attachments=[attachment]).text == ""


def test_a_reply_names_what_it_answers_which_is_no_link() -> None:
    reference = {"type": "Default", "messageId": "1", "channelId": "43", "guildId": "42"}
    message = seen(type="Reply", content="yes", reference=reference)
    assert (message.text, message.thread, message.answers) == ("yes", None, "1")


def test_of_a_forward_only_the_addresses_are_the_forwarders() -> None:
    forwarded = {
        "timestamp": "2023-04-01T00:00:00+00:00",
        "content": "their words https://a.com/x and [a label](https://b.com)",
        "embeds": [embed("https://a.com/x")],
    }
    message = seen(content="", reference={"type": "Forward", "messageId": "9"}, forwardedMessage=forwarded)
    assert message.text == "<https://a.com/x>\n<https://b.com>"
    assert message.answers is None
    assert message.sent_at == datetime(2023, 5, 1, 0, 0, 0, 123_000, UTC)
    assert [preview.title for preview in message.previews] == ["A paper"]


# --- reactions -----------------------------------------------------------------------------------------------------


def reaction(name: str, count: int, *users: str, id: str | None = None) -> dict[str, Any]:
    return {"emoji": {"id": id, "name": name}, "count": count, "users": [{"id": user, "name": user} for user in users]}


def test_reactions_carry_people_and_count() -> None:
    assert seen(reactions=[reaction("📰", 3, "11", "12")]).emoji == (EmojiSeen("📰", 3, (person("11"), person("12"))),)


def test_reactions_of_2020_carry_only_a_count() -> None:
    assert seen(reactions=[{"emoji": {"id": None, "name": "🎉"}, "count": 2}]).emoji == (EmojiSeen("🎉", 2),)


@pytest.mark.parametrize(("name", "emoji"), [("👍🏽", "👍"), ("❤️", "❤"), ("🙇🏻‍♂️", "🙇‍♂")])
def test_skin_tones_and_presentation_are_one_emoji(name: str, emoji: str) -> None:
    assert seen(reactions=[reaction(name, 1, "11"), reaction(emoji, 1, "12")]).emoji == (
        EmojiSeen(emoji, 2, (person("11"), person("12"))),
    )


def test_a_custom_emoji_goes_by_its_name_or_where_deleted_by_its_id() -> None:
    emoji = seen(reactions=[reaction("party_parrot", 1, id="5"), reaction("<unknown emoji>", 1, id="6")]).emoji
    assert emoji is not None
    assert [each.emoji for each in emoji] == [":party_parrot:", ":6:"]


def test_a_person_who_also_super_reacted_is_one_person() -> None:
    assert seen(reactions=[reaction("📰", 3, "11", "11", "12")]).emoji == (
        EmojiSeen("📰", 2, (person("11"), person("12"))),
    )


# --- what is never kept --------------------------------------------------------------------------------------------


def test_nul_and_halves_of_surrogate_pairs_are_removed() -> None:
    message = raw(content="a\x00b\ud83d c\r\nd", author=ANN | {"nickname": "An\x00n\udc00"})
    heard = message_seen(message, CHANNEL, AT)
    assert isinstance(heard, MessageSeen)
    assert heard.text == "ab c\nd"
    assert next(people_seen(message, "42", AT)).name == "Ann"


BOT_TOKEN = "M" + "Tk4NjIyNDgzNDcxOTI1MjQ4" + ".Cl2FMQ." + "ZnCjm1XVW7vRze4b7Cq4se7kKWs" + "AbCdEfGh"


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        ("https://discord.com/api/webhooks/123/AbC-dEf_123", "AbC-dEf_123"),
        ("<https://discordapp.com/api/v10/webhooks/123/AbC-dEf_123>", "AbC-dEf_123"),
        (f"the token is {BOT_TOKEN}", BOT_TOKEN[-20:]),
        ("https://cdn.discordapp.com/attachments/1/2/a.png?ex=65a&is=65b&hm=abc123&", "abc123"),
        ("[file](https://media.discordapp.net/attachments/1/2/a.png?width=4&ex=65a&is=65b&hm=abc123)", "abc123"),
    ],
)  # fmt: skip
def test_tokens_and_signatures_in_a_message_are_masked(content: str, secret: str) -> None:
    assert secret not in repr(seen(content=content, embeds=[embed("https://a.com/x", description=content)]))


# --- channels ------------------------------------------------------------------------------------------------------


def document(guild: object = "42", kind: object = "GuildTextChat", **channel: Any) -> dict[str, Any]:
    return {
        "guild": {"id": guild, "name": "Team"},
        "channel": {"id": "43", "type": kind, "category": "Text", "name": "ml-news"} | channel,
    }


@pytest.mark.parametrize("kind", ["GuildPublicThread", "GuildNewsThread", "11", 10])
def test_a_thread_is_a_part_of_its_channel_as_it_is_live(kind: object) -> None:
    made = document(kind=kind, name="a paper", id="44", categoryId="43", category="ml-news")
    heard = channel_seen(made, AT)
    assert (heard.id, heard.name, heard.private, thread_of(made)) == (CHANNEL, "ml-news", False, "44")
    in_thread, first = seen(thread="44"), seen(thread="44", id="44")
    assert (in_thread.thread, first.thread) == ("44", None)
    assert in_thread.permalink == f"https://discord.com/channels/42/44/{in_thread.id.id}"


def test_a_thread_of_a_file_that_does_not_name_its_channel_is_a_channel_with_its_own_name() -> None:
    made = document(kind="GuildPublicThread", name="a paper")
    heard = channel_seen(made, AT)
    assert (heard.id, heard.name, heard.private, thread_of(made)) == (CHANNEL, "a paper", False, None)


@pytest.mark.parametrize("kind", ["GuildPrivateThread", "12", 12])
def test_a_private_thread_is_private(kind: object) -> None:
    assert channel_seen(document(kind=kind), AT).private


def test_a_workspace_given_by_the_caller_serves_where_the_file_names_none() -> None:
    assert channel_seen(document(guild=None), AT, "7").id.workspace == "7"
    assert channel_seen(document(guild=42), AT, "7").id.workspace == "42"


@pytest.mark.parametrize(
    ("guild", "kind", "direct"),
    [("0", "DirectTextChat", True), ("0", "DirectGroupTextChat", True), ("42", "1", True), ("42", "GuildTextChat", False), ("42", "GuildForum", False)],
)  # fmt: skip
def test_direct_messages_are_known_as_such(guild: str, kind: str, direct: bool) -> None:
    assert is_direct(document(guild, kind)) is direct
