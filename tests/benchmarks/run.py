"""`make bench`: runs the benchmark's sections and writes docs/benchmarks.json and the page that is made of it.

    python -m tests.benchmarks.run [--only NAME ...] [--rounds N] [--sample N] [--gigabytes N] [--partitions N ...]

Needs STRATA_TEST_DATA, the folder of labelled sets, and the peers' environment, which `make bench` creates; `--only growth`
needs neither. Sections that do not run keep their last figures. What a section does is in `sections_*.py`.
"""

import argparse
import datetime
import os
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.page import Section, Setting, keep, load, render
from tests.benchmarks.processes import PEERS, ROOT, Bench, BenchmarkError, measured
from tests.benchmarks.sections_growth import growth
from tests.benchmarks.sections_platform import index, memory, platform
from tests.benchmarks.sections_quality import contamination, near_duplicates, private_data
from tests.benchmarks.sections_speed import end_to_end, extraction, language, rules, signatures

SECTIONS: dict[str, Callable[[Bench], Section]] = {
    "end-to-end": end_to_end,
    "platform": platform,
    "extraction": extraction,
    "rules": rules,
    "language": language,
    "signatures": signatures,
    "near-duplicates": near_duplicates,
    "index": index,
    "private-data": private_data,
    "contamination": contamination,
    "memory": memory,
    "growth": growth,
}
"""In the order of the page."""

_ALONE = {"growth"}
"""Sections without real data and peers."""

_OURS = ("polars", "numba", "numpy", "trafilatura", "resiliparse", "fasttext-ng", "dagster", "deltalake")
_PEERS = ("datatrove", "trafilatura", "spacy", "datasketch", "rensa", "text-dedup")
_DATA = "STRATA_TEST_DATA"


def main() -> int:
    """Run what is asked for; returns the exit status."""
    given = _arguments()
    data = os.environ.get(_DATA)
    raced = not set(given.only or SECTIONS) <= _ALONE
    lacking = _lacking(data) if raced else ""
    if lacking:
        print(lacking)
        return 2
    output = given.output or ROOT / "docs" / "benchmarks.json"
    for name in given.only or SECTIONS:
        print(f"{name}", flush=True)
        with tempfile.TemporaryDirectory(prefix="strata-bench-") as folder:
            bench = Bench(
                Path(data or folder), Path(folder), given.rounds, given.sample, given.gigabytes, given.partitions
            )
            try:
                section = SECTIONS[name](bench)
            except BenchmarkError as error:
                print(f"{name}: {error}", file=sys.stderr)
                return 1
        keep(output, name, section, setting(given.rounds, given.sample, raced))
    output.with_suffix(".md").write_text(render(load(output), list(SECTIONS)), "utf-8")
    return 0


def _lacking(data: str | None) -> str:
    """What a race needs and is not there, as a sentence."""
    if not data or not Path(data).is_dir():
        return f"the benchmark reads labelled pages and texts, which are no part of the project: set {_DATA} to their folder"
    if not PEERS.is_file():
        return f"{PEERS.relative_to(ROOT)} is missing: run `make bench`, which creates the peers' environment"
    return ""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=list(SECTIONS), nargs="+", metavar="NAME", help=", ".join(SECTIONS))
    parser.add_argument("--rounds", type=int, default=3, help="how often each contender runs")
    parser.add_argument("--sample", type=int, help="a quick look at about so many documents")
    parser.add_argument("--gigabytes", type=float, default=1.0, help="HTML of the section memory")
    parser.add_argument("--partitions", type=int, nargs="+", default=(), help="homes of the section growth")
    parser.add_argument("--output", type=Path, help="the JSON file; the page is written beside it")
    return parser.parse_args()


def setting(rounds: int, sample: int | None, raced: bool = True) -> Setting:
    """What the figures of this run are figures of."""
    ours = {name: version(name) for name in _OURS}
    return Setting(
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        commit=commit(ROOT / ".git"),
        processor=_processor(),
        rounds=rounds,
        sample=sample,
        versions={"Python": sys.version.split()[0], **ours, **(_versions_of_peers() if raced else {})},
    )


def commit(folder: Path) -> str:
    """The first digits of the commit that a checkout's .git folder is at; `unknown` without one."""
    head = folder / "HEAD"
    if not head.is_file():
        return "unknown"
    said = head.read_text("utf-8").strip()
    if not said.startswith("ref: "):
        return said[:10]
    name = said.removeprefix("ref: ")
    if (folder / name).is_file():
        return (folder / name).read_text("utf-8").strip()[:10]
    packed = folder / "packed-refs"
    lines = packed.read_text("utf-8").splitlines() if packed.is_file() else []
    return next((line[:10] for line in lines if line.endswith(f" {name}")), "unknown")


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    named = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown processor"
    )
    return f"{named}, {len(os.sched_getaffinity(0))} cores"


def _versions_of_peers() -> dict[str, str]:
    ask = f"from importlib.metadata import version as v; print(*(v(name) for name in {_PEERS!r}))"
    said = measured([str(PEERS), "-c", ask], cores=1, environment=os.environ).output.split()
    return {f"{name} (peers')": value for name, value in zip(_PEERS, said, strict=True)}


if __name__ == "__main__":
    sys.exit(main())
