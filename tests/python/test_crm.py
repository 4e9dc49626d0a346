"""What CRMs say, as they say it now: built in steps, it is what one full build gives."""

import json
import shutil

import pytest

from scripts.dbt_runner import DbtFailed, run_dbt

AS_OF = "2026-06-30T00:00:00Z"
PROPERTIES = {"contact": ["renewal_risk"], "company": ["tier"], "deal": ["need"]}


def hubspot_contact(contact_id, **columns):
    return {
        "id": contact_id,
        "_fivetran_synced": "2026-06-12T00:00:00Z",
        "property_createdate": "2026-05-01T00:00:00Z",
        "property_lastmodifieddate": "2026-06-01T00:00:00Z",
        **columns,
    }


def hubspot_deal(deal_id, stage, **columns):
    return {
        "deal_id": deal_id,
        "_fivetran_synced": "2026-06-12T00:00:00Z",
        "deal_pipeline_stage_id": stage,
        "property_createdate": "2026-06-01T00:00:00Z",
        "property_closedate": "2026-06-10T00:00:00Z",
        **columns,
    }


def salesforce_row(row_id, **columns):
    return {
        "id": row_id,
        "_fivetran_synced": "2026-06-12T00:00:00Z",
        "created_date": "2026-05-01T00:00:00Z",
        **columns,
    }


FIRST = {
    "hubspot/contacts": [
        # Nothing but a phone number.
        hubspot_contact("1", property_phone="(202) 555-0143"),
        hubspot_contact("2", property_email="free@gmail.com", property_associatedcompanyid="20"),
        hubspot_contact("3", property_email="reopened@pier.example"),
        hubspot_contact("4", property_email="kept@pier.example"),
        hubspot_contact("5", property_email="merged@pier.example"),
        hubspot_contact("6", property_email="deleted@pier.example"),
        hubspot_contact(
            "7", property_email="fan@pier.example", property_lifecyclestage="Evangelist"
        ),
        hubspot_contact(
            "8",
            property_email="edited@pier.example",
            property_createdate="2025-06-01T00:00:00Z",
            property_lastmodifieddate="2026-06-29T00:00:00Z",
        ),
        # What was loaded last: a run reads again from three days before it.
        hubspot_contact("9", _fivetran_synced="2026-06-28T00:00:00Z", property_email="new@x.test"),
    ],
    "hubspot/companies": [
        {"id": "20", "_fivetran_synced": "2026-06-12T00:00:00Z", "property_domain": "gmail.com"},
        {
            "id": "21",
            "_fivetran_synced": "2026-06-12T00:00:00Z",
            "property_domain": "https://www.Pier.example/",
            "property_tier": "gold",
        },
    ],
    "hubspot/deals": [
        hubspot_deal("9101", "77"),
        hubspot_deal("9102", "closedwon"),
        hubspot_deal("9103", "77", property_need="a harbour kit"),
        hubspot_deal("9104", "77"),
    ],
    "hubspot/deal_pipeline_stages": [
        {"stage_id": "77", "closed_won": "true", "is_closed": "true"},
    ],
    "hubspot/deal_contacts": [
        {"deal_id": "9102", "contact_id": "3", "_fivetran_synced": "2026-06-12T00:00:00Z"},
        {"deal_id": "9103", "contact_id": "5", "_fivetran_synced": "2026-06-12T00:00:00Z"},
        {"deal_id": "9104", "contact_id": "6", "_fivetran_synced": "2026-06-12T00:00:00Z"},
    ],
    "salesforce/contacts": [
        salesforce_row("003A", phone="(202) 555-0144", account_id="001A"),
        salesforce_row("003B", email="at.customer@quay.example", account_id="001B"),
    ],
    "salesforce/leads": [salesforce_row("00QA", email="lead@mole.example", company="Mole")],
    "salesforce/accounts": [
        salesforce_row("001A", name="Mole", website="http://mole.example/home"),
        salesforce_row("001B", name="Quay", website="quay.example", type="Customer - Channel"),
    ],
    "salesforce/opportunities": [
        salesforce_row("006A", is_won="true", is_closed="true", close_date="2026-06-10"),
    ],
}


