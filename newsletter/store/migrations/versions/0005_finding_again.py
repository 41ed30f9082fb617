"""Finding again: the search index in the order of time, and one of what editions printed"""

from collections.abc import Sequence

from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# FTS5's own tokeniser only has to part words at spaces: to "ascii" all letters beyond it are letters, whatever Unicode
# version SQLite knows.
TOKENISED = "tokenize = 'ascii'"


def upgrade() -> None:
    """Both are made empty: ``search.fill`` indexes what there is."""
    op.execute("DROP TABLE share_terms")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE TABLE share_terms (id bigint PRIMARY KEY, terms tsvector NOT NULL)")
        op.execute(
            "CREATE TABLE edition_terms (id bigint PRIMARY KEY, terms tsvector NOT NULL, share_id bigint, "
            "only_in bigint, title text NOT NULL, url text NOT NULL, label text NOT NULL)"
        )
        for table in ("share_terms", "edition_terms"):
            op.execute(f"CREATE INDEX ix_{table}_terms ON {table} USING gin (terms)")
    else:
        op.execute(f"CREATE VIRTUAL TABLE share_terms USING fts5 (terms, {TOKENISED})")
        columns = ", ".join(f"{name} UNINDEXED" for name in ("share_id", "only_in", "title", "url", "label"))
        op.execute(f"CREATE VIRTUAL TABLE edition_terms USING fts5 (terms, {columns}, {TOKENISED})")


def downgrade() -> None:
    op.execute("DROP TABLE edition_terms")
    op.execute("DROP TABLE share_terms")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TABLE share_terms ("
            "share_id bigint PRIMARY KEY REFERENCES share (id) ON DELETE CASCADE, terms tsvector NOT NULL)"
        )
        op.execute("CREATE INDEX ix_share_terms_terms ON share_terms USING gin (terms)")
    else:
        op.execute("CREATE VIRTUAL TABLE share_terms USING fts5 (terms, tokenize = 'unicode61 remove_diacritics 0')")
