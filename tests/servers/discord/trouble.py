"""How the REST side treats the bot badly: errors, lost answers, waiting, rate limits. Everything is off at first.

discord.py waits 1, 3, 5, 7 and 9 s between its tries after 500, 502, 504 and 524; of the 5xx it raises 503 at once.
aiohttp repeats a GET, PUT or DELETE by itself, once, where an idle connection was cut.
"""

import asyncio
import re
from dataclasses import dataclass, field


@dataclass
class Trouble:
    """What happens to requests whose method and path (after ``/api/v10``) match, ``times`` times.

    In this order: ``wait`` seconds pass; with ``accept`` the request is carried out; with ``cut`` the connection is
    cut, else ``status`` is answered, else nothing is wrong. Of 429: ``retry_after`` seconds, ``scope`` is ``user``,
    ``shared`` or ``global``, and without ``via`` the answer seems to come from Cloudflare, which discord.py does not
    wait for.
    """

    status: int | None = None
    method: str = ".*"
    path: str = ".*"
    times: int | None = 1
    """None: until told otherwise."""
    wait: float = 0
    accept: bool = False
    cut: bool = False
    retry_after: float = 0.05
    scope: str = "user"
    via: bool = True
    page: tuple[str, bytes] | None = None
    """Type and content of the answer, where it is another than Discord's: a proxy's, or a broken one."""
    met: int = 0
    """How often it has happened."""

    def meets(self, method: str, path: str) -> bool:
        """Whether it happens to this request; then it has happened once more."""
        if self.times is not None and self.met >= self.times:
            return False
        if not re.fullmatch(self.method, method) or not re.search(self.path, path):
            return False
        self.met += 1
        return True


@dataclass
class Bucket:
    """A rate limit of one route: ``limit`` requests in ``per`` seconds, for each channel, guild or webhook.

    The seconds begin with the first request, and all is free again when they are over.
    """

    method: str
    path: str
    limit: int
    per: float
    _used: dict[str, tuple[float, int]] = field(default_factory=dict)
    """(when the seconds began, requests since)."""

    def take(self, method: str, path: str) -> tuple[int, float] | None:
        """(remaining, seconds to the reset); -1 remaining: too many. None: another route."""
        if not re.fullmatch(self.method, method) or not re.search(self.path, path):
            return None
        now = asyncio.get_running_loop().time()
        place = "/".join(path.split("/")[:3])
        began, number = self._used.get(place, (now, 0))
        if now - began >= self.per:
            began, number = now, 0
        self._used[place] = began, number + 1
        return max(-1, self.limit - number - 1), self.per - (now - began)
