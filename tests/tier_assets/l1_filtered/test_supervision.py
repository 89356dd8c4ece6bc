import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tier_assets.files.processes import Owner
from tier_assets.l1_filtered.supervision import Crew, WorkerError


@dataclass(frozen=True)
class Letters:
    """A unit is a letter: most are counted, some are trouble. The result: those that were done, and those lost."""

    seconds: float = 0.0

    def __call__(self, task, lost, at):
        done = []
        for unit, letter in enumerate(task):
            if unit in lost:
                continue
            at(unit)
            if letter == "k":
                os.kill(os.getpid(), signal.SIGKILL)
            elif letter == "h":
                while True:
                    time.process_time()
            elif letter == "s":
                # Nothing ever wakes it.
                time.sleep(3600)
            elif letter == "e":
                raise MemoryError("too much")
            done.append(letter)
        return "".join(done), dict(lost)


class Imported:
    """Says of each module of the task whether its process has it."""

    def __call__(self, task, lost, at):
        return [module in sys.modules for module in task]


class Ends:
    """Ends before it begins any unit."""

    def __call__(self, task, lost, at):
        raise ValueError("this is a bug")


def nothing(done, begun):
    """No progress is shown."""


def run(tasks, workers=1, unit_seconds=0.5, report=None):
    with Crew(Letters(), workers=workers, unit_seconds=unit_seconds) as crew:
        return list(crew.run(tasks, report or nothing))


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_tasks(workers):
    tasks = ["abc", "d", "", "fg", "a" * 50]
    assert run(tasks, workers) == [(task, {}) for task in tasks]


def test_a_unit_that_kills_its_process_is_lost_alone():
    assert run(["abkcd", "a"]) == [("abcd", {2: "crash"}), ("a", {})]


def test_an_error_in_a_unit_costs_that_unit():
    assert run(["aeb"]) == [("ab", {1: "crash"})]


@pytest.mark.parametrize("letter", ["h", "s"])
def test_a_unit_that_hangs_is_lost_alone(letter):
    assert run([f"a{letter}b"], unit_seconds=0.1) == [("ab", {1: "seconds"})]


def test_several_units_of_a_task_may_be_lost():
    assert run(["kaek", "b"], 2) == [
        ("a", {0: "crash", 2: "crash", 3: "crash"}),
        ("b", {}),
    ]


def test_an_end_outside_of_units_is_no_units_fault():
    with Crew(Ends(), workers=1, unit_seconds=1) as crew, pytest.raises(WorkerError, match="this is a bug"):
        list(crew.run(["a"], nothing))


def test_progress_is_told_in_tasks_and_units():
    seen = []
    run(["ab", "cd"], report=lambda done, begun: seen.append((done, begun)))
    assert seen[-1] == (2, 0)


def test_workers_end_with_their_crew():
    with Crew(Letters(), workers=2, unit_seconds=1) as crew:
        list(crew.run(["a", "b"], nothing))
        pids = [worker._process.pid for worker in crew._workers]
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_a_worker_that_hangs_does_not_outlive_a_killed_master():
    program = (
        "from tests.tier_assets.l1_filtered.test_supervision import Letters\n"
        "from tier_assets.l1_filtered.supervision import Crew\n"
        "crew = Crew(Letters(), workers=1, unit_seconds=1)\n"
        "print(crew._workers[0]._process.pid, flush=True)\n"
        "list(crew.run(['h'], lambda done, begun: begun or print('.', flush=True)))\n"
    )
    root = Path(__file__).parents[3]
    master = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=root)
    with master:
        worker = Owner.of(int(master.stdout.readline()))
        assert master.stdout.readline() == ".\n"
        master.kill()
    while worker.alive:
        # Nobody is told when the child of another process ends. The test's time limit judges.
        time.sleep(0.05)


def test_workers_have_the_modules_that_were_prepared():
    root = Path(__file__).parents[3]
    # In a process of its own: one has one fork server.
    program = (
        "from tests.tier_assets.l1_filtered.test_supervision import Crew, Imported, nothing\n"
        "from tier_assets.l1_filtered.supervision import prepare\n"
        "prepare(['colorsys'])\n"
        "with Crew(Imported(), workers=1, unit_seconds=1) as crew:\n"
        "    print(*crew.run([['colorsys', 'chunk']], nothing))\n"
    )
    said = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=root, check=True)
    assert said.stdout == "[True, False]\n"
