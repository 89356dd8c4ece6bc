"""What readers find, put together as rows and decisions in pieces of bounded size. How files are read is in `reading.py`."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl

from tier_assets.keys import PartitionKey
from tier_assets.l0_raw.findings import Capture, Finding, Flaw, FlawKind, Passed, Reject, Seen
from tier_assets.l0_raw.identity import doc_id, document_uri
from tier_assets.outcome import Outcome
from tier_assets.schemas import DECISIONS, ROWS
from tier_assets.tiers import Tier

_FRAME_BYTES = 16_000_000  # a piece is handed on when its payloads and texts reach this
_FRAME_DECISIONS = 100_000  # or when so many inputs were seen, most of them dropped


class Assembly:
    """Takes findings file by file and gives pieces, each of which follows on the one before.

    A measure is counted in the piece where it arises, so that the pieces' measures add up to the partition's.
    """

    def __init__(self, partition: str) -> None:
        self._partition = partition
        self._source = PartitionKey.parse(partition).source
        self._flaws_of: set[tuple[str, FlawKind]] = set()
        self._given = False
        self._of_file = self._passed = 0
        self._begin()

    def _begin(self) -> None:
        self._rows: list[dict[str, Any]] = []
        self._decisions: list[dict[str, Any]] = []
        self._bytes = 0
        self._measures: dict[str, float] = {}
        self._notes: list[str] = []

    def count(self, measures: Mapping[str, float], notes: tuple[str, ...] = ()) -> None:
        """Add measures of the work, and sentences about it."""
        for name, value in measures.items():
            self._measures[name] = self._measures.get(name, 0.0) + value
        self._notes += notes

    def add(self, file: str, finding: Finding) -> Iterator[Outcome]:
        """Take one finding of a file; gives a piece if one is full."""
        if isinstance(finding, Flaw):
            # A file counts once for each kind of flaw, however often it shows.
            new = (file, finding.kind) not in self._flaws_of
            self._flaws_of.add((file, finding.kind))
            self.count({f"files_{finding.kind}": float(new)}, (f"{file}: {finding.note}",))
            return
        if isinstance(finding, Seen):
            self._account(file, finding.entries)
            return
        self._of_file += 1
        if isinstance(finding, Passed):
            self._passed += 1
            return
        raw = finding.payload if isinstance(finding, Capture) else finding.raw
        sha256 = hashlib.sha256(raw).hexdigest()
        where = {
            "doc_id": doc_id(self._partition, file, finding.offset, sha256),
            "uri": document_uri(finding.uri, file, finding.offset),
            "file": file,
            "offset": finding.offset,
        }
        if isinstance(finding, Reject):
            self._decisions.append(where | _verdict(finding))
        else:
            self._decisions.append(where | {"kept": True})
            self._rows.append(where | self._row(finding, sha256))
            self._bytes += len(raw) + len(finding.text or "")
        if self._bytes >= _FRAME_BYTES or len(self._decisions) >= _FRAME_DECISIONS:
            yield self._piece()

    def _account(self, file: str, entries: int) -> None:
        """A file ends here: count its entries, and say so where other than they became something."""
        self.count({"entries_seen": entries, "entries_passed": self._passed})
        if entries != self._of_file:
            self.count({}, (f"{file}: {self._of_file} of its {entries} entries are accounted for",))
        self._of_file = self._passed = 0

    def add_all(self, file: str, found: Iterable[Finding]) -> Iterator[Outcome]:
        """`add` for each."""
        for finding in found:
            yield from self.add(file, finding)

    def rest(self) -> Iterator[Outcome]:
        """The last piece; nothing only where all was given before."""
        if self._decisions or self._measures or self._notes or not self._given:
            yield self._piece()

    def _piece(self) -> Outcome:
        piece = Outcome(
            _frame(self._rows, ROWS[Tier.RAW].polars),
            _frame(self._decisions, DECISIONS[Tier.RAW].polars),
            dict(self._measures),
            tuple(self._notes),
        )
        self._given = True
        self._begin()
        return piece

    def _row(self, capture: Capture, sha256: str) -> dict[str, Any]:
        return {
            "source": self._source,
            "license": capture.license,
            "fetched_at": capture.fetched_at,
            "generation": 0,
            "text": capture.text,
            "language": capture.language,
            "media_type": capture.media_type,
            "charset": capture.charset,
            "http_status": capture.http_status,
            "payload": capture.payload,
            "payload_sha256": sha256,
            "payload_bytes": len(capture.payload),
            "user_id": capture.user_id,
            "metadata": capture.metadata,
        }


def _verdict(reject: Reject) -> dict[str, Any]:
    return {
        "kept": False,
        "drop_reason": str(reject.reason),
        "rule": reject.rule,
        "value": reject.value,
        "threshold": reject.threshold,
        "detail": reject.detail,
    }


def _frame(rows: list[dict[str, Any]], schema: pl.Schema) -> pl.DataFrame:
    """A frame of rows in which absent fields are null."""
    return pl.DataFrame({name: [row.get(name) for row in rows] for name in schema}, schema=schema)
