"""Two warehouses: equal ones are equal, and one changed row, column or table is named."""

import duckdb
import pytest

from dev import compare_warehouses

BUILT = """
create schema marts; create schema segments; create schema activation;
create table marts.profile_identifiers as
select 'email' as identifier_type, 'ann@example.com' as identifier_value, '{ann}' as profile_id
union all select 'email', 'bob@example.com', '{bob}';
create table marts.profiles as
select '{ann}' as profile_id, 3 as score union all select '{bob}', 5;
create view segments.customers as select '{ann}' as profile_id;
create table activation.crm_contacts as select 'ann@example.com' as email, '{ann}' as profile_id;
"""


@pytest.fixture
def warehouses(tmp_path):
    """Two builds of the same people under other ids."""
    paths = [tmp_path / "before.duckdb", tmp_path / "after.duckdb"]
    for path, ids in zip(
        paths, ({"ann": "a1", "bob": "b1"}, {"ann": "x9", "bob": "y9"}), strict=True
    ):
        with duckdb.connect(str(path)) as connection:
            connection.execute(BUILT.format(**ids))
    return paths


def compared(warehouses, capsys, change="", *options):
    """Exit code and output after a change of the second warehouse."""
    if change:
        with duckdb.connect(str(warehouses[1])) as connection:
            connection.execute(change)
    code = compare_warehouses.main([*map(str, warehouses), *options])
    return code, capsys.readouterr().out


def test_people_are_matched_by_their_identifiers(warehouses, capsys):
    assert compared(warehouses, capsys) == (0, "Equal, row for row.\n")


def test_a_changed_row_is_named(warehouses, capsys):
    code, text = compared(
        warehouses, capsys, "update marts.profiles set score = 4 where profile_id = 'x9'"
    )
    assert code == 1
    assert "marts.profiles: 1 rows only before" in text and "('email:ann@example.com', 3)" in text
    assert "marts.profiles: 1 rows only after" in text and "('email:ann@example.com', 4)" in text
    assert text.endswith("2 differences\n")


def test_somebody_else_in_a_segment_is_named(warehouses, capsys):
    code, text = compared(
        warehouses, capsys, "create or replace view segments.customers as select 'y9' as profile_id"
    )
    assert code == 1
    assert "('email:bob@example.com',)" in text and "('email:ann@example.com',)" in text


def test_a_changed_column_is_named(warehouses, capsys):
    code, text = compared(warehouses, capsys, "alter table marts.profiles alter score type varchar")
    assert code == 1
    assert "marts.profiles: column score: INTEGER before, VARCHAR after" in text


def test_a_missing_table_is_named(warehouses, capsys):
    code, text = compared(warehouses, capsys, "drop table activation.crm_contacts")
    assert (code, text) == (1, "activation.crm_contacts: only before\n1 differences\n")


def test_samples_are_as_many_as_asked_for(warehouses, capsys):
    change = "update marts.profiles set score = score + 1"
    _, text = compared(warehouses, capsys, change, "--samples", "1")
    assert text.count("('email:") == 2  # of four, one on each side


def test_a_missing_file_is_named(warehouses, tmp_path, capsys):
    missing = str(tmp_path / "none.duckdb")
    assert compare_warehouses.main([str(warehouses[0]), missing]) == 2
    assert capsys.readouterr().out == f"{missing} is missing\n"
