"""Sentences and paragraphs are exact spans: nothing is lost, nothing is cut inside a number or an abbreviation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tier_assets.text.sentences import Span, paragraphs, sentences


def texts(spans, text):
    return [span.of(text) for span in spans]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rained. We left.", ["It rained.", "We left."]),
        ("Dr. J. K. Rowling paid $1.5 million.", ["Dr. J. K. Rowling paid $1.5 million."]),
        ("See p. 3 of vol. 2. It is short.", ["See p. 3 of vol. 2.", "It is short."]),
        ('"Really?" she asked. "Yes." He left.', ['"Really?" she asked.', '"Yes."', "He left."]),
        ("It grew (by half.) Then it fell.[12] It rose.", ["It grew (by half.)", "Then it fell.[12]", "It rose."]),
        ("1. First point. 2. Second point.", ["1. First point.", "2. Second point."]),
        ("Wait... no. Go on!", ["Wait... no.", "Go on!"]),
        ("中国很大。你好！再见", ["中国很大。", "你好！", "再见"]),
        ("यह घर है। वह पेड़ है।", ["यह घर है।", "वह पेड़ है।"]),
        ("ما هذا؟ هذا كتاب.", ["ما هذا؟", "هذا كتاب."]),
        ("A heading\nA sentence.", ["A heading", "A sentence."]),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text, expected):
    assert texts(sentences(text), text) == expected


def test_lines_wrapped_at_a_margin_are_one_paragraph():
    text = "The cat sat\non the mat.\nthen it left\n\nNew one"
    assert texts(paragraphs(text), text) == ["The cat sat\non the mat.", "then it left", "New one"]


def test_a_span_is_a_slice_of_the_text():
    assert sentences("  One. Two.") == [Span(2, 6), Span(7, 11)]


def test_a_blank_text_has_no_sentences():
    assert sentences(" \n\t ") == []


@given(st.text(alphabet=st.one_of(st.sampled_from(list(" \n\r\t.!?。。“”\"'()[]1aAé中\u2028\x85\0")), st.characters())))
def test_every_character_but_white_space_is_in_exactly_one_sentence_and_paragraph(text):
    for spans in (sentences(text), paragraphs(text)):
        covered = [index for span in spans for index in range(span.start, span.end)]
        assert covered == sorted(set(covered))
        assert {index for index, char in enumerate(text) if not char.isspace()} <= set(covered)
        assert all(span.of(text) == span.of(text).strip() != "" for span in spans)
