"""Lookup finds facts by plain words, in any script, whatever the query holds; the file follows the promoted heads."""

import multiprocessing
import sqlite3

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.flips import flipped
from tier_assets.errors import LakeError
from tier_assets.files.sealed import seal_beside
from tier_assets.l4_organized.index import FactIndex
from tier_assets.l4_organized.resolution import fact_id
from tier_assets.schemas import ROWS
from tier_assets.tiers import Tier

FACTS = {
    "crawl.1": ["The long canal carries water to Oslo.", "Telescopes in São Paulo are old.", "中国的运河很长。"],
    "crawl.2": ["The long canal carries water to Oslo!", "Oslo has AND, OR and NEAR gates."],
}


def rows(texts):
    span = {"doc_id": "s", "uri": "https://example.org/", "file": "a.warc", "offset": 7, "start": 0, "end": 1}
    facts = [
        {"doc_id": f"d{number}", "fact_id": fact_id(text), "text": text, "evidence": [{"text": text, **span}]}
        for number, text in enumerate(texts)
    ]
    schema = ROWS[Tier.ORGANIZED]
    return schema.conform(pl.DataFrame(facts)) if facts else pl.DataFrame(schema=schema.polars)


def heads(facts=FACTS, mark=""):
    return {partition: f"digest of {partition}{mark}" for partition in facts}


@pytest.fixture
def index(tmp_path):
    made = FactIndex(tmp_path / "deep" / "facts.sqlite")
    made.refresh(heads(), lambda partition: rows(FACTS[partition]))
    return made


def found(index, query, limit=10):
    return [hit.fact for hit in index.lookup(query, limit)]


@pytest.mark.parametrize(
    ("query", "fact"),
    [
        ("canal oslo", "The long canal carries water to Oslo."),
        ("telescope sao", "Telescopes in São Paulo are old."),
        ("运河", "中国的运河很长。"),
        ("NEAR gates", "Oslo has AND, OR and NEAR gates."),
    ],
)
def test_words_are_found_without_case_accents_endings_or_spaces(index, query, fact):
    assert found(index, query)[0] == fact


def test_facts_with_all_words_come_alone_and_any_word_will_do_otherwise(index):
    assert found(index, "oslo gates") == ["Oslo has AND, OR and NEAR gates."]
    assert set(found(index, "oslo unicorns")) == {FACTS["crawl.1"][0], FACTS["crawl.2"][1]}
    assert found(index, "unicorns and dragons") == []


def test_a_chinese_word_is_a_phrase_of_neighbours(index):
    assert found(index, "河运") == []


def test_a_fact_of_two_partitions_is_one_hit_with_the_evidence_of_both(index):
    (hit,) = [hit for hit in index.lookup("canal", 10) if "Oslo" in hit.fact]
    assert [span.partition for span in hit.evidence] == ["crawl.1", "crawl.2"]
    assert hit.as_dict()["evidence"][0] == {
        "text": FACTS["crawl.1"][0],
        "doc_id": "s",
        "uri": "https://example.org/",
        "partition": "crawl.1",
        "file": "a.warc",
        "offset": 7,
        "start": 0,
        "end": 1,
    }


def test_the_limit_counts_facts(index):
    assert len(index.lookup("oslo", 1)) == 1


@pytest.mark.parametrize(
    "query", ["", "  ", '"', "*", "-:()^+{}", "_", "\0", "\udc00", "'; drop table facts; --", "text:"]
)
def test_a_query_without_words_of_the_facts_finds_nothing(index, query):
    assert index.lookup(query, 5) == []


@pytest.mark.parametrize(
    "query", ['"canal', "canal*", "NOT canal", "canal NEAR(", "text: canal", "-canal", "^canal", "can\0al canal"]
)
def test_operators_have_no_meaning(index, query):
    assert "The long canal carries water to Oslo." in found(index, query)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(), max_size=30))
def test_no_query_raises(index, query):
    index.lookup(query, 3)


def test_only_new_and_changed_partitions_are_loaded(index):
    asked = []

    def load(partition):
        asked.append(partition)
        return rows(["The bridge is new."])

    index.refresh(heads(), load)
    assert asked == []
    index.refresh({**heads(), "crawl.2": "another", "crawl.3": "new"}, load)
    assert asked == ["crawl.2", "crawl.3"]
    assert found(index, "gates") == []
    assert [span.partition for span in index.lookup("bridge", 5)[0].evidence] == ["crawl.2", "crawl.3"]


