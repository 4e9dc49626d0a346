"""Two people are never taken for one, nor one for two: keys, names inside lists, lost names."""

import json
from dataclasses import replace

import duckdb
import pytest

from scripts import delivery
from scripts.delivery.config import Field
from scripts.delivery.destination import Destination, NoAnswer, Outcome, Refused, key_parts
from scripts.delivery.engine import open_ledger
from scripts.delivery.ledger import Ledger
from scripts.delivery.locks import only_writer
from scripts.delivery.people import Forgotten
from scripts.delivery.wishes import place, wish

from .test_engine import fill, people, person, push
from .test_promises import Memory, add_column, crm, known_as, suppress_profile, sync  # noqa: F401

SEGMENTS = {"segments": Field("segments", "always")}


def ids(**values):
    """A row that only ids name."""
    return person("someone", email=None, **values)


# ---------------------------------------------------------------------- keys


@pytest.mark.parametrize("column", ["crm_contact_id", "first_name"])
def test_ids_keep_their_case_beside_an_at_sign(sync, column):  # noqa: F811
    memory = Memory()
    key = (column, "grade")
    sync = replace(sync, destination=memory, key=key, fields=SEGMENTS, contains_people=False)
    fill(sync.warehouse, [ids(**{column: name, "grade": "1"}) for name in ("AbC@x", "abc@x")])
    assert push(sync).delivered == 2
    assert set(memory.records) == {"AbC@x|1", "abc@x|1"}


def test_an_id_is_never_rewritten_even_when_it_looks_like_an_address(sync):  # noqa: F811
    memory = Memory()
    sync = replace(sync, destination=memory, key=("crm_contact_id",), fields=SEGMENTS)
    rows = [person("ann", crm_contact_id="Ann@x.co"), person("bob", crm_contact_id="ann@x.co")]
    fill(sync.warehouse, rows)
    push(sync)
    assert set(memory.records) == {"Ann@x.co", "ann@x.co"}
    by_address = Memory()
    fields = {"email": Field("reach"), **SEGMENTS}
    push(replace(sync, destination=by_address, key=("email", "grade"), fields=fields, name="b"))
    assert not by_address.records  # a key with a part that is empty is none


def test_a_bar_in_a_column_of_the_key_makes_no_other_key(sync):  # noqa: F811
    memory = Memory()
    key = ("first_name", "grade")
    sync = replace(sync, destination=memory, key=key, fields=SEGMENTS, contains_people=False)
    pairs = [("a|b", "c"), ("a", "b|c"), ("a\\", "1b|c"), ("a\\1b", "c")]
    fill(sync.warehouse, [ids(first_name=name, grade=grade) for name, grade in pairs])
    assert push(sync).delivered == 4
    assert {key_parts(key)[::-1] for key in memory.records} == set(pairs)


def test_the_suppressed_are_found_in_keys_with_a_bar(sync):  # noqa: F811
    """Also when the mart leaves them out, so that only the key says who they are."""
    memory = Memory()
    for name, key in [("one", ("profile_id",)), ("two", ("grade", "profile_id"))]:
        there = replace(sync, destination=memory, key=key, fields=SEGMENTS, name=name)
        there = replace(there, max_remove_share=0)
        rows = [ids(profile_id=f"p|{n}", grade="x|y") | {"profile_id": f"p|{n}"} for n in range(3)]
        fill(there.warehouse, rows)
        known_as(there, nobody="nobody@example.com")
        with duckdb.connect(str(there.warehouse)) as connection:
            connection.execute("delete from marts.profile_suppressions")
        push(there)
        suppress_profile(there, "p|1")
        fill(there.warehouse, [rows[0], rows[2]])
        assert push(there).diff.suppressed_removes == 1  # no guard: they must leave


def test_the_suppressed_are_no_others_whose_id_differs_in_case(sync):  # noqa: F811
    memory = Memory()
    sync = replace(sync, destination=memory, key=("profile_id",), fields=SEGMENTS)
    rows = [ids() | {"profile_id": name} for name in ("AbC@x", "abc@x")]
    fill(sync.warehouse, rows)
    suppress_profile(sync, "abc@x")
    assert push(sync).diff.suppressed == 1
    assert set(memory.records) == {"AbC@x"}


