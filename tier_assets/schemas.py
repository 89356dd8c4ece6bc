"""The row of every tier: column, dtype, key, unit, meaning. docs/data-format.md is generated from here.

`partition` is a hive column of every table: it is in the path, not in the files, and is the last column of what is read.
What a promoted partition promises beyond its schema is in each tier's `contract.py`.
"""

from dataclasses import dataclass, field
from enum import StrEnum

import polars as pl

from tier_assets.tiers import Tier


class DropReason(StrEnum):
    """Why a row is not in the tier. Closed: `rule` names the exact rule."""

    URL = "url"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    TIMEOUT = "timeout"
    EMPTY = "empty"
    LANGUAGE = "language"
    REPETITION = "repetition"
    QUALITY = "quality"
    PII = "pii"
    DUPLICATE = "duplicate"
    CONTAMINATED = "contaminated"
    LOW_SCORE = "low_score"
    BEYOND_BUDGET = "beyond_budget"
    MODEL_ERROR = "model_error"
    INVALID_OUTPUT = "invalid_output"
    UNSUPPORTED = "unsupported"
    ERASED = "erased"


@dataclass(frozen=True)
class Column:
    """One column. `dtype` is exact: a staged file whose dtype differs is held by the check `schema`."""

    name: str
    dtype: pl.DataType | type[pl.DataType]
    meaning: str
    unit: str = ""
    required: bool = False


@dataclass(frozen=True)
class RowSchema:
    """An ordered set of columns, the first of which is the key."""

    grain: str
    columns: tuple[Column, ...]
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(column.name for column in self.columns))

    @property
    def polars(self) -> pl.Schema:
        """Name to dtype, in order."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    @property
    def required(self) -> tuple[str, ...]:
        """Columns that are never null in a promoted row."""
        return tuple(column.name for column in self.columns if column.required)

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with exactly these columns in this order; absent ones become null. Raises on a lossy cast."""
        present = set(frame.columns)
        return frame.select(
            pl.col(column.name).cast(column.dtype)
            if column.name in present
            else pl.lit(None, dtype=column.dtype).alias(column.name)
            for column in self.columns
        )


ID = pl.String
INSTANT = pl.Datetime("us", "UTC")

_ORIGIN = (
    Column("doc_id", ID, "identity of the row: 32 hex digits of blake2b-128", required=True),
    Column(
        "uri",
        pl.String,
        "the row's url or the WARC target URI unchanged, else file:<name>#<offset>, of an archive file:<name>#<path>",
        required=True,
    ),
    Column("source", pl.String, "first component of the partition key", required=True),
    Column("license", pl.String, "licence as the source states it"),
    Column("fetched_at", INSTANT, "when the source fetched it", "UTC"),
    Column("generation", pl.Int8, "0 for text by people, else 1 + the parents' largest", required=True),
)
_WHERE = (
    Column("file", pl.String, "name of the landed file it came from", required=True),
    Column(
        "offset",
        pl.Int64,
        "WARC or ARC record, JSONL line, tar or zip member: byte offset in the file; CSV, Parquet, Arrow: row",
        required=True,
    ),
)
_TEXT = (
    Column("text", pl.String, "the text itself", required=True),
    Column("language", pl.String, "ISO 639 code of the text's language"),
    Column("text_chars", pl.Int64, "length of the text, exact", "characters", required=True),
    Column("text_words", pl.Int64, "runs of non-space, exact", "words", required=True),
)
_DOCUMENT = (
    *_ORIGIN,
    *_WHERE,
    *_TEXT,
    Column("title", pl.String, "title of the page"),
    Column("language_score", pl.Float32, "probability of `language`", "0..1"),
    Column("extractor", pl.String, "what found the main text: scanner, resiliparse, trafilatura, plain", required=True),
    Column("cluster_id", ID, "doc_id of the survivor of its near-duplicate cluster: its own", required=True),
    Column("cluster_size", pl.Int64, "documents of the partition in its cluster, itself included", "documents", True),
    Column("opt_outs", pl.String, "what the page asks not to be used for: noai, tdm-reservation, ..."),
)
_MODEL = (
    Column("model", pl.String, "name of the language model", required=True),
    Column("model_digest", pl.String, "identity of its weights and engine", required=True),
    Column("prompt_hash", pl.String, "sha256 of the prompt, sampling and output schema", required=True),
    Column("seed", pl.Int64, "seed of the sampling", required=True),
    Column("temperature", pl.Float32, "temperature of the sampling", required=True),
    Column("finish_reason", pl.String, "why the model stopped", required=True),
    Column("prompt_tokens", pl.Int64, "tokens read, the model's own count", "tokens", required=True),
    Column("completion_tokens", pl.Int64, "tokens written, the model's own count", "tokens", required=True),
)

