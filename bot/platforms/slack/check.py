"""What is missing in Slack for a configuration to work, and how to mend it. Asks Slack, and changes nothing there.

Which events the app subscribes to no method tells (``apps.manifest.export`` wants a token of another kind): the scopes
of each are looked at, ``UNASKED`` says so, and a process that runs observes it (``subscribed.py``).
"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from slack_sdk.web.async_client import AsyncWebClient

from bot.chat import PermissionDenied
from bot.platforms.slack import calls, manifest, reading
from bot.platforms.slack.calls import Said, SlackError, WrongToken
from bot.platforms.slack.directory import Directory
from bot.platforms.slack.markup import Json, string
from bot.platforms.slack.settings import SlackSettings
from newsletter.heard import ChannelSeen
from newsletter.settings import NewsletterSettings, is_one_of

UNASKED = (
    'which events the app is subscribed to Slack tells no bot: compare its page "Event Subscriptions" with the '
    "bot_events that linkletter manifest prints"
)
"""What cannot be asked, and how to look."""


async def problems(settings: SlackSettings, newsletters: Sequence[NewsletterSettings]) -> tuple[str, ...]:
    """Everything that is wrong, a sentence or two each; empty: it will work."""
    if missing := settings.lacks():
        return tuple(f"platforms.slack.{key}: {why}" for key, why in missing.items())
    try:
        return tuple([one async for one in _problems(settings, newsletters)])
    except SlackError as error:
        return (f"Slack at {settings.api_url} could not be asked: {error}",)


async def _problems(settings: SlackSettings, newsletters: Sequence[NewsletterSettings]) -> AsyncIterator[str]:
    web = calls.client(settings)
    try:
        said, granted = await calls.granted(web)
    except WrongToken as error:
        yield f'platforms.slack.bot_token: {error}. Copy it again from the app\'s page "OAuth & Permissions"'
        return
    for problem in _of_token(settings, said):
        yield problem
    lacking = {} if granted is None else _lacking(newsletters, granted)
    for scope, why in lacking.items():
        yield (
            f'the app lacks the scope {scope}, {why}: add it on its page "OAuth & Permissions", then install it again'
        )
    async for problem in _of_socket(web, settings):
        yield problem
    directory = Directory(web, lambda: datetime.now(UTC))
    try:
        there = tuple((await directory.channels()).values())
    except PermissionDenied as error:
        yield str(error)
        return
    for newsletter in newsletters:
        async for problem in _of_newsletter(web, newsletter, there):
            yield problem


def _of_token(settings: SlackSettings, said: Json) -> list[str]:
    found = []
    token = settings.bot_token.get_secret_value() if settings.bot_token else ""
    if not said.get("bot_id") and not token.startswith("xoxb-"):
        found.append("platforms.slack.bot_token is a person's token: the bot's begins with xoxb-")
    team = string(said.get("team_id"))
    if settings.workspace and team != settings.workspace:
        found.append(f"platforms.slack.workspace is {settings.workspace}, but the token is for {team}: write that")
    return found


def _lacking(newsletters: Sequence[NewsletterSettings], granted: frozenset[str]) -> dict[str, str]:
    return {scope: why for scope, why in manifest.scopes(newsletters).items() if scope not in granted}


async def _of_socket(web: AsyncWebClient, settings: SlackSettings) -> AsyncIterator[str]:
    if settings.app_token is None:
        return
    try:
        await calls.once(web.apps_connections_open, app_token=settings.app_token.get_secret_value())
    except (Said, WrongToken) as error:
        yield (
            f"platforms.slack.app_token: {error}. Switch Socket Mode on for the app, and make an app-level token with "
            'the scope connections:write on its page "Basic Information"'
        )


async def _of_newsletter(
    web: AsyncWebClient, newsletter: NewsletterSettings, there: Sequence[ChannelSeen]
) -> AsyncIterator[str]:
    places = {
        "collect": newsletter.collect,
        "post_to": newsletter.post_to,
        "editors_channel": (newsletter.editors_channel,),
    }
    for key, written in places.items():
        for one in written:
            if not one.startswith("slack:"):
                continue
            meant = [seen for seen in there if is_one_of(seen, (one,))]
            if not meant:
                yield (
                    f"newsletters.{newsletter.key}.{key}: Linkletter is not in {one.removeprefix('slack:')}: invite it "
                    "there (/invite, then its name). If it is there and the channel is private, the app lacks the "
                    "scopes groups:read and groups:history"
                )
            for seen in meant:
                async for problem in _of_channel(web, seen):
                    yield f"newsletters.{newsletter.key}.{key}: {problem}"
    for editor in newsletter.editors:
        group = editor.removeprefix("slack:")
        if editor.startswith("slack:S"):
            try:
                await calls.patiently(web.usergroups_users_list, usergroup=group)
            except Said as error:
                yield f"newsletters.{newsletter.key}.editors: the group {group} cannot be looked up: {error}"


async def _of_channel(web: AsyncWebClient, seen: ChannelSeen) -> AsyncIterator[str]:
    """A destination is read as well: whether an edition arrived must be looked up."""
    try:
        await calls.patiently(web.conversations_history, channel=seen.id.id, limit=1)
    except Said as error:
        yield str(reading.denied(seen, error))
