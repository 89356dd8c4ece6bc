"""Who is alive: processes by boot, pid and start time."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Owner:
    """A process of a boot of a machine: pids are used again, (boot, pid, start) are not."""

    boot: str
    pid: int
    started: str

    @classmethod
    def current(cls) -> "Owner":
        """This process."""
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> "Owner":
        """The process that has this pid now; one that is not alive where there is none."""
        return cls(_boot(), pid, _start(pid))

    @property
    def alive(self) -> bool:
        """Whether the process still runs on this boot of this machine."""
        return self.boot == _boot() and bool(self.started) and _start(self.pid) == self.started


def _boot() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else ""


def _start(pid: int) -> str:
    """The process's start time in clock ticks since boot; empty where there is no such process, or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]
