"""The errors of the newsletter, one tree; each carries what a caller needs to decide, and a text a person can act on.

::

    NewsletterError
    ├── UserError            the text is for the person: what is wrong and what they can do
    │   ├── ConfigError      … in the configuration: ``problems`` with path, line and suggestion
    │   └── ImportFailed     … in an export: file and place; nothing stored was changed
    ├── StoreError
    │   └── NewerDatabase    the database was written by a newer Linkletter
    ├── FetchError           a page could not be had
    │   ├── NotAllowed       never asked for: held, private, another scheme or port
    │   ├── PageGone         it is not there any more
    │   ├── NoPage           something answered that is no page for us: a login, a video file
    │   └── NotNow           it may help to ask again; ``retry_after`` says when, if the server did
    └── DeliveryError        a destination did not take a part
        ├── Refused          it said no; asking again with the same bytes is useless
        │   └── TooLarge     … because of its size: halves may pass
        ├── Unsure           nobody knows whether it arrived: look before sending again
        ├── RateLimited      not now; ``retry_after`` says when
        └── CannotLook       the place cannot be read, so "not sent" cannot be known
            └── NotAllSeen   … it can, but what is there is not all told, or not by its mark
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter.phrase import Phrase

if TYPE_CHECKING:
    from newsletter.model import Part


class NewsletterError(Exception):
    """Everything this package raises on purpose."""


class UserError(NewsletterError):
    """A person can mend this; ``str(error)`` says what is wrong and what to do, and holds no secret.

    ``says`` is the same as a phrase: what varies stands in ``values``, so that it can be said in another language.
    """

    def __init__(self, template: str, /, **values: object) -> None:
        self.says = Phrase(template, **values)
        super().__init__(str(self.says))


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in the configuration: where it is, what is wrong, what was probably meant."""

    path: str
    message: str
    line: int | None = None
    suggestion: str | None = None

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        hint = f" ({self.suggestion})" if self.suggestion else ""
        return f"{place}{self.path}: {self.message}{hint}"


class ConfigError(UserError):
    """The configuration cannot be used; all its problems at once."""

    def __init__(self, file: str, problems: tuple[Problem, ...]) -> None:
        self.file = file
        self.problems = problems
        super().__init__("\n".join(f"{file}: {problem}" for problem in problems))


class ImportFailed(UserError):
    """An export could not be read. ``file`` and ``place`` name where; nothing stored was changed."""

    def __init__(self, file: str, place: str, why: str) -> None:
        self.file, self.place, self.why = file, place, why
        at = f" at {place}" if place else ""
        super().__init__(f"{file}{at}: {why}")


class StoreError(NewsletterError):
    """The database cannot be used."""


class NewerDatabase(StoreError, UserError):
    """The database was written by a newer Linkletter; running an older one on it could lose what it keeps."""


class FetchError(NewsletterError):
    """A page could not be had. ``url`` is where it ended, after redirects; ``why`` never holds an address."""

    def __init__(self, url: str, why: str, retry_after: timedelta | None = None) -> None:
        self.url, self.why, self.retry_after = url, why, retry_after
        super().__init__(why)


class NotAllowed(FetchError):
    """The address is never asked for: it is held, not public, or of a scheme or port that is not fetched."""


class PageGone(FetchError):
    """The server says that the page is not there any more."""


class NoPage(FetchError):
    """Something answered that is no page for us; asking again will not help."""


class NotNow(FetchError):
    """No answer, or one that says later. ``retry_after`` is what the server asked for, if it did."""


class DeliveryError(NewsletterError):
    """A destination did not take a part; ``destination`` is its key (``markdown``, ``slack:C123``)."""

    def __init__(self, destination: str, why: str) -> None:
        self.destination, self.why = destination, why
        super().__init__(f"{destination}: {why}")


class Refused(DeliveryError):
    """The destination said no; the same bytes will be refused again."""


class TooLarge(Refused):
    """The destination said no because of the part's size. ``halves`` are smaller parts to send instead, with marks of
    their own; ``()`` where it cannot be halved."""

    def __init__(self, destination: str, why: str, halves: "tuple[Part, ...]" = ()) -> None:
        self.halves = halves
        super().__init__(destination, why)


class Unsure(DeliveryError):
    """The connection broke after the part was handed over: it may have arrived."""


class RateLimited(DeliveryError):
    """The destination asks to wait ``retry_after``."""

    def __init__(self, destination: str, retry_after: timedelta) -> None:
        self.retry_after = retry_after
        super().__init__(destination, f"asks to wait {retry_after.total_seconds():g} s")


class CannotLook(DeliveryError):
    """The destination cannot be read, so whether a part arrived cannot be known."""


class NotAllSeen(CannotLook):
    """The destination was read, but it does not tell all that is there, or not the marks.

    What nobody ever handed over is not there all the same.
    """
