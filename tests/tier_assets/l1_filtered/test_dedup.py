import io
import json
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tier_assets.l1_filtered.dedup import (
    DUPLICATES,
    INDEX,
    cluster_sizes,
    deduplicate,
    index,
)
from tier_assets.l1_filtered.runs import Run
from tier_assets.policies.filtered import Deduplication
from tier_assets.text.normalization import folded_sha256
from tier_assets.text.shingles import shingles

POLICY = Deduplication()
WORDS = [f"word{n}" for n in range(200)]


def documents(*texts: str, first: int = 0) -> pl.DataFrame:
    ids = [f"d{first + n}" for n in range(len(texts))]
    return pl.DataFrame({"doc_id": ids, "text": list(texts)}, schema={"doc_id": pl.String, "text": pl.String})


def reader(frame: pl.DataFrame):
    return lambda doc_ids: dict(
        frame.filter(pl.col("doc_id").is_in(list(doc_ids))).select("doc_id", "text").iter_rows()
    )


class Kept:
    """Kept documents of an earlier partition, held in memory; remembers which texts were asked for."""

    def __init__(self, frame: pl.DataFrame, policy: Deduplication = POLICY) -> None:
        self.texts_of = reader(frame)
        self.ids = frame["doc_id"].to_list()
        numbered = frame.with_columns(
            doc_id=pl.Series([f"{number:032x}" for number in range(frame.height)], dtype=pl.String)
        )
        self.run = Run.build(index(numbered, policy=policy))
        self.asked: list[str] = []

    def related(self, keys):
        found = self.run.related(keys)
        return found.with_columns(
            doc_id=pl.Series([self.ids[int(each, 16)] for each in found["doc_id"]], dtype=pl.String)
        )

    def texts(self, doc_ids):
        self.asked += doc_ids
        return self.texts_of(doc_ids)


def dropped(*texts: str, earlier=(), policy: Deduplication = POLICY) -> list[tuple]:
    frame = documents(*texts)
    return deduplicate(index(frame, policy=policy), texts=reader(frame), earlier=earlier, policy=policy).rows()


def text(first: int, last: int) -> str:
    return " ".join(WORDS[first:last])


def test_an_index_holds_the_digest_and_a_key_for_each_band_and_each_across():
    frame = index(documents(text(0, 50), "too few words"), policy=POLICY)
    assert frame.schema == INDEX
    assert f"{frame['text_high'][1]:016x}{frame['text_low'][1]:016x}" == folded_sha256("Too  FEW words")[:32]
    assert frame["bands"].list.len().to_list() == [14 + 8, 14 + 8]
    assert frame["shingles"].to_list() == [46, 0]


def test_an_index_takes_at_most_260_bytes_a_document_in_memory():
    frame = documents(*(text(n, n + 50) for n in range(100)))
    named = frame.with_columns(doc_id=pl.Series([f"{number:032x}" for number in range(100)]))
    assert index(named, policy=POLICY).estimated_size() <= 260 * 100


def test_an_equal_text_is_an_exact_duplicate_of_the_first():
    assert dropped("Same  text", "other text", "same TEXT", "same text") == [
        ("d2", "d0", "exact_duplicate", 1.0, 1.0),
        ("d3", "d0", "exact_duplicate", 1.0, 1.0),
    ]


def test_a_similar_text_is_a_near_duplicate_with_its_similarity():
    ((doc_id, duplicate_of, rule, value, threshold),) = dropped(text(0, 100), text(0, 98) + " new end")
    assert (doc_id, duplicate_of, rule, threshold) == ("d1", "d0", "near_duplicate", 0.75)
    assert value == pytest.approx(94 / 98)


def test_a_pair_that_shares_a_band_across_only_is_a_candidate():
    pair = documents(text(0, 60), text(0, 53) + " " + text(150, 157))
    one, other = index(pair, policy=ACROSS)["bands"].to_list()
    assert [number for number, key in enumerate(one) if key in other] == [3 + 1]
    assert [row[:3] for row in dropped(*pair["text"], policy=ACROSS)] == [("d1", "d0", "near_duplicate")]


