import datetime

import dagster as dg
import pytest

from resources.storage import UnreadPolicyBook
from sensors.schedules import (
    maintenance,
    maintenance_schedule,
    refresh_job,
    refresh_schedule,
    scrub,
    scrub_schedule,
)
from tier_assets.home import Home
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.landing.zone import LandingZone
from tier_assets.policy_book import PolicyBook
from tier_assets.progress import LogNarrator


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


def tick(tmp_path, instance, policies=None):
    resources = {
        "lake": Lake(tmp_path / "lake"),
        "landing": LandingZone(tmp_path / "landing"),
        "policies": policies or PolicyBook(),
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


def test_a_policy_that_cannot_be_read_is_the_nights_sentence(tmp_path, instance):
    policy = tmp_path / "strata.toml"
    policy.write_text("[raw]\nmax_line_byte = 7\n")
    (reason,) = tick(tmp_path, instance, UnreadPolicyBook(policy))
    assert reason.skip_message.startswith(f"{policy}: line 2: raw.max_line_byte: no such key")


def test_maintenance_deletes_more_runs_than_the_policy_keeps(instance):
    for _ in range(12):
        instance.add_run(dg.DagsterRun(job_name="job", status=dg.DagsterRunStatus.SUCCESS))
    policies = PolicyBook({"retention": {"max_runs": 10}})
    assert maintenance.execute_in_process(instance=instance, resources={"policies": policies}).success
    # Its own run is one of those kept.
    assert instance.get_runs_count() == 10


def test_maintenance_runs_by_itself_every_night():
    schedule = maintenance_schedule()
    assert (schedule.job_name, schedule.default_status) == ("maintenance", dg.DefaultScheduleStatus.RUNNING)


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    home.prepare()
    return home


def scrubbed(instance, home):
    resources = {"home": home, "narrator": LogNarrator()}
    return scrub.execute_in_process(instance=instance, resources=resources, raise_on_error=False)


def test_a_scrub_of_a_sound_home_succeeds(instance, home):
    assert scrubbed(instance, home).success


def test_a_scrub_that_finds_damage_fails_with_at_most_twenty_sentences_and_is_not_tried_again(instance, home):
    names = [f"{number:064x}.bin" for number in range(23)]
    for name in names:
        (home.models / name).write_bytes(b"junk")
    done = scrubbed(instance, home)
    (failed,) = done.filter_events(lambda event: event.is_step_failure)
    lines = failed.step_failure_data.user_failure_data.description.splitlines()
    assert not done.success
    assert lines[0] == f"{home.models / names[0]}: is not what was trained; `strata train`"
    assert len(lines) == 21
    assert lines[-1] == "and 3 more: `strata scrub` tells all"
    assert not done.filter_events(lambda event: event.event_type == dg.DagsterEventType.STEP_UP_FOR_RETRY)


def test_a_scrub_runs_by_itself_every_month():
    schedule = scrub_schedule()
    assert (schedule.job_name, schedule.cron_schedule) == ("scrub", "0 5 1 * *")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
