"""The decorator of every tier asset: its key, partitions, checks, pool and schema. What its run does is in `step.py`."""

import functools
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg
from dagster._core.definitions.declarative_automation.operators import AndAutomationCondition

from tier_assets.errors import StrataError
from tier_assets.gate.contract import CHECKS, Contract
from tier_assets.promotion.partitions import PARTITIONS
from tier_assets.promotion.step import Events, failure
from tier_assets.schemas import TABLES, RowSchema
from tier_assets.tiers import Tier


def on_arrival() -> AndAutomationCondition[Any]:
    """Dagster's eager(), asked for by a parent's new content alone: a run that found its tier current materializes it too,
    since otherwise whatever waits for it in the same run would fail (dagster#34219).
    """
    changed = dg.AutomationCondition.data_version_changed() & ~dg.AutomationCondition.executed_with_root_target()
    # Only of the parents: a tier that was materialized has been handled, whether its content is new or not.
    return dg.AutomationCondition.eager().replace(
        "newly_updated_without_root", changed.with_label("data_version_changed_without_root")
    )


def tier_asset(
    tier: Tier,
    contract: Contract,
    *,
    pool: str,
    kinds: set[str],
    deps: Sequence[str],
    automation: dg.AutomationCondition[Any] | None = None,
) -> Callable[[Callable[..., Events]], dg.AssetsDefinition]:
    """An asset of a tier: its key, partitions, checks, pool and schema. The decorated generator is its sentence."""
    asset = dg.asset(
        name=tier.asset_name,
        deps=list(deps),
        # No backfill policy: with one, Dagster asks for a range, even of one partition, and records checks for none.
        partitions_def=PARTITIONS,
        check_specs=check_specs(contract, tier.asset_name, PARTITIONS),
        group_name="tiers",
        pool=pool,
        kinds=kinds,
        owners=["team:strata"],
        code_version=contract.code_version,
        automation_condition=automation,
        output_required=False,
        metadata={"dagster/column_schema": column_schema(TABLES[tier].rows)},
        tags={"strata/tier": tier.value},
    )
    return lambda body: asset(_told(contract, body))


def _told(contract: Contract, body: Callable[..., Events]) -> Callable[..., Events]:
    """The body, whose errors for the user end the run in their own sentence, wherever they come up, and are not retried."""

    @functools.wraps(body)
    def told(context: dg.AssetExecutionContext, **resources: Any) -> Events:
        try:
            yield from body(context, **resources)
        except StrataError as error:
            raise failure(context, resources.get("lake"), contract, error) from None

    return told


def check_specs(
    contract: Contract, asset: str, partitions: dg.PartitionsDefinition[str] | None
) -> list[dg.AssetCheckSpec]:
    """One blocking check per name of the contract, partitioned like its asset."""
    with warnings.catch_warnings():
        # Partitioned checks are in preview; what we rely on of them is tested.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [
            dg.AssetCheckSpec(
                name=name, asset=asset, blocking=True, partitions_def=partitions, description=CHECKS[name]
            )
            for name in contract.checks
        ]


def column_schema(rows: RowSchema) -> dg.TableSchema:
    """The row as Dagster's UI shows it."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                str(column.dtype),
                description=column.meaning + (f" [{column.unit}]" if column.unit else ""),
                constraints=dg.TableColumnConstraints(nullable=not column.required),
            )
            for column in rows.columns
        ]
    )
