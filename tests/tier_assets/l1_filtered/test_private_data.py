"""Masking as a whole: what stands where something private stood, how often, and how sure that is on real data."""

import json

import polars as pl
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tier_assets.inference import Finding
from tier_assets.l1_filtered.private_data import COUNTS, MASKED, mask, residue
from tier_assets.policies.filtered import PrivateData

POLICY = PrivateData()
PARTS = [
    "ada@lovelace.org", "a@b.de@c.de", "me [at] host.de", "189.114.111.55", "2a00:1450:4001:81b::200e", "+44 20 7946 0018",
    "(415) 659-8282", "call", "tel:", "467 3395", "0341 8387176", "4111 1111 1111 1111", "GB82 WEST 1234 5698 7654 32",
    "api_key=f3a9Zk28Qm71LpXw", "AKIA" + "IOSFODNN7EXAMPLE", "-----BEGIN PRIVATE" + " KEY-----", "555", "0", "1.2.3.4",
    "@", ".", "-", "+", "\n", " ", "<EMAIL>", "\u00e9", "\u4e2d", "x", "fax", "::", "2024-11-30",
]  # fmt: skip


def masked(*texts, policy=POLICY):
    return mask(texts, policy=policy)


def test_each_kind_has_a_placeholder_and_a_count_and_the_rest_stays():
    row = masked(
        "Ask ada@lovelace.org or bob [at] host [dot] de,\ncall (415) 659-8282; \u00e9t\u00e9 from 189.114.111.55.\n"
        "Card 4111 1111 1111 1111, GB82 WEST 1234 5698 7654 32, api_key=f3a9Zk28Qm71LpXw."
    ).row(0, named=True)
    assert row == {
        "text": "Ask <EMAIL> or <EMAIL>,\ncall <PHONE>; \u00e9t\u00e9 from <IP>.\nCard <CARD>, <IBAN>, api_key=<KEY>.",
        "keys_masked": 1, "emails_masked": 2, "ibans_masked": 1, "cards_masked": 1, "ips_masked": 1, "phones_masked": 1,
    }  # fmt: skip


def test_there_is_a_row_per_text_in_order_and_clean_texts_are_untouched():
    frame = masked("a", "b@c.de", "", "d\n2024-11-30 \u00e9\n")
    assert frame.schema == MASKED
    assert frame["text"].to_list() == ["a", "<EMAIL>", "", "d\n2024-11-30 \u00e9\n"]
    assert masked().schema == MASKED


def test_only_the_kinds_of_the_policy_are_masked_and_by_its_placeholders():
    policy = PrivateData(kinds=("ip",), ip="<ADDRESS>")
    assert masked("b@c.de 189.114.111.55", policy=policy)["text"].to_list() == ["b@c.de <ADDRESS>"]


@pytest.mark.parametrize("placeholder", ["me@example.com", "<1>", "EMAIL", ""])
def test_a_placeholder_that_could_be_found_again_is_refused(placeholder):
    with pytest.raises(ValidationError):
        PrivateData(email=placeholder)


def test_a_private_key_goes_with_all_its_lines():
    text = "a\n-----BEGIN PRIVATE" + " KEY-----\nMIIEow\n-----END PRIVATE" + " KEY-----\nb"
    assert masked(text).select("text", "keys_masked").row(0) == ("a\n<KEY>\nb", 1)


def test_a_word_of_the_line_before_says_what_a_number_is():
    assert masked("Phone:\n467 3395", "Page:\n467 3395")["text"].to_list() == ["Phone:\n<PHONE>", "Page:\n467 3395"]


def test_what_a_placeholder_sets_free_is_masked_too():
    """A number that follows a digit is no number, until that digit is masked."""
    assert masked("+44 20 7946 0018+44 20 7946 0019").select("text", "phones_masked").row(0) == ("<PHONE><PHONE>", 2)


@settings(deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join))
def test_masking_again_changes_nothing(text):
    once = masked(text)
    assert masked(once["text"].item()).row(0) == (once["text"].item(), *[0] * len(COUNTS))


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from(PARTS), max_size=6).map("".join), max_size=4))
def test_a_text_is_masked_alike_whatever_stands_beside_it(texts):
    assert masked(*texts).rows() == [masked(text).row(0) for text in texts]


