"""The landing zone: `landing/<source>/<snapshot>[/<shard>]/`, what has arrived there and whether it is complete.

The files of one folder are the matter of `files.py`; what their bytes hold, of `l0_raw/`. Names that begin with `.`
or `_` are never data, as in the rest of the field.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tier_assets.errors import LandingError
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
    name_flaw,
    parse_listing,
    shown,
)
from tier_assets.landing.folders import landables
from tier_assets.landing.looks import Looks
from tier_assets.landing.places import Entry, Place, Places
from tier_assets.landing.references import (
    REFERENCES,
    changed_objects,
    read_references,
    referenced,
    write_references,
)
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
class Survey:
    """What one walk through the zone found: all that has landed, by key, and a sentence for everything that can be no
    partition: hostile names, links outside, files astray.
    """

    arrivals: tuple[Arrival, ...]
    strangers: tuple[str, ...]


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
            Source(
                file.name, file.location or str(folder / file.name), file.bytes, file.etag, self._endpoint, file.sha256
            )
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
        return list(self.survey(settle_seconds, now).arrivals)

    def survey(self, settle_seconds: int, now: float) -> Survey:
        """`arrivals` and `strangers` in one walk. A folder in which nothing has changed since is not looked into again."""
        arrivals: list[Arrival] = []
        strangers: list[str] = []
        looks = Looks(self.root, now)
        for found in self._places.walk():
            if isinstance(found, str):
                strangers.append(found)
            elif arrival := self._seen(found, now - settle_seconds, looks):
                arrivals.append(arrival)
        looks.save()
        return Survey(tuple(sorted(arrivals, key=lambda each: each.key.order)), tuple(strangers))

    def landed_sources(self) -> list[str]:
        """Sources that have a folder of a partition, in order; what lies in it is not looked at."""
        return self._places.sources()

    def arrival(self, key: PartitionKey, settle_seconds: int, now: float) -> Arrival | None:
        """What has landed of a partition, None if nothing.

        It is complete when `_SUCCESS` is there, or when no file of it changed in the `settle_seconds` before `now` (seconds
        since 1970) and no `land` was cut short. Files are hashed when it is complete, and again only if they change.
        """
        place = self._places.of(key, self.folder(key))
        return self._arrival(place, now - settle_seconds) if place else None

    def ask_stores(self, wanted: Sequence[PartitionKey] | None = None) -> str | None:
        """Note which referenced objects are no longer as they landed, of some partitions or all; later looks see it.

        Returns a sentence where a store cannot be asked: then no other is, and what was known stands.
        """
        found = self._places.walk() if wanted is None else (self._places.of(key, self.folder(key)) for key in wanted)
        for place in found:
            if not isinstance(place, Place) or not place.holds(REFERENCES):
                continue
            try:
                listed = read_references(place.folder)
                now = changed_objects(listed.files, self._endpoint)
                if now != listed.now:
                    with locked(self.root / ".locks" / str(place.key)):
                        if read_references(place.folder) == listed:
                            write_references(place.folder, listed.files, now)
            except OSError as error:
                return f"{place.key}: whether its referenced objects have changed cannot be asked: {reason(error)}"
        return None

    def strangers(self) -> list[str]:
        """A sentence for everything in the zone that can be no partition: hostile names, links outside, files astray."""
        return [found for found in self._places.walk() if isinstance(found, str)]

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
        if not self._places.inside(folder):
            raise LandingError(f"cannot land into {key}: {folder} leads outside the landing zone; remove that link")
        folder.mkdir(parents=True, exist_ok=True)
        for parent in folder.parents:
            if parent.is_relative_to(self.root):
                sync_folder(parent)
        return folder

    @cached_property
    def _places(self) -> Places:
        return Places(self.root)

    def _seen(self, place: Place, settled_before: float, looks: Looks) -> Arrival | None:
        """The arrival as it was seen if nothing has changed, else as it is; kept if it is complete and without problems."""
        look = looks.at(place)
        kept = look.known
        if kept is None or kept["changed"] > settled_before:
            arrival = self._arrival(place, settled_before)
            if arrival is None or not arrival.complete or arrival.problems:
                return arrival
            kept = {
                "files": [[file.name, file.bytes, file.sha256] for file in arrival.files],
                "digest": arrival.digest,
                # A marker makes complete whatever the policy's settling time is, now and later.
                "changed": 0.0 if place.holds_file(SUCCESS) else _last_change(place),
            }
        look.keep(kept)
        files = tuple(LandedFile(*file) for file in kept["files"])
        return Arrival(place.key, files, True, kept["digest"])

    def _arrival(self, place: Place, settled_before: float) -> Arrival | None:
        try:
            if not place.flaw:
                return self._look(place, settled_before)
            flaw: str | None = place.flaw
        except OSError as error:
            flaw = error.strerror
        return Arrival(place.key, (), False, "", (f"{shown(str(place.key))} cannot be read: {flaw}",))

    def _look(self, place: Place, settled_before: float) -> Arrival | None:
        key, folder = place.key, place.folder
        listing = parse_listing((folder / SUCCESS).read_bytes()) if place.holds_file(SUCCESS) else None
        names: dict[str, int] = {}
        problems: list[str] = [listing.problem] if listing and listing.problem else []
        digests = Digests(folder)
        elsewhere, changes = referenced(folder, digests) if place.holds(REFERENCES) else ([], [])
        problems += changes
        found = place.visible
        for entry in found:
            if entry.is_dir():
                continue
            flaw = name_flaw(entry.name) or self._file_flaw(entry)
            if flaw:
                problems.append(f"{shown(entry.name)} {flaw}")
            else:
                names[entry.name] = entry.stat().st_size
        if not names and not elsewhere and not problems and (listing is None or not listing.files):
            if listing is None or any(entry.is_dir() for entry in found):
                return None
            problems.append(f"{SUCCESS} is there, but no file")
        if listing is None and (place.holds(LANDING) or _last_change(place) > settled_before):
            files = tuple(LandedFile(name, size) for name, size in sorted(names.items()))
            return Arrival(key, files, False, "", tuple(problems))
        listed = names.keys() & listing.files.keys() if listing and listing.files is not None else names.keys()
        copied = {name: LandedFile(name, names[name], digests.of(name)) for name in listed}
        if listing:
            problems += disagreements(names.keys(), copied, listing)
        files = tuple(sorted((*copied.values(), *elsewhere), key=lambda file: file.name))
        digests.save()
        parts = [part for file in files for part in (file.name, str(file.bytes), str(file.identity))]
        return Arrival(key, files, True, text_digest(*parts, "problems", *problems), tuple(problems))

    def _file_flaw(self, entry: Entry) -> str | None:
        if self._places.leads_outside(entry):
            return "is a link that leads outside the landing zone: copy the file instead"
        return None if entry.is_file() else "is no file"


def _last_change(place: Place) -> float:
    """When anything but our own notes last changed, hidden files of a copy under way included; seconds since 1970.

    The time of change is the file system's and cannot be set, unlike that of modification, which copies carry along.
    """
    own = (SUCCESS, DIGESTS)
    changes = (entry.stat(follow_symlinks=False).st_ctime for entry in place.entries if entry.name not in own)
    return max(changes, default=0.0)
