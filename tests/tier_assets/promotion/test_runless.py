import dagster as dg
import pytest

from tier_assets.promotion.runless import report_runless

KEY = "crawl.2026-08"
CHECK = dg.AssetCheckKey(dg.AssetKey("tier"), "content")


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def evaluation(passed, partition=KEY):
    return dg.AssetCheckEvaluation(
        asset_key=CHECK.asset_key, check_name=CHECK.name, passed=passed, metadata={}, partition=partition
    )


def history(instance):
    found = instance.event_log_storage.get_asset_check_execution_history(CHECK, limit=10)
    return sorted((execution.partition or "", execution.status.value) for execution in found)


def test_a_check_told_again_without_a_run_takes_the_place_of_the_last(instance):
    for passed in (False, True):
        for partition in (KEY, "crawl.other"):
            report_runless(instance, evaluation(passed, partition))
    assert history(instance) == [(KEY, "SUCCEEDED"), ("crawl.other", "SUCCEEDED")]


def test_a_check_of_an_asset_without_partitions_may_be_told_again(instance):
    for passed in (True, False):
        report_runless(instance, evaluation(passed, None))
    assert ("", "FAILED") in history(instance)


def test_materializations_are_all_kept(instance):
    for _ in range(2):
        report_runless(instance, dg.AssetMaterialization("tier", partition=KEY))
    assert len(instance.fetch_materializations(dg.AssetKey("tier"), limit=10).records) == 2
