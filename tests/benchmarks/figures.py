"""The benchmark's arithmetic: medians, ratios of interleaved runs, F1, precision and recall. No measuring: "
"`processes.py`."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Ratio:
    """How many times one figure the other is: the median of the rounds, and the smallest and largest of them."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        if number(self.low) == number(self.high):
            return number(self.median)
        return f"{number(self.median)} ({number(self.low)}-{number(self.high)})"


@dataclass(frozen=True)
class Found:
    """Precision and recall of what was found."""

    precision: float
    recall: float


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Round by round: both sides of a round ran one after the other, so a machine that slows down slows both."""
    rounds = [ours_once / theirs_once for ours_once, theirs_once in zip(ours, theirs, strict=True)]
    return Ratio(median(rounds), min(rounds), max(rounds))


def number(value: float) -> str:
    """Three digits that count, as people read them: 1,234; 12.3; 0.12."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}"


def share(value: float) -> str:
    """A share with three decimals: .875."""
    return f"{value:.3f}".removeprefix("0")


def bag_f1(found: str, gold: str) -> float:
    """F1 of the bags of words of two texts, lower case, as the benchmarks of extractors count; 1 where both are empty."""
    ours, theirs = Counter(_WORD.findall(found.lower())), Counter(_WORD.findall(gold.lower()))
    if not ours and not theirs:
        return 1.0
    common = (ours & theirs).total()
    return 2 * common / (ours.total() + theirs.total())


def mean(values: Collection[float]) -> float:
    """The mean; 0 of nothing."""
    return sum(values) / len(values) if values else 0.0


def found(predicted: Collection[str], true: Collection[str]) -> Found:
    """Of sets of names. Nothing predicted has the precision 1, nothing to be found the recall 1."""
    right = len(set(predicted) & set(true))
    return Found(right / len(predicted) if predicted else 1.0, right / len(true) if true else 1.0)


def removal(documents: Collection[str], kept: Collection[str], pairs: Mapping[tuple[str, str], bool]) -> Found:
    """How well a deduplication removes, judged by labelled pairs: `pairs` says of each whether it is a duplicate.

    Precision: of the removed documents, those that have a duplicate. Recall: of the duplicate pairs, those of which not
    both are kept. It asks nothing of who compares with whom, so that systems with and without clusters compare.
    """
    alike = [pair for pair, duplicate in pairs.items() if duplicate]
    twins = {document for pair in alike for document in pair}
    removed = set(documents) - set(kept)
    survivors = set(kept)
    split = sum(not (one in survivors and other in survivors) for one, other in alike)
    return Found(len(removed & twins) / len(removed) if removed else 1.0, split / len(alike) if alike else 1.0)


def similar(sets: Mapping[str, set[str]]) -> dict[tuple[str, str], float]:
    """The Jaccard similarity of every two sets that have something in common."""
    holders: dict[str, list[str]] = {}
    for name, members in sets.items():
        for member in members:
            holders.setdefault(member, []).append(name)
    common = Counter(pair for names in holders.values() for pair in combinations(names, 2))
    return {(one, other): both / (len(sets[one]) + len(sets[other]) - both) for (one, other), both in common.items()}
