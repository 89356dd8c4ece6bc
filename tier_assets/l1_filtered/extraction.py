"""Main text of pages: what a person would read, without menus, advertisements and markup.

Bytes become text in `decoding.py`. How the scanner reads a page, what becomes of its formulas, and which rights it
reserves, is in `html/`. Whether a text is worth keeping is `rules.py`'s to say.
"""

import json
import logging
import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import cache, partial
from typing import NamedTuple

import numpy as np
import polars as pl
from lxml.etree import LxmlError  # type: ignore[import-untyped]
from numpy.typing import NDArray
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLParserException, HTMLTree, Node

from tier_assets.l1_filtered.decoding import decode, utf8
from tier_assets.l1_filtered.html.mathematics import with_formulas
from tier_assets.l1_filtered.html.rights import NO_HEADERS, rights_of
from tier_assets.l1_filtered.html.scanner import Page, main_text_of, read_page
from tier_assets.policies.filtered import FilteredPolicy
from tier_assets.schemas import DropReason
from tier_assets.text.buffers import PADDING, padded
from tier_assets.text.normalization import normalize

EXTRACTION = "cascade-or-trafilatura-2"
"""Name and version of what happens here; the versions of the two libraries are the tier's to list."""

COLUMNS = pl.Schema(
    {
        "doc_id": pl.String,
        "text": pl.String,
        "title": pl.String,
        "extractor": pl.String,
        "opt_outs": pl.String,
        "page_license": pl.String,
        "drop_reason": pl.String,
        "rule": pl.String,
        "value": pl.Float64,
        "threshold": pl.Float64,
    }
)
"""Columns of what `extract` returns."""

_HTML = ("text/html", "application/xhtml+xml")
_PLAIN = "text/"
_HEADERS = "headers"
_CELL_BORDER = re.compile(r"(?<!\\)\|")
# trafilatura walks a tree by recursion, in a few places, and lets lxml's errors pass; what else its parts may raise it
# takes for a page without text itself. 18,000 mutated real pages raised none of these.
_EXTRACTOR_ERRORS = (LxmlError, HTMLParserException, RecursionError)


class Extracted(NamedTuple):
    """What came out of one page: a text with its extractor, or the rule that says why there is none; its rights."""

    text: str | None = None
    title: str | None = None
    extractor: str | None = None
    opt_outs: str | None = None
    page_license: str | None = None
    drop_reason: DropReason | None = None
    rule: str | None = None
    value: float | None = None
    threshold: float | None = None


def extract(pages: pl.DataFrame, *, policy: FilteredPolicy, at: Callable[[int], None] = lambda _: None) -> pl.DataFrame:
    """One row per page, in order: `COLUMNS`. `text` is normalised, never empty, and null where `drop_reason` says why.

    Reads `doc_id, text, media_type, charset, http_status, payload` of raw rows, and `metadata` if it is there: a JSON
    object whose `headers` are those of the response. A given text is taken as it is (extractor `plain`); HTML goes
    through `main_text`. Dropped are, by the rules `media_type` (not among the policy's, or neither HTML nor text),
    `http_status` (known and not 2xx), `max_tags`, `max_tree_depth`, `extractor_error` and `no_text`. `opt_outs` and
    `page_license` are as `rights.py` says. A page's result depends on its own row alone. `at` is called with the number
    of each row before it is read.
    """
    metadata = pages["metadata"] if "metadata" in pages.columns else pl.Series([None], dtype=pl.String)
    columns = ("doc_id", "text", "media_type", "charset", "http_status", "payload")
    rows = []
    for number, (doc_id, *page) in enumerate(pages.select(columns).iter_rows()):
        at(number)
        headers = _headers(metadata[number] if metadata.len() == pages.height else None)
        rows.append((doc_id, *extract_page(*page, headers=headers, policy=policy)))
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def extract_page(
    text: str | None,
    media_type: str,
    charset: str | None,
    http_status: int | None,
    payload: bytes,
    *,
    policy: FilteredPolicy,
    headers: Mapping[str, str] = NO_HEADERS,
) -> Extracted:
    """What `extract` says of one page. Any bytes and any charset are accepted."""
    html = media_type in _HTML
    wanted = any(fnmatchcase(media_type, pattern) for pattern in policy.media_types)
    if not wanted or not (html or media_type.startswith(_PLAIN) or text is not None):
        return Extracted(drop_reason=DropReason.UNREADABLE, rule="media_type")
    if http_status is not None and not 200 <= http_status < 300:
        return Extracted(drop_reason=DropReason.UNREADABLE, rule="http_status", value=float(http_status))
    if text is not None or not html:
        rights = rights_of(None, headers)
        found = Extracted(
            normalize(text if text is not None else decode(payload, charset, html=False)), None, "plain", *rights
        )
    else:
        try:
            data = utf8(payload, charset)
            found = _main_text(data, partial(_text_of, data), policy, headers)
        except _EXTRACTOR_ERRORS:
            return Extracted(drop_reason=DropReason.UNREADABLE, rule="extractor_error")
    if found.drop_reason is None and not found.text:
        return Extracted(title=found.title, drop_reason=DropReason.EMPTY, rule="no_text")
    return found


def main_text(html: str, *, policy: FilteredPolicy, headers: Mapping[str, str] = NO_HEADERS) -> Extracted:
    """Main text, title and rights of an HTML page, by the policy's extractor; formulas are LaTeX whichever it is.

    `cascade`: our scanner, and resiliparse where that finds under `policy.min_scanned_chars`; mean F1 .905 on 1,688 pages
    with text chosen by people, at some 30 times the speed of trafilatura, which has .862. `trafilatura`: that, and
    resiliparse where it finds far less. Comments are left out unless they are what the page is for; tables are kept.
    """
    return _main_text(padded(html.encode("utf-8", "replace")), lambda: html, policy, headers)


