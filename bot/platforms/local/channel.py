"""A channel of the room as a destination of editions. What a message looks like is ``draw``'s."""

from collections.abc import Iterator
from contextlib import contextmanager

from bot import cards
from bot.platforms.local import draw
from bot.platforms.local.room import (
    AnswerLost,
    Forbidden,
    NotThere,
    Person,
    Room,
    RoomError,
    TooFast,
    TooLong,
    Unreachable,
)
from newsletter.errors import CannotLook, RateLimited, Refused, TooLarge, Unsure
from newsletter.model import Edition, Part, Receipt


class RoomChannel:
    """Posts to a channel; the first part of an edition stands there, the others in its thread."""

    def __init__(self, room: Room, me: Person, channel: str) -> None:
        self.key = f"local:{channel}"
        self._room = room
        self._me = me
        self._channel = channel

    def draw(self, edition: Edition) -> tuple[Part, ...]:
        """One message for the channel, and as many as it takes for the thread."""
        return draw.parts(edition, cards.of_edition(edition))

    async def send(self, part: Part, after: Receipt | None) -> Receipt:
        """Post the part, in the thread that ``after`` began or is in."""
        thread = (after.thread or after.id) if after is not None else None
        with explaining(self.key):
            drawn = draw.Drawn(part.payload)
            message = await self._room.send(self._channel, self._me, drawn, thread, part.mark, quiet=True)
        return Receipt(message.id, thread)

    async def find(self, mark: str) -> Receipt | None:
        """Our message with this mark, in the channel or in a thread that we began."""
        try:
            for message in await self._room.history(self._channel):
                if message.author != self._me:
                    continue
                for own in (message, *await self._room.history(self._channel, message.id)):
                    if own.author == self._me and own.mark == mark:
                        return Receipt(own.id, own.thread)
        except RoomError as error:
            raise CannotLook(self.key, f"the channel cannot be read: {error}") from error
        return None

    async def change(self, receipt: Receipt, part: Part) -> Receipt:
        """Edit the message. One that a person deleted stays deleted: raises ``Refused``."""
        with explaining(self.key):
            await self._room.change(receipt.id, draw.Drawn(part.payload), part.mark)
        return receipt

    async def remove(self, receipt: Receipt) -> None:
        """Delete the message."""
        with explaining(self.key):
            try:
                await self._room.remove(receipt.id)
            except NotThere:
                return


@contextmanager
def explaining(place: str) -> Iterator[None]:
    """The room's errors as ours."""
    try:
        yield
    except TooLong as error:
        raise TooLarge(place, str(error)) from error
    except TooFast as error:
        raise RateLimited(place, error.wait) from error
    except (Forbidden, NotThere) as error:
        raise Refused(place, str(error) if isinstance(error, Forbidden) else "the message is gone") from error
    except (AnswerLost, Unreachable) as error:
        raise Unsure(place, str(error)) from error
