"""The whole project on the demo data: what was planted comes out, what is broken is caught."""

import csv
from collections import Counter
from dataclasses import replace

import duckdb
import pytest

from dev.project_copy import copy_of_files
from scripts.dbt_runner import PROJECT, DbtFailed

from .conftest import AS_OF, copy_of


def planted(project, name):
    with (project.raw / "_planted" / f"{name}.csv").open() as file:
        return list(csv.DictReader(file))


def test_every_unit_test_passes(demo):
    nodes = demo.dbt("test", "--select", "test_type:unit")
    assert sum(node.kind == "unit_test" for node in nodes) > 150, {node.kind for node in nodes}


def test_planted_people_are_where_their_story_puts_them(demo):
    found = {
        (kind, value): (segments, reason or "", stage)
        for kind, value, segments, reason, stage in demo.rows(
            """
            select
                identifier_type, identifier_value, coalesce(segments.segments, ''),
                suppressions.reason,
                case
                    when traits.lifecycle_stage in ('anonymous', 'lead', 'engaged') then 'prospect'
                    else traits.lifecycle_stage
                end
            from marts.profile_identifiers as identifiers
            inner join marts.profile_traits as traits using (profile_id)
            left join marts.profile_segments as segments using (profile_id)
            left join marts.profile_suppressions as suppressions using (profile_id)
            """
        )
    }
    people = planted(demo, "people")
    wrong = {
        person["person"]: (found.get((person["key_type"], person["key_value"])), person["why"])
        for person in people
        if found.get((person["key_type"], person["key_value"]))
        != (
            person["expected_segments"],
            person["expected_suppressed"],
            person["expected_lifecycle"],
        )
    }
    assert len(people) > 200
    assert wrong == {}


def test_identifiers_of_one_planted_person_point_at_one_profile(demo):
    profile_of = {
        (kind, value): profile_id
        for kind, value, profile_id in demo.rows(
            "select identifier_type, identifier_value, profile_id from marts.profile_identifiers"
        )
    }
    owned = {}
    for row in planted(demo, "identities"):
        if row["is_shared"] == "false":
            key = (row["identifier_type"], row["identifier_value"])
            owned.setdefault(row["person"], set()).add(profile_of.get(key))
    assert {person: ids for person, ids in owned.items() if len(ids) != 1 or None in ids} == {}
    several = [person for person in owned if person.startswith("three_") or "addresses" in person]
    assert several, "the demo plants people with several addresses"
    profiles = [profile_id for ids in owned.values() for profile_id in ids]
    assert len(profiles) == len(set(profiles)), "two planted people became one"


def test_shared_identifiers_of_planted_people_link_nobody(demo):
    found = {
        (kind, value): (reason, is_shared_device)
        for kind, value, reason, is_shared_device in demo.rows(
            """
            select identifier_type, identifier_value, suppression_reason, is_shared_device
            from marts.profile_identifiers
            inner join marts.profiles using (profile_id)
            """
        )
    }
    shared = {
        (row["identifier_type"], row["identifier_value"])
        for row in planted(demo, "identities")
        if row["is_shared"] == "true"
    }
    assert {found[key] for key in shared if key[0] == "email"} == {("blocked_value", False)}
    assert {found[key] for key in shared if key[0] == "anonymous_id"} == {
        ("shared_identifier", True)
    }
    # Nobody else in the demo shares anything.
    assert {key for key, (reason, _) in found.items() if reason} == shared
    kept_apart = {
        value
        for pair in demo.rows(
            "select identifier_value_a, identifier_value_b from marts.identity_suppressed_edges"
        )
        for value in pair
    }
    assert {value for _, value in shared} <= kept_apart


def test_void_identifiers_are_nobody(demo):
    values = {
        value for (value,) in demo.rows("select identifier_value from marts.profile_identifiers")
    }
    assert not values & {"undefined", "null", "00000000-0000-0000-0000-000000000000"}
    carried = demo.value(
        "select count(*) from intermediate.int_events where user_id = 'undefined' "
        "or anonymous_id = 'undefined'"
    )
    assert carried > 0, "events keep what they came with"