def _main_text(
    data: NDArray[np.uint8], html: Callable[[], str], policy: FilteredPolicy, headers: Mapping[str, str]
) -> Extracted:
    """As `main_text`, of a page in UTF-8 with its padding. `html` gives it as text, which few pages are needed as."""
    page = read_page(data, max_tags=policy.max_tags)
    # Text and links misplaced in a table cost resiliparse's parser memory quadratic in their number: 1 GB for 120,000.
    if page.tags > policy.max_tags:
        return Extracted(
            drop_reason=DropReason.TOO_LARGE, rule="max_tags", value=float(page.tags), threshold=policy.max_tags
        )
    rights = rights_of(html() if page.has_rights else None, headers)
    title = " ".join(normalize(page.title or "").split()) or None
    if page.has_mathematics:
        altered = with_formulas(html())
        html = partial(str, altered)
        page = read_page(padded(altered.encode("utf-8", "replace")), max_tags=policy.max_tags)
    read = _cascade if policy.extractor == "cascade" else _trafilatura
    return read(html, page, policy)._replace(title=title, **rights._asdict())


def _text_of(data: NDArray[np.uint8]) -> str:
    return data[:-PADDING].tobytes().decode("utf-8")


def _cascade(html: Callable[[], str], page: Page, policy: FilteredPolicy) -> Extracted:
    """The scanner's text, or resiliparse's where the scanner finds little and resiliparse far more."""
    found, chars = main_text_of(page, policy=policy.scanner)
    text = normalize(found)
    if chars < policy.min_scanned_chars:
        second = _by_resiliparse(html, page, policy)
        if second is not None and len(text) < policy.min_main_text_share * len(second):
            return Extracted(second, extractor="resiliparse")
    return Extracted(text, extractor="scanner")


def _trafilatura(html: Callable[[], str], page: Page, policy: FilteredPolicy) -> Extracted:
    """Trafilatura's text, or resiliparse's where trafilatura has far less: it loses whole pages now and then.

    No option here depends on the day or on pages seen before.
    """
    second = _by_resiliparse(html, page, policy)
    if second is None:
        return Extracted(
            drop_reason=DropReason.UNREADABLE, rule="max_tree_depth", threshold=float(policy.max_tree_depth)
        )
    if page.tags > policy.max_trafilatura_tags:
        return Extracted(second, extractor="resiliparse")
    found = _quiet_trafilatura()(html(), include_comments=False, include_tables=True, deduplicate=False)
    first = normalize(_without_layout_tables(found or ""))
    if len(first) < policy.min_main_text_share * len(second):
        return Extracted(second, extractor="resiliparse")
    return Extracted(first, extractor="trafilatura")


def _by_resiliparse(html: Callable[[], str], page: Page, policy: FilteredPolicy) -> str | None:
    """Resiliparse's main text; None for a tree too deep for it: it takes time quadratic in the depth."""
    limit = policy.max_tree_depth
    if page.depth > limit:
        return None
    tree = HTMLTree.parse(html())
    # `page.depth` knows of blocks alone; fewer tags than the limit cannot nest so deep.
    if page.tags > limit and _deeper_than(tree, limit):
        return None
    found = extract_plain_text(tree, main_content=True, comments=False, list_bullets=False, alt_texts=False)
    return normalize(str(found))


@cache
def _quiet_trafilatura() -> Callable[..., str | None]:
    """Trafilatura's extract, without the warnings on what it discards, which logging prints when nobody listens."""
    from trafilatura import extract as extract_by_trafilatura

    logging.getLogger("trafilatura").addHandler(logging.NullHandler())
    return extract_by_trafilatura  # type: ignore[no-any-return]


def _headers(metadata: str | None) -> Mapping[str, str]:
    """Headers of the response among a row's metadata; none if it is no such object."""
    if metadata is None or f'"{_HEADERS}"' not in metadata:
        return NO_HEADERS
    known = json.loads(metadata)
    headers = known.get(_HEADERS) if isinstance(known, dict) else None
    return {name: str(value) for name, value in headers.items()} if isinstance(headers, dict) else NO_HEADERS


def _without_layout_tables(text: str) -> str:
    """Table rows with one filled cell as plain lines, empty rows gone: tables that only place text on the page.

    trafilatura writes a row as `| a | b |`. On news pages of 2011 whole articles stand in one cell, and a line that
    ends in `|` is no sentence to any rule.
    """
    lines = []
    for line in text.split("\n"):
        if line.startswith("|") and line.rstrip().endswith("|"):
            filled = [cell.strip() for cell in _CELL_BORDER.split(line) if cell.strip()]
            if len(filled) > 1:
                lines.append(line)
            lines.extend(filled if len(filled) == 1 else ())
        else:
            lines.append(line)
    return "\n".join(lines)


def _deeper_than(tree: HTMLTree, limit: int) -> bool:
    """Whether an element has more than `limit` ancestors. Walks, as a recursion would overflow."""
    node: Node | None = tree.document
    depth = 0
    while node is not None:
        if node.first_child is not None:
            node = node.first_child
            depth += 1
            if depth > limit:
                return True
            continue
        while node is not None and node.next is None:
            node = node.parent
            depth -= 1
        node = node.next if node is not None else None
    return False
