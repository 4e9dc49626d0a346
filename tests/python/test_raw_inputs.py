"""The contract of the raw folder: formats, growing folders, missing files and columns."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from scripts.dbt_runner import DbtFailed

AS_OF = "2026-06-30T00:00:00Z"


@pytest.fixture
def project(make_project):
    project = make_project(event_sources=["events"], as_of=AS_OF)
    (project.raw / "events" / "events").mkdir(parents=True)
    return project


def event(number, **more):
    return {
        "event_id": f"e{number}",
        "event_name": "page_viewed",
        "occurred_at": "2026-06-01T12:00:00+02:00",
        "anonymous_id": "device",
        **more,
    }


def test_a_folder_may_mix_formats_and_grow(project):
    folder = project.raw / "events" / "events"
    (folder / "one.csv").write_text(
        "event_id,event_name,occurred_at,anonymous_id\n"
        "e1,page_viewed,2026-06-01T12:00:00+02:00,device\n"
    )
    (folder / "two.ndjson").write_text(
        json.dumps(event(2, properties={"nested": [1, "two"]}, something_else=1)) + "\n"
    )
    project.dbt("run", "--select", "+int_events")
    # A file with a column that the others lack, and typed instants.
    duckdb.sql(
        f"""
        copy (
            select
                'e3' as event_id, 'page_viewed' as event_name,
                timestamp '2026-06-01 10:00:00' as occurred_at, 'device' as anonymous_id,
                'https://a.example/x' as page_url
        ) to '{folder}/three.parquet'
        """
    )
    project.dbt("run", "--select", "+int_events")
    assert project.rows(
        """
        select event_id, cast(occurred_at as varchar), page_url, properties
        from intermediate.int_events order by event_id
        """
    ) == [
        ("e1", "2026-06-01 10:00:00", None, None),
        ("e2", "2026-06-01 10:00:00", None, '{"nested":[1,"two"]}'),
        ("e3", "2026-06-01 10:00:00", "https://a.example/x", None),
    ]


HEADER = "event_id,event_name,occurred_at,anonymous_id,page_url\n"


def page(number, url="/a", *, cells=("page_viewed", "2026-06-01", "device")):
    return ",".join([f"e{number}", *cells, url]) + "\n"


def lay_views(project):
    """The start of a run, which lays views over the files; then one small model."""
    project.dbt("run", "--select", "stg_events__events")


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.fixture(scope="module")
def odd_files(make_project):
    """One table over files of every kind, with what can be odd in them, laid out once."""
    project = make_project(event_sources=["events"], as_of=AS_OF)
    folder = project.raw / "events" / "events"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text(HEADER + "".join(page(number) for number in range(5)))
    (folder / "b.csv").write_bytes(
        HEADER.encode()
        + page(11, '"two\nlines, ""quoted"""').encode()  # lines 2 and 3
        + page(12, "/CAFÉ…").encode()
        + page(13, "/café").encode("latin-1")  # line 5
        + b"e14,page_viewed\n"
        + page(15, '"/open').encode()  # line 7
        + page(16, 'a 5" screen').encode()
        + b"\n"
        + page(17, '"/a"b').encode()  # line 10
        + page(18, "/pricing?a=1,2").encode()  # line 11
        + b"e19,page_vie"  # line 12, cut
    )
    (folder / "bom.csv").write_text("\ufeff" + HEADER + page(21), encoding="utf-8")
    (folder / "crlf.csv").write_bytes((HEADER + page(22) + page(23)[:-1] + "\r\n").encode())
    (folder / "d.tsv").write_text((HEADER + page(24, "/a;b")).replace(",", "\t").replace(";", ","))
    (folder / "E.CSV.GZ").write_bytes(gzip.compress((HEADER + page(25, "/CAFÉ…")).encode()))
    duckdb.sql(
        "copy (select 'e26' as event_id, 'page_viewed' as event_name, '2026-06-01' as occurred_at, "
        f"'device' as anonymous_id) to '{folder}/f.csv.zst' (header, compression zstd)"
    )
    (folder / "empty.csv").touch()
    (folder / "empty.ndjson").touch()
    (folder / "header_only.csv").write_text(HEADER)
    (folder / "_SUCCESS").touch()
    (folder / "pulled-1.part").touch()
    (folder / "g.ndjson").write_bytes(
        lines(event(31), event(32, page_url="/café"))
        + b'{"event_id": "e33", "page_url": "\\ud800"}\n\n'
        + b'{"event_id": "e34", "page_url": "/caf\xe9"}\n'
        + b"[1, 2]\n"
        + b'{"event_id": "e35", "event_na'
    )
    (folder / "h.jsonl.gz").write_bytes(gzip.compress(b"\xef\xbb\xbf" + lines(event(36))))
    (folder / "i.json").write_text(json.dumps([event(37), event(38, properties={"a": [1]})]))
    # What only a late row has.
    (folder / "late.ndjson").write_bytes(
        lines(*[event(1000 + number) for number in range(2500)], event(39, referrer="/late"))
    )
    for name, user_id in [
        ("j", "10432::bigint"), ("k", "10432.0::double"), ("l", "'10432'"), ("m", "'nan'::double"),
        ("n", "9007199254740993::bigint"),
    ]:  # fmt: skip
        duckdb.sql(
            f"copy (select 'p_{name}' as event_id, 'page_viewed' as event_name, "
            f"timestamp '2026-06-01 10:00:00' as occurred_at, {user_id} as user_id, "
            f"{{'a': 'one'}} as properties) to '{folder}/{name}.parquet'"
        )
    lay_views(project)
    return project


