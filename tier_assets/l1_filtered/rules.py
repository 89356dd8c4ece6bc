"""Rules: a threshold of the policy on a signal. What the signals are is in `signals.py`, `lines.py` and `code.py`.

Rules on URLs are `urls.py`'s, duplicates `dedup.py`'s. A rule bears the name of its policy field. Rules of English
words judge English only. Rules that take a run of non-space for a word do not judge languages written without spaces,
where such a run is a clause: of 236 Chinese news pages they would leave one, without them 188 stay, by the rules on lines.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tier_assets.l1_filtered.language import WITHOUT_SPACES, WITHOUT_STOPS
from tier_assets.policies.filtered import FilteredPolicy, LanguagePolicy, RuleFamily
from tier_assets.schemas import DropReason

_Numbers = NDArray[np.float64]
_Truths = NDArray[np.bool_]


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


def judge(signals: pl.DataFrame, *, policy: FilteredPolicy) -> pl.DataFrame:
    """One row per row of `signals`, in order: `drop_reason`, `rule`, `value`, `threshold` of the first rule it breaks.

    Reads `language`, `language_score` and the signals. All four are null for a row that breaks none. The language
    comes first: `min_language_score` (no language scores 0), then `languages`, which has no threshold. The signals of
    all families that the policy names must be there.
    """
    languages, nothing = _Languages(signals["language"]), np.full(signals.height, np.nan)
    score = _numbers(signals["language_score"].fill_null(0.0))
    least = languages.limits(policy.min_language_score, _special(policy, "min_language_score"))
    unwanted = ~languages.among(policy.languages) if policy.languages else np.zeros(signals.height, np.bool_)
    # Arrays: the same in expressions of Polars took three times as long.
    verdicts = [
        _Verdict("min_language_score", DropReason.LANGUAGE, score < least, score, least),
        _Verdict("languages", DropReason.LANGUAGE, unwanted, nothing, nothing),
        *(_verdict(rule, _numbers(signals[rule.signal]), languages) for rule in rules(policy)),
    ]
    broken = np.stack([verdict.broken for verdict in verdicts])
    first = np.where(broken.any(axis=0), broken.argmax(axis=0), len(verdicts))
    row = np.arange(signals.height)
    return pl.DataFrame(
        [
            pl.Series("drop_reason", [*(verdict.reason.value for verdict in verdicts), None], pl.String)[first],
            pl.Series("rule", [*(verdict.rule for verdict in verdicts), None], pl.String)[first],
            *(
                pl.Series(
                    name,
                    np.stack([*(getattr(verdict, f"{name}s") for verdict in verdicts), nothing])[first, row],
                    nan_to_null=True,
                )
                for name in ("value", "threshold")
            ),
        ]
    )


def judged_columns(policy: FilteredPolicy) -> list[str]:
    """The columns that `judge` reads."""
    return [*dict.fromkeys(("language", "language_score", *(rule.signal for rule in rules(policy))))]


@dataclass(frozen=True)
class _Verdict:
    """A rule's on every row: whether it is broken, by which value, beyond which threshold. No number is NaN."""

    rule: str
    reason: DropReason
    broken: _Truths
    values: _Numbers
    thresholds: _Numbers


def _verdict(rule: Rule, values: _Numbers, languages: "_Languages") -> _Verdict:
    limits = languages.limits(rule.threshold, rule.special)
    # What is compared with NaN is false: a signal that is null breaks no rule.
    broken = (values < limits) if rule.name.startswith("min_") else (values > limits)
    if rule.only:
        broken &= languages.among(rule.only)
    if rule.but:
        broken &= ~languages.among(rule.but)
    return _Verdict(rule.name, rule.reason, broken, values, limits)


class _Languages:
    """In which language each row is."""

    def __init__(self, spoken: pl.Series) -> None:
        self._spoken = spoken
        self._among: dict[tuple[str, ...], _Truths] = {}

    def among(self, languages: tuple[str, ...]) -> _Truths:
        """Whether it is one of these."""
        if languages not in self._among:
            self._among[languages] = self._spoken.is_in(languages).fill_null(False).to_numpy()
        return self._among[languages]

    def limits(self, threshold: float, special: tuple[tuple[str, float], ...]) -> _Numbers:
        """The threshold of its language."""
        found = np.full(len(self._spoken), float(threshold))
        for language, own in special:
            found[self.among((language,))] = own
        return found


def _numbers(signal: pl.Series) -> _Numbers:
    """A signal's values, NaN for null."""
    return signal.cast(pl.Float64).to_numpy()
