"""kill -9 of `strata materialize`, then the same command: exit 0, the same rows, and Dagster told the truth again."""

import random
import shutil
import signal
import time

import dagster as dg
import pytest

from tests.reliability.commands import answer, start, strata
from tests.reliability.kills import Point
from tier_assets.definitions import orchestrator
from tier_assets.home import Home

KEY = "crawl.2026-08"
TIERS = ("raw", "filtered")
ENDED = {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE}


@pytest.fixture
def home(home):
    """A landed home with a single pool slot: one kept by a dead run would stop all others."""
    settings = home / "dagster" / "dagster.yaml"
    settings.write_text(settings.read_text().replace("default_limit: 2", "default_limit: 1"))
    return home


def made(home):
    """Rows and decisions of both tiers."""
    return {tier: (answer(home, "read", tier), answer(home, "read", tier, "--decisions")) for tier in TIERS}


def dagster_knows(home):
    """Of the home's Dagster: tiers materialized for the partition, states of all runs, pool slots taken."""
    with orchestrator(Home(home)).instance() as instance:
        seen = [
            tier
            for level, tier in enumerate(TIERS)
            if KEY in instance.get_materialized_partitions(dg.AssetKey(f"l{level}_{tier}"))
        ]
        taken = [
            info.active_slot_count + info.pending_step_count
            for key in instance.event_log_storage.get_concurrency_keys()
            for info in [instance.event_log_storage.get_concurrency_info(key)]
        ]
        return tuple(seen), {run.status for run in instance.get_runs()}, sum(taken)


def assert_as_if_nothing_had_happened(home, materialized):
    again = strata(home, "materialize", "filtered")
    assert again.wait() == 0, again.said
    assert "Traceback" not in again.said
    assert made(home) == made(materialized)
    assert [[entry["version"] for entry in answer(home, "history", tier)["history"]] for tier in TIERS] == [[1], [1]]
    seen, states, taken = dagster_knows(home)
    assert seen == TIERS
    assert states <= ENDED
    assert taken == 0
    assert [path.name for path in home.rglob("*.tmp") if "_candidates" not in path.parts] == []


@pytest.mark.parametrize(
    "at",
    [
        Point(1, "after create_write_transaction"),
        Point(2, "before create_write_transaction"),
        Point(2, "after create_write_transaction"),
    ],
    ids=["raw committed", "filtered audited", "filtered committed, Dagster not told"],
)
def test_a_command_killed_at_a_point_and_given_again_ends_as_if_it_had_not_been(home, materialized, at):
    assert start(home, "materialize", "filtered", at=at).wait() == -signal.SIGKILL
    _, states, taken = dagster_knows(home)
    assert states - ENDED, "the killed run should be unfinished in Dagster"
    assert taken == 1, "the killed run should still hold its pool slot"
    assert_as_if_nothing_had_happened(home, materialized)


def test_a_command_killed_at_random_moments_and_given_again_ends_as_if_it_had_not_been(home, materialized, often):
    chance = random.Random(8)
    for _ in range(often(4, 25)):
        command = start(home, "materialize", "filtered")
        # Where the kill falls is chance; what must hold afterwards is not.
        time.sleep(chance.uniform(0.1, 2.5))
        command.process.kill()
        assert command.wait() in (0, -signal.SIGKILL)
    assert_as_if_nothing_had_happened(home, materialized)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_ends_at_once_in_one_line_and_can_be_given_again(home, by):
    (home / "landing" / "crawl" / "2026-09").mkdir()
    shutil.copy(home / "landing" / "crawl" / "2026-08" / "pages.jsonl", home / "landing" / "crawl" / "2026-09")
    (home / "landing" / "crawl" / "2026-09" / "_SUCCESS").touch()
    command = start(home, "materialize", "raw", at=Point(1, "before create_deltalake", by))
    assert command.wait() == 130, command.said
    assert command.said.split("\n") == [
        f"{KEY}: raw",
        "",
        "strata: interrupted: what was promoted stays promoted, run the command again to go on",
        "",
    ]
    assert strata(home, "materialize", "raw").wait() == 0
    assert [row["state"] for row in answer(home, "status", "raw")["rows"]] == ["current", "current"]
    assert dagster_knows(home)[1] <= ENDED
