"""Whether Slack sends us the messages it should: what was posted while we listened, and none of it came by itself.

To which events an app is subscribed Slack tells only a token of another kind
(https://docs.slack.dev/reference/methods/apps.manifest.export), so it is observed.
"""

from datetime import datetime, timedelta

from newsletter.heard import MessageId, Reading

ENOUGH = 3
"""So many messages, and not one by an event: fewer may have been posted while the line was broken."""
MARGIN = timedelta(minutes=2)
"""What was posted so shortly after we came, or before we read, may still be on its way; and clocks differ."""


class Subscribed:
    """What one process has seen of it, for public channels and for private ones."""

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._settled: set[bool] = set()
        self._unsent: dict[bool, set[MessageId]] = {False: set(), True: set()}

    def connected(self, at: datetime) -> None:
        """From now on what is posted should come by itself."""
        self._since = self._since or at

    def heard(self, *, private: bool) -> None:
        """A message came by itself: nothing is missing there."""
        self._settled.add(private)

    def read(self, reading: Reading) -> str:
        """What to say to whoever runs us, once; ``""``: nothing."""
        private = reading.channel.private
        if self._since is None or private in self._settled:
            return ""
        since, until = self._since + MARGIN, reading.began_at - MARGIN
        unsent = self._unsent[private]
        unsent.update(message.id for message in reading.messages if since < message.sent_at < until)
        if len(unsent) < ENOUGH:
            return ""
        self._settled.add(private)
        event = "message.groups" if private else "message.channels"
        return (
            f"reading back found {len(unsent)} messages that Slack never sent as events: is the app "
            f'subscribed to {event}? Compare its page "Event Subscriptions" with what linkletter manifest prints'
        )
