"""Payloads as nobody documented them, and documented ones that are rare: each is taken in, or let go; none ends the
run, and none costs another one.

https://docs.slack.dev/reference/events and the shapes of Slack's own SDKs.
"""

import json
import random
from copy import deepcopy

import pytest

from bot.platforms.slack.client import IN_VAIN
from newsletter.errors import UserError
from newsletter.heard import MessageSeen
from newsletter.words import read
from tests.slack.conftest import now, scene

TS = f"{now().timestamp() - 60:.6f}"


def urls(texts):
    return sorted(share.url for text in texts for share in read(text))


def tell(live, event, **around):
    """Slack tells of this, as far as it says."""
    body = {"type": "event_callback", "team_id": live.slack.workspace.id, "event": event, "event_id": "Ev1", **around}
    return live.slack.delivering.tell("events_api", body)


def message(live, **fields):
    """A message as Slack documents it, with other ``fields``."""
    plain = {"type": "message", "channel": live.links.id, "channel_type": "channel", "user": live.ann.id, "ts": TS}
    return plain | {"text": "", "event_ts": TS} | fields


LINK = "https://example.org/tea"
FORWARDED = {
    "is_msg_unfurl": True,
    "channel_id": "C9",
    "from_url": "https://acme.slack.com/archives/C9/p1",
    "text": LINK,
}


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"subtype": "me_message", "text": f"<{LINK}>"}, [LINK]),
        ({"subtype": "thread_broadcast", "text": f"<{LINK}>", "thread_ts": "1600000000.000100"}, [LINK]),
        ({"subtype": "of_tomorrow", "text": f"<{LINK}>"}, [LINK]),
        ({"text": f"<{LINK}>", "thread_ts": 1600000000.0001, "blocks": 7, "files": "none", "team": None}, [LINK]),
        ({"text": f"<{LINK}>", "user_team": "T0OTHER", "user_profile": [], "edited": "yes"}, [LINK]),
        ({"text": f"<{LINK}>", "reactions": [{"name": 7, "count": "3", "users": {}}, 5]}, [LINK]),
        ({"files": [{"mode": "external", "url_private": LINK, "title": "Tea", "is_external": True}]}, [LINK]),
        ({"files": [{"mode": "hosted", "url_private": "https://files.slack.com/files-pri/T0-F1/a.pdf"}]}, []),
        ({"files": [{"mode": "canvas", "url_private": "https://acme.slack.com/docs/T0/F1"}]}, []),
        ({"files": [{"mode": "list", "url_private": "https://acme.slack.com/lists/T0/F1"}]}, []),
        ({"files": [{"mode": "tombstone"}, {}, 5]}, []),
        ({"attachments": [FORWARDED]}, []),
        ({"attachments": [{"fallback": "old", "text": f"<{LINK}>"}], "bot_id": "B1", "user": ""}, []),
        ({"subtype": "bot_message", "bot_id": "B1", "text": f"<{LINK}>"}, []),
        ({"subtype": "message_replied", "message": {"user": "U1", "ts": TS, "text": f"<{LINK}>"}}, []),
        ({"subtype": "huddle_thread", "text": f"<{LINK}>", "room": {}}, []),
        ({"subtype": "channel_canvas_updated", "text": f"<{LINK}>"}, []),
        ({"subtype": "channel_posting_permissions", "text": f"<{LINK}>"}, []),
        ({"subtype": "reminder_add", "text": f"<{LINK}>"}, []),
        ({"channel_type": "mpim", "text": f"<{LINK}>"}, []),
        ({"ts": float(TS), "text": f"<{LINK}>"}, []),
        ({"user": 7, "text": f"<{LINK}>"}, []),
        ({"text": ["x"], "user": {}}, []),
    ],
    ids=lambda value: (value.get("subtype") or "-".join(value)) if isinstance(value, dict) else "",
)  # fmt: skip
async def test_a_rare_message_is_what_its_person_said(live, fields, found):
    told = tell(live, message(live, **fields))
    await live.quiet()
    assert told.acked
    assert urls((await live.keeper.messages()).values()) == found


async def test_a_channel_that_changes_is_looked_at_anew_and_read(live):
    for told in (
        {"type": "channel_id_changed", "old_channel_id": live.links.id, "new_channel_id": "C9", "event_ts": TS},
        message(live, subtype="channel_convert_to_private"),
        {"type": "group_joined", "channel": {"id": "G1"}},
        {"type": "channel_unarchive", "channel": live.links.id, "user": live.ann.id},
    ):
        before = live.keeper.connections
        tell(live, told, enterprise_id="E1", is_ext_shared_channel=True, authorizations=[])
        await live.quiet(before + 1)


async def test_a_revoked_token_ends_the_run_and_an_old_message_about_one_does_not(live):
    for kind in ("tokens_revoked", "app_uninstalled"):
        assert tell(live, {"type": kind, "tokens": {"oauth": ["U1"], "bot": ["U2"]}}).payload
    await live.quiet()
    assert not live.running.done()
    live.slack.uninstall()
    with pytest.raises(UserError, match="token_revoked"):
        await live.running


# --- one that breaks us ----------------------------------------------------------------------------------------------


def break_on(live, word):
    """Our own mistake: what has the word in it makes us fail."""
    hear = live.keeper.heard
    live.failures = 0

    async def heard(one):
        if isinstance(one, MessageSeen) and word in one.text:
            live.failures += 1
            raise KeyError("a mistake of ours")
        await hear(one)

    live.keeper.heard = heard


