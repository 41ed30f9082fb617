"""The small Slack in tests/servers/slack, driven by slack_sdk and slack-bolt as they are: it answers as Slack documents."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.servers.slack import LIMITS, SlackServer, words
from tests.servers.slack.limits import most


@pytest.fixture
async def slack():
    server = SlackServer(retries=(0.0, 0.05, 0.05))
    people = [server.workspace.join(name) for name in ("Ann", "Ben")]
    server.workspace.open_channel("links", people)
    async with server:
        yield server


@pytest.fixture
def ann(slack):
    return slack.workspace.person("Ann")


@pytest.fixture
def ben(slack):
    return slack.workspace.person("Ben")


@pytest.fixture
def links(slack):
    return slack.workspace.channel("links")


@pytest.fixture
def client(slack):
    return AsyncWebClient(slack.bot_token, base_url=slack.api_url)


async def refused(call) -> dict:
    with pytest.raises(SlackApiError) as found:
        await call
    answer = found.value.response
    return answer.data if hasattr(answer, "data") else answer


async def error(call) -> str:
    return (await refused(call))["error"]


class Bot:
    """A bolt app that writes down what it hears."""

    def __init__(self, slack: SlackServer) -> None:
        self.client = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
        self.app = AsyncApp(client=self.client, signing_secret=slack.signing_secret)
        self.heard: list[dict] = []
        self.retries: list[str] = []
        self.acknowledges = True
        for name in ("message", "reaction_added", "reaction_removed", "app_mention", "member_joined_channel",
                     "channel_rename", "channel_archive"):  # fmt: skip
            self.app.event(name)(self.hear)
        self.app.event(re.compile(".*"))(self.pass_over)
        self.app.middleware(self.note)

    async def note(self, req, resp, next):
        self.retries += req.headers.get("x-slack-retry-num", [])
        return await next() if self.acknowledges else None

    async def hear(self, event):
        self.heard.append(event)

    async def pass_over(self, event):
        """What no listener takes, bolt does not acknowledge."""

    def types(self) -> list[str]:
        return [event.get("subtype") or event["type"] for event in self.heard]


@pytest.fixture
async def bot(slack):
    bot = Bot(slack)
    handler = AsyncSocketModeHandler(bot.app, slack.app_token, ping_interval=0.2)
    await handler.connect_async()
    await slack.delivering.connected()
    bot.handler = handler
    yield bot
    await handler.close_async()
    await handler.client.aiohttp_client_session.close()


# --- reading ---------------------------------------------------------------------------------------------------------


async def test_who_we_are(slack, client):
    answer = await client.auth_test()
    assert (answer["user_id"], answer["bot_id"]) == (slack.workspace.bot.id, slack.workspace.bot.bot_id)
    assert "channels:history" in answer.headers["X-OAuth-Scopes"].split(",")


async def test_history_comes_newest_first_in_pages_without_replies(slack, client, ann, links):
    first, *_ = [slack.workspace.post(ann, links, f"number {n}") for n in range(5)]
    slack.workspace.post(ann, links, "a reply", thread=first)
    found, cursor = [], None
    while cursor != "":
        page = await client.conversations_history(channel=links.id, limit=2, cursor=cursor)
        found += [message["text"] for message in page["messages"]]
        cursor = page.get("response_metadata", {}).get("next_cursor", "")
        assert page["has_more"] == bool(cursor)
    assert found == [f"number {n}" for n in (4, 3, 2, 1, 0)]


async def test_a_message_that_comes_between_two_pages_moves_nothing(slack, client, ann, links):
    for n in range(4):
        slack.workspace.post(ann, links, str(n))
    page = await client.conversations_history(channel=links.id, limit=2)
    slack.workspace.post(ann, links, "late")
    slack.workspace.delete(slack.workspace.history(links)[3])
    cursor = page["response_metadata"]["next_cursor"]
    rest = await client.conversations_history(channel=links.id, limit=9, cursor=cursor)
    assert [message["text"] for message in rest["messages"]] == ["0"]


@pytest.mark.parametrize(("inclusive", "texts"), [(False, ["1"]), (True, ["2", "1", "0"])])
async def test_a_stretch_of_history_leaves_its_ends_out_unless_asked_for(slack, client, ann, links, inclusive, texts):
    first, _, last = [slack.workspace.post(ann, links, str(n)) for n in range(3)]
    page = await client.conversations_history(
        channel=links.id, oldest=first.ts, latest=last.ts, inclusive="true" if inclusive else "false"
    )
    assert [message["text"] for message in page["messages"]] == texts


async def test_a_thread_is_read_from_its_first_message_which_counts_its_replies(slack, client, ann, ben, links):
    root = slack.workspace.post(ann, links, "tea?")
    slack.workspace.post(ben, links, "yes", thread=root)
    last = slack.workspace.post(ann, links, "good", thread=root, broadcast=True)
    thread = (await client.conversations_replies(channel=links.id, ts=root.ts))["messages"]
    assert [message["text"] for message in thread] == ["tea?", "yes", "good"]
    assert thread[0]["reply_count"] == 2
    assert thread[0]["latest_reply"] == last.ts
    assert thread[0]["reply_users"] == [ben.id, ann.id]
    assert thread[1]["parent_user_id"] == ann.id
    newest, oldest = (await client.conversations_history(channel=links.id))["messages"]
    assert (newest["subtype"], newest["root"]["ts"]) == ("thread_broadcast", root.ts)
    assert (oldest["ts"], oldest["thread_ts"]) == (root.ts, root.ts)
    assert await error(client.conversations_replies(channel=links.id, ts="1.000000")) == "thread_not_found"


async def test_a_page_of_replies_begins_with_the_first_message(slack, client, ann, links):
    root = slack.workspace.post(ann, links, "root")
    for n in range(3):
        slack.workspace.post(ann, links, str(n), thread=root)
    first = await client.conversations_replies(channel=links.id, ts=root.ts, limit=2)
    cursor = first["response_metadata"]["next_cursor"]
    second = await client.conversations_replies(channel=links.id, ts=root.ts, limit=2, cursor=cursor)
    assert [[message["text"] for message in page["messages"]] for page in (first, second)] == [
        ["root", "0", "1"], ["root", "2"],
    ]  # fmt: skip


async def test_over_the_thread_of_a_deleted_message_stands_a_tombstone_until_its_last_reply_goes(
    slack, client, ann, links
):
    root = slack.workspace.post(ann, links, "secret")
    reply = slack.workspace.post(ann, links, "reply", thread=root)
    slack.workspace.delete(root)
    [stone] = (await client.conversations_history(channel=links.id))["messages"]
    assert (stone["subtype"], stone["text"], stone["reply_count"]) == ("tombstone", "This message was deleted.", 1)
    slack.workspace.delete(reply)
    assert (await client.conversations_history(channel=links.id))["messages"] == []


async def test_reactions_name_some_people_and_count_all(slack, client, links):
    slack.api.named_reactors = 2
    people = [slack.workspace.join(f"P{n}") for n in range(4)]
    message = slack.workspace.post(people[0], links, "hi")
    for person in people:
        slack.workspace.react(message, person, "tada")
    [shown] = (await client.conversations_history(channel=links.id))["messages"]
    assert shown["reactions"] == [{"name": "tada", "users": [people[0].id, people[1].id], "count": 4}]
    whole = await client.reactions_get(channel=links.id, timestamp=message.ts, full=True)
    assert len(whole["message"]["reactions"][0]["users"]) == 4


async def test_slow_mode_gives_fifteen_messages_and_so_many_pages_a_minute(slack, client, ann, links):
    slack.api.slow_mode = True
    slack.trouble.per_minute["conversations.history"] = 1
    for n in range(20):
        slack.workspace.post(ann, links, str(n))
    page = await client.conversations_history(channel=links.id, limit=200)
    assert (len(page["messages"]), page["has_more"]) == (15, True)
    with pytest.raises(SlackApiError) as found:
        await client.conversations_history(channel=links.id)
    assert found.value.response.status_code == 429
    assert 1 <= int(found.value.response.headers["Retry-After"]) <= 60


async def test_what_is_older_than_a_free_plan_keeps_is_not_in_history(client, slack, ann, links):
    slack.workspace.post(ann, links, "old")
    later = datetime.now(UTC) + timedelta(days=100)
    slack.workspace.clock = lambda: later
    slack.workspace.post(ann, links, "new")
    slack.workspace.kept_for = timedelta(days=90)
    page = await client.conversations_history(channel=links.id)
    assert ([message["text"] for message in page["messages"]], page["is_limited"]) == (["new"], True)


async def test_channels_are_listed_by_kind_and_the_private_ones_only_to_their_members(slack, client, ann, links):
    slack.workspace.open_channel("desk", [ann], private=True)
    slack.workspace.open_channel("hidden", [ann], private=True, bot=False)
    slack.workspace.open_channel("random", [ann], bot=False)
    public = (await client.conversations_list())["channels"]
    assert [(one["name"], one["is_member"]) for one in public] == [("links", True), ("random", False)]
    both = await client.conversations_list(types="public_channel,private_channel", limit=2)
    assert [one["name"] for one in both["channels"]] == ["links", "desk"]
    rest = await client.conversations_list(
        types="public_channel,private_channel", cursor=both["response_metadata"]["next_cursor"]
    )
    assert [one["name"] for one in rest["channels"]] == ["random"]
    ours = await client.users_conversations(types="public_channel,private_channel")
    assert [one["name"] for one in ours["channels"]] == ["links", "desk"]
    assert (await client.conversations_members(channel=links.id, limit=2))["members"] == links.members[:2]


async def test_a_channel_is_read_only_by_its_members(slack, client, ann):
    random = slack.workspace.open_channel("random", [ann], bot=False)
    hidden = slack.workspace.open_channel("hidden", [ann], private=True, bot=False)
    assert await error(client.conversations_history(channel=random.id)) == "not_in_channel"
    assert await error(client.conversations_history(channel=hidden.id)) == "channel_not_found"
    assert await error(client.conversations_info(channel=hidden.id)) == "channel_not_found"
    assert await error(client.chat_postMessage(channel=random.id, text="hi")) == "not_in_channel"
    await client.conversations_join(channel=random.id)
    assert (await client.conversations_info(channel=random.id))["channel"]["is_member"]


async def test_a_page_may_be_short_or_empty_though_there_are_more(slack, client, ann, links):
    for n in range(3):
        slack.workspace.post(ann, links, str(n))
    slack.api.paging.longest, slack.api.paging.empty = 2, 1
    sizes, cursor = [], None
    while cursor != "":
        page = await client.conversations_history(channel=links.id, limit=200, cursor=cursor)
        sizes.append(len(page["messages"]))
        cursor = page.get("response_metadata", {}).get("next_cursor", "")
    assert sizes == [0, 2, 1]
    assert await error(client.conversations_history(channel=links.id, cursor="nonsense")) == "invalid_cursor"
    assert await error(client.conversations_history(channel=links.id, limit=1000)) == "invalid_limit"
    assert await error(client.conversations_history(channel=links.id, oldest="yesterday")) == "invalid_ts_oldest"


async def test_people_and_groups_are_known(slack, client, ann, ben):
    editors = slack.workspace.open_group("editors", [ann])
    assert (await client.usergroups_users_list(usergroup=editors.id))["users"] == [ann.id]
    assert (await client.users_info(user=ben.id))["user"]["profile"]["display_name"] == "Ben"
    assert await error(client.users_info(user="U404")) == "user_not_found"
    first = await client.users_list(limit=2)
    rest = await client.users_list(cursor=first["response_metadata"]["next_cursor"])
    assert [one["real_name"] for one in first["members"] + rest["members"]] == [
        "Slackbot", "linkletter", "Ann", "Ben",
    ]  # fmt: skip
    assert (await client.team_info())["team"]["domain"] == "acme"


# --- tokens and scopes -----------------------------------------------------------------------------------------------


async def test_a_token_without_the_scope_is_told_which(slack, client, ann, links):
    desk = slack.workspace.open_channel("desk", [ann], private=True)
    slack.api.scopes = {"channels:history", "chat:write"}
    await client.conversations_history(channel=links.id)
    answer = await refused(client.conversations_history(channel=desk.id))
    assert (answer["error"], answer["needed"]) == ("missing_scope", "groups:history")
    assert answer["provided"] == "channels:history,chat:write"
    answer = await refused(client.conversations_list(types="public_channel,private_channel"))
    assert answer["needed"] == "channels:read,groups:read"


@pytest.mark.parametrize(("token", "problem"), [("", "not_authed"), ("xoxb-no", "invalid_auth")])
async def test_a_wrong_token_is_refused(slack, token, problem):
    assert await error(AsyncWebClient(token, base_url=slack.api_url).auth_test()) == problem


async def test_sockets_are_opened_with_the_token_of_the_app_only(slack, client):
    assert await error(client.apps_connections_open(app_token=slack.bot_token)) == "not_allowed_token_type"
    assert await error(client.apps_connections_open(app_token="xapp-no")) == "invalid_auth"
    assert (await client.apps_connections_open(app_token=slack.app_token))["url"].startswith("ws://")


# --- writing ---------------------------------------------------------------------------------------------------------


def section(text="words", **more):
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(**more):
    return {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "Go"}, **more}


def plain(text):
    return {"type": "plain_text", "text": text}


def x(name, over=0):
    return "x" * (most(name) + over)


# What is just within each limit of a message's blocks, and what is one above it.
WITHIN_AND_ABOVE = {
    "blocks in a message": lambda over: [{"type": "divider"}] * (50 + over),
    "section text": lambda over: [section(x("section text", over))],
    "section fields": lambda over: [{"type": "section", "fields": [plain("f")] * (10 + over)}],
    "section field": lambda over: [{"type": "section", "fields": [plain(x("section field", over))]}],
    "header text": lambda over: [{"type": "header", "text": plain(x("header text", over))}],
    "context elements": lambda over: [{"type": "context", "elements": [plain("c")] * (10 + over)}],
    "context text": lambda over: [{"type": "context", "elements": [plain(x("context text", over))]}],
    "actions elements": lambda over: [
        {"type": "actions", "elements": [button(action_id=f"a{n}") for n in range(25 + over)]}
    ],
    "button text": lambda over: [{"type": "actions", "elements": [button(text=plain(x("button text", over)))]}],
    "button value": lambda over: [{"type": "actions", "elements": [button(value=x("button value", over))]}],
    "button url": lambda over: [{"type": "actions", "elements": [button(url=x("button url", over))]}],
    "action_id": lambda over: [{"type": "actions", "elements": [button(action_id=x("action_id", over))]}],
    "block_id": lambda over: [section(block_id=x("block_id", over))],
    "image url": lambda over: [{"type": "image", "image_url": x("image url", over), "alt_text": "a"}],
    "image alt": lambda over: [{"type": "image", "image_url": "https://i", "alt_text": x("image alt", over)}],
    "overflow options": lambda over: [
        section(accessory={"type": "overflow", "action_id": "o",
                           "options": [{"text": plain(str(n)), "value": str(n)} for n in range(5 + over)]})
    ],
    "option text": lambda over: [
        section(accessory={"type": "static_select", "action_id": "o",
                           "options": [{"text": plain(x("option text", over)), "value": "v"}]})
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", WITHIN_AND_ABOVE)
async def test_a_message_at_a_limit_of_blocks_passes_and_one_above_it_does_not(client, links, name):
    await client.chat_postMessage(channel=links.id, text="fallback", blocks=WITHIN_AND_ABOVE[name](0))
    answer = await refused(client.chat_postMessage(channel=links.id, text="fallback", blocks=WITHIN_AND_ABOVE[name](1)))
    assert answer["error"] == "invalid_blocks"
    [message] = answer["response_metadata"]["messages"]
    assert message.startswith("[ERROR] ")
    assert "[json-pointer:/blocks" in message


@pytest.mark.parametrize(
    ("over", "problem"),
    [
        ({"text": x("text", 1)}, "msg_too_long"),
        ({"text": "t", "blocks": [section("x" * 2835)] * 3 + [section("x" * 2836)]}, "msg_blocks_too_long"),
        ({"text": "t", "attachments": [{"text": "a"}] * 101}, "too_many_attachments"),
        ({"text": ""}, "no_text"),
        ({"markdown_text": x("markdown_text", 1)}, "msg_too_long"),
        ({"text": "t", "metadata": {"event_type": "e", "event_payload": {"x": x("metadata")}}}, "metadata_too_large"),
        ({"text": "t", "metadata": {"event_type": "e"}}, "invalid_metadata_format"),
        ({"text": "t", "blocks": "[nonsense"}, "invalid_blocks_format"),
        ({"text": "t", "blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"text": "t", "blocks": [section("")]}, "invalid_blocks"),
        ({"text": "t", "blocks": [{"type": "sparkles"}]}, "invalid_blocks"),
        ({"text": "t", "blocks": [section(block_id="same"), section(block_id="same")]}, "invalid_blocks"),
    ],
)
async def test_what_breaks_another_limit_of_a_message_gets_its_own_error(client, links, over, problem):
    # Not by chat_postMessage, which warns of some of it.
    assert await error(client.api_call("chat.postMessage", json={"channel": links.id, **over})) == problem


async def test_every_limit_says_where_it_is_from():
    assert all(
        limit.source.startswith(("https://docs.slack.dev/", "https://github.com/", "assumed"))
        for limit in LIMITS.values()
    )


async def test_a_message_is_posted_found_by_its_metadata_changed_and_deleted(slack, client, links):
    metadata = {"event_type": "edition", "event_payload": {"number": 12}}
    posted = await client.chat_postMessage(channel=links.id, text="edition 12", metadata=metadata)
    [plain] = (await client.conversations_history(channel=links.id))["messages"]
    [whole] = (await client.conversations_history(channel=links.id, include_all_metadata=True))["messages"]
    assert "metadata" not in plain
    assert whole["metadata"] == metadata
    assert (whole["bot_id"], whole["app_id"]) == (slack.workspace.bot.bot_id, slack.workspace.app_id)
    link = await client.chat_getPermalink(channel=links.id, message_ts=posted["ts"])
    assert link["permalink"] == f"https://acme.slack.com/archives/{links.id}/p{posted['ts'].replace('.', '')}"
    await client.chat_update(channel=links.id, ts=posted["ts"], text="edition 12, amended")
    [changed] = (await client.conversations_history(channel=links.id, include_all_metadata=True))["messages"]
    assert changed["text"] == "edition 12, amended"
    assert changed["edited"]["user"] == slack.workspace.bot.id
    assert changed["metadata"] == metadata
    await client.chat_delete(channel=links.id, ts=posted["ts"])
    assert await error(client.chat_delete(channel=links.id, ts=posted["ts"])) == "message_not_found"


async def test_what_others_wrote_is_not_ours_to_change(slack, client, ann, links):
    message = slack.workspace.post(ann, links, "mine")
    assert await error(client.chat_update(channel=links.id, ts=message.ts, text="x")) == "cant_update_message"
    assert await error(client.chat_delete(channel=links.id, ts=message.ts)) == "cant_delete_message"


async def test_nothing_is_written_into_an_archived_channel(slack, client, links):
    slack.workspace.archive(links)
    assert await error(client.chat_postMessage(channel=links.id, text="x")) == "is_archived"


async def test_a_message_to_a_person_is_a_direct_one(slack, client, ann):
    posted = await client.chat_postMessage(channel=ann.id, text="hello")
    opened = await client.conversations_open(users=[ann.id])
    assert posted["channel"] == opened["channel"]["id"] == slack.workspace.direct(ann).id


async def test_an_ephemeral_message_is_seen_by_one_and_kept_nowhere(slack, client, ann, links):
    await client.chat_postEphemeral(channel=links.id, user=ann.id, text="psst")
    [shown] = slack.workspace.shown_to(ann)
    assert (shown.text, shown.via) == ("psst", "postEphemeral")
    assert (await client.conversations_history(channel=links.id))["messages"] == []
    zoe = slack.workspace.join("Zoe")
    assert await error(client.chat_postEphemeral(channel=links.id, user=zoe.id, text="x")) == "user_not_in_channel"


async def test_a_reaction_is_put_once_and_taken_back_once(slack, client, ann, links):
    message = slack.workspace.post(ann, links, "hi")
    at = {"channel": links.id, "timestamp": message.ts}
    await client.reactions_add(name="eyes", **at)
    assert await error(client.reactions_add(name="eyes", **at)) == "already_reacted"
    await client.reactions_remove(name="eyes", **at)
    assert await error(client.reactions_remove(name="eyes", **at)) == "no_reaction"
    assert await error(client.reactions_add(name="no emoji", **at)) == "invalid_name"
    assert await error(client.reactions_add(name="eyes", channel=links.id, timestamp="1.0")) == "message_not_found"


# --- what people type ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "text", "elements"),
    [
        ("a < b & c", "a &lt; b &amp; c", [{"type": "text", "text": "a < b & c"}]),
        ("https://e.org/?a=1&b=2.", "<https://e.org/?a=1&amp;b=2>.",
         [{"type": "link", "url": "https://e.org/?a=1&b=2"}, {"type": "text", "text": "."}]),
        ("[tea](https://e.org/)", "<https://e.org/|tea>", [{"type": "link", "url": "https://e.org/", "text": "tea"}]),
        ("<@U1> :tada:", "<@U1> :tada:",
         [{"type": "user", "user_id": "U1"}, {"type": "text", "text": " "}, {"type": "emoji", "name": "tada"}]),
        ("`curl https://e.org`", "`curl <https://e.org>`",
         [{"type": "text", "text": "curl https://e.org", "style": {"code": True}}]),
    ],
)  # fmt: skip
def test_what_a_person_types_becomes_slacks_text_and_blocks(typed, text, elements):
    made, [block] = words.typed(typed)
    assert made == text
    assert block["elements"] == [{"type": "rich_text_section", "elements": elements}]


def test_bullets_quotes_and_fences_are_parts_of_their_own():
    text, [block] = words.typed("see\n- https://e.org/1\n- two\n> said\n```\nhttps://e.org/code\n```")
    assert [part["type"] for part in block["elements"]] == [
        "rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted",
    ]  # fmt: skip
    assert text == "see\n• <https://e.org/1>\n• two\n&gt; said\n```https://e.org/code```"


@pytest.mark.parametrize(
    ("message", "called"),
    [
        ({"text": "<@U1> <!channel> <!subteam^S1|@team>"}, {"U1", "channel", "S1"}),
        ({"text": "@here `<@U1>`"}, set()),
        ({"blocks": [section("@here")]}, {"here"}),
        ({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "@here", "verbatim": True}}]}, set()),
        ({"blocks": [{"type": "section", "text": plain("<!here> @here")}]}, set()),
        ({"blocks": words.typed("<!here>")[1]}, {"here"}),
    ],
)
def test_whom_a_message_calls(message, called):
    assert words.calls(message) == called


def test_a_message_is_read_without_its_markup():
    blocks = [section("*<https://e.org/?a&amp;b|Tea &lt;3>* by <@U1>"), {"type": "actions", "elements": [button()]}]
    message = {"text": "fallback", "blocks": blocks}
    assert words.read(message, {"U1": "Ann"}.get) == "*Tea <3* by @Ann\n[Go]"
    assert words.links(message) == [("https://e.org/?a&b", "Tea <3")]


# --- hearing by sockets ----------------------------------------------------------------------------------------------


async def test_what_people_do_arrives_in_order_and_is_acknowledged(slack, bot, ann, ben, links):
    message = slack.workspace.post(ann, links, "tea https://example.org/tea")
    slack.workspace.unfurl(message, "https://example.org/tea", "All about tea")
    slack.workspace.edit(message, "green tea")
    slack.workspace.react(message, ben, "wave::skin-tone-3")
    slack.workspace.post(ben, links, f"<@{slack.workspace.bot.id}> preview")
    slack.workspace.rename(links, "reading")
    slack.workspace.delete(message)
    await slack.quiet()
    await until(lambda: len(bot.heard) == 9)
    assert sorted(bot.types()) == sorted([
        "message", "message_changed", "message_changed", "reaction_added", "message", "app_mention", "channel_rename",
        "channel_name", "message_deleted",
    ])  # fmt: skip
    unfurled, edited = [event for event in bot.heard if event.get("subtype") == "message_changed"]
    assert "edited" not in unfurled["message"]
    assert unfurled["message"]["attachments"][0]["title"] == "All about tea"
    assert (edited["message"]["text"], edited["previous_message"]["text"][:3]) == ("green tea", "tea")
    assert edited["ts"] != edited["message"]["ts"] == message.ts
    assert all(delivery.acked for delivery in slack.delivering.told)


async def until(what, within=5):
    """Wait for what bolt's listeners do: they run after the acknowledgement."""
    async with asyncio.timeout(within):
        while not what():  # noqa: ASYNC110  nobody tells when a listener is done
            await asyncio.sleep(0.005)


