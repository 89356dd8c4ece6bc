"""Every threshold and choice, typed, with its source; the defaults are the literature's.

How presets and a home's `strata.toml` override them, per domain and source, is in `policy_book.py`; applying a threshold is
the tier's.
"""

from typing import Literal, get_args

from tier_assets.policies.accepted import Address, Count, FolderName, Name, Path, Processes, Ratio, Seconds, Seed, Share
from tier_assets.policies.filtered import FilteredPolicy
from tier_assets.policies.section import PRESELECT, STRATA, Section, value


class LandingPolicy(Section):
    """When a landing folder counts as complete."""

    settle_seconds: Count = value(300, "a folder without _SUCCESS is complete when unchanged for so long", STRATA)


class RawPolicy(Section):
    """What L0 archives."""

    text_columns: tuple[Name, ...] = value(
        ("text",),
        "columns that may hold the text of a row of CSV, JSONL, Parquet or Arrow: the first that a row has is taken",
        STRATA,
    )
    max_payload_bytes: Count = value(20_000_000, "a larger payload is dropped as too_large", STRATA, gt=0)
    max_line_bytes: Count = value(
        50_000_000, "a longer line of JSONL or row of CSV is dropped as too_large", STRATA, gt=0
    )
    max_code_bytes: Count = value(
        1_000_000, "a larger source file is dropped as too_large", "The Stack, arXiv 2211.15533", gt=0
    )
    max_mean_line_bytes: Count = value(
        110, "JavaScript and CSS with longer lines on average are minified", "GitHub Linguist, generated.rb", gt=0
    )
    vendored_folders: tuple[FolderName, ...] = value(
        (
            "node_modules", "bower_components", "jspm_packages", "vendor", "third_party", "third-party", "thirdparty",
            "3rdparty", "site-packages", "dist-packages", "godeps", "pods", "carthage", ".git", ".yarn", ".venv", "venv",
            "__pycache__",
        ),
        "source files below a folder of such a name are other people's",
        "GitHub Linguist, vendor.yml",
    )  # fmt: skip
    max_zip_directory_bytes: Count = value(
        20_000_000, "a zip whose directory is longer is not read: about 200,000 files", STRATA, gt=0
    )
    max_pdf_pages: Count = value(2_000, "further pages of a PDF are not read", STRATA, gt=0)
    pdf_seconds: Seconds = value(60.0, "a PDF that takes longer is dropped as timeout", STRATA)
    pdf_memory_mb: Count = value(2_048, "a PDF that takes more memory is dropped as unreadable", STRATA, ge=256)


class ScorerPolicy(Section):
    """How the quality scorer is trained; a change makes no promoted scorer stale by itself."""

    anchors: tuple[Name, ...] = value(
        (), "sources taken as good examples, against all others", "DCLM, arXiv 2406.11794"
    )
    labels: tuple[Path, ...] = value((), "JSONL files of {text, label: 0|1}, relative to the home", STRATA)
    model_ratings: bool = value(
        False, "ask the language model for labels, used only if it agrees with people's", STRATA
    )
    rated_documents: Count = value(200, "documents the language model rates, once its ratings count", STRATA)
    rated_chars: Count = value(1_500, "characters of a document that it reads", STRATA, ge=1)
    min_agreement: Share = value(
        0.8, "agreement with people's labels, mean of both classes, from which the model's ratings count", STRATA
    )
    min_examples: Count = value(20, "fewer examples of a class train no scorer", STRATA, ge=2)
    max_examples: Count = value(10_000, "examples of a class taken from anchors", STRATA, ge=2)
    max_reference_documents: Count = value(20_000, "documents on which the cut is computed", STRATA, ge=1)
    holdout_share: Share = value(0.2, "share of the examples kept for measuring", STRATA, gt=0, lt=1)
    min_auc: Share = value(0.7, "a scorer that measures worse on the held-out examples is held", STRATA)
    learning_rate: Ratio = value(0.1, "fastText lr", PRESELECT, gt=0, le=10)
    dimensions: Count = value(
        32, "fastText dim; the paper's 100 needs its millions of examples", STRATA, ge=1, le=10_000
    )
    epochs: Count = value(5, "fastText epoch; raised for small sets, see `updates`", PRESELECT, ge=1, le=100_000)
    updates: Count = value(20_000, "epochs are raised until the examples are seen so often in all", STRATA)
    word_ngrams: Count = value(2, "fastText wordNgrams", PRESELECT, ge=1, le=16)
    buckets: Count = value(50_000, "hashed n-grams; a file of buckets x dimensions x 4 bytes", STRATA, ge=1, le=10**9)
    seed: Seed = value(1, "seed of shuffling and training", STRATA)


