"""Deduplication over a real lake: however partitions arrive, what stands once nothing is stale is what one pass keeps."""

import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tier_assets.keys import PartitionKey
from tier_assets.l1_filtered.dedup import deduplicate, index
from tier_assets.l1_filtered.earlier import PromotedDocuments
from tier_assets.lake.lake import Lake
from tier_assets.landing.zone import Arrival
from tier_assets.neighbours import Neighbours
from tier_assets.outcome import Outcome
from tier_assets.planning import CONTRACTS, plan
from tier_assets.policy_book import PolicyBook
from tier_assets.schemas import DECISIONS, ROWS, TABLES
from tier_assets.staleness import fingerprint_parts, inputs_of
from tier_assets.tiers import Tier

MODELS = {"language_identifier": lambda: "lid"}
# Short texts of few words, shingles of two words: many pairs of every similarity.
LOOSE = {"ngram": 2, "bands": 20, "rows": 2, "min_jaccard": 0.5}
# Bands so long that most of the pairs are found by the bands across them.
ACROSS = {**LOOSE, "bands": 3, "rows": 20}
NAMES = ("crawl.1.a", "wiki.1", "crawl.1.b", "crawl.2", "wiki.2")
TEXT = "the old mill by the river was painted red last summer"


class Filtering:
    """A lake whose L1 does nothing but deduplicate the texts that are in the world."""

    def __init__(self, root: Path, scope: str, rules: dict[str, float] = LOOSE) -> None:
        self.lake = Lake(root)
        self.book = PolicyBook({"filtered": {"deduplication": {**rules, "scope": scope}}})
        self.texts: dict[PartitionKey, list[str]] = {}
        self.arrivals: dict[PartitionKey, Arrival] = {}

    def arrive(self, name: str, texts: list[str]) -> None:
        key = PartitionKey.parse(name)
        self.texts[key] = texts
        self.arrivals[key] = Arrival(key, (), True, f"{len(self.arrivals)} {texts}")
        pages = pl.DataFrame({"doc_id": self.ids(key), "text": texts}, schema={"doc_id": pl.String, "text": pl.String})
        self.promote(Tier.RAW, key, Outcome(ROWS[Tier.RAW].conform(pages), DECISIONS[Tier.RAW].polars.to_frame()))

    def ids(self, key: PartitionKey) -> list[str]:
        return [f"{NAMES.index(str(key)):016x}{number:016x}" for number in range(len(self.texts[key]))]

    def documents(self, key: PartitionKey) -> pl.DataFrame:
        texts = self.texts[key]
        positions = {"file": ["a"] * len(texts), "offset": range(len(texts))}
        schema = {"doc_id": pl.String, "text": pl.String, "file": pl.String, "offset": pl.Int64}
        return pl.DataFrame({"doc_id": self.ids(key), "text": texts, **positions}, schema=schema)

    def promote(self, tier: Tier, key: PartitionKey, outcome: Outcome) -> None:
        inputs = inputs_of(CONTRACTS[tier], key, self.lake, self.book, self.arrivals[key])
        parts = fingerprint_parts(CONTRACTS[tier], key, inputs, self.book, MODELS)
        self.lake.promote(self.lake.stage(tier, key, outcome, basis=self.lake.basis(tier, key), parts=parts))

    def compute(self, key: PartitionKey) -> None:
        policy = self.book.for_source(key.source).filtered.deduplication
        frame = self.documents(key)
        texts = dict(frame.select("doc_id", "text").iter_rows())
        indexed = index(frame, policy=policy)
        earlier = PromotedDocuments(self.lake, Neighbours(self.lake).before(Tier.FILTERED, key, policy.scope), policy)
        found = deduplicate(
            indexed, texts=lambda ids: {name: texts[name] for name in ids}, earlier=earlier, policy=policy
        )
        decided = frame.join(found, on="doc_id", how="left").with_columns(kept=pl.col("duplicate_of").is_null())
        schema = TABLES[Tier.FILTERED]
        rows = schema.rows.conform(decided.filter("kept").with_columns(cluster_id="doc_id", cluster_size=1))
        self.promote(Tier.FILTERED, key, Outcome(rows, schema.decisions.conform(decided)))

    def stale(self) -> list[PartitionKey]:
        needs = plan(self.lake, self.arrivals, self.book, MODELS, tiers=[Tier.FILTERED])
        return [need.key for need in needs if need.runs]

    def refresh(self) -> None:
        while stale := self.stale():
            self.compute(stale[0])

    def verdicts(self) -> dict[str, str | None]:
        """doc_id to what it duplicates, None for a kept one."""
        found = [self.lake.decisions(Tier.FILTERED, key).collect() for key in self.texts]
        return dict(pl.concat(found).select("doc_id", "duplicate_of").iter_rows())