def test_forget_reaches_no_other_whose_id_differs_in_case(sync):  # noqa: F811
    memory = Memory()
    sync = replace(sync, destination=memory, key=("profile_id",), fields=SEGMENTS)
    fill(sync.warehouse, [ids() | {"profile_id": name} for name in ("AbC@x", "abc@x")])
    push(sync)
    assert delivery.forget(sync, "AbC@x").records == 1
    with Ledger(sync.ledger, sync.ledger_name) as ledger:
        rows = ledger.rows("select record_key from {t}.delivered")
    assert rows == [{"record_key": "abc@x"}]
    assert push(sync).diff.suppressed == 1


# ---------------------------------------------------------------------- names inside others


@pytest.mark.parametrize(
    ("kind", "expression"),
    [
        ("varchar[]", "[email, 'bob.' || email, '\"Ann Lee\" <Ann@Example.com>']"),
        ("varchar[][]", "[[email], ['x', 'ANN@example.com ']]"),
        ("varchar", "email || '; ann@example.com'"),
        ("struct(work varchar, home varchar)", "{'work': email, 'home': 'ann@example.com'}"),
        ("map(varchar, varchar)", "map {'home': 'ann@example.com'}"),
        ("json", "json_array(email, 'ann@example.com')"),
        ("varchar", "email || chr(10) || 'ann@example.com'"),
        ("varchar", "email || '|ANN@example.com'"),
        ("varchar", "email || ' / ann@example.com'"),
        ("varchar", "'please ask ann@example.com.'"),
        ("varchar", '\'{"a": "x\\nann@example.com"}\''),
        ("json", "json_object('a', email || chr(10) || 'ann@example.com')"),
        ("json", '\'{"a": "ann\\u0040example.com"}\''),
        ("varchar", "'https://shop.example/?email=ann%40example.com'"),
        ("varchar", "email || ', ann＠example.com'"),
        ("varchar[]", "[email || chr(9) || 'ann@example.com']"),
    ],
)
@pytest.mark.parametrize("name", ["addresses", "all_mails"])
def test_the_suppressed_are_found_inside_any_column(sync, kind, expression, name):  # noqa: F811
    """Whether it goes out, or says in its name what it holds."""
    fields = {**SEGMENTS, **({"addresses": Field("others")} if name == "addresses" else {})}
    sync = replace(sync, destination=Memory(), fields=fields)
    fill(sync.warehouse, [person("bob"), person("cy")])
    known_as(sync, ann="ann@example.com", bob="bob@example.com", cy="cy@example.com")
    add_column(sync, name, kind, f"case when email like 'bob%' then {expression} end")
    suppress_profile(sync, "ann")
    result = push(sync)
    assert (result.delivered, result.diff.suppressed) == (1, 1)
    assert list(sync.destination.records) == ["cy@example.com"]


def test_an_address_that_does_not_name_the_person_says_nothing_about_the_person(sync):  # noqa: F811
    fields = {**SEGMENTS, "grade": Field("owner")}
    sync = replace(sync, destination=Memory(), key=("crm_contact_id",), fields=fields)
    fill(sync.warehouse, [ids(crm_contact_id="c8", grade="sales@us.example")])
    known_as(sync, zed="zed@example.com")
    with duckdb.connect(str(sync.warehouse)) as connection:
        for column in ("profile_id", "email"):
            connection.execute(f"alter table activation.crm_contacts drop column {column}")
    assert push(sync).diff.unnamed == 1 and not sync.destination.records


def test_a_key_of_spaces_that_nobody_sees_bars_its_own_row_alone(sync):  # noqa: F811
    sync = replace(sync, destination=Memory(), fields=SEGMENTS, key=("grade",))
    fill(sync.warehouse, [person("ann", email=None), person("bob")])
    add_column(sync, "is_consented", "boolean", "profile_id <> 'ann'")
    with duckdb.connect(str(sync.warehouse)) as connection:
        connection.execute(
            "update activation.crm_contacts"
            " set grade = if(profile_id = 'ann', chr(9), 'B'),"
            " profile_id = if(profile_id = 'ann', null, profile_id)"
        )
    known_as(sync, zed="zed@example.com")
    push(sync)
    assert list(sync.destination.records) == ["B"]


