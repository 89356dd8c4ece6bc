"""Which process did something, and whether `/proc` shows it running. Where `/proc` cannot tell, `leases.py` does."""

import os
from dataclasses import dataclass
from pathlib import Path

_MARK_FIELDS = 4
_BOOT_DIGITS = 8


@dataclass(frozen=True)
class Owner:
    """A process of a pid namespace of a boot of a machine: pids are used again, all four together are not.

    `lease` names the lease that the process holds (`leases.py`). Homes of older versions know neither it nor the namespace.
    """

    boot: str
    pid: int
    started: str
    namespace: str = ""
    lease: str = ""

    @classmethod
    def current(cls) -> "Owner":
        """This process."""
        # Not by its pid: a container may show the /proc of another namespace.
        return cls(_boot(), os.getpid(), _start("self"), _namespace())

    @classmethod
    def of(cls, pid: int) -> "Owner":
        """The process of this namespace that has this pid now; one that is not alive where there is none."""
        return cls(_boot(), pid, _start(pid), _namespace())

    @property
    def alive(self) -> bool | None:
        """Whether the process still runs; None where `/proc` does not show it: of another machine, container or user."""
        here = self.boot == _boot()
        if not self.namespace:
            return here and bool(self.started) and _start(self.pid) == self.started
        if not here or self.namespace != _namespace() or not _shows_this_namespace():
            return None
        started = _start(self.pid)
        return None if not started and _hidden(self.pid) else bool(started) and started == self.started

    @property
    def is_this_process(self) -> bool:
        """Whether it is the process that asks."""
        me = Owner.current()
        return (self.boot, self.namespace, self.pid, self.started) == (me.boot, me.namespace, me.pid, me.started)

    @property
    def mark(self) -> str:
        """The process in the name of a file, without a dot."""
        return f"{self.pid}-{self.started}-{self.namespace}-{self.boot[:_BOOT_DIGITS]}"

    @classmethod
    def of_mark(cls, mark: str) -> "Owner | None":
        """The process that a mark names, None for what is no mark. Those of older versions say only a pid."""
        if mark.isdigit():
            return cls.of(int(mark))
        fields = mark.split("-")
        if len(fields) != _MARK_FIELDS or not fields[0].isdigit():
            return None
        boot = _boot()
        pid, started, namespace, digits = fields
        return cls(boot if boot.startswith(digits) else digits, int(pid), started, namespace)


def _boot() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else ""


def _namespace() -> str:
    """The number of this process's pid namespace on this boot; empty where the system has none."""
    try:
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return ""


def _shows_this_namespace() -> bool:
    """Whether the pids under /proc are those that this process would use: a namespace can be made without its own /proc."""
    return str(Path("/proc/self").readlink()) == str(os.getpid())


def _hidden(pid: int) -> bool:
    """Whether a process is there that /proc does not show, for it is another user's (the mount option hidepid)."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return False


def _start(pid: int | str) -> str:
    """The process's start time in clock ticks since boot; empty where there is no such process, or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]
