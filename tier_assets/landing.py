"""The landing zone: `landing/<source>/<snapshot>[/<shard>]/`, what has arrived there and whether it is complete.

The files of one folder are the matter of `landed_files.py`; what their bytes hold, of `l0_raw/`. Names that begin with `.`
or `_` are never data, as in the rest of the field.
"""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tier_assets.digests import file_digest, text_digest
from tier_assets.durable import locked, sync_folder, write_json
from tier_assets.errors import LandingError, PartitionKeyError
from tier_assets.keys import PartitionKey
from tier_assets.landed_files import (
    DIGESTS,
    ENDINGS,
    LANDING,
    SUCCESS,
    Digests,
    LandedFile,
    Listing,
    copy_durably,
    ending,
    name_flaw,
    read_listing,
    shown,
    write_listing,
)


@dataclass(frozen=True)
class Arrival:
    """What lies in the folder of a partition.

    `digest` (64 hex digits) identifies names, bytes and problems; it is empty until the partition is complete. `problems`
    are sentences about files that are not as `_SUCCESS` says or cannot be used; such a partition is held by L0.
    """

    key: PartitionKey
    files: tuple[LandedFile, ...]
    complete: bool
    digest: str
    problems: tuple[str, ...] = ()


class LandingZone:
    """The folder into which raw dumps are dropped, by `strata land` or by any other program."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, key: PartitionKey) -> Path:
        """Where the files of a partition lie."""
        return self.root.joinpath(*(part for part in (key.source, key.snapshot, key.shard) if part))

    def paths(self, arrival: Arrival) -> list[Path]:
        """The files of an arrival, in the order of their names."""
        return [self.folder(arrival.key) / file.name for file in arrival.files]

    def arrivals_now(self, settle_seconds: int) -> list[Arrival]:
        """`arrivals` as of now."""
        return self.arrivals(settle_seconds, time.time())

    def complete(self, partition: str, settle_seconds: int) -> Arrival | None:
        """The arrival of a partition if it is complete now. Raises PartitionKeyError for a text that is no key."""
        arrival = self.arrival(PartitionKey.parse(partition), settle_seconds, time.time())
        return arrival if arrival and arrival.complete else None

    def arrivals(self, settle_seconds: int, now: float) -> list[Arrival]:
        """Every partition of which something has landed, complete or still arriving, by key."""
        keys = sorted(found for found in self._walk() if isinstance(found, PartitionKey))
        found = (self.arrival(key, settle_seconds, now) for key in keys)
        return [arrival for arrival in found if arrival]

    def arrival(self, key: PartitionKey, settle_seconds: int, now: float) -> Arrival | None:
        """What has landed of a partition, None if nothing.

        It is complete when `_SUCCESS` is there, or when no file of it changed in the `settle_seconds` before `now` (seconds
        since 1970) and no `land` was cut short. Files are hashed when it is complete, and again only if they change.
        """
        folder = self.folder(key)
        if not folder.is_dir() or not self._inside(folder):
            return None
        try:
            return self._look(key, folder, now - settle_seconds)
        except OSError as error:
            problem = f"{shown(str(key))} cannot be read: {error.strerror}"
            return Arrival(key, (), False, "", (problem,))

    def strangers(self) -> list[str]:
        """A sentence for everything in the zone that can be no partition: hostile names, links outside, files astray."""
        return [found for found in self._walk() if isinstance(found, str)]

    def land(self, key: PartitionKey, files: Sequence[Path], *, replace: bool = False) -> bool:
        """Copy files into a partition and mark it complete; False if just these bytes are already there.

        The copy can be cut short anywhere: until `_SUCCESS` lists every file with its sha256, `_LANDING` keeps the
        partition from counting as complete, and landing the same again goes on. Raises LandingError for files that cannot
        be landed, and for a partition that holds anything else unless `replace` is given.
        """
        sources = _sources(files)
        try:
            with locked(self.root / ".locks" / str(key)):
                return self._land(key, sources, replace)
        except OSError as error:
            where = shown(str(error.filename)) if error.filename else str(self.folder(key))
            raise LandingError(f"cannot land into {key}: {where}: {error.strerror}") from error

    def _land(self, key: PartitionKey, sources: dict[str, Path], replace: bool) -> bool:
        folder = self.folder(key)
        if not self._inside(folder):
            raise LandingError(f"cannot land into {key}: {folder} leads outside the landing zone; remove that link")
        self._make(folder)
        listing = read_listing(folder)
        there = {entry.name for entry in _entries(folder) if not entry.is_dir()}
        same = {name for name in there & sources.keys() if _equal(folder / name, sources[name])}
        difference = _difference(there, same, sources, listing)
        if difference and not replace:
            raise LandingError(f"{key} holds other content ({difference}): use --replace, or land under another key")
        digests = Digests(folder)
        if listing and same == there == sources.keys() and not _disagreements(folder, there, listing, digests):
            (folder / LANDING).unlink(missing_ok=True)
            return False
        for leftover in folder.glob("._*.tmp"):
            leftover.unlink(missing_ok=True)
        write_json(folder / LANDING, sorted(sources))
        (folder / SUCCESS).unlink(missing_ok=True)
        sync_folder(folder)
        landed = [
            LandedFile(name, path.stat().st_size, digests.of(name))
            if name in same
            else copy_durably(path, folder / name)
            for name, path in sorted(sources.items())
        ]
        for name in there - sources.keys():
            (folder / name).unlink()
        for file in landed:
            digests.remember(file)
        digests.save()
        write_listing(folder, landed)
        (folder / LANDING).unlink()
        sync_folder(folder)
        return True

    def _make(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for parent in folder.parents:
            if parent.is_relative_to(self.root):
                sync_folder(parent)

    def _look(self, key: PartitionKey, folder: Path, settled_before: float) -> Arrival | None:
        listing = read_listing(folder)
        names: dict[str, int] = {}
        problems: list[str] = [listing.problem] if listing and listing.problem else []
        entries = _entries(folder)
        for entry in entries:
            if entry.is_dir():
                continue
            flaw = name_flaw(entry.name) or self._file_flaw(Path(entry.path))
            if flaw:
                problems.append(f"{shown(entry.name)} {flaw}")
            else:
                names[entry.name] = entry.stat().st_size
        if not names and not problems and (listing is None or not listing.files):
            if listing is None or any(entry.is_dir() for entry in entries):
                return None
            problems.append(f"{SUCCESS} is there, but no file")
        settled = not (folder / LANDING).exists() and _last_change(folder) <= settled_before
        if listing is None and not settled:
            files = tuple(LandedFile(name, size) for name, size in sorted(names.items()))
            return Arrival(key, files, False, "", tuple(problems))
        digests = Digests(folder)
        if listing:
            problems += _disagreements(folder, set(names), listing, digests)
        listed = names.keys() & listing.files.keys() if listing and listing.files is not None else names.keys()
        files = tuple(LandedFile(name, names[name], digests.of(name)) for name in sorted(listed))
        digests.save()
        parts = [part for file in files for part in (file.name, str(file.bytes), str(file.sha256))]
        return Arrival(key, files, True, text_digest(*parts, "problems", *problems), tuple(problems))

    def _file_flaw(self, path: Path) -> str | None:
        if not self._inside(path):
            return "is a link that leads outside the landing zone: copy the file instead"
        return None if path.is_file() else "is no file"

    def _inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self.root.resolve())

    def _walk(self) -> Iterator[PartitionKey | str]:
        """Every folder that is a partition, and a sentence for all else, in the order of the names."""
        for source in _entries(self.root):
            flaw = self._folder_flaw(source, f"{source.name}.x")
            if flaw:
                yield flaw
                continue
            for snapshot in _entries(Path(source.path)):
                flaw = self._folder_flaw(snapshot, f"{source.name}.{snapshot.name}")
                if flaw:
                    yield flaw
                    continue
                yield PartitionKey(source.name, snapshot.name)
                yield from self._shards(source.name, snapshot)

    def _shards(self, source: str, snapshot: "os.DirEntry[str]") -> Iterator[PartitionKey | str]:
        for shard in _entries(Path(snapshot.path)):
            if not shard.is_dir():
                continue
            flaw = self._folder_flaw(shard, f"{source}.{snapshot.name}.{shard.name}")
            if flaw:
                yield flaw
                continue
            yield PartitionKey(source, snapshot.name, shard.name)
            for deeper in _entries(Path(shard.path)):
                if deeper.is_dir():
                    yield f"{self._shown(deeper)} is nested too deeply: use SOURCE/SNAPSHOT or SOURCE/SNAPSHOT/SHARD"

    def _folder_flaw(self, entry: "os.DirEntry[str]", key: str) -> str | None:
        where = self._shown(entry)
        if not self._inside(Path(entry.path)):
            return f"{where} is a link that leads outside the landing zone: copy what it leads to"
        if not entry.is_dir():
            return f"{where} is not in a folder SOURCE/SNAPSHOT: use strata land"
        if "." in entry.name:
            return f"{where} can be no part of a partition key: its name has a '.'"
        try:
            PartitionKey.parse(key)
        except PartitionKeyError:
            return (
                f"{where} can be no part of a partition key: use letters, digits, '-' and '_' (a source in lower case)"
            )
        return None

    def _shown(self, entry: "os.DirEntry[str]") -> str:
        return "/".join(shown(part) for part in Path(entry.path).relative_to(self.root).parts)


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    """What may be data in a folder, by name; nothing where there is no folder."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as found:
        return sorted((entry for entry in found if not entry.name.startswith((".", "_"))), key=lambda entry: entry.name)


