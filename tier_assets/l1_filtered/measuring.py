"""What is measured of every page, before any threshold has a say: its text, its language, its signals, its signature.

Each step has a module: `urls.py`, `extraction.py`, `language.py`, `signals.py`, `lines.py`, `code.py`, `bad_words.py`,
`private_data.py`, `dedup.py`. What the policy makes of it is `filtering.py`'s; that it is done in processes which a page
may crash, `supervision.py`'s.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import polars as pl

from tier_assets.errors import DamagedError
from tier_assets.files.digests import text_digest
from tier_assets.files.frames import RowGroup
from tier_assets.files.sealed import open_sealed, write_sealed
from tier_assets.inference import PrivateDataAnalyzer, Report, TextClassifier
from tier_assets.l1_filtered.bad_words import BadWords, bad_word_ratio
from tier_assets.l1_filtered.block_lists import BlockLists
from tier_assets.l1_filtered.code import CODE, code_signals
from tier_assets.l1_filtered.dedup import index
from tier_assets.l1_filtered.extraction import EXTRACTION, extract, extract_page
from tier_assets.l1_filtered.language import identify
from tier_assets.l1_filtered.lines import CLEANING, clean_lines
from tier_assets.l1_filtered.private_data import MASKING, mask
from tier_assets.l1_filtered.rules import stop_words
from tier_assets.l1_filtered.signals import SIGNALS, TOKENIZERS, fineweb_signals, gopher_signals
from tier_assets.l1_filtered.supervision import BETWEEN, Crew, Losses, prepare
from tier_assets.l1_filtered.urls import URL_RULES, VERDICT, judge_urls
from tier_assets.policies.filtered import FilteredPolicy, FineWebQuality
from tier_assets.schemas import DropReason
from tier_assets.text.normalization import NORMALIZATION
from tier_assets.text.shingles import SHINGLES
from tier_assets.text.signatures import SIGNATURES

NO_LINES = "no_lines_left"
"""The rule that drops a text of which the cleaning of lines leaves nothing."""

# A new value that is named here by mistake would leave stale measurements standing: all others count.
_LIMITS: dict[str, Any] = {
    **dict.fromkeys(("min_language_score", "languages", "max_page_seconds"), True),
    **dict.fromkeys(("quality", "repetition", "code", "contamination"), True),
    "fineweb": set(FineWebQuality.model_fields) - {"short_line_chars"},
    "c4": {"min_sentences", "max_lorem_ipsum", "max_curly_bracket"},
    "deduplication": {"min_jaccard", "scope"},
    "bad_words": {"max_bad_word_ratio"},
}
_VERDICT = pl.Schema([("doc_id", pl.String()), *VERDICT.items()])
_PRELOAD = (
    "tier_assets.l1_filtered.measuring",
    *(f"tier_assets.l1_filtered.html.{name}_kernel" for name in ("tag", "block", "choice", "list", "writing")),
    *(
        f"tier_assets.l1_filtered.{name}_kernel"
        for name in ("word", "punctuation", "ngram", "line", "clean", "private_data")
    ),
    *(f"tier_assets.text.{name}_kernel" for name in ("utf8", "minhash")),
    "resources.text_classifier",
)
# Read twice and then left: the lowest level takes two thirds of the time of the usual one for a seventh more bytes.
CACHE: Mapping[str, Any] = MappingProxyType({"compression": "zstd", "compression_level": 1})
"""How files of measurements are written."""
_NOTHING_LOST: Losses = MappingProxyType({})


@dataclass(frozen=True)
class Tools:
    """What measuring needs beside the pages and the policy: the model of languages, the user's list of bad words, and what
    finds private data if not our rules.
    """

    identifier: TextClassifier
    bad_words: BadWords = field(default_factory=BadWords)
    analyzer: PrivateDataAnalyzer | None = None


@dataclass(frozen=True)
class Part:
    """Some pages of a partition, in order, and the sealed file that holds what was measured of them."""

    group: RowGroup
    path: Path

    def pages(self) -> pl.DataFrame:
        """The raw rows, less what has been measured or is too large to hold twice."""
        return self.group.read(("doc_id", "uri", "source", "license", "fetched_at", "generation", "file", "offset"))

    def measured(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """What `measure` made of them, a row each, in order. Raises DamagedError for a file that is not what was measured."""
        content = open_sealed(self.path)
        if content is None:
            raise DamagedError(f"{self.path} was damaged since it was measured and is gone: materialize again")
        return pl.read_parquet(bytes(content), columns=list(columns) if columns else None)

    @property
    def is_measured(self) -> bool:
        """Whether the file is there and as it was written."""
        return open_sealed(self.path) is not None


@dataclass(frozen=True)
class Measurement:
    """The work of a worker process: a part's pages to a part's file."""

    policy: FilteredPolicy
    tools: Tools

    def __call__(self, task: tuple[Part, pl.DataFrame], lost: Losses, at: Callable[[int], None]) -> None:
        """See `supervision.Work`: a task is a part and what URLs drop of it, its units are pages."""
        part, blocked = task
        _read_a_page(self.policy.extractor)
        measured = measure(part.group.read(), policy=self.policy, tools=self.tools, blocked=blocked, lost=lost, at=at)
        write_sealed(part.path, lambda temporary: measured.write_parquet(temporary, **CACHE))


@cache
def _read_a_page(extractor: Literal["cascade", "trafilatura"]) -> None:
    """Load what reads pages, and compile it in a new installation: else the first page's limit would have to do for both."""
    policy = FilteredPolicy(extractor=extractor)
    extract_page(None, "text/html", None, None, b"<p>The tide comes twice a day.</p>", policy=policy)


