"""Pages, campaigns, reloads and machines, from raw rows to segments, in one build."""

import json

import duckdb
import pytest

from scripts.dbt_runner import DbtFailed

from .conftest import copy_of

AS_OF = "2026-06-30T00:00:00Z"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
PHONE = (
    "Mozilla/5.0 (Linux; Android 13; CUBOT_X18) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36"
)
SITE = "https://shop.test"


def view(device, at, url, **others):
    return {
        "event_id": f"{device} {at}",
        "event_name": "page_viewed",
        "anonymous_id": device,
        "user_id": device,
        "occurred_at": f"2026-06-{at}",
        "loaded_at": f"2026-06-{at}",
        "page_url": url,
        **others,
    }


def six_days(device, url, **others):
    return [view(device, f"{day}T10:00:00Z", url, **others) for day in range(24, 30)]


EVENTS = [
    # One page in six spellings is a researcher's, a page with a longer name is not.
    *[
        view("speller", f"{day}T10:00:00Z", url)
        for day, url in enumerate(
            ("HTTPS://Shop.Test:443/Pricing/?a=1#x", f"{SITE}/en-us/pricing/index.html",
             f"{SITE}/de/pricing", "//shop.test/pricing;jsessionid=1", f"{SITE}/#/pricing",
             f"{SITE}/pricing/enterprise"), start=24,
        )
    ],
    *six_days("psychologist", f"{SITE}/pricing-psychology"),
    # Six views by a crawler are nobody's, six from a phone whose name holds the word bot are.
    *six_days("crawler", f"{SITE}/pricing", user_agent=GOOGLEBOT),
    *six_days("phone", f"{SITE}/pricing", user_agent=PHONE, email="phone@elsewhere.test"),
    # Who works here, by address and by user id, does the same and is in no segment.
    *six_days("colleague", f"{SITE}/pricing", email="Colleague@Team.test"),
    *six_days("tester", f"{SITE}/pricing", email="tess@elsewhere.test"),
    # Loaded again and again: one view, and a visit of 40 seconds.
    *[view("reloader", f"29T10:00:{second:02}Z", f"{SITE}/pricing") for second in (0, 20, 40)],
    # Through an ad: a view of pricing and a click, once, although the address is opened again.
    view("clicker", "28T10:00:00Z", f"{SITE}/pricing?utm_source=Google&utm_medium=cpc&gclid=Xy"),
    view("clicker", "29T10:00:00Z", f"{SITE}/pricing?utm_source=Google&utm_medium=cpc&gclid=Xy"),
    # Through a newsletter: no ad.
    view("reader", "29T10:00:00Z", f"{SITE}/?utm_source=letter&utm_medium=email"),
]  # fmt: skip


def parameter(key, **value):
    kinds = {"string_value": None, "int_value": None, "double_value": None}
    return {"key": key, "value": kinds | value}


def google(name, micros, *parameters, **others):
    return {
        "event_name": name,
        "event_timestamp": 1782727200000000 + micros,
        "user_pseudo_id": "ga.1",
        "user_id": "buyer",
        "event_params": [parameter("page_location", string_value=f"{SITE}/Pricing"), *parameters],
        "ecommerce": {"transaction_id": None, "purchase_revenue": None},
        **others,
    }


