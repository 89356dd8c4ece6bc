"""Main text of pages: what a person would read, without menus, advertisements and markup.

Bytes become text in `decoding.py`. Whether a text is worth keeping is `rules.py`'s to say.
"""

import logging
import re
from typing import NamedTuple

import polars as pl
import trafilatura
from lxml.etree import LxmlError  # type: ignore[import-untyped]
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLParserException, HTMLTree, Node

from tier_assets.inference import Report
from tier_assets.l1_filtered.decoding import decode
from tier_assets.policies.filtered import FilteredPolicy
from tier_assets.schemas import DropReason
from tier_assets.text.normalization import normalize

EXTRACTION = "trafilatura-or-resiliparse-1"
"""Name and version of what happens here; the versions of the two libraries are the tier's to list."""

COLUMNS = pl.Schema(
    {
        "doc_id": pl.String,
        "text": pl.String,
        "title": pl.String,
        "extractor": pl.String,
        "drop_reason": pl.String,
        "rule": pl.String,
        "value": pl.Float64,
        "threshold": pl.Float64,
    }
)
"""Columns of what `extract` returns."""

_HTML = ("text/html", "application/xhtml+xml")
_PLAIN = "text/"
_CELL_BORDER = re.compile(r"(?<!\\)\|")
# What the two libraries may raise on a page they were not written for: their parsers' errors, and what comes of taking
# a tree for another one. 18,000 mutated real pages raised none, so a new version is what this guards against.
_EXTRACTOR_ERRORS = (LxmlError, HTMLParserException, AttributeError, LookupError, RecursionError, TypeError, ValueError)
# trafilatura logs what it discards as warnings, which logging prints when nobody listens.
logging.getLogger("trafilatura").addHandler(logging.NullHandler())


class Extracted(NamedTuple):
    """What came out of one page: a text with its extractor, or the rule that says why there is none."""

    text: str | None = None
    title: str | None = None
    extractor: str | None = None
    drop_reason: DropReason | None = None
    rule: str | None = None
    value: float | None = None
    threshold: float | None = None


def extract(pages: pl.DataFrame, *, policy: FilteredPolicy, report: Report) -> pl.DataFrame:
    """One row per page, in order: `COLUMNS`. `text` is normalised, never empty, and null where `drop_reason` says why.

    Reads `doc_id, text, media_type, charset, http_status, payload` of raw rows. A given text is taken as it is
    (extractor `plain`); HTML goes through `main_text`. Dropped are, by the rules `media_type` (not among the policy's,
    or neither HTML nor text), `http_status` (known and not 2xx), `max_tags`, `max_tree_depth`, `extractor_error` and
    `no_text`. A page's result depends on its own row alone.
    """
    columns = ("doc_id", "text", "media_type", "charset", "http_status", "payload")
    rows = []
    for done, (doc_id, *page) in enumerate(pages.select(columns).iter_rows(), 1):
        rows.append((doc_id, *extract_page(*page, policy=policy)))
        report(done, pages.height, "pages extracted")
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def extract_page(
    text: str | None,
    media_type: str,
    charset: str | None,
    http_status: int | None,
    payload: bytes,
    *,
    policy: FilteredPolicy,
) -> Extracted:
    """What `extract` says of one page. Any bytes and any charset are accepted."""
    html = media_type in _HTML
    if media_type not in policy.media_types or not (html or media_type.startswith(_PLAIN) or text is not None):
        return Extracted(drop_reason=DropReason.UNREADABLE, rule="media_type")
    if http_status is not None and not 200 <= http_status < 300:
        return Extracted(drop_reason=DropReason.UNREADABLE, rule="http_status", value=float(http_status))
    if text is not None or not html:
        found = Extracted(normalize(text if text is not None else decode(payload, charset, html=False)), None, "plain")
    else:
        try:
            found = main_text(decode(payload, charset, html=True), policy=policy)
        except _EXTRACTOR_ERRORS:
            return Extracted(drop_reason=DropReason.UNREADABLE, rule="extractor_error")
    if found.drop_reason is None and not found.text:
        return Extracted(title=found.title, drop_reason=DropReason.EMPTY, rule="no_text")
    return found


def main_text(html: str, *, policy: FilteredPolicy) -> Extracted:
    """Main text and title of an HTML page, by trafilatura, or by resiliparse where trafilatura finds far less.

    trafilatura is the better of the two (mean F1 .896 against .867 on 513 pages with text chosen by people) but loses
    whole pages now and then; taking resiliparse's text where trafilatura's is under `policy.min_main_text_share` of it
    gives .901. Comments are left out, tables are kept. No option here depends on the day or on pages seen before.
    """
    tags = html.count("<")
    # Text and links misplaced in a table cost resiliparse's parser memory quadratic in their number: 1 GB for 120,000.
    if tags > policy.max_tags:
        return Extracted(None, None, None, DropReason.TOO_LARGE, "max_tags", float(tags), policy.max_tags)
    tree = HTMLTree.parse(html)
    # resiliparse takes time quadratic in the depth. Fewer tags than that cannot nest so deep.
    if tags > policy.max_tree_depth and _deeper_than(tree, policy.max_tree_depth):
        return Extracted(drop_reason=DropReason.UNREADABLE, rule="max_tree_depth", threshold=policy.max_tree_depth)
    title = " ".join(normalize(tree.title or "").split()) or None
    second = normalize(extract_plain_text(tree, main_content=True, comments=False, list_bullets=False, alt_texts=False))
    if tags > policy.max_trafilatura_tags:
        return Extracted(second, title, "resiliparse")
    found = trafilatura.extract(html, include_comments=False, include_tables=True, deduplicate=False)
    first = normalize(_without_layout_tables(found or ""))
    if len(first) < policy.min_main_text_share * len(second):
        return Extracted(second, title, "resiliparse")
    return Extracted(first, title, "trafilatura")


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
