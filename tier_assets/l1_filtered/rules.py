"""Rules: a threshold of the policy on a signal. What the signals are is in `signals.py`, `lines.py` and `code.py`.

Rules on URLs are `urls.py`'s, duplicates `dedup.py`'s. A rule bears the name of its policy field. Rules of English
words judge English only. Rules that take a run of non-space for a word do not judge languages written without spaces,
where such a run is a clause: of 236 Chinese news pages they would leave one, without them 188 stay, by the rules on lines.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from tier_assets.l1_filtered.language import WITHOUT_SPACES, WITHOUT_STOPS
from tier_assets.policies.filtered import FilteredPolicy, LanguagePolicy, RuleFamily
from tier_assets.schemas import DropReason

_FIRST = "first_verdict"
_NUMBERS = ("value", "threshold")


@dataclass(frozen=True)
class Rule:
    """A document is dropped when `signal` is below (`min_...`) or above (`max_...`) `threshold`; null never is.

    Asked of the languages `only`, if there are any, and not of those in `but`; `special` thresholds are (language, its
    own threshold).
    """

    name: str
    reason: DropReason
    signal: str
    threshold: float
    only: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    special: tuple[tuple[str, float], ...] = ()

    @property
    def limit(self) -> pl.Expr:
        """The threshold of a row's language."""
        return _by_language(self.threshold, self.special)

    @property
    def broken(self) -> pl.Expr:
        """Whether a row of signals and `language` breaks the rule; never null."""
        value = pl.col(self.signal)
        beyond = (value < self.limit) if self.name.startswith("min_") else (value > self.limit)
        if self.only:
            beyond &= pl.col("language").is_in(self.only)
        if self.but:
            beyond &= ~pl.col("language").is_in(self.but).fill_null(False)
        return beyond.fill_null(False)


def rules(policy: FilteredPolicy) -> list[Rule]:
    """All rules on the text that the policy asks for, in order: repetition, quality, C4's, FineWeb's, code, bad words."""
    families: dict[RuleFamily, Iterator[Rule]] = {
        "repetition": _repetition(policy),
        "quality": _quality(policy),
        "c4": _c4(policy),
        "fineweb": _fineweb(policy),
        "code": _code(policy),
    }
    asked = [rule for family, some in families.items() if family in policy.rules for rule in some]
    return [*asked, *_bad_words(policy)]


def stop_words(policy: FilteredPolicy) -> dict[str, tuple[str, ...]]:
    """Languages whose stop words the policy names: what `signals.gopher_signals` takes."""
    return {language: own.stop_words for language, own in policy.by_language.items() if own.stop_words}


def _repetition(policy: FilteredPolicy) -> Iterator[Rule]:
    for name, threshold in policy.repetition:
        but = WITHOUT_SPACES if "gram" in name else ()
        yield Rule(name, DropReason.REPETITION, _signal(name), threshold, but=but)


def _quality(policy: FilteredPolicy) -> Iterator[Rule]:
    signals = {"min_words": "nonsymbol_words", "max_words": "nonsymbol_words"}
    for name, threshold in policy.quality:
        only: tuple[str, ...] = ("en", *stop_words(policy)) if name == "min_stop_words" else ()
        but = () if only or "_line_" in name else WITHOUT_SPACES
        signal = signals.get(name) or _signal(name)
        yield Rule(name, DropReason.QUALITY, signal, threshold, only, but, _special(policy, name))


def _c4(policy: FilteredPolicy) -> Iterator[Rule]:
    for name in ("max_lorem_ipsum", "max_curly_bracket", "min_sentences"):
        but = WITHOUT_STOPS if name == "min_sentences" else ()
        yield Rule(name, DropReason.QUALITY, f"c4_{_signal(name)}", getattr(policy.c4, name), but=but)


def _fineweb(policy: FilteredPolicy) -> Iterator[Rule]:
    for name, threshold in policy.fineweb:
        if name.startswith(("min_", "max_")):
            but = WITHOUT_SPACES if "word" in name else ()
            yield Rule(name, DropReason.QUALITY, _signal(name), threshold, but=but)