def test_short_texts_are_only_compared_for_equality():
    assert dropped("one two three four", "five six seven", "", "one two three") == []


def test_a_candidate_less_similar_than_the_policy_says_stays():
    assert dropped(text(0, 100), text(0, 90) + " " + text(150, 160), policy=Deduplication(min_jaccard=0.9)) == []
    assert len(dropped(text(0, 100), text(0, 90) + " " + text(150, 160), policy=Deduplication(min_jaccard=0.8))) == 1


def test_a_dropped_document_drops_no_other():
    a, b, c = text(0, 100), text(10, 110), text(20, 120)
    similar_to_b = Deduplication(min_jaccard=0.8, bands=40, rows=2)
    assert dropped(b, c, policy=similar_to_b)[0][1] == "d0"
    assert [row[:2] for row in dropped(a, b, c, policy=similar_to_b)] == [("d1", "d0")]


def test_the_first_kept_document_counts_even_where_a_later_one_is_equal():
    policy = Deduplication(min_jaccard=0.5, bands=40, rows=2)
    a, b = text(0, 100), text(40, 140)
    joined = text(20, 120)
    assert dropped(a, b, policy=policy) == []
    assert dropped(a, b, joined, policy=policy)[0][1] == "d0"


def test_an_earlier_partition_comes_first_and_only_candidates_are_read():
    earlier = Kept(documents(text(0, 100), text(100, 200), "Short one", first=100))
    rows = dropped(text(0, 98), "short ONE", text(50, 150), earlier=[earlier])
    assert [row[:3] for row in rows] == [("d0", "d100", "near_duplicate"), ("d1", "d102", "exact_duplicate")]
    assert earlier.asked == ["d100"]


def test_the_first_of_several_earlier_partitions_counts():
    first, second = Kept(documents(text(0, 100), first=100)), Kept(documents(text(0, 98), text(100, 200), first=200))
    rows = dropped(text(0, 99), text(100, 198), earlier=[first, second])
    assert [row[:2] for row in rows] == [("d0", "d100"), ("d1", "d201")]


def test_texts_equal_to_one_that_was_kept_are_not_read():
    asked = []
    frame = documents(*[text(0, 100)] * 50)
    found = deduplicate(index(frame, policy=POLICY), texts=asked.append, earlier=[Kept(frame)], policy=POLICY)
    assert found["duplicate_of"].to_list() == ["d0"] * 50
    assert asked == []


def test_no_documents_give_no_rows():
    frame = deduplicate(INDEX.to_frame(), texts=dict, earlier=[Kept(documents("a", first=9))], policy=POLICY)
    assert frame.schema == DUPLICATES
    assert frame.is_empty()


def test_a_cluster_is_its_survivor_and_the_duplicates_of_it():
    first = pl.DataFrame({"duplicate_of": ["a", None, "a", "x"]})
    second = pl.DataFrame({"duplicate_of": ["a", None, "b"]})
    assert dict(cluster_sizes([first]).iter_rows()) == {"a": 3, "x": 2}
    assert dict(cluster_sizes([first, second]).iter_rows()) == {"a": 4, "x": 2, "b": 2}
    assert cluster_sizes([]).is_empty()


def brute_force(texts: list[str], policy: Deduplication) -> dict[int, int]:
    """Dropped position -> the first kept one it repeats, by comparing all that share a band."""
    found = index(documents(*texts), policy=policy)
    digests = found.select("text_high", "text_low").rows()
    bands = [set(keys) for keys in found["bands"].to_list()]
    sets = [shingles(each, policy.ngram) for each in texts]
    kept: list[int] = []
    result: dict[int, int] = {}
    for place in range(len(texts)):
        for other in kept:
            both = sets[place] | sets[other]
            alike = bool(both) and len(sets[place] & sets[other]) / len(both) >= policy.min_jaccard
            if digests[place] == digests[other] or (alike and bands[place] & bands[other]):
                result[place] = other
                break
        else:
            kept.append(place)
    return result


