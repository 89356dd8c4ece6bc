"""Every threshold and choice, typed, with its source; the defaults are the literature's.

How a home's `strata.toml` overrides them, per source where needed, is in `policy_book.py`; applying a threshold is the tier's.
"""

import hashlib
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

FINEWEB = "FineWeb, arXiv 2406.17557"
GOPHER = "Gopher, arXiv 2112.11446, as in the FineWeb recipe"
PRESELECT = "PreSelect, arXiv 2503.00808"
STRATA = "Strata, see docs/decisions"


def _set(default: Any, meaning: str, source: str, **bounds: Any) -> Any:
    return Field(default, description=meaning, json_schema_extra={"source": source}, **bounds)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def digest(self) -> str:
        """sha256 of the values in force: part of the fingerprint of every tier that reads them."""
        return hashlib.sha256(json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()


class LandingPolicy(_Section):
    """When a landing folder counts as complete."""

    settle_seconds: int = _set(300, "a folder without _SUCCESS is complete when unchanged for so long", STRATA, ge=0)


class RawPolicy(_Section):
    """What L0 archives."""

    max_payload_bytes: int = _set(20_000_000, "a larger payload is dropped as too_large", STRATA, gt=0)
    max_line_bytes: int = _set(50_000_000, "a longer JSONL line is dropped as too_large", STRATA, gt=0)


class GopherQuality(_Section):
    """Limits on words and lines."""

    min_words: int = _set(50, "fewer words are dropped", GOPHER)
    max_words: int = _set(100_000, "more words are dropped", GOPHER)
    min_mean_word_length: float = _set(3, "shorter mean words are dropped", GOPHER)
    max_mean_word_length: float = _set(10, "longer mean words are dropped", GOPHER)
    max_hash_word_ratio: float = _set(0.1, "more '#' per word are dropped", GOPHER)
    max_ellipsis_word_ratio: float = _set(0.1, "more ellipses per word are dropped", GOPHER)
    max_bullet_line_ratio: float = _set(0.9, "a larger share of bullet lines is dropped", GOPHER)
    max_ellipsis_line_ratio: float = _set(0.3, "a larger share of lines ending in an ellipsis is dropped", GOPHER)
    min_alpha_word_ratio: float = _set(0.8, "a smaller share of words with a letter is dropped", GOPHER)
    min_stop_words: int = _set(2, "fewer distinct English stop words are dropped; English only", GOPHER)


class GopherRepetition(_Section):
    """Limits on repetition, as shares."""

    max_duplicate_line_ratio: float = _set(0.30, "share of lines seen before", GOPHER)
    max_duplicate_paragraph_ratio: float = _set(0.30, "share of paragraphs seen before", GOPHER)
    max_duplicate_line_char_ratio: float = _set(0.20, "their characters", GOPHER)
    max_duplicate_paragraph_char_ratio: float = _set(0.20, "their characters", GOPHER)
    max_top_2gram_char_ratio: float = _set(0.20, "characters of the commonest 2-gram", GOPHER)
    max_top_3gram_char_ratio: float = _set(0.18, "characters of the commonest 3-gram", GOPHER)
    max_top_4gram_char_ratio: float = _set(0.16, "characters of the commonest 4-gram", GOPHER)
    max_duplicate_5gram_char_ratio: float = _set(0.15, "characters in repeated 5-grams", GOPHER)
    max_duplicate_6gram_char_ratio: float = _set(0.14, "characters in repeated 6-grams", GOPHER)
    max_duplicate_7gram_char_ratio: float = _set(0.13, "characters in repeated 7-grams", GOPHER)
    max_duplicate_8gram_char_ratio: float = _set(0.12, "characters in repeated 8-grams", GOPHER)
    max_duplicate_9gram_char_ratio: float = _set(0.11, "characters in repeated 9-grams", GOPHER)
    max_duplicate_10gram_char_ratio: float = _set(0.10, "characters in repeated 10-grams", GOPHER)


class FineWebQuality(_Section):
    """FineWeb's own rules on lines."""

    min_punctuated_line_ratio: float = _set(0.12, "share of lines ending in punctuation", FINEWEB)
    max_short_line_ratio: float = _set(0.67, "share of lines of at most `short_line_chars`", FINEWEB)
    short_line_chars: int = _set(30, "what a short line is, in characters", FINEWEB)
    max_duplicated_line_chars_ratio: float = _set(0.01, "share of characters in repeated lines", FINEWEB)
    max_newline_word_ratio: float = _set(0.3, "line breaks per word", FINEWEB)


class Deduplication(_Section):
    """MinHash over word n-grams, confirmed by exact Jaccard similarity."""

    ngram: int = _set(5, "words per shingle", FINEWEB, ge=2)
    bands: int = _set(14, "bands of a signature", FINEWEB, ge=1)
    rows: int = _set(8, "rows of a band", FINEWEB, ge=1)
    min_jaccard: float = _set(0.75, "similarity from which a document is a near-duplicate", FINEWEB, gt=0, le=1)


class FilteredPolicy(_Section):
    """What L1 keeps."""

    media_types: tuple[str, ...] = _set(
        ("text/html", "application/xhtml+xml", "text/plain"), "other media types are dropped as unreadable", STRATA
    )
    min_main_text_share: float = _set(
        0.3, "trafilatura's text is taken unless it is a smaller share of resiliparse's", STRATA, ge=0, le=1
    )
    max_trafilatura_tags: int = _set(
        50_000, "a page with more is left to resiliparse: trafilatura's time grows with their square", STRATA, ge=0
    )
    max_tags: int = _set(
        200_000, "a page with more is dropped as too_large: parsing could take gigabytes", STRATA, gt=0
    )
    max_tree_depth: int = _set(4000, "a page nested deeper is dropped as unreadable", STRATA, gt=0)
    min_language_score: float = _set(0.65, "a smaller probability of the best language is dropped", FINEWEB, ge=0, le=1)
    languages: tuple[str, ...] = _set((), "languages kept; empty keeps all", STRATA)
    quality: GopherQuality = GopherQuality()
    repetition: GopherRepetition = GopherRepetition()
    fineweb: FineWebQuality = FineWebQuality()
    deduplication: Deduplication = Deduplication()


class ScorerPolicy(_Section):
    """How the quality scorer is trained; a change makes no promoted scorer stale by itself."""

    anchors: tuple[str, ...] = _set((), "sources taken as good examples, against all others", "DCLM, arXiv 2406.11794")
    labels: tuple[str, ...] = _set((), "JSONL files of {text, label: 0|1}, relative to the home", STRATA)
    model_ratings: bool = _set(False, "ask the language model for labels, used only if it agrees with people's", STRATA)
    rated_documents: int = _set(200, "documents the language model rates, once its ratings count", STRATA, ge=0)
    rated_chars: int = _set(1_500, "characters of a document that it reads", STRATA, ge=1)
    min_agreement: float = _set(
        0.8, "agreement with people's labels, mean of both classes, from which the model's ratings count", STRATA
    )
    min_examples: int = _set(20, "fewer examples of a class train no scorer", STRATA, ge=2)
    max_examples: int = _set(10_000, "examples of a class taken from anchors", STRATA, ge=2)
    max_reference_documents: int = _set(20_000, "documents on which the cut is computed", STRATA, ge=1)
    holdout_share: float = _set(0.2, "share of the examples kept for measuring", STRATA, gt=0, lt=1)
    min_auc: float = _set(0.7, "a scorer that measures worse on the held-out examples is held", STRATA)
    learning_rate: float = _set(0.1, "fastText lr", PRESELECT)
    dimensions: int = _set(32, "fastText dim; the paper's 100 needs its millions of examples", STRATA)
    epochs: int = _set(5, "fastText epoch; raised for small sets, see `updates`", PRESELECT)
    updates: int = _set(20_000, "epochs are raised until the examples are seen so often in all", STRATA, ge=0)
    word_ngrams: int = _set(2, "fastText wordNgrams", PRESELECT)
    buckets: int = _set(50_000, "hashed n-grams; a file of buckets x dimensions x 4 bytes", STRATA)
    seed: int = _set(1, "seed of shuffling and training", STRATA)


class SelectedPolicy(_Section):
    """What L2 keeps."""

    keep_char_share: float = _set(0.1, "share of the reference's characters above the cut", PRESELECT, gt=0, le=1)
    scorer: ScorerPolicy = ScorerPolicy()


class Grounding(_Section):
    """When a generated text counts as supported by its source: methods.md calls it the cheap check."""

    min_content_word_support: float = _set(
        0.6, "share of its content words that occur in the source", STRATA, ge=0, le=1
    )


class Passages(_Section):
    """Which passages of a document a language model is asked about."""

    max_sentence_chars: int = _set(300, "longest sentence given to a small model", "Strata stack study", ge=20)
    min_words: int = _set(8, "shortest sentence given to a small model", STRATA, ge=1)
    min_letter_ratio: float = _set(0.75, "share of letters among characters that are no space", STRATA, ge=0, le=1)
    max_chunk_chars: int = _set(2_400, "longest chunk given to a large model", "Nemotron-CC: 1,000 tokens in", ge=200)


class RefinedPolicy(_Section):
    """What L3 makes and what it may cost."""

    recipes: tuple[str, ...] = _set(("edit", "qa"), "recipes to run on every document", "Nemotron-CC, arXiv 2412.02595")
    max_documents: int = _set(25, "documents of a partition that are refined; the rest is beyond_budget", STRATA, ge=0)
    max_tokens: int = _set(45_000, "generated tokens per `materialize`; the rest is beyond_budget", STRATA, ge=0)
    max_parts: int = _set(2, "attempts per document and recipe", STRATA, ge=1)
    temperature: float = _set(0.0, "greedy: what a small model gets right it gets right first", STRATA, ge=0)
    seed: int = _set(1, "seed of the sampling", STRATA)
    min_edit_ratio: float = _set(0.6, "a shorter edit, per character of its source, has lost something", STRATA, ge=0)
    max_edit_ratio: float = _set(1.2, "a longer edit, per character of its source, has added something", STRATA, ge=1)
    min_edit_overlap: float = _set(
        0.8, "share of content words that an edit has from its source, and its source from it", STRATA, ge=0, le=1
    )
    passages: Passages = Passages()
    grounding: Grounding = Grounding()


class OrganizedPolicy(_Section):
    """What L4 claims and verifies."""

    max_claims: int = _set(50, "claims asked for in a partition; the rest is beyond_budget", STRATA, ge=0)
    temperature: float = _set(0.0, "greedy", STRATA, ge=0)
    seed: int = _set(1, "seed of the sampling", STRATA)
    passages: Passages = Passages()
    grounding: Grounding = Grounding()


class AuditPolicy(_Section):
    """Limits of the gates."""

    min_inputs_to_block: int = _set(100, "below, checks of volume and distribution warn instead of blocking", STRATA)
    max_error_share: float = _set(0.02, "share of unreadable inputs that blocks", "Strata reliability study")
    warn_error_share: float = _set(0.005, "share of unreadable inputs that warns", "Strata reliability study")
    min_kept_share: float = _set(0.05, "a smaller share kept blocks: per-source survival", "Strata peers study")
    max_rule_share: float = _set(0.9, "share of the inputs that one rule may drop before it warns", STRATA)
    max_invalid_share: float = _set(
        0.5, "share of answers cut, refused or not as asked that warns", "Strata: .35 for the embedded model"
    )
    max_unsupported_share: float = _set(
        0.5, "share of answers their source does not support that warns", "Strata: .2 for the embedded model"
    )
    max_yield_factor: float = _set(2.0, "kept share against the source's promoted median", "Strata reliability study")
    min_versions_for_baseline: int = _set(
        8, "promoted partitions before a baseline may block", "Strata reliability study"
    )


class CostPolicy(_Section):
    """Prices; without one, cost is shown as '-'."""

    chars_per_token: float = _set(
        4.0, "characters per token where no model counted", "convention for English BPE", gt=0
    )
    cpu_second_price: float | None = _set(None, "price of a second on the cpu pool", STRATA)
    gpu_second_price: float | None = _set(None, "price of a second on the gpu pool", STRATA)
    currency: str = _set("EUR", "shown beside costs", STRATA)


class LanguageModelPolicy(_Section):
    """Which language model answers. Its key, if any, is only read from the environment: STRATA_LLM_API_KEY."""

    backend: Literal["embedded", "openai", "vllm"] = _set("embedded", "where the model runs", STRATA)
    model: str = _set("", "name or path of the model; empty: the embedded one, or the server's only one", STRATA)
    base_url: str = _set("", "of an OpenAI-compatible server, e.g. http://127.0.0.1:8000/v1", STRATA)
    profile: Literal["auto", "small", "large"] = _set(
        "auto", "form of the recipes; auto: small for the embedded", STRATA
    )
    concurrency: int = _set(4, "requests in flight", STRATA, ge=1)
    context_tokens: int = _set(2048, "longest prompt and completion", STRATA, ge=256)
    timeout_seconds: float = _set(120.0, "of one request", STRATA, gt=0)
    threads: int = _set(2, "of the embedded server", STRATA, ge=1)


class Policy(_Section):
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
