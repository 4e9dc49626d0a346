"""Rules that hold for every file of the project: one clock, layers, names."""

import copy
import json
import re
import shutil

import pytest
import yaml

from scripts.dbt_runner import PROJECT

from .oracle.segments import judged

# Everything that reads the wall clock, in SQL or in Jinja.
CLOCKS = re.compile(
    r"""
    \b(current_timestamp|current_date|current_time|localtimestamp|localtime|getdate|sysdate
       |utcnow|unix_timestamp|get_current_timestamp|transaction_timestamp|run_started_at)\b
    | \b(now|today|time_of_day)\s*\(
    """,
    re.IGNORECASE | re.VERBOSE,
)
CLOCK = "macros/time/as_of.sql"


def sql_files(folder=PROJECT):
    return [
        path
        for name in ("models", "macros", "seeds", "tests", "analyses")
        for path in sorted((folder / name).rglob("*"))
        if path.suffix in (".sql", ".csv")
    ]


def long_lines(folder):
    return [
        f"{path.relative_to(folder)}:{number}"
        for name in ("models", "tests/integrity", "analyses")
        for path in sorted((folder / name).rglob("*.sql"))
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if len(line) > 100
    ]


def test_no_line_of_sql_is_long():
    assert long_lines(PROJECT) == []


def test_a_long_line_is_found(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "long.sql").write_text(f"-- {'x' * 97}\n-- {'x' * 98}\n")
    assert long_lines(tmp_path) == ["models/long.sql:2"]


def clock_readers(folder):
    return [
        f"{path.relative_to(folder)}: {match.group(0).strip()}"
        for path in sql_files(folder)
        if str(path.relative_to(folder)) != CLOCK
        for match in CLOCKS.finditer(path.read_text())
    ]


def test_nothing_but_as_of_reads_the_wall_clock():
    assert clock_readers(PROJECT) == []


@pytest.mark.parametrize(
    "text",
    [
        "select current_timestamp",
        "select now()",
        "select {{ dbt.current_timestamp() }}",
        "where day <= CURRENT_DATE",
        "{{ run_started_at }}",
        "{{ modules.datetime.datetime.utcnow() }}",
        "select today()",
    ],
)
def test_the_clock_guard_sees_a_reader(tmp_path, text):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "late.sql").write_text(text)
    assert len(clock_readers(tmp_path)) == 1


def test_the_clock_guard_lets_lookalikes_pass(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "fine.sql").write_text(
        "select known(), unknown, now_count, today from {{ ref('snow') }}"
    )
    assert clock_readers(tmp_path) == []


@pytest.mark.parametrize("path", sorted((PROJECT / "macros").rglob("*.sql")), ids=lambda p: p.stem)
def test_a_macro_file_holds_one_documented_macro_of_its_name(path):
    text = path.read_text()
    names = re.findall(r"{%-?\s*(?:macro\s+(?=\w+\()|materialization\s+)(\w+)", text)
    assert [name for name in names if "__" not in name] == [path.stem]
    assert all(name.endswith(f"__{path.stem}") for name in names if "__" in name)
    assert text.startswith("{#"), "say what it does, with input → output, above the macro"


# What a person runs or asks in segments of their own, and what takes the place of a statement or a
# name of dbt's own.
CALLED_FROM_OUTSIDE = {
    "create_view_as", "crm_is", "export_marts", "generate_schema_name", "load_csv_rows",
    "take_over_node_numbers",
}  # fmt: skip


def uncalled_macros(project):
    """The macros that no other file names; the variants for an engine are called by their base."""
    files = {
        path: path.read_text()
        for folder in ("macros", "models", "seeds", "tests/generic", "tests/integrity", "analyses")
        for path in (project / folder).rglob("*")
        if path.suffix in (".sql", ".yml")
    }
    files[project / "dbt_project.yml"] = (project / "dbt_project.yml").read_text()
    macros = [path for path, text in files.items() if "{% macro " in text and path.suffix == ".sql"]
    code = {path: re.sub(r"(?s){#.*?#}", "", text) for path, text in files.items()}
    return [
        path.stem
        for path in macros
        if not any(
            re.search(rf"(?<![\w.'\"]){path.stem}\b", text)
            for other, text in code.items()
            if other != path
        )
    ]