def changed():
    """The tables as they are after the 29th."""
    tables = {name: [dict(row) for row in rows] for name, rows in FIRST.items()}
    contacts = {row["id"]: row for row in tables["hubspot/contacts"]}
    deals = {row["deal_id"]: row for row in tables["hubspot/deals"]}
    late = {"_fivetran_synced": "2026-06-29T00:00:00Z"}
    # Only now is it known whose deal 9101 is; none of the other rows is new.
    tables["hubspot/deal_contacts"].append({"deal_id": "9101", "contact_id": "1", **late})
    deals["9102"] |= {"deal_pipeline_stage_id": "appointmentscheduled", **late}
    contacts["4"] |= {"property_hs_merged_object_ids": "5", **late}
    contacts["6"] |= {"_fivetran_deleted": "true", **late}
    contacts["7"] |= {"property_renewal_risk": "high", **late}
    tables["hubspot/engagement_notes"] = [
        {
            "engagement_id": "301",
            "property_hs_note_body": "Wants a kit.",
            "property_hs_timestamp": "2026-06-20T00:00:00Z",
            **late,
        }
    ]
    tables["hubspot/engagement_contacts"] = [{"engagement_id": "301", "contact_id": "1", **late}]
    tables["salesforce/opportunity_contact_roles"] = [
        salesforce_row("00KA", opportunity_id="006A", contact_id="003A", **late)
    ]
    tables["salesforce/leads"][0] |= {"converted_contact_id": "003A", **late}
    tables["salesforce/events"] = [
        salesforce_row("00UA", who_id="00QA", end_date_time="2026-06-20T10:00:00Z", **late)
    ]
    return tables


def land(raw, tables):
    for name, rows in tables.items():
        (raw / name).mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (raw / name / "rows.ndjson").write_text(text)


SETTINGS = {
    "event_sources": ["hubspot", "salesforce"],
    "as_of": AS_OF,
    "crm_properties": PROPERTIES,
}
FACTS = "select * from intermediate.int_events_enabled order by source, event_id"


@pytest.fixture(scope="module")
def crm(make_project):
    """Two builds, the second after the CRMs changed, and beside it what a fresh one finds."""
    project = make_project(**SETTINGS)
    land(project.raw, FIRST)
    project.dbt("run", "--select", "+int_events_enabled")
    land(project.raw, changed())
    project.dbt(
        "build", "--select", "+profile_traits", "+account_traits", "+profile_identifiers",
        "--exclude-resource-type", "unit_test", "--indirect-selection", "cautious",
    )  # fmt: skip
    fresh = make_project(project.raw, **SETTINGS)
    fresh.dbt("run", "--select", "+int_events_enabled")
    return project, fresh


@pytest.fixture(scope="module")
def traits(crm):
    """The traits of the person that each contact of a CRM belongs to."""
    names = "is_customer, is_firmographics_stale, account_id, crm_renewal_risk, crm_tier, crm_need"
    rows = crm[0].rows(
        f"""
        select identifier_value, profile_id, {names}
        from marts.profile_identifiers
        inner join marts.profile_traits using (profile_id)
        where identifier_type = 'crm_contact_id'
        """
    )
    keys = ["profile_id", *names.split(", ")]
    return {contact: dict(zip(keys, values, strict=True)) for contact, *values in rows}


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        (
            {"contact": ["renewal_rsik"]},
            r"contact property renewal_rsik, which hubspot\.contacts did not bring\. "
            r"Is it renewal_risk\?",
        ),
        ({"contact": ["zz"]}, r"did not bring\. Let the connector bring it, or take it out"),
    ],
)
def test_a_property_that_no_crm_brought_stops_the_run(make_project, properties, message):
    project = make_project(event_sources=["hubspot"], crm_properties=properties)
    folder = project.raw / "hubspot" / "contacts"
    folder.mkdir(parents=True)
    (folder / "rows.csv").write_text(
        "id,_fivetran_synced,property_renewal_risk\n1,2026-06-12T00:00:00Z,\n"
    )
    with pytest.raises(DbtFailed, match=message):
        project.dbt("run", "--select", "stg_hubspot__contacts")
    project.variables["crm_properties"] = {"contact": ["renewal_risk"], "deal": ["no_deals_yet"]}
    project.dbt("run", "--select", "stg_hubspot__contacts")


def test_a_property_may_be_in_late_rows_of_json_alone(make_project):
    project = make_project(event_sources=["hubspot"], crm_properties={"contact": ["tier", "size"]})
    contacts = [hubspot_contact(f"{number}") for number in range(30_000)]
    land(project.raw, {"hubspot/contacts": [*contacts, hubspot_contact("x", property_tier="gold")]})
    messages = []
    run_dbt(
        "run", "--select", "stg_hubspot__contacts",
        warehouse=project.warehouse,
        target_path=project.target_path,
        profiles_dir=project.profiles_dir,
        variables={"raw_path": str(project.raw), **project.variables},
        on_event=lambda event: messages.append(event.info.msg),
    )  # fmt: skip
    assert project.rows("select id from raw_hubspot.contacts where property_tier = 'gold'") == [
        ("x",)
    ]
    told = "\n".join(messages)
    assert "contact property size, which hubspot.contacts did not bring" in told
    assert "property tier" not in told


def test_a_run_knows_what_a_fresh_build_knows(crm):
    project, fresh = crm
    assert project.rows(FACTS) == fresh.rows(FACTS) != []


