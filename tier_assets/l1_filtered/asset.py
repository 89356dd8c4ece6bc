"""The asset of L1: captures in, clean and deduplicated documents out."""

import os
from collections.abc import Callable, Iterator

import dagster as dg

from tier_assets import benchmark_items
from tier_assets.files.digests import text_digest
from tier_assets.inference import PrivateDataAnalyzer, Report, TextClassifier
from tier_assets.l1_filtered.bad_words import load_bad_words
from tier_assets.l1_filtered.block_lists import load_block_lists
from tier_assets.l1_filtered.contract import CONTRACT
from tier_assets.l1_filtered.earlier import PromotedDocuments
from tier_assets.l1_filtered.filtering import filter_documents
from tier_assets.l1_filtered.measuring import Part, Tools, measure_parts, measured_by
from tier_assets.lake.lake import Lake
from tier_assets.outcome import Outcome
from tier_assets.policies.filtered import PrivateData
from tier_assets.policy_book import PolicyBook
from tier_assets.progress import Narrator
from tier_assets.promotion.assets import on_arrival, tier_asset
from tier_assets.promotion.step import Events, TierStep
from tier_assets.tiers import Tier

# What the fingerprint holds beside what is measured: limits and neighbours may change, and nothing is measured again.
_AFTER_MEASURING = ("code", "policy", "earlier partitions", "policy's files")


@tier_asset(
    Tier.FILTERED,
    CONTRACT,
    pool="cpu",
    kinds={"deltalake", "polars"},
    deps=[Tier.RAW.asset_name],
    automation=on_arrival(),
)
def l1_filtered(
    context: dg.AssetExecutionContext,
    lake: dg.ResourceParam[Lake],
    policies: dg.ResourceParam[PolicyBook],
    narrator: dg.ResourceParam[Narrator],
    language_identifier: dg.ResourceParam[TextClassifier],
    presidio: dg.ResourceParam[Callable[[PrivateData], PrivateDataAnalyzer]],
) -> Events:
    """Main text in a known language that passes the quality rules, each text once: one row per document."""
    models = {"language_identifier": lambda: language_identifier.digest}
    step = TierStep.open(context, lake, policies, narrator, CONTRACT, models=models)
    policy = step.policy.filtered

    def compute(report: Report) -> Iterator[Outcome]:
        files = policies.files
        block_lists = load_block_lists(files.paths(policy.urls.lists), categories=policy.urls.categories)
        analyzer = presidio(policy.private_data) if policy.private_data.analyzer == "presidio" else None
        bad_words = load_bad_words(files.paths(policy.bad_words.lists))
        tools = Tools(language_identifier, bad_words, analyzer)
        items = benchmark_items.load(files, policy.contamination)
        parts = _parts(step, block_lists.digest, bad_words.digest)
        workers = policies.default.execution.workers or len(os.sched_getaffinity(0))
        measure_parts(parts, policy=policy, tools=tools, block_lists=block_lists, workers=workers, report=report)
        yield from filter_documents(
            parts,
            earlier=PromotedDocuments(lake, step.inputs.earlier or (), policy.deduplication),
            policy=policy,
            benchmarks=items.index(policy.contamination) if items else None,
            report=report,
        )

    yield from step.promote(compute)


def _parts(step: TierStep, *lists: str) -> list[Part]:
    """The partition's pages with the files of what is measured of them, kept under all that it depends on."""
    groups = step.row_groups(Tier.RAW)
    digest = text_digest(
        *(value for name, value in sorted(step.parts.items()) if name not in _AFTER_MEASURING),
        *lists,
        measured_by(step.policy.filtered),
        *(str(group.rows) for group in groups),
    )
    return [
        Part(group, step.lake.cache_path("measured", digest, f"-{number:05d}.parquet"))
        for number, group in enumerate(groups)
    ]
