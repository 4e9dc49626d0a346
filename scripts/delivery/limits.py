"""Keep all programs of this machine together within the quota of one account."""

import getpass
import hashlib
import tempfile
from pathlib import Path

from filelock import FileLock
from pyrate_limiter import Limiter, Rate, SQLiteBucket

from .destination import Destination

# A little under the quota: other clocks and other windows than ours.
SHARE_OF_QUOTA = 0.95
# So many requests a second no two programs need to share; a file would only slow them down.
FAST = 100.0


class Quota:
    """A sliding window over the requests of every sync of an account; close it at the end."""

    def __init__(self, destination: Destination) -> None:
        limit, seconds = destination.quota
        rate = Rate(max(1, int(limit * SHARE_OF_QUOTA)), int(seconds * 1000))
        self.lock: FileLock | None = None
        if limit / seconds >= FAST:
            self.limiter = Limiter(rate)
            return
        place = f"{destination.name} {destination.base_url} {destination.account}"
        path = folder() / f"{hashlib.sha256(place.encode()).hexdigest()[:32]}.sqlite"
        self.lock = FileLock(path.with_suffix(".lock"), mode=0o600)
        with self.lock:
            self.limiter = Limiter(SQLiteBucket.init_from_file([rate], db_path=str(path)))

    def close(self) -> None:
        """Give up the window; what was counted stays counted."""
        self.limiter.close()

    def allows(self) -> bool:
        """Return whether a request may go now, and count it when it may."""
        if self.lock is None:
            return self.limiter.try_acquire("requests", blocking=False)
        with self.lock:  # between looking and counting no other program may count
            return self.limiter.try_acquire("requests", blocking=False)


def folder() -> Path:
    """Return where the windows are kept: hashes and times only, and ours alone."""
    path = Path(tempfile.gettempdir()) / f"audiences-limits-{getpass.getuser()}"
    path.mkdir(mode=0o700, exist_ok=True)
    return path
