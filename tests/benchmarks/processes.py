"""Runs contenders: each in a process of its own, pinned, single-threaded, in turn with the others, round by round.

What a contender does is in `contenders/`; what becomes of the figures, in `figures.py` and `sections_*.py`.
"""

import contextlib
import ctypes
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.contenders.meter import children, descendants, peak_bytes

ROOT = Path(__file__).parents[2]
OURS = Path(sys.executable)
PEERS = ROOT / ".venv-bench" / "bin" / "python"
_ONE_THREAD = {
    f"{library}_{what}": "1"
    for what, libraries in {
        "MAX_THREADS": ("POLARS",),
        "NUM_THREADS": ("OMP", "OPENBLAS", "MKL", "NUMBA", "RAYON"),
    }.items()
    for library in libraries
}
_TICK_SECONDS = 0.05
_SHOWN_ERROR = 2000


class BenchmarkError(RuntimeError):
    """A contender that failed, or something that is not there."""


@dataclass(frozen=True)
class Contender:
    """`python -m tests.benchmarks.contenders.MODULE WHO SOURCE OUTPUT` in one environment."""

    module: str
    who: str
    python: Path = OURS


@dataclass(frozen=True)
class Run:
    """One run of a contender."""

    documents: int
    bytes: int
    cpu_seconds: float
    warm_up_seconds: float
    peak_bytes: int
    stages: Mapping[str, float]
    result: Mapping[str, Any] = field(repr=False)

    @property
    def speed(self) -> float:
        """Documents per CPU second."""
        return self.documents / max(self.cpu_seconds, 1e-9)


@dataclass(frozen=True)
class Command:
    """What the operating system says of a command and all its processes. `peak_bytes` is of the largest of them."""

    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int
    output: str


@dataclass(frozen=True)
class Bench:
    """Where things are, and how often to run."""

    data: Path
    work: Path
    rounds: int = 3
    sample: int | None = None
    gigabytes: float = 1.0
    partitions: Sequence[int] = ()

    def in_turn(self, contenders: Mapping[str, Contender], source: Path) -> dict[str, list[Run]]:
        """The runs of each contender, A B C A B C: what slows the machine down for a while slows all of them."""
        runs: dict[str, list[Run]] = {name: [] for name in contenders}
        for turn in range(self.rounds):
            for name, contender in contenders.items():
                print(f"  round {turn + 1} of {self.rounds}: {name}", flush=True)
                runs[name].append(self.run(contender, source))
        return runs

    def run(self, contender: Contender, source: Path) -> Run:
        """One run. Raises BenchmarkError with what the contender said where it failed."""
        output = self.work / f"{contender.module}.{contender.who}.json"
        output.unlink(missing_ok=True)
        module = f"tests.benchmarks.contenders.{contender.module}"
        measured(
            [str(contender.python), "-m", module, contender.who, str(source), str(output)],
            cores=1,
            environment=environment(self.work),
        )
        found = json.loads(output.read_text("utf-8"))
        return Run(**found)


def environment(work: Path) -> dict[str, str]:
    """One thread in every library, no network, as models are at hand, and bytecode kept as in any installation."""
    caches = {"HF_HOME": str(work / "models"), "HF_ASSETS_CACHE": str(work / "models" / "assets")}
    offline = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "DO_NOT_TRACK": "1"}
    given = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**given, **_ONE_THREAD, **caches, **offline}


def measured(command: Sequence[str], *, cores: int, environment: Mapping[str, str]) -> Command:
    """Run a command on the first `cores` cores, or on all if there are fewer. Raises BenchmarkError where it fails."""
    _adopt_orphans()
    others = set(children(os.getpid()))
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with _on(cores):
        process = subprocess.Popen(
            command, cwd=ROOT, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    watch = _Watch(process.pid)
    watch.start()
    said = process.communicate()[0].decode("utf-8", "replace")
    wall = time.monotonic() - started
    watch.stop()
    # Servers of worker processes outlive their master by a moment, with the CPU time of all workers on their account.
    while left := set(children(os.getpid())) - others:
        for pid in left:
            os.waitpid(pid, 0)
    if process.returncode != 0:
        raise BenchmarkError(f"{' '.join(command)} ended with {process.returncode}:\n{said[-_SHOWN_ERROR:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Command(cpu, wall, watch.peak, said)


@contextlib.contextmanager
def _on(cores: int) -> Iterator[None]:
    """Have what is started within inherit the first `cores` cores."""
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(everywhere)[:cores])
    yield
    os.sched_setaffinity(0, everywhere)


def _adopt_orphans() -> None:
    """Make this process the parent of what its descendants leave behind, so that it can wait for it (prctl(2))."""
    set_child_subreaper = 36
    ctypes.CDLL(None, use_errno=True).prctl(set_child_subreaper, 1, 0, 0, 0)


class _Watch(threading.Thread):
    """Looks every moment at the peaks of a process and all below it: each process keeps its own until it ends."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._over = threading.Event()
        self.peak = 0

    def run(self) -> None:
        """Until `stop`."""
        while not self._over.wait(_TICK_SECONDS):
            self.peak = max([self.peak, *(peak_bytes(pid) for pid in [self._pid, *descendants(self._pid)])])

    def stop(self) -> None:
        """End the watch."""
        self._over.set()
        self.join()
