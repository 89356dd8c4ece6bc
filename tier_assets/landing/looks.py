"""What was seen of each folder of a landing zone, so that one in which nothing has changed is listed and not looked into.

One sealed file of a zone, `.looks`, which whoever looks at all of it reads and replaces. It is disposable: one that is
damaged, or of another form, is none, and where it cannot be written every look is a first one.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tier_assets.files.sealed import open_sealed, write_sealed
from tier_assets.landing.files import DIGESTS
from tier_assets.landing.places import Place
from tier_assets.landing.references import REFERENCES

LOOKS = ".looks"

# To be raised when a look at the same files has another result: what the form before saw is then forgotten.
_FORM = 1
# Within a tick of the file system's clock a file can change twice and have one time of change.
_SETTLED_NS = 1_000_000_000


class Looks:
    """What one look at a zone begins with, and what it leaves to the next."""

    def __init__(self, root: Path, now: float) -> None:
        """`now`: when the look begins, seconds since 1970."""
        self._path = root / LOOKS
        self._before = int(now * 1e9) - _SETTLED_NS
        self._known = _read(self._path)
        self._seen: dict[str, list[Any]] = {}

    def at(self, place: Place) -> "Look":
        """The look at a place: what is known of it is what was kept when it was as it is now."""
        name = str(place.key)
        stamp = None if place.flaw else _stamp(place, self._before)
        known = self._known.get(name)
        if known is None or stamp is None or known[0] != stamp:
            return Look(self._seen, name, stamp, None)
        return Look(self._seen, name, stamp, known[1])

    def save(self) -> None:
        """Keep what was seen, and nothing else."""
        if self._seen == self._known:
            return
        text = json.dumps({"form": _FORM, "seen": self._seen}, separators=(",", ":"))
        try:
            write_sealed(self._path, lambda temporary: _write(temporary, text))
        except OSError:
            return  # a read-only landing zone has none


class Look:
    """One place as it is now. `known`: what was kept of it, None for nothing."""

    def __init__(self, seen: dict[str, list[Any]], name: str, stamp: str | None, known: Any) -> None:
        self.known = known
        self._seen = seen
        self._name = name
        self._stamp = stamp

    def keep(self, value: Any) -> None:
        """Keep a JSON value for as long as nothing changes there; a place that may change unseen keeps nothing."""
        if self._stamp is not None:
            self._seen[self._name] = [self._stamp, value]


def _stamp(place: Place, before: int) -> str | None:
    """What changes whenever anything does that a look reads; None where something may change and leave it as it is."""
    parts = []
    for entry in place.entries:
        # What a link or a reference leads to changes without a trace here.
        if entry.is_symlink() or entry.name == REFERENCES:
            return None
        if entry.name == DIGESTS:
            continue
        if entry.is_dir():
            parts.append(f"{entry.name}/")
            continue
        found = entry.stat()
        if found.st_ctime_ns >= before:
            return None
        parts.append(
            f"{entry.name}/{found.st_size},{found.st_mtime_ns},{found.st_ctime_ns},{found.st_ino},{found.st_mode}"
        )
    # No name holds a slash: no two lists of entries are written alike.
    return "/".join(parts)


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode("ascii"))


def _read(path: Path) -> Mapping[str, list[Any]]:
    try:
        content = open_sealed(path)
    except OSError:
        return {}
    found = json.loads(bytes(content)) if content is not None else {}
    seen: dict[str, list[Any]] = found.get("seen", {}) if found.get("form") == _FORM else {}
    return seen
