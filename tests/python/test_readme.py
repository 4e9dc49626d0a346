"""Every command of the README does what it says, in a copy of the project beside a built demo."""

import re
import shutil

import pytest

from scripts.dbt_runner import PROJECT

from .house import House

README = (PROJECT / "README.md").read_text()
BLOCKS = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
INLINE = set(re.findall(r"`((?:make|audiences) [^`]+)`", README))
# What these do is tested where it takes a server, or a whole run, to see it.
ELSEWHERE = {
    "make demo": "test_demo.py",
    "make test": "the run that this test is a part of",
    "make crm": "test_demo_crm.py",
    "audiences pull": "delivery/test_bottlecrm_push.py",
}
# Without what a validation writes: nobody has validated this house.
SYNC = """
require_validation: false
syncs:
  outbox:
    destination: files
    options: {folder: data/outbox, format: csv}
    source: activation.crm_contacts
    key: profile_id
    fields: {email: email, primary_segment: primary_segment, segments: segments}
"""


def commands(block):
    """The commands of a block without its comments."""
    return [line.removeprefix("$ ").split("  #")[0].strip() for line in block.splitlines()]


@pytest.fixture(scope="module")
def house(demo, tmp_path_factory):
    house = House(tmp_path_factory.mktemp("readme") / "project", demo.raw, demo.warehouse)
    shutil.copytree(house.warehouse.parent, house.folder / "data" / "demo", symlinks=True)
    (house.folder / "sync.yml").write_text(SYNC)
    return house


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: commands(block)[-1])
def test_the_commands_of_a_block_run(house, block):
    lines = commands(block)
    assert all(line.startswith("$ ") for line in block.splitlines())
    script = [line for line in lines if line not in ELSEWHERE]
    house.run("bash", "-euc", "\n".join(script))
    if "audiences push --first-run" in script:
        assert list((house.folder / "data" / "outbox").rglob("*.csv"))


def test_commands_within_sentences_run(house):
    assert {"make help", "make clean-demo"} <= INLINE
    for command in sorted(INLINE - set(ELSEWHERE)):
        house.run("bash", "-euc", command)
    assert not (house.folder / "data" / "demo").exists()
    assert (house.folder / "data" / "warehouse.duckdb").exists()


def test_every_exception_is_in_the_readme():
    named = INLINE | {line for block in BLOCKS for line in commands(block)}
    assert set(ELSEWHERE) <= named


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 170