def test_a_suppressed_colleague_in_another_column_does_not_pass_the_guard(sync):  # noqa: F811
    """The person themself does, and in a column of their own."""
    sync = replace(sync, destination=Memory(), fields=SEGMENTS, max_remove_share=0.2)
    fill(sync.warehouse, people(10))
    add_column(sync, "owner_email", "varchar", "'rep@us.example'")
    known_as(sync, rep="rep@us.example", person0000="person0000@example.com")
    push(sync)
    suppress_profile(sync, "person0000")
    assert push(sync).diff.suppressed_removes == 1
    suppress_profile(sync, "rep")
    with pytest.raises(delivery.GuardError, match="mentions"):
        push(sync)
    sent = sync.destination.operations
    assert [operation for operation, _ in sent].count("remove") == 1
    assert push(replace(sync, max_remove_share=1)).diff.mentioning == 9
    assert [operation for operation, _ in sent].count("remove") == 10


# ---------------------------------------------------------------------- forgetting


@pytest.mark.parametrize("kind, expression", [("varchar[]", "['u0', 'u1']"),
                                              ("varchar[][]", "[['u0'], ['u1']]")])  # fmt: skip
def test_a_forgotten_id_inside_a_list_does_not_go_out(sync, kind, expression):  # noqa: F811
    fields = {**SEGMENTS, "user_id": Field("uid")}
    sync = replace(sync, destination=Memory(), key=("profile_id",), fields=fields)
    fill(sync.warehouse, [person("bob"), person("cy")])
    known_as(sync, zed="zed@example.com")
    with duckdb.connect(str(sync.warehouse)) as connection:
        connection.execute(
            "insert into marts.profile_identifiers values ('user_id', 'u1', 'zed', null)"
        )
    add_column(sync, "user_id", kind, f"case profile_id when 'bob' then {expression} end")
    delivery.forget(sync, "user_id:u1")
    assert push(sync).diff.suppressed == 1
    assert list(sync.destination.records) == ["cy"]


@pytest.mark.parametrize("given", ["user_id:u1", "ann.old@example.com"])
def test_forget_finds_a_person_by_a_name_inside_a_list(sync, given):  # noqa: F811
    fields = {**SEGMENTS, "profile_id": Field("external_id")}
    sync = replace(sync, destination=Memory(), key=("profile_id",), fields=fields)
    fill(sync.warehouse, [ids(profile_id=name) for name in ("ann", "bob", "cy")])
    add_column(sync, "user_id", "varchar[]", "case profile_id when 'ann' then ['u0', 'u1']"
               " when 'cy' then ['u3'] end")  # fmt: skip
    add_column(
        sync,
        "email_address",
        "varchar[][]",
        "case profile_id when 'ann' then"
        " [['bob@example.com'], ['Ann.Old@example.com', 'ann.new@example.com']] end",
    )
    known_as(sync, bob="bob@example.com")
    assert push(sync).delivered == 3
    assert delivery.forget(sync, given).records == 1
    with open_ledger(sync) as ledger:
        known = [
            name
            for name in ("profile_id:ann", "user_id:u0", "ann.new@example.com", "bob@example.com",
                         "profile_id:bob", "user_id:u3")
            if ledger.value("select keyed(?) in (select person from {t}.suppression)", [name])
        ]  # fmt: skip
    assert known == ["profile_id:ann", "user_id:u0", "ann.new@example.com"]