async def test_a_payload_that_breaks_us_is_let_go_after_some_attempts_and_costs_no_other(sqlite_url, caplog):
    async with scene(sqlite_url, retries=(0.05,) * 8) as live:
        live.slack.delivering.patience = 0.5
        live.start()
        await live.quiet(1)
        break_on(live, "poison")
        live.slack.workspace.post(live.ann, live.links, "before https://example.org/before")
        live.slack.workspace.post(live.ann, live.links, "poison https://example.org/secret-words")
        poisoned = live.slack.delivering.told[-1]
        live.slack.workspace.post(live.ann, live.links, "after https://example.org/after")
        await live.until(lambda: poisoned.acked)
        await live.quiet()
        assert live.failures == IN_VAIN
        assert not live.running.done()
        assert urls((await live.keeper.messages()).values()) == [
            "https://example.org/after",
            "https://example.org/before",
        ]
    assert "reference" in caplog.text
    assert "let go" in caplog.text
    assert "secret-words" not in caplog.text


async def test_a_message_that_cannot_be_understood_when_reading_back_costs_no_other_and_deletes_none(
    sqlite_url, monkeypatch, caplog
):
    from bot.platforms.slack import payloads

    understood = payloads.message_seen

    def stumbling(message, *more):
        if "poison" in message.get("text", ""):
            raise KeyError("a mistake of ours")
        return understood(message, *more)

    async with scene(sqlite_url) as live:
        live.slack.workspace.post(live.ann, live.links, "poison https://example.org/poison")
        live.slack.workspace.post(live.ann, live.links, "well https://example.org/well")
        live.start()
        await live.quiet(1)
        before = await live.keeper.messages()
        monkeypatch.setattr(payloads, "message_seen", stumbling)
        await live.keeper.connected(live.chat)
        assert await live.keeper.messages() == before
        assert len(before) == 2
    assert "not understood" in caplog.text


# --- anything --------------------------------------------------------------------------------------------------------

JUNK = [
    None,
    0,
    -1,
    1700000000.0001,
    True,
    "",
    " ",
    "\x00",
    "C1",
    [],
    {},
    [[]],
    {"type": {}},
    "<@U1|",
    "\ud800",
    10**400,
    "<!here>",
]


def spoiled(chance, value):
    """The value with one thing in it replaced, missing or twice."""
    value = deepcopy(value)
    places = [
        (holder, key)
        for holder in _inside(value)
        for key in (holder if isinstance(holder, dict) else range(len(holder)))
    ]
    holder, key = chance.choice(places)
    match chance.randrange(3):
        case 0 if isinstance(holder, dict):
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.append(holder[key])
        case _:
            holder[key] = deepcopy(chance.choice(JUNK))
    return value


def _inside(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(found for one in inner for found in _inside(one))] if isinstance(value, dict | list) else []


def everything_slack_says(live):
    """A payload of each kind, from the lips of the server."""
    place = live.slack.workspace
    tea = place.post(live.ann, live.links, f"*tea* <@{live.ben.id}> {LINK}", thread=None)
    place.post(live.ben, live.links, f"reply {LINK}", thread=tea, broadcast=True)
    place.edit(tea, f"green tea {LINK}")
    place.unfurl(tea, LINK, title="Tea")
    place.share_file(live.ann, live.links, "notes.pdf", LINK)
    place.react(tea, live.ben, "tada")
    place.react(tea, live.ben, "tada", on=False)
    place.rename(live.links, "reading")
    place.invite(live.links, place.join("Cho"))
    place.archive(live.links)
    place.archive(live.links, on=False)
    place.post(live.ann, live.links, f"<@{place.bot.id}> preview")
    place.delete(tea)
    events = [one.payload for one in live.slack.delivering.told]
    events += [
        body | {"type": kind} for body in events[:1] for kind in ("block_actions", "message_action", "view_submission")
    ]
    events += [
        {
            "command": "/digest",
            "text": "preview",
            "user_id": live.ann.id,
            "channel_id": live.links.id,
            "trigger_id": "1.2",
        }
    ]
    return events


@pytest.mark.parametrize("seed", range(3))
async def test_no_payload_ends_the_run_or_costs_another_one(sqlite_url, seed):
    chance = random.Random(seed)
    async with scene(sqlite_url, retries=(0.01, 0.01, 0.01)) as live:
        live.start()
        await live.quiet(1)
        payloads = everything_slack_says(live)
        await live.quiet()
        told = []
        for number in range(120):
            payload = spoiled(chance, chance.choice(payloads))
            for _ in range(chance.randrange(3)):
                payload = spoiled(chance, payload) if isinstance(payload, dict) and payload else payload
            kind = "events_api" if "event" in payload else "interactive"
            told.append(live.slack.delivering.tell(kind, json.loads(json.dumps(payload))))
            if number % 20 == 0:
                live.slack.workspace.post(live.ann, live.links, f"https://example.org/{number}")
        await live.quiet()
        assert not live.running.done()
        assert [one.payload for one in told if not one.acked] == []
        found = {url for url in urls((await live.keeper.messages()).values()) if url.rpartition("/")[2].isdigit()}
        assert found == {f"https://example.org/{number}" for number in range(0, 120, 20)}