def test_quarantine_and_duplicates_are_exactly_what_was_planted(demo):
    expected = Counter()
    for row in planted(demo, "quarantine"):
        expected[(row["source"], row["reason"])] += int(row["expected_rows"])
    assert expected == Counter(
        {
            (source, reason): count
            for source, reason, count in demo.rows(
                """
                select source, quarantine_reason, count(*) from marts.events_quarantined
                group by all
                """
            )
        }
    )
    duplicates = {row["source"]: int(row["expected_rows"]) for row in planted(demo, "duplicates")}
    assert duplicates == dict(
        demo.rows(
            "select source, duplicate_count from marts.event_intake where duplicate_count > 0"
        )
    )


def test_every_segment_has_members_and_none_has_everybody(demo):
    everybody = demo.value("select count(*) from marts.profiles")
    sizes = dict(
        demo.rows("select segment, count(*) from marts.segment_memberships group by segment")
    )
    catalog = {row[0] for row in demo.rows("select segment from marts.segment_catalog")}
    assert set(sizes) == catalog
    assert all(0 < size < everybody / 2 for size in sizes.values())


def test_traits_have_no_holes(demo):
    columns = demo.rows(
        """
        select column_name from information_schema.columns
        where table_schema = 'marts' and table_name = 'profile_traits'
        -- Nobody but those with a company has an account, nor a currency who never ordered, nor
        -- anything in a cart who left none.
        and data_type <> 'TIMESTAMP'
        and column_name not in (
            'account_id', 'order_currency', 'abandoned_cart_items', 'abandoned_cart_link'
        )
        """
    )
    assert len(columns) >= 50
    nulls = " + ".join(f"count(*) filter (where {name} is null)" for (name,) in columns)
    assert demo.value(f"select {nulls} from marts.profile_traits") == 0


CONTENT = {
    "int_events": "select * from intermediate.int_events order by all",
    "profile_traits": "select * from marts.profile_traits order by profile_id",
    "account_traits": "select * from marts.account_traits order by account_id",
    "profile_tags": "select * from marts.profile_tags order by all",
    "memberships": "select * from marts.segment_memberships order by all",
    "history": "select * from marts.segment_membership_history order by all",
    "crm_contacts": "select * from activation.crm_contacts order by profile_id",
    "email_list_members": "select * from activation.email_list_members order by profile_id",
    "ad_audience_members": "select * from activation.ad_audience_members order by all",
    "sales_alerts": "select * from activation.sales_alerts order by all",
    "crm_companies": "select * from activation.crm_companies order by crm_company_id",
    "segment_overlap": "select * from marts.segment_overlap order by all",
    "quarantine": "select * from marts.events_quarantined order by all",
    "profiles": "select * from marts.profiles order by profile_id",
    "profile_identifiers": "select * from marts.profile_identifiers order by all",
    "suppressed_edges": "select * from marts.identity_suppressed_edges order by all",
    "identity_history": "select * from intermediate.int_identity_clusters_history order by all",
    "merges": "select * from marts.profile_merges order by all",
}


def content(project, *, without=()):
    return {name: project.rows(query) for name, query in CONTENT.items() if name not in without}


def test_a_second_run_changes_nothing(demo, tmp_path):
    again = copy_of(demo, tmp_path)
    again.dbt("run")
    assert content(again) == content(demo)


def test_time_alone_moves_people_and_history_remembers(demo, tmp_path):
    later = copy_of(demo, tmp_path)
    later.dbt("run", as_of="2026-07-04T00:00:00Z")
    before = set(demo.rows("select segment, profile_id from marts.segment_memberships"))
    after = set(later.rows("select segment, profile_id from marts.segment_memberships"))
    assert {segment for segment, _ in before - after} >= {"hot_returners", "pricing_researchers"}
    stays = later.rows(
        """
        select segment, profile_id, entered_at, exited_at
        from marts.segment_membership_history
        """
    )
    left = {(segment, person) for segment, person, _, exited in stays if exited is not None}
    still = {(segment, person) for segment, person, _, exited in stays if exited is None}
    assert left == before - after
    assert still == after
    with pytest.raises(DbtFailed, match="cannot go back"):
        later.dbt("run", "--select", "segment_membership_history", as_of=AS_OF)