def test_every_macro_is_called():
    assert set(uncalled_macros(PROJECT)) <= CALLED_FROM_OUTSIDE


def test_a_macro_that_nothing_calls_is_found(tmp_path):
    (tmp_path / "macros").mkdir()
    (tmp_path / "models").mkdir()
    (tmp_path / "dbt_project.yml").write_text("")
    (tmp_path / "macros" / "lost.sql").write_text(
        "{# {{ lost() }} #}{% macro lost() %}{% endmacro %}"
    )
    (tmp_path / "macros" / "used.sql").write_text("{% macro used() %}{% endmacro %}")
    (tmp_path / "models" / "one.sql").write_text("select {{ used() }} {# lost() #}")
    assert uncalled_macros(tmp_path) == ["lost"]


EVERY_SEGMENT = sorted((PROJECT / "models/marts/segments").rglob("*.sql"))
# Those that come with the project. What others hold is their authors' matter.
SEGMENTS = [path for path in EVERY_SEGMENT if path.stem in judged()]


@pytest.mark.parametrize("path", SEGMENTS, ids=lambda path: path.stem)
def test_a_segment_is_one_column_over_traits(path):
    text = path.read_text()
    assert text.startswith("-- "), "one comment says who is in it"
    (column,) = re.findall(r"^select (.+)$", text, re.MULTILINE)
    assert column in ("profile_id", "profile_traits.profile_id")
    assert "coalesce" not in text


@pytest.mark.parametrize("path", EVERY_SEGMENT, ids=lambda path: path.stem)
def test_a_segment_reads_traits_and_other_segments_only(path):
    refs = set(re.findall(r"ref\('(\w+)'\)", path.read_text()))
    assert refs <= {"profile_traits", "account_traits"} | {other.stem for other in EVERY_SEGMENT}


@pytest.mark.parametrize("path", SEGMENTS, ids=lambda path: path.stem)
def test_a_threshold_stands_in_the_file_of_its_segment(path):
    assert "var(" not in path.read_text()
    assert "as_of()" not in path.read_text(), "compare with the column as_of"


@pytest.fixture(scope="module")
def manifest(demo):
    return json.loads((demo.target_path / "manifest.json").read_text())


def models(manifest):
    return {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }


def core_in_readme(text):
    """The segments in the README's table."""
    section = text.split("\n| segment |", 1)[1].split("\n\n", 1)[0]
    return sorted(re.findall(r"^\| `(\w+)`", section, re.MULTILINE))


def test_the_core_segments_are_few_and_the_readme_names_them(manifest):
    core = sorted(
        path.stem
        for path in SEGMENTS
        if models(manifest)[path.stem]["config"]["meta"].get("core", False)
    )
    readme = (PROJECT / "README.md").read_text()
    assert 0 < len(core) <= 10
    assert core_in_readme(readme) == core
    assert core_in_readme(readme.replace("`hot_returners`", "`warm_returners`")) != core


def test_converting_ends_membership_in_every_segment_that_is_to_convert(manifest):
    for path in SEGMENTS:
        if models(manifest)[path.stem]["config"]["meta"]["goal"] == "convert":
            assert re.search(
                r"not (profile_traits\.)?(has_converted|is_customer)", path.read_text()
            ), path.stem


# Traits that no time takes away.
FOR_EVER = re.compile(
    r"\w+_ever|(discounted_)?order_count|is_loyalty_member|is_former_customer|last_deal_lost_at"
)


def asking_for_ever(manifest, folder):
    """Segments that read such traits, and whether their description says so."""
    found = {}
    for path in SEGMENTS:
        node = models(manifest)[path.stem]
        sql = re.sub(r"--.*", "", (folder / node["original_file_path"]).read_text())
        if any(FOR_EVER.fullmatch(word) for word in re.findall(r"\w+", sql)):
            found[path.stem] = re.search(r"\bever\b", node["description"]) is not None
    return found


