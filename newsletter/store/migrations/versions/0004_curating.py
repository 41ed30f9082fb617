"""Curating: choices about an edition itself, and sharers' about their own; who has a role; who has looked"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from newsletter.store.tables import Instant

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("person", sa.Column("joined_at", Instant(), nullable=True))
    op.create_index(
        "ix_person_opted_out",
        "person",
        ["id"],
        unique=False,
        sqlite_where=sa.text("opted_out_at IS NOT NULL"),
        postgresql_where=sa.text("opted_out_at IS NOT NULL"),
    )
    op.create_table(
        "edition_choice",
        sa.Column("edition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_edition_choice_by_id")),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_edition_choice_edition_id")),
        sa.PrimaryKeyConstraint("edition_id", "field", name=op.f("pk_edition_choice")),
    )
    op.create_table(
        "own_choice",
        sa.Column("share_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["share_id"], ["share.id"], name=op.f("fk_own_choice_share_id")),
        sa.PrimaryKeyConstraint("share_id", "field", name=op.f("pk_own_choice")),
    )
    op.create_table(
        "member",
        sa.Column("role", sa.String(length=255), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_member_person_id")),
        sa.PrimaryKeyConstraint("role", "person_id", name=op.f("pk_member")),
    )
    op.create_table(
        "look",
        sa.Column("newsletter", sa.String(length=128), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("seen_until", sa.BigInteger(), nullable=False),
        sa.Column("before_that", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_look_person_id")),
        sa.PrimaryKeyConstraint("newsletter", "person_id", name=op.f("pk_look")),
    )
    op.create_table(
        "question",
        sa.Column("platform", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("platform", "id", name=op.f("pk_question")),
    )


def downgrade() -> None:
    for table in ("question", "look", "member", "own_choice", "edition_choice"):
        op.drop_table(table)
    op.drop_index("ix_person_opted_out", table_name="person")
    with op.batch_alter_table("person") as batch:
        batch.drop_column("joined_at")