def test_every_good_row_is_read_whatever_stands_beside_it(odd_files):
    read = dict(
        odd_files.rows(
            "select event_id, page_url from raw_events.events "
            "where event_id not like 'p_%' and not regexp_matches(event_id, '^e[0-9]{4}$')"
        )
    )
    assert read == {
        **{f"e{number}": "/a" for number in [*range(5), 21, 22, 23]},
        "e11": 'two\nlines, "quoted"',
        "e12": "/CAFÉ…",
        "e16": 'a 5" screen',
        "e24": "/a,b",
        "e25": "/CAFÉ…",
        **{f"e{number}": None for number in [26, 31, 36, 37, 38, 39]},
        "e32": "/café",
    }
    assert odd_files.value("select count(*) from raw_events.events") == 2500 + len(read) + 5
    assert odd_files.rows(
        "select properties, referrer from raw_events.events "
        "where event_id in ('e38', 'e39') order by all"
    ) == [('{"a":[1]}', None), (None, "/late")]


def test_every_row_that_is_not_read_has_file_line_and_reason(odd_files):
    assert odd_files.rows(
        "select parse_filename(file), line_number, reason, left(row_text, 12) "
        "from intake.rejected_rows order by file, line_number"
    ) == [
        ("b.csv", 5, "wrong_encoding", "e13,page_vie"),
        ("b.csv", 6, "too_few_fields", "e14,page_vie"),
        ("b.csv", 7, "broken_quotes", "e15,page_vie"),
        ("b.csv", 10, "broken_quotes", "e17,page_vie"),
        ("b.csv", 11, "too_many_fields", "e18,page_vie"),
        ("b.csv", 12, "too_few_fields", "e19,page_vie"),
        ("g.ndjson", 3, "unreadable_row", '{"event_id":'),
        ("g.ndjson", 5, "wrong_encoding", '{"event_id":'),
        ("g.ndjson", 6, "unreadable_row", "[1, 2]"),
        ("g.ndjson", 7, "unreadable_row", '{"event_id":'),
    ]


def test_lines_read_are_rows_kept_and_set_aside(odd_files):
    counts = {
        name: (rows, rejected)
        for name, rows, rejected in odd_files.rows(
            "select parse_filename(file), row_count, rejected_count from intake.files"
        )
    }
    assert counts["a.csv"] == (5, 0)
    assert counts["b.csv"] == (9, 6)
    assert counts["g.ndjson"] == (6, 4)
    assert counts["empty.csv"] == counts["header_only.csv"] == counts["empty.ndjson"] == (0, 0)
    assert counts["late.ndjson"] == (2501, 0)
    assert sum(rows - rejected for rows, rejected in counts.values()) == odd_files.value(
        "select count(*) from raw_events.events"
    )


