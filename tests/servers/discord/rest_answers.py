"""REST: the bot's answers to interactions: the first within 3 s, then follow-ups and changes for 15 minutes.

interactions/receiving-and-responding of the docs. Nothing here counts towards the global rate limit; the token in the
path is the permission. Of what nobody answered yet, the webhook is unknown.
"""

from tests.servers.discord import checks, payloads
from tests.servers.discord.asking import COMMAND, COMPONENT, MESSAGE_MENU, Asking, Interaction
from tests.servers.discord.errors import Json, Refused
from tests.servers.discord.model import NO_FLAGS, Flag, Message
from tests.servers.discord.rest import Call, Route
from tests.servers.discord.rest_messages import edit, written

MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, AUTOCOMPLETE, MODAL = 4, 5, 6, 7, 8, 9
COMMAND_REPLY, MENU_REPLY = 20, 23  # message types
USERS_ONLY = ("users",)  # the mentions that count where a bot does not say, in interactions and webhooks


# --- the first answer ------------------------------------------------------------------------------------------------


def callback(platform: Asking, call: Call) -> Json | None:
    """Later than 3 s: unknown. Twice: already acknowledged."""
    interaction = platform.interactions.get(call.names["interaction_token"])
    if interaction is None or interaction.id != call.names["interaction_id"] or interaction.late:
        raise Refused("unknown interaction")
    if interaction.answered_with is not None:
        raise Refused("already acknowledged")
    kind, body = call.form["type"], call.form.get("data") or {}
    ANSWERS[_possible(interaction, kind)](platform, interaction, Call(**vars(call) | {"body": body}))
    interaction.answered_with = kind
    interaction.changed.set()
    if call.query.get("with_response") not in ("1", "true", "True"):
        return None
    return _response(platform, interaction, kind)


def _possible(interaction: Interaction, kind: int) -> int:
    """Only a component's message can be updated, and a form does not open a form."""
    wrong = kind not in ANSWERS
    wrong = wrong or (kind in (DEFERRED_UPDATE, UPDATE) and interaction.message is None)
    wrong = wrong or (kind == MODAL and interaction.kind not in (COMMAND, COMPONENT))
    if wrong:
        fault = {"code": "BASE_TYPE_CHOICES", "message": f"Value must be one of {set(ANSWERS)}."}
        raise Refused("form", {"type": {"_errors": [fault]}})
    return kind


def _answer(platform: Asking, interaction: Interaction, call: Call) -> None:
    checks.message(call.form, files=len(call.files), inner="data.")
    interaction.original = _written(platform, interaction, call, first=True)


def _defer(platform: Asking, interaction: Interaction, call: Call) -> None:
    interaction.flags = int(call.form.get("flags") or 0) & Flag.EPHEMERAL
    call.body = {"flags": interaction.flags}
    interaction.original = _written(platform, interaction, call, first=True, loading=True)


def _defer_update(platform: Asking, interaction: Interaction, call: Call) -> None:
    interaction.original = interaction.message


def _update(platform: Asking, interaction: Interaction, call: Call) -> None:
    assert interaction.message
    edit(platform, interaction.message, call)
    interaction.original = interaction.message


def _open(platform: Asking, interaction: Interaction, call: Call) -> None:
    checks.modal(call.form)
    interaction.form = call.form | {"components": payloads.components(call.form["components"])}


ANSWERS = {MESSAGE: _answer, DEFERRED: _defer, DEFERRED_UPDATE: _defer_update, UPDATE: _update, MODAL: _open}


def _response(platform: Asking, interaction: Interaction, kind: int) -> Json:
    """What ``with_response`` asks for."""
    answer: Json = {"id": interaction.id, "type": interaction.kind}
    if kind == MODAL or interaction.original is None:
        return {"interaction": answer}
    answer |= {
        "response_message_id": interaction.original.id,
        "response_message_loading": payloads.is_loading(interaction.original),
        "response_message_ephemeral": bool(interaction.original.flags & Flag.EPHEMERAL),
    }
    if kind not in (MESSAGE, UPDATE):
        return {"interaction": answer}
    return {
        "interaction": answer,
        "resource": {"type": kind, "message": payloads.message(interaction.original, platform.bot)},
    }