async def test_the_app_hears_only_of_channels_it_is_in(slack, bot, ann):
    slack.workspace.post(ann, slack.workspace.open_channel("random", [ann], bot=False), "unheard")
    desk = slack.workspace.open_channel("desk", [ann], private=True, bot=False)
    slack.workspace.post(ann, desk, "unheard")
    slack.workspace.invite(desk, by=ann)
    slack.workspace.post(ann, desk, "heard")
    await slack.quiet()
    await until(lambda: len(bot.heard) == 2)
    assert sorted(bot.types()) == ["member_joined_channel", "message"]


async def test_only_events_that_were_subscribed_to_come(slack, bot, ann, links):
    slack.events = {"reaction_added"}
    message = slack.workspace.post(ann, links, "hi")
    slack.workspace.react(message, ann, "eyes")
    await slack.quiet()
    await until(lambda: bot.types() == ["reaction_added"])
    assert [delivery.payload["event"]["type"] for delivery in slack.delivering.told] == ["reaction_added"]


async def test_what_is_not_acknowledged_is_told_again_and_then_given_up(slack, bot, ann, links):
    bot.acknowledges = False
    slack.delivering.patience = 0.05
    slack.workspace.post(ann, links, "hi")
    await until(lambda: slack.delivering.lost)
    [delivery] = slack.delivering.told
    assert delivery.attempts == 3
    assert len(set(delivery.envelopes)) == 4
    assert bot.retries == ["0", "1", "2", "3"]


