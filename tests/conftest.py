"""Fixtures that many tests share: a lake in a temporary folder, tiny frames, a home."""

import json
import os
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from hypothesis import settings

from resources.private_data_analyzer import PresidioAnalyzer
from tier_assets.home import Home
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.landing.zone import LandingZone
from tier_assets.outcome import Outcome
from tier_assets.policy_book import PolicyBook
from tier_assets.progress import LogNarrator
from tier_assets.schemas import TABLES

settings.register_profile("full", max_examples=500)


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="all the kills, races and examples of the reliability study")


def pytest_configure(config):
    if config.getoption("--full"):
        settings.load_profile("full")


@pytest.fixture(scope="session")
def often(request):
    """A function that takes two counts: the first in `make test`, the second, the study's, in `make test-slow`."""
    full = request.config.getoption("--full")
    return lambda usual, studied: studied if full else usual


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


@pytest.fixture
def key():
    return PartitionKey.parse("crawl.2026-08")


@pytest.fixture
def documents():
    """A function from texts to an L1 outcome that keeps them all, and drops one more for each reason named."""

    def make(*texts: str, dropped: int = 0) -> Outcome:
        rows = pl.DataFrame(
            {
                "doc_id": [f"{number:032x}" for number in range(len(texts))],
                "uri": [f"https://example.org/{number}" for number in range(len(texts))],
                "source": ["crawl"] * len(texts),
                "generation": [0] * len(texts),
                "file": ["a.warc.gz"] * len(texts),
                "offset": list(range(len(texts))),
                "text": list(texts),
                "text_chars": [len(text) for text in texts],
                "text_words": [len(text.split()) for text in texts],
                "language": ["en"] * len(texts),
                "language_score": [0.9] * len(texts),
                "extractor": ["plain"] * len(texts),
                "cluster_id": [f"{number:032x}" for number in range(len(texts))],
                "cluster_size": [1] * len(texts),
            },
            schema_overrides=dict.fromkeys(("doc_id", "uri", "source", "file", "text", "language"), pl.String),
        )
        kept = rows.select("doc_id", "uri", pl.lit(True).alias("kept"))
        lost = pl.DataFrame(
            {
                "doc_id": [f"{number + 1000:032x}" for number in range(dropped)],
                "uri": ["https://example.org/bad"] * dropped,
                "kept": [False] * dropped,
                "drop_reason": ["quality"] * dropped,
                "rule": ["min_words"] * dropped,
                "value": [3.0] * dropped,
                "threshold": [50.0] * dropped,
            }
        )
        schema = TABLES["filtered"]
        decisions = pl.concat([schema.decisions.conform(kept), schema.decisions.conform(lost)])
        return Outcome(schema.rows.conform(rows), decisions)

    return make


@pytest.fixture(scope="session")
def test_data():
    """The folder of real data; tests that need it skip, saying so, where it is not set."""
    folder = os.environ.get("STRATA_TEST_DATA")
    if not folder:
        pytest.skip("STRATA_TEST_DATA is not set: no real data here")
    return Path(folder)


class Platform:
    """A home in a temporary folder with an instance: lands texts, runs single assets with the resources given."""

    def __init__(self, root: Path, instance: dg.DagsterInstance) -> None:
        self.home = Home(root)
        self.home.prepare()
        self.lake = Lake(self.home.lake)
        self.landing = LandingZone(self.home.landing)
        self.instance = instance

    def land(self, partition: str, *texts: str) -> PartitionKey:
        key = PartitionKey.parse(partition)
        path = self.home.root / "pages.jsonl"
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        self.landing.land(key, [path])
        return key

    def run(self, asset: dg.AssetsDefinition, key: PartitionKey, policy=None, tags=None, **resources):
        self.instance.add_dynamic_partitions("snapshots", [str(key)])
        given = {
            "home": self.home,
            "lake": self.lake,
            "landing": self.landing,
            "policies": PolicyBook(policy, str(self.home.policy)),
            "narrator": LogNarrator(),
            "presidio": PresidioAnalyzer,
            **resources,
        }
        return dg.materialize(
            [asset],
            instance=self.instance,
            partition_key=str(key),
            resources={name: value for name, value in given.items() if name in asset.required_resource_keys},
            tags=tags,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )


@pytest.fixture
def platform(tmp_path):
    with dg.DagsterInstance.ephemeral() as instance:
        yield Platform(tmp_path / "home", instance)
