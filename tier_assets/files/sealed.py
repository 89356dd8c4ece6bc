"""Derived files that carry the digest of their content: one that does not fit is none, whatever damaged it.

What can be made again from promoted rows is kept so: a file that comes back altered is worse than one that is gone. The
digest covers the file's name too, so that a file in another's place is none either. It stands behind the content, in the
same file, so that both appear at once; of a file that is changed in place, beside it.
"""

import hashlib
import mmap
import os
import time
from collections.abc import Callable
from pathlib import Path

from tier_assets.files.durable import write_durably, write_text

_MARK = b"strata-sealed-1\n"
_SEAL_BYTES = len(_MARK) + hashlib.sha256().digest_size
# Within a tick of the kernel's clock a file can change and keep its time of change: one so young is looked through again.
_SETTLED_NS = 1_000_000_000

_looked_through: dict[Path, tuple[int, ...]] = {}


def write_sealed(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a file, put the digest behind it, and give it its name, durably."""

    def fill(temporary: Path) -> None:
        write(temporary)
        with temporary.open("rb+") as stream:
            found = hashlib.file_digest(stream, lambda: _begun(path))
            stream.write(_MARK + found.digest())

    write_durably(path, fill)


def open_sealed(path: Path) -> memoryview | None:
    """The content of a file, mapped into memory; None where there is none or it is not as it was written.

    Such a file is removed. A content is looked through once in a process, as long as its file does not change.
    """
    try:
        with path.open("rb") as stream:
            stamp = _stamp(os.fstat(stream.fileno()))
            data = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    except FileNotFoundError:
        return None
    except ValueError:  # an empty file cannot be mapped
        path.unlink(missing_ok=True)
        return None
    content, seal = data[:-_SEAL_BYTES], data[-_SEAL_BYTES:]
    if _looked_through.get(path) != stamp:
        found = _begun(path)
        found.update(content)
        if seal != _MARK + found.digest():
            path.unlink(missing_ok=True)
            return None
        _remember(path, stamp)
    return content


def seal_beside(path: Path) -> None:
    """Note beside a file, durably, what it holds now. The caller sees to it that nobody writes to it meanwhile."""
    write_text(_beside(path), _noted(path))


def is_sealed(path: Path) -> bool:
    """Whether a file holds what was noted beside it. It is looked through once in a process while it does not change.

    Raises OSError where one of the two is there and cannot be read.
    """
    try:
        stamp = _stamp(path.stat())
        if _looked_through.get(path) != stamp:
            if _noted(path).encode() != _beside(path).read_bytes():
                return False
            _remember(path, stamp)
    except FileNotFoundError:
        return False
    return True


def _begun(path: Path) -> "hashlib._Hash":
    return hashlib.sha256(path.name.encode("utf-8", "surrogateescape") + b"\n")


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _noted(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: _begun(path)).hexdigest() + "\n"


def _stamp(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _remember(path: Path, stamp: tuple[int, ...]) -> None:
    if time.time_ns() - stamp[-1] > _SETTLED_NS:
        _looked_through[path] = stamp
