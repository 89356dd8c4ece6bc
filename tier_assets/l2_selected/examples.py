"""Examples: from which documents and labels a quality scorer learns, and which of them only measure it.

An example is a text with a label. Training and the cut are in `training.py`, the language model's labels in `rating.py`.
"""

import json
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

import polars as pl

from tier_assets.errors import StrataError
from tier_assets.files.digests import text_digest
from tier_assets.files.frames import RowGroup
from tier_assets.policy import ScorerPolicy

ANCHOR, LABELS, MODEL = "anchor", "labels", "model"

EXAMPLE = pl.Schema(
    {
        "doc_id": pl.String(),
        "uri": pl.String(),
        "text": pl.String(),
        "label": pl.Int8(),
        "origin": pl.String(),
        "parent_ids": pl.List(pl.String()),
    }
)
"""One row per example: `doc_id` is its own identity, `label` 1 for good and 0 for bad, `origin` who says so, `parent_ids`
the document it is, null for people's labels."""

DOCUMENT = pl.Schema(dict.fromkeys(("doc_id", "uri", "source", "text"), pl.String()))
"""What is read of a document of L1."""

NO_EXAMPLES = pl.DataFrame(schema=EXAMPLE)

# Whose word counts when two origins label one text: people's own before a source's reputation before a model's opinion.
_PRECEDENCE = {LABELS: 0, ANCHOR: 1, MODEL: 2}


class LabelError(StrataError):
    """A line of a label file that is not {"text": ..., "label": 0 or 1}."""


def chosen_documents(groups: Sequence[RowGroup], policy: ScorerPolicy) -> pl.DataFrame:
    """The documents (doc_id, uri, source, text) that examples, ratings and the cut are taken from, in no order.

    Each of these takes the first in the order of doc_id, which is a hash: so the first of the anchor sources and the first of
    the others, as many as any may take, do for all of `groups`, which are rows of L1. Memory holds a piece and the chosen.
    """
    most = max(policy.max_examples, policy.max_reference_documents, policy.rated_documents)
    first = {True: pl.Series("doc_id", [], pl.String), False: pl.Series("doc_id", [], pl.String)}
    for group in groups:
        piece = group.read(["doc_id", "source"])
        is_anchor = piece["source"].is_in(policy.anchors)
        for side, mask in ((True, is_anchor), (False, ~is_anchor)):
            first[side] = _first(first[side], piece["doc_id"].filter(mask), most)
    chosen = pl.concat(first.values()).to_frame()
    pieces = (group.read(DOCUMENT.names()).select(DOCUMENT.names()) for group in groups)
    return pl.concat([DOCUMENT.to_frame(), *(_apart(piece.join(chosen, on="doc_id", how="semi")) for piece in pieces)])


def _first(known: pl.Series, more: pl.Series, most: int) -> pl.Series:
    """The first of both, in order."""
    if len(known) == most:
        more = more.filter(more < known[-1])
    # By way of Python, since a series that was cut off another holds on to all of it.
    return pl.Series("doc_id", pl.concat([known, more]).sort().head(most).to_list(), pl.String) if len(more) else known