# Short texts of few words, shingles of two words: many pairs of every similarity.
LOOSE = Deduplication(ngram=2, bands=20, rows=2, min_jaccard=0.5)
# Bands so long that most of the pairs are found by the bands across them.
ACROSS = Deduplication(ngram=2, bands=3, rows=20, min_jaccard=0.5)
POLICIES = st.sampled_from([LOOSE, ACROSS])
TEXTS = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "B", "d,"]), min_size=1, max_size=7).map(" ".join), max_size=24
)


@settings(deadline=None)  # the first call compiles
@given(TEXTS, POLICIES)
def test_verdicts_are_those_of_comparing_each_with_every_kept_one(texts, policy):
    rows = dropped(*texts, policy=policy)
    assert {int(row[0][1:]): int(row[1][1:]) for row in rows} == brute_force(texts, policy)


@settings(deadline=None)
@given(TEXTS, st.lists(st.integers(0, 24), max_size=4), POLICIES)
def test_partition_by_partition_gives_what_one_pass_gives(texts, cuts, policy):
    at_once = dropped(*texts, policy=policy)
    borders = [0, *sorted(min(cut, len(texts)) for cut in cuts), len(texts)]
    earlier, piecewise = [], []
    for start, end in pairwise(borders):
        part = documents(*texts[start:end], first=start)
        found = deduplicate(index(part, policy=policy), texts=reader(part), earlier=earlier, policy=policy)
        piecewise += found.rows()
        earlier.append(Kept(part.filter(~pl.col("doc_id").is_in(found["doc_id"].to_list())), policy))
    assert piecewise == at_once


def rows_of(path: Path) -> list[dict]:
    with path.open("rb") as stream:
        lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(stream), encoding="utf-8")
        return [json.loads(line) for line in lines]


def test_of_a_thousand_news_articles_the_ten_plagiarised_ones_are_dropped_and_no_other(test_data):
    folder = test_data / "near_dup"
    articles = rows_of(folder / "plagiarised_news_docs.jsonl.zst")
    planted = {frozenset((pair["a"], pair["b"])) for pair in rows_of(folder / "plagiarised_news_pairs.jsonl.zst")}
    frame = pl.DataFrame([{"doc_id": article["id"], "text": article["text"]} for article in articles])
    found = deduplicate(index(frame, policy=POLICY), texts=reader(frame), earlier=(), policy=POLICY)
    assert {frozenset(row[:2]) for row in found.iter_rows()} == planted


@pytest.mark.parametrize(
    ("name", "policy", "least_recall"),
    [
        ("news_2012", POLICY, 1.0),
        ("terms_versions", POLICY, 0.996),
        # More bands of fewer rows find the pairs near the threshold that the default misses by chance.
        ("terms_versions", Deduplication(bands=20, rows=6), 1.0),
    ],
)
def test_labelled_pairs_are_found_and_nothing_else(test_data, name, policy, least_recall):
    folder = test_data / "near_dup"
    frame = pl.DataFrame(
        [{"doc_id": each["id"], "text": each["text"]} for each in rows_of(folder / f"{name}_docs.jsonl.zst")]
    )
    pairs = [pair for pair in rows_of(folder / f"{name}_pairs.jsonl.zst") if pair["jaccard"] >= policy.min_jaccard]
    found = deduplicate(index(frame, policy=policy), texts=reader(frame), earlier=(), policy=policy)
    # In every labelled pair at least one of the two is dropped; every dropped one is in a labelled pair.
    gone = set(found["doc_id"])
    assert sum(bool({pair["a"], pair["b"]} & gone) for pair in pairs) >= least_recall * len(pairs)
    assert {frozenset(row[:2]) for row in found.iter_rows()} <= {frozenset((pair["a"], pair["b"])) for pair in pairs}
