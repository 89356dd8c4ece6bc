"""What a promoted partition of L1 promises: readable text in a known language, no exact duplicate, no benchmark, no address
left unmasked, a source not wiped out. Comparing with the source's promoted versions is `summaries.py`'s.
"""

from collections.abc import Sequence

from tier_assets.gate.contract import ACCOUNTED, UNIVERSAL, Contract, Expectation, kept_of, not_nothing
from tier_assets.policy import AuditPolicy, Policy
from tier_assets.tiers import Tier

PRESIDIO = ("presidio-analyzer", "spacy", "phonenumbers", "regex", "tldextract")
"""Libraries of the other analyzer of private data, which come with the extra `pii`."""
TRAFILATURA = ("trafilatura", "justext", "lxml", "lxml-html-clean")
"""Libraries of the other extractor of main text."""


def _policy_libraries(policy: Policy) -> Sequence[str]:
    private, model = policy.filtered.private_data, policy.filtered.private_data.spacy_model
    return (
        *(TRAFILATURA if policy.filtered.extractor == "trafilatura" else ()),
        *((*PRESIDIO, *([model] if model else [])) if private.analyzer == "presidio" else ()),
    )


def _expectations(policy: Policy) -> Sequence[Expectation]:
    audit = policy.audit
    own = [each.min_language_score for each in policy.filtered.by_language.values()]
    least = min(score for score in (policy.filtered.min_language_score, *own) if score is not None)
    sure = least - 1e-6  # scores are stored in single precision
    large = audit.min_inputs_to_block
    return (
        *UNIVERSAL,
        *ACCOUNTED,
        *not_nothing(audit),
        # A duplicate's text survives in another document: a source captured again unchanged keeps next to no rows.
        Expectation(
            "volume", "surviving_share", "the source survives", at_least=audit.min_kept_share, blocks_from=large
        ),
        Expectation("volume", "kept_share", "something new is kept", at_least=audit.min_kept_share, blocking=False),
        *_on_drops(audit),
        *_on_the_baseline(audit),
        Expectation("content", "repeated_texts", "no two kept texts are equal", 0, 0),
        Expectation("content", "blank_texts", "no kept text is blank", 0, 0),
        Expectation("content", "lowest_language_score", "languages are certain", at_least=sure),
        # Whatever was looked for and found was to be dropped or masked: one left shows a fault, not a bad source.
        Expectation("content", "contaminated_rows", "no kept text repeats a benchmark", 0, 0),
        Expectation(
            "content",
            "private_data_residue",
            "no address is left unmasked; the policy's audit.max_residue_share allows more",
            at_most=audit.max_residue_share,
        ),
    )


def _on_drops(audit: AuditPolicy) -> tuple[Expectation, ...]:
    """Shares of all inputs. They tell of a source or a setting, so they warn unless the policy holds on them."""
    failing = audit.warn_error_share
    bounds = (
        ("error_share", "few pages are unreadable", audit.max_error_share),
        ("timeout_share", "few pages take too long", failing),
        ("extractor_error_share", "few pages break the extractor", failing),
        ("duplicate_share", "not nearly all is known already", audit.max_duplicate_share),
        ("commonest_rule_share", "no rule drops nearly all", audit.max_rule_share),
    )
    return tuple(
        Expectation("drops", metric, meaning, at_most=most, blocking=False) for metric, meaning, most in bounds
    )


def _on_the_baseline(audit: AuditPolicy) -> tuple[Expectation, ...]:
    """Distances from the source's promoted versions, which warn unless the policy holds on them. They are sizes of the
    effect: on 20,000 documents every difference is significant (p down to 1e-132 between healthy ones). The population
    stability index is left out: without any change it passes its usual limit of .1 in 43 % of partitions of 100 rows.
    """
    bounds = (
        ("kept_share_factor", "yield is the source's", audit.max_yield_factor),
        ("p10_chars_factor", "short texts are as long as the source's", audit.max_length_tail_factor),
        ("median_chars_factor", "texts are as long as the source's", audit.max_length_factor),
        ("p90_chars_factor", "long texts are as long as the source's", audit.max_length_tail_factor),
        ("language_shift", "languages are the source's", audit.max_language_shift),
    )
    return tuple(
        Expectation("distribution", metric, meaning, at_most=most, blocking=False) for metric, meaning, most in bounds
    )


CONTRACT = Contract(
    table=Tier.FILTERED,
    code_version="4",
    parents=(Tier.RAW,),
    accounts={Tier.RAW: "doc_id"},
    neighbours=lambda policy: policy.filtered.deduplication.scope,
    checks=("conservation", "schema", "volume", "drops", "distribution", "content"),
    expectations=_expectations,
    metrics={
        "kept_of_tried": kept_of(survives="kept or drop_reason = 'duplicate'"),
        "surviving_share": ("decisions", "avg((kept or drop_reason = 'duplicate')::int)"),
        "repeated_texts": ("kept", "count(*) - count(distinct hash(text))"),
        "blank_texts": ("kept", "count(*) filter (trim(text) = '')"),
        "lowest_language_score": ("kept", "min(language_score)"),
        "p10_chars": ("kept", "quantile_cont(text_chars, 0.1)"),
        "median_chars": ("kept", "median(text_chars)"),
        "p90_chars": ("kept", "quantile_cont(text_chars, 0.9)"),
        "languages": ("kept", "count(distinct language)"),
        "duplicate_share": ("decisions", "avg((coalesce(drop_reason, '') = 'duplicate')::int)"),
        "private_data_residue": ("decisions", "avg((emails_left + ips_left > 0)::int) filter (kept)"),
        "timeout_share": ("decisions", "avg((coalesce(drop_reason, '') = 'timeout')::int)"),
        "extractor_error_share": (
            "decisions",
            "avg((coalesce(rule, '') in ('extractor_error', 'extractor_crash'))::int)",
        ),
        "commonest_rule_share": (
            "decisions",
            "(select max(n) from (select count(*) as n from decisions where not kept group by rule)) / count(*)",
        ),
    },
    mixes={"language_mix": ("kept", "language")},
    measures=("contaminated_rows",),
    policy=lambda policy: {"filtered": policy.filtered},
    files=lambda policy: (
        *policy.filtered.urls.lists,
        *policy.filtered.bad_words.lists,
        *policy.filtered.contamination.benchmarks,
    ),
    policy_libraries=_policy_libraries,
    # numpy draws the multipliers of MinHash, which say what texts are compared.
    libraries=("resiliparse", "fasttext-ng", "numpy"),
    # Words, forms and cases are Python's, letters of source code those of Polars; private addresses are ipaddress's.
    facilities=("Python", "Python's ipaddress", "unicode tables", "unicode tables of polars"),
    models=("language_identifier",),
)
