"""What is kept from the first day"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from newsletter.store.tables import Instant

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "channel",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("platform", sa.String(length=32), nullable=False),
        sa.Column("workspace", sa.String(length=64), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("named_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel")),
        sa.UniqueConstraint(
            "platform", "workspace", "external_id", name=op.f("uq_channel_platform_workspace_external_id")
        ),
    )
    op.create_table(
        "edition",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("newsletter", sa.String(length=128), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("cut_off", Instant(), nullable=False),
        sa.Column("serves", Instant(), nullable=False),
        sa.Column("arrived_until", sa.BigInteger(), nullable=False),
        sa.Column("began_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition")),
        sa.UniqueConstraint("newsletter", "number", name=op.f("uq_edition_newsletter_number")),
    )
    with op.batch_alter_table("edition", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_edition_newsletter_cut_off"), ["newsletter", "cut_off"], unique=False)
        batch_op.create_index(
            "uq_edition_open",
            ["newsletter"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "link",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint("digest", name=op.f("uq_link_digest")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("platform", sa.String(length=32), nullable=False),
        sa.Column("workspace", sa.String(length=64), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("bot", sa.Boolean(), nullable=False),
        sa.Column("named_at", Instant(), nullable=True),
        sa.Column("opted_out_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint(
            "platform", "workspace", "external_id", name=op.f("uq_person_platform_workspace_external_id")
        ),
    )
    op.create_table(
        "choice",
        sa.Column("edition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("link_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_choice_by_id")),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_choice_edition_id")),
        sa.ForeignKeyConstraint(["link_id"], ["link.id"], name=op.f("fk_choice_link_id")),
        sa.PrimaryKeyConstraint("edition_id", "link_id", "field", name=op.f("pk_choice")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("edition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("destination", sa.String(length=255), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("done_at", Instant(), nullable=True),
        sa.Column("failed", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_delivery_edition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("edition_id", "destination", name=op.f("uq_delivery_edition_id_destination")),
    )
    op.create_table(
        "link_join",
        sa.Column("link_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("into_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("why", sa.String(length=32), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.CheckConstraint("link_id <> into_id", name=op.f("ck_link_join_not_itself")),
        sa.ForeignKeyConstraint(["into_id"], ["link.id"], name=op.f("fk_link_join_into_id")),
        sa.ForeignKeyConstraint(["link_id"], ["link.id"], name=op.f("fk_link_join_link_id")),
        sa.PrimaryKeyConstraint("link_id", name=op.f("pk_link_join")),
    )
    with op.batch_alter_table("link_join", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_link_join_into_id"), ["into_id"], unique=False)

    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sent_at", Instant(), nullable=False),
        sa.Column("edited_at", Instant(), nullable=True),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("thread", sa.String(length=255), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("permalink", sa.Text(), nullable=True),
        sa.Column("previews", sa.JSON(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("listed_as_of", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_message_author_id")),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_message_channel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("channel_id", "external_id", name=op.f("uq_message_channel_id_external_id")),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_message_author_id_sent_at"), ["author_id", "sent_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_message_channel_id_sent_at"), ["channel_id", "sent_at"], unique=False)

    op.create_table(
        "page",
        sa.Column("link_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("image", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("published", Instant(), nullable=True),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("fetched_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["link.id"], name=op.f("fk_page_link_id")),
        sa.PrimaryKeyConstraint("link_id", name=op.f("pk_page")),
    )
    op.create_table(
        "revision",
        sa.Column("edition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_revision_edition_id")),
        sa.PrimaryKeyConstraint("edition_id", "n", name=op.f("pk_revision")),
    )
    op.create_table(
        "tombstone",
        sa.Column("channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_tombstone_channel_id")),
        sa.PrimaryKeyConstraint("channel_id", "external_id", name=op.f("pk_tombstone")),
    )
    op.create_table(
        "part",
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("receipt", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_part_delivery_id")),
        sa.PrimaryKeyConstraint("delivery_id", "ordinal", name=op.f("pk_part")),
    )
    op.create_table(
        "reaction",
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("emoji", sa.String(length=128), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("stands", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_reaction_message_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_reaction_person_id")),
        sa.PrimaryKeyConstraint("message_id", "person_id", "emoji", name=op.f("pk_reaction")),
    )
    with op.batch_alter_table("reaction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reaction_person_id"), ["person_id"], unique=False)

    op.create_table(
        "share",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("link_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sent_at", Instant(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("returned", sa.Boolean(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("title_source", sa.String(length=16), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("hashtags", sa.JSON(), nullable=False),
        sa.Column("under", sa.Text(), nullable=True),
        sa.Column("bare", sa.Boolean(), nullable=False),
        sa.Column("words_from", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_share_channel_id")),
        sa.ForeignKeyConstraint(["link_id"], ["link.id"], name=op.f("fk_share_link_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_share_message_id")),
        sa.ForeignKeyConstraint(["words_from"], ["message.id"], name=op.f("fk_share_words_from"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_share")),
        sa.UniqueConstraint("message_id", "link_id", name=op.f("uq_share_message_id_link_id")),
    )
    with op.batch_alter_table("share", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_share_channel_id_sent_at"), ["channel_id", "sent_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_share_link_id_sent_at"), ["link_id", "sent_at"], unique=False)
        batch_op.create_index(
            "ix_share_live_arrival",
            ["id"],
            unique=False,
            sqlite_where=sa.text("live = 1"),
            postgresql_where=sa.text("live"),
        )
        batch_op.create_index(
            "ix_share_returned",
            ["sent_at"],
            unique=False,
            sqlite_where=sa.text("returned = 1"),
            postgresql_where=sa.text("returned"),
        )
        batch_op.create_index(batch_op.f("ix_share_words_from"), ["words_from"], unique=False)

    op.create_table(
        "unnamed",
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("emoji", sa.String(length=128), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("named_as_of", Instant(), nullable=True),
        sa.Column("exported", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_unnamed_message_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("message_id", "emoji", name=op.f("pk_unnamed")),
    )
    op.create_table(
        "placement",
        sa.Column("newsletter", sa.String(length=128), nullable=False),
        sa.Column("share_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("edition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_placement_edition_id")),
        sa.ForeignKeyConstraint(["share_id"], ["share.id"], name=op.f("fk_placement_share_id")),
        sa.PrimaryKeyConstraint("newsletter", "share_id", name=op.f("pk_placement")),
    )
    with op.batch_alter_table("placement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_placement_edition_id"), ["edition_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_placement_share_id"), ["share_id"], unique=False)

    # The search index: each database has its own kind, see store/search.py.
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TABLE share_terms ("
            "share_id bigint PRIMARY KEY REFERENCES share (id) ON DELETE CASCADE, terms tsvector NOT NULL)"
        )
        op.execute("CREATE INDEX ix_share_terms_terms ON share_terms USING gin (terms)")
    else:
        op.execute("CREATE VIRTUAL TABLE share_terms USING fts5 (terms, tokenize = 'unicode61 remove_diacritics 0')")


def downgrade() -> None:
    op.execute("DROP TABLE share_terms")
    with op.batch_alter_table("placement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_placement_share_id"))
        batch_op.drop_index(batch_op.f("ix_placement_edition_id"))

    op.drop_table("placement")
    op.drop_table("unnamed")
    with op.batch_alter_table("share", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_share_words_from"))
        batch_op.drop_index(
            "ix_share_returned", sqlite_where=sa.text("returned = 1"), postgresql_where=sa.text("returned")
        )
        batch_op.drop_index("ix_share_live_arrival", sqlite_where=sa.text("live = 1"), postgresql_where=sa.text("live"))
        batch_op.drop_index(batch_op.f("ix_share_link_id_sent_at"))
        batch_op.drop_index(batch_op.f("ix_share_channel_id_sent_at"))

    op.drop_table("share")
    with op.batch_alter_table("reaction", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reaction_person_id"))

    op.drop_table("reaction")
    op.drop_table("part")
    op.drop_table("tombstone")
    op.drop_table("revision")
    op.drop_table("page")
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_message_channel_id_sent_at"))
        batch_op.drop_index(batch_op.f("ix_message_author_id_sent_at"))

    op.drop_table("message")
    with op.batch_alter_table("link_join", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_link_join_into_id"))

    op.drop_table("link_join")
    op.drop_table("delivery")
    op.drop_table("choice")
    op.drop_table("person")
    op.drop_table("link")
    with op.batch_alter_table("edition", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_edition_open", sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'")
        )
        batch_op.drop_index(batch_op.f("ix_edition_newsletter_cut_off"))

    op.drop_table("edition")
    op.drop_table("channel")
