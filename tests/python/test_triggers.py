"""What triggers and clock macros compile to, what they answer, what they say to a bad argument."""

import ast
import re

import duckdb
import pytest

from dev import trigger_docs
from scripts.dbt_runner import PROJECT, DbtFailed, invoke_dbt

from .conftest import AS_OF

T = "cast('2026-06-30 00:00:00.000000' as timestamp)"
FOUND = {trigger: trigger_docs.cases_of(trigger) for trigger in trigger_docs.triggers()}


@pytest.fixture(scope="module")
def sql_of():
    """The SQL of every call in the tables."""
    return trigger_docs.compile_calls(
        (case.call for cases, _ in FOUND.values() for case in cases), as_of=AS_OF
    )


@pytest.fixture(scope="module")
def refuse(make_project):
    """A function that gives what the error says about a bad call."""
    project = make_project(as_of=AS_OF)
    where = {
        "warehouse": project.warehouse,
        "target_path": project.target_path,
        "profiles_dir": project.profiles_dir,
        "variables": {**trigger_docs.VARIABLES, "raw_path": str(project.raw), **project.variables},
    }
    manifest = invoke_dbt("parse", **where)

    def refusal(call: str) -> str:
        with pytest.raises(DbtFailed) as failure:
            invoke_dbt("compile", "--inline", f"{{{{ {call} }}}}", manifest=manifest, **where)
        return f"{failure.value}\n{failure.value.output}"

    return refusal


def answer(sql, traits):
    """What a trigger says about one row of traits."""
    # Only instants can be empty.
    columns = [
        f"{'cast(null as timestamp)' if value == 'null' else value} as {name}"
        for name, value in (item.split(" = ", 1) for item in traits.split("; "))
    ]
    with duckdb.connect() as connection:
        connection.execute(f"create table row as select {T} as as_of, {', '.join(columns)}")
        ((answered,),) = connection.execute(f"select {sql} from row").fetchall()
    return answered


def test_every_trigger_has_cases_of_both_kinds_and_bad_calls():
    assert {path.stem for path in trigger_docs.CASES.glob("*.md")} == set(FOUND)
    for trigger, (cases, bad_calls) in FOUND.items():
        assert {case.result for case in cases} == {"true", "false"}, trigger
        assert bad_calls, trigger
        assert all(case.call.startswith(f"{trigger}(") for case in cases), trigger
        assert all(bad.call.startswith(f"{trigger}(") for bad in bad_calls), trigger


@pytest.mark.parametrize("trigger", FOUND)
def test_a_trigger_answers_as_its_table_says(trigger, sql_of):
    cases, _ = FOUND[trigger]
    wrong = [
        (case, answered)
        for case in cases
        if (answered := answer(sql_of[case.call], case.traits)) is not (case.result == "true")
    ]
    assert wrong == []


@pytest.mark.parametrize("trigger", FOUND)
def test_a_trigger_is_one_boolean_in_parentheses_that_queries_nothing(trigger, sql_of):
    cases, _ = FOUND[trigger]
    for case in cases:
        sql = sql_of[case.call]
        assert sql.startswith("(")
        assert sql.endswith(")")
        assert "select" not in sql.lower()
        assert "coalesce" not in sql.lower()


@pytest.mark.parametrize("trigger", FOUND)
def test_a_bad_call_names_the_choices(trigger, refuse):
    _, bad_calls = FOUND[trigger]
    refusals = {call: refuse(call) for call in {bad.call for bad in bad_calls}}
    assert [bad for bad in bad_calls if bad.says not in refusals[bad.call]] == []


def test_the_page_of_triggers_is_the_one_that_is_written():
    assert trigger_docs.PAGE.read_text() == trigger_docs.page(), "run `make trigger-docs`"


def test_a_trigger_takes_four_arguments_at_most():
    for trigger in FOUND:
        assert trigger_docs.signature(trigger).count(",") <= 3, trigger


def test_what_a_trigger_says_it_compiles_to_names_its_traits():
    """The header's example is the shape of the real thing."""
    for trigger, (cases, _) in FOUND.items():
        text = (PROJECT / "macros" / "triggers" / f"{trigger}.sql").read_text()
        header = text.split("#}")[0]
        example = re.search(r"{{ (.*?) }}\s*→", header, re.DOTALL).group(1)
        assert example.startswith(f"{trigger}("), trigger
        assert cases[0].traits.split(" = ")[0] in header, trigger


@pytest.mark.parametrize(
    ("inline", "sql"),
    [
        (
            "{{ within_days('seen_at', 7) }}",
            f"(seen_at > {T} - interval '7' day and seen_at <= {T})",
        ),
        ("{{ age_within(7) }}", "age < interval '7' day"),
        ("{{ age_within('ever') }}", "age >= interval '0' day"),
        (
            "{{ age_within('previous_14') }}",
            "age >= interval '14' day and age < interval '28' day",
        ),
        (
            "{{ times('page_viewed') }} = {{ times('careers_page_viewed') }}",
            "page_viewed_count_ever = careers_page_viewed_count_ever",
        ),
        (
            "{{ times('research', within_days='previous_7') }} > 2",
            "research_count_previous_7d > 2",
        ),
        (
            "{{ account_times('research', within_days=3) }} = 0",
            "account_research_count_3d = 0",
        ),
        (
            "{{ grade_of('score', [75, 50], 'ABC') }}",
            "case when score >= 75 then 'A' when score >= 50 then 'B' else 'C' end",
        ),
    ],
)
def test_a_macro_compiles_to(compiled, inline, sql):
    assert compiled(inline) == sql


@pytest.mark.parametrize(
    ("inline", "message"),
    [
        ("{{ times('Research') }}", "'Research' is no name of a behavior"),
        ("{{ times('research', within_days=-1) }}", "-1 is no window"),
        ("{{ account_times('research', within_days='week') }}", "week is no window"),
        ("{{ grade_of('score', [75], 'ABC') }}", "must be 2 numbers, highest first"),
    ],
)
def test_a_bad_setting_says_what_to_write(compiled, inline, message):
    with pytest.raises(DbtFailed, match=message):
        compiled(inline)


NEAR = {
    "pricing_page_view": ["pricing_page_viewed", "page_viewed", "sale_page_viewed"],
    "page_veiwed": ["page_viewed", "sale_page_viewed"],
    "x": [],
    "": [],
    "webinar": [],
}


def test_near_spellings_come_best_first(compiled):
    known = ["page_viewed", "pricing_page_viewed", "sale_page_viewed", "order_completed"]
    answers = compiled("|".join(f"{{{{ near_spellings({word!r}, {known}) }}}}" for word in NEAR))
    assert dict(zip(NEAR, map(ast.literal_eval, answers.split("|")), strict=True)) == NEAR


def test_a_window_in_words(compiled):
    windows = [7, 1, "ever", "previous_14"]
    answers = compiled("|".join(f"{{{{ window_in_words({window!r}) }}}}" for window in windows))
    assert answers == (
        "in the last 7 days|in the last 24 hours|ever|in the 14 days before the last 14"
    )


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
