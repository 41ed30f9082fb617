"""What the weekly run keeps: when an edition may go out, when a delivery is tried again, who did what, who was told."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from newsletter.store.tables import Instant

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("channel", sa.Column("introduced_at", Instant(), nullable=True))
    op.add_column("edition", sa.Column("release_at", Instant(), nullable=True))
    op.add_column("edition", sa.Column("approval", sa.String(length=16), server_default="", nullable=False))
    op.add_column("edition", sa.Column("stale", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(
        "ix_edition_stale",
        "edition",
        ["newsletter"],
        unique=False,
        sqlite_where=sa.text("stale = 1"),
        postgresql_where=sa.text("stale"),
    )
    op.add_column("delivery", sa.Column("attempts", sa.Integer(), server_default="0", nullable=False))
    op.add_column("delivery", sa.Column("next_at", Instant(), nullable=True))
    op.add_column("delivery", sa.Column("why", sa.Text(), nullable=True))
    op.create_table(
        "act",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("newsletter", sa.String(length=128), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_act")),
    )
    op.create_index(op.f("ix_act_newsletter_what_at"), "act", ["newsletter", "what", "at"], unique=False)
    op.create_table(
        "notice",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("newsletter", sa.String(length=128), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("told_at", Instant(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_notice")),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )


def downgrade() -> None:
    op.drop_table("lease")
    op.drop_table("notice")
    op.drop_index(op.f("ix_act_newsletter_what_at"), table_name="act")
    op.drop_table("act")
    op.drop_index("ix_edition_stale", table_name="edition")
    for table, columns in (
        ("delivery", ("why", "next_at", "attempts")),
        ("edition", ("stale", "approval", "release_at")),
        ("channel", ("introduced_at",)),
    ):
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_column(column)
