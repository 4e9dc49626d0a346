"""The SQL of all models, read as warehouses would read it that no test can run."""

import pytest

pytest.importorskip("zetasql", reason="zetasql, BigQuery's analyzer, is not installed")
pytest.importorskip("sqlglot", reason="sqlglot is not installed")

from dev import other_warehouses
from dev.other_warehouses import Compiled, Finding, Reading

COLUMNS = {"marts.people": {"name": "VARCHAR", "seconds": "BIGINT", "seen_at": "TIMESTAMP"}}
READABLE = 'select lower(name) as name, seconds from "db"."marts"."people"'
FOREIGN = {
    "list_extract": 'select list_extract(name, 1) as name from "db"."marts"."people"',
    "make_timestamp": 'select try(make_timestamp(seconds)) as seen_at from "db"."marts"."people"',
}


def model(sql: str) -> Compiled:
    return Compiled("people", "marts.other", sql, other_warehouses.relations_in(sql))


@pytest.fixture(scope="module")
def checkers():
    return {
        warehouse: other_warehouses.checker(warehouse, COLUMNS)
        for warehouse in other_warehouses.WAREHOUSES
    }


@pytest.mark.parametrize("warehouse", other_warehouses.WAREHOUSES)
def test_what_every_warehouse_reads_is_clean(checkers, warehouse):
    assert checkers[warehouse](model(READABLE)) == []


@pytest.mark.parametrize("warehouse", other_warehouses.WAREHOUSES)
@pytest.mark.parametrize("function", FOREIGN)
def test_a_function_of_one_engine_is_found(checkers, warehouse, function):
    found = checkers[warehouse](model(FOREIGN[function]))
    assert found
    # ZetaSQL stops at the first: try, which BigQuery has not either.
    assert any(function in each.message or "try" in each.message for each in found)


def test_bigquery_knows_names_and_types(checkers):
    for sql in (
        'select nobody from "db"."marts"."people"',
        'select seen_at - seconds as x from "db"."marts"."people"',
        'select name + 1 as x from "db"."marts"."people"',
    ):
        assert checkers["bigquery"](model(sql)), sql


def test_what_a_model_gives_is_known_to_the_next():
    check = other_warehouses.checker("bigquery", COLUMNS)
    assert check(model('select seconds as n from "db"."marts"."people"')) == []
    assert check(model('select n + 1 as n from "db"."marts"."other"')) == []
    assert check(model('select lower(n) as n from "db"."marts"."other"'))


@pytest.mark.parametrize(
    ("warehouse", "sql"),
    [
        ("snowflake", "select count(*) filter (where a > 1) as n from t"),
        ("snowflake", "select (a, b) < (c, d) as is_before from t"),
        ("snowflake", "select concat_ws(' ', a, b) as c from t"),
        ("trino", "select cast(a as text) as a from t"),
        ("trino", "select a from t qualify row_number() over (order by a) = 1"),
        ("trino", "select from where"),
    ],
)
def test_what_sqlglot_would_let_pass_is_found(checkers, warehouse, sql):
    assert checkers[warehouse](model(sql))


def test_a_ceiling_holds_and_asks_to_be_lowered():
    report = [Reading("trino", 3, (Finding("a", "x", "x"), Finding("a", "y", "y")))]
    assert report[0].clean == 2
    assert other_warehouses.verdict(report, {"trino": 2}) == (True, [])
    assert other_warehouses.verdict(report, {"trino": 1})[0] is False
    holds, lines = other_warehouses.verdict(report, {"trino": 5})
    assert holds
    assert "lower" in lines[0]


def test_the_number_of_findings_does_not_rise(capsys):
    """All models for all warehouses; takes minutes."""
    assert other_warehouses.main(["--verbose"]) == 0, capsys.readouterr().out
