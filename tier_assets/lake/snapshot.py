"""The lake as it is at a moment: what is promoted, what was staged, who is at work. Read once for a command.

Heads and history come from the index of the logs (`log_index.py`), candidates from their manifests, both a partition at a
time: what an answer costs follows what is asked. `Lake` asks a snapshot brought up to date at each call; whoever looks at
many partitions takes one and keeps it.
"""

import json
import os
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from tier_assets.errors import DamagedError, LakeError, PartitionKeyError
from tier_assets.files.leases import leases_of
from tier_assets.keys import PartitionKey
from tier_assets.lake.attempts import Attempts
from tier_assets.lake.candidates import (
    Candidate,
    Manifests,
    StagedFile,
    partitions_with_candidates,
    read_manifests,
)
from tier_assets.lake.log_index import LogIndex, Pin
from tier_assets.lake.verification import Verifier
from tier_assets.lake.versions import Version
from tier_assets.schemas import TABLES

_REMEMBERED = 1_000


class LakeSnapshot:
    """All tables under a lake's root, each log as it was when it was asked first since the last `refresh`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.index = LogIndex(root)
        self._verifier = Verifier(self.index)
        self._newest: dict[str, int] = {}
        self._fresh: set[str] = set()
        self._sources: dict[str, list[str]] = {}
        self._trying: dict[str, frozenset[str]] = {}
        self._heads: dict[str, dict[str, Pin]] = {}
        self._known: OrderedDict[tuple[str, str], list[Pin]] = OrderedDict()
        self._versions: OrderedDict[tuple[str, int], Version] = OrderedDict()

    def refresh(self) -> "LakeSnapshot":
        """Forget what was read: each log is brought up to date when it is asked next."""
        self._sources.clear()
        self._trying.clear()
        self._fresh.clear()
        return self

    def refresh_log(self, table: str, source: str) -> None:
        """Bring the log of one table and source up to date. Raises LakeError where it cannot be read."""
        log = _name(table, source)
        newest = self.index.refresh(log)
        self._fresh.add(log)
        if newest != self._newest.get(log):
            self._newest[log] = newest
            self._heads.pop(log, None)
            for known in [each for each in self._known if each[0] == log]:
                del self._known[known]
            for loaded in [each for each in self._versions if each[0] == log]:
                del self._versions[loaded]

    def _log(self, table: str, source: str) -> str:
        """The log of a table and source, brought up to date once since the last refresh."""
        log = _name(table, source)
        if log not in self._fresh:
            self.refresh_log(table, source)
        return log

    def folder(self, table: str, source: str) -> Path:
        """Where the Delta table of a tier (or of the scorers) and a source lies."""
        if table not in TABLES:
            raise LakeError(f"{table!r} is no table of the lake: use one of {', '.join(TABLES)}")
        return self.root / table / source

    def sources(self, table: str) -> list[str]:
        """Sources with anything in the table, in order."""
        if table not in self._sources:
            try:
                with os.scandir(self.root / table) as found:
                    self._sources[table] = sorted(entry.name for entry in found if entry.is_dir())
            except (FileNotFoundError, NotADirectoryError):
                self._sources[table] = []
        return self._sources[table]

    def head(self, table: str, key: PartitionKey) -> Version | None:
        """The promoted version of a partition."""
        pins = self.promotions(table, key)
        return self.load(pins[0]) if pins else None

    def pin(self, table: str, key: PartitionKey) -> Pin | None:
        """The promoted version of a partition in a few words."""
        heads = self._heads.get(self._log(table, key.source))
        if heads is not None:
            return heads.get(str(key))
        pins = self.promotions(table, key)
        return pins[0] if pins else None

    def foresee(self, table: str, source: str) -> None:
        """Read the pins of all partitions of a source at once: very many are about to be asked for one by one."""
        self._heads[self._log(table, source)] = {pin.partition: pin for pin in self.pins(table, source)}

    def versions(self, table: str, key: PartitionKey) -> list[Version]:
        """All promoted versions of a partition, newest first."""
        return [self.index.load(pin) for pin in self.promotions(table, key)]

    def pins(self, table: str, source: str) -> list[Pin]:
        """The promoted version of every partition of a source, in a few words, in the order of their names."""
        log = self._log(table, source)
        return list(self._heads[log].values()) if log in self._heads else self.index.heads(log)

    def promotions(self, table: str, key: PartitionKey) -> list[Pin]:
        """All promotions of a partition in a few words, newest first."""
        self.folder(table, key.source)
        name = (self._log(table, key.source), str(key))
        if name not in self._known:
            self._known[name] = self.index.versions(*name)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return self._known[name]

    def load(self, pin: Pin) -> Version:
        """A version with all that its entry says."""
        name = (pin.log, pin.delta_version)
        if name not in self._versions:
            self._versions[name] = self.index.load(pin)
            if len(self._versions) > _REMEMBERED:
                self._versions.popitem(last=False)
        return self._versions[name]

    def since(self, table: str, source: str, delta_version: int) -> list[Pin]:
        """What was promoted in a table after an entry of its log, oldest first."""
        return self.index.since(self._log(table, source), delta_version)

    def candidates(self, table: str, key: PartitionKey) -> list[Candidate]:
        """What was ever staged for a partition and is still there, oldest first."""
        return list(self.manifests(table, key).candidates)

    def manifests(self, table: str, key: PartitionKey) -> Manifests:
        """The manifests of a partition: candidates, and what cannot be used."""
        return read_manifests(self.folder(table, key.source), str(key))

    def held(self, table: str, key: PartitionKey) -> Candidate | None:
        """The newest held candidate that could still be promoted: its basis is the head."""
        pins = self.promotions(table, key)
        basis = pins[0].number if pins else 0
        # What is promoted is not held: of most partitions no manifest is read.
        others = read_manifests(self.folder(table, key.source), str(key), {pin.candidate for pin in pins})
        waiting = [each for each in others.candidates if each.state == "held" and each.basis == basis]
        return waiting[-1] if waiting else None

    def flaw(self, table: str, key: PartitionKey) -> str:
        """Which manifests of what is not promoted cannot be used, as a sentence; empty where all can."""
        pins = self.promotions(table, key)
        return "; ".join(self.flaws(table, key, {pin.candidate for pin in pins}))

    def flaws(self, table: str, key: PartitionKey, but: Collection[str] = ()) -> list[str]:
        """A sentence for each manifest of a partition that cannot be used, those of the candidates in `but` left out."""
        found = read_manifests(self.folder(table, key.source), str(key), but).unusable
        return [
            f"{path} is damaged ({why}): the next run of the partition moves it aside" for path, why in found.items()
        ]

    def attempts(self, table: str, key: PartitionKey) -> Attempts | None:
        """What is running on the partition now, or failed last; None where nothing is and did."""
        log = _name(table, key.source)
        if log not in self._trying:
            self._trying[log] = frozenset(Attempts.partitions(self.folder(table, key.source)))
        return (
            Attempts(self.folder(table, key.source), str(key), leases_of(self.root))
            if str(key) in self._trying[log]
            else None
        )

    def partitions(self, table: str) -> list[PartitionKey]:
        """Partitions for which anything was promoted or staged, in the total order."""
        found: set[PartitionKey] = set()
        for source in self.sources(table):
            found.update(PartitionKey.parse(pin.partition) for pin in self.pins(table, source))
            found.update(key for _, key in self._begun(table, source) if isinstance(key, PartitionKey))
        return sorted(found, key=lambda key: key.order)

    def strangers(self, tables: Sequence[str] = tuple(TABLES)) -> list[str]:
        """A sentence for every name among candidates and attempts of some tables that is no partition's."""
        begun = (self._begun(table, source) for table in tables for source in self.sources(table))
        return [
            f"{place}: {name!r} is no partition's: move it away"
            for found in begun
            for place, name in found
            if isinstance(name, str)
        ]

    def is_untouched(self, pin: Pin) -> bool:
        """Whether the files of a version are there, as large and as old as they were. `damage` says what is wrong."""
        base = f"{self.root}/{pin.log}/"
        try:
            for path, size, changed in json.loads(pin.looks):
                found = os.stat(base + path)  # noqa: PTH116  # asked for every file of a home
                if found.st_size != size or found.st_mtime_ns != changed:
                    return False
        except OSError:
            return False
        return not self._verifier.accuses(base, pin.candidate)

    def damage(self, table: str, key: PartitionKey) -> str:
        """What is wrong with the promoted version at first sight, as a sentence; empty where nothing is."""
        head = self.head(table, key)
        if head is None:
            return ""
        promoted_at = datetime.fromisoformat(head.promoted_at).timestamp()
        for path, file in self._files(head):
            if why := self._verifier.glance(path, file, partial(self._sha256, head, file), promoted_at):
                return _sentence(path, why, head)
        return ""

    def verified(self, version: Version, *, decisions: bool = False) -> list[Path]:
        """The files of a version's rows, or of its decisions, each read and found to be what was promoted.

        Raises DamagedError naming the first that is not.
        """
        found = list(self.looked_through(version, decisions=decisions))
        for path, why in found:
            if why:
                raise DamagedError(_sentence(path, why, version))
        return [path for path, _ in found]

    def looked_through(self, version: Version, *, decisions: bool = False) -> Iterator[tuple[Path, str]]:
        """The files of a version's rows, or of its decisions, each read, and what is wrong with it; empty for nothing."""
        for path, file in self._files(version):
            if (file is version.decided) == decisions:
                yield path, self._verifier.verify(path, file, partial(self._sha256, version, file))

    def _files(self, version: Version) -> list[tuple[Path, StagedFile]]:
        folder = self.folder(version.table, PartitionKey.parse(version.partition).source)
        every = (*version.files, *([version.decided] if version.decided else []))
        return [(folder / file.path, file) for file in every]

    def _sha256(self, version: Version, file: StagedFile) -> str:
        """What a file is to hash to; of versions from before their entries said so, their manifest does."""
        if file.sha256:
            return file.sha256
        key = PartitionKey.parse(version.partition)
        for candidate in self.candidates(version.table, key):
            if candidate.candidate == version.candidate:
                named = {each.path: each.sha256 for each in (*candidate.files, candidate.decisions)}
                return named.get(file.path, "")
        return ""

    def _begun(self, table: str, source: str) -> Iterator[tuple[Path, PartitionKey | str]]:
        """Where there are candidates or attempts, and whose: names that are no partition of the source as they stand."""
        folder = self.folder(table, source)
        for place, names in (
            ("_candidates", partitions_with_candidates(folder)),
            ("_attempts", Attempts.partitions(folder)),
        ):
            for name in names:
                try:
                    key = PartitionKey.parse(name)
                except PartitionKeyError:
                    yield folder / place, name
                    continue
                yield folder / place, key if key.source == source else name


def _sentence(path: Path, why: str, version: Version) -> str:
    return f"{path} {why}: `strata materialize {version.table} -p {version.partition}` makes it again"


def _name(table: str, source: str) -> str:
    return f"{table}/{source}"
