"""The five tiers and their order. Asset keys, lake tables and command arguments all come from here.

What a row of each tier holds is in `schemas.py`; what a promoted partition promises, in each tier's `contract.py`.
The tiers and their meaning are those of arXiv 2602.09003.
"""

from enum import StrEnum


class Tier(StrEnum):
    """One level of refinement; the value is its name in the lake and on the command line."""

    RAW = "raw"
    FILTERED = "filtered"
    SELECTED = "selected"
    REFINED = "refined"
    ORGANIZED = "organized"

    @property
    def level(self) -> int:
        """0 for raw to 4 for organized."""
        return list(Tier).index(self)

    @property
    def asset_name(self) -> str:
        """The Dagster asset key's only component, e.g. `l1_filtered`."""
        return f"l{self.level}_{self.value}"

    @property
    def parent(self) -> "Tier | None":
        """The tier this one is derived from; raw has none: it reads the landing zone."""
        return list(Tier)[self.level - 1] if self.level else None

    @property
    def above(self) -> "tuple[Tier, ...]":
        """All tiers derived from this one, nearest first."""
        return tuple(list(Tier)[self.level + 1 :])
