import dagster as dg

from tier_assets.l1_filtered.contract import CONTRACT
from tier_assets.promotion.events import runless_events


def test_a_version_is_told_without_a_run_with_its_number_and_a_result_for_each_check(lake, key, documents):
    version = lake.promote(lake.stage("filtered", key, documents("a"), basis=0, parts={"code": "1"}))
    made, *checks = runless_events(lake, CONTRACT, version, "reported", asset="l1_filtered", partition=str(key))
    assert isinstance(made, dg.AssetMaterialization)
    assert made.tags == {"dagster/data_version": version.fingerprint}
    assert made.metadata["strata/version"].value == 1
    assert [check.check_name for check in checks] == list(CONTRACT.checks)
    assert {check.partition for check in checks} == {str(key)}
