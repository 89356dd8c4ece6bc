"""The home's folders as Dagster resources: lake, landing zone, policy. Read by the step, so an edit needs no reload."""

from pathlib import Path
from typing import Any

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
    """The policy of the home, read when it is first asked for a value."""
    return UnreadPolicyBook(deployments.home() / "strata.toml")


class UnreadPolicyBook(PolicyBook):
    """A policy book that reads its file when it is first asked: what is wrong there is then the step's to say.

    A resource that raised would end the run before its step, with Dagster's sentence, and be tried again in vain.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __getattr__(self, name: str) -> Any:
        """Python asks here for what is not set: all that reading the file sets. Raises PolicyError."""
        if name not in vars(PolicyBook()):
            # Dagster asks every resource for marks of its own.
            raise AttributeError(name)
        self.__dict__.update(PolicyBook.read(self._path).__dict__)
        return self.__dict__[name]
