import pytest

from tests.benchmarks.figures import Found, Ratio, bag_f1, found, mean, number, ratio, removal, share, similar


def test_a_ratio_is_the_median_of_the_rounds_ratios_with_their_spread():
    # The machine was half as fast in the second round: each round's ratio does not notice.
    assert ratio([100.0, 50.0, 110.0], [10.0, 5.0, 10.0]) == Ratio(median=10.0, low=10.0, high=11.0)


def test_a_ratio_needs_as_many_rounds_on_both_sides():
    with pytest.raises(ValueError, match="zip"):
        ratio([1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    ("rounds", "text"),
    [((50.0, 48.0, 61.2), "50.0 (48.0-61.2)"), ((2.0, 2.0, 2.001), "2.00"), ((1234.5,) * 3, "1,234")],
)
def test_a_ratio_reads_as_its_median_and_its_spread_where_there_is_one(rounds: tuple[float, float, float], text: str):
    assert str(Ratio(*rounds)) == text


@pytest.mark.parametrize(("value", "text"), [(1234.6, "1,235"), (99.94, "99.9"), (0.123, "0.12"), (0.0, "0.00")])
def test_a_number_has_the_digits_that_count(value: float, text: str):
    assert number(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.8754, ".875"), (1.0, "1.000"), (0.0, ".000")])
def test_a_share_has_three_decimals(value: float, text: str):
    assert share(value) == text


@pytest.mark.parametrize(
    ("text", "gold", "f1"),
    [
        ("the tide rises", "The tide rises.", 1.0),
        ("menu the tide rises", "the tide", 2 * 2 / (4 + 2)),
        ("the the the", "the", 2 * 1 / (3 + 1)),  # a bag: a word counts as often as it stands there
        ("", "the tide", 0.0),
        ("", "", 1.0),
    ],
)
def test_f1_is_of_the_bags_of_words(text: str, gold: str, f1: float):
    assert bag_f1(text, gold) == pytest.approx(f1)


def test_precision_is_of_what_was_found_and_recall_of_what_was_to_be_found():
    assert found({"a", "b", "x"}, {"a", "b", "c", "d"}) == Found(precision=2 / 3, recall=0.5)


def test_nothing_found_of_nothing_is_right():
    assert found([], []) == Found(1.0, 1.0)
    assert found([], ["a"]) == Found(1.0, 0.0)


def test_the_mean_of_nothing_is_0():
    assert mean([]) == 0.0
    assert mean([1.0, 2.0]) == 1.5


def test_removal_asks_for_one_of_every_pair_and_for_no_document_without_one():
    pairs = {("a", "b"): True, ("b", "c"): True, ("d", "e"): False, ("f", "g"): True}
    # b goes for a, and so both of its pairs are split; d goes although it is too little like e; f and g both stay.
    assert removal("abcdefg", "acefg", pairs) == Found(precision=0.5, recall=2 / 3)


def test_a_deduplication_that_removes_nothing_is_precise_and_finds_nothing():
    assert removal("ab", "ab", {("a", "b"): True}) == Found(1.0, 0.0)


def test_similar_sets_are_found_with_their_jaccard_similarity():
    sets = {"a": {"1", "2", "3"}, "b": {"2", "3", "4"}, "c": {"9"}}
    assert similar(sets) == {("a", "b"): 0.5}
