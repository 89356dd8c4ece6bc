"""FineWeb's four families of rules on texts: Gopher's repetition and quality, C4's, FineWeb's own. Which texts pass."""

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.contenders.meter import Meter, read_lines

FAMILIES = ("repetition", "quality", "c4", "fineweb")
ALL = "all"
_SENTENCE = re.compile(r"[^.!?]+[.!?]*")
Judge = Callable[[Sequence[str]], list[bool]]
"""Which of the texts pass one family."""


def _ours(tokenizer: str) -> dict[str, Judge]:
    """Gopher's two families have their signals in common, so that either costs as much as both."""
    from tests.benchmarks.ours import judge

    families = {family: (family,) for family in FAMILIES} | {ALL: FAMILIES}
    return {
        name: lambda texts, some=some: judge(texts, some, tokenizer=tokenizer)  # type: ignore[misc]
        for name, some in families.items()
    }


def _datatrove(*, split: bool) -> dict[str, Judge]:
    """Its filters as FineWeb's recipe sets them up; with `split`, cheap words and sentences in place of spaCy's."""
    from datatrove.data import Document
    from datatrove.pipeline.filters import (
        C4QualityFilter,
        FineWebQualityFilter,
        GopherQualityFilter,
        GopherRepetitionFilter,
        c4_filters,
        fineweb_quality_filter,
        gopher_quality_filter,
        gopher_repetition_filter,
    )

    if split:
        for module in (gopher_repetition_filter, gopher_quality_filter, fineweb_quality_filter):
            module.split_into_words = lambda text, _: text.split()
        c4_filters.split_into_sentences = lambda text, _: _SENTENCE.findall(text)
    filters = (
        GopherRepetitionFilter(),
        GopherQualityFilter(),
        C4QualityFilter(filter_no_terminal_punct=False),
        FineWebQualityFilter(),
    )

    def passes(each: Any, text: str) -> bool:
        verdict = each.filter(Document(text=text, id=""))
        return verdict if isinstance(verdict, bool) else bool(verdict[0])

    alone: dict[str, Judge] = {
        family: lambda texts, each=each: [passes(each, text) for text in texts]  # type: ignore[misc]
        for family, each in zip(FAMILIES, filters, strict=True)
    }

    def passes_all(text: str) -> bool:
        verdicts = [passes(each, text) for each in filters]
        return all(verdicts)

    # Text by text: datatrove remembers how it split the last few.
    return alone | {ALL: lambda texts: [passes_all(text) for text in texts]}


CONTENDERS: dict[str, Callable[[], dict[str, Judge]]] = {
    "strata-split": lambda: _ours("whitespace"),
    "strata-spacy": lambda: _ours("spacy-like"),
    "datatrove-spacy": lambda: _datatrove(split=False),
    "datatrove-split": lambda: _datatrove(split=True),
}


def main(who: str, source: Path, output: Path) -> None:
    """Judge every text of `source` (JSONL with `text`) by each family alone, and by all; what passes is the result."""
    meter = Meter()
    texts = [row["text"] for row in read_lines(source)]
    judges = CONTENDERS[who]()
    for judge in judges.values():
        judge(texts[:8])
    meter.ready()
    passed = {}
    for family, judge in judges.items():
        with meter.stage(family):
            passed[family] = judge(texts)
    meter.write(output, documents=len(texts), bytes_read=sum(len(text.encode()) for text in texts), passed=passed)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
