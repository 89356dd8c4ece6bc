"""Which folders of the landing zone are partitions, and what can be none: one walk, and one look into each folder.

Whether a partition is complete, and what its files are, is in `zone.py`.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import TypeAlias

from tier_assets.errors import PartitionKeyError
from tier_assets.keys import PartitionKey
from tier_assets.landing.files import shown

Entry: TypeAlias = os.DirEntry[str]


@dataclass(frozen=True)
class Place:
    """The folder of a partition. `entries`: all that lies in it, notes and hidden files too, by name; `flaw`: why it could
    not be listed.
    """

    key: PartitionKey
    path: str
    entries: Sequence[Entry] = ()
    flaw: str = ""

    @property
    def folder(self) -> Path:
        """Its path, made when it is asked for: most places are looked at by their entries alone."""
        return Path(self.path)

    @property
    def visible(self) -> list[Entry]:
        """What may be data."""
        return _visible(self.entries)

    def holds(self, name: str) -> bool:
        """Whether anything of this name lies there."""
        return any(entry.name == name for entry in self.entries)

    def holds_file(self, name: str) -> bool:
        """Whether a file of this name lies there."""
        return any(entry.name == name and entry.is_file() for entry in self.entries)


class Places:
    """The folders of a landing zone. Only links are followed: what lies in a folder inside is inside."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._resolved = root.resolve()

    def inside(self, path: Path) -> bool:
        """Whether a path, its links followed, is in the zone."""
        return path.resolve().is_relative_to(self._resolved)

    def leads_outside(self, entry: Entry) -> bool:
        """Whether an entry of a folder inside the zone is a link out of it."""
        return entry.is_symlink() and not self.inside(Path(entry.path))

    def of(self, key: PartitionKey, folder: Path) -> Place | None:
        """The place of a partition, looked at alone; None where there is no folder, or it leads outside."""
        return _place(key, str(folder)) if folder.is_dir() and self.inside(folder) else None

    def walk(self) -> Iterator[Place | str]:
        """Every folder that is a partition, and a sentence for all else, in the order of the names."""
        top = _listed(self._root) if self._root.is_dir() else []
        for source in _visible(top):
            flaw = self._flaw(source, f"{source.name}.x")
            if flaw:
                yield flaw
                continue
            yield from self._snapshots(source)

    def sources(self) -> list[str]:
        """Sources that have a folder of a partition, in order."""
        tops = _visible(_listed(self._root)) if self._root.is_dir() else []
        sound = (source for source in tops if not self._flaw(source, f"{source.name}.x"))
        return [source.name for source in sound if any(not isinstance(each, str) for each in self._below(source))]

    def _snapshots(self, source: Entry) -> Iterator[Place | str]:
        for snapshot in self._below(source):
            if isinstance(snapshot, str):
                yield snapshot
            elif place := _place(PartitionKey(source.name, snapshot.name), snapshot.path):
                yield place
                yield from self._shards(place)

    def _below(self, source: Entry) -> Iterator[Entry | str]:
        """The folders of a source that are snapshots, not looked into, and a sentence for all else."""
        try:
            found = _listed(source.path)
        except OSError as error:
            yield f"{self._shown(source)} cannot be read: {error.strerror}"
            return
        for snapshot in _visible(found):
            yield self._flaw(snapshot, f"{source.name}.{snapshot.name}") or snapshot

    def _shards(self, snapshot: Place) -> Iterator[Place | str]:
        for shard in snapshot.visible:
            if not shard.is_dir():
                continue
            flaw = self._flaw(shard, f"{snapshot.key}.{shard.name}")
            if flaw:
                yield flaw
                continue
            key = PartitionKey(snapshot.key.source, snapshot.key.snapshot, shard.name)
            place = _place(key, shard.path)
            if place:
                yield place
                for deeper in place.visible:
                    if deeper.is_dir():
                        where = self._shown(deeper)
                        yield f"{where} is nested too deeply: use SOURCE/SNAPSHOT or SOURCE/SNAPSHOT/SHARD"

    def _flaw(self, entry: Entry, key: str) -> str | None:
        if self.leads_outside(entry):
            return f"{self._shown(entry)} is a link that leads outside the landing zone: copy what it leads to"
        if not entry.is_dir():
            return f"{self._shown(entry)} is not in a folder SOURCE/SNAPSHOT: use strata land"
        if "." in entry.name:
            return f"{self._shown(entry)} can be no part of a partition key: its name has a '.'"
        try:
            PartitionKey.parse(key)
        except PartitionKeyError:
            return (
                f"{self._shown(entry)} can be no part of a partition key: use letters, digits, '-' and '_' "
                "(a source in lower case)"
            )
        return None

    def _shown(self, entry: Entry) -> str:
        return "/".join(shown(part) for part in Path(entry.path).relative_to(self._root).parts)


def _place(key: PartitionKey, folder: str) -> Place | None:
    """None for a folder that has gone meanwhile."""
    try:
        return Place(key, folder, _listed(folder))
    except FileNotFoundError:
        return None
    except OSError as error:
        return Place(key, folder, flaw=str(error.strerror))


def _listed(folder: str | Path) -> list[Entry]:
    with os.scandir(folder) as found:
        return sorted(found, key=attrgetter("name"))


def _visible(found: Sequence[Entry]) -> list[Entry]:
    """Names that begin with `.` or `_` are never data, as in the rest of the field."""
    return [entry for entry in found if not entry.name.startswith((".", "_"))]
