import io
import json
import random
import re
from collections import Counter

import polars as pl
import pytest
import zstandard
from lxml.etree import XMLSyntaxError
from warcio.archiveiterator import ArchiveIterator

from tier_assets.l1_filtered.decoding import decode
from tier_assets.l1_filtered.extraction import COLUMNS, extract, extract_page, main_text
from tier_assets.policies.filtered import FilteredPolicy

POLICY = FilteredPolicy()
BY_TRAFILATURA = FilteredPolicy(extractor="trafilatura")
ARTICLE = "<p>" + "</p><p>".join(f"Sentence number {n} of the article says something new." for n in range(12)) + "</p>"
PAGE = f"""<html><head><title> The
 title </title></head><body><nav><a href=/>Home</a> <a href=/x>Contact</a></nav>
<article><h1>Heading</h1>{ARTICLE}</article><footer>Imprint</footer></body></html>"""


def page(payload: str | bytes = PAGE, **columns: object) -> dict:
    data = payload.encode() if isinstance(payload, str) else payload
    row = {"text": None, "media_type": "text/html", "charset": None, "http_status": 200, "payload": data}
    return row | columns


def extracted(policy: FilteredPolicy = POLICY, **columns: object) -> dict:
    return extract_page(**page(**columns), policy=policy)._asdict()


def verdict(**columns: object) -> tuple:
    found = extracted(**columns)
    return found["text"], found["drop_reason"], found["rule"], found["value"]


@pytest.mark.parametrize(("policy", "extractor"), [(POLICY, "scanner"), (BY_TRAFILATURA, "trafilatura")])
def test_the_main_text_of_a_page_is_found_without_its_menu(policy, extractor):
    found = extracted(policy)
    assert found["extractor"] == extractor
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


@pytest.mark.parametrize("tag", ["<div>", "<b>"])
def test_a_page_nested_deeper_than_the_policy_allows_is_unreadable_to_trafilatura(tag):
    found = extracted(BY_TRAFILATURA, payload="<html><body>" + tag * 20_000 + "hello world " * 50)
    assert (found["drop_reason"], found["rule"], found["threshold"]) == ("unreadable", "max_tree_depth", 4000.0)


def test_the_scanner_reads_a_page_of_any_depth():
    found = extracted(payload="<html><body>" + "<div>" * 190_000 + "Hello, dear world. ")
    assert (found["text"], found["extractor"]) == ("Hello, dear world.", "scanner")


@pytest.mark.parametrize("repeated", ["<div>", "<a href=x>link</a> "])
def test_a_page_of_more_tags_than_the_policy_allows_is_too_large(repeated):
    found = extracted(payload="<html><body><table>" + repeated * 200_001)
    assert (found["drop_reason"], found["rule"], found["threshold"]) == ("too_large", "max_tags", 200_000.0)
    assert found["value"] > 200_000


def test_many_tags_side_by_side_are_not_deep():
    assert extracted(payload="<html><body>" + "<p>Hello, dear world of tags.</p>" * 3000)["drop_reason"] is None


def test_a_page_of_very_many_tags_is_left_to_the_extractor_that_is_not_slowed_by_them():
    found = main_text(PAGE, policy=FilteredPolicy(extractor="trafilatura", max_trafilatura_tags=5))
    assert found.extractor == "resiliparse"
    assert "Sentence number 11 of the article says something new." in found.text


def test_resiliparse_helps_where_trafilatura_finds_far_less():
    nested = "<html><body>" + "<div>" * 500 + "A sentence that stands very deep. " * 20
    found = main_text(nested, policy=BY_TRAFILATURA)
    assert found.extractor == "resiliparse"
    assert found.text.startswith("A sentence that stands very deep.")


def test_resiliparse_helps_where_the_scanner_finds_next_to_nothing():
    links = "".join(
        f"<div><div><a href=x>All of page {number} is linked, each time otherwise</a></div></div>"
        for number in range(9)
    )
    found = main_text(f"<body><p>Short</p><div>{links}</div>", policy=FilteredPolicy(scanner={"min_list_items": 99}))
    assert found.extractor == "resiliparse"
    assert "All of page 8 is linked" in found.text


@pytest.mark.parametrize("policy", [POLICY, BY_TRAFILATURA])
def test_a_table_that_only_places_text_leaves_no_borders_and_a_real_one_stays(policy):
    html = f"<html><body><table><tr><td></td><td>{ARTICLE}</td></tr></table>{ARTICLE}"
    html += "<table><tr><th>Year</th><th>Yield</th></tr><tr><td>2011</td><td>17</td></tr></table></body></html>"
    lines = main_text(html, policy=policy).text.split("\n")
    assert [line for line in lines if "|" in line and "Sentence" in line] == []
    assert "| 2011 | 17 |" in lines