def measure_parts(
    parts: Sequence[Part],
    *,
    policy: FilteredPolicy,
    tools: Tools,
    block_lists: BlockLists,
    workers: int,
    report: Report,
) -> None:
    """Measure the parts that are not yet, in worker processes. A page that crashes one or takes too long is lost alone.

    `report` gets the pages of which the main text is extracted, and while none is, those of the parts that are done.

    URLs are judged here: a list of millions of domains is held once.
    """
    todo = [part for part in parts if not part.is_measured]
    if not todo:
        return
    total = sum(part.group.rows for part in parts)
    behind = list(accumulate((part.group.rows for part in todo), initial=total - sum(part.group.rows for part in todo)))
    tasks = ((part, blocked(part.group.read(("doc_id", "uri")), policy, block_lists)) for part in todo)
    extracting = True  # until a part's pages are, when all that follows is measured of its texts

    def told(done: int, begun: int) -> None:
        nonlocal extracting
        if begun or (extracting and done < len(todo)):
            extracting = not begun
            report(min(behind[done] + begun, total), total, "pages extracted")
        else:
            report(behind[done], total, "pages measured")

    work = Measurement(policy, tools)
    prepare(_PRELOAD)
    # While that process imports, this one loads the kernels that deduplication will need: half a second as well.
    index(pl.DataFrame({"doc_id": [""], "text": [""]}), policy=policy.deduplication)
    with Crew(work, workers=min(workers, len(todo)), unit_seconds=policy.max_page_seconds) as crew:
        for _ in crew.run(tasks, told):
            pass


def blocked(pages: pl.DataFrame, policy: FilteredPolicy, lists: BlockLists) -> pl.DataFrame:
    """`doc_id` and verdict (`_VERDICT`) of the pages that need not be read, their URL being enough to drop them."""
    if "url" not in policy.rules:
        return _VERDICT.to_frame()
    judged = judge_urls(pages["uri"], policy=policy.urls, lists=lists)
    return pl.concat([pages.select("doc_id"), judged], how="horizontal").filter(pl.col("drop_reason").is_not_null())