def _apart(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame without what it was picked from: its texts would else hold on to those of the whole piece."""
    alone = pl.from_arrow(frame.to_arrow(compat_level=pl.CompatLevel.oldest()))
    assert isinstance(alone, pl.DataFrame)
    return alone


def anchor_examples(documents: pl.DataFrame, policy: ScorerPolicy) -> pl.DataFrame:
    """Documents of the anchor sources as good examples, as many of the other sources as bad ones (DCLM, arXiv 2406.11794).

    `documents`: one row per document with doc_id, uri, source, text. Returns `EXAMPLE` rows, equally many of each label,
    at most `policy.max_examples`; none if either side has no document. Documents are taken in the order of doc_id, which
    is a hash: the choice is even over the sources and depends on the set of documents alone.
    """
    is_anchor = pl.col("source").is_in(policy.anchors)
    anchors, others = documents.filter(is_anchor), documents.filter(~is_anchor)
    wanted = min(anchors.height, others.height, policy.max_examples)
    return pl.concat(
        of_documents(side.sort("doc_id").head(wanted), [label] * wanted, ANCHOR)
        for label, side in ((1, anchors), (0, others))
    )


def of_documents(documents: pl.DataFrame, labels: Sequence[int], origin: str) -> pl.DataFrame:
    """Documents (doc_id, uri, text) and their labels in the same order as `EXAMPLE` rows."""
    return documents.select(
        doc_id=pl.Series([_identity(origin, doc_id) for doc_id in documents["doc_id"]], dtype=pl.String),
        uri="uri",
        text="text",
        label=pl.Series(labels, dtype=pl.Int8),
        origin=pl.lit(origin),
        parent_ids=pl.concat_list("doc_id"),
    )


def parse_labels(lines: Iterable[str], file: str) -> pl.DataFrame:
    """People's labels: JSONL, one object {"text": str, "label": 0 | 1} a line, other fields unread; blank lines are passed.

    Returns `EXAMPLE` rows; `uri` is file:<name>#<number of the line>, from 1. Raises LabelError naming file and line.
    """
    rows = [_parse_label(line, file, number) for number, line in enumerate(lines, start=1) if line.strip()]
    return pl.DataFrame(rows, schema=EXAMPLE, orient="row")


def _parse_label(line: str, file: str, number: int) -> tuple[str, str, str, int, str, None]:
    try:
        row: Any = json.loads(line)
    except ValueError:
        row = None
    fields = row if isinstance(row, dict) else {}
    text, label = fields.get("text"), fields.get("label")
    # True and 1.0 equal 1 in Python; neither is what the file format says.
    if not isinstance(text, str) or not text.strip() or type(label) is not int or label not in (0, 1):
        raise LabelError(f'{file}, line {number}: write {{"text": "...", "label": 1}} with label 1 (good) or 0 (bad)')
    uri, text = f"file:{file}#{number}", text.encode("utf-8", "replace").decode("utf-8")
    # With the text: files of one name in two folders are two files.
    return _identity(LABELS, f"{uri} {text}"), uri, text, label, LABELS, None


def _identity(origin: str, of: str) -> str:
    """32 hex digits; a document can be an example by two origins."""
    return blake2b(f"{origin} {of}".encode(), digest_size=16).hexdigest()


def gather(sets: Sequence[pl.DataFrame], policy: ScorerPolicy) -> pl.DataFrame:
    """All examples, each text once, split into those to train on and those to measure with.

    `sets`: frames of `EXAMPLE` rows. Returns each of their rows once, ordered by the text's hash, with
    - `text_key`: sha256 of the text's words; texts that differ in white space only are one text;
    - `used`: false for repetitions, for a text that a weightier origin labels too (people's labels, then anchors, then
      the model's), and for every mention of a text whose weightiest origin contradicts itself;
    - `held_out`: true for about `policy.holdout_share` of the used examples of each label, at least one where there are
      two. Which ones depends on the texts alone.
    """
    examples = pl.concat([NO_EXAMPLES, *sets]).unique("doc_id")
    keys = pl.Series("text_key", [text_key(text) for text in examples["text"]], dtype=pl.String)
    weight = pl.col("origin").replace_strict(_PRECEDENCE, return_dtype=pl.Int8)
    ordered = examples.with_columns(keys, weight=weight).sort("text_key", "weight", "label", "doc_id")
    weightiest = pl.col("label").filter(pl.col("weight") == pl.col("weight").min())
    first = pl.int_range(pl.len()).over("text_key") == 0
    used = ordered.with_columns(used=first & (weightiest.n_unique().over("text_key") == 1))
    place = pl.col("used").cum_sum().over("label", "used")
    count = pl.len().over("label", "used")
    share = (count * policy.holdout_share).round().clip(lower_bound=1)
    held_out = pl.col("used") & (place <= share) & (count > 1)
    return used.with_columns(held_out=held_out).drop("weight")


def text_key(text: str) -> str:
    """sha256 (hex) of the text's words joined by single spaces."""
    return text_digest(" ".join(text.split()))
