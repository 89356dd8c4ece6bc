"""Whether promoted files are still what was promoted.

There are two looks. The first is cheap and for everybody: a file is there, of the size it had, and was not changed since.
The second reads all of it: whoever computes from rows, or hands them on, has their files verified by sha256 first, once per
process and file.
"""

import os
from collections.abc import Callable
from pathlib import Path

from tier_assets.files.digests import file_digest
from tier_assets.lake.candidates import StagedFile
from tier_assets.lake.log_index import LogIndex

_NS = 10**9


class Verifier:
    """Looks at the files of a lake. What was found right is not read again while size and time of change are the same."""

    def __init__(self, index: LogIndex) -> None:
        self._index = index
        self._right: dict[Path, tuple[int, int, str]] = {}
        self._wrong: set[Path] | None = None

    def glance(self, path: Path, file: StagedFile, sha256: Callable[[], str], promoted_at: float) -> str:
        """What is wrong with a file at first sight: `is gone`, `is cut short`, `is not what was promoted`; else empty.

        A file that was changed after it was promoted (seconds since 1970) is read: a copy that was put back is right. So is
        one that was found damaged before.
        """
        try:
            found = os.stat(path)  # noqa: PTH116  # asked for every file of a home: twice as fast
        except OSError:
            return "is gone"
        if file.bytes >= 0 and found.st_size != file.bytes:
            return "is cut short"
        untouched = found.st_mtime_ns == file.changed if file.changed else found.st_mtime_ns <= promoted_at * _NS
        if path not in self._accused() and (untouched or self._known(path, found, sha256)):
            return ""
        return self._read(path, found, sha256())

    def accuses(self, place: str, candidate: str) -> bool:
        """Whether any file of a candidate in a place was found damaged before."""
        accused = self._accused()
        return bool(accused) and any(str(path).startswith(place) and candidate in path.name for path in accused)

    def _accused(self) -> set[Path]:
        if self._wrong is None:
            self._wrong = self._index.accused()
        return self._wrong

    def verify(self, path: Path, file: StagedFile, sha256: Callable[[], str]) -> str:
        """What is wrong with a file, all of it being read once per process; empty where it is what was promoted."""
        try:
            found = path.stat()
        except OSError:
            return "is gone"
        if file.bytes >= 0 and found.st_size != file.bytes:
            return "is cut short"
        wanted = sha256()
        if self._right.get(path) == (found.st_size, found.st_mtime_ns, wanted):
            return ""
        return self._read(path, found, wanted)

    def _known(self, path: Path, found: os.stat_result, sha256: Callable[[], str]) -> bool:
        known = self._right.get(path, (0, 0, ""))
        if known[:2] != (found.st_size, found.st_mtime_ns):
            known = (0, 0, self._index.checked(path, found.st_size, found.st_mtime_ns))
        return bool(known[2]) and known[2] == sha256()

    def _read(self, path: Path, found: os.stat_result, wanted: str) -> str:
        if not wanted:
            return "cannot be verified, since the manifest with its digest is gone"
        try:
            read = file_digest(path)
        except OSError as error:
            return f"cannot be read ({error.strerror})"
        if read != wanted:
            self._index.accuse(path)
            if self._wrong is not None:
                self._wrong.add(path)
            return "is not what was promoted"
        if self._wrong is not None:
            self._wrong.discard(path)
        self._right[path] = (found.st_size, found.st_mtime_ns, wanted)
        self._index.remember(path, found.st_size, found.st_mtime_ns, wanted)
        return ""