async def test_a_message_can_come_eleven_times_with_different_event_ids(slack, bot, ann, links):
    slack.delivering.copies = 11
    slack.workspace.post(ann, links, "hi")
    await slack.quiet()
    await until(lambda: len(bot.heard) == 11)
    assert len({delivery.payload["event_id"] for delivery in slack.delivering.told}) == 11
    assert len({event["ts"] for event in bot.heard}) == 1


async def test_what_was_acknowledged_can_come_again_as_it_was(slack, bot, ann, links):
    slack.workspace.post(ann, links, "hi")
    await slack.quiet()
    slack.delivering.again(slack.delivering.told[-1], times=2)
    await slack.quiet()
    await until(lambda: len(bot.heard) == 3)
    assert len({delivery.payload["event_id"] for delivery in slack.delivering.told}) == 1
    assert bot.retries == ["0", "1", "1"]


async def test_a_guest_from_another_workspace_is_known_by_their_team(slack, bot, ann):
    zoe = slack.workspace.join("Zoe", home="T0OTHER")
    shared = slack.workspace.open_channel("shared", [ann, zoe], shared=True)
    slack.workspace.post(zoe, shared, "hello")
    await slack.quiet()
    await until(lambda: bot.heard)
    assert (bot.heard[0]["team"], bot.heard[0]["user_team"]) == ("T0OTHER", "T0OTHER")
    assert slack.delivering.told[-1].payload["is_ext_shared_channel"]
    assert (await bot.client.users_info(user=zoe.id))["user"]["is_stranger"]


