"""The store: what is kept, over SQLite or PostgreSQL. The only package that knows sqlalchemy.

``Store`` opens the database and gives transactions; ``chat``, ``editions`` and ``search`` are functions over them.
"""

from newsletter.store.database import Store, Transaction

__all__ = ["Store", "Transaction"]
