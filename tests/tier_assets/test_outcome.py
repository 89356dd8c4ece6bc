import dataclasses

import pytest

from tier_assets.outcome import Outcome, joined


def test_an_outcome_does_not_change(documents):
    outcome = documents("a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        outcome.notes = ("late",)
    assert (outcome.measures, outcome.notes) == ({}, ())


def test_pieces_follow_on_and_their_measures_add_up(documents):
    first, second = documents("a"), documents("b")
    whole = joined(
        [
            Outcome(first.rows, first.decisions, {"files": 1.0}, ("one",)),
            Outcome(second.rows, second.decisions, {"files": 1.0, "lines": 2.0}, ("two",)),
        ]
    )
    assert whole.rows["text"].to_list() == [*first.rows["text"], *second.rows["text"]]
    assert whole.decisions.height == first.decisions.height + second.decisions.height
    assert (whole.measures, whole.notes) == ({"files": 2.0, "lines": 2.0}, ("one", "two"))
