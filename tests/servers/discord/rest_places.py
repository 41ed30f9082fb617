"""REST: who we are, guilds, members, channels, threads, and the registration of commands.

resources/application, user, guild, channel, topics/threads and interactions/application-commands of the docs.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from tests.servers.discord import checks, payloads
from tests.servers.discord.asking import Asking
from tests.servers.discord.errors import Json, Refused
from tests.servers.discord.limits import most
from tests.servers.discord.model import FORUMS, Channel, Guild, Kind, Member
from tests.servers.discord.permissions import May
from tests.servers.discord.rest import Call, Created, Route
from tests.servers.discord.rest_messages import CHANNEL, MESSAGE, given, place, written

# --- who we are ------------------------------------------------------------------------------------------------------


def gateway(platform: Asking, call: Call) -> Json:
    starts = {"total": most("identify.day"), "remaining": platform.gateway.starts_left}
    limit = starts | {"reset_after": 3_600_000, "max_concurrency": 1}
    return {"url": platform.gateway_url, "shards": 1, "session_start_limit": limit}


def myself(platform: Asking, call: Call) -> Json:
    return payloads.myself(platform.bot)


def application(platform: Asking, call: Call) -> Json:
    if call.names.get("application_id", platform.application_id) != platform.application_id:
        raise Refused("unknown application")
    return {
        "id": platform.application_id,
        "name": platform.bot.name,
        "icon": None,
        "description": "",
        "summary": "",
        "type": None,
        "hook": True,
        "bot_public": True,
        "bot_require_code_grant": False,
        "bot": payloads.user(platform.bot),
        "verify_key": "00" * 32,
        "flags": platform.application_flags,
        "flags_new": str(platform.application_flags),
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": payloads.user(platform.owner),
        "approximate_guild_count": len(platform.own_guilds()),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": [],
    }


def my_guilds(platform: Asking, call: Call) -> list[Json]:
    return [
        {
            "id": guild.id, "name": guild.name, "icon": None, "banner": None, "features": [],
            "owner": guild.owner is platform.bot, "permissions": str(int(guild.permissions(platform.bot))),
        }
        for guild in platform.own_guilds()
    ]  # fmt: skip


def conversation(platform: Asking, call: Call) -> Json:
    """With one person; the second time the same."""
    wanted = str(call.form.get("recipient_id"))
    people = {id: one.person for guild in platform.own_guilds() for id, one in guild.members.items()}
    if wanted not in people:
        raise Refused("unknown user")
    channel = platform.conversation(people[wanted])
    last = next(reversed(channel.messages), None)
    recipients = [payloads.user(people[wanted])]
    return {"id": channel.id, "type": int(channel.kind), "flags": 0, "last_message_id": last, "recipients": recipients}


# --- guilds ----------------------------------------------------------------------------------------------------------


def own_guild(platform: Asking, call: Call) -> Guild:
    """The guild in the path. Raises ``Refused`` where there is none or we are no member."""
    guild = platform.guilds.get(call.names["guild_id"])
    if guild is None:
        raise Refused("unknown guild")
    if platform.bot.id not in guild.members:
        raise Refused("missing access")
    return guild


def guild(platform: Asking, call: Call) -> Json:
    one = own_guild(platform, call)
    counts = {"approximate_member_count": len(one.members), "approximate_presence_count": 1}
    return payloads.guild(one) | (counts if call.query.get("with_counts") in ("1", "true", "True") else {})


def channels(platform: Asking, call: Call) -> list[Json]:
    """Those we cannot see too, but no threads."""
    return [payloads.channel(one) for one in own_guild(platform, call).channels.values() if not one.thread]


def roles(platform: Asking, call: Call) -> list[Json]:
    one = own_guild(platform, call)
    return [payloads.role(role, one) for role in one.roles.values()]


def members(platform: Asking, call: Call) -> list[Json]:
    """Needs the privileged GUILD_MEMBERS intent."""
    one = own_guild(platform, call)
    if "GUILD_MEMBERS" not in platform.privileged:
        raise Refused("missing access")
    after = int(call.query.get("after", 0))
    return _members(one.members.values(), call.number("limit", 1, most("page.members")), after)


def search_members(platform: Asking, call: Call) -> list[Json]:
    begin = call.query["query"].lower()
    every = own_guild(platform, call).members.values()
    found = [each for each in every if (each.nick or each.person.name).lower().startswith(begin)]
    return _members(found, call.number("limit", 1, most("page.members")))


def _members(every: Iterable[Member], limit: int, after: int = 0) -> list[Json]:
    page = sorted((each for each in every if int(each.person.id) > after), key=lambda each: int(each.person.id))
    return [payloads.member(each) for each in page[:limit]]


def member(platform: Asking, call: Call) -> Json:
    found = own_guild(platform, call).members.get(call.names["user_id"])
    if found is None:
        raise Refused("unknown member")
    return payloads.member(found)


# --- channels and threads --------------------------------------------------------------------------------------------


def channel(platform: Asking, call: Call) -> Json:
    one = place(platform, call)
    return payloads.thread_for(one, platform.bot) if one.thread else payloads.channel(one)


def change_channel(platform: Asking, call: Call) -> Json:
    """Name and topic; of a thread: name, archived, locked, how long it stays."""
    one, body = place(platform, call), call.form
    own = one.thread and one.thread.owner is platform.bot
    needed = May.MANAGE_THREADS if one.thread else May.MANAGE_CHANNELS
    if not own and needed not in one.permissions(platform.bot):
        raise Refused("missing permissions")
    if body.get("name"):
        checks.thread({"name": body["name"]})
        one.name = body["name"]
    if one.thread:
        one.thread.minutes = body.get("auto_archive_duration") or one.thread.minutes
        one.thread.locked = body.get("locked", one.thread.locked)
        if body.get("archived", one.thread.archived) != one.thread.archived:
            one.thread.archived, one.thread.archived_at = body["archived"], platform.clock()
    else:
        one.topic = body.get("topic", one.topic)
    platform.channel_changed(one)
    return payloads.thread_for(one, platform.bot) if one.thread else payloads.channel(one)


def thread_of_message(platform: Asking, call: Call) -> Created:
    parent = place(platform, call, May.CREATE_PUBLIC_THREADS, May.READ_MESSAGE_HISTORY)
    if parent.kind not in (Kind.TEXT, Kind.ANNOUNCEMENT):
        raise Refused("channel type")
    starter = platform.message(parent, call.names["message_id"])
    checks.thread(call.form)
    minutes = call.form.get("auto_archive_duration") or 1440
    thread = platform.make_thread(parent, platform.bot, call.form["name"].strip(), starter=starter, minutes=minutes)
    return Created(payloads.thread_for(thread, platform.bot))


def thread_without_message(platform: Asking, call: Call) -> Created:
    """Private, unless ``type`` says otherwise; in a forum: a post, whose answer has its first ``message``."""
    parent, body = place(platform, call), call.form
    if parent.kind in FORUMS:
        return _post(platform, parent, call)
    private = (body.get("type") or Kind.PRIVATE_THREAD) == Kind.PRIVATE_THREAD
    place(platform, call, May.CREATE_PRIVATE_THREADS if private else May.CREATE_PUBLIC_THREADS)
    checks.thread(body)
    minutes = body.get("auto_archive_duration") or 1440
    thread = platform.make_thread(parent, platform.bot, body["name"].strip(), private=private, minutes=minutes)
    return Created(payloads.thread_for(thread, platform.bot))


def _post(platform: Asking, forum: Channel, call: Call) -> Created:
    place(platform, call, May.SEND_MESSAGES)
    body, sent = call.form, call.form.get("message") or {}
    tags = [str(id) for id in body.get("applied_tags") or () if str(id) in forum.tags]
    if forum.requires_tag and not tags:
        raise Refused("tag required")
    checks.thread(body)
    checks.message(sent, files=len(call.files), inner="message.")
    thread = platform.make_thread(forum, platform.bot, body["name"].strip(), tags=tags)
    more = written(platform, thread, sent, call)
    message = platform.write(thread, platform.bot, (sent.get("content") or "").strip(), id=thread.id, **more)
    return Created(payloads.thread_for(thread, platform.bot) | {"message": given(platform, message)})


def active_threads(platform: Asking, call: Call) -> Json:
    every = own_guild(platform, call).threads
    visible = [one for one in every if payloads.active(one) and May.VIEW_CHANNEL in one.permissions(platform.bot)]
    return _threads(platform, visible)


def archived(platform: Asking, call: Call) -> Json:
    """Last archived first; ``before`` is an instant. Private ones need MANAGE_THREADS."""
    private = call.route.endswith("private")
    parent = place(platform, call, May.READ_MESSAGE_HISTORY, *([May.MANAGE_THREADS] if private else []))
    limit = call.number("limit", 50, most("page.threads"))
    before = datetime.fromisoformat(call.query["before"]) if "before" in call.query else None
    found = [
        (one.thread.archived_at, one)
        for one in parent.guild.threads
        if one.thread and one.thread.archived and one.parent is parent and private == (one.kind is Kind.PRIVATE_THREAD)
        and (before is None or one.thread.archived_at < before)
    ]  # fmt: skip
    page = [one for _, one in sorted(found, key=lambda each: (each[0], int(each[1].id)), reverse=True)]
    return _threads(platform, page[:limit]) | {"has_more": len(page) > limit}


def joined_archived(platform: Asking, call: Call) -> Json:
    """Private ones that we are in; by id."""
    parent = place(platform, call, May.READ_MESSAGE_HISTORY)
    limit = call.number("limit", 50, most("page.threads"))
    before = int(call.query.get("before", 1 << 63))
    found = [
        one
        for one in parent.guild.threads
        if one.thread and one.thread.archived and one.parent is parent and one.kind is Kind.PRIVATE_THREAD
        and platform.bot.id in one.thread.members and int(one.id) < before
    ]  # fmt: skip
    page = sorted(found, key=lambda one: int(one.id), reverse=True)
    return _threads(platform, page[:limit]) | {"has_more": len(page) > limit}


def _threads(platform: Asking, threads: list[Channel]) -> Json:
    mine = [one for one in threads if one.thread and platform.bot.id in one.thread.members]
    return {
        "threads": [payloads.channel(one) for one in threads],
        "members": [payloads.thread_member(one, platform.bot.id) for one in mine],
        "has_more": False,
    }


def thread_members(platform: Asking, call: Call) -> list[Json]:
    thread = _thread(platform, call)
    assert thread.thread
    return [payloads.thread_member(thread, id) for id in thread.thread.members]


def join_thread(platform: Asking, call: Call) -> None:
    thread = _thread(platform, call)
    platform.join_thread(thread, platform.bot)


def leave_thread(platform: Asking, call: Call) -> None:
    thread = _thread(platform, call)
    assert thread.thread
    thread.thread.members.pop(platform.bot.id, None)


def _thread(platform: Asking, call: Call) -> Channel:
    thread = place(platform, call)
    if not thread.thread:
        raise Refused("channel type")
    return thread


# --- commands --------------------------------------------------------------------------------------------------------


def _scope(platform: Asking, call: Call) -> str | None:
    """The guild's id, or None: global."""
    if call.names["application_id"] != platform.application_id:
        raise Refused("unknown application")
    if "guild_id" not in call.names:
        return None
    return own_guild(platform, call).id


