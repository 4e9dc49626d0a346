"""Know a person by every name: spellings of an address, ids, and keyed hashes of those.

The ledger keeps people as hashes under a secret of the installation, so that who reads the ledger
cannot try addresses out. The secret is AUDIENCE_SECRET, or a file that is made beside the list of
who was forgotten. That list is a file of its own, one hash a line: it survives the ledger, and the
ledger survives it.
"""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import idna

from .errors import ConfigError

# What a source's column is called → the kinds of identifiers of the warehouse that it may hold.
NAMED = {
    "profile_id": ("profile_id",),
    "email": ("email",),
    "email_address": ("email",),
    "user_id": ("user_id",),
    "crm_contact_id": ("crm_contact_id",),
    "anonymous_id": ("anonymous_id",),
    "device_id": ("anonymous_id",),
    "phone": ("phone",),
    "phone_number": ("phone",),
    "external_id": ("profile_id", "user_id", "crm_contact_id"),
}
KINDS = tuple(dict.fromkeys(kind for kinds in NAMED.values() for kind in kinds if kind != "email"))
HASH_LENGTH = 64
# Spaces of any kind, and signs that nobody sees.
UNSEEN = r"[\s\x{00A0}\x{00AD}\x{2000}-\x{200F}\x{202F}\x{205F}\x{2060}\x{3000}\x{FEFF}]"
# What letters and digits are not, and an address among others may have all the same.
LETTER = r"\pL\pN\pM_"
HIDDEN = r"\x{00AD}\x{200B}-\x{200F}\x{2060}\x{FEFF}"
# What tells an address from an id with an @ in it.
IS_ADDRESS = "@[^@|]*[^@|.][.。．｡]"
# The sign of an address as it is, in JSON, in the address of a page, and wide.
SIGNS = r"@|\\u0040|%40|＠"
# An address in a text, whatever stands around it.
FOUND = (
    rf"[{LETTER}][{LETTER}{HIDDEN}.%+''’~-]*\s*@\s*"
    rf"[\pL\pN\pM{HIDDEN}.。．｡-]*[\pL\pN\pM]"
)
# One address has many spellings: case, spaces, `Ann <ann@example.com>`, quotes and comments around
# it, a domain in its own letters, and at Gmail dots and whatever follows a plus sign. An id keeps
# its case, also beside an @, unless a domain follows that has a dot. A name is compared with its
# kind (`user_id:12`, an address as it is): a value of one kind is never one of another. A record
# key of several columns holds a bar or a backslash of theirs as `\1` and `\0`.
# A macro stands for its text wherever its argument does: what is needed several times is bound by
# a list of one, or a plan would grow by the power of the nesting.
# What separates addresses in one text is anybody's guess: it is taken apart in several ways, and
# by what an address looks like, as it is written and as JSON means it.
MACROS = f"""
create or replace temp macro plain_address(given) as regexp_replace(regexp_replace(regexp_replace(
    regexp_replace(lower(nfc_normalize(regexp_replace(given, '{UNSEEN}', '', 'g'))),
        '^.*<([^<>]*)>.*$', '\\1'),
    '[(][^()]*[)]|["“”„«»<>]', '', 'g'),
    '^[''‘’,;]*(mailto:)*[''‘’]*', ''),
    '[.,;''‘’]+$', '');
create or replace temp macro bare_address(given) as list_transform([plain_address(given)],
    lambda plain: case
        when regexp_matches(plain, '@.*([^ -~]|xn--)') then ascii_domain(plain)
        else plain end)[1];
create or replace temp macro mailbox_of(given) as list_transform([given], lambda bare: case
    when regexp_matches(bare, '@(gmail|googlemail)[.]com$')
    then replace(split_part(split_part(bare, '@', 1), '+', 1), '.', '') || '@gmail.com'
    else bare end)[1];
create or replace temp macro trimmed(given) as
    nullif(trim(given, ' ' || chr(9) || chr(10) || chr(13) || chr(160)), '');
create or replace temp macro name_of(given) as list_transform([given], lambda name: case
    when name like '%@%' then mailbox_of(bare_address(name)) else trimmed(name) end)[1];
create or replace temp macro is_address(given) as regexp_matches(given, '{IS_ADDRESS}');
create or replace temp macro id_of(given) as list_transform([given], lambda id: case
    when is_address(id) then mailbox_of(bare_address(id)) else trimmed(id) end)[1];
create or replace temp macro phone_of(given) as nullif(regexp_replace(regexp_replace(
    replace(given, '(0)', ''), '[^0-9]', '', 'g'), '^00', ''), '');
create or replace temp macro name_as(kind, given) as list_transform([given], lambda text: case
    when is_address(text) or kind = 'email' and text like '%@%' then mailbox_of(bare_address(text))
    when kind = 'email' then null
    when kind = 'phone' then 'phone:' || phone_of(text)
    else kind || ':' || trimmed(text) end)[1];
create or replace temp macro part_in(given) as
    replace(replace(given, '\\', '\\0'), '|', '\\1');
create or replace temp macro part_out(given) as
    replace(replace(given, '\\1', '|'), '\\0', '\\');
create or replace temp macro as_json_means(given) as coalesce(try(json_extract_string(
    '"' || regexp_replace(replace(replace(replace(given, '\\\\', '\\u005c'),
        '\\"', '\\u0022'), '"', '\\u0022'), '[\\x00-\\x1f]', ' ', 'g') || '"', '$')), given);
create or replace temp macro addresses_in(given) as case
    when regexp_matches(given, '{SIGNS}') then list_distinct(list_transform(list_filter(
        flatten(list_transform(list_transform(
            case when contains(given, '\\') then [given, regexp_replace(
                as_json_means(given), '\\\\+[nrtbf]', ' ', 'g')] else [given] end,
            lambda written: regexp_replace(written, '%40|＠', '@', 'g')),
            lambda text: regexp_split_to_array(text, '[]\\[,;:|{{}}]')
                || regexp_split_to_array(text, '([]\\[,;:|{{}}]|{UNSEEN})+')
                || regexp_extract_all(text, '{FOUND}'))),
        lambda part: part like '%@%'),
    lambda part: name_of(part))) else [] end;
create or replace temp macro keyed(given) as sha256(getvariable('secret') || sha256(given));
create or replace temp macro person_of(given) as keyed(name_of(cast(given as varchar)));
"""