class SelectedPolicy(Section):
    """What L2 keeps."""

    keep_char_share: Share = value(0.1, "share of the reference's characters above the cut", PRESELECT, gt=0)
    scorer: ScorerPolicy = ScorerPolicy()


class Grounding(Section):
    """When a generated text counts as supported by its source: methods.md calls it the cheap check."""

    min_content_word_support: Share = value(0.6, "share of its content words that occur in the source", STRATA)


class Passages(Section):
    """Which passages of a document a language model is asked about."""

    max_sentence_chars: Count = value(300, "longest sentence given to a small model", "Strata stack study", ge=20)
    min_words: Count = value(8, "shortest sentence given to a small model", STRATA, ge=1)
    min_letter_ratio: Share = value(0.75, "share of letters among characters that are no space", STRATA)
    max_chunk_chars: Count = value(
        2_400, "longest chunk given to a large model", "Nemotron-CC: 1,000 tokens in", ge=200
    )


RecipeName = Literal["edit", "qa"]
"""What L3 can do to a document: each has an entry in `l3_refined/recipes.py`."""


class RefinedPolicy(Section):
    """What L3 makes and what it may cost."""

    recipes: tuple[RecipeName, ...] = value(
        ("edit", "qa"), "recipes to run on every document", "Nemotron-CC, arXiv 2412.02595"
    )
    max_documents: Count = value(25, "documents of a partition that are refined; the rest is beyond_budget", STRATA)
    max_tokens: Count = value(45_000, "generated tokens per `materialize`; the rest is beyond_budget", STRATA)
    max_parts: Count = value(2, "attempts per document and recipe", STRATA, ge=1)
    temperature: Ratio = value(0.0, "greedy: what a small model gets right it gets right first", STRATA, le=2)
    seed: Seed = value(1, "seed of the sampling", STRATA)
    min_edit_ratio: Ratio = value(0.6, "a shorter edit, per character of its source, has lost something", STRATA)
    max_edit_ratio: Ratio = value(1.2, "a longer edit, per character of its source, has added something", STRATA, ge=1)
    min_edit_overlap: Share = value(
        0.8, "share of content words that an edit has from its source, and its source from it", STRATA
    )
    passages: Passages = Passages()
    grounding: Grounding = Grounding()


class OrganizedPolicy(Section):
    """What L4 claims and verifies."""

    max_claims: Count = value(50, "claims asked for in a partition; the rest is beyond_budget", STRATA)
    temperature: Ratio = value(0.0, "greedy", STRATA, le=2)
    seed: Seed = value(1, "seed of the sampling", STRATA)
    passages: Passages = Passages()
    grounding: Grounding = Grounding()


Measure = Literal[
    "kept_share",
    "error_share",
    "timeout_share",
    "extractor_error_share",
    "duplicate_share",
    "commonest_rule_share",
    "kept_share_factor",
    "p10_chars_factor",
    "median_chars_factor",
    "p90_chars_factor",
    "language_shift",
]
"""What L1's gate warns of. Measures that other tiers judge too are of the same name there."""


