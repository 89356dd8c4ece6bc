"""What a promoted partition of L4 promises: every fact has evidence, verbatim, in a selected document."""

from collections.abc import Sequence

from tier_assets.gate.contract import (
    ACCOUNTED,
    UNIVERSAL,
    Contract,
    Expectation,
    kept_of,
    not_nothing,
    share_of_attempts,
)
from tier_assets.l4_organized.prompts import PROMPTS_DIGEST
from tier_assets.policy import Policy
from tier_assets.schemas import DropReason
from tier_assets.tiers import Tier


def _expectations(policy: Policy) -> Sequence[Expectation]:
    return (
        *UNIVERSAL,
        *ACCOUNTED,
        *not_nothing(policy.audit),
        Expectation("volume", "rows_kept", "something was organized", at_least=1, blocking=False),
        Expectation(
            "drops", "model_error_share", "the model answers", at_most=policy.audit.max_error_share, blocking=False
        ),
        Expectation(
            "drops",
            "unsupported_share",
            "claims are supported",
            at_most=policy.audit.max_unsupported_share,
            blocking=False,
        ),
        Expectation("content", "without_evidence", "every fact has evidence", 0, 0),
        Expectation("content", "without_parent", "every fact has a parent", 0, 0),
        Expectation("content", "repeated_facts", "equal claims are one fact", 0, 0),
    )


CONTRACT = Contract(
    table=Tier.ORGANIZED,
    code_version="1",
    parents=(Tier.SELECTED, Tier.REFINED),
    # Selected documents are read for evidence alone: of those that no refined row rests on nothing is asked.
    accounts={Tier.REFINED: "parent_ids"},
    checks=("conservation", "schema", "volume", "drops", "content"),
    expectations=_expectations,
    metrics={
        "kept_of_tried": kept_of(tried="count(prompt_hash)"),
        "without_evidence": ("kept", "count(*) filter (coalesce(len(evidence), 0) = 0)"),
        "without_parent": ("kept", "count(*) filter (coalesce(len(parent_ids), 0) = 0)"),
        "repeated_facts": ("kept", "count(*) - count(distinct fact_id)"),
        "completion_tokens": ("decisions", "coalesce(sum(completion_tokens), 0)"),
        "model_error_share": share_of_attempts(DropReason.MODEL_ERROR),
        "unsupported_share": share_of_attempts(DropReason.UNSUPPORTED),
    },
    policy=lambda policy: {"organized": policy.organized},
    models=("language_model",),
    facilities=("unicode tables",),
    prompts_digest=PROMPTS_DIGEST,
)
