"""The commit happened, the writer was told that it failed; and the other way round: one commit, and success is reported."""

import sys

import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from tests.reliability.invariants import broken
from tests.reliability.writers import TABLE, publish
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake

KEY = PartitionKey.parse("crawl.2026-08")


class Fault:
    """Raises an error once out of delta-rs's commit: before it is done, or after."""

    def __init__(self, moment, error):
        self.raised = 0
        self._moment, self._error = moment, error

    def __enter__(self):
        sys.setprofile(self._see)
        return self

    def __exit__(self, *_):
        sys.setprofile(None)

    def _see(self, frame, event, what):
        if event == self._moment and getattr(what, "__name__", "") == "create_write_transaction":
            self.raised += 1
            raise self._error


@pytest.mark.parametrize("error", [CommitFailedError("connection reset"), OSError("connection reset")])
def test_a_commit_whose_acknowledgement_is_lost_is_recognised(tmp_path, error):
    publish(tmp_path, str(KEY), ["old"], "1")
    with Fault("c_return", error) as fault:
        assert publish(tmp_path, str(KEY), ["new"], "2") == 2
    assert fault.raised == 1
    assert DeltaTable(str(tmp_path / TABLE / "crawl")).version() == 2
    assert broken(tmp_path, "crawl", {str(KEY): (["new"], 2)}) == []
    assert [each.state for each in Lake(tmp_path).candidates(TABLE, KEY)] == ["promoted", "promoted"]


def test_a_commit_that_did_not_happen_is_tried_again(tmp_path):
    with Fault("c_call", CommitFailedError("connection reset")) as fault:
        assert publish(tmp_path, str(KEY), ["new"], "1") == 1
    assert fault.raised == 1
    assert broken(tmp_path, "crawl", {str(KEY): (["new"], 1)}) == []
