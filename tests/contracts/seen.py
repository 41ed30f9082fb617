"""What is seen of Linkletter in a world."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Post:
    """A message of ours as people see it. ``pinged`` are the names of those it called."""

    id: str
    text: str
    thread: str | None
    pinged: tuple[str, ...]