def test_history_survives_a_full_refresh(demo, tmp_path):
    again = copy_of(demo, tmp_path)
    again.dbt("run", "--full-refresh", as_of="2026-07-01T00:00:00Z")
    who = "select identifier_type, identifier_value, profile_id from marts.profile_identifiers"
    assert set(demo.rows(who)) <= set(again.rows(who))
    assert again.value(
        "select count(*) from marts.segment_membership_history where entered_at < '2026-07-01'"
    ) == demo.value("select count(*) from marts.segment_membership_history")


FAULTS = {
    "events_are_neither_lost_nor_doubled": """
        delete from marts.events_quarantined where quarantine_reason = 'no_identifier'
    """,
    "behavior_rules_do_not_tie": """
        update intermediate.int_event_kinds_classified set winning_behavior_count = 2
        where event_name = 'page_viewed'
    """,
    "every_event_finds_its_profile": """
        delete from intermediate.int_events_resolved where behavior = 'identified'
    """,
    "nobody_suppressed_leaves_the_warehouse": """
        insert into marts.profile_suppressions
        select profile_id, 'email', 'complained', as_of from activation.crm_contacts limit 1
    """,
    "customers_get_nothing_meant_for_prospects": """
        update activation.ad_audience_members set audience = 'pricing_researchers'
        where audience = 'customers'
    """,
    "one_person_is_contacted_through_one_record": """
        insert into activation.email_list_members
        select * replace ('pause' as list) from activation.email_list_members
        where list = 'active' limit 1
    """,
    "ads_reach_only_those_who_agreed": """
        update intermediate.int_profile_consents set has_ad_consent = false
    """,
    "customers_get_no_prospect_segment_as_primary": """
        update marts.profile_segments set primary_segment = 'sales_ready'
        where primary_segment = 'customers'
    """,
    "unique_crm_contacts_email": """
        update activation.crm_contacts set email = 'same@example.com'
    """,
    "expression_is_true_segment_membership_history": """
        update marts.segment_membership_history set exited_at = entered_at - interval 1 day
    """,
    "accepted_range_profile_traits_0__10__emails_opened_of_last_10": """
        update marts.profile_traits set emails_opened_of_last_10 = 11
    """,
    "unique_combination_int_events_source__event_id": """
        insert into intermediate.int_events
        select * from intermediate.int_events limit 1
    """,
    "segment_events_are_fresh": "",
    "accepted_range_profile_traits_0__100__fit_score": """
        update marts.profile_traits set fit_score = 101 where is_customer
    """,
    "accepted_range_segment_overlap_0__1__jaccard": """
        update marts.segment_overlap set jaccard = 1.01
    """,
    "unique_combination_profile_tags_profile_id__kind__value": """
        insert into marts.profile_tags select * from marts.profile_tags limit 1
    """,
    "sources_are_switched_off": """
        update marts.event_intake set retired_count = 1 where source = 'email'
    """,
    "at_most_ten_core_segments": "update marts.segment_catalog set is_core = true",
    # A segment that holds everybody.
    "size_within_sales_ready": """
        update marts.profile_traits
        set
            has_converted = false, pricing_page_viewed_count_30d = 3,
            case_study_downloaded_count_30d = 1, consecutive_emails_opened = 3
    """,
    "identity_largest_profile_is_within_limit": """
        update marts.identity_health set largest_profile = 501
    """,
    "identity_merges_are_within_limit": """
        update marts.identity_health set merge_share_1d = 0.11
    """,
    "identity_suppressed_share_is_within_limit": """
        update marts.identity_health set suppressed_share = 0.21
    """,
    "no_active_edge_crosses_profiles": """
        delete from marts.identity_suppressed_edges where reason = 'shared_identifier'
    """,
    "identifiers_of_too_many": """
        insert into intermediate.int_identity_nodes_screened
        select node_key, 'hub' as reason, 'user_id_of_many_addresses' as rule
        from intermediate.int_identity_nodes where identifier_type = 'user_id' limit 1
    """,
    "no_profile_is_over_a_limit": """
        update intermediate.int_identity_clusters set profile_key = 1 where profile_key % 2 = 0
    """,
    "retired_profile_ids_are_logged": """
        insert into intermediate.int_identity_clusters_history
        select
            node_key, revision + 1 as revision, revision + 2 as closing_revision,
            node_key as profile_key, suppression_reason, valid_from, valid_from as valid_to
        from intermediate.int_identity_clusters_history where node_key <> profile_key limit 1
    """,
}