EVIDENCE = pl.Struct(
    {
        "text": pl.String,
        "doc_id": pl.String,
        "uri": pl.String,
        "file": pl.String,
        "offset": pl.Int64,
        "start": pl.Int64,
        "end": pl.Int64,
    }
)

ROWS: dict[Tier, RowSchema] = {
    Tier.RAW: RowSchema(
        "one row per capture",
        (
            *_ORIGIN,
            *_WHERE,
            Column("text", pl.String, "text as given by the source; null where it is still to be extracted"),
            Column("language", pl.String, "language as the source declares it; null where it is still to be found"),
            Column("media_type", pl.String, "media type without parameters, lower case", required=True),
            Column("charset", pl.String, "charset the transport declared"),
            Column("http_status", pl.Int32, "status of the HTTP response"),
            Column("payload", pl.Binary, "the bytes as fetched, transfer and content codings undone", required=True),
            Column("payload_sha256", pl.String, "sha256 of the payload, hex", required=True),
            Column("payload_bytes", pl.Int64, "length of the payload", "bytes", required=True),
            Column("user_id", pl.String, "the row's own `id`"),
            Column("metadata", pl.String, "the row's other fields, a JSON object"),
        ),
    ),
    Tier.FILTERED: RowSchema("one row per document", _DOCUMENT),
    Tier.SELECTED: RowSchema(
        "one row per document",
        (
            *_DOCUMENT,
            Column(
                "quality_score", pl.Float32, "probability of the scorer's good class; null without a scorer", "0..1"
            ),
            Column("scorer", pl.String, "sha256 of the scorer's file; null without a scorer"),
        ),
    ),
    Tier.REFINED: RowSchema(
        "one row per (document, recipe, part)",
        (
            *_ORIGIN,
            Column("parent_ids", pl.List(pl.String), "doc_id of the selected document it was made from", required=True),
            Column("recipe", pl.String, "name of the recipe", required=True),
            Column("part", pl.Int32, "index of the attempt within document and recipe, from 0", required=True),
            *_TEXT,
            Column("question", pl.String, "the question, for recipes that make one"),
            Column("answer", pl.String, "its answer"),
            Column("evidence_start", pl.Int64, "start in the parent's text of what was refined", "characters", True),
            Column("evidence_end", pl.Int64, "its end, exclusive", "characters", True),
            Column("support", pl.Float32, "share of content words that occur in that span", "0..1", True),
            *_MODEL,
        ),
    ),
    Tier.ORGANIZED: RowSchema(
        "one row per fact",
        (
            *_ORIGIN,
            Column("fact_id", ID, "hash of the normalised claim: equal across partitions", required=True),
            Column(
                "parent_ids", pl.List(pl.String), "doc_ids of the refined and selected rows it rests on", required=True
            ),
            *_TEXT,
            Column("subject", pl.String, "what the fact is about", required=True),
            Column("predicate", pl.String, "what it says of it", required=True),
            Column("object", pl.String, "the rest of the statement", required=True),
            Column(
                "evidence", pl.List(EVIDENCE), "verbatim spans of selected documents that support it", required=True
            ),
            Column("evidence_count", pl.Int32, "number of spans", required=True),
            *_MODEL,
        ),
    ),
}