@pytest.mark.parametrize("error", [XMLSyntaxError("broken", 1, 1, 1), RecursionError()])
def test_an_extractor_that_fails_costs_that_page_only(monkeypatch, error):
    def fails(*_):
        raise error

    monkeypatch.setattr("trafilatura.core.load_html", fails)
    found = extract_page(None, "text/html", None, 200, PAGE.encode(), policy=BY_TRAFILATURA)
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


def test_there_is_one_row_per_page_in_order():
    rows = [{"doc_id": "a"} | page(), {"doc_id": "b"} | page(media_type="image/png")]
    frame = extract(pl.DataFrame(rows, schema_overrides={"text": pl.String, "charset": pl.String}), policy=POLICY)
    assert frame.schema == COLUMNS
    assert frame.select("doc_id", "rule").rows() == [("a", None), ("b", "media_type")]


def test_each_page_is_announced_before_it_is_read():
    """The second cannot be: its metadata is cut."""
    rows = pl.DataFrame(
        [{"doc_id": "a", "metadata": None} | page(), {"doc_id": "b", "metadata": '{"headers"'} | page()],
        schema_overrides={"text": pl.String, "metadata": pl.String},
    )
    seen = []
    with pytest.raises(json.JSONDecodeError):
        extract(rows, policy=POLICY, at=seen.append)
    assert seen == [0, 1]


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ('{"headers": {"tdm-reservation": "1"}}', ("noai,tdm-reservation", "https://a.org/by")),
        ('{"path": "headers"}', ("noai", "https://a.org/by")),
        ('{"headers": null}', ("noai", "https://a.org/by")),
        (None, ("noai", "https://a.org/by")),
    ],
)
def test_rights_are_those_of_the_page_and_of_its_headers(metadata, expected):
    reserved = PAGE.replace("<title>", "<meta name=robots content=noai><link rel=license href=https://a.org/by><title>")
    rows = pl.DataFrame(
        [{"doc_id": "a", "metadata": metadata} | page(reserved)],
        schema_overrides={"text": pl.String, "metadata": pl.String},
    )
    found = extract(rows, policy=POLICY)
    assert found.select("opt_outs", "page_license").row(0) == expected


def test_a_given_text_has_the_rights_of_its_headers():
    row = page(text="Given", media_type="text/plain") | {"headers": {"x-robots-tag": "noai"}}
    assert extract_page(**row, policy=POLICY).opt_outs == "noai"


@pytest.mark.parametrize("policy", [POLICY, BY_TRAFILATURA])
def test_formulas_are_latex_whichever_extractor_reads_the_page(policy):
    formula = '<p>It holds that <math alttext="x^2"><mi>x</mi><mn>2</mn></math> is positive, and so is all else.</p>'
    text = main_text(PAGE.replace("<p>Sentence number 3", f"{formula}<p>Sentence number 3"), policy=policy).text
    assert "It holds that $x^2$ is positive" in text


def test_no_pages_give_no_rows():
    schema = {"doc_id": pl.String, "text": pl.String, "media_type": pl.String, "charset": pl.String}
    none = pl.DataFrame(schema=schema | {"http_status": pl.Int32, "payload": pl.Binary})
    assert extract(none, policy=POLICY).schema == COLUMNS


def bag_f1(found: str, gold: str) -> float:
    ours, theirs = (Counter(re.findall(r"\w+", text.lower())) for text in (found, gold))
    return 2 * (ours & theirs).total() / max(1, ours.total() + theirs.total())


def gold_pages(folder, every: int) -> list[tuple[str, str]]:
    """Some pages of seven types, with the text that people chose of them."""
    with (folder / "crawl" / "labels.jsonl.zst").open("rb") as stream, zstandard.open(stream, "rb") as plain:
        labels = [row for row in map(json.loads, io.TextIOWrapper(plain, "utf-8")) if row.get("page_type")]
    wanted = {row["record_id"]: row["main_text"] for row in labels if row.get("main_text")}
    with (folder / "crawl" / "CRAWL-2026-34" / "CRAWL-2026-34-wcxb.warc.gz").open("rb") as stream:
        found = [
            (decode(record.content_stream().read(), None, html=True), wanted[name])
            for record in ArchiveIterator(stream)
            if record.rec_type == "response" and (name := record.rec_headers["WARC-Record-ID"]) in wanted
        ]
    return found[::every]


def test_the_cascade_finds_what_trafilatura_finds_on_pages_of_seven_types(test_data):
    pages = gold_pages(test_data, every=8)
    scores = {
        policy.extractor: sum(bag_f1(main_text(html, policy=policy).text or "", gold) for html, gold in pages)
        / len(pages)
        for policy in (POLICY, BY_TRAFILATURA)
    }
    assert len(pages) > 30
    assert scores["cascade"] >= scores["trafilatura"] - 0.02
    assert scores["cascade"] > 0.8
