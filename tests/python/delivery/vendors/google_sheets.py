"""A fake of the Google Sheets API v4, after developers.google.com/workspace/sheets/api.

One spreadsheet with tabs of cells: get, values:batchGet (empty ends are left out), batchUpdate with
updateCells, appendCells and deleteDimension, all or none; and the token of a service account.
`between` is called once between the next read and the next write, as somebody who sorts.
"""

import re
from copy import deepcopy
from urllib.parse import parse_qsl, unquote

from .server import Reply, Request, Vendor

TOKEN, SPREADSHEET = "sheets-token-0123456789", "1AbC_dEf"


def problem(status, message):
    """Return an error as Google words it."""
    return Reply(status, {"error": {"code": status, "message": message, "status": "ERROR"}})


class Spreadsheet(Vendor):
    """`tabs` are rows of cells by title; their numbers follow from their order."""

    def __init__(self):
        super().__init__()
        self.tabs = {"People": [["key", "segment", "notes", "score"]], "Other": []}
        self.between = None
        self.tokens = 0

    @property
    def rows(self):
        return self.tabs["People"]

    def answer(self, request: Request) -> Reply:
        if request.path == "/token":
            form = dict(parse_qsl(request.raw.decode()))
            if form.get("assertion", "").count(".") != 2:
                return Reply(400, {"error": "invalid_grant"})
            self.tokens += 1
            return Reply(200, {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return problem(401, "Request had invalid authentication credentials.")
        found = re.fullmatch(r"/v4/spreadsheets/([^/:]+)(.*)", unquote(request.path))
        if not found or found[1] != SPREADSHEET:
            return problem(404, "Requested entity was not found.")
        if found[2] == "/values:batchGet":
            ranges = [value for name, value in request.pairs if name == "ranges"]
            values = [{"range": part, "values": self.read(part)} for part in ranges]
            return Reply(200, {"spreadsheetId": SPREADSHEET, "valueRanges": values})
        if found[2] == ":batchUpdate":
            return self.change(request.body["requests"])
        tabs = [{"properties": {"sheetId": 7 + n, "title": o}} for n, o in enumerate(self.tabs)]
        return Reply(200, {"spreadsheetId": SPREADSHEET, "sheets": tabs})

    def read(self, part):
        tab, _, cells = part.rpartition("!") if "!" in part else (part, "", "")
        rows = self.tabs[tab.strip("'")]
        if cells == "1:1":
            rows = rows[:1]
        elif cells == "A:A":
            rows = [row[:1] for row in rows]
        return trimmed([trimmed(row, "") for row in rows], [])

    def change(self, requests):
        if self.between:
            self.between(self.rows)
            self.between = None
        before = deepcopy(self.tabs)
        try:
            for entry in requests:
                [(kind, change)] = entry.items()
                getattr(self, kind)(**change)
        except (KeyError, IndexError, TypeError, ValueError):
            self.tabs = before
            return problem(400, "Invalid requests[0]")
        return Reply(200, {"spreadsheetId": SPREADSHEET, "replies": [{} for _ in requests]})

    def tab(self, number):
        return list(self.tabs.values())[number - 7]

    def updateCells(self, start, rows, fields):
        held = self.tab(start["sheetId"])
        while len(held) <= start["rowIndex"]:
            held.append([])
        row, [line] = held[start["rowIndex"]], rows
        for place, cell in enumerate(line["values"], start["columnIndex"]):
            row.extend([""] * (place + 1 - len(row)))
            row[place] = value_of(cell)
        self.writes[str(row[0])] += 1

    def appendCells(self, sheetId, rows, fields):
        held = self.tab(sheetId)
        while held and not trimmed(held[-1], ""):
            held.pop()
        for row in rows:
            held.append([value_of(cell) for cell in row["values"]])
            self.writes[held[-1][0]] += 1

    def deleteDimension(self, range):
        assert range["dimension"] == "ROWS"
        del self.tab(range["sheetId"])[range["startIndex"] : range["endIndex"]]


def value_of(cell):
    """Return what a cell holds; a text that is too long is refused."""
    value = next(iter(cell.get("userEnteredValue", {"": ""}).values()))
    if isinstance(value, str) and len(value) > 50_000:
        raise ValueError
    return value


def trimmed(values, empty):
    """Return values without the empty ones at the end."""
    values = list(values)
    while values and values[-1] == empty:
        values.pop()
    return values
