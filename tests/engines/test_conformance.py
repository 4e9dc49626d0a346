"""Every dispatched macro gives its one documented answer, case by case, on every engine.

A file cases/<macro>.csv is the documentation: a column for each argument, all of them texts, the
answer and, where it helps, why. NULL is null; an empty cell is the empty text.
"""

import csv
import re
from datetime import datetime
from pathlib import Path

import pytest

CASES = Path(__file__).parent / "cases"
# How each macro is called on the columns of its cases.
CALLS = {
    "clean_domain": "clean_domain('input')",
    "page_path": "page_path('path', 'url')",
    "matches_page": "matches_page('path', 'pattern')",
    "url_parameters": "url_parameter(url_parameters('url'), \"'&utm_source='\")",
    "clean_email": "clean_email('input')",
    "clean_id": "clean_id('input')",
    "clean_phone": "clean_phone('input', region='GB')",
    "clean_user_id": "clean_user_id('input')",
    "epoch_micros": "epoch_micros(utc_timestamp('input'))",
    "epoch_text_timestamp": "epoch_text_timestamp('input')",
    "epoch_timestamp": "epoch_timestamp('input')",
    "fixed_text": "fixed_text(to_number('input'))",
    "form_decoded": "form_decoded('input')",
    "formatted_time": "read_timestamp(formatted_time('input', '%m/%d/%Y %I:%M %p'))",
    "from_zone": "from_zone(utc_timestamp('input'), 'America/New_York')",
    "is_email_address": "is_email_address('input')",
    "is_json": "is_json('input')",
    "join_texts": "join_texts(', ', ['first', 'last'])",
    "json_entry": "json_entry(json_or_null('input'), 'b')",
    "json_item": "json_item(json_or_null('input'), 0, 'id')",
    "json_object": "json_object({'a': 'input'}, numbers={'n': to_number('number')})",
    "json_string": "json_string('input')",
    "json_part": "json_text(json_part(json_or_null('input'), 'a-b'), 'c')",
    "json_text": "json_text(json_or_null('input'), 'a')",
    "json_text_within": "json_text(json_or_null('input'), 'a', 'b-c')",
    "lower_text": "lower_text('input')",
    "matches": "matches('input', 'pattern')",
    "node_key": "node_key('input', 'input')",
    "number_text": "number_text(to_number('input'))",
    "profile_id": "profile_id('input', 'input')",
    "regex_matches": "regex_matches('input', \"^[a-z]+'s [0-9.]+$\")",
    "regex_replace": "regex_replace('input', '([0-9]+)[.]0', '<\\\\1>')",
    "round_to": "round_to(to_number('input'), 2)",
    "round_to_whole": "round_to(to_number('input'))",
    "seconds_between": "seconds_between(utc_timestamp('since'), utc_timestamp('until'))",
    "part_of": "part_of('input', \"'@'\", 2)",
    "to_amount": "to_amount('input')",
    "to_boolean": "to_boolean('input')",
    "to_number": "to_number('input')",
    "trimmed": "trimmed('input')",
    "utc_timestamp": "utc_timestamp('input')",
    "void_key": "void_key('input')",
    "void_spelling": "void_spelling('input')",
}
ENGINES = ("DuckDB", "PostgreSQL", "Spark")
# What an engine has of its own for the same, on which the engines do not agree.
OWN_FORMS = {
    "lower_text": "lower(input)",
    "round_to_whole": "round({{ to_number('input') }})",
    "trimmed": "trim(input)",
}
# Dispatched macros that hold no value to compare.
WITHOUT_CASES = {
    "names_before": "asks the database which tables there are",
    "no_rows": "one and the same on the three engines",
    "split_source": "nothing at all on the three engines",
    "union_distinct": "one and the same on the three engines",
}
# Several rows in, one out, or the other way round: macro, SQL around it, answer.
OVER_ROWS = {
    "text_list": (
        "select {{ text_list('words', ', ', 'place') }} as found from given where words <> 'b'",
        [("Zz, a'c, ä",)],
    ),
    "first_known": (
        "select {{ first_known('hint', 'place') }} as found from given",
        [("third",)],
    ),
    "split_to_rows": (
        "select {{ split_to_rows('parts', ';') }} as found from given where place = '1'",
        [("",), (" y",), ("x",)],
    ),
    "json_positions": (
        "select {{ json_positions('list', 'of') }} as found from given where list is not null",
        [(0,), (1,)],
    ),
    "json_element": (
        "select {{ json_text(json_element('list', 'of', '1'), 'id') }} as found from given "
        "where place = '1'",
        [("b",)],
    ),
    # Java reads [[] as a class that never ends.
    "a bracket in regex_matches": (
        "select place as found from given where {{ regex_matches('list', '[^a-z] \\\\[[{]') }}",
        [("1",)],
    ),
    # By bytes: upper case before lower case, letters with accents last.
    "by_bytes": (
        "select min({{ by_bytes('words') }}) as found from given "
        "union all select max({{ by_bytes('words') }}) as found from given",
        [("Zz",), ("ä",)],
    ),
    "sorted_by": (
        "select words as found from (select words, row_number() over (order by "
        "{{ sorted_by(['hint'], 'desc') }}) as place from given) as ranked where place = 1",
        [("b",)],
    ),
}
GIVEN = [
    {
        "place": "1",
        "words": "Zz",
        "hint": None,
        "parts": "x; y;",
        "list": '{"of": [{"id": "a"}, {"id": "b"}]}',
    },
    {"place": "2", "words": "a'c", "hint": None, "parts": None, "list": '{"of": []}'},
    {"place": "3", "words": "ä", "hint": "third", "parts": None, "list": '{"of": {}}'},
    {"place": "4", "words": "b", "hint": "zero", "parts": None, "list": None},
]


