"""Files that survive a power cut, and who is alive: the ground under the lake's protocol.

delta-rs and Polars never call fsync, so the lake does, for files and for the folders that name them.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def sync_folder(folder: Path) -> None:
    """Make the folder's entries durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make a file's content durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_durably(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file, then give it its name: the name never leads to half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        sync_file(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def sweep_temporaries(folder: Path) -> None:
    """Remove the temporary files that killed processes left in a folder; those of live processes stay."""
    for temporary in folder.glob(".*.tmp"):
        pid = temporary.name.split(".")[-2]
        if pid.isdigit() and not _start(int(pid)):
            temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write a JSON document durably."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text durably."""

    def fill(temporary: Path) -> None:
        temporary.write_text(text, "utf-8")

    write_durably(path, fill)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock between processes; the kernel frees it when the holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


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
