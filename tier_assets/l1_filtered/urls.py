"""Rules on URLs, asked before a page is extracted. Loading the lists is `block_lists.py`'s.

Method: the FineWeb recipe's URL filter, but for two of its choices. A blocked domain blocks its subdomains, found by
walking up the host's labels, so that no list of public suffixes is needed; and banned parts of words are not asked
for: they match inside innocent ones (Essex).
"""

import re
from collections.abc import Iterator

import polars as pl

from tier_assets.l1_filtered.block_lists import BlockLists, plain_url
from tier_assets.policies.filtered import UrlRules
from tier_assets.schemas import DropReason

_WEB = ("http://", "https://")
_WORD = re.compile("[a-z0-9]+")
_VERDICT = pl.Schema({"drop_reason": pl.String, "rule": pl.String, "value": pl.Float64, "threshold": pl.Float64})


def judge_urls(uris: pl.Series, *, policy: UrlRules, lists: BlockLists) -> pl.DataFrame:
    """One row per URI, in order: `drop_reason` (`url`), `rule`, `value`, `threshold`; all null where none is broken.

    Rules, in order: `blocked_domain` (the host or a domain above it is on a list), `blocked_url` (the URL is, or is
    below one that is), `hard_words` (words of the policy's in it, more than 0), `max_soft_words` (different ones, more
    than the policy allows). A word is a run of letters and digits of the URL. Only http and https URLs are judged.
    """
    hard, soft = frozenset(policy.hard_words), frozenset(policy.soft_words)
    rows = [_verdict(uri, policy.max_soft_words, hard, soft, lists) for uri in uris]
    return pl.DataFrame(rows, schema=_VERDICT, orient="row")


_Verdict = tuple[str | None, str | None, float | None, float | None]
_PASSED: _Verdict = (None, None, None, None)


def _verdict(
    uri: str | None, max_soft_words: int, hard: frozenset[str], soft: frozenset[str], lists: BlockLists
) -> _Verdict:
    if uri is None or not uri.lower().startswith(_WEB):
        return _PASSED
    url = plain_url(uri)
    if not lists.domains.isdisjoint(_domains(url)):
        return DropReason.URL.value, "blocked_domain", None, None
    if not lists.urls.isdisjoint(_prefixes(url)):
        return DropReason.URL.value, "blocked_url", None, None
    words = set(_WORD.findall(url))
    if found := len(words & hard):
        return DropReason.URL.value, "hard_words", float(found), 0.0
    if (found := len(words & soft)) > max_soft_words:
        return DropReason.URL.value, "max_soft_words", float(found), float(max_soft_words)
    return _PASSED


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
