"""Which earlier partitions a partition is deduplicated with, and the chained digest of their content.

The chain goes through a family of partitions in the total order: each link is the sha256 over all content digests before it.
Of ten thousand partitions it is computed once, not once for each.
"""

import hashlib
import struct
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol

from tier_assets.keys import PartitionKey
from tier_assets.lake.log_index import Pin
from tier_assets.lake.versions import Version
from tier_assets.policies.filtered import Scope

_Order = tuple[str, str, str]


class Reader(Protocol):
    """What is promoted, as the lake or a snapshot of it tells."""

    def folder(self, table: str, source: str) -> Path:
        """Where the table of a source lies."""
        ...

    def head(self, table: str, key: PartitionKey) -> Version | None:
        """The promoted version of a partition."""
        ...

    def sources(self, table: str) -> list[str]:
        """Sources with anything in the table, in order."""
        ...

    def pins(self, table: str, source: str) -> list[Pin]:
        """The promoted version of every partition of a source, in a few words."""
        ...

    def load(self, pin: Pin) -> Version:
        """A version with all that its entry says."""
        ...


@dataclass
class Chain:
    """Versions of a family in the total order; `digests` has one link more: that of none."""

    orders: list[_Order] = field(default_factory=list)
    pins: list[Pin] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Earlier:
    """The promoted versions before a partition in its family, pinned; each is loaded when it is come to."""

    reader: Reader
    chain: Chain
    count: int

    @property
    def digest(self) -> str:
        """sha256 over their content digests, in the total order."""
        return self.chain.digests[self.count]

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Version]:
        return (self.reader.load(pin) for pin in islice(self.chain.pins, self.count))


class Neighbours:
    """The families of what a reader tells is promoted. Made for one look at the lake: what is promoted later is not seen."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._chains: dict[tuple[str, Scope, str], dict[tuple[str, ...], Chain]] = {}

    def before(self, table: str, key: PartitionKey, scope: Scope) -> Earlier:
        """The promoted versions of a table that come before a partition in the scope."""
        source = "" if scope == "global" else key.source
        if (table, scope, source) not in self._chains:
            self._chains[table, scope, source] = self._built(table, scope, source)
        chain = self._chains[table, scope, source].get(family(key, scope), Chain(digests=[_link(hashlib.sha256())]))
        return Earlier(self._reader, chain, bisect_left(chain.orders, key.order))

    def _built(self, table: str, scope: Scope, source: str) -> dict[tuple[str, ...], Chain]:
        sources = [source] if source else self._reader.sources(table)
        keyed = [(PartitionKey.parse(pin.partition), pin) for each in sources for pin in self._reader.pins(table, each)]
        chains: dict[tuple[str, ...], Chain] = {}
        digests: dict[tuple[str, ...], hashlib._Hash] = {}
        for key, pin in sorted(keyed, key=lambda pair: pair[0].order):
            name = family(key, scope)
            if name not in chains:
                digests[name] = hashlib.sha256()
                chains[name] = Chain(digests=[_link(digests[name])])
            # As `text_digest` does it: each text with its length in front.
            data = pin.content_digest.encode()
            digests[name].update(struct.pack("<q", len(data)) + data)
            chains[name].orders.append(key.order)
            chains[name].pins.append(pin)
            chains[name].digests.append(_link(digests[name]))
        return chains


def _link(digest: "hashlib._Hash") -> str:
    return digest.copy().hexdigest()


def family(key: PartitionKey, scope: Scope) -> tuple[str, ...]:
    """What partitions that are deduplicated together have in common."""
    families: Mapping[Scope, tuple[str, ...]] = {
        "snapshot": (key.source, key.snapshot),
        "source": (key.source,),
        "global": (),
    }
    return families[scope]
