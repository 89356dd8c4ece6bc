"""Rules on URLs, asked before a page is extracted. Loading the lists is `block_lists.py`'s.

Method: the FineWeb recipe's URL filter, but for two of its choices. A blocked domain blocks its subdomains, found by
walking up the host's labels, so that no list of public suffixes is needed; and banned parts of words are not asked
for: they match inside innocent ones (Essex).
"""

import re
from collections.abc import Iterable, Iterator, Mapping

import polars as pl

from tier_assets.l1_filtered.block_lists import BlockLists, plain_url
from tier_assets.policies.filtered import UrlRules
from tier_assets.schemas import DropReason

_WEB = ("http://", "https://")
_WORD = re.compile("[a-z0-9]+")
VERDICT = pl.Schema(
    {
        "drop_reason": pl.String,
        "rule": pl.String,
        "value": pl.Float64,
        "threshold": pl.Float64,
        "detail": pl.String,
    }
)
"""Columns of what `judge_urls` returns."""

URL_RULES = "url-rules-2"
"""Name and version of what happens here."""


def judge_urls(uris: pl.Series, *, policy: UrlRules, lists: BlockLists) -> pl.DataFrame:
    """One row per URI, in order: `drop_reason` (`url`), `rule`, `value`, `threshold`, `detail`; all null where none is broken.

    Rules, in order: `blocked_domain` (the host or a domain above it is on a list), `blocked_url` (the URL is, or is
    below one that is), `hard_words` (words of the policy's in it, more than 0), `max_soft_words` (different ones, more
    than the policy allows). A word is a run of letters and digits of the URL. Only http and https URLs are judged.
    `detail` is the entry that blocks and the list it is on (`bad.example: lists/adult/domains`), or the words.
    """
    hard, soft = frozenset(policy.hard_words), frozenset(policy.soft_words)
    rows = [_verdict(uri, policy.max_soft_words, hard, soft, lists) for uri in uris]
    return pl.DataFrame(rows, schema=VERDICT, orient="row")


_Verdict = tuple[str | None, str | None, float | None, float | None, str | None]
_PASSED: _Verdict = (None, None, None, None, None)


def _verdict(
    uri: str | None, max_soft_words: int, hard: frozenset[str], soft: frozenset[str], lists: BlockLists
) -> _Verdict:
    if uri is None or not uri.lower().startswith(_WEB):
        return _PASSED
    url = plain_url(uri)
    if not lists.domains.keys().isdisjoint(_domains(url)):
        return DropReason.URL.value, "blocked_domain", None, None, _listed(lists.domains, _domains(url))
    if not lists.urls.keys().isdisjoint(_prefixes(url)):
        return DropReason.URL.value, "blocked_url", None, None, _listed(lists.urls, _prefixes(url))
    words = set(_WORD.findall(url))
    if found := words & hard:
        return DropReason.URL.value, "hard_words", float(len(found)), 0.0, ", ".join(sorted(found))
    if len(found := words & soft) > max_soft_words:
        return (
            DropReason.URL.value,
            "max_soft_words",
            float(len(found)),
            float(max_soft_words),
            ", ".join(sorted(found)),
        )
    return _PASSED


def _listed(entries: Mapping[str, str], places: Iterable[str]) -> str:
    """The first of the places that is among the entries, and its list."""
    return next(f"{place}: {entries[place]}" for place in places if place in entries)


def _domains(url: str) -> Iterator[str]:
    """The host and every domain above it: a.b.org, b.org, org."""
    host = re.split("[/?]", url, maxsplit=1)[0].rpartition("@")[2]
    host = host.partition(":")[0].rstrip(".")
    yield host
    while "." in host:
        host = host.partition(".")[2]
        yield host


def _prefixes(url: str) -> Iterator[str]:
    """The URL, without its query too, and every path above it."""
    yield url
    path = url.partition("?")[0].rstrip("/")
    while "/" in path:
        yield path
        path = path.rpartition("/")[0]