class AuditPolicy(Section):
    """Limits of the gates. What a limit warns of is promoted all the same, unless `hold_on` names its measure."""

    min_inputs_to_block: Count = value(100, "below, checks of volume and distribution warn instead of blocking", STRATA)
    hold_on: tuple[Measure, ...] = value(
        (),
        "measures that hold a partition, in every tier that warns of them, instead of warning: any of "
        + ", ".join(get_args(Measure)),
        STRATA,
    )
    max_error_share: Share = value(
        0.02, "share of unreadable pages in L1, or of unanswered prompts above, that warns", "Strata reliability study"
    )
    warn_error_share: Share = value(
        0.005,
        "share of damaged captures in L0, or of pages in L1 that time out or break the extractor, that warns",
        "Strata reliability study",
    )
    allow_empty: bool = value(
        False,
        "whether L1 to L4 promote a partition of which nothing is left, though something was tried or is promoted; "
        "duplicates of what is kept are no loss",
        STRATA,
    )
    min_kept_share: Share = value(0.05, "a smaller share kept blocks: per-source survival", "Strata peers study")
    max_rule_share: Share = value(0.9, "share of the inputs that one rule may drop before it warns", STRATA)
    max_invalid_share: Share = value(
        0.5, "share of answers cut, refused or not as asked that warns", "Strata: .35 for the embedded model"
    )
    max_unsupported_share: Share = value(
        0.5, "share of answers their source does not support that warns", "Strata: .2 for the embedded model"
    )
    max_duplicate_share: Share = value(
        0.75, "a larger share of duplicates warns", "Strata peers study: the median share that one lab lost unnoticed"
    )
    max_residue_share: Share = value(
        0.0,
        "share of the kept texts looked at in which an e-mail or IP address may be left unmasked",
        "Strata reliability study",
        ge=0,
        le=1,
    )
    max_language_shift: Share = value(
        0.15,
        "largest change of a language's share of the kept rows, against the source's promoted medians, before it warns",
        "Strata: simulated, 1.2 % false alarms at 100 rows, none at 300",
        gt=0,
    )
    max_length_factor: Ratio = value(
        1.5,
        "median length of the kept texts, against the source's promoted median, before it warns",
        "Strata: simulated, 1.8 % false alarms at 100 rows, none at 300",
        ge=1,
    )
    max_length_tail_factor: Ratio = value(
        2.0,
        "as max_length_factor, for the lengths of the shortest and the longest tenth",
        "Strata: simulated, .4 % false alarms at 100 rows (9.8 % with 1.5), none at 300",
        ge=1,
    )
    max_yield_factor: Ratio = value(
        2.0, "kept share against the source's promoted median, before it warns", "Strata reliability study", ge=1
    )
    min_versions_for_baseline: Count = value(
        8,
        "other promoted partitions of the source before kept share, lengths and languages are compared with theirs",
        "Strata reliability study",
    )


class CostPolicy(Section):
    """Prices; without one, cost is shown as '-'."""

    chars_per_token: Ratio = value(
        4.0, "characters per token where no model counted", "convention for English BPE", gt=0
    )
    cpu_second_price: Ratio | None = value(None, "price of a second on the cpu pool", STRATA)
    gpu_second_price: Ratio | None = value(None, "price of a second on the gpu pool", STRATA)
    currency: Name = value("EUR", "shown beside costs", STRATA)


class LanguageModelPolicy(Section):
    """Which language model answers. Its key, if any, is only read from the environment: STRATA_LLM_API_KEY."""

    backend: Literal["embedded", "openai", "vllm"] = value("embedded", "where the model runs", STRATA)
    model: str = value("", "name or path of the model; empty: the embedded one, or the server's only one", STRATA)
    base_url: Address = value("", "of an OpenAI-compatible server, e.g. http://127.0.0.1:8000/v1", STRATA)
    profile: Literal["auto", "small", "large"] = value(
        "auto", "form of the recipes; auto: small for the embedded", STRATA
    )
    concurrency: Processes = value(4, "requests in flight", STRATA, ge=1)
    context_tokens: Count = value(2048, "longest prompt and completion", STRATA, ge=256, le=10**7)
    timeout_seconds: Seconds = value(120.0, "of one request", STRATA)
    threads: Processes = value(2, "of the embedded server", STRATA, ge=1)


class ExecutionPolicy(Section):
    """How much of the machine a step uses. It changes no result, so it is no part of any fingerprint."""

    workers: Processes = value(0, "processes that a step may spread its work over; 0: one per CPU core", STRATA)


class RetentionPolicy(Section):
    """How long Dagster's history is kept; what is promoted stays, and so does its newest event."""

    run_days: Count = value(90, "runs that ended longer ago are deleted from Dagster's history", STRATA, ge=1)
    max_runs: Count = value(500, "of more runs than so many, the oldest are deleted", STRATA, ge=10)


class Policy(Section):
    """All values in force for one source."""

    landing: LandingPolicy = LandingPolicy()
    raw: RawPolicy = RawPolicy()
    filtered: FilteredPolicy = FilteredPolicy()
    selected: SelectedPolicy = SelectedPolicy()
    refined: RefinedPolicy = RefinedPolicy()
    organized: OrganizedPolicy = OrganizedPolicy()
    audit: AuditPolicy = AuditPolicy()
    cost: CostPolicy = CostPolicy()
    language_model: LanguageModelPolicy = LanguageModelPolicy()
    execution: ExecutionPolicy = ExecutionPolicy()
    retention: RetentionPolicy = RetentionPolicy()