def test_an_id_is_the_same_text_in_every_file(odd_files):
    assert odd_files.rows(
        "select event_id, user_id, properties from raw_events.events "
        "where event_id like 'p_%' order by all"
    ) == [
        ("p_j", "10432", '{"a":"one"}'),
        ("p_k", "10432", '{"a":"one"}'),
        ("p_l", "10432", '{"a":"one"}'),
        ("p_m", None, '{"a":"one"}'),
        ("p_n", "9007199254740993", '{"a":"one"}'),
    ]


def test_a_file_is_looked_at_again_when_it_changes(odd_files):
    folder = odd_files.raw / "events" / "events"
    with duckdb.connect(str(odd_files.warehouse)) as connection:
        connection.execute("update intake.files set row_count = 77 where file like '%/a.csv'")
    (folder / "b.csv").write_text(HEADER + page(11))
    (folder / "g.ndjson").unlink()
    lay_views(odd_files)
    # What did not change is not read again.
    assert odd_files.value("select row_count from intake.files where file like '%/a.csv'") == 77
    assert odd_files.value("select count(*) from intake.rejected_rows") == 0
    assert odd_files.value("select count(*) from intake.files where file like '%g.ndjson'") == 0
    assert odd_files.rows("select page_url from raw_events.events where event_id = 'e11'") == [
        ("/a",)
    ]


LINES = (HEADER + page(1) + page(2)).encode()
ZIPPED = gzip.compress(LINES)
# Zstandard's frame of one block that is not compressed: mark, how the header is built, length of
# the content, then the block's length with the sign that it is the last.
ZSTANDARD = (
    bytes.fromhex("28b52ffda0")
    + len(LINES).to_bytes(4, "little")
    + (len(LINES) << 3 | 1).to_bytes(3, "little")
    + LINES
)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.xlsx": b"PK"}, r"a\.xlsx has an ending that cannot be read.*\.csv"),
        (
            {"a.csv": HEADER.encode("utf-16")},
            r"a\.csv is not written in UTF-8, but in UTF-16.*encoding: utf-16",
        ),
        (
            {"a.csv": b"a,b\n", "b.csv": b"a;b\n"},
            r"share no delimiter: .*a\.csv and .*b\.csv",
        ),
        (
            {"a.csv": HEADER.replace("occurred", "occured").encode()},
            r"has no column occurred_at, .* Is it occured_at\? Rename",
        ),
        (
            {"a.ndjson": lines({"event_id": "e1", "event_name": "x", "occured_at": "x"})},
            r"Is it occured_at\?",
        ),
        ({"a.csv": b"event_id,EVENT_ID\n"}, r"a\.csv has two columns EVENT_ID"),
        ({"a.json": b'[{"event_id": "e1"}, {"ev'}, r"a\.json"),
        ({"a.csv": HEADER.encode(), "b.csv.gz": ZIPPED[:40]}, r"b\.csv\.gz ends before its end"),
        ({"a.csv.gz": ZIPPED[:-3]}, r"a\.csv\.gz ends before its end"),
        (
            {"a.csv": HEADER.encode(), "b.csv.zst": ZSTANDARD[:-30]},
            r"b\.csv\.zst ends before its end",
        ),
        ({"a.csv.zst": ZSTANDARD[:7]}, r"a\.csv\.zst ends before its end"),
    ],
    ids=[
        "ending",
        "utf_16",
        "delimiters",
        "near_name",
        "near_key",
        "two_columns",
        "cut_array",
        "cut_early",
        "cut_late",
        "cut_zstandard",
        "cut_frame",
    ],
)
def test_what_cannot_be_read_is_one_error_that_names_it(project, files, message):
    for name, content in files.items():
        (project.raw / "events" / "events" / name).write_bytes(content)
    with pytest.raises(DbtFailed, match=message):
        lay_views(project)


