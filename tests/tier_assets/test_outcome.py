import dataclasses

import pytest


def test_an_outcome_does_not_change(documents):
    outcome = documents("a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        outcome.notes = ("late",)
    assert (outcome.measures, outcome.notes) == ({}, ())
