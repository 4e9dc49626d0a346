"""The README and docs say what the code does: tables, quotes, names and links are compared."""

import re
import shutil

import pytest
import yaml

from dev import segment_docs
from scripts.dbt_runner import PROJECT

from .oracle.segments import judged

PAGES = [PROJECT / "README.md", PROJECT / "CHANGELOG.md", *sorted((PROJECT / "docs").glob("*.md"))]
README = (PROJECT / "README.md").read_text()
DOCS = "\n".join(page.read_text() for page in PAGES)


def table(text, heading):
    """The rows of the first table under a heading, as lists of cells without backquotes."""
    section = text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows]


def ours(segments):
    """Those segments that come with the project; one of your own need not be on its pages."""
    return [segment for segment in segments if segment.name in judged()]


def core_segments():
    """The core segments as the README lists them, by priority."""
    return [
        (segment.name, segment.goal, str(segment.priority), segment.cadence)
        for segment in ours(segment_docs.segments())
        if segment.is_core
    ]


def segments_in_readme(text):
    return [(name, *rest) for name, _, *rest in table(text, "Segments")]


def test_the_segments_table_is_the_core_segments():
    assert segments_in_readme(README) == core_segments()
    assert segments_in_readme(README.replace("| 10 | hourly |", "| 11 | hourly |")) != (
        core_segments()
    )


def test_the_page_of_segments_is_the_one_that_is_written(demo):
    """A segment of your own may be on the page or not; what the page shows is true."""
    text = segment_docs.PAGE.read_text()
    shown = segment_docs.listed(text)
    assert set(shown) >= {segment.name for segment in ours(segment_docs.segments())}
    found = [segment for segment in segment_docs.segments() if segment.name in shown]
    written = segment_docs.page(found, segment_docs.measures(demo.warehouse, found))
    assert text == written, "run `make demo segment-docs`"
    assert text.replace("not has_converted", "has_converted", 1) != written


def test_the_nearest_segment_has_the_largest_share_in_common():
    members = {"a": {"1", "2"}, "b": {"1", "2", "3", "4"}, "c": {"2"}, "d": {"9"}, "e": set()}
    found = {name: segment_docs.measure(name, members) for name in members}
    assert found["a"] == segment_docs.Measure(2, "b", 0.5)
    assert found["b"] == segment_docs.Measure(4, "a", 0.5)
    assert found["c"] == segment_docs.Measure(1, "a", 0.5)
    assert found["d"] == segment_docs.Measure(1)
    assert found["e"] == segment_docs.Measure()
    assert segment_docs.in_words(found["a"]) == (
        "2 people in the demo; nearest: [`b`](#b), 50 % in common."
    )
    assert segment_docs.in_words(found["d"]) == "1 person in the demo, in no other segment."


def test_without_a_demo_the_page_stays_and_says_what_to_run(tmp_path, capsys):
    before = segment_docs.PAGE.read_text()
    assert segment_docs.main(["--warehouse", str(tmp_path / "none.duckdb")]) == 1
    assert "Run make demo first." in capsys.readouterr().err
    assert segment_docs.PAGE.read_text() == before


def test_the_page_of_segments_takes_one_in_when_it_is_written(tmp_path):
    folder = tmp_path / "segments"
    shutil.copytree(segment_docs.SEGMENTS, folder)
    (folder / "research" / "readers.sql").write_text(
        "-- Reads.\nselect profile_id\n\nfrom {{ ref('profile_traits') }}\n\nwhere is_customer\n"
    )
    assert len(segment_docs.segments(folder)) == len(segment_docs.segments())
    (folder / "research" / "readers.yml").write_text(
        "models: [{name: readers, description: Reads., config: {meta: "
        "{goal: engage, priority: 0, cadence: daily}}}]"
    )
    found = segment_docs.segments(folder)
    measured = {segment.name: segment_docs.Measure() for segment in found}
    assert segment_docs.listed(segment_docs.page(found, measured))[9] == "readers"
    (readers,) = [segment for segment in found if segment.name == "readers"]
    assert (readers.theme, readers.rule, readers.is_core) == ("research", "is_customer", False)


def test_the_quoted_segment_is_the_file():
    quoted = re.search(r"```sql\n(.*?)```", README, re.DOTALL).group(1)
    assert quoted == (PROJECT / "models/marts/segments/research/sales_ready.sql").read_text()


def undocumented_vars(text):
    variables = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]
    return [name for name in variables if f"`{name}" not in text]


def test_every_var_is_documented():
    assert undocumented_vars(DOCS) == []
    assert undocumented_vars(DOCS.replace("`raw_path", "")) == ["raw_path"]


def test_the_canonical_columns_are_those_of_the_union():
    sql = (PROJECT / "models/intermediate/events/int_events_unioned.sql").read_text()
    columns = re.findall(r"^    (\w+),?$", sql, re.MULTILINE)
    documented = [
        row[0] for row in table((PROJECT / "docs/inputs.md").read_text(), "The canonical event")
    ]
    assert documented == columns
    assert len(columns) == 22


def test_the_quarantine_reasons_are_the_accepted_ones():
    core = yaml.safe_load((PROJECT / "models/marts/people/_people__models.yml").read_text())
    model = next(model for model in core["models"] if model["name"] == "events_quarantined")
    column = next(c for c in model["columns"] if c["name"] == "quarantine_reason")
    (test,) = column["data_tests"]
    accepted = test["accepted_values"]["arguments"]["values"]
    page = (PROJECT / "docs/inputs.md").read_text()
    assert sorted(row[0] for row in table(page, "Which events count")) == sorted(accepted)


def missing_targets(text):
    makefile = (PROJECT / "Makefile").read_text()
    named = set(re.findall(r"`make ([a-z-]+)`|^\$ make ([a-z-]+)", text, re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE))
    return sorted({first or second for first, second in named} - targets)


def test_every_make_target_named_exists():
    assert missing_targets(DOCS) == []
    assert missing_targets("`make coffee`") == ["coffee"]


def test_the_first_two_commands_are_demo_and_test():
    assert re.findall(r"^\$ (make \w+)", README, re.MULTILINE)[:2] == ["make demo", "make test"]


def broken_links(page, text):
    targets = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", text)
    return [target for target in targets if not (page.parent / target).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_resolve(page):
    assert broken_links(page, page.read_text()) == []
    assert broken_links(page, "[x](nowhere.md)") == ["nowhere.md"]


def test_every_trigger_is_documented():
    for path in (PROJECT / "macros/triggers").glob("*.sql"):
        assert f"{path.stem}(" in README, path.stem


def test_the_changelog_is_a_table():
    assert "| model or command | change | old | new | what a user must do |" in DOCS


def test_nothing_names_a_registry_or_a_machine():
    for page in PAGES:
        text = page.read_text()
        assert "pypi.org" not in text, page.name
        assert "/work/" not in text, page.name
        assert "/tmp/" not in text, page.name
