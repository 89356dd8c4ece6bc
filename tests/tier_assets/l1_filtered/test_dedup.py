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
    NoEarlierDocuments,
    deduplicate,
    index,
)
from tier_assets.policies.filtered import Deduplication
from tier_assets.text.normalization import folded_sha256
from tier_assets.text.shingles import shingles

POLICY = Deduplication()
WORDS = [f"word{n}" for n in range(200)]


def documents(*texts: str, first: int = 0) -> pl.DataFrame:
    ids = [f"d{first + n}" for n in range(len(texts))]
    return pl.DataFrame({"doc_id": ids, "text": list(texts)}, schema={"doc_id": pl.String, "text": pl.String})


class Kept:
    """Kept documents of earlier partitions, held in memory; remembers which texts were asked for."""

    def __init__(self, frame: pl.DataFrame, policy: Deduplication = POLICY) -> None:
        self.frame = frame
        self.index = index(frame, policy=policy)
        self.asked: list[str] = []

    def texts(self, doc_ids):
        self.asked += doc_ids
        return dict(self.frame.filter(pl.col("doc_id").is_in(list(doc_ids))).select("doc_id", "text").iter_rows())


def dropped(*texts: str, earlier=None, policy: Deduplication = POLICY) -> list[tuple]:
    return deduplicate(documents(*texts), earlier=earlier or NoEarlierDocuments(), policy=policy).rows()


def text(first: int, last: int) -> str:
    return " ".join(WORDS[first:last])


def test_an_index_holds_a_digest_and_a_key_for_each_band():
    frame = index(documents(text(0, 50), "too few words"), policy=POLICY)
    assert frame.schema == INDEX
    assert frame["text_sha256"][1] == folded_sha256("Too  FEW words")
    assert frame["bands"].list.len().to_list() == [14, 0]


def test_an_equal_text_is_an_exact_duplicate_of_the_first():
    assert dropped("Same  text", "other text", "same TEXT", "same text") == [
        ("d2", "d0", "exact_duplicate", 1.0, 1.0),
        ("d3", "d0", "exact_duplicate", 1.0, 1.0),
    ]


def test_a_similar_text_is_a_near_duplicate_with_its_similarity():
    ((doc_id, duplicate_of, rule, value, threshold),) = dropped(text(0, 100), text(0, 98) + " new end")
    assert (doc_id, duplicate_of, rule, threshold) == ("d1", "d0", "near_duplicate", 0.75)
    assert value == pytest.approx(94 / 98)


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
    rows = dropped(text(0, 98), "short ONE", text(50, 150), earlier=earlier)
    assert [row[:3] for row in rows] == [("d0", "d100", "near_duplicate"), ("d1", "d102", "exact_duplicate")]
    assert earlier.asked == ["d100", "d102"]


def test_no_documents_give_no_rows():
    frame = deduplicate(documents(), earlier=Kept(documents("a", first=9)), policy=POLICY)
    assert frame.schema == DUPLICATES
    assert frame.is_empty()


def brute_force(texts: list[str], policy: Deduplication) -> dict[int, int]:
    """Dropped position -> the first kept one it repeats, by comparing all that share a band."""
    found = index(documents(*texts), policy=policy)
    digests, bands = found["text_sha256"].to_list(), [set(keys) for keys in found["bands"].to_list()]
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
TEXTS = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "B", "d,"]), min_size=1, max_size=7).map(" ".join), max_size=24
)


@settings(deadline=None)  # the first call compiles
@given(TEXTS)
def test_verdicts_are_those_of_comparing_each_with_every_kept_one(texts):
    rows = dropped(*texts, policy=LOOSE)
    assert {int(row[0][1:]): int(row[1][1:]) for row in rows} == brute_force(texts, LOOSE)


@settings(deadline=None)
@given(TEXTS, st.lists(st.integers(0, 24), max_size=4))
def test_partition_by_partition_gives_what_one_pass_gives(texts, cuts):
    at_once = dropped(*texts, policy=LOOSE)
    borders = [0, *sorted(min(cut, len(texts)) for cut in cuts), len(texts)]
    kept, piecewise = documents(), []
    for start, end in pairwise(borders):
        part = documents(*texts[start:end], first=start)
        duplicates = deduplicate(part, earlier=Kept(kept, LOOSE), policy=LOOSE)
        piecewise += duplicates.rows()
        kept = pl.concat([kept, part.filter(~pl.col("doc_id").is_in(duplicates["doc_id"].to_list()))])
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
    found = deduplicate(frame, earlier=NoEarlierDocuments(), policy=POLICY)
    assert {frozenset(row[:2]) for row in found.iter_rows()} == planted
