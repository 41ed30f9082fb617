"""What the newsletter needs from outside and others provide: pages, destinations and a clock.

The store is no port: there is one, ``newsletter.store.Store``, over two databases.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from newsletter.model import Edition, Fetched, Part, Receipt

Clock = Callable[[], datetime]
"""Aware UTC now. There is one, in ``bot/app.py``."""


class Fetcher(Protocol):
    """Gets pages from the public web, and keeps to each host's pace."""

    async def fetch(self, url: str, *, kinds: frozenset[str] = ...) -> Fetched:
        """The page at this address after all redirects, of these media types (HTML and PDF if none are named).

        Raises ``NotAllowed``, ``PageGone``, ``NoPage`` or ``NotNow``, within a bounded time.
        """
        ...

    def wait(self, url: str) -> timedelta:
        """How long until the host of this address may be asked again; zero: now."""
        ...


class Destination(Protocol):
    """A place an edition goes: a channel, a folder, a repository. Every part carries a mark by which it is found
    again."""

    @property
    def key(self) -> str:
        """Its name in the ledger and in errors: ``markdown``, ``slack:C123``."""
        ...

    def draw(self, edition: Edition) -> tuple[Part, ...]:
        """The edition as parts within the destination's limits, in order. Pure: same edition, same bytes."""
        ...

    async def send(self, part: Part, after: Receipt | None) -> Receipt:
        """Hand the part over, in the thread of ``after`` if given. Raises ``Refused``, ``Unsure`` or ``RateLimited``;
        ``TooLarge`` with the part's halves, where it can be halved.

        Not idempotent: call ``find`` first wherever an earlier ``send`` may have arrived.
        """
        ...

    async def find(self, mark: str) -> Receipt | None:
        """The part with this mark if it is there. Raises ``CannotLook`` where the place cannot be read."""
        ...

    async def change(self, receipt: Receipt, part: Part) -> Receipt:
        """Put the part in place of the one sent before. The second time changes nothing."""
        ...

    async def remove(self, receipt: Receipt) -> None:
        """Take the part away. The second time changes nothing."""
        ...
