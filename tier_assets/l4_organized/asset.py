"""The asset of L4: grounded refinements in, verified facts with their evidence out."""

import dagster as dg

from tier_assets.inference import LanguageModel, identity
from tier_assets.l4_organized.contract import CONTRACT
from tier_assets.l4_organized.organizing import organize
from tier_assets.lake.lake import Lake
from tier_assets.policy_book import PolicyBook
from tier_assets.progress import Narrator
from tier_assets.promotion.assets import on_arrival, tier_asset
from tier_assets.promotion.step import Events, TierStep
from tier_assets.tiers import Tier


@tier_asset(
    Tier.ORGANIZED,
    CONTRACT,
    pool="gpu",
    kinds={"deltalake", "llm", "sqlite"},
    deps=[Tier.REFINED.asset_name, Tier.SELECTED.asset_name],
    automation=on_arrival(),
)
def l4_organized(
    context: dg.AssetExecutionContext,
    lake: dg.ResourceParam[Lake],
    policies: dg.ResourceParam[PolicyBook],
    narrator: dg.ResourceParam[Narrator],
    language_model: dg.ResourceParam[LanguageModel],
) -> Events:
    """Facts verified against a verbatim span of a selected document: one row per fact, equal claims merged."""
    models = {"language_model": lambda: identity(language_model)}
    step = TierStep.open(context, lake, policies, narrator, CONTRACT, models=models)
    yield from step.promote(
        lambda report: organize(
            step.rows(Tier.REFINED),
            step.rows(Tier.SELECTED),
            language_model,
            policy=step.policy.organized,
            token_budget=step.token_budget(),
            report=report,
        )
    )
