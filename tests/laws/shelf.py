"""A destination that is a shelf in memory: it keeps ``newsletter.ports.Destination`` in full and can misbehave on demand.

No test is in here.
"""

import asyncio
import json
from dataclasses import replace

from newsletter.errors import DeliveryError, TooLarge
from newsletter.model import Edition, Part, Receipt


class Shelf:
    """Parts by a receipt's id, in the order they came. ``refusals`` are raised one by one, then it takes everything.

    A refusal is the name of what fails (``"send"``, ``"find"``, ``"change"``), the error, and whether the part arrived in
    spite of it.
    """

    def __init__(self, key: str = "shelf", refusals: tuple[tuple[str, DeliveryError, bool], ...] = ()) -> None:
        self.key = key
        self.parts: dict[str, Part] = {}
        self.refusals = list(refusals)
        self.handed_over: list[Part] = []

    def draw(self, edition: Edition) -> tuple[Part, ...]:
        """One part for the edition and one per entry, so that there is always more than one."""
        heads = [f"{edition.newsletter} {edition.number} {edition.label}"]
        entries = [
            json.dumps([entry.url, entry.title, entry.words, [one.person.name for one in entry.shares]])
            for entry in (*edition.entries, *edition.again)
        ]
        return tuple(
            Part(ordinal, payload, mark=f"#{edition.newsletter}/{edition.number} {edition.cut_off:%F %T} {ordinal}")
            for ordinal, payload in enumerate(heads + entries, start=1)
        )

    async def send(self, part: Part, after: Receipt | None) -> Receipt:
        self.handed_over.append(part)
        self._refuse("send", part)
        return self._keep(part)

    async def find(self, mark: str) -> Receipt | None:
        self._refuse("find", None)
        return next((Receipt(id) for id, part in self.parts.items() if part.mark == mark), None)

    async def change(self, receipt: Receipt, part: Part) -> Receipt:
        self._refuse("change", part)
        self.parts[receipt.id] = part
        return receipt

    async def remove(self, receipt: Receipt) -> None:
        self.parts.pop(receipt.id, None)

    def _keep(self, part: Part) -> Receipt:
        receipt = Receipt(f"r{len(self.handed_over)}")
        self.parts[receipt.id] = part
        return receipt

    def _refuse(self, doing: str, part: Part | None) -> None:
        if self.refusals and self.refusals[0][0] == doing:
            _, error, arrived = self.refusals.pop(0)
            if arrived and part is not None:
                self._keep(part)
            raise error


class SlowShelf(Shelf):
    """Takes a part only when told to: whoever hands one over waits, as a process does that was stopped on the way.

    It is the part ``at``; ``arrives`` says when it is there: before its sender waits, or after.
    """

    def __init__(self, key: str = "shelf", *, arrives: str = "after", at: int = 1) -> None:
        super().__init__(key)
        self.at = at
        self.arrives = arrives
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()

    async def send(self, part: Part, after: Receipt | None) -> Receipt:
        if self.reached.is_set() or part.ordinal != self.at:
            return await super().send(part, after)
        self.reached.set()
        if self.arrives == "before":
            receipt = await super().send(part, after)
            await self.go_on.wait()
            return receipt
        await self.go_on.wait()
        return await super().send(part, after)


class NarrowShelf(Shelf):
    """Refuses what is longer than ``width``, and says how it would take it: by halves, with marks of their own."""

    def __init__(self, key: str = "shelf", *, width: int = 60) -> None:
        super().__init__(key)
        self.width = width

    async def send(self, part: Part, after: Receipt | None) -> Receipt:
        if len(part.payload) > self.width:
            middle = len(part.payload) // 2
            texts = (part.payload[:middle], part.payload[middle:])
            raise TooLarge(
                self.key,
                "is too long",
                tuple(
                    replace(part, ordinal=part.ordinal + n, payload=text, mark=f"{part.mark}{'ab'[n]}")
                    for n, text in enumerate(texts)
                ),
            )
        return await super().send(part, after)
