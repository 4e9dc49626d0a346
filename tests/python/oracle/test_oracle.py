"""SQL and the plain evaluator agree on every trait, segment, account and tag of thousands."""

from dataclasses import replace
from datetime import datetime

import pytest

from dev import mutants
from dev.project_copy import copy_of_files

from . import comparing, histories
from .events import DAY, HOUR, MINUTE, Event, Person, World, meaning
from .people import count_named, traits_of
from .segments import judged, segments_of

SEED = 20260630
# An ordinary night, and half an hour into a leap day.
RUNS = {"2026-06-30T00:00:00Z": 2200, "2028-02-29T00:30:00Z": 1000}
BUILT = (
    "+profile_traits",
    "+account_traits",
    "+profile_tags",
    "+segment_memberships",
    "+profile_lifecycle",
    "+segment_email_rates",
)
# Counts that no segment of the project asks for.
COUNTED = " or\n".join(
    f"{{{{ did('{behavior}', within_days={window!r}, counting='{counting}') }}}}"
    for behavior, window in (
        ("page_viewed", 7), ("page_viewed", "previous_14"), ("email_clicked", 30),
        ("product_viewed", 14), ("engagement", "ever"), ("order_completed", 90),
    )
    for counting in ("visits", "days", "objects")
)  # fmt: skip


def parsed(as_of: str) -> datetime:
    return datetime.fromisoformat(as_of).replace(tzinfo=None)


@pytest.fixture(scope="module")
def runs(make_project, tmp_path_factory):
    """By as_of a world and the warehouse that was built from its raw files."""
    found = {}
    copied = copy_of_files(tmp_path_factory.mktemp("project") / "copy")
    (copied / "analyses").mkdir()
    (copied / "analyses" / "counted.sql").write_text(COUNTED)
    for as_of, count in RUNS.items():
        drafts = [*histories.draw_drafts(count, SEED), *histories.RARE]
        made = histories.make(drafts, parsed(as_of))
        raw = tmp_path_factory.mktemp("histories") / "raw"
        histories.write(made, raw)
        project = replace(
            make_project(raw, event_sources=["events", "hubspot"], as_of=as_of),
            project_dir=copied,
            target_path=copied / "target",
        )
        project.dbt("build", "--exclude-resource-type", "test", "unit_test", "--select", *BUILT)
        found[as_of] = (made.world, project)
    return found


def shortest(world: World, wrong: list[comparing.Difference]) -> str:
    """The differences of the person with the fewest events, and those events."""
    people = {person.key: person for person in world.people}
    about = min({mutant.about for mutant in wrong if mutant.about in people}, default=None,
                key=lambda key: len(people[key].events))  # fmt: skip
    if about is None:
        return "\n".join(map(str, wrong[:20]))
    lines = [str(mutant) for mutant in wrong if mutant.about == about]
    lines += [str(event) for event in people[about].events] + [str(people[about].contact)]
    return "\n".join([f"{len(wrong)} differences, seed {SEED}; the shortest history:", *lines])


@pytest.mark.parametrize("as_of", RUNS)
def test_sql_and_the_oracle_agree(runs, as_of):
    world, project = runs[as_of]
    assert len(world.people) > 0.9 * RUNS[as_of]
    wrong = comparing.differences(world, project.rows)
    assert not wrong, shortest(world, wrong)


@pytest.mark.parametrize("as_of", RUNS)
def test_the_rates_of_each_segment_and_month_are_those_of_its_people(runs, as_of):
    world, project = runs[as_of]
    found = {
        (segment, month): tuple(counts)
        for segment, month, *counts in project.rows(
            "select segment, delivered_in_month, people_count, email_count, opened_email_count, "
            "clicked_email_count from marts.segment_email_rates"
        )
        if segment in (*judged(), "(everybody)")
    }
    assert found == comparing.email_rates(world)
    assert len({month for _, month in found}) > 1


def test_the_histories_reach_every_answer(runs):
    """Every segment has members and others, every boolean trait both values."""
    world, project = runs["2026-06-30T00:00:00Z"]
    sizes = dict(
        project.rows("select segment, count(*) from marts.segment_memberships group by segment")
    )
    assert len(judged()) >= 55
    one_sided = {name for name in judged() if not 0 < sizes.get(name, 0) < len(world.people)}
    assert one_sided == set(), one_sided
    for model in ("profile_traits", "account_traits"):
        for (column,) in project.rows(
            "select column_name from information_schema.columns where table_schema = 'marts' "
            f"and table_name = '{model}' and data_type = 'BOOLEAN'"
        ):
            # Everybody here has a name; who has none is another module's matter.
            if column != "is_identified":
                values = project.rows(f"select distinct {column} from marts.{model}")
                assert sorted(values) == [(False,), (True,)], column


# --- The oracle itself, by sentences of docs/semantics.md ----------------------------------------

NOW = datetime(2026, 6, 30)


def told(*behaviors_and_ages, **columns) -> dict:
    """The traits of somebody who did these things so long ago."""
    events = tuple(
        Event("events", str(nth), behavior, NOW - age, NOW, **columns)
        for nth, (behavior, age) in enumerate(behaviors_and_ages)
    )
    person = Person("p", events, sightings=tuple(event.at for event in events))
    return traits_of(World(NOW, (person,)), person)


