"""The newsletter's plain values after hearing: what is kept, what an edition is made of, what was delivered.

Values only: how they come about is ``merge`` (kept), ``assemble`` (Edition) and ``publish`` (Delivery). All
instants are aware UTC.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pydantic import TypeAdapter

from newsletter.heard import ChannelId, MessageId, PersonId, Preview


class TitleSource(StrEnum):
    """Where an entry's title comes from, in the order of trust (DESIGN section 5, "What a message says")."""

    EDITOR = "editor"
    SHARER = "sharer"
    LABEL = "label"
    LINE = "line"
    PAGE = "page"
    PREVIEW = "preview"
    URL = "url"
    HOST = "host"


@dataclass(frozen=True, slots=True)
class ShareWords:
    """What one message says about one link of it (made by ``words.read``, before anything is stored).

    ``url`` is ``urls.clean`` of what was posted, ``key`` its identity. ``title`` is the sharer's own (a human
    label or a title line), ``None`` where the words hold none. ``comment`` is CommonMark, ``""`` where there is
    none. ``hashtags`` are folded to lower case, without ``#``, in order, each once. ``bare`` is true where the
    message says nothing but the link, so that the sharer's next message may be its words.
    """

    url: str
    key: str
    ordinal: int
    title: str | None = None
    title_source: TitleSource | None = None
    comment: str = ""
    hashtags: tuple[str, ...] = ()
    bare: bool = False
    under: str | None = None
    """The key of the link of the same message whose heading this one belongs under, if any."""


class PageKind(StrEnum):
    """What a reader finds behind a link. ``UNKNOWN``: the page does not say."""

    UNKNOWN = ""
    ARTICLE = "article"
    VIDEO = "video"
    AUDIO = "audio"
    PAPER = "paper"
    CODE = "code"
    DISCUSSION = "discussion"
    PDF = "pdf"
    IMAGE = "image"


@dataclass(frozen=True, slots=True)
class Page:
    """What the web said about a link: plain text of one line each, addresses absolute.

    ``title`` is ``""`` where the page has none worth showing ("Just a moment…"). ``language`` is a BCP 47 tag as
    far as the page says one. ``canonical`` is only what the page declares, never guessed, and may be the page's
    own address. ``reading_minutes`` is 0 where there is no text to read.
    """

    title: str = ""
    description: str = ""
    site: str = ""
    image: str = ""
    author: str = ""
    published: datetime | None = None
    language: str = ""
    canonical: str = ""
    kind: PageKind = PageKind.UNKNOWN
    reading_minutes: int = 0
    url: str = ""
    """Where it answered, after all redirects: what a shortener stands for."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What answered at an address: the first bytes of a page, unpacked, at ``url`` after all redirects.

    ``hops`` are the addresses on the way, the asked one first and ``url`` last; ``permanent`` where every redirect said
    that it is for good. ``content_type`` is the header as it was given, ``""`` where there was none.
    """

    url: str
    body: bytes
    content_type: str = ""
    permanent: bool = True
    hops: tuple[str, ...] = ()


class LinkState(StrEnum):
    """What is known of a link from asking for its page.

    ``NEW``: never asked. ``WAITING``: no answer yet, asked when its time comes. ``FETCHED``: its page is known.
    ``CLOSED``: something answered that is no page for us; a reader may see one. ``DEAD``: the page is gone.
    """

    NEW = "new"
    WAITING = "waiting"
    FETCHED = "fetched"
    CLOSED = "closed"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Mark:
    """What the last visit of a link came to, for people: ``why`` is ``""`` where there is nothing to say."""

    state: LinkState
    why: str = ""


class Field(StrEnum):
    """What a choice can be about."""

    OUT = "out"
    PINNED = "pinned"
    RELEASED = "released"
    TITLE = "title"
    SECTION = "section"
    WORDS = "words"
    PLACE = "place"
    BESIDE = "beside"
    BROUGHT = "brought"
    NOTE = "note"
    PICK = "pick"
    INTRO = "intro"
    OUTRO = "outro"


@dataclass(frozen=True, slots=True)
class Choice:
    """What an editor decided about a link in one edition; the newest per field counts.

    ``value`` is text: ``"yes"``/``"no"`` for OUT, PINNED, PICK and RELEASED, the words for TITLE, WORDS, NOTE, INTRO
    and OUTRO, a section's tag, a place in its section (``"2"``: second, counted from one), the key of the link it is
    put BESIDE (``""``: on its own), or the row of a share that was BROUGHT in from before. INTRO and OUTRO are about
    the edition itself: their ``key`` is ``""``.
    """

    key: str
    field: Field
    value: str
    by: PersonId
    at: datetime


@dataclass(frozen=True, slots=True)
class KeptReaction:
    """Who reacted with what, and how many more did whose names no source gave."""

    emoji: str
    people: tuple[PersonId, ...]
    unnamed: int = 0


@dataclass(frozen=True, slots=True)
class KeptShare:
    """A share as the store hands it to ``assemble``: with its message, people, reactions and what the web said.

    ``follow_up`` is the text of the sharer's next message where this one is bare. ``under`` is as in ``ShareWords``.
    """

    id: int
    url: str
    key: str
    ordinal: int
    title: str | None
    title_source: TitleSource | None
    comment: str
    hashtags: tuple[str, ...]
    bare: bool
    message: MessageId
    author: PersonId
    sent_at: datetime
    channel_name: str
    channel_private: bool
    permalink: str | None = None
    preview: Preview | None = None
    follow_up: str = ""
    under: str | None = None
    reactions: tuple[KeptReaction, ...] = ()
    live: bool = True
    withdrawn: bool = False
    """Its sharer took it back."""
    blanked: bool = False
    """Its words were forgotten after their time (``retention``): what was printed of them stands."""

    @property
    def channel(self) -> ChannelId:
        """Where it was posted."""
        return self.message.channel