def commands(platform: Asking, call: Call) -> list[Json]:
    told = call.query.get("with_localizations") == "true"
    return [_in_languages(one, told=told) for one in platform.commands.get(_scope(platform, call), {}).values()]


def _in_languages(command: Json, *, told: bool) -> Json:
    """With all its translations, or null; who does not ask for them is not told."""
    names = dict.fromkeys(("name_localizations", "description_localizations"))
    options = [_in_languages(one, told=told) for one in command.get("options") or ()]
    own = {key: each for key, each in command.items() if key not in names} | ({"options": options} if options else {})
    return own | ({name: command.get(name) for name in names} if told else {})


def replace_commands(platform: Asking, call: Call) -> list[Json]:
    """All of a scope at once; those with the same type and name keep their id."""
    scope, sent = _scope(platform, call), call.body
    checks.commands(sent)
    registered = [_registered(platform, scope, one) for one in sent]
    _count_creates(platform, scope, registered)
    platform.syncs.append(scope)
    platform.commands[scope] = {one["id"]: one for one in registered}
    return registered


def add_command(platform: Asking, call: Call) -> Json:
    """Of the same type and name: in its place."""
    scope = _scope(platform, call)
    now = platform.commands.setdefault(scope, {})
    registered = _registered(platform, scope, call.form)
    checks.commands([one for one in now.values() if one["id"] != registered["id"]] + [call.form])
    _count_creates(platform, scope, [registered])
    now[registered["id"]] = registered
    return registered


