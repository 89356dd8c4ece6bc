"""All of a home, file by file: who finds damage says what to do about it, and mends nothing but what is made again anyway."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tier_assets.home import Home
from tier_assets.inference import Report
from tier_assets.lake.scrub import Checked, Damage, scrub_lake
from tier_assets.scrubbing.derived import scrub_derived
from tier_assets.scrubbing.landed import scrub_landed
from tier_assets.scrubbing.settings import scrub_settings


@dataclass(frozen=True)
class Findings:
    """How many files were looked at, and what is damaged."""

    checked: int
    damaged: list[Damage] = field(default_factory=list)

    @property
    def sentences(self) -> list[str]:
        """A line for each damage, for people."""
        return [f"{each.path}: {each.what}; {each.remedy}" for each in self.damaged]


def scrub(home: Home, tables: Sequence[str], report: Report) -> Findings:
    """Look at every file of a home, or of some tables of its lake alone. `report` is told of files done and in all."""
    total = _files(home, tables)
    done, damaged = 0, []
    for checked in _looks(home, tables):
        done += 1
        if checked is not None:
            damaged.append(checked)
        report(min(done, total), total, "files looked at")
    return Findings(done, damaged)


def _looks(home: Home, tables: Sequence[str]) -> Iterator[Checked]:
    if tables:
        yield from scrub_lake(home.lake, tables)
        return
    yield from scrub_settings(home)
    yield from scrub_landed(home.landing)
    yield from scrub_lake(home.lake)
    yield from scrub_derived(home)


def _files(home: Home, tables: Sequence[str]) -> int:
    """About how many there are: locks and what nothing names are not looked at."""
    places = [home.lake / table for table in tables] or [home.root]
    return sum(len(files) for place in places for _, _, files in os.walk(place))
