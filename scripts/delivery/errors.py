"""The decisions a push can ask a person to make, and how text is made safe to print."""

import re
from typing import Any

from scripts.errors import PersonNeeded

ADDRESS = re.compile(r"[^\s\"'<>,;:()\[\]]+@[^\s\"'<>,;:()\[\]]+")


class SyncError(PersonNeeded):
    """Something only a person can decide; the message says what to do."""

    exit_code = 2


class ConfigError(SyncError):
    """A setting, a file, a table or a remote property is missing or wrong."""


class GuardError(SyncError):
    """The push looks dangerous and stopped before its first request."""

    exit_code = 4


class LockedError(SyncError):
    """Another program holds the ledger or the warehouse."""

    exit_code = 5


class AuthError(SyncError):
    """The destination does not accept the token."""

    exit_code = 6


def has_password(text: str) -> bool:
    """Whether a text holds the address of a database with its password, or a setting of one."""
    if re.search(r"(?<![^\W_])(ssl)?password['\"]?\s*[=:]", text, re.IGNORECASE):
        return True
    return bool(re.search(r"[\w+.-]+://[^/?#@\s]*:[^/?#\s]+@", text))


def shown(value: Any) -> str:
    """Return a value of a setting as a message may print it; of several values only the kind."""
    if isinstance(value, bool | int | float | None):
        return repr(value)
    if not isinstance(value, str):
        kinds = {"dict": "a mapping", "list": "a list", "tuple": "a list"}
        return kinds.get(type(value).__name__, str(value))
    return "a text with a password" if has_password(value) else redact(repr(value))


def mask(address: str) -> str:
    """Return `a***@example.com` for `ann@example.com`; what has no domain keeps one letter."""
    local, _, domain = address.strip().partition("@")
    return f"{local[:1]}***" + (f"@{domain}" if domain else "")


def redact(text: str, *secrets: str) -> str:
    """Return a short text without e-mail addresses and without the given secrets."""
    for secret in secrets:
        if secret:
            whole = rf"(?<!\w){re.escape(secret)}(?!\w)"
            text = re.sub(whole, mask(secret) if "@" in secret else "***", text, flags=re.I)
    text = ADDRESS.sub(lambda found: mask(found[0]), text)
    return " ".join(text.split())[:300]
