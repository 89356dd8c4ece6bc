import random
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.text_classifier import language_identifier
from tests.parts import measured
from tier_assets.l1_filtered.filtering import filter_documents
from tier_assets.l1_filtered.measuring import Tools
from tier_assets.outcome import Outcome, joined
from tier_assets.policies.filtered import Contamination, FilteredPolicy, GopherQuality
from tier_assets.schemas import DECISIONS, FILTER_SIGNALS, ROWS
from tier_assets.text import contamination
from tier_assets.tiers import Tier

POLICY = FilteredPolicy()
VOCABULARY = """water house people country school letter morning winter garden teacher market engine window river mountain
bridge doctor music paper story family village summer night road animal question answer number field north south
ship stone king table money voice island forest weather corner history market train city world friend hand light
quickly slowly always often never almost again together found wrote carried opened closed followed walked answered
remembered discovered built painted measured crossed visited small large old young quiet heavy bright narrow famous
foreign simple common early late""".split()
FRAME = "the {} of a {} that {} had {} with the {} and the {} was {} to {} when they {} in {}".split()


def article(topic: str) -> str:
    """Ten lines of English words about a topic, that break no rule and are unlike those about another topic."""
    dice = random.Random(topic)
    lines = []
    for _ in range(10):
        words = [dice.choice(VOCABULARY) if word == "{}" else word for word in FRAME]
        lines.append(f"In the {topic} {' '.join(words)}.")
    return "\n".join(lines)


def raw(number: int, text: str | None, **columns: object) -> dict:
    row = {
        "doc_id": f"{number:032x}",
        "uri": f"https://example.org/{number}",
        "source": "crawl",
        "license": "CC-BY",
        "fetched_at": datetime(2026, 8, 1, tzinfo=UTC),
        "generation": 0,
        "file": "a.warc.gz",
        "offset": number * 10,
        "text": text,
        "media_type": "text/plain",
        "http_status": 200,
        "payload": b"",
        "payload_sha256": "0" * 64,
        "payload_bytes": 0,
    }
    return row | columns


def frame(*rows: dict) -> pl.DataFrame:
    pages = ROWS[Tier.RAW].conform(pl.DataFrame(list(rows), infer_schema_length=None))
    return pages.with_columns(partition=pl.lit("crawl.2026-34"))


@pytest.fixture(scope="module")
def filtered(tmp_path_factory):
    tools = Tools(language_identifier())

    def run(*rows: dict, policy: FilteredPolicy = POLICY, cut: int | None = None, **given) -> Outcome:
        pages = frame(*rows)
        frames = [pages] if cut is None else [pages[:cut], pages[cut:]]
        parts = measured(tmp_path_factory.mktemp("parts"), *frames, policy=policy, tools=tools)
        return joined(filter_documents(parts, earlier=(), policy=policy, **given))

    return run


PAGES = (
    raw(0, article("river")),
    raw(1, None, media_type="image/png"),
    raw(2, None, http_status=404),
    raw(3, " \n"),
    raw(
        4,
        "This letter is far too short to be of use to anybody who reads about history and the weather of that country.",
    ),
    raw(5, article("river").replace("river", "stream", 1)),
    raw(6, article("castle") + "\n" + article("castle")),
    raw(7, article("castle")),
    raw(8, article("river")),
    raw(9, "qwzx vbnm ptkq xzzv " * 30),
)


def test_every_pass_over_the_parts_is_told_of(filtered):
    told = []
    filtered(*PAGES, cut=4, report=lambda *seen: told.append(seen))
    passes = {what: [done for done, _, each in told if each == what] for _, _, what in told}
    assert list(passes) == ["pages judged", "documents compared", "pages written"]
    assert passes["pages judged"] == passes["pages written"] == [0, 4]
    assert passes["documents compared"][0] == 0


def test_every_page_has_one_decision_with_its_reason(filtered):
    decisions = filtered(*PAGES).decisions
    found = {int(row["doc_id"], 16): (row["drop_reason"], row["rule"]) for row in decisions.iter_rows(named=True)}
    assert decisions.height == len(PAGES)
    assert found == {
        0: (None, None),
        1: ("unreadable", "media_type"),
        2: ("unreadable", "http_status"),
        3: ("empty", "no_text"),
        4: ("quality", "min_words"),
        5: ("duplicate", "near_duplicate"),
        6: ("repetition", "max_duplicate_line_ratio"),
        7: (None, None),
        8: ("duplicate", "exact_duplicate"),
        9: ("language", "min_language_score"),
    }


def test_kept_rows_are_those_of_the_kept_decisions_and_both_fit_their_schemas(filtered):
    outcome = filtered(*PAGES)
    assert outcome.rows.schema == ROWS[Tier.FILTERED].polars
    assert outcome.decisions.schema == DECISIONS[Tier.FILTERED].polars
    assert outcome.rows["doc_id"].to_list() == outcome.decisions.filter("kept")["doc_id"].to_list()
    assert not outcome.rows.select(ROWS[Tier.FILTERED].required).null_count().sum_horizontal().item()