def _code(policy: FilteredPolicy) -> Iterator[Rule]:
    for name, threshold in policy.code:
        signal = "code_max_line_chars" if name == "max_line_chars" else f"code_{_signal(name)}"
        yield Rule(name, DropReason.QUALITY, signal, threshold)


def _bad_words(policy: FilteredPolicy) -> Iterator[Rule]:
    limit = policy.bad_words.max_bad_word_ratio
    if limit is not None:
        yield Rule("max_bad_word_ratio", DropReason.QUALITY, "bad_word_ratio", limit)


def _signal(name: str) -> str:
    return name.removeprefix("min_").removeprefix("max_")


def _special(policy: FilteredPolicy, name: str) -> tuple[tuple[str, float], ...]:
    if name not in LanguagePolicy.model_fields:
        return ()
    own = ((language, getattr(section, name)) for language, section in policy.by_language.items())
    return tuple((language, threshold) for language, threshold in own if threshold is not None)


def _by_language(threshold: float, special: tuple[tuple[str, float], ...]) -> pl.Expr:
    if not special:
        return pl.lit(float(threshold))
    return pl.col("language").replace_strict(dict(special), default=threshold, return_dtype=pl.Float64)


def judge(signals: pl.DataFrame, *, policy: FilteredPolicy) -> pl.DataFrame:
    """One row per row of `signals`, in order: `drop_reason`, `rule`, `value`, `threshold` of the first rule it breaks.

    Reads `language`, `language_score` and the signals. All four are null for a row that breaks none. The language
    comes first: `min_language_score` (no language scores 0), then `languages`, which has no threshold. The signals of
    all families that the policy names must be there.
    """
    least = (policy.min_language_score, _special(policy, "min_language_score"))
    verdicts, first = _verdicts(least, policy.languages, tuple(rules(policy)))
    judged = signals.with_columns(first.alias(_FIRST))
    numbers = judged[_FIRST].to_list()
    firsts = [None if number is None else verdicts[number] for number in numbers]
    return judged.select(
        pl.Series("drop_reason", [verdict and verdict.reason.value for verdict in firsts], pl.String),
        pl.Series("rule", [verdict and verdict.rule for verdict in firsts], pl.String),
        # Only of those that are the first anywhere: most rules drop no page of a part.
        *(_said(name, {at: getattr(verdicts[at], name) for at in {*numbers} - {None}}) for name in _NUMBERS),
    )


@lru_cache(maxsize=8)
def _verdicts(
    min_score: tuple[float, tuple[tuple[str, float], ...]], languages: tuple[str, ...], asked: tuple[Rule, ...]
) -> "tuple[tuple[_Verdict, ...], pl.Expr]":
    """All verdicts in order, and the number of the first that a row meets. Kept: a partition has many parts."""
    score, least = pl.col("language_score").fill_null(0.0), _by_language(*min_score)
    unwanted = ~pl.col("language").is_in(languages).fill_null(False) if languages else pl.lit(False)
    verdicts = (
        _Verdict("min_language_score", DropReason.LANGUAGE, score < least, score, least),
        _Verdict("languages", DropReason.LANGUAGE, unwanted, pl.lit(None), pl.lit(None)),
        *(_Verdict(rule.name, rule.reason, rule.broken, pl.col(rule.signal), rule.limit) for rule in asked),
    )
    first = pl.coalesce(
        pl.when(verdict.broken).then(pl.lit(number, pl.UInt8)) for number, verdict in enumerate(verdicts)
    )
    return verdicts, first


def _said(name: str, by_verdict: Mapping[int, pl.Expr]) -> pl.Expr:
    """The number of that name that each row's verdict comes with."""
    said: list[pl.Expr] = [
        pl.when(pl.col(_FIRST) == at).then(number.cast(pl.Float64)) for at, number in by_verdict.items()
    ]
    return pl.coalesce(said or [pl.lit(None, pl.Float64)]).alias(name)


@dataclass(frozen=True)
class _Verdict:
    """Which rows a rule drops, and the numbers that say why."""

    rule: str
    reason: DropReason
    broken: pl.Expr
    value: pl.Expr
    threshold: pl.Expr


def judged_columns(policy: FilteredPolicy) -> list[str]:
    """The columns that `judge` reads."""
    return [*dict.fromkeys(("language", "language_score", *(rule.signal for rule in rules(policy))))]
