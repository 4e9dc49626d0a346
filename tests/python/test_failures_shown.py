"""A test that fails says which rows it found, and what a row means."""

import shutil
from dataclasses import replace

import pytest

from dev.project_copy import copy_of_files
from scripts.dbt_runner import DbtFailed

FAILING = """-- Numbers must not be made up.
-- A row is a number.
-- depends_on: {{ ref('profiles') }}
select
    numbers.number,
    '001' as code,
    cast(null as integer) as nothing,
    repeat('x', 200) as long_text

from (select unnest(range(7)) as number) as numbers
order by numbers.number
limit 7 -- a limit and a comment of its own
"""
WARNING = """{{ config(severity='warn') }}
select 'amber' as lamp
"""
BROKEN = "select no_such_column from {{ ref('profiles') }}\n"


@pytest.fixture(scope="module")
def output(demo, make_project, tmp_path_factory):
    """What dbt prints when a test fails, one warns, one is broken, and a column has holes."""
    folder = copy_of_files(tmp_path_factory.mktemp("copy") / "project")
    for name, sql in (("made_up", FAILING), ("lamp_is_lit", WARNING), ("is_broken", BROKEN)):
        (folder / "tests" / "integrity" / f"{name}.sql").write_text(sql)
    models = folder / "models/staging/email/_email__models.yml"
    models.write_text(
        models.read_text().replace(
            "      - name: raw_payload\n",
            "      - name: payload\n        data_tests: [not_null]\n      - name: raw_payload\n",
            1,
        )
    )
    project = replace(
        make_project(demo.raw, **demo.variables),
        project_dir=folder,
        target_path=tmp_path_factory.mktemp("target"),
    )
    shutil.copy(demo.warehouse, project.warehouse)
    with pytest.raises(DbtFailed) as failure:
        project.dbt(
            "test", "--select", "made_up", "lamp_is_lit", "is_broken", "identity_health_limits",
        )  # fmt: skip
    return failure.value


def test_the_rows_are_printed_with_what_they_mean(output):
    lines = output.output.splitlines()
    start = lines.index("FAIL made_up: 7 rows")
    assert lines[start + 1 : start + 3] == [
        "  Numbers must not be made up.",
        "  A row is a number.",
    ]
    shown = lines[start + 3 : start + 8]
    assert shown[0] == f"    number=0  code=001  nothing=null  long_text={'x' * 79}…"
    assert [line.split()[0] for line in shown] == [f"number={n}" for n in range(5)]
    assert lines[start + 8].startswith("    … and 2 more: ")
    assert lines[start + 8].endswith("tests/integrity/made_up.sql")


def test_warnings_are_shown_too(output):
    lines = output.output.splitlines()
    start = lines.index("WARN lamp_is_lit: 1 row")
    assert lines[start + 1] == "    lamp=amber"


def test_a_broken_query_does_no_more_harm(output):
    statuses = {node.name: node.status for node in output.nodes}
    assert statuses["is_broken"] == "error"
    assert statuses["made_up"] == "fail"
    assert "is_broken: " not in [line for line in output.output.splitlines() if "rows" in line]
    assert "on-run-end" not in str(output)
    assert "on-run-end" not in output.output
