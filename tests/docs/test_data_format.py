import re
from pathlib import Path

import polars as pl
import pytest

from tier_assets.data_format import describe
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.outcome import Outcome
from tier_assets.schemas import DECISIONS, ROWS
from tier_assets.tiers import Tier

PAGE = Path(__file__).parents[2] / "docs" / "data-format.md"
KEY = PartitionKey.parse("crawl.2026-34")


def test_the_committed_page_is_the_generated_one():
    assert PAGE.read_text("utf-8") == describe(), "run: python -m tier_assets.data_format > docs/data-format.md"


def documents(*ids: str) -> Outcome:
    given = pl.DataFrame({"doc_id": list(ids)}).with_columns(
        uri=pl.lit("https://example.org/"),
        source=pl.lit("crawl"),
        generation=0,
        file=pl.lit("a.warc"),
        offset=0,
        text=pl.lit("some text"),
        text_chars=9,
        text_words=2,
        extractor=pl.lit("plain"),
        cluster_id="doc_id",
        cluster_size=1,
    )
    decided = given.with_columns(kept=pl.col("doc_id") != "d3")
    verdicts = decided.with_columns(
        drop_reason=pl.when(~pl.col("kept")).then(pl.lit("quality")),
        rule=pl.when(~pl.col("kept")).then(pl.lit("min_words")),
    )
    return Outcome(ROWS[Tier.FILTERED].conform(decided.filter("kept")), DECISIONS[Tier.FILTERED].conform(verdicts))


def test_the_ways_to_read_that_the_page_shows_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    lake = Lake(tmp_path / "lake")
    lake.promote(lake.stage("filtered", KEY, documents("d1", "d2", "d3"), basis=0, parts={"code": "1"}))
    lake.stage("filtered", KEY, documents("d1", "d2", "d4"), basis=1, parts={"code": "2"})
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", describe(), re.DOTALL)
    found: dict = {}
    exec("\n".join(blocks), found)
    assert found["one"]["doc_id"].to_list() == ["d1", "d2"]
    assert found["one"].columns[-1] == "partition"
    assert sorted(found["rows"]["doc_id"]) == ["d1", "d2"]
    assert found["counts"].fetchall() == [("crawl.2026-34", 2)]
    assert ("quality", "min_words", 1) in found["dropped"].rows()
