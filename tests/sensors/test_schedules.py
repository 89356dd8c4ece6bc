import datetime

import dagster as dg
import pytest

from sensors.schedules import refresh_job, refresh_schedule
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.landing.zone import LandingZone
from tier_assets.policy_book import PolicyBook


class Digest:
    """A model that is only asked who it is."""

    digest = "model"
    profile = "small"


@pytest.fixture
def instance(tmp_path):
    # A schedule's context opens the instance anew, so it must be one that lasts.
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance:
        yield instance


def tick(tmp_path, instance):
    resources = {
        "lake": Lake(tmp_path / "lake"),
        "landing": LandingZone(tmp_path / "landing"),
        "policies": PolicyBook(),
        "language_identifier": Digest(),
        "language_model": Digest(),
    }
    night = datetime.datetime(2026, 11, 21, 2, tzinfo=datetime.UTC)
    with dg.build_schedule_context(instance=instance, resources=resources, scheduled_execution_time=night) as context:
        return list(refresh_schedule(refresh_job())(context))


def test_a_new_partition_is_requested_with_the_tiers_that_have_work(tmp_path, instance):
    page = tmp_path / "a.jsonl"
    page.write_text('{"text": "hello"}\n')
    LandingZone(tmp_path / "landing").land(PartitionKey.parse("crawl.2026-08"), [page])
    (request,) = tick(tmp_path, instance)
    assert (request.partition_key, request.run_key) == ("crawl.2026-08", "2026-11-21:crawl.2026-08")
    assert next(key.to_user_string() for key in request.asset_selection) == "l0_raw"
    assert instance.get_dynamic_partitions("snapshots") == ["crawl.2026-08"]


def test_a_night_without_work_says_so(tmp_path, instance):
    (reason,) = tick(tmp_path, instance)
    assert isinstance(reason, dg.SkipReason)
