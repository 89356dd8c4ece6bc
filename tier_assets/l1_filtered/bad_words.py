"""How much of a text is words of a user's list of bad words: a signal, on which no rule acts unless the policy says so.

The list usually given is LDNOOBW's (28 languages), C4's own. It names body parts and minorities as well as insults,
so that dropping by it loses pages about health and about them (arXiv 2104.08758): hence a signal, not a rule.
"""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from tier_assets.l1_filtered.list_files import is_jsonl, lines_of, rows_of
from tier_assets.text.shingles import words

_Phrases = Mapping[str, tuple[tuple[str, ...], ...]]
_ASCII_WORD = re.compile(r"\w+", re.ASCII)


@dataclass(frozen=True)
class BadWords:
    """For each language, phrases by their first word, longest first; a word is what `text/shingles.py` calls one."""

    phrases: Mapping[str, _Phrases] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """sha256 (hex) of the languages and their phrases."""
        entries = sorted(
            (language, " ".join(phrase))
            for language, some in self.phrases.items()
            for same in some.values()
            for phrase in same
        )
        return hashlib.sha256(json.dumps(entries).encode()).hexdigest()


def load_bad_words(files: Sequence[Path]) -> BadWords:
    """What the files name: JSONL of {word, lang}, or text, one phrase to a line, the language as file name.

    Files may be compressed (`en.txt.zst`). Raises ListError for a file that cannot be read.
    """
    found: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for file in files:
        for language, phrase in _entries(file):
            if phrase:
                found[language].add(phrase)
    return BadWords({language: _by_first_word(some) for language, some in found.items()})


def bad_word_ratio(texts: Sequence[str], languages: Sequence[str | None], *, lists: BadWords) -> pl.Series:
    """Words of each text that belong to a bad phrase of its language / all its words; null without a list or words."""
    ratios = [_ratio(text, lists.phrases.get(language or "")) for text, language in zip(texts, languages, strict=True)]
    return pl.Series("bad_word_ratio", ratios, pl.Float64)


def _ratio(text: str, phrases: _Phrases | None) -> float | None:
    if phrases is None:
        return None
    # The same words, found three times as fast.
    found = _ASCII_WORD.findall(text.lower()) if text.isascii() else words(text)
    if not found:
        return None
    bad, end = 0, 0
    for at in [index for index, word in enumerate(found) if word in phrases]:
        for phrase in phrases[found[at]] if at >= end else ():
            if tuple(found[at : at + len(phrase)]) == phrase:
                bad += len(phrase)
                end = at + len(phrase)
                break
    return bad / len(found)


def _by_first_word(phrases: set[tuple[str, ...]]) -> _Phrases:
    first: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for phrase in sorted(phrases, key=lambda phrase: (-len(phrase), phrase)):
        first[phrase[0]].append(phrase)
    return {word: tuple(same) for word, same in first.items()}


def _entries(file: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    if is_jsonl(file):
        for row in rows_of(file, "word", "lang"):
            yield row["lang"], tuple(words(row["word"]))
    else:
        for line in lines_of(file):
            yield file.name.partition(".")[0], tuple(words(line))
