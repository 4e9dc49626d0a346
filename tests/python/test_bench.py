"""The benchmark at a tiny size: it runs, and it notices when the bare script disagrees."""

import pytest

from dev import bench


def test_the_bare_script_and_the_project_agree(tmp_path, capsys):
    assert bench.main(["--sizes", "12000", "--folder", str(tmp_path)]) == 0
    page = capsys.readouterr().out
    assert "| events | dbt start-up | full build |" in page
    assert "### 12,000 events, with 1 % more" in page
    assert list(tmp_path.iterdir()) == []


def test_a_difference_is_noticed(demo, tmp_path, monkeypatch):
    broken = tmp_path / "broken.sql"
    script = bench.BASELINE.read_text()
    assert "interval 30 minute" in script
    broken.write_text(script.replace("interval 30 minute", "interval 2 minute"))
    (tmp_path / "warehouse.duckdb").symlink_to(demo.warehouse)
    bench.run_baseline(demo.raw, demo.warehouse, tmp_path / "baseline.duckdb", 2)
    assert bench.compare(tmp_path) == demo.value("select count(*) from marts.profile_traits")
    monkeypatch.setattr(bench, "BASELINE", broken)
    bench.run_baseline(demo.raw, demo.warehouse, tmp_path / "baseline.duckdb", 2)
    with pytest.raises(bench.ResultsDiffer, match=r"visit_count_7d|last_visit_started_at"):
        bench.compare(tmp_path)
