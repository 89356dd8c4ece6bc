import os
import signal
from dataclasses import dataclass

import polars as pl
import pytest

from resources.text_classifier import language_identifier
from tests.flips import flipped
from tests.parts import unmeasured
from tier_assets.errors import DamagedError
from tier_assets.inference import silent
from tier_assets.l1_filtered import measuring
from tier_assets.l1_filtered.block_lists import BlockLists
from tier_assets.l1_filtered.measuring import Measurement, Tools, blocked, measure, measure_parts, measured_by
from tier_assets.l1_filtered.supervision import BETWEEN, Crew, WorkerError
from tier_assets.policies.filtered import (
    C4Quality,
    Contamination,
    Deduplication,
    FilteredPolicy,
    FineWebQuality,
    GopherQuality,
    PrivateData,
)
from tier_assets.schemas import ROWS
from tier_assets.tiers import Tier

POLICY = FilteredPolicy()
LETTER = (
    "The lighthouse of the northern cape was built in 1857 by the engineer Anna Lindqvist, who had studied the currents "
    "of the bay for eleven years, and fishermen of the coast paid for a third of the tower."
)


def pages(*texts, **columns):
    rows = pl.DataFrame(
        {
            "doc_id": [f"{number:032x}" for number in range(len(texts))],
            "uri": [f"https://example.org/{number}" for number in range(len(texts))],
            "file": ["a.jsonl"] * len(texts),
            "offset": list(range(len(texts))),
            "text": list(texts),
            "media_type": ["text/plain"] * len(texts),
            "payload": [b""] * len(texts),
            **columns,
        }
    )
    return ROWS[Tier.RAW].conform(rows)


@dataclass(frozen=True)
class Deadly:
    """A classifier that ends its process at the first text with a certain word."""

    word: str
    digest: str = "deadly"

    def predict(self, texts, k=1, min_score=0.0):
        if any(self.word in text for text in texts):
            os.kill(os.getpid(), signal.SIGKILL)
        return [[] for _ in texts]


@dataclass(frozen=True)
class Crashing(Measurement):
    """Measures, but one page in a hundred ends the process."""

    def __call__(self, task, lost, at):
        def begin(page):
            at(page)
            if page % 100 == 50:
                os.kill(os.getpid(), signal.SIGSEGV)

        return super().__call__(task, lost, begin)


@pytest.fixture(scope="module")
def tools():
    return Tools(language_identifier())


def run(parts, tools, policy=POLICY, report=silent, workers=1):
    measure_parts(parts, policy=policy, tools=tools, block_lists=BlockLists(), workers=workers, report=report)


def test_every_page_is_measured_in_order_whatever_becomes_of_it(tools):
    found = measure(pages(LETTER, " ", LETTER), policy=POLICY, tools=tools)
    assert found["doc_id"].to_list() == [f"{number:032x}" for number in range(3)]
    assert found["rule"].to_list() == [None, "no_text", None]
    assert found["language"].to_list() == ["en", None, "en"]
    assert found["bands"].list.len().to_list() == [14 + 8, None, 14 + 8]


def test_a_text_of_which_no_line_is_left_is_empty(tools):
    found = measure(pages("Accept cookies\nPrivacy policy"), policy=POLICY, tools=tools)
    assert found.select("drop_reason", "rule").row(0) == ("empty", "no_lines_left")


def test_where_c4_does_not_judge_it_removes_no_line(tools):
    policy = FilteredPolicy(rules=("quality",))
    assert measure(pages("Accept cookies\nNow"), policy=policy, tools=tools)["text"].item() == "Accept cookies\nNow"


def test_blocked_urls_are_not_even_read(tools):
    policy, lists = POLICY, BlockLists(domains={"example.org": "mine"})
    rows = pages(LETTER)
    dropped = blocked(rows, policy, lists)
    begun = []
    found = measure(rows, policy=policy, tools=tools, blocked=dropped, at=begun.append)
    assert begun == [BETWEEN]
    expected = ("url", "blocked_domain", "example.org: mine", None)
    assert found.select("drop_reason", "rule", "detail", "text").row(0) == expected
    assert blocked(rows, FilteredPolicy(rules=("c4",)), lists).is_empty()


def test_lost_pages_are_not_touched_and_say_why(tools):
    begun = []
    lost = {0: "seconds", 2: "crash"}
    found = measure(pages(LETTER, LETTER, LETTER), policy=POLICY, tools=tools, lost=lost, at=begun.append)
    assert begun == [1, BETWEEN]
    assert found.select("drop_reason", "rule", "threshold").rows() == [
        ("timeout", "max_page_seconds", 10.0),
        (None, None, None),
        ("unreadable", "extractor_crash", None),
    ]


