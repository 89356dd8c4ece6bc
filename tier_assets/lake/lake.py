"""The lake: stage, promote, hold, read, history. One Delta table per tier and source, one commit per promoted version.

The protocol is stage, audit, promote. Staged files lie at their final keys, but no log names them, so no reader sees them.
Promotion is ONE Delta commit, fenced by an app transaction: it may only follow the version that was the partition's head
when the run started. A commit that reports an error may still have happened, so the log is read again before anything
is decided. The log is the truth: manifests tell of candidates, Dagster's events are a view.

What is checked before promotion is in `gate/`; what makes a partition stale, in `staleness.py`; looking without changing
anything, in `snapshot.py`.
"""

import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from tier_assets.errors import DamagedError, LakeError, LostLeaseError, LostRaceError, NothingPromotedError
from tier_assets.files.durable import locked, sweep_temporaries
from tier_assets.files.frames import RowGroup, row_groups
from tier_assets.files.leases import Leases, leases_of
from tier_assets.keys import PartitionKey
from tier_assets.lake import candidates, commits
from tier_assets.lake.attempts import Attempts
from tier_assets.lake.candidates import Candidate
from tier_assets.lake.log_index import Pin
from tier_assets.lake.snapshot import LakeSnapshot
from tier_assets.lake.staging import Staging
from tier_assets.lake.versions import Act, Version, fingerprint_of
from tier_assets.outcome import Outcome
from tier_assets.schemas import TABLES

_COMMIT_TRIES = 60