GOOGLE = [
    google("page_view", 0),
    # The very same event again, as in the daily and the intraday table.
    google("page_view", 0),
    google("scroll", 5_000_000),
    google("add_to_cart", 9_000_000, parameter("value", double_value=30.5)),
    google(
        "purchase", 60_000_000, parameter("currency", string_value="EUR"),
        ecommerce={"transaction_id": "t1", "purchase_revenue": 30.5},
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def web(make_project):
    project = make_project(event_sources=["events", "ga4"], as_of=AS_OF)
    for path, rows in (("events/events", EVENTS), ("ga4/events", GOOGLE)):
        (project.raw / path).mkdir(parents=True)
        lines = project.raw / "rows.json"
        lines.write_text("\n".join(map(json.dumps, rows)))
        # Google's export is Parquet with what is nested left nested.
        duckdb.sql(f"copy (from '{lines}') to '{project.raw}/{path}/rows.parquet'")
        lines.unlink()
    with duckdb.connect(str(project.warehouse)) as connection:
        connection.execute(
            """
            create schema seeds;
            create table seeds.internal_traffic as
            from (values ('domain', 'team.test', null), ('user_id', 'tester', null))
                as listed (kind, value, description)
            """
        )
    project.dbt("build", "--exclude", "internal_traffic", "--exclude-resource-type", "unit_test")
    return project


def counted(project, behavior):
    return dict(
        project.rows(
            f"""
            select profiles.user_id, count(*)
            from intermediate.int_events_resolved as events
            inner join intermediate.int_profiles as profiles using (profile_key)
            where events.behavior = '{behavior}' and events.is_human
            group by all
            """
        )
    )


def test_a_page_is_one_page_in_every_spelling(web):
    assert counted(web, "pricing_page_viewed") == {
        "speller": 6, "phone": 6, "reloader": 1, "clicker": 2, "buyer": 1, "colleague": 6,
        "tester": 6,
    }  # fmt: skip
    members = web.rows(
        """
        select profiles.user_id
        from segments.pricing_researchers
        inner join marts.profiles as profiles using (profile_id)
        order by 1
        """
    )
    assert members == [("phone",), ("speller",)]


def test_who_works_here_is_in_nothing_that_leaves(web):
    """Neither in a segment nor in a mart of the folder activation, whatever joins they have."""
    team = "select profile_id from marts.profiles where is_internal"
    names = "select user_id from marts.profiles where is_internal order by 1"
    assert web.rows(names) == [("colleague",), ("tester",)]
    relations = web.rows(
        """
        select table_schema || '.' || table_name from information_schema.columns
        where column_name = 'profile_id' and (
            table_schema in ('segments', 'activation')
            or table_schema = 'marts' and table_name like '%segment%'
        )
        """
    )
    assert len(relations) > 40
    for (relation,) in relations:
        assert web.rows(f"from {relation} where profile_id in ({team})") == [], relation
    assert web.rows("select email from activation.crm_contacts") == [("phone@elsewhere.test",)]


def test_a_reload_is_no_view_and_its_visit_goes_on(web):
    assert counted(web, "page_reloaded") == {"reloader": 2}
    assert web.rows(
        """
        select event_count, date_diff('second', started_at, ended_at)
        from intermediate.int_visits where visit_device_id = 'reloader'
        """
    ) == [(3, 40)]


def test_an_ad_is_clicked_once_beside_the_view(web):
    assert counted(web, "ad_clicked") == {"clicker": 1}
    assert counted(web, "campaign_arrived") == {"reader": 1}
    assert web.rows(
        """
        select utm_source, utm_medium, click_id, page_path, count(*)
        from intermediate.int_events_spelled where utm_source is not null group by all order by 1
        """
    ) == [("google", "cpc", "gclid", "/pricing", 2), ("letter", "email", None, "/", 1)]


def test_google_analytics_nested_in_parquet(web):
    assert web.rows(
        """
        select behavior, value, object_id
        from intermediate.int_events_resolved where source = 'ga4' order by occurred_at
        """
    ) == [
        ("pricing_page_viewed", None, None),
        ("activity_noted", None, None),
        ("cart_item_added", 30.5, None),
        ("order_completed", 30.5, "t1"),
    ]
    assert web.rows(
        "select kept_count, duplicate_count from marts.event_intake where source = 'ga4'"
    ) == [(4, 1)]


def test_patterns_that_no_page_fits_are_explained(web, tmp_path):
    """What runs after a seed is loaded, over seeds with other lines."""
    project = copy_of(web, tmp_path)
    patterns = {
        "pricing": "'/pricing'", "*pricing": "'*/pricing'", "*.html": "'/*.html'",
        "shop.test/pricing": "a domain",
        "https://shop.test/a": "a domain", "/pricing?a=1": "a query", "/Pricing/x": "'/pricing/x'",
        "/plans/": "'/plans'", "/prices*": "'/prices'", "/en/prices": "a locale",
        "/a/index.html": "an index file",
    }  # fmt: skip
    kept = ("/", "/robots.txt", "/blog/2026-*", "*/pricing", "/*/pricing", "/a_b")
    with duckdb.connect(str(project.warehouse)) as connection:
        for page in (*patterns, *kept):
            connection.execute(
                "insert into seeds.behavior_rules (page_path_pattern) values (?)", [page]
            )
        connection.execute("insert into seeds.tag_rules (prefix) values ('/news/')")
    nodes = json.loads((project.target_path / "manifest.json").read_text())["nodes"]
    for seed, explanations in (("behavior_rules", patterns), ("tag_rules", {"/news/": "'/news'"})):
        (hook,) = (
            hook["sql"].replace("this", f"api.Relation.create(schema='seeds', identifier='{seed}')")
            for hook in nodes[f"seed.audience_engine.{seed}"]["config"]["post-hook"]
            if "check_page_patterns" in hook["sql"]
        )
        with pytest.raises(DbtFailed) as failure:
            project.dbt("compile", "--inline", hook)
        told = f"{failure.value}\n{failure.value.output}"
        assert "Patterns of pages that no page fits" in told
        lines = [line.strip() for line in told.splitlines()]
        assert len({line for line in lines if line.startswith("'")}) == len(explanations)
        for pattern, words in explanations.items():
            (explained,) = {line for line in lines if line.startswith(f"'{pattern}' ")}
            assert words in explained
