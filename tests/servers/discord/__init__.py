"""A small Discord, REST v10 and gateway v10 on loopback, that an unmodified discord.py talks to. For tests.

It imports nothing of what it tests. ``server.py`` says how people, the bot's misfortunes and waiting are had::

    async with DiscordServer() as discord_:
        team = discord_.add_guild("Team")
        ann, links = discord_.add_person(team, "Ann"), discord_.add_channel(team, "links")
        ...  # start a bot with discord_.api_url, discord_.gateway_url, discord_.token
        await discord_.ready()
        message = discord_.post(links, ann, "https://example.com")
        await discord_.dispatched()
        interaction = await discord_.slash(links, ann, "digest preview").answered()
        print(interaction.texts, [one.text for one in discord_.ours(links)])

How discord.py is pointed to it (seen in its 2.7.1; no option does it, all three are class attributes, read at each
request or connect, and so valid for every client of the process):

* ``discord.http.Route.BASE = discord_.api_url`` (it ends in ``/api/v10``): REST, also of interactions and webhooks.
* ``discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(discord_.gateway_url)``: a plain ``Client`` connects to
  it without asking; only ``AutoShardedClient`` asks ``GET /gateway/bot``, whose ``url`` is the same. So whoever has an
  API base only can ask it: ``client.http.get_bot_gateway()`` after ``client.login``.
* After READY it resumes at READY's ``resume_gateway_url``, which is served here too.

Before it identifies anew discord.py waits 5 s: a subclass may override ``before_identify_hook``. A client is ready ``guild_ready_timeout`` (2 s) after its last guild came: tests say ``Client(guild_ready_timeout=0.1)``.
A dead gateway is noticed after ``heartbeat_timeout`` (60 s), looked at once in a heartbeat interval, which the server
says: ``DiscordServer(heartbeat=0.2)``. ``discord.http`` waits 1 s and more before it repeats a request after most 5xx
(``trouble.py``).
"""

from tests.servers.discord.asking import Interaction, NotOffered
from tests.servers.discord.dialect import Dialect
from tests.servers.discord.limits import LIMITS
from tests.servers.discord.model import Channel, Flag, Guild, Kind, Message, Person, Role
from tests.servers.discord.permissions import May
from tests.servers.discord.server import DiscordServer
from tests.servers.discord.trouble import Bucket, Trouble

__all__ = [
    "LIMITS",
    "Bucket",
    "Channel",
    "Dialect",
    "DiscordServer",
    "Flag",
    "Guild",
    "Interaction",
    "Kind",
    "May",
    "Message",
    "NotOffered",
    "Person",
    "Role",
    "Trouble",
]