@pytest.mark.parametrize(
    "part", "a|1|1 |@|a@|a@b.|1.2.|(|(at)|+1(|eyJ|a:|0-|key=|GB82 |-----BEGIN PRIVATE KEY-----".split("|")
)
@pytest.mark.timeout(20)
def test_no_text_takes_long(part):
    """100,000 characters without an end to what they begin: expressions that backtrack would need years."""
    masked(part * (100_000 // len(part)))


class Everything:
    """An analyzer that takes the first two characters for a card, and all for a telephone number."""

    digest = "everything"

    def find(self, texts, kinds):
        assert kinds == POLICY.kinds
        return [[Finding("card", 0, 2), Finding("phone", 0, len(text)), Finding("card", 1, 3)] for text in texts]


def test_an_analyzer_takes_the_place_of_the_rules_and_of_its_overlapping_findings_the_longest_first_counts():
    frame = mask(["abcd"], policy=POLICY, analyzer=Everything())
    assert frame.select("text", "phones_masked", "cards_masked").row(0) == ("<PHONE>", 1, 0)


def test_residue_counts_what_the_rules_would_mask():
    frame = residue(
        [
            "a@b.de, c@d.org me [at] host.de 189.114.111.55",
            "<EMAIL> you@example.com 10.0.0.1 3.2.1.1 20.2.5.31 078.1.40.44",
            'dependencies = ["opencv-python>=4.10.0.84"]',
            "from 2a00:1450:4001:81b::200e",
        ],
        policy=POLICY,
    )
    assert frame.rows() == [(3, 1), (0, 0), (0, 0), (0, 1)]


def test_residue_is_of_the_kinds_of_the_policy():
    assert residue(["a@b.de 189.114.111.55"], policy=PrivateData(kinds=("ip",))).row(0) == (0, 1)


@settings(deadline=None)
@given(
    st.lists(st.one_of(st.sampled_from([*PARTS, ">=", "version ", "4.10.0.84", "(at)", "(dot)"]), st.text(max_size=6)))
)
def test_after_masking_nothing_is_left_of_any_text(parts):
    text = masked("".join(parts))["text"].to_list()
    assert residue(text, policy=POLICY).row(0) == (0, 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jane (at) example (dot) org. SSN 078-05-1120", "<EMAIL>. SSN 078-05-1120"),
        ('"opencv-python>=4.10.0.84", from 89.10.0.84', '"opencv-python>=4.10.0.84", from <IP>'),
        ("== 4.10.0.84, !=4.10.0.84, ~4.10.0.84, version = '91.0.44.12'", None),
        ("ver 12.0.30.99 and \u0663.\u0663.\u0663.\u0669\u0669", None),
    ],
)
def test_masking_ends_where_the_address_does_and_leaves_numbers_of_versions(text, expected):
    assert masked(text)["text"].item() == (expected or text)


KINDS = {
    "EMAIL_ADDRESS": "email", "IP_ADDRESS": "ip", "PHONE_NUMBER": "phone", "CREDIT_CARD": "card", "IBAN_CODE": "iban",
}  # fmt: skip


def rows_of(path):
    with zstandard.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.mark.parametrize("entity", KINDS)
def test_synthetic_sentences_are_masked_as_their_spans_say(test_data, entity):
    rows = rows_of(test_data / "pii" / "presidio_synth_v2.jsonl.zst")
    spans = [[span for span in row["spans"] if span["entity_type"] == entity] for row in rows]
    frame = masked(*(row["text"] for row in rows))
    counted = frame[COUNTS[KINDS[entity]]].to_list()
    left = [
        span for text, some in zip(frame["text"], spans, strict=True) for span in some if span["entity_value"] in text
    ]
    total = sum(map(len, spans))
    assert len(left) <= 0.02 * total
    wrong = sum(max(0, number - len(some)) for number, some in zip(counted, spans, strict=True))
    assert wrong <= 0.02 * total


def test_of_a_thousand_web_pages_no_address_is_left(test_data):
    texts = [row["text"] for row in rows_of(test_data / "quality" / "web_random_c4.jsonl.zst")]
    frame = masked(*texts)
    assert residue(texts, policy=POLICY).sum().row(0) > (20, -1), "there were addresses"
    assert residue(frame["text"].to_list(), policy=POLICY).sum().row(0) == (0, 0)
    assert frame.select(pl.col("cards_masked", "ibans_masked", "keys_masked").sum()).row(0) == (0, 0, 0)
