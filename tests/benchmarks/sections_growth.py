"""The section on homes that have grown: what a command costs among 60 partitions and among 10,000. It needs neither real
data nor peers: `tests/growth.py` makes the homes.
"""

import json
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from tests.benchmarks.figures import number
from tests.benchmarks.page import Section, Table
from tests.benchmarks.processes import Bench, Command, environment, measured
from tests.growth import TEXT, grow, keys_of, promote
from tier_assets.home import Home
from tier_assets.keys import PartitionKey
from tier_assets.lake.lake import Lake
from tier_assets.planning import CONTRACTS
from tier_assets.policy_book import PolicyBook
from tier_assets.tiers import Tier

PARTITIONS = (60, 420, 1000, 10_000)
_STRATA = str(Path(sys.executable).with_name("strata"))
_EARLY, _LATE, _PROMOTIONS = 10, 3000, 5


def growth(bench: Bench) -> Section:
    """Commands that have nothing to do in homes of many partitions, a run of one new partition, promotions into long logs."""
    rows, figures = [], {}
    for partitions in bench.partitions or PARTITIONS:
        print(f"  a home of {partitions:,} partitions in five tiers", flush=True)
        home = bench.work / "home"
        started = time.process_time()
        grow(Home(home), partitions)
        print(f"  made in {time.process_time() - started:.0f} CPU seconds", flush=True)
        runs = _commands(bench, home, str(keys_of(partitions)[partitions // 2]))
        shutil.rmtree(home)
        figures[str(partitions)] = {name: [{**vars(run), "output": ""} for run in some] for name, some in runs.items()}
        for name, some in runs.items():
            cpu, peak = median(run.cpu_seconds for run in some), max(run.peak_bytes for run in some)
            rows.append([f"{partitions:,}: {name}", number(cpu), number(peak / 1e6)])
    promotions = {after: _promotions(bench, after) for after in (_EARLY, _LATE)}
    more = median(promotions[_LATE]) - median(promotions[_EARLY])
    return Section(
        "Growth",
        "Homes in which every partition is current in all five tiers, spread over four sources, each with one small page: the "
        "CPU seconds of a command, imports included, and the peak memory of its largest process. `first status` is the "
        "first look of all, which may note what it sees for the next ones. `a new partition` lands one page and materializes "
        f"it to L1. The {_LATE:,}th promotion into one log costs {number(more)} CPU seconds more than the {_EARLY}th.",
        [
            Table(("partitions: command", "CPU-s", "peak MB"), rows),
            Table(
                ("promotion", "CPU-ms"),
                [[f"the {after:,}th", number(1000 * median(some))] for after, some in promotions.items()],
            ),
        ],
        {"homes": figures, "promotions": {str(after): some for after, some in promotions.items()}},
    )


def _commands(bench: Bench, home: Path, one: str) -> dict[str, list[Command]]:
    asked: dict[str, Sequence[str]] = {
        "status": ["status"],
        "--plan": ["materialize", "--plan"],
        "materialize, nothing to do": ["materialize"],
        "materialize -p ONE, nothing to do": ["materialize", "-p", one],
        "status -p ONE": ["status", "-p", one],
    }
    runs = {"first status": [_run(bench, home, ["status"])]}
    for turn in range(bench.rounds):
        for name, arguments in asked.items():
            runs.setdefault(name, []).append(_run(bench, home, arguments))
        runs.setdefault("a new partition", []).append(_new_partition(bench, home, f"crawl-0.9{turn:05}"))
    return runs


def _new_partition(bench: Bench, home: Path, key: str) -> Command:
    page = bench.work / "page.jsonl"
    page.write_text(json.dumps({"text": f"{TEXT} {key}"}) + "\n", "utf-8")
    _run(bench, home, ["land", key, str(page)])
    return _run(bench, home, ["materialize", Tier.FILTERED, "-p", key])


def _run(bench: Bench, home: Path, arguments: Sequence[str]) -> Command:
    command = [_STRATA, "--home", str(home), *arguments]
    return measured(command, cores=1, environment=environment(bench.work))


def _promotions(bench: Bench, after: int) -> list[float]:
    """CPU seconds of promotions into the log of one source that holds so many already, staging and the manifest included."""
    home, contract = Home(bench.work / "promotions"), CONTRACTS[Tier.RAW]
    grow(home, after, sources=1, highest=Tier.RAW)
    book, seconds = PolicyBook.read(home.policy), []
    for turn in range(_PROMOTIONS + 1):
        started = time.process_time()
        promote(Lake(home.lake), contract, PartitionKey("crawl-0", f"9{turn:05}"), {"code": "1"}, book)
        seconds.append(time.process_time() - started)
    shutil.rmtree(home.root)
    # The first one reads what was written beside the lake.
    return seconds[1:]
