"""What trigger and clock macros compile to, and what they say to a bad argument."""

import contextlib
import io
import json

import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from scripts.dbt_runner import DbtFailed, environment

T = "cast('2026-06-30 00:00:00.000000' as timestamp)"


@pytest.fixture(scope="module")
def compiled(demo):
    """A function that gives the SQL which one line of Jinja compiles to, on one line."""

    def compile_inline(inline, **variables):
        output = io.StringIO()
        variables = {**demo.variables, "raw_path": str(demo.raw), **variables}
        with (
            environment(AUDIENCE_WAREHOUSE=str(demo.warehouse)),
            contextlib.redirect_stdout(output),
        ):
            result = dbtRunner().invoke(
                [
                    "compile", "--inline", inline, "--quiet", "--log-level-file", "none",
                    "--project-dir", str(demo.project_dir),
                    "--profiles-dir", str(demo.profiles_dir),
                    "--target-path", str(demo.target_path),
                    "--vars", json.dumps(variables),
                ]
            )  # fmt: skip
        DuckDBConnectionManager.close_all_connections()
        if not result.success:
            raise DbtFailed(output.getvalue(), [])
        return " ".join(result.result.results[0].node.compiled_code.split())

    return compile_inline


@pytest.mark.parametrize(
    ("inline", "sql"),
    [
        (
            "{{ did('pricing_page_viewed', at_least=3, within_days=30) }}",
            "(pricing_page_viewed_count_30d >= 3)",
        ),
        (
            "{{ did('case_study_downloaded', within_days=30) }}",
            "(case_study_downloaded_count_30d >= 1)",
        ),
        (
            "{{ quiet_for(60, 90) }}",
            f"( last_engaged_at is not null and last_engaged_at <= {T} - interval '60' day "
            f"and last_engaged_at > {T} - interval '90' day )",
        ),
        (
            "{{ quiet_for(180) }}",
            f"( last_engaged_at is not null and last_engaged_at <= {T} - interval '180' day )",
        ),
        (
            "{{ within_days('seen_at', 7) }}",
            f"(seen_at > {T} - interval '7' day and seen_at <= {T})",
        ),
    ],
)
def test_a_trigger_compiles_to(compiled, inline, sql):
    assert compiled(inline) == sql


@pytest.mark.parametrize(
    ("inline", "message"),
    [
        ("{{ did('pricing_seen', within_days=7) }}", "Counted are: case_study_downloaded, pricing"),
        ("{{ did('pricing_page_viewed', within_days=8) }}", "Choose from 7, 30 days"),
        ("{{ did('pricing_page_viewed') }}", "Choose from 7, 30 days"),
        ("{{ did('pricing_page_viewed', 0, 7) }}", "a number from 1 up"),
        ("{{ quiet_for(90, 60) }}", "the second, if any, above the first"),
        ("{{ quiet_for('long') }}", "give days as numbers"),
    ],
)
def test_a_bad_argument_names_the_choices(compiled, inline, message):
    with pytest.raises(DbtFailed, match=message):
        compiled(inline)


@pytest.mark.parametrize(
    ("as_of", "instant"),
    [
        ("2026-06-30 12:30:00.5z", "2026-06-30 12:30:00.500000"),
        ("2026-06-29T20:00-0400", "2026-06-30 00:00:00.000000"),
    ],
)
def test_as_of_is_read_as_utc(compiled, as_of, instant):
    assert compiled("{{ as_of() }}", as_of=as_of) == f"cast('{instant}' as timestamp)"


@pytest.mark.parametrize("as_of", ["yesterday", "2026-6-1"])
def test_an_unreadable_as_of_says_what_to_write(compiled, as_of):
    with pytest.raises(DbtFailed, match="ISO 8601"):
        compiled("{{ as_of() }}", as_of=as_of)
