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


def requested(instance, cursor):
    result = dg.evaluate_automation_conditions(defs=build_definitions(), instance=instance, cursor=cursor)
    found = {tier.value for tier in Tier if KEY in result.get_requested_partitions(dg.AssetKey(tier.asset_name))}
    return found, result.cursor


def materialize(instance, tier):
    instance.report_runless_asset_event(dg.AssetMaterialization(tier.asset_name, partition=KEY))


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


def test_a_new_scorer_requests_nothing(instance):
    _, cursor = requested(instance, None)
    for tier in Tier:
        materialize(instance, tier)
        _, cursor = requested(instance, cursor)
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