def one_pass(world: Filtering, *names: str) -> dict[str, str | None]:
    """The verdicts on the named partitions deduplicated at once, as one list in the total order."""
    keys = sorted(PartitionKey.parse(name) for name in names)
    frame = pl.concat([world.documents(key) for key in keys])
    texts = dict(frame.select("doc_id", "text").iter_rows())
    policy = world.book.default.filtered.deduplication
    found = deduplicate(
        index(frame, policy=policy), texts=lambda ids: {name: texts[name] for name in ids}, earlier=(), policy=policy
    )
    return dict.fromkeys(frame["doc_id"]) | dict(found.select("doc_id", "duplicate_of").iter_rows())


TEXTS = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "B", "d,"]), min_size=1, max_size=6).map(" ".join), max_size=5
)
FAMILIES = {
    "snapshot": [("crawl.1.a", "crawl.1.b"), ("crawl.2",), ("wiki.1",), ("wiki.2",)],
    "source": [("crawl.1.a", "crawl.1.b", "crawl.2"), ("wiki.1", "wiki.2")],
    "global": [NAMES],
}


@settings(deadline=None, max_examples=4, suppress_health_check=[HealthCheck.too_slow])
@given(
    order=st.permutations(NAMES),
    texts=st.tuples(*[TEXTS] * len(NAMES)),
    refreshed=st.tuples(*[st.booleans()] * 5),
    rules=st.sampled_from([LOOSE, ACROSS]),
)
@pytest.mark.parametrize("scope", FAMILIES)
def test_any_order_of_arrival_ends_in_the_verdicts_of_one_pass(scope, order, texts, refreshed, rules):
    with tempfile.TemporaryDirectory() as folder:
        world = Filtering(Path(folder), scope, rules)
        for name, at_once in zip(order, refreshed, strict=True):
            world.arrive(name, texts[NAMES.index(name)])
            if at_once:
                world.refresh()
        world.refresh()
        expected: dict[str, str | None] = {}
        for family in FAMILIES[scope]:
            expected |= one_pass(world, *family)
        assert world.verdicts() == expected


def test_a_duplicate_comes_back_when_its_survivor_is_gone(tmp_path):
    world = Filtering(tmp_path, "source")
    world.arrive("crawl.1.a", ["unlike any other text of the lot", TEXT])
    world.arrive("crawl.2", [TEXT + " again"])
    world.refresh()
    survivor, duplicate = world.ids(PartitionKey.parse("crawl.1.a"))[1], world.ids(PartitionKey.parse("crawl.2"))[0]
    assert world.verdicts()[duplicate] == survivor
    world.arrive("crawl.1.a", ["unlike any other text of the lot"])
    world.refresh()
    assert world.verdicts()[duplicate] is None


def test_a_partition_that_arrives_late_takes_over_the_clusters_of_later_ones(tmp_path):
    world = Filtering(tmp_path, "source")
    world.arrive("crawl.2", [TEXT])
    world.refresh()
    world.arrive("crawl.1.a", [TEXT.upper()])
    world.refresh()
    first, second = (world.ids(PartitionKey.parse(name))[0] for name in ("crawl.1.a", "crawl.2"))
    assert world.verdicts() == {first: None, second: first}


def test_a_source_keeps_a_survivor_of_every_cluster_unless_the_scope_is_global(tmp_path):
    kept = {}
    for scope in FAMILIES:
        world = Filtering(tmp_path / scope, scope)
        for name in NAMES:
            world.arrive(name, [TEXT])
        world.refresh()
        first = {world.ids(PartitionKey.parse(name))[0]: name for name in NAMES}
        kept[scope] = {first[doc_id] for doc_id, repeated in world.verdicts().items() if repeated is None}
    assert kept == {
        "snapshot": {"crawl.1.a", "crawl.2", "wiki.1", "wiki.2"},
        "source": {"crawl.1.a", "wiki.1"},
        "global": {"crawl.1.a"},
    }
