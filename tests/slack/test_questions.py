"""What is asked, read from any payload: whatever is in it, there is a question or none, and never an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.platforms.slack.payloads import mentioned, reaction_heard
from bot.platforms.slack.questions import Question, Stands, mention, note, question

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.sampled_from(["<@U1> hi", "<#C1|x>", "1.5"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = (
    "command text user user_id channel channel_id type event_ts ts reaction item actions view state values container "
    "message callback_id trigger_id response_url private_metadata blocks elements value bot_id"
).split()
KINDS = ["block_actions", "message_action", "view_submission", "view_closed", "shortcut", "message", "reaction_added"]
payloads = st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS)}, optional={key: anything for key in KEYS if key != "type"}
)


@given(payloads, st.none() | payloads)
def test_whatever_slack_sends_is_read_without_an_error(body, inner):
    for payload in (
        body,
        body | {"message": inner, "item": inner, "view": inner, "channel": inner, "container": inner},
    ):
        assert isinstance(question(payload), Question | None)
        assert isinstance(mention(payload, "U1"), Question | None)
        reaction_heard(payload, "T1")
        people, channels = mentioned(payload)
        assert all(isinstance(id, str) and id for id in people | channels)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("<@UBOT> preview", "preview"),
        ("<@UBOT>", ""),
        ("<@UBOT|linkletter>   search #paper ", "search #paper"),
        ("hey <@UBOT> search <https://example.org/?a=1&amp;b=2>", "search https://example.org/?a=1&b=2"),
        ("<@UBOT> search &lt;b&gt;", "search <b>"),
    ],
)
def test_a_mention_asks_what_follows_our_name(text, asked):
    event = {"type": "app_mention", "text": text, "user": "U1", "channel": "C1", "ts": "1.000001"}
    assert mention(event, "UBOT") == Question("C1:1.000001", asked, "U1", "C1")


@pytest.mark.parametrize(
    "event", [{"text": "no name"}, {"text": "<@UBOT> x", "bot_id": "B1"}, {"text": "<@UBOT> x", "user": ""}]
)
def test_nobody_else_and_nothing_else_asks_by_a_mention(event):
    assert mention({"user": "U1", "channel": "C1", "ts": "1.000001"} | event, "UBOT") is None


@pytest.mark.parametrize("stands", [None, Stands("1.000001", shown=True), Stands("1.000001", shown=False)])
def test_a_form_remembers_where_it_was_opened(stands):
    opened = Question("t1", "edit 7", "U1", "C1", "links", "1.5", "https://slack.example/1", "t1", stands=stands)
    view = {"id": "V1", "hash": "h", "private_metadata": note(opened, "edit 7"), "state": {"values": {}}}
    sent = question({"type": "view_submission", "user": {"id": "U1"}, "view": view, "trigger_id": "t2"})
    assert sent == Question("t2", "edit 7", "U1", "C1", "links", "1.5", "https://slack.example/1", "t2", stands=stands)


def test_a_form_that_could_not_be_remembered_is_not_opened():
    assert note(Question("t", "x", "U1", "C1", response_url="x" * 4000), "edit") == ""


def test_a_button_that_is_only_a_link_asks_nothing():
    assert question({"type": "block_actions", "actions": [{"action_id": "a", "url": "https://example.org"}]}) is None