async def test_a_bot_that_is_kicked_out_is_told_and_hears_no_more(slack, bot, ann, links):
    slack.workspace.remove(links, by=ann)
    slack.workspace.post(ann, links, "unheard")
    await slack.quiet()
    kinds = [delivery.payload["event"]["type"] for delivery in slack.delivering.told]
    assert kinds == ["channel_left", "member_left_channel"]


async def test_a_file_comes_with_words_and_a_topic_as_a_notice(slack, bot, ann, links):
    slack.workspace.share_file(ann, links, "tea.pdf", "see https://example.org/tea")
    slack.workspace.set_topic(links, ann, "https://example.org/topic")
    await slack.quiet()
    await until(lambda: len(bot.heard) == 2)
    assert {event["subtype"] for event in bot.heard} == {"file_share", "channel_topic"}


async def test_what_is_held_back_can_come_in_the_wrong_order(slack, bot, ann, links):
    slack.delivering.hold()
    for n in range(3):
        slack.workspace.post(ann, links, str(n))
    slack.delivering.release(reverse=True)
    await slack.quiet()
    await until(lambda: [event["text"] for event in bot.heard] == ["2", "1", "0"])


# --- sockets in trouble ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["reset", "close", "disconnect"])
async def test_after_the_end_of_a_socket_the_app_comes_again(slack, bot, ann, links, what):
    before = slack.delivering.handshakes
    await getattr(slack.delivering, what)()
    await until(lambda: slack.delivering.handshakes > before and slack.delivering.sockets)
    await asyncio.sleep(0.3)  # Slack closes the old socket a moment after it asked for a new one
    slack.workspace.post(ann, links, "hi again")
    await slack.quiet()
    await until(lambda: bot.types() == ["message"])


