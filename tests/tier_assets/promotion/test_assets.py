import polars as pl

from tier_assets.l1_filtered.contract import CONTRACT
from tier_assets.promotion.assets import check_specs, column_schema
from tier_assets.promotion.partitions import PARTITIONS
from tier_assets.schemas import ROWS
from tier_assets.tiers import Tier


def test_the_schema_that_dagster_shows_is_the_tiers():
    columns = column_schema(ROWS[Tier.FILTERED]).columns
    assert [column.name for column in columns] == list(ROWS[Tier.FILTERED].names)
    assert not columns[0].constraints.nullable
    assert isinstance(ROWS[Tier.FILTERED].polars["doc_id"], pl.String)


def test_every_check_of_a_contract_blocks_and_is_partitioned_like_its_asset():
    specs = check_specs(CONTRACT, "l1_filtered", PARTITIONS)
    assert [spec.name for spec in specs] == list(CONTRACT.checks)
    assert all(spec.blocking and spec.partitions_def == PARTITIONS for spec in specs)
