"""Which passages are worth a model's time: whole statements, no boilerplate, the same ones every time."""

import pytest

from tier_assets.policy import Passages
from tier_assets.text.passages import chosen_sentences, chunks, rough_sentences
from tier_assets.text.sentences import Span

LIMITS = Passages()


def chosen(text):
    return [span.of(text) for span in chosen_sentences(text, Span(0, len(text)), LIMITS)]


@pytest.mark.parametrize(
    "sentence",
    [
        "Too short a line.",
        "This sentence of many words has no mark at its end",
        "Why would anybody ask a whole question in here?",
        "It was built by the people of the old town.",
        "Click on the button below to read more of this story.",
        "The page lies at https://example.org/a and holds many more words.",
        "The table has 1 2 3 4 5 6 7 8 9 10 11 12 13 14.",
        "The “quotation begins here in this sentence of many words.",
        "the beginning of this sentence is lost in some other line.",
    ],
)
def test_what_cannot_stand_alone_is_not_chosen(sentence):
    assert chosen(sentence) == []


def test_sentences_that_name_or_count_something_come_first():
    plain = "Water from the hills was led to every house in town."
    named = "Water from the hills was led to Oslo by a long canal."
    assert chosen(f"{plain} {named}") == [named, plain]


def test_only_sentences_inside_the_span_are_chosen():
    text = "Water was led to Oslo by a long old canal. Water was led to Bergen by a long old canal."
    assert [span.of(text) for span in chosen_sentences(text, Span(40, len(text)), LIMITS)] == [text[43:]]


def test_badly_set_sentences_are_edited_first_and_quotations_never():
    short = "It was led to a house by a canal."
    plain = "It was led to every house by a long old canal."
    rough = "The city , which is old , has many fine houses in it."
    quote = "The guide said “nobody has ever come back” to the people there."
    text = f"{short} {plain} {quote} {rough}"
    assert [span.of(text) for span in rough_sentences(text, LIMITS)] == [rough, plain, short]


def test_chunks_hold_the_whole_text_in_order_within_the_limit():
    text = "First paragraph here.\n\nSecond one. " + "It goes on. " * 5 + "\n\n" + "x" * 70
    spans = chunks(text, 30)
    assert all(span.end - span.start <= 30 for span in spans)
    assert "".join("".join(span.of(text).split()) for span in spans) == "".join(text.split())
    assert spans[0].of(text) == "First paragraph here."
