"""Google Sheets: a row is found by its key, written as text, and counts when it is read back."""

import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from scripts.delivery.destination import NoAnswer, Record, Refused, Stop, Transient
from scripts.delivery.destinations.google_sheets import GoogleSheets
from scripts.delivery.errors import AuthError, ConfigError

from .sending import calls, states
from .vendors.google_sheets import SPREADSHEET, TOKEN, Spreadsheet, problem
from .vendors.server import Reply


@pytest.fixture
def sheet():
    with Spreadsheet() as vendor:
        yield vendor


@pytest.fixture
def connect(sheet):
    """Return a plug-in with these options, and its `call`."""

    def connect(environ=None, **options):
        environ = environ or {"GOOGLE_SHEETS_ACCESS_TOKEN": TOKEN}
        environ = {"GOOGLE_SHEETS_BASE_URL": sheet.url, **environ}
        place = {"spreadsheet": SPREADSHEET, "tab": "People"}
        plugin = GoogleSheets({**place, "requests_per_minute": 1000, **options}, environ)
        plugin.check()
        return plugin, call_of(plugin)

    with calls() as call_of:
        yield connect


@pytest.fixture
def send(connect):
    plugin, call = connect()

    def send(operation, *records):
        return {outcome.key: outcome for outcome in plugin.send(call, operation, records)}

    return send


def add(key, **values):
    return Record(key, None, values, {k: v for k, v in values.items() if v is not None})


def test_rows_are_added_changed_and_taken_out(sheet, send):
    sheet.rows.append(["AbC1", "theirs", "a note", ""])
    done = send("add", add("AbC1", segment="a", score=7), add("abc1", segment="b", score=1.5))
    assert states(done) == {"AbC1": "delivered", "abc1": "delivered"}
    assert sheet.rows[1:] == [["AbC1", "a", "a note", 7], ["abc1", "b", "", 1.5]]
    sheet.rows[1:] = [["mine"], *reversed(sheet.rows[1:])]  # somebody sorts, between two pushes
    send("update", Record("AbC1", None, {"segment": None, "score": 8}, {"score": 8}))
    assert sheet.rows[3] == ["AbC1", "", "a note", 8]
    for _ in range(2):
        assert states(send("remove", add("abc1", segment=None))) == {"abc1": "delivered"}
    assert sheet.rows[1:] == [["mine"], ["AbC1", "", "a note", 8]]


def test_sent_twice_is_one_row_and_a_row_that_is_gone_comes_back_whole(sheet, send):
    for _ in range(2):
        send("add", add("a", segment="x", score=1))
    assert len(sheet.rows) == 2
    del sheet.rows[1]
    send("update", Record("a", None, {"score": 2}, {"segment": "x", "score": 2}))
    assert sheet.rows[1] == ["a", "x", "", 2]


def test_nothing_becomes_a_formula_and_no_number_loses_digits(sheet, send):
    send("add", add("007", segment="=1+1", score=True), add("b", segment="+49", score=2**60))
    assert sheet.rows[1:] == [["007", "=1+1", "", True], ["b", "+49", "", str(2**60)]]
    kinds = [part for request in sheet.requests for part in (b"formulaValue", b"USER_ENTERED")
             if part in request.raw]  # fmt: skip
    assert kinds == []


def test_two_rows_with_one_key_wait_for_a_person(sheet, connect, send):
    sheet.rows.extend([["a"], ["b"], ["a"]])
    done = send("add", add("a", segment="x"), add("b", segment="y"))
    assert states(done) == {"a": "refused", "b": "delivered"}
    plugin, call = connect(mode="update_only")
    ready, settled = plugin.adopt(call, "add", [add("a"), add("b"), add("new")])
    assert [record.key for record in ready] == ["b"]
    assert {o.key: o.state for o in settled} == {"a": "refused", "new": "absent"}
    assert plugin.count(call) == 3


@pytest.mark.parametrize("operation", ["update", "remove"])
def test_rows_that_move_during_a_write_are_noticed(sheet, send, operation):
    sheet.rows.extend([["a", "1"], ["b", "2"], ["c", "3"]])
    sheet.between = lambda rows: rows.insert(1, rows.pop())
    with pytest.raises(Stop, match="moved while they were written"):
        send(operation, add("a", segment="x"))


def test_a_column_that_is_inserted_during_a_write_is_noticed(sheet, send):
    sheet.rows.append(["a", "1"])

    def insert(rows):
        for row in rows:
            row.insert(1, "theirs")

    sheet.between = insert
    with pytest.raises(Stop, match="insert columns"):
        send("update", add("a", segment="x"))
    sheet.between = lambda rows: [row.insert(0, "") for row in rows]
    with pytest.raises(Stop, match="insert columns"):
        send("update", add("a", segment="x"))
    for row in sheet.rows:
        del row[0]
    sheet.between = lambda rows: rows[0].append("more")  # behind ours it does no harm
    assert states(send("update", add("a", segment="y"))) == {"a": "delivered"}


