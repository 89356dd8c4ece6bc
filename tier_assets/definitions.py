"""The composition root: assets, sensors, schedules and resources on one screen. What needs no Dagster is in `opening.py`;
no other module imports the two adapters.
"""

from typing import Any

import dagster as dg

from resources import deployments, models, storage
from resources.orchestrator import Orchestrator, RunOutcome
from resources.private_data_analyzer import PresidioAnalyzer
from sensors.automation import tier_automation
from sensors.mended_policy import mended_policy
from sensors.raw_landing import raw_landing
from sensors.schedules import (
    maintenance,
    maintenance_schedule,
    refresh_job,
    refresh_schedule,
    scrub,
    scrub_schedule,
)
from tier_assets.home import Home
from tier_assets.l0_raw.asset import l0_raw
from tier_assets.l1_filtered.asset import l1_filtered
from tier_assets.l2_selected.asset import l2_selected, quality_scorer
from tier_assets.l3_refined.asset import l3_refined
from tier_assets.l4_organized.asset import l4_organized
from tier_assets.lake.lake import Lake
from tier_assets.progress import LogNarrator

ASSETS = (l0_raw, l1_filtered, quality_scorer, l2_selected, l3_refined, l4_organized)


def build_definitions(**overrides: Any) -> dg.Definitions:
    """The asset graph; `overrides` replaces resources by name, with plain objects or resource definitions."""
    refresh = refresh_job()
    landing_zone = dg.AssetSpec(
        "landing", group_name="tiers", description="Raw dumps as they arrive in the landing zone."
    )
    return dg.Definitions(
        assets=[landing_zone, *ASSETS],
        jobs=[refresh, maintenance, scrub],
        schedules=[refresh_schedule(refresh), maintenance_schedule(), scrub_schedule()],
        sensors=[raw_landing, tier_automation(), mended_policy],
        executor=dg.in_process_executor,
        resources={
            "home": storage.home,
            "lake": storage.lake,
            "landing": storage.landing,
            "policies": storage.policies,
            "narrator": LogNarrator(),
            "language_identifier": models.language_identifier,
            "presidio": PresidioAnalyzer,
            "classifier_trainer": models.classifier_trainer,
            "language_model": models.language_model,
            **overrides,
        },
    )


def orchestrator(home: Home, **overrides: Any) -> Orchestrator:
    """Dagster on a home, for a process that is not Dagster."""
    return Orchestrator(home, Lake(home.lake), build_definitions(home=home, **overrides))


def dagster_environment(home: Home) -> dict[str, str]:
    """The environment for Dagster's own processes on a home."""
    return deployments.child_environment(home.root)


__all__ = [
    "RunOutcome",
    "build_definitions",
    "dagster_environment",
    "defs",
    "orchestrator",
]


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads."""
    return build_definitions()