@pytest.mark.parametrize("user_id", ["1.5", "9007199254740994.0", "'inf'"])
def test_an_id_that_is_no_exact_number_stops_with_file_and_column(project, user_id):
    file = project.raw / "events" / "events" / "ids.parquet"
    duckdb.sql(
        f"copy (select 'e' as event_id, 'x' as event_name, '2026-06-01' as occurred_at, "
        f"{user_id}::double as user_id) to '{file}'"
    )
    with pytest.raises(DbtFailed, match=r"ids\.parquet holds user_id as floating point numbers"):
        lay_views(project)


def test_files_and_times_may_be_written_in_another_way(make_project):
    project = make_project(
        event_sources=["events"],
        as_of=AS_OF,
        file_formats={"events": {"delimiter": "|", "quote": "'", "encoding": "latin-1"}},
        source_times={
            "events": {
                "time_format": ["%m/%d/%Y", "%m/%d/%Y %I:%M %p", "%d.%b.%y %H:%M:%S.%f"],
                "time_zone": "America/New_York",
            }
        },
    )
    times = {
        "11/8/2017": "2017-11-08 05:00:00",
        "11/08/2017 12:05 am": "2017-11-08 05:05:00",
        "6/1/2026 1:05 PM": "2026-06-01 17:05:00",
        "01.Jun.26 09:00:00.5": "2026-06-01 13:00:00.5",
        "2026-06-01 12:00": "2026-06-01 16:00:00",
        "2026-06-01T12:00:00Z": "2026-06-01 12:00:00",
        "1781092800": "2026-06-10 12:00:00",
        "13/13/2017": None,
        "2/30/2026": None,
    }
    (project.raw / "events").mkdir(parents=True)
    (project.raw / "events" / "events.csv").write_bytes(
        HEADER.replace(",", "|").encode()
        + "".join(f"{at}|x|{at}|d|'caf\xe9|''a'\n" for at in times).encode("latin-1")
        + b"e2|x\n"
    )
    lay_views(project)
    read = "select event_id, cast(occurred_at as varchar) from staging.stg_events__events"
    assert dict(project.rows(read)) == times
    assert project.rows("select distinct page_url from raw_events.events") == [("café|'a",)]
    assert project.rows("select line_number, reason from intake.rejected_rows") == [
        (len(times) + 2, "too_few_fields")
    ]


def test_one_file_instead_of_a_folder(project):
    duckdb.sql(
        f"""
        copy (
            select 'e1' as event_id, 'page_viewed' as event_name,
            timestamptz '2026-06-01 12:00:00+02' as occurred_at, 'device' as anonymous_id
        ) to '{project.raw}/events/events.parquet'
        """
    )
    project.dbt("run", "--select", "+int_events")
    assert str(project.value("select occurred_at from intermediate.int_events")) == (
        "2026-06-01 10:00:00"
    )


def test_missing_files_name_the_path(project):
    with pytest.raises(DbtFailed) as failure:
        project.dbt("run")
    assert "source 'events' is listed in var event_sources but has no files" in str(failure.value)
    assert f"{project.raw}/events/events.parquet" in str(failure.value)


def test_a_missing_column_is_named(project):
    (project.raw / "events" / "events" / "one.csv").write_text("event_id,when\ne1,2026-06-01\n")
    with pytest.raises(DbtFailed, match=r"has no column event_name.*It has: event_id, when"):
        project.dbt("run")


def test_an_unknown_source_is_named(project):
    with pytest.raises(
        DbtFailed, match="event_sources lists 'sgement', which is no source"
    ) as failure:
        project.dbt("parse", event_sources=["sgement"])
    choices = "email, events, ga4, hubspot, salesforce, segment, shop, shopify, snowplow"
    assert f"Choose from {choices}" in str(failure.value)


def test_an_empty_list_of_sources_says_what_to_write(project):
    with pytest.raises(DbtFailed, match="event_sources must list at least one source"):
        project.dbt("parse", event_sources=[])