@pytest.mark.parametrize("workers", [1, 2])
def test_parts_are_measured_once(tmp_path, tools, workers):
    parts = unmeasured(tmp_path, pages(LETTER), pages(" ", LETTER))
    assert not parts[0].is_measured
    run(parts, tools, workers=workers)
    assert [part.measured(["rule"])["rule"].to_list() for part in parts] == [[None], ["no_text", None]]
    stamps = [part.path.stat().st_mtime_ns for part in parts]
    run(parts, tools)
    assert [part.path.stat().st_mtime_ns for part in parts] == stamps


def test_one_page_in_a_hundred_that_crashes_the_extractor_costs_those_pages_only(tmp_path, tools):
    letters = [f"Letter number {number}. {LETTER} " * 2 for number in range(300)]
    (part,) = unmeasured(tmp_path, pages(*letters))
    with Crew(Crashing(POLICY, tools), workers=2, unit_seconds=10) as crew:
        list(crew.run([(part, None)], lambda done, begun: None))
    rules = part.measured(["rule"])["rule"].to_list()
    assert [number for number, rule in enumerate(rules) if rule == "extractor_crash"] == [50, 150, 250]
    assert rules.count(None) == 297


def test_a_process_reads_a_page_of_its_own_before_the_first_limit_begins(tmp_path, tools, monkeypatch):
    done = []
    monkeypatch.setattr(measuring, "extract_page", lambda *_, **__: done.append("its own"))
    measuring._read_a_page.cache_clear()
    for part in unmeasured(tmp_path, pages(LETTER), pages(LETTER)):
        Measurement(POLICY, tools)((part, None), {}, done.append)
    assert done == ["its own", 0, BETWEEN, 0, BETWEEN]


def test_a_crash_after_extraction_is_no_pages_fault(tmp_path):
    parts = unmeasured(tmp_path, pages(LETTER))
    with pytest.raises(WorkerError, match="no page is at fault"):
        run(parts, Tools(Deadly("lighthouse")))


def test_progress_ends_with_all_pages(tmp_path, tools):
    told = []
    run(unmeasured(tmp_path, pages(LETTER), pages(LETTER)), tools, report=lambda *seen: told.append(seen))
    assert told[-1] == (2, 2, "pages measured")


def test_extracting_and_measuring_are_told_apart(tmp_path, tools, monkeypatch):
    told = []
    begun = iter([(0, 0), (0, 7), (0, 0), (1, 3), (1, 0), (2, 0)])
    monkeypatch.setattr(Crew, "run", lambda self, tasks, report: [report(*each) for each in begun])
    parts = unmeasured(tmp_path, *[pages(*[LETTER] * 10)] * 2)
    run(parts, tools, report=lambda done, total, what: told.append((done, what)))
    assert told == [
        (0, "pages extracted"), (7, "pages extracted"), (0, "pages measured"), (13, "pages extracted"),
        (10, "pages measured"), (20, "pages measured"),
    ]  # fmt: skip


def test_a_damaged_file_is_measured_again(tmp_path, tools):
    (part,) = unmeasured(tmp_path, pages(LETTER))
    run([part], tools)
    part.path.write_bytes(b"damaged")
    with pytest.raises(DamagedError, match="materialize again"):
        part.measured()
    assert not part.is_measured
    run([part], tools)
    assert part.is_measured


def test_a_flipped_bit_anywhere_is_never_what_was_measured(tmp_path, tools):
    (part,) = unmeasured(tmp_path, pages(LETTER, " ", LETTER[:60]))
    run([part], tools)
    whole = part.path.read_bytes()
    for harmed in flipped(whole):
        part.path.write_bytes(harmed)
        assert not part.is_measured


def test_measurements_of_the_form_before_count_as_none(tmp_path, tools):
    (part,) = unmeasured(tmp_path, pages(LETTER))
    measure(pages(LETTER), policy=POLICY, tools=tools).write_parquet(part.path)
    assert not part.is_measured


@pytest.mark.parametrize(
    "limits",
    [
        {"min_language_score": 0.1},
        {"quality": GopherQuality(min_words=3)},
        {"fineweb": FineWebQuality(max_short_line_ratio=0.1)},
        {"c4": C4Quality(min_sentences=1)},
        {"deduplication": Deduplication(min_jaccard=0.5, scope="global")},
        {"contamination": Contamination(benchmarks=("b",))},
        {"max_page_seconds": 1.0},
        {"languages": ("de",)},
    ],
)
def test_a_limit_changes_no_measurement(limits):
    assert measured_by(FilteredPolicy(**limits)) == measured_by(POLICY)


@pytest.mark.parametrize(
    "values",
    [
        {"fineweb": FineWebQuality(short_line_chars=20)},
        {"c4": C4Quality(min_line_words=1)},
        {"deduplication": Deduplication(ngram=7)},
        {"private_data": PrivateData(kinds=("email",))},
        {"tokenizer": "spacy-like"},
        {"rules": ("quality",)},
        {"language_chars": 10},
        {"media_types": ("text/html",)},
    ],
)
def test_all_else_does(values):
    assert measured_by(FilteredPolicy(**values)) != measured_by(POLICY)