def test_a_window_is_half_open():
    tiny = DAY / 86_400_000_000
    for age, counted in ((0 * DAY, 1), (7 * DAY - tiny, 1), (7 * DAY, 0)):
        assert told(("pricing_page_viewed", age))["pricing_page_viewed_count_7d"] == counted


def test_a_count_that_only_a_segment_of_ones_own_asks_for_is_judged_by_its_name():
    events = [
        Event("events", str(nth), "pricing_page_viewed", NOW - age * DAY, NOW, path=path)
        for nth, (age, path) in enumerate(((1, "/pricing"), (3, "/pricing/teams"), (5, "/pricing")))
    ]
    person = Person("p", tuple(events), sightings=(NOW,))
    world = World(NOW, (person,))
    found = {
        name: count_named(world, person, name)
        for name in (
            "pricing_page_viewed_count_3d",
            "page_viewed_count_previous_2d",
            "consideration_stage_count_ever",
            "page_viewed_days_7d",
            "page_viewed_objects_ever",
            "page_viewed_visits_7d",
            "visit_count_7d",
            "demo_page_viewed_bounce_count_7d",
        )
    }
    assert list(found.values()) == [1, 1, 0, 3, 2, 0, None, None]


def test_a_case_study_is_also_content():
    found = told(("case_study_downloaded", DAY))
    assert (found["content_downloaded_count_90d"], found["decision_stage_count_14d"]) == (1, 1)


@pytest.mark.parametrize(
    ("history", "is_abandoned"),
    [
        ([("cart_item_added", 2 * DAY)], True),
        ([("cart_item_added", 2 * DAY), ("order_completed", DAY)], False),
        ([("cart_item_added", 2 * DAY), ("order_completed", 2 * DAY)], True),
        (
            [("cart_item_added", 3 * DAY), ("order_completed", 2 * DAY), ("cart_item_added", DAY)],
            True,
        ),
        ([("cart_item_added", HOUR)], False),
        ([("cart_item_added", 7 * DAY)], False),
    ],
)
def test_carts(history, is_abandoned):
    assert told(*history)["has_abandoned_cart"] is is_abandoned


def test_opened_opened_unopened_opened_is_two_and_none():
    def message(name, age, *behaviors):
        # A minute after each other: a click that comes with the delivery is a machine's.
        return [
            Event("events", f"{name}{entry}", entry, NOW - age + nth * MINUTE, NOW, object_id=name)
            for nth, entry in enumerate(("email_delivered", *behaviors))
        ]

    events = [
        *message("a", 10 * HOUR),
        *message("b", 20 * HOUR, "email_opened"),
        *message("c", 40 * HOUR, "email_clicked"),
        *message("d", 80 * HOUR),
        *message("e", 90 * HOUR, "email_opened"),
    ]
    person = Person("p", tuple(events), sightings=(NOW - DAY,))
    found = traits_of(World(NOW, (person,)), person)
    assert (found["consecutive_emails_opened"], found["consecutive_emails_ignored"]) == (2, 0)


def test_ten_points_are_five_in_fourteen_days():
    assert told(("order_completed", 0 * DAY))["engagement_score"] == 10
    assert told(("order_completed", 14 * DAY))["engagement_score"] == 5


def test_of_eleven_customers_the_two_who_use_it_most():
    def customer(number):
        uses = [Event("events", str(nth), "product_used", NOW - DAY, NOW) for nth in range(number)]
        order = Event("events", "order", "order_completed", NOW - 40 * DAY, NOW)
        return Person(f"p{number}", (order, *uses), sightings=(NOW - 40 * DAY,))

    world = World(NOW, tuple(customer(number) for number in range(10, 21)))
    top = [person.key for person in world.people if traits_of(world, person)["is_top_decile_user"]]
    assert top == ["p19", "p20"]
    assert "power_users" in segments_of(world, world.people[-1])


def test_rules_give_meaning_from_the_general_to_the_special():
    assert meaning("events", "page_viewed", "/") == "page_viewed"
    assert meaning("events", "page_viewed", "/pricing/enterprise") == "pricing_page_viewed"
    assert meaning("events", "page_viewed", "/pricing-psychology") == "page_viewed"
    assert meaning("events", "campaign_arrived", object_id="&utm_medium=cpc&") == "ad_clicked"
    assert meaning("events", "email_clicked", link="https://x?utm_content=cta") == (
        "email_cta_clicked"
    )
    assert meaning("events", "something_new") == "other"


# --- The mistakes that `make mutants` seeds ------------------------------------------------------


def test_every_seeded_mistake_still_applies(tmp_path):
    copy_of_files(tmp_path / "project")
    for mutant in mutants.MUTANTS:
        text = (tmp_path / "project" / mutant.file).read_text()
        assert text.count(mutant.old) == 1, mutant
        assert mutant.new != mutant.old
    assert len({mutant.what for mutant in mutants.MUTANTS}) == len(mutants.MUTANTS) >= 30
