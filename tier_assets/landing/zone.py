"""The landing zone: `landing/<source>/<snapshot>[/<shard>]/`, what has arrived there and whether it is complete.

The files of one folder are the matter of `files.py`; what their bytes hold, of `l0_raw/`. Names that begin with `.`
or `_` are never data, as in the rest of the field.
"""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tier_assets.errors import LandingError, PartitionKeyError
from tier_assets.files.digests import text_digest
from tier_assets.files.durable import locked, sync_folder
from tier_assets.inference import Report, silent
from tier_assets.keys import PartitionKey
from tier_assets.landing.copies import copy_into, refer_into
from tier_assets.landing.files import (
    DIGESTS,
    LANDING,
    SUCCESS,
    Digests,
    LandedFile,
    disagreements,
    entries,
    name_flaw,
    read_listing,
    shown,
)
from tier_assets.landing.folders import landables
from tier_assets.landing.references import References, changed_objects, read_references, referenced, write_references
from tier_assets.landing.sources import Progress, Source, reason


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


@dataclass(frozen=True)
class Landed:
    """What `land` did: whether anything changed, the names of the files, sentences about what was left out."""

    changed: bool
    files: tuple[str, ...]
    notes: tuple[str, ...] = ()


class LandingZone:
    """The folder into which raw dumps are dropped, by `strata land` or by any other program.

    `endpoint` is the URL of the server for `s3://` locations where it is not Amazon's.
    """

    def __init__(self, root: Path, endpoint: str | None = None) -> None:
        self.root = root
        self._endpoint = endpoint

    def folder(self, key: PartitionKey) -> Path:
        """Where the files of a partition lie."""
        return self.root.joinpath(*(part for part in (key.source, key.snapshot, key.shard) if part))

    def sources(self, arrival: Arrival) -> list[Source]:
        """The files of an arrival, to be read, in the order of their names."""
        folder = self.folder(arrival.key).absolute()
        return [
            Source(file.name, file.location or str(folder / file.name), file.bytes, file.etag, self._endpoint)
            for file in arrival.files
        ]

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

    def ask_stores(self, wanted: Sequence[PartitionKey] | None = None) -> str | None:
        """Note which referenced objects are no longer as they landed, of some partitions or all; later looks see it.

        Returns a sentence where a store cannot be asked: then no other is, and what was known stands.
        """
        for key in wanted or [found for found in self._walk() if isinstance(found, PartitionKey)]:
            folder = self.folder(key)
            listed = read_references(folder) if self._inside(folder) else References()
            try:
                now = changed_objects(listed.files, self._endpoint)
                if now != listed.now:
                    with locked(self.root / ".locks" / str(key)):
                        if read_references(folder) == listed:
                            write_references(folder, listed.files, now)
            except OSError as error:
                return f"{key}: whether its referenced objects have changed cannot be asked: {reason(error)}"
        return None

    def strangers(self) -> list[str]:
        """A sentence for everything in the zone that can be no partition: hostile names, links outside, files astray."""
        return [found for found in self._walk() if isinstance(found, str)]

    def land(
        self,
        key: PartitionKey,
        named: Sequence[str | Path],
        *,
        replace: bool = False,
        reference: bool = False,
        report: Report = silent,
    ) -> Landed:
        """Copy files, folders and `s3://` objects into a partition and mark it complete.

        With `reference` nothing is copied: the files are listed, and read where they lie. The copy can be cut short
        anywhere: until `_SUCCESS` lists every file with its sha256, `_LANDING` keeps the partition from counting as
        complete, and landing the same again goes on. `report` is called with bytes done and in all. Raises LandingError for
        what cannot be landed, and for a partition that holds anything else unless `replace` is given.
        """
        wanted, notes = landables(named, self._endpoint)
        progress = Progress(sum(file.size for file in wanted.values()), report)
        try:
            with locked(self.root / ".locks" / str(key)):
                folder = self._opened(key)
                into = refer_into if reference else copy_into
                changed = into(key, folder, wanted, replace, progress)
        except OSError as error:
            where = shown(str(error.filename)) if error.filename else str(self.folder(key))
            raise LandingError(f"cannot land into {key}: {where}: {reason(error)}") from error
        return Landed(changed, tuple(sorted(wanted)), notes)

    def _opened(self, key: PartitionKey) -> Path:
        folder = self.folder(key)
        if not self._inside(folder):
            raise LandingError(f"cannot land into {key}: {folder} leads outside the landing zone; remove that link")
        folder.mkdir(parents=True, exist_ok=True)
        for parent in folder.parents:
            if parent.is_relative_to(self.root):
                sync_folder(parent)
        return folder

    def _look(self, key: PartitionKey, folder: Path, settled_before: float) -> Arrival | None:
        listing = read_listing(folder)
        names: dict[str, int] = {}
        problems: list[str] = [listing.problem] if listing and listing.problem else []
        digests = Digests(folder)
        elsewhere, changes = referenced(folder, digests)
        problems += changes
        found = entries(folder)
        for entry in found:
            if entry.is_dir():
                continue
            flaw = name_flaw(entry.name) or self._file_flaw(Path(entry.path))
            if flaw:
                problems.append(f"{shown(entry.name)} {flaw}")
            else:
                names[entry.name] = entry.stat().st_size
        if not names and not elsewhere and not problems and (listing is None or not listing.files):
            if listing is None or any(entry.is_dir() for entry in found):
                return None
            problems.append(f"{SUCCESS} is there, but no file")
        settled = not (folder / LANDING).exists() and _last_change(folder) <= settled_before
        if listing is None and not settled:
            files = tuple(LandedFile(name, size) for name, size in sorted(names.items()))
            return Arrival(key, files, False, "", tuple(problems))
        if listing:
            problems += disagreements(folder, set(names), listing, digests)
        listed = names.keys() & listing.files.keys() if listing and listing.files is not None else names.keys()
        copied = [LandedFile(name, names[name], digests.of(name)) for name in listed]
        files = tuple(sorted((*copied, *elsewhere), key=lambda file: file.name))
        digests.save()
        parts = [part for file in files for part in (file.name, str(file.bytes), str(file.identity))]
        return Arrival(key, files, True, text_digest(*parts, "problems", *problems), tuple(problems))

    def _file_flaw(self, path: Path) -> str | None:
        if not self._inside(path):
            return "is a link that leads outside the landing zone: copy the file instead"
        return None if path.is_file() else "is no file"

    def _inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self.root.resolve())

    def _walk(self) -> Iterator[PartitionKey | str]:
        """Every folder that is a partition, and a sentence for all else, in the order of the names."""
        for source in entries(self.root):
            flaw = self._folder_flaw(source, f"{source.name}.x")
            if flaw:
                yield flaw
                continue
            for snapshot in entries(Path(source.path)):
                flaw = self._folder_flaw(snapshot, f"{source.name}.{snapshot.name}")
                if flaw:
                    yield flaw
                    continue
                yield PartitionKey(source.name, snapshot.name)
                yield from self._shards(source.name, snapshot)

    def _shards(self, source: str, snapshot: "os.DirEntry[str]") -> Iterator[PartitionKey | str]:
        for shard in entries(Path(snapshot.path)):
            if not shard.is_dir():
                continue
            flaw = self._folder_flaw(shard, f"{source}.{snapshot.name}.{shard.name}")
            if flaw:
                yield flaw
                continue
            yield PartitionKey(source, snapshot.name, shard.name)
            for deeper in entries(Path(shard.path)):
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


def _last_change(folder: Path) -> float:
    """When anything but our own notes last changed, hidden files of a copy under way included; seconds since 1970.

    The time of change is the file system's and cannot be set, unlike that of modification, which copies carry along.
    """
    with os.scandir(folder) as found:
        own = (SUCCESS, DIGESTS)
        return max(
            (entry.stat(follow_symlinks=False).st_ctime for entry in found if entry.name not in own), default=0.0
        )
