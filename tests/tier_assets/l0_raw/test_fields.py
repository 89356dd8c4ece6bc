import json
from datetime import UTC, date, datetime

import pytest

from tier_assets.l0_raw.fields import no_text, read_fields
from tier_assets.l0_raw.findings import Capture, Reject
from tier_assets.policy import RawPolicy

NAIVE = datetime(2026, 3, 1, 5)  # noqa: DTZ001 - as a Parquet timestamp without a zone arrives


def read(row, limit=1000, **policy):
    return read_fields(row, 7, b"raw", RawPolicy(max_payload_bytes=limit, **policy))


def test_text_becomes_text_and_payload():
    found = read({"text": "grüße"})
    assert isinstance(found, Capture)
    assert (found.text, found.payload, found.media_type, found.charset) == (
        "grüße",
        "grüße".encode(),
        "text/plain",
        "utf-8",
    )


def test_html_becomes_a_payload_whose_text_is_still_to_be_extracted():
    found = read({"html": "<p>é", "text": None})
    assert (found.text, found.payload, found.media_type, found.charset) == (None, "<p>é".encode(), "text/html", "utf-8")


def test_known_fields_are_columns_and_all_others_metadata():
    found = read(
        {
            "text": "a",
            "url": "https://e.org",
            "id": 5,
            "language": "de",
            "license": "MIT",
            "fetched_at": 0,
            "stars": 3,
            "x": [1.5],
        }
    )
    assert (found.uri, found.user_id, found.language, found.license) == ("https://e.org", "5", "de", "MIT")
    assert found.fetched_at == datetime(1970, 1, 1, tzinfo=UTC)
    assert found.metadata == '{"stars": 3, "x": [1.5]}'


def test_a_row_without_other_fields_has_no_metadata():
    assert read({"text": "a"}).metadata is None


@pytest.mark.parametrize(
    "row, rule",
    [
        ({}, "no_text"),
        ({"text": None, "body": "a"}, "no_text"),
        ({"text": "a", "html": "b"}, "two_texts"),
        ({"text": 3}, "bad_text"),
        ({"text": ["a"]}, "bad_text"),
        ({"text": "\ud800"}, "bad_encoding"),
        ({"text": "a", "url": "\udfff"}, "bad_encoding"),
        ({"text": b"\xff"}, "bad_encoding"),
        ({"text": "a", "url": 3}, "bad_field"),
        ({"text": "a", "license": ["MIT"]}, "bad_field"),
        ({"text": "a", "fetched_at": "yesterday"}, "bad_fetched_at"),
        ({"text": "a", "fetched_at": True}, "bad_fetched_at"),
        ({"text": "a", "fetched_at": 1e30}, "bad_fetched_at"),
        ({"text": "a", "fetched_at": {}}, "bad_fetched_at"),
    ],
)
def test_each_wrong_field_has_a_rule_of_its_own(row, rule):
    found = read(row)
    assert isinstance(found, Reject)
    assert (found.reason, found.rule, found.offset, found.raw) == ("unreadable", rule, 7, b"raw")


def test_an_empty_text_is_dropped_as_empty():
    assert (read({"text": ""}).reason, read({"html": ""}).rule) == ("empty", "empty_payload")


def test_a_long_text_is_dropped_as_too_large_in_bytes():
    found = read({"text": "é" * 6, "url": "https://e.org"}, limit=11)
    assert (found.reason, found.rule, found.value, found.threshold) == ("too_large", "max_payload_bytes", 12, 11)
    assert isinstance(read({"text": "é" * 5}, limit=11), Capture)


def test_dates_of_parquet_are_read_as_utc():
    assert read({"text": "a", "fetched_at": date(2026, 3, 1)}).fetched_at == datetime(2026, 3, 1, tzinfo=UTC)
    assert read({"text": "a", "fetched_at": NAIVE}).fetched_at == NAIVE.replace(tzinfo=UTC)


def test_what_json_cannot_say_is_metadata_all_the_same():
    found = read({"text": "a", "f": float("nan"), "d": date(2026, 3, 1), "b": b"\x00", "s": "\ud800"})
    assert json.loads(found.metadata) == {"f": None, "d": "2026-03-01", "b": "AA==", "s": "\ud800"}
    assert found.metadata.isascii()


def test_the_first_text_column_that_a_row_has_is_its_text_and_the_others_are_kept_beside():
    columns = ("content", "raw_content", "text")
    found = read({"text": "a", "content": "b", "raw_content": None}, text_columns=columns)
    assert (found.text, found.metadata) == ("b", '{"text": "a"}')
    assert read({"text": "a", "content": None}, text_columns=columns).text == "a"
    assert read({"content": "b", "html": "<p>"}, text_columns=columns).detail == "has both content and html"


def test_html_among_the_text_columns_has_its_place_in_their_order():
    row = {"text": "a", "html": "<p>b"}
    before, behind = read(row, text_columns=("html", "text")), read(row, text_columns=("text", "html"))
    assert (before.media_type, before.payload, before.metadata) == ("text/html", b"<p>b", '{"text": "a"}')
    assert (behind.media_type, behind.text, behind.metadata) == ("text/plain", "a", '{"html": "<p>b"}')


def test_a_row_without_a_text_names_its_columns_and_the_value_that_names_another():
    sentence = "has no column text or html, but 'content', 'id': name that of the text in raw.text_columns"
    assert read({"content": "a", "id": 1}).detail == sentence
    assert no_text(["content", "id"], ("text",)) == sentence
    assert no_text(["a", "html"], ("text",)) is None
    assert no_text([], ("body",)) == "has no column body or html, but none: name that of the text in raw.text_columns"
    assert no_text(["x" * 99] * 30, ("text",)).count("x" * 40 + "', ") == 20
    assert read({"text": None}).detail == "holds nothing in its column of text"
