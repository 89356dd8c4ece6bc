"""What a promoted partition of L2 promises, and what a promoted scorer does."""

from collections.abc import Mapping, Sequence

from tier_assets.gate.contract import ACCOUNTED, UNIVERSAL, Contract, Expectation, Guide, kept_of, not_nothing
from tier_assets.keys import SCORER_KEY
from tier_assets.policies.section import Section
from tier_assets.policy import Policy
from tier_assets.schemas import SCORERS
from tier_assets.tiers import Tier


def _expectations(policy: Policy) -> Sequence[Expectation]:
    audit = policy.audit
    return (
        *UNIVERSAL,
        *ACCOUNTED,
        *not_nothing(audit),
        Expectation(
            "volume", "kept_share", "something is selected", at_least=audit.min_kept_share / 10, blocking=False
        ),
        Expectation(
            "distribution", "kept_share_factor", "yield is the source's", at_most=audit.max_yield_factor, blocking=False
        ),
        Expectation("content", "no_labels", "a scorer judged the documents", at_most=0, blocking=False),
        Expectation("content", "scores_outside", "scores are probabilities", 0, 0),
    )


def _untrained(policy: Policy) -> str:
    """Before there is a scorer, what it would be trained from, so that new labels make L2 run."""
    selected = policy.selected
    return f"none of {selected.digest}" if selected.scorer.anchors or selected.scorer.labels else "none"


def _learning(policy: Policy) -> Mapping[str, Section]:
    """What a scorer is trained by, and its cut."""
    return {"selected": policy.selected}


CONTRACT = Contract(
    table=Tier.SELECTED,
    code_version="1",
    parents=(Tier.FILTERED,),
    accounts={Tier.FILTERED: "doc_id"},
    guide=Guide("scorer", SCORERS, SCORER_KEY, _untrained, _learning, "strata train", ("fasttext-ng",)),
    checks=("conservation", "schema", "volume", "distribution", "content"),
    expectations=_expectations,
    metrics={
        "kept_of_tried": kept_of(),
        "scores_outside": ("kept", "count(*) filter (quality_score not between 0 and 1)"),
        "median_score": ("decisions", "median(quality_score)"),
    },
)


def _scorer_expectations(policy: Policy) -> Sequence[Expectation]:
    scorer = policy.selected.scorer
    # A scorer's row is the model, its decisions are the examples: their ids are of different things.
    promised = (expectation for expectation in UNIVERSAL if expectation.metric != "unmatched_rows")
    return (
        *promised,
        Expectation("completeness", "scorers", "one model was trained", 1, 1),
        Expectation("volume", "fewest_examples", "each class has examples", at_least=scorer.min_examples),
        Expectation("distribution", "auc", "it tells held-out good from bad", at_least=scorer.min_auc),
    )


SCORER_CONTRACT = Contract(
    table=SCORERS,
    code_version="1",
    checks=("completeness", "conservation", "schema", "volume", "distribution"),
    expectations=_scorer_expectations,
    metrics={
        "scorers": ("kept", "count(*)"),
        "fewest_examples": ("kept", "min(least(good, bad))"),
        "auc": ("kept", "min(auc)"),
    },
    policy=_learning,
    libraries=("fasttext-ng",),
    # It shuffles the examples.
    facilities=("Python's random",),
)
