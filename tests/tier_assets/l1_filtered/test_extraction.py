import random
import sys

import polars as pl
import pytest

from tier_assets.inference import silent
from tier_assets.l1_filtered.extraction import COLUMNS, extract, extract_page, main_text
from tier_assets.policies.filtered import FilteredPolicy

POLICY = FilteredPolicy()
ARTICLE = "<p>" + "</p><p>".join(f"Sentence number {n} of the article says something new." for n in range(12)) + "</p>"
PAGE = f"""<html><head><title> The
 title </title></head><body><nav><a href=/>Home</a> <a href=/x>Contact</a></nav>
<article><h1>Heading</h1>{ARTICLE}</article><footer>Imprint</footer></body></html>"""


def page(payload: str | bytes = PAGE, **columns: object) -> dict:
    data = payload.encode() if isinstance(payload, str) else payload
    row = {"text": None, "media_type": "text/html", "charset": None, "http_status": 200, "payload": data}
    return row | columns


def extracted(**columns: object) -> dict:
    return extract_page(**page(**columns), policy=POLICY)._asdict()


def verdict(**columns: object) -> tuple:
    found = extracted(**columns)
    return found["text"], found["drop_reason"], found["rule"], found["value"]


def test_the_main_text_of_a_page_is_found_without_its_menu():
    found = extracted()
    assert found["extractor"] == "trafilatura"
    assert found["title"] == "The title"
    assert "Sentence number 11 of the article says something new." in found["text"]
    assert "Contact" not in found["text"]


def test_a_given_text_is_taken_as_it_is():
    found = extracted(text="Given.\r\nText", media_type="text/plain")
    assert (found["text"], found["extractor"], found["drop_reason"]) == ("Given.\nText", "plain", None)


def test_a_plain_payload_is_decoded_and_not_parsed():
    assert extracted(payload="a <b> \u00fc", media_type="text/plain")["text"] == "a <b> \u00fc"


def test_a_media_type_outside_the_policy_is_unreadable():
    assert verdict(media_type="application/pdf") == (None, "unreadable", "media_type", None)


def test_a_media_type_that_the_policy_allows_but_nobody_can_read_is_unreadable_too():
    policy = FilteredPolicy(media_types=("application/pdf",))
    found = extract_page(**page(media_type="application/pdf"), policy=policy)
    assert (found.drop_reason, found.rule) == ("unreadable", "media_type")


@pytest.mark.parametrize("status", [404, 500, 302, 199])
def test_a_response_that_is_no_success_is_unreadable(status):
    assert verdict(http_status=status) == (None, "unreadable", "http_status", float(status))


def test_a_page_without_http_is_read():
    assert verdict(http_status=None)[1] is None


@pytest.mark.parametrize("payload", ["", "<html><body></body></html>", "<script>x()</script>", " \ufeff\u200b "])
def test_a_page_without_text_is_empty(payload):
    assert verdict(payload=payload) == (None, "empty", "no_text", None)


def test_a_page_nested_deeper_than_the_policy_allows_is_unreadable():
    found = extracted(payload="<html><body>" + "<div>" * 190_000 + "hello world " * 50)
    assert (found["drop_reason"], found["rule"], found["threshold"]) == ("unreadable", "max_tree_depth", 4000.0)


@pytest.mark.parametrize("repeated", ["<div>", "<a href=x>link</a> "])
def test_a_page_of_more_tags_than_the_policy_allows_is_too_large(repeated):
    found = extracted(payload="<html><body><table>" + repeated * 200_001)
    assert (found["drop_reason"], found["rule"], found["threshold"]) == ("too_large", "max_tags", 200_000.0)
    assert found["value"] > 200_000


def test_many_tags_side_by_side_are_not_deep():
    assert extracted(payload="<html><body>" + "<p>Hello, dear world of tags.</p>" * 3000)["drop_reason"] is None


def test_a_page_of_very_many_tags_is_left_to_the_extractor_that_is_not_slowed_by_them():
    found = main_text(PAGE, policy=FilteredPolicy(max_trafilatura_tags=5))
    assert found.extractor == "resiliparse"
    assert "Sentence number 11 of the article says something new." in found.text


