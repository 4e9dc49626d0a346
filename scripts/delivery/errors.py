"""The decisions a push can ask a person to make, and how text is made safe to print."""

import re

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