async def test_while_the_network_is_cut_nothing_is_heard_and_no_call_gets_through(slack, bot, ann, links):
    await slack.cut()
    slack.workspace.post(ann, links, "unheard")
    with pytest.raises(Exception, match=r"(?i)disconnected|reset|cannot connect"):
        await bot.client.auth_test()
    await slack.restore()
    await slack.delivering.connected()
    slack.workspace.post(ann, links, "heard")
    await slack.quiet()
    await until(lambda: bot.heard)
    assert [event["text"] for event in bot.heard] == ["heard"]
    assert len(slack.delivering.lost) == 1


async def test_a_ticket_is_good_for_one_handshake_so_the_aiohttp_client_is_trapped_by_a_refused_one(slack, bot):
    slack.delivering.refuse_handshakes = 1
    await slack.delivering.disconnect()
    await until(lambda: slack.delivering.handshakes >= 4)
    assert slack.delivering.sockets == []
    bot.handler.client.wss_uri = None  # what a watchdog does
    await slack.delivering.connected()


async def test_a_stale_ticket_opens_nothing(slack, bot):
    answer = await bot.client.apps_connections_open(app_token=slack.app_token)
    slack.delivering.expire_tickets()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(answer["url"])


async def test_a_handshake_can_hang(slack, bot):
    slack.delivering.hang_handshakes = 1
    await slack.delivering.disconnect()
    await slack.delivering.disconnected()
    await until(lambda: slack.delivering.handshakes == 2)
    assert slack.delivering.sockets == []