def test_rows_leave_files_that_name_a_person_inside_a_list(sync, tmp_path):  # noqa: F811
    raw = tmp_path / "raw"
    raw.mkdir()
    rows = {
        "pulled-1": "select [['a@example.com'], ['Ann@Example.com']] as mails, 1 as n"
                    " union all select [['bob@example.com']], 2",
        "pulled-2": "select ['u0', 'u1'] as user_id, 1 as n union all select ['u2'], 2"
                    " union all select null, 3",
        "pulled-3": "select {'to': ['ann@example.com'], 'n': 1} as mail, 1 as n"
                    " union all select {'to': ['x'], 'n': 2}, 2",
        "pulled-4": "select [0, 1] as user_id, 1 as n",
    }  # fmt: skip
    for name, query in rows.items():
        duckdb.sql(f"copy ({query}) to '{raw / name}.parquet' (format parquet)")
    fill(sync.warehouse, [ids(profile_id="ann")])
    known_as(sync, ann="ann@example.com")
    with duckdb.connect(str(sync.warehouse)) as connection:
        connection.execute(
            "insert into marts.profile_identifiers values ('user_id', 'u1', 'ann', null)"
        )
    sync = replace(sync, destination=Memory(), key=("profile_id",), fields=SEGMENTS)
    assert delivery.forget(sync, "ann@example.com", raw_path=raw).rows == 3
    left = [
        [n for (n,) in duckdb.sql(f"select n from '{path}' order by 1").fetchall()]
        for path in sorted(raw.glob("*.parquet"))
    ]
    assert left == [[2], [2, 3], [2], [1]]


@pytest.mark.parametrize("can_erase", [True, False])
def test_one_refused_record_keeps_no_other_of_the_person(sync, can_erase):  # noqa: F811
    class Picky(Memory):
        def erase(self, call, key, remote_id):
            if key == "a":
                raise Refused("no")
            self.operations.append(("erase", key))
            return can_erase

    sync = replace(sync, destination=Picky(), fields=SEGMENTS, key=("grade",))
    fill(sync.warehouse, [person("ann", grade=grade) for grade in ("a", "b")])
    known_as(sync, ann="ann@example.com")
    push(sync)
    assert delivery.forget(sync, "ann@example.com").outcome == "kept"
    done = [("erase", "b")] if can_erase else [("erase", "b"), ("remove", "b")]
    assert sync.destination.operations[2:] == done


def test_forgotten_among_other_lines(sync):  # noqa: F811
    sync = replace(sync, destination=Memory(), fields={**SEGMENTS, "cc": Field("cc")})
    fill(sync.warehouse, [person("bob")])
    add_column(sync, "cc", "varchar", "email || chr(10) || 'ann@example.com'")
    known_as(sync, bob="bob@example.com", ann="ann@example.com")
    delivery.forget(sync, "ann@example.com")
    assert push(sync).diff.suppressed == 1 and not sync.destination.records


def test_a_torn_line_of_the_forgotten_forgets_nobody_else(tmp_path):
    kept = Forgotten(tmp_path / "forgotten.txt")
    kept.remember(["a" * 64])
    for torn, after in (("abc", "b"), (f"{kept.fingerprint} 12", "c")):
        with kept.path.open("a") as file:
            file.write(torn)
        kept.remember([after * 64])
    assert kept.hashes() == ["a" * 64, "b" * 64, "c" * 64]


@pytest.mark.parametrize("state", ["delivered", "departed", "dead"])
def test_forget_an_id_that_no_warehouse_knows_any_more(sync, state):  # noqa: F811
    """The ledger knows it as the hash of a field: what it holds goes, and it says what may not."""
    memory = Memory()
    fields = {"profile_id": Field("external_id"), "segments": Field("segments", "always")}
    sync = replace(sync, destination=memory, fields=fields, max_remove_share=1)
    ann, bob = person("p123", email="ann@example.com"), person("bob")
    memory.refuses = {"ann@example.com"} if state == "dead" else set()
    fill(sync.warehouse, [ann, bob])
    push(sync)
    if state == "departed":
        fill(sync.warehouse, [bob])
        push(sync)
    fill(sync.warehouse, [bob])
    memory.refuses = set()
    found = delivery.forget(sync, "p123")
    assert (found.records, found.is_known) == (1, True) and "does not know" in found.note
    with Ledger(sync.ledger, sync.ledger_name) as ledger:
        assert not ledger.value("select count(*) from {t}.delivered where record_key like 'ann%'")
        assert not ledger.value("select count(*) from {t}.departed where record_key like 'ann%'")
        assert not ledger.value("select count(*) from {t}.outbox where record_key like 'ann%'")
    fill(sync.warehouse, [person("other", email="ann@example.com"), bob])
    assert push(sync).diff.suppressed == 1  # by the address that the ledger knew
    assert not delivery.forget(sync, "p124").is_known
    assert delivery.forget(sync, "bob").note is None


