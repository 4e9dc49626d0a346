"""Keep CRMs, e-mail tools and ad platforms in step with the warehouse."""

from .config import Sync, default_syncs, load_syncs, make_sync
from .engine import (
    Plan,
    PushResult,
    Status,
    dead,
    doctor,
    forget,
    plan,
    prune,
    pull,
    push,
    resend,
    status,
    verify,
)
from .errors import AuthError, ConfigError, GuardError, LockedError, SyncError

__all__ = [
    "AuthError",
    "ConfigError",
    "GuardError",
    "LockedError",
    "Plan",
    "PushResult",
    "Status",
    "Sync",
    "SyncError",
    "dead",
    "default_syncs",
    "doctor",
    "forget",
    "load_syncs",
    "make_sync",
    "plan",
    "prune",
    "pull",
    "push",
    "resend",
    "status",
    "verify",
]
