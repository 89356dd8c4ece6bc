"""What the policy makes of what was measured: one decision for every page, and the rows that are kept.

Measuring is in `measuring.py`. Three passes, each of which holds one part in memory: judge all, compare what passed with
each other and with what was kept before, write rows and decisions.
"""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from tier_assets.inference import Report, silent
from tier_assets.l1_filtered.dedup import INDEX, EarlierDocuments, cluster_sizes, deduplicate
from tier_assets.l1_filtered.measuring import Part
from tier_assets.l1_filtered.private_data import residue
from tier_assets.l1_filtered.rules import judge, judged_columns
from tier_assets.outcome import Outcome
from tier_assets.policies.filtered import FilteredPolicy
from tier_assets.schemas import DECISIONS, ROWS, DropReason
from tier_assets.text import contamination
from tier_assets.text.counts import text_chars, text_words
from tier_assets.tiers import Tier

_ORDER = ("file", "offset", "doc_id")
_VERDICT = ("drop_reason", "rule", "value", "threshold")
_HIT = pl.Schema({"doc_id": pl.String, "benchmark_item": pl.String, "hit_words": pl.Float64, "least_words": pl.Float64})


def filter_documents(
    parts: Sequence[Part],
    *,
    earlier: EarlierDocuments,
    policy: FilteredPolicy,
    benchmarks: contamination.Index | None = None,
    report: Report = silent,
) -> Iterator[Outcome]:
    """One document per page that is readable, passes every rule and repeats no kept one; one decision per page.

    The parts of a partition are measured, and in the order of (file, offset); within a part the order does not matter.
    An outcome for each part, an empty one without any. Measures, which add up: `pages`, `exact_duplicates`,
    `near_duplicates`, and `contaminated_rows`, which are kept texts that repeat a benchmark all the same. `report` gets
    how far each pass is.
    """
    hits, passed = _first_pass(parts, policy, benchmarks, report)
    new = sum(documents.height for documents in passed)
    compared = 0

    def texts(doc_ids: Sequence[str]) -> Mapping[str, str]:
        nonlocal compared
        compared = min(compared + len(doc_ids), new)
        report(compared, new, "documents compared")
        return _texts(parts, passed, doc_ids)

    report(0, new, "documents compared")
    duplicates = deduplicate(
        pl.concat([INDEX.to_frame(), *passed]),
        texts=texts,
        earlier=earlier,
        policy=policy.deduplication,
    )
    sizes = cluster_sizes([duplicates])
    for part in _told(parts, "pages written", report):
        yield _outcome(_judged(part, policy), hits, duplicates, sizes, benchmarks, policy)
    if not parts:
        yield Outcome(ROWS[Tier.FILTERED].polars.to_frame(), DECISIONS[Tier.FILTERED].polars.to_frame())


def _told(parts: Sequence[Part], what: str, report: Report) -> Iterator[Part]:
    """The parts, of which the pages before each are reported."""
    done, total = 0, sum(part.group.rows for part in parts)
    for part in parts:
        report(done, total, what)
        yield part
        done += part.group.rows