def test_what_holds_for_ever_says_so(manifest, demo):
    found = asking_for_ever(manifest, demo.target_path / "compiled" / "audience_engine")
    assert found == {
        "disqualified": True,
        "former_customers": True,
        "lapsed_leads": True,
        "lost_deals_back": True,
        "loyalty_members": True,
        "price_sensitive_shoppers": True,
    }


def test_every_segment_warns_when_it_holds_nearly_everybody(manifest):
    bounded = {
        node["attached_node"].split(".")[-1]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        and node["name"].startswith("size_within")
        and node["config"]["severity"].lower() == "warn"
        and 0 < node["test_metadata"]["kwargs"]["at_most_share"] < 1
    }
    assert bounded >= {path.stem for path in SEGMENTS}


def unread_traits(manifest, compiled_of):
    """Columns of the trait models that no segment, mart or activation model names.

    `compiled_of` gives the compiled SQL of a model: what a trigger reads is named there.
    """
    traits = {
        (model, column)
        for model in ("profile_traits", "account_traits")
        for column in models(manifest)[model]["columns"]
    }
    readers = {
        name: " ".join(re.sub(r"--.*", "", compiled_of(node)).split())
        for name, node in models(manifest).items()
        if "marts" in node["fqn"] and name != "profile_traits"
    }
    return sorted(
        column
        for model, column in traits
        if not any(
            re.search(rf"\b{column}\b", sql) for name, sql in readers.items() if name != model
        )
    )


def test_no_trait_is_without_a_reader(manifest, demo):
    def compiled_of(node):
        folder = demo.target_path / "compiled" / "audience_engine"
        return (folder / node["original_file_path"]).read_text()

    assert unread_traits(manifest, compiled_of) == []
    assert unread_traits(
        manifest, lambda node: compiled_of(node).replace("top_category_view_count_14d", "gone")
    ) == ["top_category_view_count_14d"]


READ_FIRST = (
    "intermediate/traits/int_profile_behaviors_counted",
    "marts/people/profile_traits",
    "marts/people/account_traits",
    *(f"marts/segments/{path.parent.name}/{path.stem}" for path in SEGMENTS),
)


@pytest.mark.parametrize("name", READ_FIRST)
def test_what_people_read_first_compiles_to_short_lines(demo, name):
    path = demo.target_path / "compiled/audience_engine/models" / f"{name}.sql"
    lines = path.read_text().splitlines()
    assert [line for line in lines if len(line) > 100] == []
    assert not any("{{" in line or "cast('" in line for line in lines if "segments" in name)


def test_counts_compile_to_what_a_person_would_write(demo):
    folder = demo.target_path / "compiled/audience_engine/models/intermediate/traits"
    text = (folder / "int_profile_behaviors_counted.sql").read_text()
    assert (
        "    count(\n"
        "        case when 'pricing_page_viewed' in (behavior, broader_behavior)\n"
        "            and age < interval '7' day then 1 end\n"
        "    ) as pricing_page_viewed_count_7d,\n"
    ) in text
    assert len(re.findall(r"cast\('\d{4}-", text)) == 3, (
        "the clock is read for ages and the filter alone"
    )


def test_every_segment_has_a_unit_test_with_both_sides(manifest):
    tested = {}
    for test in manifest["unit_tests"].values():
        given = sum(len(entry["rows"] or []) for entry in test["given"])
        expected = len(test["expect"]["rows"] or [])
        tested.setdefault(test["model"], []).append((given, expected))
    for path in SEGMENTS:
        assert any(0 < expected < given for given, expected in tested.get(path.stem, [])), path.stem


# A row walks through these rooms in this order and never back.
ROOMS = (
    "staging",
    "intermediate/events",
    "intermediate/identity",
    "intermediate/behaviors",
    "intermediate/accounts",
    "intermediate/traits",
    "marts/people",
    "marts/segments",
    "marts/membership",
    "marts/activation",
    "marts/reporting",
)


