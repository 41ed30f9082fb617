"""Curating: who may decide what about a link, what a form changed, what an editor sees on the desk. Pure.

What a choice does to an edition is ``assemble``'s business, and ``amend``'s once it went out; the calls are made in
order by ``curator.py``.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from newsletter import tags, urls
from newsletter.errors import UserError
from newsletter.heard import PersonId
from newsletter.material import Chosen
from newsletter.model import Edition, Entry, EntryLink, Field, LeftOut, Shared, TitleSource
from newsletter.phrase import Phrase
from newsletter.placing import BY_EDITOR, WITHDRAWN
from newsletter.settings import NewsletterSettings
from newsletter.tags import WITH_HEADINGS_FROM
from newsletter.titles import title_from_url

OWN = frozenset({Field.OUT, Field.TITLE, Field.WORDS})
"""What sharers may decide about their own."""

AFTERWARDS = frozenset({Field.OUT, Field.TITLE, Field.WORDS, Field.NOTE, Field.RELEASED, Field.INTRO, Field.OUTRO})
"""What may still be decided about an edition that went out: its order stays."""

WITHOUT_TITLE = (TitleSource.URL, TitleSource.HOST)
"""Titles that nobody wrote: they were read from the address."""

GONE = Phrase("gone from the chat")


def may(field: Field, *, editor: bool, sharer: bool) -> bool:
    """Whether somebody may decide this about a link; ``sharer``: only about what they shared themselves."""
    return editor or (sharer and field in OWN)


def reference(key: str) -> str:
    """A link's short name in buttons. It opens nothing: whether somebody may is decided when it is pressed."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def meant(written: str) -> str:
    """What somebody typed for a link, as ``Desk.row`` takes it: an address by its key, the rest as it is."""
    found = urls.find(written)
    return urls.key(found[0]) if found else written.strip().lstrip("#")


# --- the desk --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OnDesk:
    """One link as the editors see it. ``number`` is its place on the desk, ``why`` why it is in or out.

    ``needs`` is what is still to be decided about it; ``now`` what a form about it shows, by field.
    """

    number: int
    key: str
    url: str
    title: str
    shares: tuple[Shared, ...]
    is_in: bool
    why: Phrase
    needs: tuple[Phrase, ...]
    is_new: bool
    now: Mapping[Field, str]
    pinned: bool = False
    pick: bool = False
    held: str | None = None
    is_below: bool = False
    """It stands under another link's heading."""

    @property
    def ref(self) -> str:
        """Its name in buttons."""
        return reference(self.key)


@dataclass(frozen=True, slots=True)
class Desk:
    """An edition on the editors' desk, with all that was decided about it. ``by`` is who decided, by key and field."""

    edition: Edition
    is_open: bool
    rows: tuple[OnDesk, ...]
    chosen: Mapping[str, Chosen]
    by: Mapping[tuple[str, Field], PersonId]

    def row(self, ref: str) -> OnDesk:
        """The link with this reference, number or key. Raises ``UserError``."""
        found = [row for row in self.rows if ref in (row.ref, row.key) or ref == str(row.number)]
        if not found:
            raise UserError(
                "that link is not in edition #{number}; it may have been edited or deleted", number=self.edition.number
            )
        return found[0]


def on_desk(
    edition: Edition,
    chosen: Mapping[str, Chosen],
    settings: NewsletterSettings,
    *,
    seen_until: int = 0,
    gone: Iterable[Entry] = (),
) -> tuple[OnDesk, ...]:
    """Every link of the edition: what is in, in printed order, then what is out.

    ``gone`` was printed and taken out since. What arrived after the share ``seen_until`` is new.
    """
    many = len(edition.entries) >= WITH_HEADINGS_FROM
    rows: list[OnDesk] = []
    for entry in (*edition.entries, *edition.again):
        rows.append(_of_entry(len(rows) + 1, entry, chosen.get(entry.key, {}), settings, seen_until, many=many))
        for link in entry.links:
            rows.append(_below(len(rows) + 1, link, entry, chosen))
    for entry in gone:
        row = _of_entry(len(rows) + 1, entry, chosen.get(entry.key, {}), settings, seen_until, many=False)
        rows.append(_taken_out(row, BY_EDITOR if row.now.get(Field.OUT) == "yes" else GONE))
    for left in edition.left_out:
        rows.append(_of_left_out(len(rows) + 1, left, chosen.get(left.key, {}), settings, seen_until))
    return tuple(rows)


def was_released(row: OnDesk) -> bool:
    """Whether an editor let a held link out to everybody."""
    return row.now.get(Field.RELEASED) == "yes"


def undecided_first(rows: Iterable[OnDesk]) -> tuple[OnDesk, ...]:
    """In the order in which an editor with little time looks at them."""
    return tuple(sorted(rows, key=lambda row: (not row.needs, not row.is_in, row.number)))


