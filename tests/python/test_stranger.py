"""A stranger's way to a segment of their own: files as the docs show, one command, all green."""

import json
import re
import time

import pytest

from scripts.dbt_runner import PROJECT

from .conftest import AS_OF
from .house import House

PAGE = (PROJECT / "docs" / "adding-a-segment.md").read_text()
# Its behavior is in the catalogue, nobody counts it, and a line of a seed gives it another page.
DOCS_READERS = {
    "models/marts/segments/research/docs_readers.sql": """\
-- Read the documentation twice in five days, as nobody does who just looks around.
select profile_id

from {{ ref('profile_traits') }}

where {{ did('documentation_viewed', at_least=2, within_days=5) }}
""",
    "models/marts/segments/research/docs_readers.yml": """\
version: 2

models:
  - name: docs_readers
    description: People who read two pages of the documentation or more in the last five days.
    config:
      group: marketing
      meta:
        goal: engage
        priority: 47
        weight: 0.5
        cadence: daily
        evidence: [documentation_viewed_count_5d]
        success: {behavior: trial_started, within_days: 30}
        destinations: []

unit_tests:
  - name: docs_readers_edges
    description: Both sides of the condition.
    model: docs_readers
    given:
      - input: ref('profile_traits')
        rows:
          - {profile_id: twice, documentation_viewed_count_5d: 2}
          - {profile_id: once, documentation_viewed_count_5d: 1}
    expect:
      rows:
        - {profile_id: twice}
""",
}
SEED_LINE = "*,page_viewed,/webinars/*,*,*,documentation_viewed,0\n"


class Segments(House):
    """What a stranger looks at after a segment was added."""

    def unit_tests(self) -> dict[str, str]:
        """What became of the unit tests of the last run, by name."""
        results = json.loads((self.folder / "target" / "run_results.json").read_text())["results"]
        return {
            result["unique_id"].split(".")[-1]: result["status"]
            for result in results
            if result["unique_id"].startswith("unit_test.")
        }

    def did_twice(self, condition: str, days: int) -> set[tuple]:
        """Who did something twice or more in so many days, counted from the events by hand."""
        return self.rows(
            f"""
            select profile_id from intermediate.int_events_resolved
            inner join intermediate.int_profiles using (profile_key)
            where is_human and {condition}
                and occurred_at > timestamp '{AS_OF[:10]}' - interval {days} day
            group by profile_id having count(*) >= 2
            """
        )


@pytest.fixture(scope="module")
def house(demo, tmp_path_factory):
    """The copy, with the example of docs/adding-a-segment.md in it and built by its command."""
    house = Segments(tmp_path_factory.mktemp("house") / "project", demo.raw, demo.warehouse)
    for ending, language in (("sql", "sql"), ("yml", "yaml")):
        (example,) = re.findall(
            rf"^`(models/[^`]*\.{ending})`:\n\n```{language}\n(.*?)```",
            PAGE,
            re.DOTALL | re.MULTILINE,
        )
        (house.folder / example[0]).write_text(example[1])
    (command,) = re.findall(r"^\$ (make segment .*)$", PAGE, re.MULTILINE)
    house.run(*command.split())
    return house


def test_the_example_of_the_docs_is_in_and_unit_tested(house):
    assert house.unit_tests() == {"comparison_sprinters_edges": "pass"}
    members = house.rows("select profile_id from segments.comparison_sprinters")
    prospects = house.rows("select profile_id from marts.profile_traits where not has_converted")
    assert members == house.did_twice("behavior = 'comparison_page_viewed'", 3) & prospects
    assert members == house.rows(
        "select profile_id from marts.segment_memberships where segment = 'comparison_sprinters'"
    )
    assert house.rows(
        "select priority from marts.segment_catalog where segment = 'comparison_sprinters'"
    ) == {(23,)}


def test_the_tests_of_a_project_with_a_segment_of_its_own_stay_green(house):
    names = ("test_project_rules.py", "test_docs.py", "test_roll_up.py", "test_demo_data.py")
    printed = house.run(
        ".venv/bin/python", "-m", "pytest", "-n", "1", "-p", "no:cacheprovider",
        *(f"tests/python/{name}" for name in names),
    )  # fmt: skip
    assert re.search(r"^\d+ passed", printed, re.MULTILINE), printed


def test_a_behavior_nobody_counted_takes_two_files_a_seed_line_and_one_command(
    house, record_property
):
    for path, text in DOCS_READERS.items():
        (house.folder / path).write_text(text)
    rules = house.folder / "seeds" / "behavior_rules.csv"
    rules.write_text(rules.read_text() + SEED_LINE)
    began = time.perf_counter()
    house.run("make", "segment", "NAME=docs_readers")
    record_property("seconds from the files to the segment", round(time.perf_counter() - began, 1))
    assert house.unit_tests() == {"docs_readers_edges": "pass"}
    members = house.rows("select profile_id from segments.docs_readers")
    assert members == house.did_twice("behavior = 'documentation_viewed'", 5)
    by_the_seed = house.did_twice(
        "behavior = 'documentation_viewed' and page_path like '/webinars/%'", 5
    )
    assert by_the_seed, "the line of the seed counts"
    assert by_the_seed <= members
