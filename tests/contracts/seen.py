"""What is seen of Linkletter in a world."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Post:
    """A message of ours as people see it. ``pinged`` are the names of those it called."""

    id: str
    text: str
    thread: str | None
    pinged: tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """What only the asker sees of an answer: texts, or a form that was opened, its fields by name with what stands in
    them. ``texts`` are also those that took the place of what only they saw before."""

    texts: tuple[str, ...] = ()
    form: Mapping[str, str] | None = None
