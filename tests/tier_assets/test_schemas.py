import polars as pl
import pytest

from tier_assets.schemas import DECISIONS, ROWS, TABLES, RowSchema
from tier_assets.tiers import Tier

# Columns that other programs rely on: see the issue of the first release.
READ = {"doc_id", "uri", "source", "text", "language"}
REFINED = {"parent_ids", "recipe", "prompt_hash", "model", "seed", "finish_reason"}
DECIDED = {"doc_id", "uri", "kept", "drop_reason", "rule", "value", "threshold", "duplicate_of"}


@pytest.mark.parametrize("tier", Tier)
def test_columns_that_others_rely_on_are_there(tier):
    assert set(ROWS[tier].names) >= READ
    assert set(DECISIONS[tier].names) >= DECIDED


def test_refined_rows_say_how_they_were_made():
    assert set(ROWS[Tier.REFINED].names) >= REFINED


@pytest.mark.parametrize("table", TABLES)
def test_names_are_unique_meanings_are_given_and_the_key_comes_first(table):
    for schema in (TABLES[table].rows, TABLES[table].decisions):
        assert len(set(schema.names)) == len(schema.names)
        assert all(column.meaning for column in schema.columns)
        assert schema.names[0] == "doc_id"


def test_decisions_hold_no_text():
    assert all("text" not in DECISIONS[tier].names for tier in Tier)


def test_conform_orders_fills_and_casts():
    schema = RowSchema("g", ROWS[Tier.FILTERED].columns[:2])
    frame = schema.conform(pl.DataFrame({"other": [1], "doc_id": ["a"]}))
    assert frame.rows() == [("a", None)]
    assert frame.columns == ["doc_id", "uri"]


def test_a_lossy_cast_is_refused():
    with pytest.raises(pl.exceptions.InvalidOperationError):
        ROWS[Tier.FILTERED].conform(pl.DataFrame({"doc_id": ["a"], "generation": [1000]}))