def ascii_domain(address: str) -> str:
    """Return an address with its domain as the DNS has it, or unchanged where it has none."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode().lower()}"
    except idna.IDNAError:
        return address


class Forgotten:
    """The list of who was forgotten, and the secret under which people are hashed.

    `path` None is neither: hashes of this connection alone.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.secret = os.environ.get("AUDIENCE_SECRET", "") or self._kept_secret()
        self.fingerprint = hashlib.sha256(b"fingerprint" + self.secret.encode()).hexdigest()[:16]

    def _kept_secret(self) -> str:
        if self.path is None:
            return secrets.token_hex(32)
        file = self.path.with_suffix(".secret")
        if not file.exists():
            if self.path.exists():
                raise ConfigError(
                    f"{file} is missing, and without it {self.path} says nothing about anybody. "
                    "Restore it from its copy, or set AUDIENCE_SECRET to what it held."
                )
            append_private(file, secrets.token_hex(32) + "\n")
        return file.read_text(encoding="utf-8").strip()

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Give a connection the macros that name and hash people."""
        connection.execute("set variable secret = ?", [self.secret])
        connection.create_function("ascii_domain", ascii_domain, ["varchar"], "varchar")
        connection.execute(MACROS)

    def hashes(self) -> list[str]:
        """Return who was forgotten; raises ConfigError when another secret was in use."""
        if self.path is None or not self.path.exists():
            return []
        lines = [
            line
            for line in map(str.split, self.path.read_text(encoding="utf-8").splitlines())
            if len(line) > 1 and len(line[1]) == HASH_LENGTH  # else torn, and nobody was told
        ]
        if any(line[0] != self.fingerprint for line in lines):
            raise ConfigError(
                f"{self.path} was written with another AUDIENCE_SECRET. Set that one: with a new "
                "one nobody who was forgotten would be known any more."
            )
        return [line[1] for line in lines]

    def remember(self, hashes: list[str]) -> None:
        """Add hashes to the list, on disk before this returns."""
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        new = sorted(set(hashes) - set(self.hashes()))
        if self.path is not None and new:
            append_private(
                self.path, "".join(f"{self.fingerprint} {entry} {at}\n" for entry in new)
            )


@contextmanager
def private_files() -> Iterator[None]:
    """Have every file that is created meanwhile readable for its owner only, from its first byte.

    DuckDB makes several (database, log of writes, spill) and knows no other way to be told.
    """
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def append_private(path: Path, text: str) -> None:
    """Add lines to a file that only its owner may read, from its first byte on.

    A last line that a crash tore stays one of its own.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        size = os.fstat(descriptor).st_size
        is_torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        file.write(("\n" if is_torn else "") + text)
        file.flush()
        os.fsync(file.fileno())
