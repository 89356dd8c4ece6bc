"""Several processes on one table at once: one winner for a partition, no one in the way of another partition's."""

import random
import signal
import time

import pytest
from deltalake import DeltaTable

from tests.reliability.invariants import broken
from tests.reliability.writers import TABLE, barrier, ended, outcome, publish_all, started
from tier_assets.errors import LostRaceError
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.lake.versions import fingerprint_of

KEY = PartitionKey.parse("crawl.2026-08")


@pytest.fixture
def contenders(often):
    """How many processes race for one partition, and how often."""
    return often(6, 8), often(3, 20)


@pytest.fixture
def names(often):
    """Partitions that are published side by side."""
    return [f"crawl.2026-{number:02}" for number in range(often(12, 60))]


def contend(root, together, code, told):
    """Read the basis, wait until all have read it, then publish; writes down how it ended."""
    lake, parts = Lake(root), {"code": code}
    try:
        basis = lake.basis(TABLE, KEY)
        together.wait()
        candidate = lake.stage(TABLE, KEY, outcome(KEY, [f"text {code}"]), basis=basis, parts=parts)
        together.wait()
        told.write_text(f"won {lake.promote(candidate).number}")
    except LostRaceError as error:
        told.write_text(f"lost to {'itself' if error.fingerprint == candidate.fingerprint else error.fingerprint}")
    except BaseException:
        together.abort()
        raise


def rounds(tmp_path, codes, times):
    """The ends of some rounds of a race, each on the version before: [the ends of round 1, ...]."""
    ends = []
    for number in range(1, times + 1):
        together = barrier(len(codes))
        told = [tmp_path / f"told-{number}-{index}" for index in range(len(codes))]
        contenders = [
            started(contend, tmp_path / "lake", together, f"{number} {code}", path)
            for code, path in zip(codes, told, strict=True)
        ]
        assert ended(*contenders) == [0] * len(codes)
        ends.append([path.read_text() for path in told])
    return ends


def test_of_processes_with_a_result_each_one_promotes_and_the_others_name_the_winner(tmp_path, contenders):
    processes, times = contenders
    ends = rounds(tmp_path, list(range(processes)), times)
    lake = Lake(tmp_path / "lake")
    assert [version.number for version in lake.versions(TABLE, KEY)] == list(range(times, 0, -1))
    for number, told in enumerate(ends, 1):
        (winner,) = [index for index, each in enumerate(told) if each == f"won {number}"]
        fingerprint = fingerprint_of(TABLE, KEY, {"code": f"{number} {winner}"})
        assert sorted(told) == [f"lost to {fingerprint}"] * (processes - 1) + [f"won {number}"]
        assert lake.versions(TABLE, KEY)[-number].fingerprint == fingerprint
    final = lake.head(TABLE, KEY).parts["code"]
    assert broken(lake.root, "crawl", {str(KEY): ([f"text {final}"], times)}) == []


def test_processes_with_the_same_result_make_one_version_and_recognise_it(tmp_path, contenders):
    processes, times = contenders
    ends = rounds(tmp_path, ["same"] * processes, times)
    for number, told in enumerate(ends, 1):
        assert sorted(told) == ["lost to itself"] * (processes - 1) + [f"won {number}"]
    assert broken(tmp_path / "lake", "crawl", {str(KEY): ([f"text {times} same"], times)}) == []


def test_processes_on_different_partitions_all_succeed(tmp_path, names, often):
    processes = often(4, 8)
    for code in ("first", "second"):
        wanted = [(name, [f"{code} of {name}"], code) for name in names]
        workers = [started(publish_all, tmp_path, wanted[index::processes]) for index in range(processes)]
        assert ended(*workers) == [0] * processes
    assert broken(tmp_path, "crawl", {name: ([f"second of {name}"], 2) for name in names}) == []
    assert DeltaTable(str(tmp_path / TABLE / "crawl")).version() == 2 * len(names)


def test_two_racing_workers_killed_at_random_lose_nothing_and_double_nothing(tmp_path, names, often):
    chance = random.Random(20260808)
    killed = 0
    for code in ("first", "second", "third"):
        wanted = [(name, [f"{code} of {name}"] * 3, code) for name in names]
        for _ in range(often(10, 25)):
            workers = [started(publish_all, tmp_path, order) for order in (wanted, wanted[::-1])]
            # Where the kill falls is chance; what must hold afterwards is not.
            time.sleep(chance.uniform(0.02, 0.3))
            for worker in chance.choice([workers, workers[:1], workers[1:]]):
                worker.kill()
            killed += ended(*workers).count(-signal.SIGKILL)
        assert ended(*[started(publish_all, tmp_path, order) for order in (wanted, wanted[::-1])]) == [0, 0]
    assert killed > 0
    wrong = broken(tmp_path, "crawl", {name: ([f"third of {name}"] * 3, 3) for name in names})
    assert [each for each in wrong if not each.endswith(".tmp is an orphan")] == []
