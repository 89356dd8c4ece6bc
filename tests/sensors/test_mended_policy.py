import dagster as dg
import pytest

from resources.storage import UnreadPolicyBook
from sensors.mended_policy import mended_policy
from tier_assets.home import Home
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.policy_book import PolicyBook

KEY = PartitionKey.parse("crawl.2026-08")
TYPO = "[raw]\nmax_line_byte = 7\n"


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def tick(home, cursor=None):
    resources = {"home": home, "lake": Lake(home.lake), "policies": UnreadPolicyBook(home.policy)}
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(instance=instance, cursor=cursor, resources=resources) as context,
    ):
        return mended_policy(context)


def asked(result):
    return [
        (request.partition_key, [key.to_user_string() for key in request.asset_selection])
        for request in result.run_requests
    ]


def attempts(home, tier):
    return Lake(home.lake).attempts(tier, KEY)


def flaw(home):
    """The policy's own sentence."""
    with pytest.raises(Exception, match="max_line_byte") as caught:
        PolicyBook.read(home.policy)
    return str(caught.value)


def test_what_failed_for_the_policy_is_requested_once_it_is_mended_with_all_that_is_above(home):
    home.policy.write_text(TYPO)
    attempts(home, "filtered").fail("run-1", flaw(home))
    broken = tick(home)
    assert (broken.run_requests, broken.skip_reason.skip_message) == ([], flaw(home))
    home.policy.write_text("")
    mended = tick(home, broken.cursor)
    assert asked(mended) == [(str(KEY), ["l1_filtered", "l2_selected", "l3_refined", "l4_organized"])]
    assert tick(home, mended.cursor).run_requests == []


def test_a_flaw_that_no_tick_saw_is_no_different(home):
    home.policy.write_text(TYPO)
    attempts(home, "raw").fail("run-1", flaw(home))
    home.policy.unlink()
    assert asked(tick(home))[0][0] == str(KEY)


def test_the_same_typo_twice_is_asked_for_twice(home):
    cursor = None
    for _ in range(2):
        home.policy.write_text(TYPO)
        attempts(home, "raw").fail("run-1", flaw(home))
        home.policy.write_text("")
        mended = tick(home, cursor)
        assert len(mended.run_requests) == 1
        attempts(home, "raw").end()
        cursor = tick(home, mended.cursor).cursor


def test_another_failure_waits_for_another_policy(home):
    attempts(home, "refined").fail("run-1", "no language model at http://127.0.0.1:9/v1: start the server")
    first = tick(home)
    assert first.run_requests == []
    home.policy.write_text("[language_model]\nconcurrency = 2\n")
    second = tick(home, first.cursor)
    assert asked(second) == [(str(KEY), ["l3_refined", "l4_organized"])]
    # It fails again with this policy: not in a circle.
    attempts(home, "refined").fail("run-2", "no language model at http://127.0.0.1:9/v1: start the server")
    assert tick(home, second.cursor).run_requests == []


def test_what_is_no_longer_failed_leaves_the_cursor(home):
    attempts(home, "raw").fail("run-1", "the disk is full")
    first = tick(home)
    assert str(KEY) in first.cursor
    attempts(home, "raw").end()
    assert tick(home, first.cursor).cursor == "{}"


def test_the_sensor_starts_running():
    assert mended_policy.default_status == dg.DefaultSensorStatus.RUNNING
