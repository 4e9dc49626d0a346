"""A warehouse that numbered its identifiers goes on under node keys, and nobody gets a new id."""

from dataclasses import replace

import duckdb
import pytest

from ..conftest import copy_of

# What an older version kept: numbers in order of arrival.
NUMBERED = """
create table intermediate.numbered as
select
    row_number() over (
        order by first_loaded_at, first_load_seen_at, identifier_type, identifier_value
    ) as node_seq,
    node_key,
    identifier_type,
    identifier_value,
    first_load_seen_at as first_seen_at,
    registered_at
from intermediate.int_identity_nodes;

create table intermediate.history as
select
    numbered.node_seq,
    history.revision,
    history.closing_revision,
    roots.node_seq as root_seq,
    history.suppression_reason,
    history.valid_from,
    history.valid_to
from intermediate.int_identity_clusters_history as history
inner join intermediate.numbered as numbered using (node_key)
left join intermediate.numbered as roots on history.profile_key = roots.node_key;

drop table intermediate.int_identity_nodes;
drop table intermediate.int_identity_clusters_history;
create table intermediate.int_identity_nodes as
select node_seq, identifier_type, identifier_value, first_seen_at, registered_at
from intermediate.numbered;
create table intermediate.int_identity_clusters_history as from intermediate.history;
drop table intermediate.numbered;
drop table intermediate.history;
"""
IDS = "select identifier_type, identifier_value, profile_id from marts.profile_identifiers"
HISTORY = """
select node_key, profile_key, revision, closing_revision, valid_from, valid_to
from intermediate.int_identity_clusters_history
"""


@pytest.fixture
def older(demo, tmp_path):
    """The demo's warehouse as an older version left it, and what it knew."""
    project = replace(copy_of(demo, tmp_path), target_path=tmp_path / "target")
    known = {query: sorted(project.rows(query), key=str) for query in (IDS, HISTORY)}
    with duckdb.connect(str(project.warehouse)) as connection:
        connection.execute(NUMBERED)
    return project, known


def test_everybody_keeps_the_profile_id(older):
    project, known = older
    project.dbt("run-operation", "take_over_node_numbers")
    project.dbt("build", "--exclude-resource-type", "unit_test")
    assert {query: sorted(project.rows(query), key=str) for query in known} == known
    assert project.value("select count(*) from marts.profile_merges") == 0
    # A second time there is nothing to do.
    project.dbt("run-operation", "take_over_node_numbers")
    assert sorted(project.rows(HISTORY), key=str) == known[HISTORY]