def _last_change(folder: Path) -> float:
    """When anything but our own notes last changed, hidden files of a copy under way included; seconds since 1970.

    The time of change is the file system's and cannot be set, unlike that of modification, which copies carry along.
    """
    with os.scandir(folder) as found:
        own = (SUCCESS, DIGESTS)
        return max(
            (entry.stat(follow_symlinks=False).st_ctime for entry in found if entry.name not in own), default=0.0
        )


def _sources(files: Sequence[Path]) -> dict[str, Path]:
    """The files to land by their names. Raises LandingError in one line for what cannot be landed."""
    if not files:
        raise LandingError("no files to land: name at least one")
    sources: dict[str, Path] = {}
    for path in files:
        name = path.name
        if not path.exists():
            raise LandingError(f"{shown(str(path))} does not exist")
        if not path.is_file():
            raise LandingError(f"{shown(str(path))} is no file: name the files to land, not their folder")
        flaw = name_flaw(name)
        if flaw:
            raise LandingError(f"{shown(name)} {flaw}")
        if ending(name) is None:
            raise LandingError(
                f"{shown(name)} is of no supported kind: the name must end in one of {', '.join(ENDINGS)}"
            )
        if name in sources:
            raise LandingError(f"two files are called {shown(name)}: rename one, or land them as two shards")
        sources[name] = path
    return sources


