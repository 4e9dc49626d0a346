"""Bring personal data into the form that ad platforms match on, and hash it, once.

Contract, from the vendors' public documentation:

- developers.facebook.com, "Customer information parameters",
  /docs/marketing-api/conversions-api/parameters/customer-information-parameters, and "Hashing and
  normalization" in /docs/marketing-api/audiences/guides/custom-audiences: trim and lower-case
  addresses; phone numbers are digits with a country code, without symbols, letters and leading
  zeros; names are lower case without punctuation, letters of other scripts stay as UTF-8; countries
  are two lower-case letters. Meta's own Python SDK drops spaces inside names as well.
- developers.google.com, "Format user data", /data-manager/api/devguides/concepts/formatting:
  addresses in lower case without any whitespace, and for gmail.com and googlemail.com without dots
  and without a plus sign and what follows it; phone numbers in E.164; names trimmed and in lower
  case, without prefixes such as Mrs. and suffixes such as Jr.; "AddressInfo" in
  /data-manager/api/reference/rpc/google.ads.datamanager.v1 adds: without punctuation. Region and
  postal codes are not hashed.

Every function returns an empty text for what cannot be used, such as an address without `@`.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable

HASH = re.compile(r"[0-9a-f]{64}")
PREFIXES = {"mr", "mrs", "ms", "miss", "dr"}
SUFFIXES = {"jr", "sr", "ii", "iii", "iv", "phd", "md"}
GMAIL = {"gmail.com", "googlemail.com"}


def hashed(value: object, normalize: Callable[[str], str]) -> str:
    """Return the SHA-256 of a value in its normal form; a value that is a hash already stays."""
    text = text_of(value)
    if HASH.fullmatch(text.lower()):
        return text.lower()
    normal = normalize(text)
    return hashlib.sha256(normal.encode()).hexdigest() if normal else ""


def text_of(value: object) -> str:
    """Return a value as text without space around it."""
    return "" if value is None else str(value).strip()


def email(text: str) -> str:
    """Return an address in lower case without whitespace."""
    address = lower("".join(text.split()))
    local, _, domain = address.rpartition("@")
    return address if local and "@" not in local and "." in domain.strip(".") else ""


def google_email(text: str) -> str:
    """Return an address as Google matches it: Gmail ignores dots and what follows a plus sign."""
    address = email(text)
    local, _, domain = address.rpartition("@")
    if domain not in GMAIL:
        return address
    local = local.partition("+")[0].replace(".", "")
    return f"{local}@{domain}" if local else ""


def phone(text: str) -> str:
    """Return the digits of a number, which has to carry its country code, without leading zeros."""
    digits = "".join(str(unicodedata.digit(sign)) for sign in text if sign.isdecimal())
    digits = digits.lstrip("0")
    return digits if 7 <= len(digits) <= 15 else ""


def google_phone(text: str) -> str:
    """Return a number in E.164; without a plus sign or 00 nobody knows its country."""
    digits = phone(text)
    return f"+{digits}" if digits and text.strip().startswith(("+", "00")) else ""


def name(text: str) -> str:
    """Return a name in lower case without punctuation and spaces; letters of any script stay."""
    return "".join(sign for sign in lower(text) if unicodedata.category(sign)[0] in "LMN")


def given_name(text: str) -> str:
    """Return a first name for Google, without prefix and punctuation."""
    words = words_of(text)
    while len(words) > 1 and words[0] in PREFIXES:
        words = words[1:]
    return " ".join(words)


def family_name(text: str) -> str:
    """Return a last name for Google, without suffix and punctuation."""
    words = words_of(text)
    while len(words) > 1 and words[-1] in SUFFIXES:
        words = words[:-1]
    return " ".join(words)


def country(text: str) -> str:
    """Return a two-letter country code in lower case."""
    code = text.strip().lower()
    return code if re.fullmatch(r"[a-z]{2}", code) else ""


def lower(text: str) -> str:
    """Return lower case, with accents in the one form in which equal texts have equal bytes."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())


def words_of(text: str) -> list[str]:
    """Return the words of a name in lower case; punctuation goes without leaving a space."""
    kept = "".join(sign for sign in lower(text) if unicodedata.category(sign)[0] not in "PSC")
    return kept.split()