_VERDICT = (
    Column("doc_id", ID, "the input: a document; at L3 an attempt, at L4 a candidate claim", required=True),
    Column("uri", pl.String, "where the input came from", required=True),
    Column("kept", pl.Boolean, "whether it is in the tier", required=True),
    Column("drop_reason", pl.String, "family of the reason; null when kept: " + ", ".join(DropReason)),
    Column("rule", pl.String, "the exact rule that dropped it"),
    Column("value", pl.Float64, "what the rule measured"),
    Column("threshold", pl.Float64, "what the rule allows"),
    Column("duplicate_of", ID, "the kept document it duplicates"),
    Column("parent_ids", pl.List(pl.String), "documents of the tier below that the input was made from"),
)


def _signals(*named: tuple[str, str]) -> tuple[Column, ...]:
    return tuple(Column(name, pl.Float64, meaning) for name, meaning in named)


MASKED_KINDS = ("keys", "emails", "ips", "phones", "cards", "ibans")
"""Personal data that is masked in texts."""

FILTER_SIGNALS = _signals(
    ("text_chars", "characters of the text as extracted"),
    ("text_words", "its words, by the policy's tokenizer"),
    ("language_score", "probability of the language found"),
    ("nonsymbol_words", "words with a character that is no punctuation"),
    ("mean_word_length", "characters per word, symbols apart"),
    ("hash_word_ratio", "'#' per word"),
    ("ellipsis_word_ratio", "ellipses per word"),
    ("bullet_line_ratio", "share of lines that start with a bullet"),
    ("ellipsis_line_ratio", "share of lines that end in an ellipsis"),
    ("alpha_word_ratio", "share of words with a letter"),
    ("stop_words", "distinct words of {the be to of and that have with}, or of the policy's for the language"),
    ("duplicate_line_ratio", "share of lines seen before"),
    ("duplicate_line_char_ratio", "share of characters in them"),
    ("duplicate_paragraph_ratio", "share of paragraphs seen before"),
    ("duplicate_paragraph_char_ratio", "share of characters in them"),
    *((f"top_{n}gram_char_ratio", f"characters of the commonest {n}-gram") for n in (2, 3, 4)),
    *((f"duplicate_{n}gram_char_ratio", f"characters in repeated {n}-grams") for n in range(5, 11)),
    ("c4_long_word_lines", "lines removed for a word that is too long"),
    ("c4_unpunctuated_lines", "lines removed for want of terminal punctuation"),
    ("c4_few_word_lines", "lines removed for having too few words"),
    ("c4_javascript_lines", "lines removed for the word javascript"),
    ("c4_policy_lines", "lines removed for a phrase of notices"),
    ("c4_lorem_ipsum", "lines left with lorem ipsum, not of code"),
    ("c4_curly_bracket", "lines left with a curly bracket, not of code"),
    ("c4_sentences", "sentences of the lines left"),
    (
        "punctuated_line_ratio",
        "share of lines of prose that end in punctuation; from here on after C4's removal of lines",
    ),
    ("short_line_ratio", "share of lines of prose of at most 30 characters"),
    ("duplicated_line_chars_ratio", "FineWeb's: characters in repeated lines of prose, line breaks apart"),
    ("newline_word_ratio", "line breaks per word of prose"),
    ("code_max_line_chars", "characters of the longest line"),
    ("code_mean_line_chars", "characters per line"),
    ("code_alnum_ratio", "letters and digits among characters that are no space"),
    ("code_generated", "1 if the file says that a program wrote it"),
    ("code_encoded_chars", "characters of the longest run of base64, hex or escapes"),
    ("code_encoded_ratio", "share of characters in such runs"),
    ("code_markup_ratio", "share of characters in tags"),
    ("code_xml", "1 if it starts with an XML declaration"),
    ("code_setting_line_ratio", "share of lines that are settings or plain data"),
    ("bad_word_ratio", "share of words on the user's list of bad words"),
    *((f"{kind}_masked", f"{kind} replaced by a placeholder") for kind in MASKED_KINDS),
    ("emails_left", "e-mail addresses in the kept text that masking would still find"),
    ("ips_left", "public IP addresses that it would"),
)
LABELS = pl.List(pl.Struct({"language": pl.String, "score": pl.Float32}))
"""Every language a classifier names for a text, with its probability."""