def command(platform: Asking, call: Call) -> Json:
    scope = platform.commands.get(_scope(platform, call), {})
    if call.names["command_id"] not in scope:
        raise Refused("unknown command")
    return scope[call.names["command_id"]]


def change_command(platform: Asking, call: Call) -> Json:
    now = command(platform, call)
    changed = now | {key: each for key, each in call.form.items() if each is not None}
    checks.commands([changed])
    platform.commands[_scope(platform, call)][now["id"]] = changed | {"version": platform.snowflake()}
    return command(platform, call)


def delete_command(platform: Asking, call: Call) -> None:
    now = command(platform, call)
    del platform.commands[_scope(platform, call)][now["id"]]


def _count_creates(platform: Asking, scope: str | None, registered: list[Json]) -> None:
    """Only new names count towards the creates of a day."""
    known = platform.commands.get(scope, {})
    day_ago = platform.clock() - timedelta(days=1)
    recent = [at for at in platform.creates.get(scope, ()) if at > day_ago]
    recent += [platform.clock() for one in registered if one["id"] not in known]
    if len(recent) > most("command.creates"):
        raise Refused("too many creates")
    platform.creates[scope] = recent


def _registered(platform: Asking, scope: str | None, sent: Json) -> Json:
    kind = sent.get("type") or 1
    now = platform.commands.get(scope, {}).values()
    id = next((one["id"] for one in now if (one["type"], one["name"]) == (kind, sent["name"])), platform.snowflake())
    needed = sent.get("default_member_permissions")
    kept = {key: each for key, each in sent.items() if each is not None}
    return kept | {
        "id": id,
        "application_id": platform.application_id,
        "version": platform.snowflake(),
        "type": kind,
        "description": sent.get("description") or "",
        "default_member_permissions": None if needed is None else str(needed),
        "nsfw": bool(sent.get("nsfw")),
        **({"guild_id": scope} if scope else {}),
    }