def test_a_kept_row_carries_its_origin_its_text_and_what_was_found(filtered):
    row = filtered(*PAGES).rows.row(0, named=True)
    assert row["uri"] == "https://example.org/0"
    assert row["license"] == "CC-BY"
    assert (row["text"], row["text_chars"]) == (article("river"), len(article("river")))
    assert row["text_words"] == len(article("river").split())
    assert (row["language"], row["extractor"], row["cluster_id"]) == ("en", "plain", row["doc_id"])
    assert row["language_score"] > 0.65


def test_a_duplicate_names_the_kept_document_and_how_alike_they_are(filtered):
    decisions = filtered(*PAGES).decisions
    near = decisions.row(5, named=True)
    assert (near["duplicate_of"], near["threshold"]) == (f"{0:032x}", 0.75)
    assert 0.75 <= near["value"] < 1
    exact = decisions.row(8, named=True)
    assert (exact["duplicate_of"], exact["value"], exact["threshold"]) == (f"{0:032x}", 1.0, 1.0)


def test_a_decision_holds_every_signal_of_a_dropped_document_and_none_of_an_unreadable_one(filtered):
    decisions = filtered(*PAGES).decisions
    # Of families that do not judge here, and of what is looked for in kept texts alone, there is nothing.
    unasked = ("code_", "bad_word_ratio", "emails_left", "ips_left")
    names = [column.name for column in FILTER_SIGNALS if not column.name.startswith(unasked)]
    assert None not in decisions.select(names).row(4)
    assert set(decisions.select(names).row(1)) == {None}
    assert decisions["text_words"][4] == 22.0


def test_the_work_is_measured(filtered):
    assert filtered(*PAGES).measures == {
        "pages": 10.0,
        "exact_duplicates": 1.0,
        "near_duplicates": 1.0,
        "contaminated_rows": 0.0,
    }


def test_no_pages_give_no_documents():
    outcome = joined(filter_documents([], earlier=(), policy=POLICY))
    assert outcome.rows.is_empty()
    assert outcome.decisions.is_empty()


def test_parts_are_one_partition(filtered):
    whole, cut = filtered(*PAGES), filtered(*PAGES, cut=5)
    assert cut.rows.equals(whole.rows)
    assert cut.decisions.equals(whole.decisions)
    assert cut.measures == whole.measures


def test_a_new_threshold_keeps_what_it_allows(filtered):
    lenient = FilteredPolicy(quality=GopherQuality(min_words=20), rules=("quality",))
    assert filtered(*PAGES, policy=lenient).decisions["rule"][4] is None


def test_a_survivor_says_how_large_its_cluster_is(filtered):
    rows = filtered(*PAGES).rows
    assert dict(rows.select("doc_id", "cluster_size").iter_rows()) == {f"{0:032x}": 3, f"{7:032x}": 1}


QUESTION = (
    "How many clips did Natalia sell altogether in April and May, if she sold half as many of them in May as in April?"
)
BENCHMARKS = contamination.build([contamination.Item("gsm8k", "7", QUESTION)], Contamination())


def test_a_page_that_repeats_a_benchmark_is_dropped_naming_the_item(filtered):
    rows = (raw(0, article("river") + "\n" + QUESTION), raw(1, article("castle")))
    outcome = filtered(*rows, benchmarks=BENCHMARKS)
    first, second = outcome.decisions.iter_rows(named=True)
    assert (first["drop_reason"], first["rule"], first["benchmark_item"]) == (
        "contaminated",
        "benchmark_overlap",
        "gsm8k/7",
    )
    assert first["value"] >= first["threshold"] > 0
    assert second["kept"]
    assert outcome.measures["contaminated_rows"] == 0


def test_a_contaminated_page_is_nobodys_original(filtered):
    rows = (raw(0, article("river") + "\n" + QUESTION), raw(1, article("river")))
    assert filtered(*rows, benchmarks=BENCHMARKS).rows["doc_id"].to_list() == [f"{1:032x}"]


def test_personal_data_is_masked_and_counted(filtered):
    outcome = filtered(
        raw(0, article("river") + "\nWrite to anna.lindqvist@lighthouse.se before the end of the month.")
    )
    assert "Write to <EMAIL> before" in outcome.rows["text"].item()
    decision = outcome.decisions.row(0, named=True)
    assert (decision["emails_masked"], decision["emails_left"]) == (1.0, 0.0)


@settings(deadline=None, max_examples=20)
@given(order=st.permutations(PAGES))
def test_the_order_of_the_rows_changes_nothing_their_positions_do(filtered, order):
    usual, other = filtered(*PAGES), filtered(*order)
    assert other.rows.equals(usual.rows)
    assert other.decisions.equals(usual.decisions)


def test_the_page_that_stands_first_is_the_one_kept(filtered):
    swapped = (raw(8, article("river"), offset=0), raw(0, article("river"), offset=80))
    assert filtered(*swapped).rows["doc_id"].to_list() == [f"{8:032x}"]
