"""What a tier's transformation hands to the gate. How it is staged, audited and promoted is in `promotion.py`."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True)
class Outcome:
    """Kept rows and one decision for every input.

    `rows` conforms to `schemas.ROWS[tier]`, `decisions` to `schemas.DECISIONS[tier]`: inputs = kept + dropped, and the
    doc_ids of `rows` are those of the kept decisions. `measures` are numbers about the work that no frame shows (files
    truncated, tokens generated); the tier's contract may set expectations on them. `notes` are sentences for people.
    A large outcome comes in pieces, each of which is an outcome: rows, decisions and notes follow on, measures add up.
    """

    rows: pl.DataFrame
    decisions: pl.DataFrame
    measures: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def joined(pieces: Iterable[Outcome]) -> Outcome:
    """The pieces of at least one outcome as a whole, in memory."""
    outcomes = list(pieces)
    measures: Counter[str] = Counter()
    for outcome in outcomes:
        measures.update(outcome.measures)
    return Outcome(
        pl.concat([outcome.rows for outcome in outcomes], rechunk=False),
        pl.concat([outcome.decisions for outcome in outcomes], rechunk=False),
        dict(measures),
        tuple(note for outcome in outcomes for note in outcome.notes),
    )