GUILD = "/guilds/{guild_id}"
GLOBAL = "/applications/{application_id}/commands"
OF_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"
ROUTES: list[Route] = [
    ("GET", "/gateway/bot", gateway),
    ("GET", "/users/@me", myself),
    ("GET", "/users/@me/guilds", my_guilds),
    ("POST", "/users/@me/channels", conversation),
    ("GET", "/oauth2/applications/@me", application),
    ("GET", "/applications/@me", application),
    ("GET", "/applications/{application_id}", application),
    ("GET", GUILD, guild),
    ("GET", GUILD + "/channels", channels),
    ("GET", GUILD + "/roles", roles),
    ("GET", GUILD + "/members", members),
    ("GET", GUILD + "/members/search", search_members),
    ("GET", GUILD + "/members/{user_id}", member),
    ("GET", GUILD + "/threads/active", active_threads),
    ("GET", CHANNEL, channel),
    ("PATCH", CHANNEL, change_channel),
    ("POST", MESSAGE + "/threads", thread_of_message),
    ("POST", CHANNEL + "/threads", thread_without_message),
    ("GET", CHANNEL + "/threads/archived/public", archived),
    ("GET", CHANNEL + "/threads/archived/private", archived),
    ("GET", CHANNEL + "/users/@me/threads/archived/private", joined_archived),
    ("GET", CHANNEL + "/thread-members", thread_members),
    ("PUT", CHANNEL + "/thread-members/@me", join_thread),
    ("DELETE", CHANNEL + "/thread-members/@me", leave_thread),
    *(
        row
        for path in (GLOBAL, OF_GUILD)
        for row in (
            ("GET", path, commands),
            ("PUT", path, replace_commands),
            ("POST", path, add_command),
            ("GET", path + "/{command_id}", command),
            ("PATCH", path + "/{command_id}", change_command),
            ("DELETE", path + "/{command_id}", delete_command),
        )
    ),
]
