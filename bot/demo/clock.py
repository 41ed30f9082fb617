"""The clock of a room: it goes as every clock does, and can be moved forward."""

import time
from datetime import UTC, datetime, timedelta


class RoomClock:
    """Aware UTC. It begins where it is told, and never goes back but by ``begin``."""

    def __init__(self) -> None:
        self.begin(datetime.now(UTC))

    def begin(self, at: datetime) -> None:
        """Say what time it is, before anyone has looked."""
        self._at = at
        self._since = time.monotonic()

    def __call__(self) -> datetime:
        """What time it is in the room."""
        return self._at + timedelta(seconds=time.monotonic() - self._since)

    def move_to(self, at: datetime) -> None:
        """Move it forward; where that time has passed, nothing changes."""
        if at > self():
            self.begin(at)
