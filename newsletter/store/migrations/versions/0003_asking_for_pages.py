"""Asking for pages: what it came to for each link, and what more a page says"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from newsletter.store.tables import Instant

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("link", sa.Column("fetch_state", sa.String(length=16), server_default="new", nullable=False))
    op.add_column("link", sa.Column("fetch_at", Instant(), nullable=True))
    op.add_column("link", sa.Column("fetch_tries", sa.Integer(), server_default="0", nullable=False))
    op.add_column("link", sa.Column("fetch_why", sa.Text(), nullable=True))
    op.create_index(op.f("ix_link_fetch_at"), "link", ["fetch_at"], unique=False)
    op.create_index(
        "ix_link_new",
        "link",
        ["id"],
        unique=False,
        sqlite_where=sa.text("fetch_state = 'new'"),
        postgresql_where=sa.text("fetch_state = 'new'"),
    )
    op.add_column("page", sa.Column("url", sa.Text(), server_default="", nullable=False))
    op.add_column("page", sa.Column("kind", sa.String(length=16), server_default="", nullable=False))
    op.add_column("page", sa.Column("reading_minutes", sa.Integer(), server_default="0", nullable=False))
    op.add_column("page", sa.Column("canonical", sa.Text(), server_default="", nullable=False))
    op.add_column("page", sa.Column("canonical_digest", sa.String(length=32), nullable=True))
    op.create_index(op.f("ix_page_canonical_digest"), "page", ["canonical_digest"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_page_canonical_digest"), table_name="page")
    op.drop_index("ix_link_new", table_name="link")
    op.drop_index(op.f("ix_link_fetch_at"), table_name="link")
    for table, columns in (
        ("page", ("canonical_digest", "canonical", "reading_minutes", "kind", "url")),
        ("link", ("fetch_why", "fetch_tries", "fetch_at", "fetch_state")),
    ):
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_column(column)
