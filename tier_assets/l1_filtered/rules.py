"""Rules: a threshold of the policy on a signal. What the signals are is in `signals.py`; duplicates are `dedup.py`'s.

A rule bears the name of its policy field. Rules of English words judge English only. Rules that take a run of non-space
for a word do not judge languages written without spaces, where such a run is a clause: of 236 Chinese news pages they
would leave one, without them 188 stay, by the rules on lines.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import polars as pl

from tier_assets.l1_filtered.language import WITHOUT_SPACES
from tier_assets.policies.filtered import FilteredPolicy
from tier_assets.schemas import DropReason

Scope = Literal["all", "spaced", "english"]


@dataclass(frozen=True)
class Rule:
    """A document is dropped when `signal` is below (`min_...`) or above (`max_...`) `threshold`; null never is."""

    name: str
    reason: DropReason
    signal: str
    threshold: float
    scope: Scope

    @property
    def broken(self) -> pl.Expr:
        """Whether a row of signals and `language` breaks the rule; never null."""
        value = pl.col(self.signal)
        beyond = value < self.threshold if self.name.startswith("min_") else value > self.threshold
        return beyond.fill_null(False) & self._applies

    @property
    def _applies(self) -> pl.Expr:
        if self.scope == "english":
            return pl.col("language").eq_missing("en")
        if self.scope == "spaced":
            return ~pl.col("language").is_in(WITHOUT_SPACES).fill_null(False)
        return pl.lit(True)


def rules(policy: FilteredPolicy) -> list[Rule]:
    """All rules on the text, in the order in which they are asked: repetition, quality, FineWeb's."""
    return [*_repetition(policy), *_quality(policy), *_fineweb(policy)]


def _repetition(policy: FilteredPolicy) -> Iterator[Rule]:
    for name, threshold in policy.repetition:
        scope: Scope = "spaced" if "gram" in name else "all"
        yield Rule(name, DropReason.REPETITION, name.removeprefix("max_"), threshold, scope)


def _quality(policy: FilteredPolicy) -> Iterator[Rule]:
    signals = {"min_words": "nonsymbol_words", "max_words": "nonsymbol_words"}
    for name, threshold in policy.quality:
        signal = signals.get(name) or name.removeprefix("min_").removeprefix("max_")
        scope: Scope = "english" if name == "min_stop_words" else "all" if "_line_" in name else "spaced"
        yield Rule(name, DropReason.QUALITY, signal, threshold, scope)


def _fineweb(policy: FilteredPolicy) -> Iterator[Rule]:
    for name, threshold in policy.fineweb:
        if name.startswith(("min_", "max_")):
            scope: Scope = "spaced" if "word" in name else "all"
            yield Rule(name, DropReason.QUALITY, name.removeprefix("min_").removeprefix("max_"), threshold, scope)


def judge(signals: pl.DataFrame, *, policy: FilteredPolicy) -> pl.DataFrame:
    """One row per row of `signals`, in order: `drop_reason`, `rule`, `value`, `threshold` of the first rule it breaks.

    Reads `language`, `language_score` and the signals. All four are null for a row that breaks none. The language
    comes first: `min_language_score` (no language scores 0), then `languages`, which has no threshold.
    """
    verdicts = [
        _verdict(rule.broken, rule.reason, rule.name, pl.col(rule.signal), rule.threshold) for rule in rules(policy)
    ]
    score = pl.col("language_score").fill_null(0.0)
    unsure = _verdict(
        score < policy.min_language_score,
        DropReason.LANGUAGE,
        "min_language_score",
        score,
        policy.min_language_score,
    )
    unwanted = _verdict(
        pl.lit(bool(policy.languages)) & ~pl.col("language").is_in(policy.languages).fill_null(False),
        DropReason.LANGUAGE,
        "languages",
        pl.lit(None),
        None,
    )
    first = pl.coalesce([unsure, unwanted, *verdicts]).alias("verdict")
    return signals.select(first).unnest("verdict")


def _verdict(broken: pl.Expr, reason: DropReason, rule: str, value: pl.Expr, threshold: float | None) -> pl.Expr:
    return pl.when(broken).then(
        pl.struct(
            pl.lit(reason.value).alias("drop_reason"),
            pl.lit(rule).alias("rule"),
            value.cast(pl.Float64).alias("value"),
            pl.lit(threshold, dtype=pl.Float64).alias("threshold"),
        )
    )