async def test_a_silent_socket_answers_no_ping_so_the_app_leaves_it(slack, bot, ann, links):
    slack.delivering.patience = 0.3
    slack.delivering.silent = True
    slack.workspace.post(ann, links, "never comes")
    await until(lambda: slack.delivering.handshakes > 1)
    slack.delivering.silent = False
    await until(lambda: bot.heard)  # the retry finds the new socket


# --- calls in trouble ------------------------------------------------------------------------------------------------


async def test_a_lost_answer_leaves_the_message_and_a_lost_call_none(slack, links):
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])
    slack.trouble.lose_answer()
    with pytest.raises(SlackApiError):
        await client.chat_postMessage(channel=links.id, text="arrived")
    slack.trouble.lose_answer(status=0)
    with pytest.raises(Exception, match=r"(?i)disconnected|reset"):
        await client.chat_postMessage(channel=links.id, text="arrived too")
    slack.trouble.lose_call()
    with pytest.raises(Exception, match=r"(?i)disconnected|reset"):
        await client.chat_postMessage(channel=links.id, text="lost")
    slack.trouble.fail("chat.*", 503)
    with pytest.raises(SlackApiError):
        await client.chat_postMessage(channel=links.id, text="refused")
    texts = [message.fields["text"] for message in slack.workspace.posts_of(slack.workspace.bot, links)]
    assert texts == ["arrived", "arrived too"]


