"""Alembic's entry: runs the revisions on the connection that ``database.py`` hands over. No ini file, no URL."""

from alembic import context

from newsletter.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    # The search tables are no part of the metadata: each database has its own kind.
    include_name=lambda name, type_, _: (
        type_ != "table" or not (name or "").startswith(("share_terms", "edition_terms"))
    ),
)
with context.begin_transaction():
    context.run_migrations()
