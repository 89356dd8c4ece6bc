import dagster as dg
import pytest

from tier_assets.definitions import build_definitions, dagster_environment, defs, orchestrator
from tier_assets.home import Home
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.outcome import Outcome
from tier_assets.planning import CONTRACTS
from tier_assets.schemas import TABLES
from tier_assets.tiers import Tier


@pytest.fixture(scope="module")
def graph():
    return build_definitions().resolve_asset_graph()


def node(graph, name):
    return graph.get(dg.AssetKey(name))


def test_the_graph_is_landing_five_tiers_and_the_scorer(graph):
    assert {key.to_user_string() for key in graph.get_all_asset_keys()} == {
        "landing", "l0_raw", "l1_filtered", "quality_scorer", "l2_selected", "l3_refined", "l4_organized",
    }  # fmt: skip


def test_each_tier_is_derived_from_the_one_below(graph):
    parents = {tier: {key.to_user_string() for key in node(graph, tier.asset_name).parent_keys} for tier in Tier}
    assert parents == {
        Tier.RAW: {"landing"},
        Tier.FILTERED: {"l0_raw"},
        Tier.SELECTED: {"l1_filtered", "quality_scorer"},
        Tier.REFINED: {"l2_selected"},
        Tier.ORGANIZED: {"l3_refined", "l2_selected"},
    }


@pytest.mark.parametrize("tier", Tier)
def test_a_tier_is_grouped_owned_versioned_and_partitioned(graph, tier):
    asset = node(graph, tier.asset_name)
    assert asset.group_name == "tiers"
    assert asset.owners == ["team:strata"]
    assert asset.code_version == CONTRACTS[tier].code_version
    assert asset.partitions_def.name == "snapshots"
    assert asset.backfill_policy is None, "Dagster would ask for ranges, and record their checks for no partition"
    assert asset.metadata["dagster/column_schema"].columns


@pytest.mark.parametrize("tier", Tier)
def test_a_tiers_checks_are_its_contracts_blocking_and_partitioned(graph, tier):
    specs = [graph.get_check_spec(key) for key in node(graph, tier.asset_name).check_keys]
    assert {spec.name for spec in specs} == set(CONTRACTS[tier].checks)
    assert all(spec.blocking and spec.partitions_def is not None for spec in specs)


def test_tiers_that_ask_a_model_run_in_a_pool_of_their_own():
    pools = {
        next(iter(asset.keys)).to_user_string(): asset.op.pool
        for asset in build_definitions().assets
        if isinstance(asset, dg.AssetsDefinition)
    }
    assert pools == {
        "l0_raw": "cpu", "l1_filtered": "cpu", "quality_scorer": "cpu", "l2_selected": "cpu",
        "l3_refined": "gpu", "l4_organized": "gpu",
    }  # fmt: skip


def test_a_resource_can_be_overridden_with_a_plain_object():
    marker = object()
    assert build_definitions(lake=marker).resources["lake"] is marker


def test_what_dagster_loads_is_valid():
    dg.Definitions.validate_loadable(defs())


def test_dagster_is_pointed_at_a_home(tmp_path):
    home = Home(tmp_path)
    assert dagster_environment(home)["DAGSTER_HOME"] == str(tmp_path / "dagster")
    with orchestrator(home).instance() as instance:
        assert instance.get_dynamic_partitions("snapshots") == []
    assert (tmp_path / "dagster" / "dagster.yaml").is_file()


def test_a_policy_that_cannot_be_read_fails_every_tier_in_its_own_sentence_and_no_run_is_tried_again(
    tmp_path, monkeypatch
):
    """A resource that raised would end the run before its step, which Dagster's daemon takes for a crash."""
    monkeypatch.setenv("STRATA_HOME", str(tmp_path))
    home, key = Home(tmp_path), PartitionKey.parse("crawl.2026-08")
    home.prepare()
    home.policy.write_text("[raw]\nmax_line_byte = 7\n")
    dagster, lake = orchestrator(home), Lake(home.lake)
    for tier in Tier:
        nothing = Outcome(TABLES[tier].rows.polars.to_frame(), TABLES[tier].decisions.polars.to_frame())
        lake.promote(lake.stage(tier, key, nothing, basis=0, parts={"code": "old"}))
    with dagster.instance() as instance:
        dagster.prepare(instance, [key], print)
        for tier in Tier:
            outcome = dagster.materialize(instance, [tier], key, tags={})
            assert outcome.error.startswith(f"{home.policy}: line 2: raw.max_line_byte: no such key")
            assert instance.get_run_by_id(outcome.run_id).tags["dagster/will_retry"] == "false"
            assert lake.attempts(tier, key).read().message == outcome.error