async def test_calls_are_limited_slowed_and_refused_by_method(slack, client, links):
    slack.trouble.rate_limit("chat.*", wait=7)
    with pytest.raises(SlackApiError) as found:
        await client.chat_postMessage(channel=links.id, text="hi")
    assert (found.value.response.status_code, found.value.response.headers["Retry-After"]) == (429, "7")
    await client.chat_postMessage(channel=links.id, text="hi")
    slack.trouble.ratelimited_body("auth.test")
    assert await error(client.auth_test()) == "ratelimited"
    slack.trouble.slow("auth.test", 0.1)
    start = asyncio.get_running_loop().time()
    await client.auth_test()
    assert asyncio.get_running_loop().time() - start >= 0.1
    slack.trouble.error("*", "token_revoked")
    assert await error(client.auth_test()) == "token_revoked"
    slack.trouble.clear()
    await client.auth_test()


# --- commands, buttons, forms ----------------------------------------------------------------------------------------


async def test_a_command_is_acknowledged_and_answered_by_its_response_url_five_times(slack, bot, ann, links):
    @bot.app.command("/digest")
    async def digest(ack, respond, command):
        await ack("one moment")
        await respond(f"preview of {command['text']} in {command['channel_name']}")

    asked = await slack.ask(ann, links, "/digest", "preview")
    assert asked.ack == {"text": "one moment"}
    await slack.answered(asked)
    # In any order: bolt passes an acknowledgement on a moment after the listener gave it.
    assert {shown.text for shown in slack.workspace.shown_to(ann)} == {"one moment", "preview of preview in links"}
    hook = AsyncWebhookClient(asked.response_url)
    assert [(await hook.send(text="again")).status_code for _ in range(5)] == [200, 200, 200, 200, 404]
    assert json.loads((await hook.send(text="again")).body)["error"] == "used_url"
    await hook.send(text="x")


async def test_in_a_private_channel_a_command_does_not_know_the_name(slack, bot, ann):
    names = []

    @bot.app.command("/digest")
    async def digest(ack, command):
        names.append(command["channel_name"])
        await ack()

    desk = slack.workspace.open_channel("desk", [ann], private=True, bot=False)
    await slack.ask(ann, desk, "/digest")
    assert names == ["privategroup"]


async def test_a_question_can_be_delivered_twice_though_it_was_asked_once(slack, bot, ann, links):
    triggers = []

    @bot.app.command("/digest")
    async def digest(ack, respond, command):
        await ack()
        triggers.append(command["trigger_id"])
        await respond("the answer")

    asked = await slack.ask(ann, links, "/digest", "publish")
    await slack.ask_again(asked)
    assert len(await slack.answered(asked, 2)) == 2
    assert triggers == [asked.trigger_id] * 2


async def test_a_button_only_one_person_sees_comes_without_its_message(slack, bot, ann, links):
    bodies = []

    @bot.app.action("go")
    async def go(ack, body, respond):
        await ack()
        bodies.append(body)
        await respond(delete_original=True)

    blocks = [{"type": "actions", "elements": [button(action_id="go")]}]
    await bot.client.chat_postEphemeral(channel=links.id, user=ann.id, text="go?", blocks=blocks)
    asked = await slack.press(ann, slack.workspace.shown_to(ann)[-1], "go")
    await slack.answered(asked)
    assert bodies[0]["container"]["is_ephemeral"]
    assert "message" not in bodies[0]
    assert slack.workspace.shown_to(ann) == []


async def test_a_command_nobody_acknowledges_times_out(slack, bot, ann, links):
    slack.delivering.patience = 0.1
    assert (await slack.ask(ann, links, "/unknown")).ack is None
    assert len(slack.delivering.lost) == 1


def form(**more):
    return {
        "type": "modal", "callback_id": "edit", "title": plain("Edit"), "submit": plain("Save"),
        "blocks": [
            {"type": "input", "block_id": "title", "label": plain("Title"),
             "element": {"type": "plain_text_input", "action_id": "title", "initial_value": "Tea"}},
            {"type": "input", "block_id": "section", "label": plain("Section"),
             "element": {"type": "static_select", "action_id": "section",
                         "options": [{"text": plain("News"), "value": "n"}, {"text": plain("Papers"), "value": "p"}]}},
        ],
    } | more  # fmt: skip