def test_what_vanished_is_gone_from_the_bytes_too(index, tmp_path):
    index.refresh({"crawl.1": heads()["crawl.1"]}, lambda _: pytest.fail("nothing is new"))
    content = (tmp_path / "deep" / "facts.sqlite").read_bytes()
    assert b"gates" not in content
    assert b"NEAR" not in content
    assert b"canal" in content


def test_a_refresh_that_fails_leaves_the_file_as_it_was(index):
    def load(partition):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        index.refresh({"crawl.9": "new"}, load)
    assert len(found(index, "oslo")) == 2


def test_a_file_that_was_never_refreshed_finds_nothing(tmp_path):
    assert FactIndex(tmp_path / "facts.sqlite").lookup("canal", 5) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"no database" * 500,
        lambda data: data[:5000],
        lambda data: data[:4096] + b"\xff" * (len(data) - 4096),
        lambda data: b"",
    ],
)
def test_a_damaged_file_is_made_anew(index, tmp_path, damage):
    path = tmp_path / "deep" / "facts.sqlite"
    path.write_bytes(damage(path.read_bytes()))
    index.refresh(heads(), lambda partition: rows(FACTS[partition]))
    assert len(found(index, "oslo")) == 2


def test_a_flipped_bit_anywhere_never_changes_what_is_found(index, tmp_path):
    path = tmp_path / "deep" / "facts.sqlite"
    truth = index.lookup("oslo", 10)
    for harmed in flipped(path.read_bytes()):
        path.write_bytes(harmed)
        with pytest.raises(LakeError, match="look up once more to rebuild it"):
            index.lookup("oslo", 10)
    index.refresh(heads(), lambda partition: rows(FACTS[partition]))
    assert index.lookup("oslo", 10) == truth


def test_a_word_that_was_changed_within_a_fact_is_found_out(index, tmp_path):
    path = tmp_path / "deep" / "facts.sqlite"
    path.write_bytes(path.read_bytes().replace(b"canal carries", b"canal carried"))
    index.refresh(heads(), lambda partition: rows(FACTS[partition]))
    assert found(index, "carries") == ["The long canal carries water to Oslo."]


def test_the_journal_of_a_killed_refresh_makes_the_file_anew(index, tmp_path):
    journal = tmp_path / "deep" / "facts.sqlite-journal"
    journal.write_bytes(b"half of a page")
    asked = []
    index.refresh(heads(), lambda partition: (asked.append(partition), rows(FACTS[partition]))[1])
    assert asked == ["crawl.1", "crawl.2"]
    assert not journal.exists()
    assert len(found(index, "oslo")) == 2


def test_a_file_damaged_after_its_refresh_says_what_to_do(index, tmp_path):
    (tmp_path / "deep" / "facts.sqlite").write_bytes(b"no database" * 500)
    with pytest.raises(LakeError, match="look up once more to rebuild it"):
        index.lookup("canal", 5)


def test_a_file_that_cannot_be_opened_says_what_to_do(tmp_path):
    (tmp_path / "facts.sqlite").mkdir()
    with pytest.raises(LakeError, match="cannot be used .*: check its disk and permissions"):
        FactIndex(tmp_path / "facts.sqlite").lookup("canal", 5)


def test_a_file_of_another_version_is_made_anew(index, tmp_path):
    with sqlite3.connect(tmp_path / "deep" / "facts.sqlite") as connection:
        connection.execute("pragma user_version = 999")
    connection.close()
    seal_beside(tmp_path / "deep" / "facts.sqlite")
    with pytest.raises(LakeError, match="look up once more to rebuild it"):
        index.lookup("oslo", 5)
    index.refresh(heads(), lambda partition: rows(FACTS[partition]))
    assert len(found(index, "oslo")) == 2


def refresh_and_look(path, number, answers):
    index = FactIndex(path)
    for turn in range(5):
        index.refresh(heads(mark=f" {number} {turn}"), lambda partition: rows(FACTS[partition]))
        answers.put(len(index.lookup("oslo", 10)))


def test_processes_that_refresh_at_once_all_find_everything(tmp_path):
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    processes = [
        context.Process(target=refresh_and_look, args=(tmp_path / "facts.sqlite", number, answers))
        for number in range(2)
    ]
    for process in processes:
        process.start()
    seen = [answers.get(timeout=120) for _ in range(10)]
    for process in processes:
        process.join()
    assert seen == [2] * 10


def test_an_empty_partition_is_in_step(tmp_path):
    index = FactIndex(tmp_path / "facts.sqlite")
    index.refresh({"crawl.1": "empty"}, lambda _: rows([]))
    assert index.lookup("canal", 5) == []
