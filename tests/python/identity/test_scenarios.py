"""Everyday situations come out as docs/identity-scenarios.md tells them."""

import re
from dataclasses import replace

import pytest

from dev.project_copy import copy_of_files
from scripts.dbt_runner import PROJECT

from . import scenarios

SCENARIOS = scenarios.load()
NAMES = [scenario["name"] for scenario in SCENARIOS]
PAGE = PROJECT / "docs/identity-scenarios.md"
SELECTED = (
    "+profile_merges", "+profile_aliases", "+identity_suppressed_edges", "+profiles",
    "+profile_identifiers",
    "+int_events_resolved",
)  # fmt: skip


@pytest.fixture(scope="module")
def builds(make_project, tmp_path_factory):
    """What was found for every scenario after each of the three builds: people, log, dead ends."""
    folder = copy_of_files(tmp_path_factory.mktemp("scenarios"))
    project = replace(
        make_project(event_sources=["events", "hubspot", "segment"]),
        project_dir=folder,
        target_path=folder / "target",
    )
    overrides = folder / "seeds/identity_overrides.csv"
    header = overrides.read_text()
    assert header.count("\n") == 1, "the project comes without decisions"
    found = []
    for build in range(scenarios.BUILDS):
        scenarios.land(project.raw, SCENARIOS, build)
        overrides.write_text(header + scenarios.override_lines(SCENARIOS, build))
        project.dbt(
            "build", "--select", *SELECTED, "--exclude-resource-type", "test", "unit_test",
            as_of=f"{scenarios.as_of(build):%Y-%m-%dT%H:%M:%SZ}",
        )  # fmt: skip
        found.append(
            {
                "people": {
                    scenario["name"]: scenarios.people_found(
                        project, scenarios.identifiers(scenario)
                    )
                    for scenario in SCENARIOS
                },
                "log": {
                    scenario["name"]: scenarios.log_found(
                        project, build, scenarios.identifiers(scenario)
                    )
                    for scenario in SCENARIOS
                },
                "aliases": project.rows(
                    """
                    select aliases.* from marts.profile_aliases as aliases
                    left join marts.profiles using (profile_id)
                    where profiles.profile_id is null
                    """
                ),
            }
        )
    return found


@pytest.mark.parametrize("scenario", SCENARIOS, ids=NAMES)
def test_a_scenario_comes_out_as_told(builds, scenario):
    for step, found in zip(scenarios.steps(scenario), builds, strict=True):
        people = {person.named_by: person for person in step["people"]}
        actual = {person.named_by: person for person in found["people"][scenario["name"]]}
        # Only some scenarios are about which address is the best one.
        actual = {
            name: replace(person, best_email=None)
            if name in people and people[name].best_email is None
            else person
            for name, person in actual.items()
        }
        assert actual == people
        assert found["log"][scenario["name"]] == set(step["log"])
        assert found["aliases"] == []


def test_scenarios_do_not_meet():
    shown = [name for scenario in SCENARIOS for name in scenarios.identifiers(scenario)]
    assert len(shown) == len(set(shown))


def test_every_event_of_a_scenario_is_counted(builds):
    """The people of a scenario hold all its anonymous events, none of another one's."""
    for scenario in SCENARIOS:
        seen = [seen for step in scenarios.steps(scenario) for seen in step["seen"]]
        expected = sum(
            entry.get("times", 1)
            for entry in seen
            if {*entry} <= {"anonymous_id", "device_id", "times"}
        )
        people = builds[-1]["people"][scenario["name"]]
        assert sum(person.anonymous_events for person in people) == expected, scenario["name"]


def sections(text):
    """Title and text of each section of the page."""
    return re.findall(r"^## (.+?)\n\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)


def differences(text):
    """Titles of scenarios whose section does not tell story, result and reason of the fixtures."""
    told = dict(sections(text))
    flat = {title: " ".join(section.split()) for title, section in told.items()}
    return [
        scenario["title"]
        for scenario in SCENARIOS
        if scenarios.table(scenario) not in told.get(scenario["title"], "")
        or scenario["story"].strip() not in flat[scenario["title"]]
        or scenario["why"].strip() not in flat[scenario["title"]]
    ]


def test_the_page_tells_the_same_scenarios():
    text = PAGE.read_text()
    assert [title for title, _ in sections(text)] == [scenario["title"] for scenario in SCENARIOS]
    assert differences(text) == []
    assert differences(text.replace("`kiosk-browser`", "`kiosk`")) == ["A kiosk"]
    assert differences(text.replace("## A kiosk\n", "## A shop\n")) == ["A kiosk"]


def test_the_number_of_scenarios_is_the_one_that_docs_name():
    words = {16: "sixteen", 17: "seventeen", 18: "eighteen"}
    text = (PROJECT / "docs/identity.md").read_text()
    assert f"in {words[len(SCENARIOS)]} everyday situations" in text
