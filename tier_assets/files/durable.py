"""Files that survive a power cut: the ground under the lake's protocol. Who is alive is in `processes.py` and `leases.py`.

delta-rs and Polars never call fsync, so the lake does, for files and for the folders that name them.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tier_assets.files.processes import Owner

_LONGEST_WRITE_SECONDS = 86_400


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


@contextmanager
def durably(path: Path) -> Iterator[Path]:
    """A temporary file to fill, which is given its name at the end: the name never leads to half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{Owner.current().mark}.tmp")
    try:
        yield temporary
        sync_file(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def write_durably(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file, then give it its name."""
    with durably(path) as temporary:
        write(temporary)


def sweep_temporaries(folder: Path) -> None:
    """Remove the temporary files that killed processes left in a folder; those of live processes stay.

    Those of another container or machine go when nothing was written to them for a day: nothing here shows who lives there.
    """
    for temporary in folder.glob(".*.tmp"):
        owner = Owner.of_mark(temporary.name.split(".")[-2])
        alive = owner.alive if owner else True
        if alive is False or (alive is None and _is_old(temporary)):
            temporary.unlink(missing_ok=True)


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > _LONGEST_WRITE_SECONDS
    except FileNotFoundError:
        return False


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