def test_an_address_in_another_case_is_the_same_row_and_an_id_is_not(sheet, connect, send):
    sheet.rows.extend([["Ann@Example.com", "typed"], ["AbC@1", "theirs"]])
    ann = add("ann@example.com", segment="x")
    plugin, call = connect()
    assert plugin.match(call, [ann, add("abc@1")]) == {ann.key: [ann.key]}
    assert states(send("add", ann, add("abc@1", segment="y"))) == {
        ann.key: "delivered", "abc@1": "delivered",
    }  # fmt: skip
    rows = [row[:2] for row in sheet.rows[1:]]
    assert rows == [["Ann@Example.com", "x"], ["AbC@1", "theirs"], ["abc@1", "y"]]
    assert plugin.read(call, [ann], ["segment"]) == {ann.key: {"segment": "x"}}
    sheet.rows.append(["ANN@example.com"])
    assert states(send("update", ann)) == {ann.key: "refused"}
    assert plugin.erase(call, ann.key, None)
    assert [row[0] for row in sheet.rows[1:]] == ["AbC@1", "abc@1"]


def test_what_was_not_taken_stays_open(sheet, send):
    appended = Reply(200, {"spreadsheetId": SPREADSHEET, "replies": [{}]})
    good = iter([])
    send("add", add("z", segment="z"))  # the tab is known: the next requests are look, write, look
    whole = sheet.answer
    sheet.answer = lambda r: appended if r.method == "POST" and next(good, True) else whole(r)
    done = send("add", add("a", segment="x"))
    assert (done["a"].state, done["a"].reason) == ("open", "the row is not in the tab")


@pytest.mark.parametrize(
    ("reply", "signal", "words"),
    [
        (problem(429, "Quota exceeded for ReadRequestsPerMinutePerUser"), Transient, "Quota"),
        (problem(403, "The caller does not have permission"), AuthError, "share the spreadsheet"),
        (problem(404, "Requested entity was not found."), ConfigError, "option spreadsheet"),
        (problem(400, "Invalid value at ann@example.com"), Refused, r"a\*\*\*@example.com"),
        (problem(503, "The service is currently unavailable."), Transient, "503"),
        (Reply(200, {"spreadsheetId": "another"}), NoAnswer, "does not name"),
        (Reply(200, {"spreadsheetId": SPREADSHEET}), NoAnswer, "every range"),
    ],
)
def test_what_goes_wrong(sheet, send, reply, signal, words):
    send("add", add("z", segment="z"))
    sheet.fail_next(reply)
    with pytest.raises(signal, match=words):
        send("add", add("a", segment="x"))


def test_one_value_that_no_cell_holds_is_refused_with_its_batch(sheet, send):
    with pytest.raises(Refused):
        send("add", add("a", segment="x" * 50_001), add("b", segment="y"))
    assert len(sheet.rows) == 1


def test_a_tab_that_is_not_ready_is_said_and_made_ready(sheet, connect, send):
    with pytest.raises(ConfigError, match=r"lacks \['new'\]"):
        send("add", add("a", new=1))
    plugin, call = connect(tab="Other")
    with pytest.raises(ConfigError, match="A1"):
        plugin.send(call, "add", [add("a", segment=1)])
    fields = {"segment": "text", "grade": "text"}
    assert [finding.is_fine for finding in plugin.doctor(call, fields)] == [False]
    assert {request.method for request in sheet.requests} == {"GET"}
    assert all(finding.is_fine for finding in plugin.doctor(call, fields, create=True))
    assert sheet.tabs["Other"] == [["key", "grade", "segment"]]
    plugin, call = connect()
    assert [o.name for o in plugin.doctor(call, fields) if not o.is_fine] == ["grade"]
    assert all(finding.is_fine for finding in plugin.doctor(call, fields, create=True))
    assert sheet.rows[0] == ["key", "segment", "notes", "score", "grade"]
    plugin, call = connect(tab="Gone")
    with pytest.raises(ConfigError, match="no tab 'Gone'"):
        plugin.whose(call)
    with pytest.raises(ConfigError, match="column of the record key"):
        plugin.check_mapped({"key"})


def test_what_rows_hold_is_read_back_and_a_person_is_erased(sheet, connect):
    sheet.rows.extend([["a", "x", "note"], [12.0, "y"]])
    plugin, call = connect()
    assert plugin.read(call, [add("a"), add("12"), add("c")], ["segment", "score"]) == {
        "a": {"segment": "x", "score": None}, "12": {"segment": "y", "score": None},
    }  # fmt: skip
    assert plugin.whose(call) == f"spreadsheet {SPREADSHEET}, tab People"
    assert plugin.erase(call, "a", None) and plugin.erase(call, "a", None)
    assert sheet.rows[1:] == [[12.0, "y"]]


def test_a_service_account_brings_its_token_once(sheet, connect):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = {
        "type": "service_account",
        "client_email": "push@p.iam.gserviceaccount.com",
        "private_key": pem.decode(),
        "token_uri": f"{sheet.url}/token",
    }
    plugin, call = connect({"GOOGLE_SHEETS_CREDENTIALS": json.dumps(account)})
    plugin.send(call, "add", [add("a", segment="x")])
    assert sheet.rows[1][:2] == ["a", "x"] and sheet.tokens == 1
    plugin, call = connect({"GOOGLE_SHEETS_CREDENTIALS": json.dumps(account)})
    sheet.fail_next(Reply(400, {"error": "invalid_grant", "error_description": "no"}))
    with pytest.raises(AuthError, match="invalid_grant"):
        plugin.whose(call)
    plugin, call = connect({"GOOGLE_SHEETS_CREDENTIALS": "{}"})
    with pytest.raises(ConfigError, match="JSON key"):
        plugin.whose(call)
    with pytest.raises(ConfigError, match="GOOGLE_SHEETS_CREDENTIALS"):
        GoogleSheets({}, {}).check()