def test_resiliparse_helps_where_trafilatura_finds_far_less():
    nested = "<html><body>" + "<div>" * 500 + "A sentence that stands very deep. " * 20
    found = main_text(nested, policy=POLICY)
    assert found.extractor == "resiliparse"
    assert found.text.startswith("A sentence that stands very deep.")


def test_a_table_that_only_places_text_leaves_no_borders_and_a_real_one_stays():
    html = f"<html><body><table><tr><td></td><td>{ARTICLE}</td></tr></table>{ARTICLE}"
    html += "<table><tr><th>Year</th><th>Yield</th></tr><tr><td>2011</td><td>17</td></tr></table></body></html>"
    lines = main_text(html, policy=POLICY).text.split("\n")
    assert [line for line in lines if "|" in line and "Sentence" in line] == []
    assert "| 2011 | 17 |" in lines


def test_an_extractor_that_fails_costs_that_page_only():
    payload = PAGE.encode()

    def depth() -> int:
        frame, count = sys._getframe(), 0
        while frame is not None:
            frame, count = frame.f_back, count + 1
        return count

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(depth() + 12)
    try:
        found = extract_page(None, "text/html", None, 200, payload, policy=POLICY)
    finally:
        sys.setrecursionlimit(limit)
    assert (found.drop_reason, found.rule) == ("unreadable", "extractor_error")


HOSTILE = [
    b"\x00" * 500,
    b"<html><body><p>a\x00b &#0; &#xD800; &#x110000; " + b"hello world " * 40,
    b'<?xml version="1.0" encoding="nonsense"?><html><body><p>' + b"hello world " * 40,
    b"\xff\xfe<html>",
    b"<![CDATA[" + b"x" * 1000,
    b"<!--" * 1000,
    b"<table><tr><td>" * 2000,
    b"<html><plaintext>" + b"<a href='" * 500,
    b"<svg><math><template><frameset>" + b"<x:y z:w=1>text " * 100,
]


@pytest.mark.parametrize("payload", HOSTILE)
def test_hostile_bytes_give_a_text_or_a_reason(payload):
    found = extracted(payload=payload)
    assert (found["text"] is None) == (found["drop_reason"] is not None)


def test_mutated_pages_give_a_text_or_a_reason():
    dice = random.Random(7)
    pieces = [
        b"<",
        b">",
        b"</div>",
        b"<table>",
        b"\x00",
        b"&#xD800;",
        b"<!--",
        b'"',
        b"<svg>",
        b"<li>",
        b"\xff",
        b"<?xml ",
    ]
    for _ in range(150):
        data = bytearray(PAGE.encode())
        for _ in range(dice.randint(1, 30)):
            at = dice.randrange(len(data))
            if dice.random() < 0.6:
                data[at:at] = dice.choice(pieces)
            else:
                del data[at : at + dice.randint(1, 60)]
        found = extracted(payload=bytes(data))
        assert (found["text"] is None) == (found["drop_reason"] is not None)


def test_a_page_gives_the_same_whatever_was_extracted_before():
    others = [PAGE.replace("number", word) for word in ("count", "digit", "figure")]
    alone = extract_page(**page(), policy=POLICY)
    for other in (*others, *others, PAGE, PAGE):
        extract_page(**page(payload=other), policy=POLICY)
    assert extract_page(**page(), policy=POLICY) == alone


def test_there_is_one_row_per_page_in_order_and_progress_is_told():
    rows = [{"doc_id": "a"} | page(), {"doc_id": "b"} | page(media_type="image/png")]
    told = []
    frame = extract(
        pl.DataFrame(rows, schema_overrides={"text": pl.String, "charset": pl.String}),
        policy=POLICY,
        report=lambda done, total, what: told.append((done, total)),
    )
    assert frame.schema == COLUMNS
    assert frame.select("doc_id", "rule").rows() == [("a", None), ("b", "media_type")]
    assert told == [(1, 2), (2, 2)]


def test_no_pages_give_no_rows():
    schema = {"doc_id": pl.String, "text": pl.String, "media_type": pl.String, "charset": pl.String}
    none = pl.DataFrame(schema=schema | {"http_status": pl.Int32, "payload": pl.Binary})
    assert extract(none, policy=POLICY, report=silent).schema == COLUMNS
