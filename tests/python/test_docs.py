"""The README and docs say what the code does: tables, quotes, names and links are compared."""

import re
import shutil
from dataclasses import replace

import pytest
import yaml

from scripts.dbt_runner import PROJECT
from scripts.validate import validate

PAGES = [PROJECT / "README.md", PROJECT / "CHANGELOG.md", *sorted((PROJECT / "docs").glob("*.md"))]
README = (PROJECT / "README.md").read_text()
DOCS = "\n".join(page.read_text() for page in PAGES)


def table(text, heading):
    """The rows of the first table under a heading, as lists of cells without backquotes."""
    section = text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows]


def segments_in_yaml():
    """The segments as the README lists them: core ones first, then by priority."""
    found = []
    for path in (PROJECT / "models/marts/segments").rglob("*.yml"):
        for model in yaml.safe_load(path.read_text())["models"]:
            meta = model["config"]["meta"]
            row = (model["name"], meta["goal"], str(meta["priority"]), meta["cadence"])
            found.append((not meta.get("core", False), int(meta["priority"]), row))
    return [row for _, _, row in sorted(found)]


def segments_in_readme(text):
    return [(name, *rest) for name, _, *rest in table(text, "Segments")]


def test_the_segments_table_is_the_yaml():
    assert segments_in_readme(README) == segments_in_yaml()
    assert segments_in_readme(README.replace("| 10 | hourly |", "| 11 | hourly |")) != (
        segments_in_yaml()
    )


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
    assert len(columns) == 18


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


def test_the_worked_examples_hold(make_project, tmp_path):
    """The segment of docs/adding-a-segment.md and the source of docs/adding-a-source.md, built."""
    folder = tmp_path / "project"
    for name in ("models", "macros", "seeds", "tests"):
        shutil.copytree(PROJECT / name, folder / name)
    shutil.copy(PROJECT / "dbt_project.yml", folder / "dbt_project.yml")
    segment, source = (
        (PROJECT / "docs" / f"adding-a-{what}.md").read_text() for what in ("segment", "source")
    )

    def block(text, language, number):
        return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)[number]

    # The segment.
    research = folder / "models/marts/segments/research"
    (research / "case_study_takers.sql").write_text(block(segment, "sql", 0))
    (research / "case_study_takers.yml").write_text(
        "version: 2\n\nmodels:\n"
        + block(segment, "yaml", 0)
        + "\nunit_tests:\n"
        + block(segment, "yaml", 1)
    )
    roll_up = folder / "models/marts/membership/segment_memberships.sql"
    text = roll_up.read_text()
    roll_up.write_text(text.replace("    ]\n", "        'case_study_takers',\n    ]\n", 1))

    # The source.
    staging = folder / "models/staging/webinar"
    staging.mkdir()
    (staging / "_webinar__sources.yml").write_text(block(source, "yaml", 0))
    (staging / "stg_webinar__events.sql").write_text(block(source, "sql", 0))
    settings = (folder / "dbt_project.yml").read_text()
    (folder / "dbt_project.yml").write_text(
        settings.replace("    staging:\n", "    staging:\n" + block(source, "yaml", 1)).replace(
            "      +schema: staging\n      +materialized: view\n", ""
        )
    )
    for seed, line in re.findall(r"`seeds/(\w+)\.csv`: `([^`]+)`", source):
        path = folder / "seeds" / f"{seed}.csv"
        path.write_text(path.read_text() + line + "\n")
    raw = tmp_path / "raw" / "webinar" / "attendances"
    raw.mkdir(parents=True)
    (raw / "one.csv").write_text(
        "id,email,webinar,joined_at\na1,ANA@example.com,pricing,2026-06-01T10:00:00Z\n"
    )
    project = replace(
        make_project(tmp_path / "raw", event_sources=["webinar"], as_of="2026-06-30"),
        project_dir=folder,
        target_path=tmp_path / "target",
    )
    project.dbt("build", "--exclude-resource-type", "unit_test")
    assert project.rows("select email, engagement_score from activation.crm_contacts") == [
        ("ana@example.com", 1)
    ]
    # Its YAML is all that the validation needs.
    (suite,) = validate(
        warehouse=project.warehouse, target_path=project.target_path, as_of="2026-06-02",
        scope="inputs", write=False,
    ).suites  # fmt: skip
    assert (suite.name, suite.status, suite.rows) == ("webinar.attendances", "ok", 1)
    assert {check.name for check in suite.checks} == {
        "columns", "row_count", "duplicates", "freshness", "missing_ids", "unreadable_times",
        "missing_identifiers",
    }  # fmt: skip
    assert (
        project.value("select count(*) from marts.segment_catalog") == len(segments_in_yaml()) + 1
    )