async def test_a_button_opens_a_form_and_the_form_comes_back(slack, bot, ann, links):
    sent = []

    @bot.app.action("edit")
    async def edit(ack, body, client, respond):
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=form(private_metadata=body["message"]["ts"]))
        await respond(text="opened", replace_original=True)

    @bot.app.view("edit")
    async def save(ack, view):
        values = {name: field[name] for name, field in view["state"]["values"].items()}
        if values["title"]["value"] == "bad":
            await ack(response_action="errors", errors={"title": "not that"})
            return
        await ack()
        sent.append((values["title"]["value"], values["section"]["selected_option"]["value"]))

    posted = await bot.client.chat_postMessage(
        channel=links.id, text="draft", blocks=[{"type": "actions", "elements": [button(action_id="edit")]}]
    )
    message = slack.workspace.message(posted["ts"])
    asked = await slack.press(ann, message, "Go")
    await slack.answered(asked)
    assert words.read(message.fields) == "opened"
    await slack.submit(ann, {"title": "bad", "section": "n"})
    assert slack.views.open_for(ann)["errors"] == {"title": "not that"}
    await slack.submit(ann, {"section": "p"})
    assert sent == [("Tea", "p")]
    assert slack.views.open_for(ann) is None


async def test_a_message_has_a_menu_with_shortcuts_that_know_it(slack, bot, ann, links):
    heard = []

    @bot.app.shortcut("save")
    async def save(ack, shortcut, respond):
        await ack()
        heard.append(shortcut["message"]["text"])
        await respond("saved")

    message = slack.workspace.post(ann, links, "words")
    await slack.answered(await slack.shortcut(ann, "save", message))
    assert heard == ["words"]
    assert slack.workspace.shown_to(ann, links)[-1].text == "saved"


async def test_a_trigger_opens_one_form_and_only_at_once(slack, client, ann):
    trigger = slack.views.trigger(ann)
    await client.views_open(trigger_id=trigger, view=form())
    assert await error(client.views_open(trigger_id=trigger, view=form())) == "exchanged_trigger_id"
    assert await error(client.views_open(trigger_id="1.2.x", view=form())) == "invalid_trigger_id"
    slack.views.trigger_life = 0
    assert await error(client.views_open(trigger_id=slack.views.trigger(ann), view=form())) == "expired_trigger_id"


@pytest.mark.parametrize(
    "over",
    [
        {"title": plain(x("view title", 1))},
        {"submit": plain(x("view button", 1))},
        {"private_metadata": x("private_metadata", 1)},
        {"callback_id": x("callback_id", 1)},
        {"blocks": [{"type": "divider"}] * 101},
        {"submit": None},
    ],
)
async def test_a_form_over_a_limit_is_refused(slack, client, ann, over):
    answer = await refused(client.views_open(trigger_id=slack.views.trigger(ann), view=form(**over)))
    assert answer["error"] == "invalid_arguments"
    assert "[json-pointer:/view" in answer["response_metadata"]["messages"][0]


async def test_forms_are_updated_stacked_three_high_and_the_home_tab_published(slack, client, ann):
    opened = await client.views_open(trigger_id=slack.views.trigger(ann), view=form())
    updated = await client.views_update(view_id=opened["view"]["id"], view=form(title=plain("New")))
    assert slack.views.open_for(ann)["title"]["text"] == "New"
    stale = client.views_update(view_id=opened["view"]["id"], hash=opened["view"]["hash"], view=form())
    assert await error(stale) == "hash_conflict"
    for _ in range(2):
        await client.views_push(trigger_id=slack.views.trigger(ann), view=form())
    assert await error(client.views_push(trigger_id=slack.views.trigger(ann), view=form())) == "push_limit_reached"
    assert slack.views.open_for(ann)["root_view_id"] == updated["view"]["id"]
    await client.views_publish(user_id=ann.id, view={"type": "home", "blocks": [section("welcome")]})
    assert words.read(slack.views.home_of(ann)) == "welcome"


# --- hearing by signed HTTP ------------------------------------------------------------------------------------------


@pytest.fixture
async def http_bot(slack):
    bot = Bot(slack)
    runner = web.AppRunner(bot.app.web_app(path="/slack/events"))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    bot.url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    yield bot
    await runner.cleanup()


async def test_signed_requests_carry_events_and_commands(slack, http_bot, ann, links):
    @http_bot.app.command("/digest")
    async def digest(ack):
        await ack("hello")

    assert await slack.use_http(http_bot.url)
    slack.workspace.post(ann, links, "hi")
    await slack.quiet()
    await until(lambda: http_bot.types() == ["message"])
    assert (await slack.ask(ann, links, "/digest")).ack == {"text": "hello"}
    assert slack.workspace.shown_to(ann)[0].text == "hello"


async def test_a_request_that_fails_is_sent_again_with_its_number(slack, http_bot, ann, links):
    await slack.use_http(http_bot.url)
    http_bot.acknowledges = False
    slack.workspace.post(ann, links, "hi")
    await until(lambda: slack.delivering.lost)
    assert http_bot.retries == ["1", "2", "3"]


async def test_a_failed_request_is_not_repeated_where_the_app_says_so(slack, ann, links):
    asked = []

    async def fail(request):
        asked.append(await request.json())
        return web.Response(status=500, headers={"x-slack-no-retry": "1"})

    app = web.Application()
    app.router.add_post("/", fail)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.delivering.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    slack.workspace.post(ann, links, "hi")
    await until(lambda: slack.delivering.lost)
    await runner.cleanup()
    assert len(asked) == 1


async def test_a_request_signed_with_another_secret_is_refused(slack, http_bot, ann, links):
    slack.delivering.signing_secret = "another"
    assert not await slack.use_http(http_bot.url)
    slack.workspace.post(ann, links, "hi")
    await until(lambda: slack.delivering.lost)
    assert slack.delivering.lost[-1].status == 401
    assert http_bot.heard == []
