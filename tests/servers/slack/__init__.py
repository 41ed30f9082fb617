"""A small Slack on loopback that unmodified slack-bolt and slack_sdk talk to, and that misbehaves on demand.

::

    async with SlackServer(patience=0.3, retries=(0, 0.1, 0.1)) as slack:
        ann = slack.workspace.join("Ann")
        links = slack.workspace.open_channel("links", [ann])

        client = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
        app = AsyncApp(client=client, signing_secret=slack.signing_secret)
        handler = AsyncSocketModeHandler(app, slack.app_token)
        await handler.connect_async()

        message = slack.workspace.post(ann, links, "tea https://example.org/tea")     # people act at once …
        await slack.quiet()                                                           # … the app hears in its time
        asked = await slack.ask(ann, links, "/digest", "preview")
        [answer] = await slack.answered(asked)
        assert "tea" in slack.workspace.shown_to(ann)[-1].text

What is where:

- ``slack.workspace`` (``workspace.py``): who and what is there, and what people do: ``post``, ``edit``, ``delete``,
  ``react``, ``unfurl``, ``share_file``, ``rename``, ``archive``, ``invite``, ``remove``… ``posts_of`` and ``shown_to`` are
  what people see of the app; ``words.read``, ``words.calls`` and ``words.links`` what they read, who is pinged, what they
  can open.
- ``slack`` (``server.py``): what the app must answer: ``ask``, ``press``, ``submit``, ``shortcut``, ``open_home``; waiting:
  ``quiet``, ``answered``, ``seen``; ``calls``; the network: ``cut``, ``restore``, ``use_http``.
- ``slack.delivering`` (``delivery.py``): ``told``, ``again`` (redelivery, with new event ids too), ``copies``, ``hold`` and
  ``release`` (reorder), ``silent``, ``reset``, ``close``, ``disconnect``, ``refuse_handshakes``, ``hang_handshakes``.
- ``slack.trouble`` (``trouble.py``): 429, 500, lost answers, lost calls, slowness, errors, limits per minute.
- ``slack.api`` (``api.py``): ``scopes``, ``slow_mode``, ``named_reactors``, ``paging.longest`` and ``.empty``. ``slack.views``:
  modals and Home tabs, ``open_for`` and ``home_of`` a person.
- ``Dialect`` (``dialect.py``): how a server written elsewhere speaks.
- ``LIMITS`` (``limits.py``): every number, with its source.

It knows nothing of the bot. Whatever breaks a limit gets the error that Slack documents for it.
"""

from tests.servers.slack.asking import Asked
from tests.servers.slack.dialect import Dialect
from tests.servers.slack.front import Call
from tests.servers.slack.limits import LIMITS
from tests.servers.slack.server import SCOPES, SlackServer
from tests.servers.slack.shapes import Channel, Message, Person, Shown

__all__ = ["LIMITS", "SCOPES", "Asked", "Call", "Channel", "Dialect", "Message", "Person", "Shown", "SlackServer"]
