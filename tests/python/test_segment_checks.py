"""What is wrong with a segment stops the build at once and says what to write instead."""

import csv
import re
from dataclasses import replace

import duckdb
import pytest

from dev.project_copy import copy_of_files
from scripts.dbt_runner import DbtFailed
from scripts.roll_up import ROLL_UP, write_roll_up

from .conftest import AS_OF

META = {
    "goal": "engage",
    "priority": "301",
    "weight": "1.0",
    "cadence": "daily",
    "evidence": "[visit_count_7d]",
    "success": "{behavior: page_viewed, within_days: 30}",
    "destinations": "[crm]",
}
# What is wrong with each, and what the error must say about it.
WRONG = {
    "goals": ({"goal": "convince"}, "goal is 'convince'. Choose from convert, engage, reengage"),
    "cadences": ({"cadence": "often"}, "cadence is 'often'. Choose from realtime, hourly"),
    "places": ({"destinations": "[crm, fax]"}, "destinations is 'fax'. Choose from crm, email"),
    "place": ({"destinations": "crm"}, "destinations is 'crm'. Write a list, such as [crm]."),
    "heavy": ({"weight": "11"}, "weight is '11'. Give a number above 0, at most 10."),
    "ranked": ({"priority": "high"}, "priority is 'high'. Give a whole number from 1 up."),
    "cored": ({"core": "'yes'"}, "core is 'yes'. Write true, or leave it out."),
    "listed_goals": ({"goal": "[convert, engage]"}, "goal is '['convert', 'engage']'. Choose from"),
    "listed_rank": ({"priority": "[1]"}, "priority is '[1]'. Give a whole number from 1 up."),
    "guessed": (
        {"evidence": "[visit_count_8d, pricing_page_viewed_count_8d]"},
        "evidence names 'visit_count_8d', which is no column of profile_traits or account_traits. "
        "Near it: visit_count_7d",
    ),
    "worded": ({"evidence": "visit_count_7d"}, "evidence is 'visit_count_7d'. Write a list"),
    "unending": (
        {"success": "{behavior: page_viewed}"},
        "success is '{'behavior': 'page_viewed'}'.",
    ),
    "at_once": (
        {"success": "{behavior: page_viewed, within_days: 0}"},
        "success is '{'behavior': 'page_viewed', 'within_days': 0}'. Write what",
    ),
    "successful": ({"success": "page_viewed"}, "success is 'page_viewed'. Write what shows that"),
    "old": (
        {"success": None, "success_behavior": "page_viewed"},
        "success_behavior is written success: {behavior: page_viewed, within_days: 30} now.",
    ),
    "bare": (
        dict.fromkeys(META),
        "config.meta lacks goal, priority, weight, cadence, evidence, success, "
        "destinations. It must have goal,",
    ),
}


def sql_of(condition="is_customer"):
    return (
        "-- People.\nselect profile_id\n\nfrom {{ ref('profile_traits') }}\n\nwhere "
        f"{condition}\n"
    )


def yaml_of(name, *, group="marketing", **meta):
    lines = ["version: 2", "models:", f"  - name: {name}"]
    lines += ["    description: People.", "    config:"]
    if group:
        lines.append(f"      group: {group}")
    lines += ["      meta:", "        note: none"]
    lines += [
        f"        {key}: {value}" for key, value in (META | meta).items() if value is not None
    ]
    return "\n".join(lines) + "\n"


@pytest.fixture
def project(make_project, tmp_path):
    """A copy of the project over one empty source."""
    folder = copy_of_files(tmp_path / "project")
    source = tmp_path / "raw" / "events" / "events"
    source.mkdir(parents=True)
    (source / "header.csv").write_text("event_id,event_name,occurred_at\n")
    return replace(
        make_project(tmp_path / "raw", event_sources=["events"], as_of=AS_OF),
        project_dir=folder,
        target_path=tmp_path / "target",
    )


def refusal(project, *arguments):
    """What dbt says when it refuses."""
    with pytest.raises(DbtFailed) as failure:
        project.dbt(*arguments)
    return " ".join(f"{failure.value}\n{failure.value.output}".split())