# ---------------------------------------------------------------------- memberships left behind


class Lists(Destination):
    """Lists of people, and answers that get lost: before what was asked is done, or after."""

    name = "lists"
    address = "http://127.0.0.1:9"
    memberships = frozenset({"list"})
    quota = (100_000, 1.0)

    def __init__(self):
        super().__init__({}, {})
        self.members, self.lost = set(), None

    def send(self, call, operation, records):
        if self.lost == "before":
            raise NoAnswer("lost")
        outcomes = []
        for record in records:
            old = (record.remote_id or "").partition("|")[0]
            new = record.whole.get("list")
            self.members.discard((old or (new if operation == "remove" else None), record.key))
            if operation != "remove":
                self.members.add((new, record.key))
            outcomes.append(Outcome(record.key, "delivered", f"{new}|{record.key}"))
        if self.lost == "after":
            raise NoAnswer("lost")
        return outcomes


@pytest.mark.parametrize("lost", ["before", "after"])
@pytest.mark.parametrize("first", ["add", "update", "remove"])
def test_a_list_that_changes_after_a_lost_answer_is_taken_back(sync, lost, first):  # noqa: F811
    """The answer to `first` is lost, and then Ann has to be on another list, Cy on none."""
    lists = Lists()
    fields = {"grade": Field("list"), "segments": Field("segments", "always")}
    sync = replace(sync, destination=lists, fields=fields, max_tries=1, max_remove_share=1)
    bob = person("bob", grade="a")
    before = [person(name, grade="a") for name in ("ann", "cy") if first != "add"]
    meanwhile = [person(name, grade="b") for name in ("ann", "cy") if first != "remove"]
    fill(sync.warehouse, [bob, *before])
    push(sync)
    lists.lost = lost
    fill(sync.warehouse, [bob, *meanwhile])
    assert push(sync).open == 2
    lists.lost = None
    fill(sync.warehouse, [bob, person("ann", grade="c")])
    assert push(sync).exit_code == 0
    assert lists.members == {("a", "bob@example.com"), ("c", "ann@example.com")}
    assert delivery.plan(sync).nothing


# ---------------------------------------------------------------------- beside a push


def test_dead_letters_are_looked_after_beside_a_push(sync):  # noqa: F811
    """What is asked while another process holds the ledger happens when that one ends."""
    memory = Memory()
    sync = replace(sync, destination=memory, fields=SEGMENTS)
    fill(sync.warehouse, [person("ann"), person("bob"), person("cy")])
    memory.refuses = {"ann@example.com", "bob@example.com"}
    push(sync)
    ids = {row["record"][0]: row["id"] for row in delivery.dead(sync, "list", [])}
    with only_writer(sync.ledger, sync.ledger_name):
        assert len(delivery.dead(sync, "list", [])) == 2
        assert len(delivery.dead(sync, "retry", [ids["a"]])) == 1
        assert len(delivery.dead(sync, "drop", [ids["b"]])) == 1
        with pytest.raises(delivery.ConfigError):
            delivery.dead(sync, "drop", ["nothing"])
    with open_ledger(sync):  # a push that ends, or the next one
        pass
    memory.refuses = set()
    assert delivery.dead(sync, "list", []) == []
    result = push(sync)
    assert (result.delivered, set(memory.records)) == (1, {"ann@example.com", "cy@example.com"})


def test_a_torn_wish_is_none_and_the_others_hold(sync):  # noqa: F811
    memory = Memory()
    sync = replace(sync, destination=memory, fields=SEGMENTS)
    fill(sync.warehouse, [person("ann"), person("bob")])
    memory.refuses = {"ann@example.com"}
    push(sync)
    file = place(sync.ledger)
    other = {"sync": "another", "action": "retry", "ids": []}
    wish(sync.ledger, other)
    with file.open("a") as torn:
        torn.write('{"sync": "cont')
    [row] = delivery.dead(sync, "list", [])
    with only_writer(sync.ledger, sync.ledger_name):
        wish(sync.ledger, {"sync": sync.ledger_name, "action": "drop", "ids": [row["id"]]})
    assert delivery.status(sync).dead_count == 0
    assert [json.loads(line) for line in file.read_text().splitlines()] == [other]
