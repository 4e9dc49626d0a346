"""Every model, column, seed and source is described, over all sources: dbt-bouncer says so."""

import json
import re
import shutil
import subprocess
import sys

import duckdb
import pytest

from scripts.dbt_runner import PROJECT

from .conftest import AS_OF

SHOP = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
SHOPIFY = "id,created_at,_fivetran_synced\n"
SNOWPLOW = "event_id,event,collector_tstamp\n"
GA4 = "event_name,event_timestamp,user_pseudo_id\n"
EVENTS = "event_id,event_name,occurred_at\n"


@pytest.fixture(scope="module")
def artifacts(make_project, demo, tmp_path_factory):
    """dbt's manifest and catalog with every source on."""
    raw = tmp_path_factory.mktemp("every_source")
    for source in ("segment", "email", "hubspot"):
        (raw / source).symlink_to(demo.raw / source)
    for source, table, header in [
        ("shop", "order_lines", SHOP),
        ("shopify", "orders", SHOPIFY),
        ("snowplow", "events", SNOWPLOW),
        ("events", "events", EVENTS),
        ("ga4", "events", GA4),
    ]:
        folder = raw / source / table
        folder.mkdir(parents=True)
        (folder / "header.csv").write_text(header)
    project = make_project(
        raw,
        event_sources=[
            "segment",
            "email",
            "hubspot",
            "shop",
            "shopify",
            "snowplow",
            "events",
            "ga4",
        ],
        as_of=AS_OF,
    )
    project.target_path = tmp_path_factory.mktemp("artifacts")
    project.dbt("build", "--empty", "--exclude-resource-type", "test", "unit_test")
    project.dbt("docs", "generate")
    return project.target_path


def bouncer(artifacts, folder):
    """Run dbt-bouncer with the project's rules; returns the failed checks and its exit code."""
    rules = (PROJECT / "dbt-bouncer.yml").read_text()
    (folder / "dbt-bouncer.yml").write_text(f"dbt_artifacts_dir: {artifacts}\n{rules}")
    run = subprocess.run(
        [
            sys.executable, "-c", "from dbt_bouncer.main import app; app()", "run",
            "--config-file", str(folder / "dbt-bouncer.yml"),
            "--output-file", str(folder / "results.json"),
        ],
        capture_output=True, text=True, check=False, cwd=folder,
    )  # fmt: skip
    results = folder / "results.json"
    assert results.exists(), run.stdout + run.stderr
    failed = [
        f"{entry['check_run_id']}: {entry['failure_message']}"
        for entry in json.loads(results.read_text())
        if entry["outcome"] == "failed"
    ]
    return failed, run.returncode


def test_everything_is_described(artifacts, tmp_path):
    assert bouncer(artifacts, tmp_path) == ([], 0)


def test_a_missing_description_is_found(artifacts, tmp_path):
    spoiled = tmp_path / "artifacts"
    shutil.copytree(artifacts, spoiled)
    manifest = json.loads((spoiled / "manifest.json").read_text())
    model = manifest["nodes"]["model.audience_engine.crm_contacts"]
    model["description"] = ""
    del model["columns"]["email"]
    (spoiled / "manifest.json").write_text(json.dumps(manifest))
    failed, code = bouncer(spoiled, tmp_path)
    assert code == 1
    assert any("check_model_description_populated" in name for name in failed)
    assert any("check_columns_are_all_documented" in name for name in failed)


def dead_links(text, manifest):
    """Links of dbt's own pages that lead to nothing."""
    nodes = {**manifest["nodes"], **manifest["sources"], **manifest["exposures"]}
    return [
        link
        for kind, link in re.findall(r"\]\(#!/(\w+)/([^)]+)\)", text)
        if link not in nodes or not link.startswith(f"{kind}.")
    ]


def test_docs_open_on_our_own_page(artifacts):
    manifest = json.loads((artifacts / "manifest.json").read_text())
    page = manifest["docs"]["doc.audience_engine.__overview__"]["block_contents"]
    assert "# Audience engine" in page
    assert len(re.findall(r"\]\(#!/", page)) > 10
    assert dead_links(page, manifest) == []
    assert dead_links("[x](#!/model/model.audience_engine.gone)", manifest) != []
    # A link that is not dbt's own would leave the page.
    assert re.findall(r"\]\((?!#!/)", page) == []


def test_docs_are_one_page(make_project, demo, tmp_path):
    project = demo
    project.dbt("docs", "generate", "--static")
    page = project.target_path / "static_index.html"
    assert "segments" in page.read_text()
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        assert connection.execute("select count(*) from marts.profiles").fetchone()[0] > 0