def test_one_error_names_every_segment_that_is_not_whole(project):
    segments = project.project_dir / "models/marts/segments"
    themed = segments / "research"
    for number, (name, (meta, _)) in enumerate(WRONG.items(), start=301):
        (themed / f"{name}.sql").write_text(sql_of())
        (themed / f"{name}.yml").write_text(yaml_of(name, **{"priority": str(number)} | meta))
    (themed / "doubled.sql").write_text(sql_of())
    (themed / "doubled.yml").write_text(yaml_of("doubled", priority="10"))
    (themed / "nameless.sql").write_text(sql_of())
    (themed / "unowned.sql").write_text(sql_of())
    (themed / "unowned.yml").write_text(yaml_of("unowned", group=None, priority="401"))
    (segments / "homeless.sql").write_text(sql_of())
    (segments / "homeless.yml").write_text(yaml_of("homeless", priority="402"))
    (themed / "bouncers.sql").write_text(
        sql_of("{{ bounced_from('demo_page_viewed', goal='trial_started') }}")
    )
    (themed / "bouncers.yml").write_text(yaml_of("bouncers", priority="403"))
    # In one file, too, of two goals neither is lost.
    (themed / "torn.sql").write_text(
        sql_of(
            "{{ bounced_from('pricing_page_viewed', goal='trial_started') }}"
            " or {{ bounced_from('pricing_page_viewed', goal='order_completed') }}"
        )
    )
    (themed / "torn.yml").write_text(yaml_of("torn", priority="405"))
    write_roll_up(project.project_dir)
    (themed / "unlisted.sql").write_text(sql_of())
    (themed / "unlisted.yml").write_text(yaml_of("unlisted", priority="404"))

    error = refusal(project, "seed", "--select", "free_mail_domains")

    assert "Segments that cannot be built (docs/adding-a-segment.md):" in error
    for name, (_, words) in WRONG.items():
        assert f"{name}: {words}" in error, name
    assert "sales_ready: priority 10 is also that of doubled. Every segment has its own" in error
    taken = {
        int(number)
        for path in segments.rglob("*.yml")
        for number in re.findall(r"priority: (\d+)", path.read_text())
    }
    free = sorted(set(range(1, 100)) - taken, key=lambda number: (abs(number - 10), number))[:3]
    assert f"free ones near it are {', '.join(map(str, sorted(free)))}." in error
    assert "evidence names 'pricing_page_viewed_count_8d'" in error
    assert "pricing_page_viewed_count_7d" in error, "a count that some rule asks for is near it"
    assert "A count is a column only when some rule asks for it." in error
    assert (
        "nameless: it has no YAML entry. Write one in "
        "models/marts/segments/research/nameless.yml with config.group and config.meta: goal"
    ) in error
    assert (
        "unowned: config.group is missing. Choose from data, marketing, sales, success, or add"
    ) in error
    assert "homeless: models/marts/segments/homeless.sql lies in no theme folder." in error
    assert "themes are b2c, carts, email, leads, lifecycle," in error
    assert "A page has one goal: write the same one in both." in error
    assert "bounced_from('demo_page_viewed', goal='demo_requested')" in error
    assert "bounced_from('demo_page_viewed', goal='trial_started')" in error
    assert (
        "torn: bounced_from('pricing_page_viewed', goal='order_completed'), but torn says" in error
    )
    assert f"unlisted: it is not in the list of {ROLL_UP}." in error
    assert "Run `make build`, which writes that list, or add the line 'unlisted', to it" in error
    built = project.rows("select 1 from information_schema.tables where table_schema = 'seeds'")
    assert built == []


def test_an_unknown_owner_is_dbts_own_error(project):
    themed = project.project_dir / "models/marts/segments/research"
    (themed / "owned.sql").write_text(sql_of())
    (themed / "owned.yml").write_text(yaml_of("owned", group="salez"))
    write_roll_up(project.project_dir)
    error = refusal(project, "seed", "--select", "free_mail_domains")
    assert "owned" in error
    assert "salez" in error
    assert all(group in error for group in ("data", "marketing", "sales", "success"))


def test_a_behavior_that_the_catalogue_lacks_stops_what_would_count_it(project):
    project.dbt("seed", "--select", "behaviors")
    themed = project.project_dir / "models/marts/segments/research"
    (themed / "mistyped.sql").write_text(
        sql_of(
            "{{ did('pricing_page_view', within_days=7) }}"
            " and {{ did_in_order(['webinar', 'page_viewed'], within_days=7) }}"
            " and {{ did('desision_stage') }} and {{ account_did('pricing_page_viewd') }}"
            " and {{ bounced_from('demo_page_viewed', goal='demo_requested') }}"
        )
    )
    (themed / "mistyped.yml").write_text(
        yaml_of("mistyped", success="{behavior: demo_request, within_days: 30}")
    )
    write_roll_up(project.project_dir)
    # The catalogue says so when it is loaded, and the counts when it was loaded before.
    for command in ("seed --select behaviors", "run --select int_profile_behaviors_counted"):
        error = refusal(project, *command.split())
        assert (
            "mistyped, did('pricing_page_view', at_least=1, within_days=7): there is no behavior "
            "'pricing_page_view'. Near it: pricing_page_viewed"
        ) in error
        assert "there is no behavior 'webinar'. Nothing is spelt like it." in error
        assert "there is no behavior 'desision_stage'. Near it: decision_stage" in error
        assert "mistyped, account_did('pricing_page_viewd'" in error
        assert (
            "mistyped, success: demo_request: there is no behavior 'demo_request'. "
            "Near it: demo_requested"
        ) in error
        assert "Write a name of seeds/behaviors.csv, or add a line to it." in error
        assert "no behavior 'page_viewed'" not in error