def measure(
    pages: pl.DataFrame,
    *,
    policy: FilteredPolicy,
    tools: Tools,
    blocked: pl.DataFrame | None = None,
    lost: Losses = _NOTHING_LOST,
    at: Callable[[int], None] = lambda _: None,
) -> pl.DataFrame:
    """One row per page, in order: what extraction found, `language` and `languages`, every signal, the dedup index.

    Where no text came out, `drop_reason`, `rule`, `value`, `threshold` and `detail` say why, and the signals are null. `text`
    is what L1 would keep: lines cleaned (if `rules` names c4), personal data masked. `blocked` is what the function of that
    name gives, `lost` are pages, by their number, that must not be touched again; `at` is called with the number of each
    page before it is extracted.
    """
    unread = _lost(pages["doc_id"], lost, policy)
    if blocked is not None:
        unread = pl.concat([unread, blocked.join(unread, on="doc_id", how="anti", maintain_order="left")])
    wanted = pages.with_row_index("number").join(unread, on="doc_id", how="anti", maintain_order="left")
    numbers = wanted["number"].to_list()
    extracted = extract(wanted, policy=policy, at=lambda number: at(numbers[number]))
    at(BETWEEN)
    readable = extracted.filter(pl.col("text").is_not_null())
    measured = pl.concat(
        [
            unread,
            extracted.filter(pl.col("text").is_null()),
            _measured(readable, policy, tools),
        ],
        how="diagonal",
    )
    return pages.select("doc_id").join(measured, on="doc_id", how="left", maintain_order="left")


def _lost(doc_ids: pl.Series, lost: Losses, policy: FilteredPolicy) -> pl.DataFrame:
    """The verdicts (`_VERDICT`) on pages that took too long or crashed a process."""
    verdicts = {
        "seconds": (DropReason.TIMEOUT.value, "max_page_seconds", None, policy.max_page_seconds, None),
        "crash": (DropReason.UNREADABLE.value, "extractor_crash", None, None, None),
    }
    rows = [(doc_ids[number], *verdicts[why]) for number, why in lost.items()]
    return pl.DataFrame(rows, schema=_VERDICT, orient="row")


def _measured(readable: pl.DataFrame, policy: FilteredPolicy, tools: Tools) -> pl.DataFrame:
    """One row per text, in order: `readable` and all that is measured of its texts. FineWeb measures the prose
    that C4 has left: lines of code are short, without punctuation, and often the same.
    """
    texts = readable["text"].to_list()
    identified = identify(texts, tools.identifier, policy=policy)
    languages = identified["language"].to_list()
    found = [
        readable.drop("text"),
        identified,
        gopher_signals(texts, tokenizer=policy.tokenizer, languages=languages, stop_words=stop_words(policy)),
    ]
    prose = texts
    if "c4" in policy.rules:
        cleaned = clean_lines(texts, policy=policy.c4)
        texts = cleaned["text"].to_list()
        prose = [text if rest is None else rest for text, rest in zip(texts, cleaned["prose"], strict=True)]
        found.append(cleaned.drop("text", "prose"))
    short = policy.fineweb.short_line_chars
    found.append(fineweb_signals(prose, short_line_chars=short, tokenizer=policy.tokenizer))
    if "code" in policy.rules:
        found.append(code_signals(texts))
    found.append(bad_word_ratio(texts, languages, lists=tools.bad_words).to_frame())
    masked = mask(texts, policy=policy.private_data, analyzer=tools.analyzer)
    documents = pl.concat([readable.select("doc_id"), masked.select("text")], how="horizontal")
    found += [masked, index(documents, policy=policy.deduplication).drop("doc_id")]
    nothing_left = pl.col("text") == ""
    return pl.concat(found, how="horizontal").with_columns(
        drop_reason=pl.when(nothing_left).then(pl.lit(DropReason.EMPTY.value)),
        rule=pl.when(nothing_left).then(pl.lit(NO_LINES)),
    )


def measured_by(policy: FilteredPolicy) -> str:
    """Digest of what `measure` depends on beside pages and tools: versions of its steps, and of the policy all but limits."""
    values = policy.model_dump(mode="json", exclude=_LIMITS)
    return text_digest(
        *(URL_RULES, EXTRACTION, NORMALIZATION, *TOKENIZERS.values()),
        *(SIGNALS, CLEANING, CODE, MASKING, SHINGLES, SIGNATURES),
        json.dumps(values, sort_keys=True),
    )
