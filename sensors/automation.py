"""Carries an arrival upwards: evaluates the tiers' automation conditions. Staleness is not its business: `planning.py`."""

import dagster as dg


def tier_automation() -> dg.AutomationConditionSensorDefinition:
    """The sensor that requests a tier's partition as soon as the one below is promoted. Starts running."""
    return dg.AutomationConditionSensorDefinition(
        "tier_automation",
        target=dg.AssetSelection.all(),
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
        run_tags={"strata/trigger": "automation"},
        description="Requests a partition of a tier when the tier below has promoted it. A held partition stops there.",
    )
