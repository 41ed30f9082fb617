"""What Discord refuses, in the words it uses: HTTP status, its own code, and the tree of a form's errors.

The codes stand in topics/opcodes-and-status-codes; the tree's shape in reference, "Error Messages". Who refuses what
is the business of ``checks.py`` and ``rest_*.py``.
"""

from typing import Any

Json = dict[str, Any]

# name: (HTTP status, code, message)
ERRORS = {
    "unauthorized": (401, 0, "401: Unauthorized"),
    "not found": (404, 0, "404: Not Found"),
    "method": (405, 0, "405: Method Not Allowed"),
    "unknown application": (404, 10002, "Unknown Application"),
    "unknown channel": (404, 10003, "Unknown Channel"),
    "unknown guild": (404, 10004, "Unknown Guild"),
    "unknown member": (404, 10007, "Unknown Member"),
    "unknown message": (404, 10008, "Unknown Message"),
    "unknown user": (404, 10013, "Unknown User"),
    "unknown emoji": (400, 10014, "Unknown Emoji"),
    "unknown webhook": (404, 10015, "Unknown Webhook"),
    "unknown interaction": (404, 10062, "Unknown interaction"),
    "unknown command": (404, 10063, "Unknown application command"),
    "too many reactions": (400, 30010, "Maximum number of reactions reached (20)"),
    "too many commands": (400, 30032, "Maximum number of application commands reached (100)"),
    "too many creates": (400, 30034, "Max number of daily application command creates has been reached (200)"),
    "already acknowledged": (400, 40060, "Interaction has already been acknowledged."),
    "tag required": (400, 40067, "A tag is required to create a forum post in this channel"),
    "missing access": (403, 50001, "Missing Access"),
    "another's message": (403, 50005, "Cannot edit a message authored by another user"),
    "empty message": (400, 50006, "Cannot send an empty message"),
    "takes no messages": (403, 50007, "Cannot send messages to this user"),
    "not a text channel": (400, 50008, "Cannot send messages in a non-text channel"),
    "missing permissions": (403, 50013, "Missing Permissions"),
    "channel type": (400, 50024, "Cannot execute action on this channel type"),
    "webhook token": (401, 50027, "Invalid Webhook Token"),
    "too old": (400, 50034, "You can only bulk delete messages that are under 14 days old."),
    "form": (400, 50035, "Invalid Form Body"),
    "archived": (400, 50083, "Thread is archived"),
    "json": (400, 50109, "The request body contains invalid JSON."),
    "no reply": (400, 160002, "Cannot reply without permission to read message history"),
    "thread exists": (400, 160004, "A thread has already been created for this message"),
    "thread locked": (400, 160005, "Thread is locked"),
}


class Refused(Exception):
    """The request is answered with one of ``ERRORS``; ``errors`` is the tree of what is wrong in the form."""

    def __init__(self, name: str, errors: Json | None = None) -> None:
        self.status, self.code, self.message = ERRORS[name]
        self.errors = errors
        super().__init__(f"{self.status} {self.code} {self.message} {errors or ''}")

    @property
    def body(self) -> Json:
        """As the answer's JSON."""
        return {"message": self.message, "code": self.code} | ({"errors": self.errors} if self.errors else {})


class Form:
    """Collects what is wrong in a form, each fault at its path, and refuses all of it at once."""

    def __init__(self) -> None:
        self.errors: Json = {}

    def wrong(self, path: str, code: str, message: str) -> None:
        """Note a fault; ``path`` is like ``embeds.0.title``."""
        place = self.errors
        for step in path.split("."):
            place = place.setdefault(step, {})
        place.setdefault("_errors", []).append({"code": code, "message": message})

    def refuse(self) -> None:
        """Raise ``Refused`` if anything is wrong."""
        if self.errors:
            raise Refused("form", self.errors)
