"""Entries in the order of time: the index of what editions printed is numbered anew"""

from collections.abc import Sequence

from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """It is made empty: ``terms.fill`` indexes what there is."""
    op.execute("DELETE FROM edition_terms")


def downgrade() -> None:
    op.execute("DELETE FROM edition_terms")
