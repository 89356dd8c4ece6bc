"""The asset of L3: selected documents in, grounded refinements out."""

import dagster as dg

from tier_assets import benchmark_items
from tier_assets.inference import LanguageModel, Report, identity
from tier_assets.l3_refined.contract import CONTRACT
from tier_assets.l3_refined.refinement import refine
from tier_assets.lake.lake import Lake
from tier_assets.outcome import Outcome
from tier_assets.policy_book import PolicyBook
from tier_assets.progress import Narrator
from tier_assets.promotion.assets import on_arrival, tier_asset
from tier_assets.promotion.step import Events, TierStep
from tier_assets.tiers import Tier


@tier_asset(
    Tier.REFINED,
    CONTRACT,
    pool="gpu",
    kinds={"deltalake", "llm"},
    deps=[Tier.SELECTED.asset_name],
    automation=on_arrival(),
)
def l3_refined(
    context: dg.AssetExecutionContext,
    lake: dg.ResourceParam[Lake],
    policies: dg.ResourceParam[PolicyBook],
    narrator: dg.ResourceParam[Narrator],
    language_model: dg.ResourceParam[LanguageModel],
) -> Events:
    """Text a language model made from one selected document, supported by it: one row per (document, recipe, part)."""
    models = {"language_model": lambda: identity(language_model)}
    step = TierStep.open(context, lake, policies, narrator, CONTRACT, models=models)

    def compute(report: Report) -> Outcome:
        contamination = step.policy.filtered.contamination
        items = benchmark_items.load(policies.files, contamination)
        return refine(
            step.rows(Tier.SELECTED),
            language_model,
            policy=step.policy.refined,
            token_budget=step.token_budget(),
            report=report,
            contamination=items.index(contamination) if items else None,
        )

    yield from step.promote(compute)