def _judged(part: Part, policy: FilteredPolicy, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """The part's pages in the total order, with what was measured, or these columns of it, and the first verdict of
    reading and rules.
    """
    known = pl.concat([part.pages(), part.measured(columns).drop("doc_id")], how="horizontal")
    rules = judge(known, policy=policy)
    read = known["drop_reason"].is_null()
    return known.with_columns(rules[name].zip_with(read, known[name]) for name in _VERDICT).sort(_ORDER)


def _first_pass(
    parts: Sequence[Part], policy: FilteredPolicy, benchmarks: contamination.Index | None, report: Report
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """What repeats a benchmark (`_HIT`), and the dedup index of all that passes, in the total order, by part."""
    hits, passed = [_HIT.to_frame()], []
    # Texts are most of a file.
    columns = [*INDEX.names(), *_VERDICT, *judged_columns(policy), *(["text"] if benchmarks else [])]
    for part in _told(parts, "pages judged", report):
        judged = _judged(part, policy, columns).filter(pl.col("drop_reason").is_null())
        if benchmarks is not None:
            hits.append(_hits(judged, benchmarks))
            judged = judged.join(hits[-1], on="doc_id", how="anti", maintain_order="left")
        passed.append(judged.select(INDEX.names()))
    return pl.concat(hits), passed


def _hits(documents: pl.DataFrame, benchmarks: contamination.Index) -> pl.DataFrame:
    found = contamination.find(documents["text"].to_list(), benchmarks)
    return (
        pl.concat([documents.select("doc_id"), found], how="horizontal")
        .filter(pl.col("item").is_not_null())
        .select(
            "doc_id",
            benchmark_item=pl.format("{}/{}", "benchmark", "item"),
            hit_words=pl.col("run_words").cast(pl.Float64),
            least_words=pl.col("min_words").cast(pl.Float64),
        )
    )


def _texts(parts: Sequence[Part], passed: Sequence[pl.DataFrame], doc_ids: Sequence[str]) -> Mapping[str, str]:
    """Texts of documents of this partition, those of each part among `passed`."""
    found: dict[str, str] = {}
    for part, documents in zip(parts, passed, strict=True):
        if documents["doc_id"].is_in(doc_ids).any():
            texts = part.measured(("doc_id", "text"))
            found |= dict(texts.filter(pl.col("doc_id").is_in(doc_ids)).iter_rows())
    return found


def _outcome(
    judged: pl.DataFrame,
    hits: pl.DataFrame,
    duplicates: pl.DataFrame,
    sizes: pl.DataFrame,
    benchmarks: contamination.Index | None,
    policy: FilteredPolicy,
) -> Outcome:
    decided = _decided(judged, hits, duplicates)
    rows = (
        decided.filter("kept")
        .join(sizes, on="doc_id", how="left", maintain_order="left")
        .with_columns(
            text_chars(pl.col("text")),
            text_words(pl.col("text")),
            cluster_id="doc_id",
            cluster_size=pl.col("cluster_size").fill_null(1),
            license=pl.coalesce("license", "page_license"),
        )
    )
    rules = decided["rule"]
    left, kept = residue(rows["text"].to_list(), policy=policy.private_data), decided["kept"].arg_true()
    decided = decided.with_columns(
        pl.repeat(None, decided.height, dtype=column.dtype, eager=True).scatter(kept, column).alias(column.name)
        for column in left
    )
    return Outcome(
        rows=ROWS[Tier.FILTERED].conform(rows),
        decisions=DECISIONS[Tier.FILTERED].conform(decided),
        measures={
            "pages": float(decided.height),
            "exact_duplicates": float((rules == "exact_duplicate").sum()),
            "near_duplicates": float((rules == "near_duplicate").sum()),
            "contaminated_rows": float(_hits(rows, benchmarks).height) if benchmarks else 0.0,
        },
    )


def _decided(judged: pl.DataFrame, hits: pl.DataFrame, duplicates: pl.DataFrame) -> pl.DataFrame:
    """The verdicts of rules, benchmarks and deduplication together; what repeats a benchmark was compared with nothing."""
    found = duplicates.rename({name: f"dup_{name}" for name in ("rule", "value", "threshold")})
    joined = judged.join(hits, on="doc_id", how="left", maintain_order="left").join(
        found, on="doc_id", how="left", maintain_order="left"
    )
    contaminated, duplicate = pl.col("benchmark_item").is_not_null(), pl.col("duplicate_of").is_not_null()
    reason = (
        pl.when(contaminated)
        .then(pl.lit(DropReason.CONTAMINATED.value))
        .when(duplicate)
        .then(pl.lit(DropReason.DUPLICATE.value))
    )
    rule = pl.when(contaminated).then(pl.lit(contamination.RULE)).otherwise("dup_rule")
    return joined.with_columns(
        drop_reason=pl.coalesce("drop_reason", reason),
        rule=pl.coalesce("rule", rule),
        value=pl.coalesce("value", "hit_words", "dup_value"),
        threshold=pl.coalesce("threshold", "least_words", "dup_threshold"),
    ).with_columns(kept=pl.col("drop_reason").is_null())
