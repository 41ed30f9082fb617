"""The tables, exactly as DESIGN section 3 lists what is kept. Queries are in the sibling modules.

Every instant is an aware UTC ``datetime`` on both sides: SQLite's own type would silently drop the offset, so it
is fixed width ISO text there (it sorts like time) and ``timestamptz`` on PostgreSQL.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant; a naive one is refused, because nobody knows what it means."""

    impl = String(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """``timestamptz`` on PostgreSQL, text elsewhere."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(String(32))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """To the database, in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs its time zone: {value!r}")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """From the database, in UTC."""
        if value is None:
            return None
        instant = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return instant.astimezone(UTC)


# SQLite numbers rows by itself only in an INTEGER primary key.
Id = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(naming_convention=NAMING)

channel = Table(
    "channel",
    metadata,
    Column("id", Id, primary_key=True),
    Column("platform", String(32), nullable=False),
    Column("workspace", String(64), nullable=False),
    Column("external_id", String(255), nullable=False),
    Column("name", Text, nullable=False),
    Column("private", Boolean, nullable=False),
    Column("named_at", Instant, nullable=False),
    # When we said there what we are for: once.
    Column("introduced_at", Instant, nullable=True),
    # About how many there are in its server, where the platform says so.
    Column("people", Integer, nullable=True),
    UniqueConstraint("platform", "workspace", "external_id"),
)

person = Table(
    "person",
    metadata,
    Column("id", Id, primary_key=True),
    Column("platform", String(32), nullable=False),
    Column("workspace", String(64), nullable=False),
    Column("external_id", String(255), nullable=False),
    Column("name", Text, nullable=False),
    Column("bot", Boolean, nullable=False),
    Column("named_at", Instant, nullable=True),
    Column("opted_out_at", Instant, nullable=True),
    # Where the platform says since when they belong to it.
    Column("joined_at", Instant, nullable=True),
    UniqueConstraint("platform", "workspace", "external_id"),
    # Asked with everything that is heard: who opted out is not listened to.
    Index(
        "ix_person_opted_out",
        "id",
        sqlite_where=text("opted_out_at IS NOT NULL"),
        postgresql_where=text("opted_out_at IS NOT NULL"),
    ),
)

# A key may be longer than PostgreSQL lets an index row be (2.7 kB): its digest is the unique one.
link = Table(
    "link",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", String(32), nullable=False, unique=True),
    Column("key", Text, nullable=False),
    # What asking for its page came to. A link is due when it is new, or at ``fetch_at``; while somebody asks, that is
    # when he is given up: one column is the next attempt and the lease.
    Column("fetch_state", String(16), nullable=False, server_default="new"),
    Column("fetch_at", Instant, nullable=True, index=True),
    Column("fetch_tries", Integer, nullable=False, server_default="0"),
    Column("fetch_why", Text, nullable=True),
    # New links are asked for newest first. Spelt as the query spells it, or it is never used.
    Index("ix_link_new", "id", sqlite_where=text("fetch_state = 'new'"), postgresql_where=text("fetch_state = 'new'")),
)

page = Table(
    "page",
    metadata,
    Column("link_id", ForeignKey("link.id"), primary_key=True),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("image", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("published", Instant, nullable=True),
    Column("language", String(35), nullable=False),
    Column("fetched_at", Instant, nullable=False),
    Column("url", Text, nullable=False, server_default=""),
    Column("kind", String(16), nullable=False, server_default=""),
    Column("reading_minutes", Integer, nullable=False, server_default="0"),
    Column("canonical", Text, nullable=False, server_default=""),
    # Of the canonical's key, as in ``link``: by it the pages are found that name one and the same.
    Column("canonical_digest", String(32), nullable=True, index=True),
)

# "join" is a word of SQL.
link_join = Table(
    "link_join",
    metadata,
    Column("link_id", ForeignKey("link.id"), primary_key=True),
    Column("into_id", ForeignKey("link.id"), nullable=False, index=True),
    Column("why", String(32), nullable=False),
    Column("at", Instant, nullable=False),
    CheckConstraint("link_id <> into_id", name="not_itself"),
)

message = Table(
    "message",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel_id", ForeignKey("channel.id"), nullable=False),
    Column("external_id", String(255), nullable=False),
    Column("author_id", ForeignKey("person.id"), nullable=False),
    Column("sent_at", Instant, nullable=False),
    Column("edited_at", Instant, nullable=True),
    Column("live", Boolean, nullable=False),
    Column("thread", String(255), nullable=True),
    Column("text", Text, nullable=False),
    Column("permalink", Text, nullable=True),
    Column("previews", JSON, nullable=False),
    Column("gone", Boolean, nullable=False),
    Column("listed_as_of", Instant, nullable=True),
    # The message it replies to by name; its thread's first one is ``thread``.
    Column("answers", String(255), nullable=True),
    UniqueConstraint("channel_id", "external_id"),
    Index(None, "channel_id", "sent_at"),
    Index(None, "author_id", "sent_at"),
    # What was answered to a message: most messages answer none.
    Index(
        "ix_message_thread",
        "channel_id",
        "thread",
        sqlite_where=text("thread IS NOT NULL"),
        postgresql_where=text("thread IS NOT NULL"),
    ),
    Index(
        "ix_message_answers",
        "channel_id",
        "answers",
        sqlite_where=text("answers IS NOT NULL"),
        postgresql_where=text("answers IS NOT NULL"),
    ),
)

# Messages that a source said were deleted and that were never heard: should one turn up in an older export, it stays
# deleted. Nothing of them is known but this.
tombstone = Table(
    "tombstone",
    metadata,
    Column("channel_id", ForeignKey("channel.id"), primary_key=True),
    Column("external_id", String(255), primary_key=True),
)

# A share is never deleted, only absent: had its row gone, a link edited out and in again could be printed twice.
share = Table(
    "share",
    metadata,
    Column("id", Id, primary_key=True),
    Column("message_id", ForeignKey("message.id"), nullable=False),
    Column("link_id", ForeignKey("link.id"), nullable=False),
    Column("channel_id", ForeignKey("channel.id"), nullable=False),
    Column("sent_at", Instant, nullable=False),
    Column("live", Boolean, nullable=False),
    Column("present", Boolean, nullable=False),
    # Edited out of its message and in again: an edition may have closed without it meanwhile.
    Column("returned", Boolean, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("url", Text, nullable=False),
    Column("title", Text, nullable=True),
    Column("title_source", String(16), nullable=True),
    Column("comment", Text, nullable=False),
    Column("hashtags", JSON, nullable=False),
    Column("under", Text, nullable=True),
    Column("bare", Boolean, nullable=False),
    Column("words_from", ForeignKey("message.id", ondelete="SET NULL"), nullable=True, index=True),
    UniqueConstraint("message_id", "link_id"),
    Index(None, "channel_id", "sent_at"),
    Index(None, "link_id", "sent_at"),
    # Shares heard late: looked up by "arrived after the last freeze", which only the live platform does. On SQLite the
    # condition has to be spelt as the queries spell it, or the index is never used.
    Index(
        "ix_share_live_arrival",
        "id",
        sqlite_where=text("live = 1"),
        postgresql_where=text("live"),
    ),
    Index(
        "ix_share_returned",
        "sent_at",
        sqlite_where=text("returned = 1"),
        postgresql_where=text("returned"),
    ),
)

reaction = Table(
    "reaction",
    metadata,
    Column("message_id", ForeignKey("message.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("emoji", String(128), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("stands", Boolean, nullable=False),
    Index(None, "person_id"),
)

unnamed = Table(
    "unnamed",
    metadata,
    Column("message_id", ForeignKey("message.id", ondelete="CASCADE"), primary_key=True),
    Column("emoji", String(128), primary_key=True),
    # "count" is a method of every row.
    Column("counted", Integer, nullable=False),
    Column("named_as_of", Instant, nullable=True),
    Column("exported", Boolean, nullable=False),
)

edition = Table(
    "edition",
    metadata,
    Column("id", Id, primary_key=True),
    Column("newsletter", String(128), nullable=False),
    # Given when the edition is printed: an open or skipped one has none.
    Column("number", Integer, nullable=True),
    Column("state", String(16), nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("cut_off", Instant, nullable=False),
    # The scheduled cut-off this edition serves; an early one serves the next.
    Column("serves", Instant, nullable=False),
    # The highest share there was at the freeze: what arrives later is looked for behind it.
    Column("arrived_until", BigInteger, nullable=False),
    # Since when the newsletter takes shares: an edition's own opening moves on where its cut-off passed unserved.
    Column("began_at", Instant, nullable=False),
    Column("closed_at", Instant, nullable=True),
    Column("closed_by", Text, nullable=True),
    # Not delivered before: NULL, as soon as it is frozen.
    Column("release_at", Instant, nullable=True),
    # "awaited" until an editor gave it; "" where none is needed.
    Column("approval", String(16), nullable=False, server_default=""),
    # Went out, and something of it changed in chat since.
    Column("stale", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("newsletter", "number"),
    Index(None, "newsletter", "cut_off"),
    Index(
        "uq_edition_open",
        "newsletter",
        unique=True,
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
    Index("ix_edition_stale", "newsletter", sqlite_where=text("stale = 1"), postgresql_where=text("stale")),
)

placement = Table(
    "placement",
    metadata,
    Column("newsletter", String(128), primary_key=True),
    Column("share_id", ForeignKey("share.id"), primary_key=True),
    Column("edition_id", ForeignKey("edition.id"), nullable=False, index=True),
    # NULL: in the edition; else why it is out.
    Column("reason", String(64), nullable=True),
    Index(None, "share_id"),
)

choice = Table(
    "choice",
    metadata,
    Column("edition_id", ForeignKey("edition.id"), primary_key=True),
    Column("link_id", ForeignKey("link.id"), primary_key=True),
    Column("field", String(16), primary_key=True),
    Column("value", Text, nullable=False),
    Column("by_id", ForeignKey("person.id"), nullable=False),
    Column("at", Instant, nullable=False),
)

# About the edition itself: its intro, its outro.
edition_choice = Table(
    "edition_choice",
    metadata,
    Column("edition_id", ForeignKey("edition.id"), primary_key=True),
    Column("field", String(16), primary_key=True),
    Column("value", Text, nullable=False),
    Column("by_id", ForeignKey("person.id"), nullable=False),
    Column("at", Instant, nullable=False),
)

# What sharers decided about their own, in whatever edition it stands.
own_choice = Table(
    "own_choice",
    metadata,
    Column("share_id", ForeignKey("share.id"), primary_key=True),
    Column("field", String(16), primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

# Who is behind a role or group that the settings name, as its platform said last.
member = Table(
    "member",
    metadata,
    Column("role", String(255), primary_key=True),
    Column("person_id", ForeignKey("person.id"), primary_key=True),
)

# Up to which share an editor has looked, at the last look and at the one before.
look = Table(
    "look",
    metadata,
    Column("newsletter", String(128), primary_key=True),
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("seen_until", BigInteger, nullable=False),
    Column("before_that", BigInteger, nullable=False),
)

# Questions that changed something, by a digest of the platform's id: delivered again, they change nothing.
question = Table(
    "question",
    metadata,
    Column("platform", String(32), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("at", Instant, nullable=False),
)

revision = Table(
    "revision",
    metadata,
    Column("edition_id", ForeignKey("edition.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("edition", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Id, primary_key=True),
    Column("edition_id", ForeignKey("edition.id"), nullable=False),
    Column("destination", String(255), nullable=False),
    Column("n", Integer, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("lease_until", Instant, nullable=True),
    Column("owner", String(64), nullable=True),
    Column("done_at", Instant, nullable=True),
    # Given up, and why: a person has to do something.
    Column("failed", Text, nullable=True),
    # Tried again by itself at ``next_at``, because of ``why``; so often it was tried in vain.
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", Instant, nullable=True),
    Column("why", Text, nullable=True),
    UniqueConstraint("edition_id", "destination"),
)

part = Table(
    "part",
    metadata,
    Column("delivery_id", ForeignKey("delivery.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("mark", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("receipt", JSON, nullable=True),
)

# What people and the clock did with a newsletter's weeks, for ever: skipped, paused, published, taken back.
act = Table(
    "act",
    metadata,
    Column("id", Id, primary_key=True),
    Column("newsletter", String(128), nullable=False),
    Column("what", String(16), nullable=False),
    Column("about", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "newsletter", "what", "at"),
)

# What went wrong and who was told: one message when it began, one when it is over.
notice = Table(
    "notice",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("newsletter", String(128), nullable=False),
    Column("text", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("told_at", Instant, nullable=True),
    Column("ended_at", Instant, nullable=True),
)

# What only one process does at a time: it is its owner's until then.
lease = Table(
    "lease",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("until", Instant, nullable=False),
)

# Search keeps its words where each database searches best: an FTS5 table on SQLite, a tsvector on PostgreSQL.
# They are made by the migration and used by ``terms.py`` and ``search.py`` only.