def test_broken_values_are_set_aside_and_nothing_is_lost(project):
    folder = project.raw / "events" / "events"
    rows = [
        event(1),
        event(2, occurred_at="the day before"),
        event(3, anonymous_id="undefined"),
        event(None, event_id=""),
        event(5, event_name=" "),
        event(6, occurred_at="2026-07-05T00:00:00Z"),
        event(7, value="a lot", is_machine="perhaps"),
    ]
    rows += [
        event(8, occurred_at="1970-01-01T00:00:00Z"),
        event(9, event_name="video_watched", value="NaN"),
        event(11, anonymous_id=None, user_id="10432"),
        event(12, anonymous_id=None, user_id=10432.0),
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    # One row of two files has a comma too many, and takes nothing with it.
    (folder / "a.csv").write_text(HEADER + "".join(page(number) for number in range(20, 25)))
    (folder / "b.csv").write_text(HEADER + page(25) + page(26, "/pricing?a=1,2"))
    project.dbt(
        "build",
        "--select", "+event_intake", "+events_quarantined", "file_intake",
        "--exclude-resource-type", "test", "unit_test",
    )  # fmt: skip
    assert project.rows(
        "select event_id, quarantine_reason from marts.events_quarantined order by all"
    ) == [
        ("e2", "unreadable_time"),
        ("e3", "no_identifier"),
        ("e5", "missing_event_name"),
        ("e6", "dated_in_future"),
        ("e8", "dated_in_past"),
        ("e9", "value_is_no_number"),
        (None, "missing_event_id"),
        (None, "too_many_fields"),
    ]
    assert project.rows(
        "select parse_filename(file), line_number, row_text from marts.events_quarantined "
        "where file is not null"
    ) == [("b.csv", 3, page(26, "/pricing?a=1,2").strip())]
    assert project.rows(
        "select parse_filename(file), row_count, kept_count, set_aside_count "
        "from marts.file_intake order by all"
    ) == [("a.csv", 5, 5, 0), ("b.csv", 2, 1, 1), ("rows.jsonl", 11, 11, 0)]
    assert project.rows(
        "select delivered_count, kept_count, duplicate_count, quarantined_count "
        "from marts.event_intake"
    ) == [(18, 10, 0, 8)]
    assert project.rows(
        "select distinct user_id from intermediate.int_events where user_id is not null"
    ) == [("10432",)]
    assert project.rows(
        "select value, is_machine from intermediate.int_events where event_id = 'e7'"
    ) == [(None, False)]

    # Eight of 18 events are set aside: that is no source to build on.
    with pytest.raises(DbtFailed, match="sources_are_mostly_set_aside") as failure:
        project.dbt("test", "--select", "event_intake,test_name:set_aside_within")
    assert {node.name: node.status for node in failure.value.nodes if node.kind == "test"} == {
        "sources_are_mostly_set_aside": "fail",
        "sources_are_partly_set_aside": "pass",
    }
    # Eight of 41 are less than 20 %, of 801 less than 1 %.
    for delivered, status in [(40, "fail"), (41, "warn"), (800, "warn"), (801, "pass")]:
        with duckdb.connect(str(project.warehouse)) as connection:
            connection.execute("update marts.event_intake set delivered_count = ?", [delivered])
        try:
            nodes = project.dbt("test", "--select", "event_intake,test_name:set_aside_within")
        except DbtFailed as failed:
            nodes = failed.nodes
        found = {node.status for node in nodes if node.kind == "test"}
        assert found - {"pass"} == {status} - {"pass"}


def test_a_good_history_does_not_hide_what_broke_last(project):
    """12 of the last 60 events are 20 %, and of all 660 less than 2 %."""
    folder = project.raw / "events" / "events"

    def loaded(first, count, day, broken):
        times = ["soon" if number < broken else f"{day}T01:00:00Z" for number in range(count)]
        return [
            event(first + number, occurred_at=time, loaded_at=f"{day}T02:00:00Z")
            for number, time in enumerate(times)
        ]

    def failed():
        (folder / "rows.jsonl").write_bytes(lines(*good, *last))
        (folder / "rows.csv").write_text(HEADER + "".join(page(number) for number in range(bad)))
        with (folder / "rows.csv").open("a") as file:
            file.writelines(f"cut{number}\n" for number in range(60 - bad))
        project.dbt(
            "build", "--select", "+event_intake", "+events_quarantined", "file_intake",
            "--exclude-resource-type", "test", "unit_test",
        )  # fmt: skip
        try:
            nodes = project.dbt(
                "test", "--indirect-selection", "cautious", "--select",
                "sources_are_mostly_set_aside_lately", "sources_are_mostly_set_aside",
                "files_are_mostly_set_aside",
            )  # fmt: skip
        except DbtFailed as failure:
            nodes = failure.nodes
        assert sum(node.kind == "test" for node in nodes) == 3
        return {node.name for node in nodes if node.kind == "test" and node.status == "fail"}

    good, bad = loaded(1000, 540, "2026-06-01", broken=0), 49
    last = loaded(5000, 60, "2026-06-20", broken=11)
    assert failed() == set()
    last = loaded(5000, 60, "2026-06-20", broken=12)
    assert failed() == {"sources_are_mostly_set_aside_lately"}
    last, bad = loaded(5000, 49, "2026-06-20", broken=49), 48  # too few to judge by, and enough
    assert failed() == {"files_are_mostly_set_aside"}


def test_a_session_in_another_time_zone_is_refused(project, tmp_path):
    (tmp_path / "profiles.yml").write_text(
        f"""
audience_engine:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: {tmp_path}/w.duckdb
      settings: {{TimeZone: Europe/Berlin}}
"""
    )
    (project.raw / "events" / "events" / "one.csv").write_text(
        "event_id,event_name,occurred_at\ne1,page_viewed,2026-06-01\n"
    )
    project.profiles_dir = tmp_path
    with pytest.raises(DbtFailed, match="TimeZone: UTC"):
        project.dbt("run")


@pytest.mark.parametrize(("hours", "status"), [(1, "pass"), (72, "warn"), (200, "error")])
def test_source_freshness_follows_the_vars(project, hours, status):
    """dbt compares with the wall clock here, so the test does too."""
    loaded_at = (datetime.now(UTC) - timedelta(hours=hours)).isoformat()
    (project.raw / "events" / "events" / "rows.jsonl").write_text(
        json.dumps(event(1, loaded_at=loaded_at)) + "\n"
    )
    try:
        nodes = project.dbt("source", "freshness")
    except DbtFailed as failure:
        nodes = failure.nodes
    assert [node.status for node in nodes if node.kind == "source"] == [status]


def test_values_that_break_other_parsers_do_not_stop_the_build(make_project):
    """Times out of every range, and JSON that is none: set aside or empty, never an error."""
    project = make_project(event_sources=["email", "snowplow"], as_of=AS_OF)
    webhooks = project.raw / "email" / "webhooks"
    webhooks.mkdir(parents=True)
    times = ["1e300", "NaN", "-9e18", "1461095250000000000", '"soon"']
    payloads = [
        f'{{"sg_event_id": "e{number}", "email": "a@b.example", "event": "open", '
        f'"timestamp": {at}}}'
        for number, at in enumerate(times)
    ] + ["oops"]
    (webhooks / "rows.ndjson").write_text(
        "".join(
            json.dumps(
                {"provider": "sendgrid", "received_at": "2026-06-01T00:00:00Z", "payload": payload}
            )
            + "\n"
            for payload in payloads
        )
    )
    tracked = project.raw / "snowplow" / "events"
    tracked.mkdir(parents=True)
    (tracked / "rows.csv").write_text(
        "event_id,event,collector_tstamp,domain_userid,"
        "contexts_com_snowplowanalytics_snowplow_ecommerce_user_1_0_0\n"
        "e1,page_view,2026-06-01 00:00:00,device,oops\n"
    )
    project.dbt(
        "build",
        "--select", "+event_intake", "+events_quarantined",
        "--exclude-resource-type", "test", "unit_test",
    )  # fmt: skip
    assert project.rows(
        "select source, kept_count, quarantined_count from marts.event_intake order by source"
    ) == [("email", 0, 6), ("snowplow", 1, 0)]
    assert project.value(
        "select properties from marts.events_quarantined "
        "where quarantine_reason = 'unreadable_payload' and properties = 'oops'"
    )
