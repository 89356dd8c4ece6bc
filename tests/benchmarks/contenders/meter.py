"""What a contender says of itself: CPU seconds by stage, with those of its children, its warm-up apart, its peak memory.

Standard library only: contenders run in environments of their own.
"""

import json
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_TICKS = os.sysconf("SC_CLK_TCK")


class Meter:
    """Begins with the process. What is done before `ready` is warm-up: imports, models, code that is compiled."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        """Of each stage."""
        self._ready = 0.0

    def ready(self) -> None:
        """From here on it counts."""
        self._ready = cpu_seconds()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """CPU seconds of what is done within; the same name again adds."""
        before = cpu_seconds()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + cpu_seconds() - before

    def write(self, output: Path, *, documents: int, bytes_read: int, **result: Any) -> None:
        """The last thing a contender does: its figures, and what it found, as JSON."""
        figures = {
            "documents": documents,
            "bytes": bytes_read,
            "cpu_seconds": cpu_seconds() - self._ready,
            "warm_up_seconds": self._ready,
            "stages": self.seconds,
            "peak_bytes": max(peak_bytes(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024),
            "result": result,
        }
        output.write_text(json.dumps(figures), "utf-8")


def cpu_seconds() -> float:
    """User and system seconds of this process, of its children that ended, and of those that live."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    living = sum(_cpu_of(pid) for pid in descendants(os.getpid()))
    return time.process_time() + ended.ru_utime + ended.ru_stime + living


def peak_bytes(pid: int | str = "self") -> int:
    """The most memory a process had in RAM at once; 0 for one that is gone.

    Of /proc and not of getrusage, which starts with the parent's peak.
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def descendants(pid: int) -> list[int]:
    """Living processes below this one."""
    found: list[int] = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found


def children(pid: int) -> list[int]:
    """Processes that this one is the parent of, ended ones that it has not waited for among them."""
    found: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, listed.read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def _cpu_of(pid: int) -> float:
    """With the children that it has waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Objects of a JSONL file."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