def _equal(one: Path, other: Path) -> bool:
    return one.is_file() and one.stat().st_size == other.stat().st_size and file_digest(one) == file_digest(other)


def _difference(there: set[str], same: set[str], sources: dict[str, Path], listing: Listing | None) -> str | None:
    """What is in a partition that landing these files would lose or add to, for people."""
    if there - same:
        name = min(there - same)
        return f"{shown(name)} {'has other bytes' if name in sources else 'is not among the files'}"
    new = sources.keys() - there - (listing.files or {}).keys() if listing else ()
    return f"{shown(min(new))} would be new to it" if new else None


def _disagreements(folder: Path, names: set[str], listing: Listing, digests: Digests) -> list[str]:
    """A sentence for each file that is not as `_SUCCESS` lists it."""
    if listing.files is None:
        return []
    found = []
    for name in sorted(names | listing.files.keys()):
        listed = listing.files.get(name)
        if listed is None:
            found.append(f"{shown(name)} is not listed in {SUCCESS}: land it with the others, or remove it")
        elif name not in names:
            found.append(f"{shown(name)} is listed in {SUCCESS} but cannot be found")
        elif (folder / name).stat().st_size != listed.bytes:
            found.append(f"{shown(name)} has {(folder / name).stat().st_size} bytes, {SUCCESS} says {listed.bytes}")
        elif digests.of(name) != listed.sha256:
            found.append(f"{shown(name)} has other content than {SUCCESS} says")
    return found