def _written(
    platform: Asking, interaction: Interaction, call: Call, *, first: bool = False, loading: bool = False
) -> Message:
    """A message that answers: in the channel, or seen by the asker alone."""
    more = written(platform, interaction.channel, call.form, call)
    seen_alone = int(call.form.get("flags") or 0) & Flag.EPHEMERAL
    more["flags"] |= Flag(seen_alone) | (Flag.LOADING if loading else NO_FLAGS)
    message = platform.write(
        interaction.channel, platform.bot, (call.form.get("content") or "").strip(), default=USERS_ONLY,
        kind=_kind(interaction) if first else 0, webhook_id=platform.application_id,
        asked=_metadata(platform, interaction), seen_by=interaction.person if seen_alone else None, **more,
    )  # fmt: skip
    return message


def _kind(interaction: Interaction) -> int:
    if interaction.kind != COMMAND:
        return 0
    return MENU_REPLY if interaction.payload["data"]["type"] == MESSAGE_MENU else COMMAND_REPLY


def _metadata(platform: Asking, interaction: Interaction) -> Json:
    """What a message says of the interaction it answers."""
    about: Json = {
        "id": interaction.id,
        "type": interaction.kind,
        "user": payloads.user(interaction.person),
        "authorizing_integration_owners": {"0": interaction.channel.guild.id},
    }
    named: Json = {}
    if interaction.kind == COMMAND:
        named = {key: about[key] for key in ("id", "type", "user")} | {"name": interaction.payload["data"]["name"]}
        if interaction.payload["data"]["type"] == MESSAGE_MENU:
            about["target_message_id"] = interaction.payload["data"]["target_id"]
    elif interaction.kind == COMPONENT and interaction.message:
        about["interacted_message_id"] = interaction.message.id
    elif interaction.from_interaction:
        about["triggering_interaction_metadata"] = _metadata(platform, interaction.from_interaction)[
            "interaction_metadata"
        ]
    return {
        "application_id": platform.application_id,
        "interaction_metadata": about,
        **({"interaction": named} if named else {}),
    }


# --- what follows ----------------------------------------------------------------------------------------------------


def _open_interaction(platform: Asking, call: Call) -> Interaction:
    """The answered interaction that the token is of, for 15 minutes."""
    interaction = platform.interactions.get(call.names["webhook_token"])
    if call.names["webhook_id"] != platform.application_id or interaction is None or interaction.answered_with is None:
        raise Refused("unknown webhook")
    if platform.clock() > interaction.valid_until:
        raise Refused("webhook token")
    return interaction


def follow_up(platform: Asking, call: Call) -> Json | None:
    """The first after a deferral takes its place, and its visibility."""
    interaction = _open_interaction(platform, call)
    checks.message(call.form, files=len(call.files))
    if interaction.original and payloads.is_loading(interaction.original):
        message = interaction.original
        _fill(platform, message, call)
    else:
        message = _written(platform, interaction, call)
        interaction.followups.append(message)
    interaction.changed.set()
    return payloads.message(message, platform.bot) if call.query.get("wait") in ("1", "true", "True") else None


def _fill(platform: Asking, message: Message, call: Call) -> None:
    loading, message.flags = message.flags & Flag.LOADING, message.flags & ~Flag.LOADING
    try:
        edit(platform, message, call, is_edit=not loading)
    except Refused:
        message.flags |= loading
        raise


def _message(platform: Asking, call: Call) -> tuple[Interaction, Message]:
    interaction = _open_interaction(platform, call)
    every = [*([interaction.original] if interaction.original else []), *interaction.followups]
    id = call.names.get("message_id")
    found = interaction.original if id is None else next((one for one in every if one.id == id), None)
    if found is None:
        raise Refused("unknown message")
    return interaction, found


def get(platform: Asking, call: Call) -> Json:
    return payloads.message(_message(platform, call)[1], platform.bot)


def change(platform: Asking, call: Call) -> Json:
    interaction, message = _message(platform, call)
    _fill(platform, message, call)
    interaction.changed.set()
    return payloads.message(message, platform.bot)


def delete(platform: Asking, call: Call) -> None:
    interaction, message = _message(platform, call)
    if message is interaction.original:
        interaction.original = None
    else:
        interaction.followups.remove(message)
    if not message.seen_by:
        platform.remove_messages(message.channel, [message])
    interaction.changed.set()


WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"
ROUTES: list[Route] = [
    ("POST", "/interactions/{interaction_id}/{interaction_token}/callback", callback),
    ("POST", WEBHOOK, follow_up),
    *(
        row
        for path in (WEBHOOK + "/messages/@original", WEBHOOK + "/messages/{message_id}")
        for row in (("GET", path, get), ("PATCH", path, change), ("DELETE", path, delete))
    ),
]