class Lake:
    """All tables under one folder. Every call tells what the log says now; what it has said before is not read again."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._now = LakeSnapshot(root)
        self._looked_at: dict[str, int] = {}

    def snapshot(self) -> LakeSnapshot:
        """The lake as it is now, for whoever looks at many partitions."""
        return LakeSnapshot(self.root)

    def folder(self, table: str, source: str) -> Path:
        """Where the Delta table of a tier (or of the scorers) and a source lies."""
        return self._now.folder(table, source)

    @property
    def leases(self) -> Leases:
        """Which processes are at work on this lake."""
        return leases_of(self.root)

    def attempts(self, table: str, key: PartitionKey) -> Attempts:
        """What is running on the partition now, or failed last."""
        return Attempts(self.folder(table, key.source), str(key), self.leases)

    def basis(self, table: str, key: PartitionKey) -> int:
        """The number of the partition's promoted version, 0 for none. Read it before computing anything."""
        head = self.head(table, key)
        return head.number if head else 0

    def staging(
        self, table: str, key: PartitionKey, *, basis: int, parts: Mapping[str, str], run_id: str = ""
    ) -> Staging:
        """A candidate to be written where it would be served from, invisible to readers: a context to give pieces to."""
        folder = self.folder(table, key.source)
        commits.ensure_table(folder, TABLES[table].rows)
        # Not the lock of promotions: who stages waits for nobody's commit.
        with locked(folder / "_staging.lock"):
            self._sweep(table, key)
            known = candidates.read_manifests(folder, str(key)).candidates
        fingerprint = fingerprint_of(table, key, parts)
        name = candidates.new_candidate_id(fingerprint)
        announced = Candidate(
            candidate=name,
            table=table,
            partition=str(key),
            basis=basis,
            fingerprint=fingerprint,
            parts=dict(parts),
            content_digest="",
            files=(candidates.announce(f"partition={key}/{name}-0000.parquet"),),
            decisions=candidates.announce(f"_decisions/partition={key}/{name}.parquet"),
            owner=self.leases.owner(),
            created_at=candidates.now(),
            run_id=run_id,
            sequence=max((each.sequence for each in known), default=0) + 1,
        )
        return Staging(folder, announced)

    def stage(
        self,
        table: str,
        key: PartitionKey,
        outcome: Outcome,
        *,
        basis: int,
        parts: Mapping[str, str],
        run_id: str = "",
    ) -> Candidate:
        """Write a whole outcome as a candidate: see `staging`."""
        with self.staging(table, key, basis=basis, parts=parts, run_id=run_id) as staging:
            staging.write(outcome)
        return staging.candidate

    def staged_paths(self, candidate: Candidate) -> tuple[list[Path], Path]:
        """Files of kept rows, file of decisions."""
        folder = self._folder_of(candidate)
        return [folder / staged.path for staged in candidate.files], folder / candidate.decisions.path

    def record(self, candidate: Candidate) -> None:
        """Write the audit's verdict into the manifest. A held candidate stays staged; the promoted version serves on."""
        candidates.write_manifest(self._folder_of(candidate), candidate)

    def promote(
        self,
        candidate: Candidate,
        *,
        basis: int | None = None,
        kind: str = "promote",
        actor: str = "",
        reason: str = "",
    ) -> Version:
        """Make the candidate the partition's next version in one fenced commit, after version `basis` (else the candidate's).

        Returns the version, also when an earlier try that seemed to fail had in fact committed, and the head where that is
        the candidate already. Raises LostRaceError if another version than the basis is head, LostLeaseError if this process
        was taken for dead since it staged the candidate, LakeError if staged files are not what was staged.
        """
        act = Act(secrets.token_hex(8), candidate.basis if basis is None else basis, kind, actor, reason)
        try:
            return self._promote(candidate, act)
        except LostLeaseError:
            if candidate.state == "staged":
                # Whoever took this process for dead may have swept it already.
                candidates.discard(self._folder_of(candidate), candidate)
            raise

    def _promote(self, candidate: Candidate, act: Act) -> Version:
        folder, why = self._folder_of(candidate), ""
        for _ in range(_COMMIT_TRIES):
            with self.leases.guard(candidate.owner):
                # Where another process swept the files, they are missing for a better reason than damage.
                pass
            candidates.verify(folder, candidate)
            with locked(folder / "_promotion.lock"), self.leases.guard(candidate.owner):
                head = self._promoted_as(act, candidate) or self._committed(folder, candidate, act)
                if isinstance(head, Version):
                    commits.sync_entry(folder, head.delta_version)
                    commits.keep_checkpoint(folder, head.delta_version)
                    promoted = candidate.with_report("promoted", candidate.summary, candidate.report)
                    candidates.write_manifest(folder, promoted)
                    return head
                why = head
        raise LakeError(
            f"{folder}: the commit of {candidate.partition} cannot be written ({why}): mend that, then materialize again"
        )

    def _promoted_as(self, act: Act, candidate: Candidate) -> Version | None:
        """The version that this act made, if a try of it happened; or the head where that is the candidate."""
        key = PartitionKey.parse(candidate.partition)
        head = self.head(candidate.table, key)
        if head and (head.promotion == act.promotion or head.candidate == candidate.candidate):
            return head
        return next((each for each in self.versions(candidate.table, key) if each.promotion == act.promotion), None)

    def _committed(self, folder: Path, candidate: Candidate, act: Act) -> Version | str:
        """Try once; the version, or why there is none as far as is known. The lock is held."""
        head = self.head(candidate.table, PartitionKey.parse(candidate.partition))
        if (head.number if head else 0) != act.basis:
            self._lost(folder, candidate, head)
        live = frozenset(each.path for each in head.files) if head else frozenset[str]()
        log = f"{candidate.table}/{folder.name}"
        opened = commits.opened(folder, candidate.partition, live, act.basis, partial(self._digests, log))
        # Only now: of a damaged entry every try is to be told.
        self._looked_at[log] = opened.version() + 1
        why = commits.commit(opened, candidate, act)
        return self._promoted_as(act, candidate) or why or "another writer was faster"

    def _digests(self, log: str, first: int) -> Mapping[int, str]:
        """Number to sha256 of a log's entries from one on, less those that this process has found to be what they were."""
        return self._now.index.digests(log, max(first, self._looked_at.get(log, 0)))

    def heads(self, table: str, source: str) -> dict[str, Version]:
        """The promoted version of every partition of a source."""
        snapshot = self._fresh(table, source)
        return {pin.partition: snapshot.index.load(pin) for pin in snapshot.pins(table, source)}

    def pins(self, table: str, source: str) -> list[Pin]:
        """The promoted version of every partition of a source, in a few words, in the order of their names."""
        return self._fresh(table, source).pins(table, source)

    def load(self, pin: Pin) -> Version:
        """A version with all that its entry says."""
        return self._now.load(pin)

    def pins_since(self, table: str, source: str, delta_version: int) -> list[Pin]:
        """What of a source is promoted now and was committed after an entry of its log, oldest first; -1 for all."""
        newest = {pin.partition: pin for pin in self._fresh(table, source).since(table, source, delta_version)}
        return sorted(newest.values(), key=lambda pin: pin.delta_version)

    def head(self, table: str, key: PartitionKey) -> Version | None:
        """The promoted version of a partition."""
        return self._fresh(table, key.source).head(table, key)

    def versions(self, table: str, key: PartitionKey) -> list[Version]:
        """All promoted versions of a partition, newest first."""
        return self._fresh(table, key.source).versions(table, key)

    def damage(self, table: str, key: PartitionKey) -> str:
        """What is wrong with the promoted version at first sight, as a sentence; empty where nothing is."""
        return self._fresh(table, key.source).damage(table, key)

    def lost(self, table: str, key: PartitionKey) -> Candidate | None:
        """A whole candidate that was promoted on the present head, while the log has no such commit (any more)."""
        folder = self.folder(table, key.source)
        known = {version.candidate for version in self.versions(table, key)}
        basis = self.basis(table, key)
        for each in reversed(self.candidates(table, key)):
            if each.state == "promoted" and each.candidate not in known and each.basis == basis:
                try:
                    candidates.verify(folder, each)
                except LakeError:
                    continue
                return each
        return None

    def candidates(self, table: str, key: PartitionKey) -> list[Candidate]:
        """What was ever staged for a partition and is still there, oldest first."""
        return self._now.candidates(table, key)

    def held(self, table: str, key: PartitionKey) -> Candidate | None:
        """The newest held candidate that could still be promoted: its basis is the head."""
        return self._fresh(table, key.source).held(table, key)

    def flaws(self, table: str, key: PartitionKey) -> list[str]:
        """A sentence for each manifest of a partition that cannot be used."""
        return self._now.flaws(table, key)

    def report(self, version: Version) -> Sequence[Mapping[str, Any]]:
        """What the audit found in a version's candidate; nothing where its manifest is gone."""
        manifests = self.candidates(version.table, PartitionKey.parse(version.partition))
        return next((each.report for each in manifests if each.candidate == version.candidate), ())

    def sources(self, table: str) -> list[str]:
        """Sources with anything in the table, in order."""
        return LakeSnapshot(self.root).sources(table)

    def partitions(self, table: str) -> list[PartitionKey]:
        """Partitions for which anything was promoted or staged, in the total order."""
        return self.snapshot().partitions(table)

    def read(self, table: str, key: PartitionKey) -> pl.LazyFrame:
        """The promoted rows of a partition, `partition` as last column.

        Raises NothingPromotedError where nothing is, DamagedError where a file is not what was promoted.
        """
        return self.rows(self._promoted(table, key))

    def rows(self, version: Version) -> pl.LazyFrame:
        """The rows of a version, `partition` as last column. Raises DamagedError where a file is not what was promoted."""
        return _scan(self.files(version), TABLES[version.table].rows.polars, version.partition)

    def files(self, version: Version) -> list[Path]:
        """The files of a version's rows, verified: whoever computes from them reads what was promoted.

        Raises DamagedError naming the first that is gone or not what was promoted.
        """
        return self._now.verified(version)

    def row_groups(self, version: Version) -> list[RowGroup]:
        """The rows of a version in the pieces in which they were staged, in order. Raises as `rows` does."""
        try:
            return [group for path in self.files(version) for group in row_groups(path, version.partition)]
        except OSError as error:
            again = f"`strata materialize {version.table} -p {version.partition}` makes it again"
            raise DamagedError(f"{error}: {again}") from None

    def decisions(self, table: str, key: PartitionKey, *, held: bool = False) -> pl.LazyFrame:
        """The decision rows of the promoted version, or of the newest held candidate. Raises as `read` does."""
        if held:
            if flaw := self._fresh(table, key.source).flaw(table, key):
                # It may be the newest held that cannot be read: what is there would be taken for it.
                raise DamagedError(flaw)
            candidate = self.held(table, key)
            if candidate is None:
                raise NothingPromotedError(
                    f"{table} {key}: no held candidate: `strata history {table} -p {key}` shows what there is"
                )
            try:
                candidates.verify(self.folder(table, key.source), candidate)
            except LakeError as error:
                raise DamagedError(str(error)) from None
            paths = [self.folder(table, key.source) / candidate.decisions.path]
        else:
            paths = self._now.verified(self._promoted(table, key), decisions=True)
        return _scan(paths, TABLES[table].decisions.polars, str(key))

    def cache_path(self, kind: str, digest: str, suffix: str = ".parquet") -> Path:
        """Where a derived file lies, or would lie. It is sealed (`files/sealed.py`), and a bad one is none."""
        return self.root / "_cache" / kind / f"{digest}{suffix}"

    def _fresh(self, table: str, source: str) -> LakeSnapshot:
        self._now.folder(table, source)
        self._now.refresh_log(table, source)
        return self._now

    def _promoted(self, table: str, key: PartitionKey) -> Version:
        head = self.head(table, key)
        if head is None:
            raise NothingPromotedError(
                f"{table} {key}: nothing is promoted yet: run `strata materialize {table} -p {key}`"
            )
        return head

    def _folder_of(self, candidate: Candidate) -> Path:
        return self.folder(candidate.table, PartitionKey.parse(candidate.partition).source)

    def _lost(self, folder: Path, candidate: Candidate, head: Version | None) -> None:
        key = PartitionKey.parse(candidate.partition)
        promoted = (version.candidate for version in self.versions(candidate.table, key))
        if candidate.state == "staged" and candidate.candidate not in promoted:
            # Its basis is gone for good, so nobody will ever promote it.
            candidates.discard(folder, candidate)
        which = f"another run promoted version {head.number}" if head else "the log has lost the version it follows"
        raise LostRaceError(
            f"{candidate.table} {candidate.partition}: lost the race, {which}: "
            f"see `strata history {candidate.table} -p {candidate.partition}`",
            head.fingerprint if head else "",
        )

    def _sweep(self, table: str, key: PartitionKey) -> None:
        """Remove what killed runs left: staged, never judged, its process gone, in no log. Unusable manifests go aside."""
        folder = self.folder(table, key.source)
        found = candidates.read_manifests(folder, str(key))
        for path in found.unusable:
            path.replace(path.with_suffix(".damaged"))
        unjudged = (each for each in found.candidates if each.state in ("staging", "staged"))
        left = [each for each in unjudged if self.leases.dead(each.owner)]
        promoted = {version.candidate for version in self.versions(table, key)} if left else set[str]()
        for each in left:
            if each.candidate not in promoted:
                candidates.discard(folder, each)
        for place in ("_candidates", "_decisions", "."):
            sweep_temporaries(folder / place / f"partition={key}")


def _scan(paths: list[Path], schema: pl.Schema, partition: str) -> pl.LazyFrame:
    rows = pl.scan_parquet(paths, schema=schema, missing_columns="insert", hive_partitioning=False, glob=False)
    return rows.with_columns(pl.lit(partition).alias("partition"))
