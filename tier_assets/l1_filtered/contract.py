"""What a promoted partition of L1 promises: readable text in a known language, no exact duplicate, a source not wiped out."""

from collections.abc import Sequence

from tier_assets.audit import UNIVERSAL, Contract, Expectation
from tier_assets.policy import Policy
from tier_assets.tiers import Tier


def _expectations(policy: Policy) -> Sequence[Expectation]:
    audit = policy.audit
    sure = policy.filtered.min_language_score - 1e-6  # scores are stored in single precision
    large = audit.min_inputs_to_block
    return (
        *UNIVERSAL,
        # A duplicate's text survives in another document: a source captured again unchanged keeps next to no rows.
        Expectation(
            "volume", "surviving_share", "the source survives", at_least=audit.min_kept_share, blocks_from=large
        ),
        Expectation("volume", "kept_share", "something new is kept", at_least=audit.min_kept_share, blocking=False),
        Expectation("drops", "error_share", "few pages are unreadable", at_most=audit.max_error_share, blocking=False),
        Expectation(
            "drops", "commonest_rule_share", "no rule drops nearly all", at_most=audit.max_rule_share, blocking=False
        ),
        Expectation(
            "distribution", "kept_share_factor", "yield is the source's", at_most=audit.max_yield_factor, blocking=False
        ),
        Expectation("content", "repeated_texts", "no two kept texts are equal", 0, 0),
        Expectation("content", "blank_texts", "no kept text is blank", 0, 0),
        Expectation("content", "lowest_language_score", "languages are certain", at_least=sure),
    )


CONTRACT = Contract(
    table=Tier.FILTERED,
    code_version="1",
    checks=("conservation", "schema", "volume", "drops", "distribution", "content"),
    expectations=_expectations,
    metrics={
        "surviving_share": ("decisions", "avg((kept or drop_reason = 'duplicate')::int)"),
        "repeated_texts": ("kept", "count(*) - count(distinct text)"),
        "blank_texts": ("kept", "count(*) filter (trim(text) = '')"),
        "lowest_language_score": ("kept", "min(language_score)"),
        "median_chars": ("kept", "median(text_chars)"),
        "languages": ("kept", "count(distinct language)"),
        "duplicate_share": ("decisions", "avg((coalesce(drop_reason, '') = 'duplicate')::int)"),
        "commonest_rule_share": (
            "decisions",
            "(select max(n) from (select count(*) as n from decisions where not kept group by rule)) / count(*)",
        ),
    },
    policy=lambda policy: policy.filtered.digest,
    libraries=("trafilatura", "resiliparse", "fasttext-ng", "datasketch"),
    models=("language_identifier",),
)
