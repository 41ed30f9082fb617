"""What the newsletter needs from outside and others provide: destinations and a clock.

The store is no port: there is one, ``newsletter.store.Store``, over two databases.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from newsletter.model import Edition, Part, Receipt

Clock = Callable[[], datetime]
"""Aware UTC now. There is one, in ``bot/app.py``."""


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
        """Hand the part over, in the thread of ``after`` if given. Raises ``Refused``, ``Unsure`` or ``RateLimited``.

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
