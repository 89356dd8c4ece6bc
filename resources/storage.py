"""The home's folders as Dagster resources: lake, landing zone, policy. Read when a step starts, so an edit needs no reload."""

import dagster as dg

from resources import deployments
from tier_assets.home import Home
from tier_assets.lake.lake import Lake
from tier_assets.landing.zone import LandingZone
from tier_assets.policy_book import PolicyBook


@dg.resource(description="The folders of this deployment.")
def home(_: dg.InitResourceContext) -> Home:
    """The home itself."""
    return Home(deployments.home())


@dg.resource(description="The promoted tiers and their candidates: one Delta table per tier and source.")
def lake(_: dg.InitResourceContext) -> Lake:
    """The lake of the home."""
    return Lake(deployments.home() / "lake")


@dg.resource(description="The landing zone: what arrived and is complete.")
def landing(_: dg.InitResourceContext) -> LandingZone:
    """The landing zone of the home."""
    return LandingZone(deployments.home() / "landing", deployments.s3_endpoint())


@dg.resource(description="Every threshold and choice in force: strata.toml over the defaults.")
def policies(_: dg.InitResourceContext) -> PolicyBook:
    """The policy of the home."""
    return PolicyBook.read(deployments.home() / "strata.toml")
