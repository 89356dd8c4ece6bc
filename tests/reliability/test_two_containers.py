"""Commands in two containers, each with pids of its own, that share a home: neither takes the other for dead while it lives.

None of these is judged by the clock: where a test needs a process to be known as alive, patience is the real one; where it
needs one to be taken for dead, that one does nothing any more, however long it takes to notice.
"""

import json
import shutil
import signal

import pytest

from tests.reliability.commands import answer, start, strata
from tests.reliability.containers import permitted
from tests.reliability.kills import Point
from tier_assets.definitions import orchestrator
from tier_assets.files.durable import locked
from tier_assets.files.leases import Timing
from tier_assets.home import Home

KEY, OTHER = "crawl.2026-08", "forge.2026-08"
AT_WORK = Point(1, "after replace in Attempts._write", signal.SIGSTOP)
AUDITED = Point(1, "Lake._promote > locked", signal.SIGSTOP)
IMPATIENT = Timing(beat_seconds=0.05, patience_seconds=0.3)
# Its counter moves, so that others come to know soon that it lives.
LIVELY = Timing(beat_seconds=0.05, patience_seconds=20)


@pytest.fixture(autouse=True)
def containers():
    if not permitted():
        pytest.skip("this user may not make pid namespaces: no containers here")


@pytest.fixture
def home(home):
    """With a landed partition of another source, which has a table of its own."""
    shutil.copytree(home / "landing" / "crawl", home / "landing" / "forge")
    return home


def contained(home, *arguments, at=None, timing=LIVELY):
    return start(home, *arguments, at=at, in_container=True, timing=timing)


def versions(home, key=KEY):
    return [entry["version"] for entry in answer(home, "history", "raw", "-p", key)["history"]]


def run_states(home):
    with orchestrator(Home(home)).instance() as instance:
        return sorted(run.status.value for run in instance.get_runs())


def candidates(home):
    return [json.loads(path.read_text())["state"] for path in (home / "lake" / "raw").rglob("_candidates/*/*.json")]


def test_commands_of_two_containers_at_once_on_different_partitions_both_end_well(home):
    both = [contained(home, "materialize", "raw", "-p", key) for key in (KEY, OTHER)]
    assert [command.wait() for command in both] == [0, 0], [command.said for command in both]
    assert (versions(home), versions(home, OTHER)) == ([1], [1])
    assert run_states(home) == ["SUCCESS", "SUCCESS"]


def test_commands_of_two_containers_at_once_on_the_same_partition_make_one_version(home):
    both = [contained(home, "materialize", "raw", "-p", KEY) for _ in range(2)]
    assert [command.wait() for command in both] == [0, 0], [command.said for command in both]
    assert versions(home) == [1]
    assert set(run_states(home)) == {"SUCCESS"}


def test_a_run_of_another_container_is_let_live_and_its_candidate_stays(home):
    assert strata(home, "materialize", "raw", "-p", KEY).wait() == 0
    (home / "strata.toml").write_text("[raw]\nmax_payload_bytes = 1_000_000\n")
    with locked(home / "lake" / "raw" / "crawl" / "_promotion.lock"):
        first = contained(home, "materialize", "raw", "-p", KEY)
        while "staged" not in candidates(home):
            assert first.process.is_alive(), first.said
        second = contained(home, "materialize", "raw", "-p", OTHER)
        assert second.wait() == 0, second.said
        assert "belongs to a process of another container or machine" in second.said
        assert run_states(home) == ["STARTED", "SUCCESS", "SUCCESS"]
        assert "staged" in candidates(home)
        rows = {row["partition"]: row["state"] for row in answer(home, "status", "raw")["rows"]}
        assert rows == {KEY: "running", OTHER: "current"}
    assert first.wait() == 0, first.said
    assert versions(home) == [2, 1]


def test_a_command_killed_in_a_container_is_noticed_in_another_which_goes_on_with_its_partition(home):
    first = contained(home, "materialize", "raw", "-p", KEY, at=AT_WORK)
    first.stopped()
    first.process.kill()
    assert first.wait() == -signal.SIGKILL
    second = contained(home, "materialize", "raw", "-p", KEY, timing=IMPATIENT)
    assert second.wait() == 0, second.said
    assert "belongs to a process of another container or machine" in second.said
    assert versions(home) == [1]
    assert run_states(home) == ["FAILURE", "SUCCESS"]


def test_a_command_that_was_taken_for_dead_may_not_commit_when_it_goes_on(home):
    first = contained(home, "materialize", "raw", "-p", KEY, at=AUDITED)
    first.stopped()
    second = contained(home, "materialize", "raw", "-p", OTHER, timing=IMPATIENT)
    assert second.wait() == 0, second.said
    assert run_states(home) == ["FAILURE", "SUCCESS"]
    first.go_on()
    assert first.wait() == 1, first.said
    assert "another process took this one for dead" in first.said
    assert "Traceback" not in first.said
    assert versions(home) == []
    assert candidates(home) == ["promoted"]
    assert strata(home, "materialize", "raw", "-p", KEY).wait() == 0
    assert versions(home) == [1]