def _of_entry(
    number: int, entry: Entry, chosen: Chosen, settings: NewsletterSettings, seen_until: int, *, many: bool
) -> OnDesk:
    needs: list[Phrase] = []
    if entry.title_source in WITHOUT_TITLE:
        needs.append(Phrase("no title of its own"))
    if settings.sections and many and not entry.section and Field.SECTION not in chosen:
        needs.append(Phrase("no section"))
    if entry.held and settings.is_for_the_public and Field.RELEASED not in chosen:
        needs.append(Phrase("held back: {reason}", reason=Phrase(entry.held)))
    why = [Phrase.counted("{n} person", "{n} people", entry.score)]
    why += (
        [Phrase("{section} ({why})", section=entry.section, why=tags.told(entry.section_why))] if entry.section else []
    )
    why += [Phrase("held back from public places: {reason}", reason=Phrase(entry.held))] if entry.held else []
    why += [Phrase("also in {label}", label=entry.also_in.label)] if entry.also_in is not None else []
    said = next((shared.words for shared in entry.shares if shared.words), "")
    shown = {Field.TITLE: entry.title, Field.WORDS: said, Field.SECTION: entry.section}
    return OnDesk(
        number,
        entry.key,
        entry.url,
        entry.title,
        entry.shares,
        is_in=True,
        why=Phrase.joined(why),
        needs=tuple(needs),
        is_new=_is_new(entry.shares, seen_until),
        now={**shown, Field.NOTE: "", **chosen},
        pinned=entry.pinned,
        pick=entry.pick,
        held=entry.held,
    )


def _below(number: int, link: EntryLink, lead: Entry, chosen: Mapping[str, Chosen]) -> OnDesk:
    key = urls.key(link.url)
    now = {Field.TITLE: link.title, Field.BESIDE: lead.key, **chosen.get(key, {})}
    why = Phrase("under {title}", title=lead.title)
    return OnDesk(number, key, link.url, link.title, (), True, why, (), is_new=False, now=now, is_below=True)


def _taken_out(row: OnDesk, why: Phrase) -> OnDesk:
    return OnDesk(
        row.number, row.key, row.url, row.title, row.shares, False, why, (), row.is_new, row.now, held=row.held
    )


def _of_left_out(number: int, left: LeftOut, chosen: Chosen, settings: NewsletterSettings, seen_until: int) -> OnDesk:
    title = chosen.get(Field.TITLE) or title_from_url(left.url)[0]
    said = next((shared.words for shared in left.shares if shared.words), "")
    undecided = settings.enters != "all" and left.reason not in (BY_EDITOR, WITHDRAWN)
    return OnDesk(
        number,
        left.key or urls.key(left.url),
        left.url,
        title,
        left.shares,
        is_in=False,
        why=Phrase(left.reason),
        needs=(Phrase(left.reason),) if undecided else (),
        is_new=_is_new(left.shares, seen_until),
        now={Field.TITLE: title, Field.WORDS: said, Field.SECTION: "", Field.NOTE: "", **chosen},
    )


def _is_new(shares: Iterable[Shared], seen_until: int) -> bool:
    return seen_until > 0 and any(shared.share > seen_until for shared in shares)


# --- order -----------------------------------------------------------------------------------------------------------


def moved(section: Sequence[Entry], key: str, by: int) -> dict[str, str]:
    """The places to choose so that a link moves up (-1) or down (+1) among the links of its section; ``{}``: it cannot.

    All of them are given a place: what an editor has seen and put in order stays so, whatever people react to.
    """
    order = [entry.key for entry in section]
    if key not in order or not 0 <= order.index(key) + by < len(order):
        return {}
    here = order.index(key)
    order.insert(here + by, order.pop(here))
    return {one: str(place) for place, one in enumerate(order, start=1)}


# --- forms -----------------------------------------------------------------------------------------------------------

FORM = (Field.TITLE, Field.SECTION, Field.WORDS, Field.NOTE)


@dataclass(frozen=True, slots=True)
class Changes:
    """What a form that was sent asks for: ``wanted`` by field, ``None`` for back to what it is by itself.

    ``conflicts`` are the fields somebody else changed since the form was opened: with what stands there now.
    """

    wanted: Mapping[Field, str | None]
    conflicts: Mapping[Field, str]


def fingerprint(now: Mapping[Field, str], fields: Sequence[Field] = FORM) -> str:
    """What a form showed, in four letters for each field: enough to see whether it is still so."""
    texts = (_plain(now.get(field, "")).encode("utf-8", "surrogatepass") for field in fields)
    return "".join(hashlib.sha256(text).hexdigest()[:4] for text in texts)


def _plain(text: str) -> str:
    """As every platform's form gives it back."""
    return text.replace("\r\n", "\n").strip()


def changes(
    written: Mapping[str, str], shown: str, now: Mapping[Field, str], fields: Sequence[Field] = FORM
) -> Changes:
    """What somebody wrote into a form that showed ``shown`` (its fingerprint), while ``now`` stands there.

    A field left as it was shown asks for nothing. One emptied asks for what it is by itself.
    """
    wanted: dict[Field, str | None] = {}
    conflicts: dict[Field, str] = {}
    current = fingerprint(now, fields)
    for n, field in enumerate(fields):
        if field.value not in written:
            continue
        text = _plain(written[field.value])
        was, is_now = shown[4 * n : 4 * n + 4], current[4 * n : 4 * n + 4]
        if text == _plain(now.get(field, "")) or fingerprint({field: text}, (field,)) == was:
            continue
        wanted[field] = None if not text and field is not Field.SECTION else text
        if was != is_now:
            conflicts[field] = now.get(field, "")
    return Changes(wanted, conflicts)
