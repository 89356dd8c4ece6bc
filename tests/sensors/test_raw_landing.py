import dagster as dg
import pytest

from resources.storage import UnreadPolicyBook
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
    policies = UnreadPolicyBook(zone.root.parent / "strata.toml")
    resources = {"lake": Lake(zone.root.parent / "lake"), "landing": zone, "policies": policies}
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
    assert (again.run_requests, again.cursor) == ([], first.cursor)
    assert again.skip_reason.skip_message == "nothing new has landed"


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


def archive(zone, key, state="promoted"):
    """What L0 does of what lies in the folder now."""
    lake, arrival = Lake(zone.root.parent / "lake"), zone.complete(key, 0)
    parts = fingerprint_parts(CONTRACTS[Tier.RAW], arrival.key, Inputs({}, arrival=arrival), PolicyBook(), {})
    empty = Outcome(TABLES["raw"].rows.polars.to_frame(), TABLES["raw"].decisions.polars.to_frame())
    staged = lake.stage("raw", arrival.key, empty, basis=lake.basis("raw", arrival.key), parts=parts)
    if state == "held":
        lake.record(staged.with_report("held", {"limits": PolicyBook().default.audit.digest}, ()))
    else:
        lake.promote(staged)


def test_bytes_replaced_while_their_l0_is_computed_are_requested_once_that_is_over(zone, instance, tmp_path):
    key = PartitionKey.parse("crawl.2026-08")
    land(zone, tmp_path, str(key))
    first = tick(zone, instance)
    attempts = Lake(zone.root.parent / "lake").attempts("raw", key)
    attempts.begin("run-1")
    old = zone.complete(str(key), 0)
    land(zone, tmp_path, str(key), '{"text": "other"}\n', replace=True)
    during = tick(zone, instance, first.cursor)
    assert during.run_requests == []
    # The run had read the first bytes.
    lake = Lake(zone.root.parent / "lake")
    parts = fingerprint_parts(CONTRACTS[Tier.RAW], key, Inputs({}, arrival=old), PolicyBook(), {})
    empty = Outcome(TABLES["raw"].rows.polars.to_frame(), TABLES["raw"].decisions.polars.to_frame())
    lake.promote(lake.stage("raw", key, empty, basis=0, parts=parts))
    attempts.end()
    after = tick(zone, instance, during.cursor)
    assert [request.partition_key for request in after.run_requests] == [str(key)]
    assert tick(zone, instance, after.cursor).run_requests == []


def test_the_cursor_holds_only_what_l0_does_not_hold_yet(zone, instance, tmp_path):
    for name in ("crawl.1", "crawl.2", "crawl.3"):
        land(zone, tmp_path, name)
    first = tick(zone, instance)
    assert len(first.cursor.split()) == 3
    archive(zone, "crawl.1")
    archive(zone, "crawl.2", "held")
    second = tick(zone, instance, first.cursor)
    assert [content.split("@")[0] for content in second.cursor.split()] == ["crawl.2", "crawl.3"]
    archive(zone, "crawl.3")
    third = tick(zone, instance, second.cursor)
    assert [content.split("@")[0] for content in third.cursor.split()] == ["crawl.2"]
    assert third.run_requests == []


def test_what_is_held_is_looked_at_once_and_not_requested(zone, instance, tmp_path):
    land(zone, tmp_path, "crawl.2026-08")
    archive(zone, "crawl.2026-08", "held")
    result = tick(zone, instance)
    assert (result.run_requests, len(result.cursor.split())) == ([], 1)


def test_a_tick_plans_only_what_is_new(zone, instance, tmp_path):
    """Read from the lake's manifests, which a plan reads and a look at the heads does not."""
    for name in ("crawl.1", "crawl.2"):
        land(zone, tmp_path, name)
        archive(zone, name)
    first = tick(zone, instance)
    for manifest in (zone.root.parent / "lake").rglob("_candidates/**/*.json"):
        manifest.write_text("unreadable")
    second = tick(zone, instance, first.cursor)
    assert (second.run_requests, second.cursor) == ([], "")


def test_a_policy_that_cannot_be_read_is_the_ticks_sentence_and_costs_no_landing(zone, instance, tmp_path):
    land(zone, tmp_path, "crawl.2026-08")
    policy = zone.root.parent / "strata.toml"
    policy.write_text("[raw]\nmax_line_byte = 7\n")
    result = tick(zone, instance)
    assert isinstance(result, dg.SkipReason)
    assert result.skip_message.startswith(f"{policy}: line 2: raw.max_line_byte: no such key")
    policy.unlink()
    assert [request.partition_key for request in tick(zone, instance).run_requests] == ["crawl.2026-08"]


@pytest.mark.parametrize(
    ("name", "why"),
    [("not a key", "is no partition key"), ("crawl.2026-99", "nothing of it has landed")],
)
def test_a_key_of_nothing_is_removed_with_a_word(zone, instance, tmp_path, name, why):
    land(zone, tmp_path, "crawl.2026-08")
    archive(zone, "crawl.2026-08")
    instance.add_dynamic_partitions("snapshots", ["crawl.2026-08", name])
    result = tick(zone, instance)
    (removed,) = result.dynamic_partitions_requests
    assert removed.partition_keys == [name]
    assert why in result.skip_reason.skip_message


def test_what_a_command_has_promoted_already_is_added_and_not_requested(zone, instance, tmp_path):
    land(zone, tmp_path, "crawl.2026-08")
    archive(zone, "crawl.2026-08")
    result = tick(zone, instance)
    assert [request.partition_keys for request in result.dynamic_partitions_requests] == [["crawl.2026-08"]]
    assert result.run_requests == []


def test_a_folder_still_arriving_is_not_requested(zone, instance):
    folder = zone.root / "crawl" / "2026-08"
    folder.mkdir(parents=True)
    (folder / "a.jsonl").write_text("{}")
    assert tick(zone, instance).run_requests == []


def test_a_hostile_name_is_ignored_and_told(zone, instance):
    (zone.root / "cr;awl" / "2026-08").mkdir(parents=True)
    (zone.root / "cr;awl" / "2026-08" / "_SUCCESS").write_text("")
    result = tick(zone, instance)
    assert result.run_requests == []
    assert "ignored: cr;awl can be no part" in result.skip_reason.skip_message


def test_the_sensor_starts_running():
    assert raw_landing.default_status == dg.DefaultSensorStatus.RUNNING
