"""What a tier's transformation hands to the gate. How it is staged, audited and promoted is in `promotion.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True)
class Outcome:
    """Kept rows and one decision for every input.

    `rows` conforms to `schemas.ROWS[tier]`, `decisions` to `schemas.DECISIONS[tier]`: inputs = kept + dropped, and the
    doc_ids of `rows` are those of the kept decisions. `measures` are numbers about the work that no frame shows (files
    truncated, tokens generated); the tier's contract may set expectations on them. `notes` are sentences for people.
    """

    rows: pl.DataFrame
    decisions: pl.DataFrame
    measures: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
