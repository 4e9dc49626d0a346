"""Keep a CRM in step with the warehouse: plan, push and look at what was delivered."""

from .config import Settings, load_settings
from .engine import Plan, PushResult, Status, plan, push, status
from .errors import AuthError, ConfigError, GuardError, LockedError, SyncError

__all__ = [
    "AuthError",
    "ConfigError",
    "GuardError",
    "LockedError",
    "Plan",
    "PushResult",
    "Settings",
    "Status",
    "SyncError",
    "load_settings",
    "plan",
    "push",
    "status",
]
