"""What is missing in Discord for a configuration to work, and how to mend it. Asks Discord, and changes nothing there.

It also makes the invite: the address by which whoever may manage a server lets the bot in, with what it needs and no
more.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode

from bot.platforms.discord.calls import DiscordError, Rest, Said, WrongToken
from bot.platforms.discord.directory import FORUMS, Directory
from bot.platforms.discord.payloads import Json
from bot.platforms.discord.permissions import NEEDED, POSTING, READING, May, lacking
from bot.platforms.discord.settings import DiscordSettings
from newsletter.heard import ChannelSeen
from newsletter.settings import NewsletterSettings, is_one_of

# https://docs.discord.com/developers/resources/application, "Application Flags": for apps in few and in many servers.
_READS_MESSAGES = 1 << 18 | 1 << 19
_PORTAL = "https://discord.com/developers/applications"


def invite_url(application_id: str) -> str:
    """The address that lets the bot into a server, with the least permissions it works with."""
    asked = {"client_id": application_id, "scope": "bot applications.commands", "permissions": int(NEEDED)}
    return f"https://discord.com/oauth2/authorize?{urlencode(asked)}"


async def invite(settings: DiscordSettings) -> str:
    """The invite for the token's application. Raises ``DiscordError`` or ``UserError``."""
    rest = Rest(settings)
    try:
        return invite_url(str((await rest.client()).application_id))
    finally:
        await rest.close()


async def problems(settings: DiscordSettings, newsletters: Sequence[NewsletterSettings]) -> tuple[str, ...]:
    """Everything that is wrong, a sentence or two each; empty: it will work."""
    if missing := settings.lacks():
        return tuple(f"platforms.discord.{key}: {why}" for key, why in missing.items())
    rest = Rest(settings)
    try:
        return tuple([one async for one in _problems(rest, settings, newsletters)])
    except WrongToken as error:
        return (str(error),)
    except DiscordError as error:
        return (f"Discord at {settings.api_url} could not be asked: {error}",)
    finally:
        await rest.close()


async def _problems(
    rest: Rest, settings: DiscordSettings, newsletters: Sequence[NewsletterSettings]
) -> AsyncIterator[str]:
    application = await _application(rest)
    flags = application.get("flags")
    if isinstance(flags, int) and not flags & _READS_MESSAGES:
        yield (
            'the application may not read messages: switch "Message Content Intent" on, on its page "Bot" at '
            f"{_PORTAL}. Without it every message is empty"
        )
    if application.get("interactions_endpoint_url"):
        yield (
            "the application has an interactions endpoint URL, so commands do not reach Linkletter: empty it on the "
            f'application\'s page "General Information" at {_PORTAL}'
        )
    directory = Directory(rest, lambda: datetime.now(UTC), settings.workspace)
    async for problem in _of_servers(rest, directory, settings, str(application.get("id"))):
        yield problem
    there = tuple((await directory.channels()).values())
    for newsletter in newsletters:
        async for problem in _of_newsletter(directory, newsletter, there):
            yield problem


async def _application(rest: Rest) -> Json:
    """Ours, by the address of now or, where that is not known, by the one it had."""
    try:
        return await rest.one("/applications/@me")
    except Said:
        return await rest.one("/oauth2/applications/@me")


async def _of_servers(
    rest: Rest, directory: Directory, settings: DiscordSettings, application: str
) -> AsyncIterator[str]:
    if not settings.workspace and not await directory.guilds():
        yield f"the bot is in no server: let it into yours with {invite_url(application)}"
    if settings.workspace:
        try:
            await rest.one("/guilds/{guild_id}", guild_id=settings.workspace)
        except Said:
            yield (
                f"platforms.discord.workspace: the bot is not in the server {settings.workspace}: let it in with "
                f"{invite_url(application)}"
            )


async def _of_newsletter(
    directory: Directory, newsletter: NewsletterSettings, there: Sequence[ChannelSeen]
) -> AsyncIterator[str]:
    collecting = READING | (May.ADD_REACTIONS if newsletter.signs else READING)
    places = {
        "collect": (newsletter.collect, collecting),
        "post_to": (newsletter.post_to, POSTING),
        "editors_channel": ((newsletter.editors_channel,), POSTING),
    }
    for key, (written, needed) in places.items():
        for one in written:
            if not one.startswith("discord:"):
                continue
            meant = [seen for seen in there if is_one_of(seen, (one,))]
            if not meant:
                yield (
                    f"newsletters.{newsletter.key}.{key}: Linkletter sees no channel {one.removeprefix('discord:')}: "
                    "if it is private, give the bot the permission View Channel there; age-restricted ones are left out"
                )
            for seen in meant:
                may, channel = await directory.permissions(seen.id.id)
                if needed == POSTING and channel.get("type") in FORUMS:
                    yield f"newsletters.{newsletter.key}.{key}: #{seen.name} is a forum: name a text channel"
                if missing := lacking(needed, may):
                    yield (
                        f"newsletters.{newsletter.key}.{key}: in #{seen.name} the bot lacks the permission {missing}: "
                        "grant it in the channel's settings"
                    )
