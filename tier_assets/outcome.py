"""What a tier's transformation hands to the gate. How it is staged, audited and promoted is in `promotion/`."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
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


class Totals:
    """What the pieces of an outcome add up to, less their rows."""

    def __init__(self) -> None:
        self.rows_in = self.rows_kept = self.cut_by_budget = self.text_chars = 0
        self.completion_tokens: int | None = None
        self.dropped: Counter[str] = Counter()
        self.rules: Counter[str] = Counter()
        self.measures: Counter[str] = Counter()
        self.notes: tuple[str, ...] = ()

    def over(self, pieces: Iterable[Outcome]) -> Iterator[Outcome]:
        """The pieces as they come, each counted."""
        for piece in pieces:
            self._add(piece)
            yield piece

    def _add(self, piece: Outcome) -> None:
        self.rows_in += piece.decisions.height
        self.rows_kept += piece.rows.height
        self.cut_by_budget += piece.decisions.filter(pl.col("rule") == "max_tokens").height
        dropped = piece.decisions.filter(~pl.col("kept"))
        self.dropped.update(dropped["drop_reason"].to_list())
        self.rules.update(dropped["rule"].drop_nulls().to_list())
        self.measures.update(piece.measures)
        self.notes += piece.notes
        if "text_chars" in piece.rows.columns:
            self.text_chars += int(piece.rows["text_chars"].sum())
        if "completion_tokens" in piece.rows.columns:
            self.completion_tokens = (self.completion_tokens or 0) + int(piece.rows["completion_tokens"].sum())


def joined(pieces: Iterable[Outcome]) -> Outcome:
    """The pieces of at least one outcome as a whole, in memory."""
    totals = Totals()
    outcomes = list(totals.over(pieces))
    return Outcome(
        pl.concat([outcome.rows for outcome in outcomes], rechunk=False),
        pl.concat([outcome.decisions for outcome in outcomes], rechunk=False),
        dict(totals.measures),
        totals.notes,
    )
