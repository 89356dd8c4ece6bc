"""The assets of L2: filtered documents in, selected ones out; and the scorer that selects, promoted like a tier."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import dagster as dg
import polars as pl

from tier_assets.errors import StrataError
from tier_assets.files.durable import locked
from tier_assets.files.frames import RowGroup
from tier_assets.home import Home
from tier_assets.inference import ClassifierTrainer, LanguageModel, Report
from tier_assets.keys import SCORER_ASSET, SCORER_KEY
from tier_assets.l2_selected.contract import CONTRACT, SCORER_CONTRACT
from tier_assets.l2_selected.lesson import Lesson, promoted_scorer, wants_scorer
from tier_assets.l2_selected.selection import select_pieces
from tier_assets.lake.lake import Lake
from tier_assets.outcome import Outcome
from tier_assets.policy_book import PolicyBook
from tier_assets.progress import Narrator
from tier_assets.promotion.assets import check_specs, on_arrival, tier_asset
from tier_assets.promotion.events import runless_events
from tier_assets.promotion.runless import report_runless
from tier_assets.promotion.step import Events, TierStep
from tier_assets.schemas import SCORERS
from tier_assets.staleness import Inputs
from tier_assets.tiers import Tier


@dg.asset(
    name=SCORER_ASSET,
    deps=[Tier.FILTERED.asset_name],
    check_specs=check_specs(SCORER_CONTRACT, SCORER_ASSET, None),
    group_name="models",
    pool="cpu",
    kinds={"fasttext"},
    owners=["team:strata"],
    code_version=SCORER_CONTRACT.code_version,
    output_required=False,
)
def quality_scorer(
    context: dg.AssetExecutionContext,
    home: dg.ResourceParam[Home],
    lake: dg.ResourceParam[Lake],
    policies: dg.ResourceParam[PolicyBook],
    narrator: dg.ResourceParam[Narrator],
    classifier_trainer: dg.ResourceParam[ClassifierTrainer],
    language_model: dg.ResourceParam[LanguageModel],
) -> Events:
    """The fastText classifier that L2 selects with, trained on what is promoted now. Never stale by itself."""
    with locked(home.scorer_lock):
        try:
            step, lesson = _scorer_step(context, home, lake, policies, narrator, language_model)
        except StrataError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        yield from step.promote(lambda _: lesson.learn(classifier_trainer, language_model))


@tier_asset(
    Tier.SELECTED,
    CONTRACT,
    pool="cpu",
    kinds={"deltalake", "fasttext"},
    deps=[Tier.FILTERED.asset_name, SCORER_ASSET],
    # Else every partition would wait for the scorer's own, all of L1.
    automation=on_arrival().ignore(dg.AssetSelection.assets(SCORER_ASSET)),
)
def l2_selected(
    context: dg.AssetExecutionContext,
    home: dg.ResourceParam[Home],
    lake: dg.ResourceParam[Lake],
    policies: dg.ResourceParam[PolicyBook],
    narrator: dg.ResourceParam[Narrator],
    classifier_trainer: dg.ResourceParam[ClassifierTrainer],
    language_model: dg.ResourceParam[LanguageModel],
) -> Events:
    """Documents the promoted scorer finds worth training on; all of them, unscored, where there is nothing to learn from."""
    why = _ensure_scorer(context, home, lake, policies, narrator, classifier_trainer, language_model)
    step = TierStep.open(context, lake, policies, narrator, CONTRACT)

    def compute(report: Report) -> Iterator[Outcome]:
        pieces = _pieces(step.row_groups(Tier.FILTERED), report)
        if step.inputs.guide is None:
            selected = select_pieces(pieces)
            first = next(selected)
            yield replace(first, notes=(*first.notes, *([why] if why else [])))
            yield from selected
            return
        row = lake.rows(step.inputs.guide).collect().row(0, named=True)
        classifier = promoted_scorer(home, classifier_trainer, row["sha256"])
        yield from select_pieces(pieces, classifier, cut=row["cut"], scorer=row["sha256"])

    yield from step.promote(compute)


def _pieces(groups: Sequence[RowGroup], report: Report) -> Iterator[pl.DataFrame]:
    """The documents of each, and how far this is."""
    done, total = 0, sum(group.rows for group in groups)
    for group in groups:
        report(done, total, "documents selected")
        yield group.read()
        done += group.rows


def _scorer_step(
    context: dg.AssetExecutionContext,
    home: Home,
    lake: Lake,
    policies: PolicyBook,
    narrator: Narrator,
    model: LanguageModel,
) -> tuple[TierStep, Lesson]:
    """Raises StrataError for a policy that names labels which are not there, or a model that is to rate and is not."""
    basis = lake.basis(SCORERS, SCORER_KEY)
    lesson = Lesson(lake, home, policies.default.selected)
    parts = lesson.parts(model)
    step = TierStep(context, lake, SCORER_CONTRACT, SCORER_KEY, policies.default, basis, Inputs({}), parts, narrator)
    return step, lesson


def _ensure_scorer(
    context: dg.AssetExecutionContext,
    home: Home,
    lake: Lake,
    policies: PolicyBook,
    narrator: Narrator,
    trainer: ClassifierTrainer,
    model: LanguageModel,
) -> str:
    """Train a scorer if there is none and the policy gives it something to learn from; why there is none all the same."""
    if lake.head(SCORERS, SCORER_KEY) or not wants_scorer(policies.default.selected):
        return ""
    with locked(home.scorer_lock):
        step, lesson = _scorer_step(context, home, lake, policies, narrator, model)
        settled = step.settle(lambda _: lesson.learn(trainer, model))
        if settled.version is None:
            return f"no scorer: {settled.why}"
        if settled.version.run_id == context.run_id:
            for event in runless_events(
                lake, SCORER_CONTRACT, settled.version, settled.why, asset=SCORER_ASSET, partition=None
            ):
                report_runless(context.instance, event)
        return ""
