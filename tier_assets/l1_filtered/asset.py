"""The asset of L1: captures in, clean and deduplicated documents out."""

import dagster as dg
import polars as pl

from tier_assets.digests import text_digest
from tier_assets.inference import Report, TextClassifier
from tier_assets.l1_filtered.contract import CONTRACT
from tier_assets.l1_filtered.earlier import PromotedDocuments
from tier_assets.l1_filtered.filtering import filter_documents, measure, measured_by
from tier_assets.lake import Lake
from tier_assets.outcome import Outcome
from tier_assets.policy_book import PolicyBook
from tier_assets.progress import Narrator
from tier_assets.promotion import Events, TierStep, tier_asset
from tier_assets.tiers import Tier


@tier_asset(
    Tier.FILTERED,
    CONTRACT,
    pool="cpu",
    kinds={"deltalake", "polars"},
    deps=[Tier.RAW.asset_name],
    automation=dg.AutomationCondition.eager(),
)
def l1_filtered(
    context: dg.AssetExecutionContext,
    lake: dg.ResourceParam[Lake],
    policies: dg.ResourceParam[PolicyBook],
    narrator: dg.ResourceParam[Narrator],
    language_identifier: dg.ResourceParam[TextClassifier],
) -> Events:
    """Main text in a known language that passes the quality rules, each text once: one row per document."""
    models = {"language_identifier": lambda: language_identifier.digest}
    step = TierStep.open(context, lake, policies, narrator, CONTRACT, models=models)

    def compute(report: Report) -> Outcome:
        pages = step.rows(Tier.RAW)
        measured = _measured(step, pages, language_identifier, report)
        earlier = PromotedDocuments(lake, step.key, step.policy.filtered.deduplication)
        return filter_documents(pages, measured, earlier=earlier, policy=step.policy.filtered)

    yield from step.promote(compute)


def _measured(step: TierStep, pages: pl.DataFrame, identifier: TextClassifier, report: Report) -> pl.DataFrame:
    """Text and signals of every page, kept under what they depend on: a new threshold costs a query."""
    policy = step.policy.filtered
    digest = text_digest(
        *(value for name, value in sorted(step.parts.items()) if name not in ("policy", "earlier partitions")),
        *measured_by(policy),
    )
    measured = step.lake.cached("measured", digest)
    if measured is None:
        measured = measure(pages, policy=policy, language_identifier=identifier, report=report)
        step.lake.cache("measured", digest, measured)
    return measured
