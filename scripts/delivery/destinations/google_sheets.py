"""Keep one row per record in a tab of a Google spreadsheet.

Contract, from Google's public documentation (developers.google.com/workspace/sheets/api, v4, as it
was stored in November 2026):

- "spreadsheets.get": `properties`, and `sheets` with `properties.sheetId` and `title`.
- "spreadsheets.values.batchGet": `valueRanges` in the order of `ranges`; empty rows at the end are
  left out; `valueRenderOption` UNFORMATTED_VALUE.
- "spreadsheets.batchUpdate": `updateCells`, `appendCells` (after the last row that has data),
  `deleteDimension`; one after the other, all or none; `replies` has one entry for each. A cell is a
  `userEnteredValue` of `stringValue`, `numberValue` or `boolValue`: only `formulaValue` is a
  formula. `{}` empties it.
- "Usage limits": 60 reads and 60 writes a minute and user, 429 beyond it; about 2 MB a request. A
  spreadsheet has at most 10 million cells, a cell 50,000 characters.
- google-auth fetches the token of a service account; scope auth/spreadsheets.

Row 1 holds the names of the fields, column A the record key. A row is looked up by its key before
each write, so people may sort, and add columns of their own. Of an address the case says nothing.
What was written is read back: only a row that is found where it should be counts as delivered. A
remove takes the whole row out, with what people wrote beside it: the tab is a list, and leaving it
is what a remove means.
"""

import json
import re
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, ClassVar

import httpx

from ..destination import (
    Call,
    Destination,
    Finding,
    NoAnswer,
    Outcome,
    Record,
    Stop,
    Transient,
    Value,
    url,
)
from ..errors import AuthError, ConfigError, redact
from ..people import IS_ADDRESS
from ..transport import judge

SCOPE = "https://www.googleapis.com/auth/spreadsheets"
WINDOW_SECONDS = 60.0
TOKEN_SECONDS = 30.0
LARGEST = 2**53  # a number beyond it would lose digits
RIGHTS = (
    "Check GOOGLE_SHEETS_CREDENTIALS, and share the spreadsheet with the service account's address "
    "as an editor."
)
SEVERAL = "several rows of the tab have this key; leave one"
MOVED = (
    "The rows or columns of the tab moved while they were written, and a cell may hold what is "
    "another's. Let nobody sort it or insert columns during a push, and push with --full."
)


