"""Choices made: an editor's about an edition, a sharer's about their own. The calls in order; what they mean is decided
in ``curate``, ``assemble`` and ``amend``, who may is decided before.
"""

from collections.abc import Mapping

from newsletter import curate
from newsletter.curate import Desk
from newsletter.due import Act, ActKind
from newsletter.errors import UserError
from newsletter.heard import MessageId, PersonId
from newsletter.model import Choice, Field
from newsletter.ports import Clock
from newsletter.publish import Publisher
from newsletter.settings import NewsletterSettings
from newsletter.store import Store, Transaction, choices, editions, placements, run

Wanted = Mapping[tuple[str, Field], str | None]
"""What is decided, by link's key (``""``: the edition itself) and field; ``None`` takes a choice back."""


class Curator:
    """One newsletter's choices."""

    def __init__(self, store: Store, settings: NewsletterSettings, publisher: Publisher, *, clock: Clock) -> None:
        self._store = store
        self._settings = settings
        self._publisher = publisher
        self._clock = clock

    async def desk(self, number: int | None = None, *, last: bool = False, seen_until: int = 0) -> Desk:
        """The open edition; the one of this number, if it is the open or the last printed one; or the last printed.

        Raises ``UserError`` where it is neither.
        """
        edition = await self._publisher.preview()
        if last or number not in (None, edition.number):
            return await self._printed(number, seen_until)
        async with self._store.reading() as transaction:
            row = await editions.open_edition(transaction, self._settings.key)
            made = await choices.of(transaction, row.id) if row is not None else ()
        chosen, by = _chosen(made)
        rows = curate.on_desk(edition, chosen, self._settings, seen_until=seen_until)
        return Desk(edition, True, rows, chosen, by)

    async def _printed(self, number: int | None, seen_until: int) -> Desk:
        async with self._store.reading() as transaction:
            row = await editions.last_printed(transaction, self._settings.key)
            if row is None:
                raise UserError("no edition went out yet")
            if number not in (None, row.number):
                raise UserError(
                    "#{number} is neither open nor the last edition, which is #{last}", number=number, last=row.number
                )
            frozen = await editions.as_frozen(transaction, row.id)
            edition = await editions.latest_revision(transaction, row.id)
            made = await choices.of(transaction, row.id)
        if frozen is None or edition is None:
            raise UserError("no edition went out yet")
        chosen, by = _chosen(made)
        stands = {entry.key for entry in (*edition.entries, *edition.again)}
        gone = [entry for entry in (*frozen.entries, *frozen.again) if entry.key not in stands]
        rows = curate.on_desk(edition, chosen, self._settings, seen_until=seen_until, gone=gone)
        return Desk(edition, False, rows, chosen, by)

    async def look(self, by: PersonId) -> int:
        """The person looks at the desk; returns up to which share they had looked before, 0 for the first time."""
        async with self._store.writing() as transaction:
            return (await choices.look(transaction, self._settings.key, by, self._clock())).until

    async def choose(self, desk: Desk, wanted: Wanted, by: PersonId) -> None:
        """Decide. About an edition that went out it is brought in at once, ``deliver`` brings it to its readers.

        Raises ``UserError`` where it has closed meanwhile, or where it is too late for such a choice.
        """
        late = {field for _, field in wanted} - curate.AFTERWARDS
        async with self._store.writing() as transaction:
            row = await self._row(transaction, desk)
            if not desk.is_open and late:
                raise UserError("#{number} went out: its order and its sections stay", number=row.number)
            if any(field is Field.PICK and value == "yes" for (_, field), value in wanted.items()):
                others = {key: None for key, chosen in desk.chosen.items() if Field.PICK in chosen}
                wanted = {(key, Field.PICK): None for key in others} | dict(wanted)
            await choices.write(transaction, row.id, wanted, by, self._clock())
            if not desk.is_open:
                await editions.went_stale(transaction, row.id)
                act = Act(ActKind.EDIT, str(row.number), f"{by.platform}:{by.id}", self._clock())
                await run.add_act(transaction, self._settings.key, act)
        if not desk.is_open:
            await self._publisher.follow(everywhere=False)

    async def _row(self, transaction: Transaction, desk: Desk) -> editions.EditionRow:
        if desk.is_open:
            number = await editions.next_number(transaction, self._settings.key)
            row = await self._publisher.begun(transaction)
        else:
            printed = await editions.last_printed(transaction, self._settings.key)
            if printed is None:
                raise UserError("no edition went out yet")
            number, row = printed.number, printed
        if number != desk.edition.number:
            raise UserError("#{number} has closed meanwhile; open the desk again", number=desk.edition.number)
        return row

    async def bring_in(self, desk: Desk, message: MessageId, by: PersonId) -> tuple[str, ...]:
        """Let what a message shared into the open edition, however old it is; returns the links' keys.

        Raises ``UserError`` where an edition has printed it, or where nothing of the message is kept.
        """
        async with self._store.writing() as transaction:
            row = await self._row(transaction, desk)
            shares = await placements.shares_of(transaction, message, self._settings.key)
            if not shares:
                raise UserError("that message has no link that could be added")
            printed = next((one.printed_in for one in shares if one.printed_in), None)
            if all(one.printed_in for one in shares):
                raise UserError("it was in edition #{number} already", number=printed)
            wanted: dict[tuple[str, Field], str | None] = {}
            for one in shares:
                if not one.printed_in:
                    await placements.take_up_again(transaction, self._settings.key, one.share)
                    wanted |= {(one.key, Field.OUT): "no", (one.key, Field.BROUGHT): str(one.share)}
            await choices.write(transaction, row.id, wanted, by, self._clock())
        return tuple(dict.fromkeys(key for key, _ in wanted))

    # --- sharers ---

    async def decide_own(self, share: int, wanted: Mapping[Field, str | None], by: PersonId) -> None:
        """A sharer decides about a share of theirs, wherever it stands. Raises ``UserError`` where it is not theirs."""
        async with self._store.writing() as transaction:
            if share not in await placements.own_shares(transaction, by, [share]):
                raise UserError("that is not yours to change; it may have been deleted")
            await choices.write_own(transaction, share, wanted, self._clock())
        await self._publisher.follow(everywhere=False)


def _chosen(made: tuple[Choice, ...]) -> tuple[dict[str, dict[Field, str]], dict[tuple[str, Field], PersonId]]:
    chosen: dict[str, dict[Field, str]] = {}
    for one in made:
        chosen.setdefault(one.key, {})[one.field] = one.value
    return chosen, {(one.key, one.field): one.by for one in made}