def room_of(node):
    """The room of a model, by its path; None for a model that stands in none."""
    path = node["original_file_path"].removeprefix("models/")
    return next((room for room in ROOMS if path.startswith(f"{room}/")), None)


def steps_back(nodes):
    """Models that read a later room than their own, as `model reads model`."""
    return sorted(
        f"{name} ({room_of(node)}) reads {parent} ({room_of(nodes[parent])})"
        for name, node in nodes.items()
        for parent in (full.split(".")[-1] for full in node["depends_on"]["nodes"])
        if parent in nodes and ROOMS.index(room_of(nodes[parent])) > ROOMS.index(room_of(node))
    )


def test_every_model_stands_in_a_room(manifest):
    assert [name for name, node in models(manifest).items() if room_of(node) is None] == []


def test_no_room_reads_a_later_one(manifest):
    nodes = models(manifest)
    assert steps_back(nodes) == []
    turned = copy.deepcopy({name: nodes[name] for name in ("int_profiles", "profiles")})
    turned["int_profiles"]["depends_on"]["nodes"] = ["model.audience_engine.profiles"]
    assert steps_back(turned) == [
        "int_profiles (intermediate/identity) reads profiles (marts/people)"
    ]


def test_only_staging_reads_sources_and_only_the_roll_up_reads_segments(manifest):
    nodes = models(manifest)
    segments = {path.stem for path in EVERY_SEGMENT}
    for name, node in nodes.items():
        parents = node["depends_on"]["nodes"]
        if any(parent.startswith("source.") for parent in parents):
            assert room_of(node) == "staging", name
        read = {parent.split(".")[-1] for parent in parents} & segments
        assert not read or name == "segment_memberships" or name in segments, name


def test_a_source_that_is_not_listed_costs_nothing(manifest):
    built = {node["fqn"][2] for node in models(manifest).values() if "staging" in node["fqn"]}
    assert built == {"segment", "email", "hubspot"}
    assert {source["source_name"] for source in manifest["sources"].values()} == built


def test_every_source_has_freshness_from_vars(manifest):
    for source in manifest["sources"].values():
        assert source["loaded_at_query"], source["name"]
        freshness = source["freshness"]
        assert freshness["warn_after"] == {"count": 36, "period": "hour"}, source["name"]
        assert freshness["error_after"] == {"count": 168, "period": "hour"}, source["name"]


def test_segments_and_crm_are_in_schemas_that_read_aloud(manifest):
    assert {models(manifest)[path.stem]["schema"] for path in SEGMENTS} == {"segments"}
    assert models(manifest)["crm_contacts"]["schema"] == "activation"


def test_marts_have_contracts_and_owners(manifest):
    tests = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "test"}
    for name, node in models(manifest).items():
        # Columns of these come and go with what is counted: a test stands for the contract.
        if name in ("profile_traits", "account_traits"):
            assert f"columns_as_described_{name}_" in tests
            assert all(column["description"] for column in node["columns"].values()), name
        elif "marts" in node["fqn"] and "segments" not in node["fqn"]:
            assert node["config"]["contract"]["enforced"], name
        if "marts" in node["fqn"]:
            assert node["config"]["group"], name


def test_the_lock_files_pin_hashes_and_name_no_registry():
    for name in ("requirements.txt", "requirements-bootstrap.txt", "requirements-splink.txt"):
        text = (PROJECT / name).read_text()
        assert "://" not in text, name
        pins = [line for line in text.splitlines() if re.match(r"[a-z0-9]", line)]
        assert pins, name
        assert all("==" in pin for pin in pins), name
        assert text.count("--hash=sha256:") >= len(pins), name


def test_the_example_profile_names_every_engine():
    profile = yaml.safe_load((PROJECT / "profiles.example.yml").read_text())
    kinds = {output["type"] for output in profile["audience_engine"]["outputs"].values()}
    assert kinds == {"duckdb", "postgres", "spark", "databricks"}


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_no_data_is_part_of_the_project():
    import subprocess

    files = subprocess.run(
        ["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=False
    ).stdout.split()
    assert [name for name in files if name.endswith((".parquet", ".duckdb", ".sqlite"))] == []
