"""What a promoted partition of L3 promises. Only what is true of kept rows blocks; rates of dropped attempts warn."""

from collections.abc import Mapping, Sequence

from tier_assets.gate.contract import (
    ACCOUNTED,
    UNIVERSAL,
    Contract,
    Expectation,
    kept_of,
    not_nothing,
    share_of_attempts,
)
from tier_assets.l3_refined.prompts import PROMPTS_DIGEST
from tier_assets.policies.section import Section
from tier_assets.policy import Policy
from tier_assets.schemas import DropReason
from tier_assets.tiers import Tier


def _expectations(policy: Policy) -> Sequence[Expectation]:
    grounding = policy.refined.grounding.min_content_word_support - 1e-6
    return (
        *UNIVERSAL,
        *ACCOUNTED,
        *not_nothing(policy.audit),
        Expectation("volume", "rows_kept", "something was refined", at_least=1, blocking=False),
        Expectation(
            "drops", "model_error_share", "the model answers", at_most=policy.audit.max_error_share, blocking=False
        ),
        Expectation(
            "drops", "invalid_share", "answers are valid", at_most=policy.audit.max_invalid_share, blocking=False
        ),
        Expectation(
            "drops",
            "unsupported_share",
            "answers are supported",
            at_most=policy.audit.max_unsupported_share,
            blocking=False,
        ),
        Expectation("content", "lowest_support", "every row is grounded in its parent", at_least=grounding),
        Expectation("content", "without_parent", "every row has a parent", 0, 0),
        Expectation("content", "cut_rows", "every row was finished by the model", 0, 0),
        Expectation("content", "blank_texts", "no kept text is blank", 0, 0),
        Expectation("cost", "completion_tokens", "the budget holds", at_most=policy.refined.max_tokens, blocking=False),
    )


def _values(policy: Policy) -> Mapping[str, Section]:
    """What the output depends on: the values of decontamination only where there are benchmarks."""
    contamination = policy.filtered.contamination
    more = {"filtered.contamination": contamination} if contamination.benchmarks else {}
    return {"refined": policy.refined, **more}


CONTRACT = Contract(
    table=Tier.REFINED,
    code_version="2",
    parents=(Tier.SELECTED,),
    accounts={Tier.SELECTED: "parent_ids"},
    checks=("conservation", "schema", "volume", "drops", "content", "cost"),
    expectations=_expectations,
    metrics={
        "kept_of_tried": kept_of(tried="count(prompt_hash)"),
        "lowest_support": ("kept", "min(support)"),
        "without_parent": ("kept", "count(*) filter (coalesce(len(parent_ids), 0) = 0)"),
        "cut_rows": ("kept", "count(*) filter (finish_reason <> 'stop')"),
        "blank_texts": ("kept", "count(*) filter (trim(text) = '')"),
        "attempted": ("decisions", "count(*) filter (prompt_hash is not null)"),
        "completion_tokens": ("decisions", "coalesce(sum(completion_tokens), 0)"),
        "model_error_share": share_of_attempts(DropReason.MODEL_ERROR),
        "invalid_share": share_of_attempts(DropReason.INVALID_OUTPUT),
        "unsupported_share": share_of_attempts(DropReason.UNSUPPORTED),
        "contaminated_share": share_of_attempts(DropReason.CONTAMINATED),
    },
    policy=_values,
    files=lambda policy: policy.filtered.contamination.benchmarks,
    models=("language_model",),
    facilities=("unicode tables",),
    prompts_digest=PROMPTS_DIGEST,
)
