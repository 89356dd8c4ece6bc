"""What every command shares: the home that it works on, tiers and keys as arguments, tables."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import click

from tier_assets.commands.options import Command
from tier_assets.home import Home
from tier_assets.inference import identity
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.landing.zone import Arrival, LandingZone, Survey
from tier_assets.opening import find_home, open_landing_zone, open_language_identifier, open_language_model
from tier_assets.planning import CONTRACTS
from tier_assets.policy_book import PolicyBook
from tier_assets.staleness import Models, frozen_changes
from tier_assets.tiers import Tier


class TierType(click.ParamType[Tier]):
    """A tier by name."""

    name = "tier"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Tier:
        """Fails with the tiers there are."""
        try:
            return Tier(value)
        except ValueError:
            self.fail(f"{value!r} is no tier: use one of {', '.join(Tier)}", param, ctx)


def partition_option(command: Command) -> Command:
    """Add -p/--partition, any number of times."""
    return click.option("-p", "--partition", "partitions", multiple=True, metavar="PARTITION", help="Only these.")(
        command
    )


def keys(partitions: Sequence[str]) -> list[PartitionKey] | None:
    """The keys named, or None for all. Raises PartitionKeyError."""
    return [PartitionKey.parse(name) for name in dict.fromkeys(partitions)] or None


@dataclass(frozen=True)
class Session:
    """One invocation's home, opened."""

    home: Home
    as_json: bool

    @classmethod
    def open(cls) -> "Session":
        """From the options of the running command; prepares the home if it is new."""
        options = click.get_current_context().find_root().ensure_object(dict)
        home = find_home(options.get("home"))
        home.prepare()
        return cls(home, bool(options.get("json")))

    @cached_property
    def lake(self) -> Lake:
        """The home's lake."""
        return Lake(self.home.lake)

    @property
    def landing(self) -> LandingZone:
        """The home's landing zone."""
        return open_landing_zone(self.home)

    def policies(self) -> PolicyBook:
        """The home's policy, read now."""
        return PolicyBook.read(self.home.policy)

    def arrivals(self, wanted: Sequence[PartitionKey] | None = None) -> dict[PartitionKey, Arrival]:
        """What has landed, complete or not: of the partitions wanted, which alone are looked at, or of all."""
        if wanted is None:
            return {arrival.key: arrival for arrival in self.survey().arrivals}
        settle, landing = self._settle_seconds, self.landing
        found = (landing.arrival(key, settle, time.time()) for key in wanted)
        return {arrival.key: arrival for arrival in found if arrival}

    def survey(self) -> Survey:
        """All that has landed, complete or not, and what in the zone can be no partition."""
        return self.landing.survey(self._settle_seconds, time.time())

    def remark_on_policy(self) -> None:
        """Say what of the policy touches nothing of what has landed; before anything has, that is no news."""
        sources = {*self.landing.landed_sources(), *self.lake.sources(Tier.RAW)}
        for line in self.policies().idle(sorted(sources)) if sources else ():
            self.say(f"strata: {line}")
        self.remark_on_frozen_values()

    def remark_on_frozen_values(self) -> None:
        """Say which values in force a promoted model does not follow yet, and which command makes it."""
        for contract in CONTRACTS.values():
            if contract.guide:
                for line in frozen_changes(contract.guide, self.lake, self.policies().default):
                    self.say(f"strata: {line}")

    def models(self) -> Models:
        """Digests of the models in force; nothing is started."""
        return {
            "language_identifier": cache(lambda: open_language_identifier().digest),
            "language_model": cache(lambda: identity(open_language_model(self.home, self.policies()))),
        }

    @property
    def _settle_seconds(self) -> int:
        return self.policies().default.landing.settle_seconds

    def emit(self, document: Any, text: Callable[[], str]) -> None:
        """Print the JSON document, or the text for people."""
        print(json.dumps(document, ensure_ascii=False, default=str) if self.as_json else text())

    def say(self, line: str) -> None:
        """A line for people beside the result."""
        print(line, file=sys.stderr)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> str:
    """Aligned columns; those named in `right` are numbers."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = [
        "  ".join(
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(header, row, widths, strict=True)
        ).rstrip()
        for row in (header, *rows)
    ]
    return "\n".join(lines)