def cases(macro):
    """The cases of a macro: arguments by name, and the answer."""
    with (CASES / f"{macro}.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert lines, macro
    read = [
        {name: None if cell == "NULL" else cell for name, cell in line.items() if name != "why"}
        for line in lines
    ]
    return [(line, line.pop("answer")) for line in read]


def given_sql(rows):
    """A `with` of these rows, all values texts, as Jinja."""
    selects = []
    for number, row in enumerate(rows):
        columns = [f"{number} as number_of_case"]
        for name, value in row.items():
            literal = "'null'" if value is None else f"text_literal({value!r})"
            text = f"by_bytes('cast(' ~ {literal} ~ ' as ' ~ dbt.type_string() ~ ')')"
            columns.append(f"{{{{ {text} }}}} as {name}")
        selects.append("select " + ", ".join(columns))
    return "with given as (" + " union all ".join(selects) + ") "


def shown(value):
    """A value as the answers are written."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return str(value.replace(tzinfo=None))
    return value


def differs(found, answer):
    """Whether a value is not the answer, which is written as text."""
    if isinstance(found, float) and answer is not None:
        answer = float(answer)
    return shown(found) != answer


def text_of(macro, call):
    rows = [row for row, _ in cases(macro)]
    return given_sql(rows) + f"select number_of_case, {call} as found from given order by 1"


TEXTS = {
    **{macro: text_of(macro, f"{{{{ {call} }}}}") for macro, call in CALLS.items()},
    **{macro: given_sql(GIVEN) + query for macro, (query, _) in OVER_ROWS.items()},
    **{f"own {macro}": text_of(macro, call) for macro, call in OWN_FORMS.items()},
}


@pytest.fixture(scope="module")
def found_by(make_engine):
    """A function that gives what an engine finds for one of TEXTS."""
    compiled = {}

    def found(name, text):
        engine = make_engine(name)
        if name not in compiled:
            compiled[name] = dict(zip(TEXTS, engine.compiled(list(TEXTS.values())), strict=True))
        return engine.rows(compiled[name][text])

    return found


@pytest.mark.parametrize("macro", CALLS)
@pytest.mark.parametrize("name", ENGINES)
def test_a_macro_gives_its_answers(found_by, name, macro):
    wrong = {}
    for (row, answer), (_, found) in zip(cases(macro), found_by(name, macro), strict=True):
        if differs(found, answer):
            wrong[str(row)] = f"found {found!r}, expected {answer!r}"
    assert wrong == {}


@pytest.mark.parametrize("macro", OVER_ROWS)
@pytest.mark.parametrize("name", ENGINES)
def test_a_macro_over_rows_gives_its_answer(found_by, name, macro):
    assert sorted(found_by(name, macro)) == OVER_ROWS[macro][1]


@pytest.mark.parametrize("macro", OWN_FORMS)
def test_what_an_engine_has_of_its_own_is_found(found_by, macro):
    """A macro that is replaced by the engine's own function fails on one engine at least."""
    wrong = set()
    for name in ("DuckDB", "PostgreSQL"):
        found = [value for _, value in found_by(name, f"own {macro}")]
        wrong |= {name for value, (_, answer) in zip(found, cases(macro), strict=True)
                  if differs(value, answer)}  # fmt: skip
    assert wrong


def test_every_file_of_cases_is_run():
    assert {path.stem for path in CASES.glob("*.csv")} == set(CALLS)


def test_every_dispatched_macro_has_cases():
    """Called in the table, or by a macro that is."""
    texts = {
        path.stem: re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)
        for path in Path("macros").glob("*/*.sql")
    }
    reached, left = set(), {" ".join(CALLS.values()) + str(OVER_ROWS) + "text_literal("}
    while left:
        text = left.pop()
        called = {name for name in texts if re.search(rf"\b{name}\(", text)} - reached
        reached |= called
        left |= {texts[name] for name in called}
    dispatched = {
        path.stem
        for folder in ("sql", "time", "identity")
        for path in (Path("macros") / folder).glob("*.sql")
        if "adapter.dispatch" in path.read_text()
    }
    assert dispatched - reached == set(WITHOUT_CASES)