@dataclass(frozen=True, slots=True)
class KeptReply:
    """What somebody answered to a message with a link, without one; ``text`` is ``""`` where it was forgotten."""

    id: str
    author: PersonId
    name: str
    sent_at: datetime
    text: str
    reactions: tuple[KeptReaction, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """A link shared before: the label of that week, and the edition that printed it (0: none did, it is history)."""

    number: int
    label: str


# --- an edition, before any markup ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Week:
    """A week's name as readers see it. ``label`` is in the newsletter's language, ``iso`` is ``2020-W24``."""

    iso: str
    label: str
    year: int
    month: int
    of_month: int


@dataclass(frozen=True, slots=True)
class Person:
    """Someone named in an edition. ``name`` is ``""`` for a person who opted out."""

    id: PersonId
    name: str


@dataclass(frozen=True, slots=True)
class Shared:
    """One share folded into an entry: who, when, where, with which words (CommonMark)."""

    share: int
    person: Person
    at: datetime
    channel: str
    permalink: str | None
    words: str
    private: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered to a share, for the team: who, when, with which words (CommonMark).

    ``share`` is the one under which it stands, ``message`` its own id in that share's channel.
    """

    share: int
    message: str
    person: Person
    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class EntryLink:
    """A further link under one heading; ``private`` where only private channels shared it."""

    url: str
    title: str
    private: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One heading of an edition: a lead link with all its shares folded in.

    ``title`` is plain text (never markup), ``words`` CommonMark of the lead share or an editor, ``held`` the
    reason why it may not reach a public destination. ``score`` counts distinct people. ``also_in`` is the earlier
    edition that printed the link: such an entry comes after the new ones, as one line.
    """

    key: str
    url: str
    title: str
    title_source: TitleSource
    words: str
    site: str
    shares: tuple[Shared, ...]
    score: int
    links: tuple[EntryLink, ...] = ()
    reactions: tuple[tuple[str, int], ...] = ()
    hashtags: tuple[str, ...] = ()
    section: str = ""
    section_why: str = ""
    pinned: bool = False
    held: str | None = None
    also_in: Seen | None = None
    description: str = ""
    image: str = ""
    pick: bool = False
    by_editor: bool = False
    """Whether the words are an editor's: then images in them are shown."""
    note: str = ""
    """What an editor says beside the words, in whose images are shown; with its label, where it follows others'."""
    discussion: tuple[Reply, ...] = ()
    """The best replies, in the order they were said."""

    @property
    def said(self) -> str:
        """Words and note together, where nobody has to tell them apart."""
        return "\n\n".join(filter(None, (self.words, self.note)))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A link that is kept but not entered, and why (a reason from ``entering.py`` or a person's choice)."""

    url: str
    reason: str
    shares: tuple[Shared, ...]
    key: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Entries under one heading; ``title`` is ``""`` where the entries stand without one."""

    tag: str
    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Edition:
    """One newsletter from one cut-off to the next, before any markup. ``audience.for_audience`` makes what a
    reader sees.

    ``opened_at <= shares < cut_off`` but for shares found late. ``again`` are links an earlier edition had, with
    new words. ``week`` is the week it covers, ``until_week`` the last one where cut-offs were missed,
    ``next_week`` the one after.
    """

    newsletter: str
    number: int
    title: str
    language: str
    timezone: str
    opened_at: datetime
    cut_off: datetime
    label: str
    week: Week
    next_week: Week
    sections: tuple[Section, ...] = ()
    again: tuple[Entry, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    intro: str = ""
    outro: str = ""
    nth_of_day: int = 1
    """Which of its newsletter's editions that were cut off on this local day: two must not share a file name."""
    read_at: str = ""
    """Where it is read as a post; ``""`` where it is in chat only."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All new entries in printed order."""
        return tuple(entry for section in self.sections for entry in section.entries)

    @property
    def is_empty(self) -> bool:
        """Nothing to print: an empty edition is not posted."""
        return not self.entries and not self.again


_EDITION = TypeAdapter(Edition)


def to_json(edition: Edition, *, indent: int | None = None) -> str:
    """Everything in the edition; the same edition gives the same text, and ``from_json`` gives the edition back."""
    return _EDITION.dump_json(edition, indent=indent).decode()


def from_json(text: str) -> Edition:
    """The edition that ``to_json`` wrote, by this version of Linkletter or an earlier one."""
    return _EDITION.validate_json(text)


# --- delivering ----------------------------------------------------------------------------------------------------


class EditionState(StrEnum):
    """``OPEN`` takes shares; ``FROZEN`` went out, or is about to; ``RETRACTED`` went out and was taken back;
    ``ARCHIVED`` is of the past, made for files only, and follows its week's chat for ever."""

    OPEN = "open"
    FROZEN = "frozen"
    RETRACTED = "retracted"
    ARCHIVED = "archived"


class PartState(StrEnum):
    """``INTENDED``: stored, not sent. ``UNSURE``: handed over, unanswered. ``SENT``: there, with a receipt."""

    INTENDED = "intended"
    UNSURE = "unsure"
    SENT = "sent"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Part:
    """One message or file of a delivery, drawn once and sent as it is.

    ``payload`` is the exact text (a file's content, a chat message as JSON), ``mark`` what finds it again at the
    destination, ``name`` a file name or ``""``.
    """

    ordinal: int
    payload: str
    mark: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a destination gave back for a part: enough to find, change and remove it."""

    id: str
    thread: str | None = None
    note: str = field(default="", compare=False)