_DECISION_COLUMNS: dict[Tier, tuple[Column, ...]] = {
    Tier.RAW: (*_WHERE, Column("detail", pl.String, "what was wrong with it, without its text")),
    Tier.FILTERED: (
        Column("detail", pl.String, "what blocks a URL: the entry and the list that it is on, or the words"),
        Column("language", pl.String, "language found"),
        Column("languages", LABELS, "every label of at least the policy's `min_label_score`, the likeliest first"),
        Column("extractor", pl.String, "what found the main text"),
        Column("benchmark_item", pl.String, "the benchmark and the item of it that the text repeats"),
        *FILTER_SIGNALS,
    ),
    Tier.SELECTED: _signals(("quality_score", "probability of the scorer's good class"), ("text_chars", "characters")),
    Tier.REFINED: (
        Column("recipe", pl.String, "recipe of the attempt; null for a document not attempted"),
        Column("part", pl.Int32, "index of the attempt"),
        Column("prompt_hash", pl.String, "sha256 of the prompt"),
        Column("finish_reason", pl.String, "why the model stopped"),
        *_signals(("support", "share of content words in the source"), ("completion_tokens", "tokens written")),
    ),
    Tier.ORGANIZED: (
        Column("fact_id", ID, "hash of the normalised claim"),
        Column("prompt_hash", pl.String, "sha256 of the prompt"),
        Column("finish_reason", pl.String, "why the model stopped"),
        *_signals(("support", "share of content words in the span"), ("completion_tokens", "tokens written")),
    ),
}

DECISIONS: dict[Tier, RowSchema] = {
    tier: RowSchema("one row per input, kept or dropped; no text", (*_VERDICT, *columns))
    for tier, columns in _DECISION_COLUMNS.items()
}


@dataclass(frozen=True)
class TableSchema:
    """What a table of the lake holds: promoted rows, and one decision per input."""

    rows: RowSchema
    decisions: RowSchema


SCORERS = "scorers"
"""Name of the table of trained scorers, which pass the same gate as a tier."""

TABLES: dict[str, TableSchema] = {tier.value: TableSchema(ROWS[tier], DECISIONS[tier]) for tier in Tier} | {
    SCORERS: TableSchema(
        RowSchema(
            "one row per trained scorer",
            (
                Column("doc_id", ID, "first 32 hex digits of the file's sha256", required=True),
                Column(
                    "sha256", pl.String, "sha256 of the model file, which lies in the home's models/", required=True
                ),
                Column("cut", pl.Float64, "score from which a document is kept, frozen with the scorer", "0..1", True),
                Column("auc", pl.Float64, "area under the ROC curve on the held-out examples", "0..1", required=True),
                Column("holdout", pl.Int64, "held-out examples", required=True),
                Column("good", pl.Int64, "examples labelled good", required=True),
                Column("bad", pl.Int64, "examples labelled bad", required=True),
                Column("reference", pl.String, "JSON list of the (partition, content digest) it saw", required=True),
            ),
        ),
        RowSchema(
            "one row per example",
            (
                *_VERDICT,
                Column("label", pl.Int8, "1 good, 0 bad", required=True),
                Column("origin", pl.String, "anchor, labels or model", required=True),
                Column("held_out", pl.Boolean, "used to measure, not to train", required=True),
            ),
        ),
    )
}
