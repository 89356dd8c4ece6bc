import duckdb
import polars as pl

from tier_assets.gate.contract import UNIVERSAL, share_of_attempts
from tier_assets.schemas import DropReason


def test_the_share_of_attempts_counts_only_what_was_asked():
    frame = pl.DataFrame({"prompt_hash": ["a", "b", None], "drop_reason": ["model_error", None, "beyond_budget"]})
    view, expression = share_of_attempts(DropReason.MODEL_ERROR)
    assert view == "decisions"
    assert duckdb.from_arrow(frame.to_arrow()).aggregate(expression).fetchall() == [(0.5,)]


def test_a_bound_is_said_in_words():
    assert {each.metric: each.allowed for each in UNIVERSAL}["repeated_ids"] == "= 0"
