"""L1 as a whole: what is measured of every page, and what the policy makes of it.

Each step has a module: `extraction.py`, `language.py`, `signals.py`, `rules.py`, `dedup.py`.
"""

import polars as pl

from tier_assets.inference import Report, TextClassifier
from tier_assets.l1_filtered.dedup import EarlierDocuments, deduplicate
from tier_assets.l1_filtered.extraction import EXTRACTION, extract
from tier_assets.l1_filtered.language import identify
from tier_assets.l1_filtered.rules import judge
from tier_assets.l1_filtered.signals import SIGNALS, TOKENIZER, signals
from tier_assets.outcome import Outcome
from tier_assets.policies.filtered import FilteredPolicy
from tier_assets.schemas import DECISIONS, ROWS, DropReason
from tier_assets.text.counts import text_chars, text_words
from tier_assets.text.normalization import NORMALIZATION
from tier_assets.tiers import Tier

_ORDER = ("file", "offset", "doc_id")
_VERDICT = ("drop_reason", "rule", "value", "threshold")


def measure(
    pages: pl.DataFrame, *, policy: FilteredPolicy, language_identifier: TextClassifier, report: Report
) -> pl.DataFrame:
    """One row per page, in order: text, title, extractor, language and every signal; no threshold has a say.

    Reads raw rows, and of the policy what `measured_by` names. Columns: those of `extraction.COLUMNS`, `language`, and
    `schemas.FILTER_SIGNALS`; where no text came out, `drop_reason` and `rule` say why and the signals are null.
    """
    extracted = extract(pages, policy=policy, report=report)
    readable = extracted.filter(pl.col("text").is_not_null())
    texts = readable["text"].to_list()
    measured = pl.concat(
        [
            readable.select("doc_id"),
            identify(texts, language_identifier, report=report),
            signals(texts, short_line_chars=policy.fineweb.short_line_chars),
        ],
        how="horizontal",
    )
    return extracted.join(measured, on="doc_id", how="left", maintain_order="left")


def measured_by(policy: FilteredPolicy) -> tuple[str, ...]:
    """What `measure` depends on beside the pages: versions of its steps, values of the policy. Part of its cache key."""
    return (
        EXTRACTION,
        NORMALIZATION,
        TOKENIZER,
        SIGNALS,
        *policy.media_types,
        str(policy.min_main_text_share),
        str(policy.max_trafilatura_tags),
        str(policy.max_tags),
        str(policy.max_tree_depth),
        str(policy.fineweb.short_line_chars),
    )


def filter_documents(
    pages: pl.DataFrame, measured: pl.DataFrame, *, earlier: EarlierDocuments, policy: FilteredPolicy
) -> Outcome:
    """One document per page that is readable, passes every rule and repeats no kept one; one decision per page.

    `pages` are raw rows, `measured` is `measure`'s result for the same pages. The total order within the partition is
    (file, offset), whatever order the rows come in. Measures: `pages`, `unreadable_share` (of pages),
    `exact_duplicates`, `near_duplicates`.
    """
    known = pages.drop("text", "language", "payload").join(measured, on="doc_id", how="left").sort(_ORDER)
    judged = pl.concat(
        [known, judge(known, policy=policy).select(pl.all().name.prefix("rule_"))], how="horizontal"
    ).with_columns(
        pl.when(pl.col("drop_reason").is_null()).then(pl.col(f"rule_{name}")).otherwise(pl.col(name)).alias(name)
        for name in _VERDICT
    )
    passed = judged.filter(pl.col("drop_reason").is_null())
    duplicates = deduplicate(passed.select("doc_id", "text"), earlier=earlier, policy=policy.deduplication)
    decided = _with_duplicates(judged, duplicates)
    rows = decided.filter(pl.col("kept")).with_columns(
        text_chars(pl.col("text")), text_words(pl.col("text")), cluster_id="doc_id"
    )
    rules = decided["rule"]
    return Outcome(
        rows=ROWS[Tier.FILTERED].conform(rows),
        decisions=DECISIONS[Tier.FILTERED].conform(decided),
        measures={
            "pages": float(pages.height),
            "unreadable_share": _share(decided, DropReason.UNREADABLE),
            "exact_duplicates": float((rules == "exact_duplicate").sum()),
            "near_duplicates": float((rules == "near_duplicate").sum()),
        },
    )


def _with_duplicates(judged: pl.DataFrame, duplicates: pl.DataFrame) -> pl.DataFrame:
    found = duplicates.with_columns(drop_reason=pl.lit(DropReason.DUPLICATE.value)).rename(
        {name: f"dup_{name}" for name in ("rule", "value", "threshold")} | {"drop_reason": "dup_drop_reason"}
    )
    return (
        judged.join(found, on="doc_id", how="left", maintain_order="left")
        .with_columns(pl.coalesce(name, f"dup_{name}").alias(name) for name in _VERDICT)
        .with_columns(kept=pl.col("drop_reason").is_null())
    )


def _share(decided: pl.DataFrame, reason: DropReason) -> float:
    return float((decided["drop_reason"] == reason.value).sum()) / max(decided.height, 1)