def test_a_behavior_that_no_rule_yields_is_a_warning_that_names_it(project):
    with (project.project_dir / "seeds" / "behaviors.csv").open("a") as file:
        csv.writer(file, lineterminator="\n").writerows(
            [
                ["newsletter_read", "", "web", "awareness", 1, "A letter read on the site"],
                ["invoice_seen", "", "web", "none", 0, "Nobody says how"],
            ]
        )
    rules = project.project_dir / "seeds" / "behavior_rules.csv"
    rules.write_text(rules.read_text() + "*,page_viewed,/letters/*,*,*,newsletter_read,0\n")
    nodes = project.dbt(
        "build", "--indirect-selection", "empty",
        "--select", "behaviors", "behavior_rules", "behaviors_that_no_rule_yields",
    )  # fmt: skip
    (warned,) = [node for node in nodes if node.name == "behaviors_that_no_rule_yields"]
    assert warned.status == "warn"
    (compiled,) = (project.target_path / "compiled").rglob("behaviors_that_no_rule_yields.sql")
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        assert connection.execute(compiled.read_text()).fetchall() == [("invoice_seen",)]


def test_columns_that_are_not_as_described_are_named(project):
    path = project.project_dir / "models/marts/people/_people__models.yml"
    hook = '      post_hook: "{{ comment_counted_columns() }}"\n'
    assert path.read_text().count(hook) == 2
    path.write_text(path.read_text().replace(hook, hook + "      persist_docs: {columns: true}\n"))
    project.dbt(
        "build", "--empty", "--exclude-resource-type", "test", "unit_test",
        "--select", "+account_traits",
    )  # fmt: skip
    described = ("test", "--select", "test_name:columns_as_described")
    assert {node.status for node in project.dbt(*described) if node.kind == "test"} == {"pass"}
    comments = dict(
        project.rows(
            "select column_name, comment from duckdb_columns() where table_name like '%_traits'"
        )
    )
    assert comments["email_complained_count_ever"] == (
        "How often the person did email_complained ever."
    )
    assert comments["demo_page_viewed_bounce_count_7d"] == (
        "Visits of the last 7 days that ended with demo_page_viewed, without demo_requested."
    )
    assert comments["did_content_downloaded_then_page_viewed_30d"] == (
        "True when the person did content_downloaded, then page_viewed, all in the last 30 days."
    )
    assert comments["account_research_count_previous_14d"] == (
        "How often the people of the account did research in the 14 days before the last 14."
    )
    assert "" not in comments.values()
    with duckdb.connect(str(project.warehouse)) as connection:
        for change in (
            "alter table marts.profile_traits add column stray_count_7d bigint",
            "alter table marts.profile_traits drop column visit_count_7d",
            "alter table marts.profile_traits drop column pricing_page_viewed_count_7d",
            "alter table marts.profile_traits alter email_complained_count_ever type double",
            "alter table marts.profile_traits alter grade type integer using 1",
            "insert into marts.account_traits (account_id) values ('company:1')",
        ):
            connection.execute(change)
    with pytest.raises(DbtFailed):
        project.dbt(*described)
    found = {}
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        for path in (project.target_path / "compiled").rglob("columns_as_described_*.sql"):
            found.update(connection.execute(path.read_text()).fetchall())
    assert found.pop("is_target_account") == "is null in 1 rows"
    assert found["account_research_count_14d"] == "is null in 1 rows"
    assert {name: problem for name, problem in found.items() if "account" not in name} == {
        "stray_count_7d": "is neither described nor asked for",
        "visit_count_7d": "should be BIGINT, is not there",
        "pricing_page_viewed_count_7d": "is asked for, but not there",
        "email_complained_count_ever": "is counted, so it should be bigint or boolean, is DOUBLE",
        "grade": "should be character varying(256), is INTEGER",
    }


def test_a_pause_for_a_segment_that_is_none_is_refused(project):
    mistaken = replace(
        project, variables={**project.variables, "email_pause_segments": ["ignoring_reader"]}
    )
    error = refusal(mistaken, "seed", "--select", "free_mail_domains")
    assert "var email_pause_segments names 'ignoring_reader', which is no segment." in error
    assert "ignoring_readers" in error