def test_a_fact_is_as_new_as_its_newest_row_and_needs_no_address(crm, traits):
    assert traits["1"]["is_customer"] and traits["003A"]["is_customer"]
    loaded = (
        "select cast(loaded_at as date)::varchar from intermediate.int_events where event_id = ?"
    )
    assert crm[0].value(loaded, "deal_won:9101:1") == "2026-06-29"
    assert crm[0].value(loaded, "deal_won:006A:003A") == "2026-06-29"


def test_records_are_as_the_crm_has_them_now(traits):
    assert not traits["3"]["is_customer"], "its deal was reopened"
    assert "6" not in traits, "deleted"
    assert traits["4"]["profile_id"] == traits["5"]["profile_id"] and traits["4"]["is_customer"]
    assert traits["00QA"]["profile_id"] == traits["003A"]["profile_id"], "converted"


def test_customers_by_stage_and_by_the_type_of_an_account(traits):
    assert traits["7"]["is_customer"], "an evangelist"
    assert traits["003B"]["is_customer"], "at an account that is a customer"


def test_companies_have_clean_domains_and_are_no_mail_providers(traits):
    assert traits["2"]["account_id"] is None
    assert traits["3"]["account_id"] == "company:21"
    assert traits["003A"]["account_id"] == "company:001A"


def test_an_edit_verifies_nothing(traits):
    assert traits["8"]["is_firmographics_stale"] and not traits["7"]["is_firmographics_stale"]


def test_what_representatives_log_are_events(crm):
    rows = crm[0].rows(
        """
        select crm_contact_id, event_name, json_extract_string(properties, '$.text')
        from intermediate.int_events_enabled
        where event_name not similar to '(deal|contact)_.*'
        order by all
        """
    )
    assert rows == [
        ("003A", "meeting_booked", None),
        ("003A", "meeting_held", None),
        ("1", "sales_note_added", "Wants a kit."),
    ]


def test_properties_are_traits(crm, traits):
    assert traits["7"]["crm_renewal_risk"] == "high" and traits["1"]["crm_renewal_risk"] is None
    assert traits["4"]["crm_tier"] == "gold" and traits["4"]["crm_need"] == "a harbour kit"
    query = "select account_crm_tier from marts.account_traits where account_id = 'company:21'"
    assert crm[0].value(query) == "gold"


def test_the_models_of_salesforce_do_what_they_say(crm):
    """The demo has no Salesforce, so nothing else runs their unit tests."""
    nodes = crm[0].dbt("test", "--select", "stg_salesforce__*,test_type:unit")
    assert sum(node.kind == "unit_test" for node in nodes) == 9


# -- Real rows: samples of tables as a connector lands them, which do not join ------------------

SAMPLES = {
    "hubspot": {
        "contacts": "contact_data",
        "companies": "company_data",
        "deals": "deal_data",
        "deal_contacts": "deal_contact_data",
        "deal_pipeline_stages": "deal_pipeline_stage_data",
        "merged_deals": "merged_deal_data",
        "contact_merge_audit": "contact_merge_audit_data",
        "owners": "owner_data",
        "engagement_contacts": "engagement_contact_data",
        **{f"engagement_{kind}s": f"engagement_{kind}_data" for kind in
           ("note", "call", "meeting", "task", "email")},
    },
    "salesforce": {
        "contacts": "sf_contact_data",
        "leads": "sf_lead_data",
        "accounts": "sf_account_data",
        "opportunities": "sf_opportunity_data",
        "tasks": "sf_task_data",
        "events": "sf_event_data",
        "users": "sf_user_data",
    },
}  # fmt: skip


@pytest.mark.real_data
def test_the_tables_of_a_connector_are_read(make_project, real_data):
    project = make_project(**{**SETTINGS, "crm_properties": {}})  # they have none of ours
    for source, tables in SAMPLES.items():
        for table, name in tables.items():
            folder = project.raw / source / table
            folder.mkdir(parents=True)
            shutil.copy(real_data / "fivetran_seeds" / source / f"{name}.csv", folder)
    project.dbt("run", "--select", "+stg_hubspot__events", "+stg_salesforce__events")
    counts = {
        source: dict(
            project.rows(
                f"select event_name, count(*) from staging.stg_{source}__events group by 1"
            )
        )
        for source in SAMPLES
    }
    assert counts == {
        "hubspot": {
            "contact_created": 19,  # of 22; three are in the list of another one
            "deal_created": 44,  # none of them in a stage
            "sales_note_added": 1,
            "sales_call_logged": 1,
            "sales_email_sent": 1,
            "meeting_booked": 100,  # none with an outcome
        },
        "salesforce": {
            "contact_created": 4,  # the lead was converted
            "sales_task_completed": 10,
            "sales_call_logged": 6,
            "meeting_booked": 4,
            "meeting_held": 4,
        },  # all ten opportunities are deleted
    }
    query = "select crm_contact_id from staging.stg_hubspot__events where object_id = '19732910159'"
    assert project.value(query) == "501"