class GoogleSheets(Destination):
    """Rows of one tab, by the key in its first column."""

    name = "google_sheets"
    address = "https://sheets.googleapis.com"
    secrets: ClassVar = {
        "GOOGLE_SHEETS_CREDENTIALS": "the JSON key of a service account, or",
        "GOOGLE_SHEETS_ACCESS_TOKEN": "an access token",
    }
    options: ClassVar = {
        "spreadsheet": "",
        "tab": "",
        "key_column": "key",
        "mode": "upsert",
        "batch_size": 500,
        "requests_per_minute": 60,
    }
    field_names = r"[^\W][^\n]*"  # people write headings as they like
    tells_removes = True
    can_read = True
    can_match = True
    takes_over = True  # a row is found by its key
    max_workers = 1  # rows move when one of them is taken out

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        """Take the place and the rate from the options; see Destination."""
        super().__init__(options, environ)
        self.batch_size = self.option["batch_size"]
        self.quota = (self.option["requests_per_minute"], WINDOW_SECONDS)
        self.lock, self.credentials = threading.Lock(), None
        self.tab_id: int | None = None

    @property
    def has_secrets(self) -> bool:
        """Whether there is a token or a way to one."""
        return any(self.secret.values())

    def check(self) -> None:
        """Raise ConfigError when there is no way to a token, or the place is not named."""
        if not self.has_secrets:
            raise ConfigError("Set GOOGLE_SHEETS_CREDENTIALS, or GOOGLE_SHEETS_ACCESS_TOKEN.")
        if not self.option["spreadsheet"] or not self.option["tab"]:
            raise ConfigError("Set the options spreadsheet (its id) and tab of google_sheets.")

    def check_mapped(self, fields: Collection[str]) -> None:
        """Raise ConfigError for a field with the name of the key's column."""
        if self.option["key_column"] in fields:
            raise ConfigError(
                f"{self.option['key_column']} is the column of the record key: name the field "
                "otherwise, or set the option key_column."
            )

    @property
    def account(self) -> str:
        """The spreadsheet and its tab."""
        return f"{self.option['spreadsheet']} {self.option['tab']}".strip()

    def whose(self, call: Call) -> str:
        """Return spreadsheet and tab, if the credentials open them."""
        self.find_tab(call)
        return f"spreadsheet {self.option['spreadsheet']}, tab {self.option['tab']}"

    @property
    def headers(self) -> dict[str, str]:
        """The token, a new one when it is about to end."""
        token = self.secret["GOOGLE_SHEETS_ACCESS_TOKEN"]
        return {"Authorization": f"Bearer {token or self.fresh_token()}"}

    def fresh_token(self) -> str:
        """Return a token of the service account; only one thread fetches it."""
        # Here, since every command loads every plug-in, and google-auth takes its time.
        from google.auth.exceptions import RefreshError, TransportError
        from google.oauth2 import service_account

        with self.lock:
            try:
                if self.credentials is None:
                    key = json.loads(self.secret["GOOGLE_SHEETS_CREDENTIALS"])
                    make = service_account.Credentials.from_service_account_info
                    self.credentials = make(key, scopes=[SCOPE])
                if not self.credentials.valid:
                    self.credentials.refresh(fetch)
            except RefreshError as problem:
                raise AuthError(
                    f"Google gives no token ({redact(str(problem.args[0]))}). {RIGHTS}"
                ) from None
            except (ValueError, TypeError, AttributeError):
                raise ConfigError(
                    "GOOGLE_SHEETS_CREDENTIALS must be the JSON key of a service account."
                ) from None
            except TransportError as problem:
                raise Transient(f"no token ({problem.args[0]})") from None
            return str(self.credentials.token)

    def begin(self, sync: str, run_id: int) -> None:
        """Look the tab up anew in each run."""
        self.tab_id = None

    def find_tab(self, call: Call) -> int:
        """Return the number of the tab; raises ConfigError when there is none."""
        if self.tab_id is None:
            path = url("/v4/spreadsheets/{}", self.option["spreadsheet"])
            fields = {"fields": "spreadsheetId,sheets.properties(sheetId,title)"}
            held = self.ask(call, "GET", path, params=fields).get("sheets") or []
            tabs = {part["properties"]["title"]: part["properties"]["sheetId"] for part in held}
            if self.option["tab"] not in tabs:
                raise ConfigError(f"The spreadsheet has no tab {self.option['tab']!r}: make it.")
            self.tab_id = tabs[self.option["tab"]]
        return self.tab_id

    def ranges(self, call: Call, *ranges: str) -> list[list[list[Any]]]:
        """Return the values of ranges of the tab, row by row."""
        tab = "'" + self.option["tab"].replace("'", "''") + "'"
        query = [("ranges", f"{tab}!{part}" if part else tab) for part in ranges]
        query.append(("valueRenderOption", "UNFORMATTED_VALUE"))
        path = url("/v4/spreadsheets/{}/values:batchGet", self.option["spreadsheet"])
        found = self.ask(call, "GET", path, params=query).get("valueRanges") or []
        if len(found) != len(ranges):
            raise NoAnswer("Google does not answer for every range")
        return [part.get("values") or [] for part in found]

    def columns(self, header: Sequence[Sequence[Any]]) -> dict[str, int]:
        """Return where each field stands; raises ConfigError when the key's column is not first."""
        names = [text_of(name) for name in header[0]] if header else []
        if not names or names[0] != self.option["key_column"]:
            raise ConfigError(
                f"Cell A1 of the tab must hold {self.option['key_column']!r} (option key_column); "
                "`doctor --create` writes it where row 1 is empty."
            )
        return {name: place for place, name in reversed(list(enumerate(names))) if name}

    def look(self, call: Call) -> tuple[dict[str, int], list[str]]:
        """Return where each field stands, and the key of each row."""
        header, first = self.ranges(call, "1:1", "A:A")
        return self.columns(header), [key_of(row) for row in first]

    def send(self, call: Call, operation: str, records: Sequence[Record]) -> list[Outcome]:
        """Write, append or take out rows, and read them back; see Destination.send."""
        tab, (columns, keys) = self.find_tab(call), self.look(call)
        rows = {key: row for row, key in enumerate(keys) if row and key}
        key_in = {record.key: plain(record.key) for record in records}
        several = {key for key, times in Counter(keys[1:]).items() if key and times > 1}
        if operation == "remove":
            gone = set(key_in.values())
            places = [row for row, key in enumerate(keys) if row and key in gone]
            self.write(call, [deletion(tab, row) for row in reversed(places)])
            return self.after_remove(call, records, keys, places)
        twice = {key for key, plain_key in key_in.items() if plain_key in several}
        outcomes = [Outcome(o.key, "refused", None, SEVERAL) for o in records if o.key in twice]
        sent = [record for record in records if record.key not in twice]
        missing = {name for o in sent for name in (*o.values, *o.whole)} - set(columns)
        if missing:
            raise ConfigError(f"Row 1 of the tab lacks {sorted(missing)}: see `doctor --create`.")
        requests = [
            update(tab, rows[key_in[record.key]], columns[name], value)
            for record in sent
            if key_in[record.key] in rows
            for name, value in record.values.items()
        ]
        new = [record for record in sent if key_in[record.key] not in rows]
        if new:
            requests.append(addition(tab, [line(record, columns) for record in new]))
        self.write(call, requests)
        named = {name: columns[name] for o in sent for name in (*o.values, *o.whole)}
        return outcomes + self.after_write(call, sent, keys, named)

    def write(self, call: Call, requests: Sequence[Mapping[str, Any]]) -> None:
        """Send changes, all or none."""
        if not requests:
            return
        path = url("/v4/spreadsheets/{}:batchUpdate", self.option["spreadsheet"])
        answer = self.ask(call, "POST", path, json={"requests": list(requests)})
        if len(answer.get("replies") or []) != len(requests):
            raise NoAnswer("Google does not answer for every change")

    def after_write(
        self, call: Call, records: Sequence[Record], before: list[str], places: Mapping[str, int]
    ) -> list[Outcome]:
        """Return what became of records that were written; raises Stop when cells moved.

        `places` are the columns that were written.
        """
        if not records:
            return []
        header, first = self.ranges(call, "1:1", "A:A")
        names, keys = (
            [text_of(name) for name in (header or [[]])[0]],
            [key_of(row) for row in first],
        )
        are_there = {name: place for place, name in reversed(list(enumerate(names)))}
        if (
            keys[: len(before)] != before
            or {name: are_there.get(name) for name in places} != places
        ):
            raise Stop(MOVED)
        there = set(keys[1:])
        reason = "the row is not in the tab"
        return [
            Outcome(record.key, "delivered")
            if plain(record.key) in there
            else Outcome(record.key, "open", None, reason)
            for record in records
        ]

    def after_remove(
        self, call: Call, records: Sequence[Record], before: list[str], places: Sequence[int]
    ) -> list[Outcome]:
        """Return what became of records that were taken out; raises Stop when rows moved."""
        if places:
            _, keys = self.look(call)
            left = [key for row, key in enumerate(before) if row not in set(places)]
            while left and not left[-1]:  # empty rows at the end are not answered
                left.pop()
            if keys != left:
                raise Stop(MOVED)
        return [Outcome(record.key, "delivered") for record in records]

    def match(self, call: Call, records: Sequence[Record]) -> dict[str, list[str]]:
        """Return the keys of those who have a row, as often as there are rows."""
        _, keys = self.look(call)
        held = [key for key in keys[1:] if key]
        times = Counter(held)
        found = {record.key: [record.key] * times[plain(record.key)] for record in records}
        return {key: ids for key, ids in found.items() if ids}

    def count(self, call: Call) -> int:
        """Return how many rows have a key."""
        return sum(bool(key) for key in self.look(call)[1][1:])

    def read(
        self, call: Call, records: Sequence[Record], names: Sequence[str]
    ) -> dict[str, dict[str, Value]]:
        """Return what the rows hold in these fields, by key."""
        header, every = self.ranges(call, "1:1", "")
        columns, held = self.columns(header), {key_of(row): row for row in every[1:]}
        return {
            record.key: {name: cell_of(row, columns.get(name)) for name in names}
            for record in records
            if (row := held.get(plain(record.key)))
        }

    def erase(self, call: Call, key: str, remote_id: str | None) -> bool:
        """Take the row of a person out."""
        self.send(call, "remove", [Record(key, None, {}, {})])
        return True

    def doctor(
        self, call: Call, fields: Mapping[str, str], *, create: bool = False
    ) -> Iterator[Finding]:
        """Look at the tab and its first row; with `create` the names that it lacks are written."""
        try:
            tab = self.find_tab(call)
            [header] = self.ranges(call, "1:1")
            wanted = [self.option["key_column"], *sorted(fields)]
            if not header and create:
                self.write(call, [update(tab, 0, o, name) for o, name in enumerate(wanted)])
                header = [wanted]
            columns = self.columns(header)
        except (AuthError, ConfigError) as problem:
            yield Finding("tab", False, str(problem))
            return
        yield Finding("tab", True)
        lacking = sorted(set(fields) - set(columns))
        if lacking and create:
            first = len(header[0])
            self.write(call, [update(tab, 0, first + o, name) for o, name in enumerate(lacking)])
        for name in sorted(fields):
            is_there = create or name in columns
            yield Finding(name, is_there, "" if is_there else "row 1 lacks it; --create writes it")

    def ask(self, call: Call, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """Return the answer to one request; raises the signal that fits any other."""
        response = call(method, path, **arguments)
        if response.status_code == httpx.codes.NOT_FOUND:
            raise ConfigError("Google does not find the spreadsheet: check the option spreadsheet.")
        body = judge(
            response,
            who="Google Sheets",
            rights=RIGHTS,
            reason=lambda body: body["error"]["message"],
            pause=WINDOW_SECONDS,
        )
        if not isinstance(body, dict) or body.get("spreadsheetId") != self.option["spreadsheet"]:
            raise NoAnswer("an answer that does not name the spreadsheet")
        return body


def fetch(
    url: str, method: str = "GET", body: Any = None, headers: Any = None, **_: Any
) -> SimpleNamespace:
    """Make a request for google-auth, as its `transport.Request` has to."""
    from google.auth.exceptions import TransportError

    try:
        response = httpx.request(method, url, content=body, headers=headers, timeout=TOKEN_SECONDS)
    except httpx.HTTPError as problem:
        raise TransportError(type(problem).__name__) from None
    return SimpleNamespace(
        status=response.status_code, headers=response.headers, data=response.content
    )


def text_of(value: Any) -> str:
    """Return a cell as text; what somebody typed as a number is 7, not 7.0."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value)


def key_of(row: Sequence[Any]) -> str:
    """Return the key of a row as keys are compared, empty where it has none."""
    return plain(text_of(row[0])) if row else ""


def plain(key: str) -> str:
    """Return a key as it is compared: the addresses in it in small letters, ids as they are."""
    parts = (
        part.strip().lower() if re.search(IS_ADDRESS, part) else part for part in key.split("|")
    )
    return "|".join(parts)


def cell_of(row: Sequence[Any], place: int | None) -> Value:
    """Return a cell of a row, null for an empty one."""
    value = row[place] if place is not None and place < len(row) else None
    return None if value == "" else value


def cell(value: Value) -> dict[str, Any]:
    """Return a cell as it is to be stored: a text is never a formula."""
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"userEnteredValue": {"boolValue": value}}
    if isinstance(value, int | float) and abs(value) <= LARGEST:
        return {"userEnteredValue": {"numberValue": value}}
    return {"userEnteredValue": {"stringValue": str(value)}}


def line(record: Record, columns: Mapping[str, int]) -> dict[str, Any]:
    """Return a new row."""
    values = record.whole | record.values
    places = {columns[name]: value for name, value in values.items()} | {0: record.key}
    return {"values": [cell(places.get(place)) for place in range(max(places) + 1)]}


def update(tab: int, row: int, column: int, value: Value) -> dict[str, Any]:
    """Return the change of one cell."""
    start = {"sheetId": tab, "rowIndex": row, "columnIndex": column}
    rows = [{"values": [cell(value)]}]
    return {"updateCells": {"start": start, "rows": rows, "fields": "userEnteredValue"}}


def addition(tab: int, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the change that adds rows after the last one."""
    return {"appendCells": {"sheetId": tab, "rows": list(rows), "fields": "userEnteredValue"}}


def deletion(tab: int, row: int) -> dict[str, Any]:
    """Return the change that takes a row out."""
    place = {"sheetId": tab, "dimension": "ROWS", "startIndex": row, "endIndex": row + 1}
    return {"deleteDimension": {"range": place}}
