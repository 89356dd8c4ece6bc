"""Partition keys: SOURCE.SNAPSHOT[.SHARD], their order and where they land. Dagster's definition is `promotion/`'s."""

import re
from dataclasses import dataclass
from functools import cached_property

from tier_assets.errors import PartitionKeyError

_SOURCE = r"[a-z0-9][a-z0-9-]*"
_PART = r"[A-Za-z0-9][A-Za-z0-9_-]*"
_KEY = re.compile(rf"{_SOURCE}(\.{_PART}){{1,2}}")
_LONGEST = 100


@dataclass(frozen=True, order=False)
class PartitionKey:
    """A validated key. Sorts by (snapshot, source, shard): the total order of deduplication."""

    source: str
    snapshot: str
    shard: str = ""

    @classmethod
    def parse(cls, text: str) -> "PartitionKey":
        """Raises PartitionKeyError for anything but SOURCE.SNAPSHOT[.SHARD] of at most 100 characters."""
        if len(text) > _LONGEST or not _KEY.fullmatch(text):
            shown = text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
            raise PartitionKeyError(
                f"{shown!r} is no partition key: use SOURCE.SNAPSHOT[.SHARD], e.g. crawl.2026-34, with letters, digits, "
                f"'-' and '_' (the source in lower case), at most {_LONGEST} characters"
            )
        source, snapshot, *shard = text.split(".")
        return cls(source, snapshot, shard[0] if shard else "")

    def __str__(self) -> str:
        return self._text

    @cached_property
    def _text(self) -> str:
        # Made once: a plan of ten thousand partitions asks for it two hundred thousand times.
        return ".".join(part for part in (self.source, self.snapshot, self.shard) if part)

    @property
    def order(self) -> tuple[str, str, str]:
        """The sort key of the total order; snapshots compare as strings."""
        return (self.snapshot, self.source, self.shard)

    def __lt__(self, other: "PartitionKey") -> bool:
        return self.order < other.order


SCORER_KEY = PartitionKey("quality", "scorer")
"""Where the one quality scorer is promoted, in the table of scorers."""
SCORER_ASSET = "quality_scorer"
"""The Dagster asset key's only component of the asset that trains it."""
