"""Discussion: which message a reply names, and finding the replies to a message"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("message", sa.Column("answers", sa.String(255), nullable=True))
    for column in ("thread", "answers"):
        only = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"ix_message_{column}", "message", ["channel_id", column], sqlite_where=only, postgresql_where=only
        )


def downgrade() -> None:
    for column in ("thread", "answers"):
        op.drop_index(f"ix_message_{column}", table_name="message")
    with op.batch_alter_table("message") as batch:
        batch.drop_column("answers")