def test_checks_fail_on_bad_input(demo, tmp_path):
    broken = copy_of(demo, tmp_path)
    with duckdb.connect(str(broken.warehouse)) as connection:
        for statement in FAULTS.values():
            connection.execute(statement or "select 1")
    with pytest.raises(DbtFailed) as failure:
        # A week on, the demo's newest rows are stale.
        broken.dbt("test", "--exclude-resource-type", "unit_test", as_of="2026-07-20T00:00:00Z")
    caught = {node.name for node in failure.value.nodes if node.status in ("fail", "warn", "error")}
    missed = [name for name in FAULTS if not any(test.startswith(name) for test in caught)]
    assert missed == [], sorted(caught)


@pytest.fixture
def copied_project(demo, tmp_path):
    """The project's own files, copied, so that a test can break them."""
    return replace(
        copy_of(demo, tmp_path / "copy"),
        project_dir=copy_of_files(tmp_path / "project"),
        target_path=tmp_path / "target",
    )


def test_rules_that_tie_fail_the_build(copied_project):
    rules = copied_project.project_dir / "seeds" / "behavior_rules.csv"
    # Two that spell out equally much of /careers, and say different things.
    rules.write_text(
        rules.read_text()
        + "*,page_viewed,*/careers,*,*,security_page_viewed,1\n"
        + "*,page_viewed,/*careers,*,*,careers_page_viewed,1\n"
        # Not a tie: the higher precedence decides.
        + "*,page_viewed,/docs/*,*,*,security_page_viewed,1\n"
    )
    with pytest.raises(DbtFailed, match="behavior_rules_do_not_tie"):
        copied_project.dbt("build", "--select", "behavior_rules+1", "behavior_rules+2")
    ties = copied_project.rows(
        """
        select distinct page_path = '/careers' or starts_with(page_path, '/careers/')
        from intermediate.int_event_kinds_classified where winning_behavior_count > 1
        """
    )
    assert ties == [(True,)], "the page and those below it, nothing else"


def test_a_new_rule_reclassifies_the_past(copied_project):
    rules = copied_project.project_dir / "seeds" / "behavior_rules.csv"
    rules.write_text(rules.read_text() + "*,page_viewed,/blog/*,*,*,case_study_viewed,0\n")
    count = "select count(*) from intermediate.int_events_resolved where behavior = '{}'"
    before = copied_project.value(count.format("case_study_viewed"))
    copied_project.dbt("build", "--select", "behavior_rules+3", "--exclude-resource-type", "test")
    assert copied_project.value(count.format("case_study_viewed")) > before


@pytest.mark.parametrize(
    "path", sorted((PROJECT / "analyses").glob("*.sql")), ids=lambda path: path.stem
)
def test_an_analysis_runs_as_it_is(demo, path):
    demo.dbt("compile", "--select", path.stem)
    compiled = demo.target_path / "compiled" / "audience_engine" / "analyses" / path.name
    assert demo.rows(compiled.read_text()) is not None


def test_an_event_that_no_rule_knows_is_reported(copied_project):
    """It stays as behavior `other`, and a test warns with its name; so does its behavior's test."""
    rules = copied_project.project_dir / "seeds" / "behavior_rules.csv"
    lines = rules.read_text().splitlines(keepends=True)
    rules.write_text("".join(line for line in lines if ",product_used," not in line))
    nodes = copied_project.dbt(
        "build", "--select", "behavior_rules+2", "--exclude-resource-type", "unit_test"
    )
    assert {node.name for node in nodes if node.status == "warn"} == {
        "events_without_a_behavior",
        "behaviors_that_no_rule_yields",
    }
