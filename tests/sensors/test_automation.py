import functools

import dagster as dg
import pytest

from sensors.automation import tier_automation
from tier_assets.definitions import build_definitions
from tier_assets.tiers import Tier

KEY = "crawl.2026-08"


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("snapshots", [KEY])
        yield instance


definitions = functools.cache(build_definitions)


def requested(instance, cursor):
    result = dg.evaluate_automation_conditions(defs=definitions(), instance=instance, cursor=cursor)
    found = {tier.value for tier in Tier if KEY in result.get_requested_partitions(dg.AssetKey(tier.asset_name))}
    return found, result.cursor


def materialize(instance, tier, version="1", partition=KEY):
    tags = {"dagster/data_version": version}
    instance.report_runless_asset_event(dg.AssetMaterialization(tier.asset_name, partition=partition, tags=tags))


def all_current(instance):
    """A cursor after which every tier is promoted."""
    _, cursor = requested(instance, None)
    for tier in Tier:
        materialize(instance, tier)
        _, cursor = requested(instance, cursor)
    return cursor


def test_a_promoted_l0_requests_all_that_is_above_without_waiting_for_a_scorer(instance):
    _, cursor = requested(instance, None)
    materialize(instance, Tier.RAW)
    assert requested(instance, cursor)[0] == {"filtered", "selected", "refined", "organized"}


def test_an_override_of_a_held_tier_requests_what_is_above(instance):
    _, cursor = requested(instance, None)
    materialize(instance, Tier.RAW)
    _, cursor = requested(instance, cursor)
    # The requested run was held at L1; then a person promotes L1, which reports a materialization without a run.
    _, cursor = requested(instance, cursor)
    materialize(instance, Tier.FILTERED)
    assert requested(instance, cursor)[0] == {"selected", "refined", "organized"}


def test_a_run_that_found_its_tier_current_requests_nothing_above(instance):
    cursor = all_current(instance)
    for tier in Tier:
        materialize(instance, tier)
        found, cursor = requested(instance, cursor)
        assert found == set()


@pytest.mark.parametrize(
    ("tier", "above"),
    [
        (Tier.RAW, {"filtered", "selected", "refined", "organized"}),
        (Tier.FILTERED, {"selected", "refined", "organized"}),
        (Tier.SELECTED, {"refined", "organized"}),
        (Tier.REFINED, {"organized"}),
    ],
)
def test_new_content_requests_all_that_is_above_and_only_once(instance, tier, above):
    cursor = all_current(instance)
    materialize(instance, tier, "2")
    found, cursor = requested(instance, cursor)
    assert found == above
    assert requested(instance, cursor)[0] == set()


def test_new_content_and_then_the_same_again_before_anyone_looked_is_new_content(instance):
    cursor = all_current(instance)
    materialize(instance, Tier.FILTERED, "2")
    materialize(instance, Tier.FILTERED, "2")
    assert requested(instance, cursor)[0] == {"selected", "refined", "organized"}


def test_new_content_below_a_held_tier_requests_that_tier_once_more(instance):
    _, cursor = requested(instance, None)
    materialize(instance, Tier.RAW)
    _, cursor = requested(instance, cursor)
    materialize(instance, Tier.FILTERED)
    # L2 was held: there is no materialization of it, nor above.
    _, cursor = requested(instance, cursor)
    found, cursor = requested(instance, cursor)
    assert found == set()
    materialize(instance, Tier.FILTERED, "2")
    found, cursor = requested(instance, cursor)
    assert found == {"selected", "refined", "organized"}
    materialize(instance, Tier.FILTERED, "2")
    assert requested(instance, cursor)[0] == set()


def test_what_was_materialized_unchanged_in_the_meantime_is_not_requested_for_an_older_change(instance):
    cursor = all_current(instance)
    materialize(instance, Tier.SELECTED, "2")
    # A command computed L3 and L4 before the daemon looked, and they came out the same.
    materialize(instance, Tier.REFINED)
    materialize(instance, Tier.ORGANIZED)
    assert requested(instance, cursor)[0] == set()


def test_a_new_scorer_requests_nothing(instance):
    cursor = all_current(instance)
    instance.report_runless_asset_event(dg.AssetMaterialization("quality_scorer"))
    assert requested(instance, cursor)[0] == set()


def test_a_held_partition_requests_nothing_above(instance):
    _, cursor = requested(instance, None)
    materialize(instance, Tier.RAW)
    _, cursor = requested(instance, cursor)
    # L1 was held: its failed check is on record, a materialization is not.
    evaluation = dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey("l1_filtered"),
        check_name="content",
        passed=False,
        metadata={},
        blocking=True,
        partition=KEY,
    )
    instance.report_runless_asset_event(evaluation)
    assert requested(instance, cursor)[0] == set()


def test_the_sensor_starts_running():
    assert tier_automation().default_status == dg.DefaultSensorStatus.RUNNING
