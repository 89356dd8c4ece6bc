import dagster as dg
import pytest

from sensors.raw_landing import raw_landing
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.landing.zone import LandingZone
from tier_assets.outcome import Outcome
from tier_assets.planning import CONTRACTS
from tier_assets.policy_book import PolicyBook
from tier_assets.schemas import TABLES
from tier_assets.staleness import Inputs, fingerprint_parts
from tier_assets.tiers import Tier


@pytest.fixture
def zone(tmp_path):
    return LandingZone(tmp_path / "landing")


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def tick(zone, instance, cursor=None):
    resources = {"lake": Lake(zone.root.parent / "lake"), "landing": zone, "policies": PolicyBook()}
    with dg.build_sensor_context(
        instance=instance,
        cursor=cursor,
        resources=resources,
    ) as context:
        return raw_landing(context)


def land(zone, tmp_path, key, text='{"text": "hello"}\n', replace=False):
    path = tmp_path / "page.jsonl"
    path.write_text(text)
    zone.land(PartitionKey.parse(key), [path], replace=replace)


def test_a_landed_partition_is_added_and_its_l0_requested(zone, instance, tmp_path):
    land(zone, tmp_path, "crawl.2026-08")
    result = tick(zone, instance)
    assert [request.partition_keys for request in result.dynamic_partitions_requests] == [["crawl.2026-08"]]
    assert [request.partition_key for request in result.run_requests] == ["crawl.2026-08"]


def test_the_same_landing_is_requested_once(zone, instance, tmp_path):
    land(zone, tmp_path, "crawl.2026-08")
    first = tick(zone, instance)
    again = tick(zone, instance, first.cursor)
    assert isinstance(again, dg.SkipReason)


def test_other_bytes_are_requested_again_and_so_are_the_first_when_they_come_back(zone, instance, tmp_path):
    land(zone, tmp_path, "crawl.2026-08")
    first = tick(zone, instance)
    instance.add_dynamic_partitions("snapshots", ["crawl.2026-08"])
    land(zone, tmp_path, "crawl.2026-08", '{"text": "other"}\n', replace=True)
    second = tick(zone, instance, first.cursor)
    assert second.dynamic_partitions_requests == []
    assert [request.partition_key for request in second.run_requests] == ["crawl.2026-08"]
    land(zone, tmp_path, "crawl.2026-08", replace=True)
    third = tick(zone, instance, second.cursor)
    assert [(request.partition_key, request.run_key) for request in third.run_requests] == [("crawl.2026-08", None)]


def test_what_a_command_has_promoted_already_is_added_and_not_requested(zone, instance, tmp_path):
    land(zone, tmp_path, "crawl.2026-08")
    lake, arrival = Lake(zone.root.parent / "lake"), zone.complete("crawl.2026-08", 0)
    parts = fingerprint_parts(CONTRACTS[Tier.RAW], arrival.key, Inputs({}, arrival=arrival), PolicyBook(), {})
    empty = Outcome(TABLES["raw"].rows.polars.to_frame(), TABLES["raw"].decisions.polars.to_frame())
    lake.promote(lake.stage("raw", arrival.key, empty, basis=0, parts=parts))
    result = tick(zone, instance)
    assert [request.partition_keys for request in result.dynamic_partitions_requests] == [["crawl.2026-08"]]
    assert result.run_requests == []


def test_a_folder_still_arriving_is_not_requested(zone, instance):
    folder = zone.root / "crawl" / "2026-08"
    folder.mkdir(parents=True)
    (folder / "a.jsonl").write_text("{}")
    assert isinstance(tick(zone, instance), dg.SkipReason)


def test_a_hostile_name_is_ignored_and_told(zone, instance):
    (zone.root / "cr;awl" / "2026-08").mkdir(parents=True)
    (zone.root / "cr;awl" / "2026-08" / "_SUCCESS").write_text("")
    result = tick(zone, instance)
    assert isinstance(result, dg.SkipReason)
    assert "cr;awl" in result.skip_message


def test_the_sensor_starts_running():
    assert raw_landing.default_status == dg.DefaultSensorStatus.RUNNING
