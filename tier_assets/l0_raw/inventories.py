"""What lies beside landed files and says what they should hold: indexes of WARC files, manifests, the cards of datasets.

CDX and CDXJ give the offset of every record, a manifest the number of documents of a file, a card the licence. None of them
is a document. What is missing is a flaw of the file that lacks it.
"""

import json
import re
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from tier_assets.l0_raw.compression import GZIP
from tier_assets.l0_raw.findings import Finding, Flaw, FlawKind, Passed, Seen
from tier_assets.l0_raw.streams import DamageError, Stream
from tier_assets.landing.files import CARD, DATASET_INFO, INDEXES, MANIFEST, ending

_LONGEST_LINE = 1 << 16
_MOST_CARD_BYTES = 1 << 20
_LICENSE = re.compile(r"^license:[ \t]*(.*)$", re.MULTILINE)
_LIST_ITEM = re.compile(r"\s*-\s*(.+)")
_CDX_HEADER = " CDX "


class _BadInventoryError(Exception):
    """A manifest, card or index that is none."""


@dataclass(frozen=True)
class Expected:
    """What a manifest says of a file."""

    records: int | None
    bytes: int | None


@dataclass
class Inventory:
    """All that a landing's indexes, manifests and cards say."""

    offsets: dict[str, "array[int]"] = field(default_factory=dict)
    manifest: dict[str, tuple[str, Expected]] = field(default_factory=dict)
    licenses: dict[str, str] = field(default_factory=dict)

    def read(self, name: str, file: BinaryIO) -> Iterator[Flaw]:
        """Take in a file of that name; flaws where it is not what it should be."""
        kind = ending(name)
        try:
            if kind in INDEXES:
                self._read_index(file, compressed=kind.endswith(".gz"))
            elif kind == MANIFEST:
                self._read_manifest(name, file)
            else:
                self._read_card(name, file)
        except _BadInventoryError as error:
            yield Flaw(FlawKind.UNREADABLE, str(error))
        except DamageError as damage:
            yield Flaw(FlawKind.TRUNCATED, f"{'truncated' if damage.truncated else 'damaged'} at byte {damage.start}")

    def license_of(self, name: str) -> str | None:
        """The licence that a card states for a file: that of its own folder before that of all."""
        prefixes = [prefix for prefix in self.licenses if name.startswith(prefix)]
        return self.licenses[max(prefixes, key=len)] if prefixes else None

    def tally(self, name: str, size: int) -> "Tally":
        """What is expected of a file, to be ticked off while it is read."""
        listed = self.manifest.get(name)
        return Tally(size, set(self.offsets.get(name, ())), listed[1] if listed else None, listed[0] if listed else "")

    def strangers(self, names: set[str]) -> Iterator[tuple[str, Flaw]]:
        """Files that a manifest lists and that have not landed."""
        for name in sorted(self.manifest.keys() - names):
            yield self.manifest[name][0], Flaw(FlawKind.INCOMPLETE, f"lists {name!r:.200}, which has not landed")

    def _read_index(self, file: BinaryIO, *, compressed: bool) -> None:
        stream = Stream(file, GZIP if compressed else None)
        columns: list[str] = []
        number = 0
        while stream.next_segment():
            while stream.peek(1):
                line, length = stream.read_line(_LONGEST_LINE)
                number += 1
                text = line.decode(errors="replace")
                if number == 1 and text.startswith(_CDX_HEADER):
                    columns = text.split()[1:]
                    continue
                if not text.strip() or text.startswith("!"):
                    continue
                try:
                    name, offset = _cdxj(text) if text.rstrip().endswith("}") else _cdx(text.split(), columns)
                except (ValueError, KeyError, TypeError, IndexError, RecursionError):
                    raise _BadInventoryError(f"is no index that can be read: line {number}") from None
                if length <= _LONGEST_LINE and offset >= 0:
                    self.offsets.setdefault(name.rpartition("/")[2], array("q")).append(offset)

    def _read_manifest(self, name: str, file: BinaryIO) -> None:
        try:
            for each in json.loads(file.read())["files"]:
                expected = Expected(_count(each.get("records")), _count(each.get("bytes")))
                # A file of a folder has landed with the folder in its name.
                self.manifest[str(each["name"]).replace("/", "-")] = (name, expected)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise _BadInventoryError('is no manifest: {"files": [{"name", "records", "bytes"}]}') from None

    def _read_card(self, name: str, file: BinaryIO) -> None:
        text = file.read(_MOST_CARD_BYTES).decode(errors="replace")
        own = DATASET_INFO if name.endswith(DATASET_INFO) else CARD
        try:
            stated = _info_license(text) if own == DATASET_INFO else _card_license(text)
        except (ValueError, RecursionError):
            raise _BadInventoryError("is no description of a dataset: not JSON") from None
        if stated:
            self.licenses[name.removesuffix(own)] = stated


@dataclass
class Tally:
    """What is still expected of one file."""

    size: int
    offsets: set[int]
    expected: Expected | None
    manifest: str
    listed: int = field(init=False)
    found: int = 0

    def __post_init__(self) -> None:
        self.listed = len(self.offsets)

    def tick(self, finding: Finding) -> None:
        """Note what was found."""
        if not isinstance(finding, Flaw | Seen):
            self.offsets.discard(finding.offset)
            self.found += not isinstance(finding, Passed)

    def flaws(self) -> Iterator[Flaw]:
        """What is missing, now that the file was read to its end."""
        if self.offsets:
            note = (
                f"{len(self.offsets)} of {self.listed} records in its index are missing, first byte {min(self.offsets)}"
            )
            yield Flaw(FlawKind.INCOMPLETE, note)
        if self.expected and self.expected.bytes not in (None, self.size):
            note = f"has {self.size} bytes, {self.manifest} says {self.expected.bytes}"
            yield Flaw(FlawKind.INCOMPLETE, note)
        if self.expected and self.expected.records not in (None, self.found):
            note = f"holds {self.found} documents, {self.manifest} says {self.expected.records}"
            yield Flaw(FlawKind.INCOMPLETE, note)


def _cdxj(text: str) -> tuple[str, int]:
    """A line of CDXJ: key, date, a JSON object."""
    fields = json.loads(text[text.index("{") :])
    return str(fields["filename"]), int(fields["offset"])


def _cdx(fields: list[str], columns: list[str]) -> tuple[str, int]:
    """A line of CDX: `g` is the file's name, `V` the offset; without a header the two last fields are the offset and name."""
    if not columns:
        return fields[-1], int(fields[-2])
    return fields[columns.index("g")], int(fields[columns.index("V")])


def _count(value: Any) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    raise ValueError(value)


def _info_license(text: str) -> str | None:
    """Of the `dataset_info.json` that a saved dataset has."""
    found = json.loads(text)
    stated = found.get("license") if isinstance(found, Mapping) else None
    return stated.strip() or None if isinstance(stated, str) else None


def _card_license(text: str) -> str | None:
    """Of the YAML head of a dataset's README.md; several are joined by OR, as SPDX writes a choice."""
    if not text.startswith("---"):
        return None
    head = text[3:].partition("\n---")[0]
    found = _LICENSE.search(head)
    if not found:
        return None
    value = found[1].strip()
    if value:
        stated = value.strip("[]").split(",")
    else:
        items = (_LIST_ITEM.match(line) for line in head[found.end() :].lstrip("\n").split("\n"))
        stated = []
        for item in items:
            if not item:
                break
            stated.append(item[1])
    return " OR ".join(name for name in (each.strip(" '\"") for each in stated) if name) or None
