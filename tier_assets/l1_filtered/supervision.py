"""Work on untrusted input in processes of its own: a unit that crashes or hangs is lost, the rest of its task is not.

What a task is and what is done with it is the caller's: L1 extracts pages there (`measuring.py`).
"""

import gc
import multiprocessing
import os
import signal
import sys
import tempfile
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import connection as connections
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Literal

from tier_assets.errors import StrataError

Loss = Literal["seconds", "crash"]
Losses = Mapping[int, Loss]
Work = Callable[[Any, Losses, Callable[[int], None]], Any]
"""Does a task without the units that are lost. It calls its third argument with the number of each unit that it begins,
and with `BETWEEN` where what follows is no unit's doing.
"""

BETWEEN = -1

_TICK_SECONDS = 0.2
_TRIES = 2  # not the unit but the machine may have killed a process
_WALL_FACTOR = 10  # a unit that waits for something uses no CPU: it is lost after so many times its limit
_SHOWN_ERROR = 300
# The kernel ends a unit's process at its limits, whatever code holds the interpreter, and also when no master is left.
_OUT_OF_TIME = (-signal.SIGPROF, -signal.SIGALRM)
_CONTEXT = multiprocessing.get_context("forkserver")


class WorkerError(StrataError):
    """A worker process ended where no unit was at fault."""


@dataclass
class _Assignment:
    number: int
    task: Any
    lost: dict[int, Loss] = field(default_factory=dict)
    tries: dict[int, int] = field(default_factory=dict)


def prepare(modules: Sequence[str]) -> None:
    """Start the process from which workers fork, in milliseconds, and let it import these modules, which the work needs.

    That takes it a second, which nobody waits for here. Without this, the first crew starts one that has no modules.
    """
    # Beside what others have asked for: a process has one fork server.
    known = vars(forkserver._forkserver)["_preload_modules"]
    _CONTEXT.set_forkserver_preload([*dict.fromkeys((*known, *modules))])
    forkserver.ensure_running()


class Crew:
    """Processes that do `work`, a picklable callable. Use as a context: they end with it, and with this process."""

    def __init__(self, work: Work, *, workers: int, unit_seconds: float) -> None:
        """A unit that takes more CPU time than `unit_seconds`, or at which the process ends, is lost the second time."""
        self._workers = [_Worker(work, unit_seconds) for _ in range(workers)]

    def __enter__(self) -> "Crew":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.end()

    def run(self, tasks: Iterable[Any], report: Callable[[int, int], None]) -> Iterator[Any]:
        """The result of each task, in order. `report` gets the tasks done, and the units that others have begun.

        Results that wait for an earlier one are at most as many as workers. Raises WorkerError where a process ends
        and no unit is at fault.
        """
        waiting = enumerate(tasks)
        done: dict[int, Any] = {}
        given = 0
        while True:
            for worker in self._workers:
                if not worker.assignment and len(done) < len(self._workers):
                    worker.give(next(waiting, None))
            busy = [worker for worker in self._workers if worker.assignment]
            if not busy:
                return
            connections.wait([signal for worker in busy for signal in worker.signals], timeout=_TICK_SECONDS)
            for worker in busy:
                done |= worker.take()
                if worker.assignment and (loss := worker.loss):
                    worker.blame(loss)
            while given in done:
                yield done.pop(given)
                given += 1
            report(given + len(done), sum(max(worker.unit, 0) for worker in busy if worker.assignment))


class _Worker:
    """One process, and what it is at."""

    def __init__(self, work: Work, unit_seconds: float) -> None:
        self._work = work
        self._seconds = unit_seconds
        self.assignment: _Assignment | None = None
        self._start()

    def _start(self) -> None:
        self._marker = _CONTEXT.RawValue("q", BETWEEN)  # the unit begun: read without asking the process
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `end`, with the process
        said = f"/proc/{os.getpid()}/fd/{self._errors.fileno()}"
        self._pipe, theirs = _CONTEXT.Pipe()
        given = (theirs, self._marker, self._work, self._seconds, said)
        self._process = _CONTEXT.Process(target=_serve, args=given, daemon=True)
        with _without_main():
            self._process.start()
        theirs.close()

    @property
    def unit(self) -> int:
        """The unit it is at; negative between units."""
        return int(self._marker.value)

    @property
    def signals(self) -> tuple[Connection, int]:
        """What becomes readable when there is a result, or the process has ended."""
        return self._pipe, self._process.sentinel

    def give(self, numbered: tuple[int, Any] | None) -> None:
        """Begin a task."""
        if numbered is not None:
            self._begin(_Assignment(*numbered))

    def _begin(self, assignment: _Assignment) -> None:
        self.assignment = assignment
        self._pipe.send((assignment.task, assignment.lost))

    def take(self) -> dict[int, Any]:
        """The result of the task by its number, once it is there."""
        if self.assignment is None or not self._pipe.poll():
            return {}
        try:
            result = self._pipe.recv()
        except (EOFError, ConnectionError):
            return {}  # the process ended
        number, self.assignment = self.assignment.number, None
        return {number: result}

    @property
    def loss(self) -> Loss | None:
        """Why the process has ended, if it has."""
        code = self._process.exitcode
        return None if code is None else "seconds" if code in _OUT_OF_TIME else "crash"

    def blame(self, loss: Loss) -> None:
        """Do the task again in a new process, once it is sure without the unit at which the old one ended."""
        assignment, unit = self.assignment, self.unit
        assert assignment
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace").strip().rpartition("\n")[2][:_SHOWN_ERROR]
        self.end()
        if unit == BETWEEN:
            raise WorkerError(f"a worker process ended (exit {self._process.exitcode}) and no page is at fault: {said}")
        assignment.tries[unit] = assignment.tries.get(unit, 0) + 1
        if assignment.tries[unit] >= _TRIES:
            assignment.lost[unit] = loss
        self._start()
        self._begin(assignment)

    def end(self) -> None:
        """Kill the process and forget what it said."""
        self._process.kill()
        self._process.join()
        self._pipe.close()
        self._errors.close()


def _serve(pipe: Connection, marker: Any, work: Work, unit_seconds: float, errors: str) -> None:
    """What a worker process does: tasks, until its master closes the pipe or is gone."""
    # Ctrl-C goes to all processes of a terminal; the master ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(os.open(errors, os.O_WRONLY | os.O_APPEND), 2)
    # What was imported stays: to look through it for garbage takes time, and copies every page of it.
    gc.freeze()

    def begin(unit: int) -> None:
        seconds = 0 if unit == BETWEEN else unit_seconds
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.setitimer(signal.ITIMER_REAL, _WALL_FACTOR * seconds)
        marker.value = unit

    while True:
        try:
            task, lost = pipe.recv()
            result = work(task, lost, begin)
            begin(BETWEEN)
            pipe.send(result)
        except (EOFError, ConnectionError):
            return


@contextmanager
def _without_main() -> Iterator[None]:
    """Children of multiprocessing import the program's main module again: here Dagster, two seconds for nothing."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
