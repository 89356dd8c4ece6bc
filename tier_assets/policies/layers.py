"""Values over values: what one origin gives, what several make together, and which of them a value is from.

Which layers there are for a source is `policy_book.py`'s to say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BESIDE_SECTIONS: Mapping[str, tuple[str, ...]] = {
    "": ("preset", "domain", "source"),
    "domain": ("preset",),
    "source": ("preset", "domain"),
}
"""What may stand beside the sections: at the top of `strata.toml`, in a domain's table, in a source's."""


@dataclass(frozen=True)
class Layer:
    """Sections of one origin: a preset, or `strata.toml`, where `table` says what they stand under: ("source", "crawl")."""

    table: tuple[str, ...]
    values: Mapping[str, Any]
    preset: str | None = None

    def depth(self, key: Sequence[str]) -> int:
        """How many parts of a key, from its start, it gives."""
        found: Any = self.values
        for depth, part in enumerate(key):
            if not isinstance(found, Mapping) or part not in found:
                return depth
            found = found[part]
        return len(key)


def merged(layers: Sequence[Layer]) -> dict[str, Any]:
    """All layers as one, the weakest first: tables are joined, anything else is replaced."""
    result: dict[str, Any] = {}
    for layer in layers:
        result = _merge(result, layer.values)
    return result


def giver(layers: Sequence[Layer], key: Sequence[str]) -> Layer | None:
    """The layer that a key's value is from, the weakest first in `layers`; None where none gives it."""
    return next((layer for layer in reversed(layers) if layer.depth(key) == len(key)), None)


def nearest(layers: Sequence[Layer], key: Sequence[str]) -> Layer | None:
    """The layer that gives most of a key, which need not be valid to its end; of several the strongest."""
    best = max((layer.depth(key) for layer in layers), default=0)
    return giver(layers, key[:best]) if best else None


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            result[key] = _merge(below, value)
        else:
            result[key] = value
    return result
