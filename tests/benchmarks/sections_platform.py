"""Sections on Strata as a user runs it: the `strata` command, two cores, a growing index, memory."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from tests.benchmarks import inputs
from tests.benchmarks.contenders.pipeline import WARCS
from tests.benchmarks.figures import number, ratio
from tests.benchmarks.ours import PARTITION
from tests.benchmarks.page import Section, Table, raw
from tests.benchmarks.processes import PEERS, Bench, Command, Contender, environment, measured
from tests.benchmarks.sections_speed import crawl

_STRATA = str(Path(sys.executable).with_name("strata"))
_SMALL = 20
_ONE, _TWO, _FEW = "1 worker, 1 core", "2 workers, 2 cores", f"{_SMALL} texts"
_PARTITIONS, _DOCUMENTS, _TEXTS = 50, 50_000, 3000
_LAST, _SIGNED = 10, 2000
_SHOWN = (2, 10, 50)
_WARCS = 4


def platform(bench: Bench) -> Section:
    """`strata materialize filtered` with one worker and with two, and on next to nothing; datatrove in turn with them."""
    files = crawl(bench)
    few = inputs.written(bench.work / "few.jsonl", inputs.sampled(inputs.texts(bench.data), _SMALL))
    pages = sum(1 for _ in inputs.responses(files))
    jobs: dict[str, tuple[Sequence[Path], int]] = {_ONE: (files, 1), _TWO: (files, 2), _FEW: ([few], 1)}
    runs: dict[str, list[Command]] = {name: [] for name in jobs}
    peers: list[float] = []
    for turn in range(bench.rounds):
        for name, (landed, workers) in jobs.items():
            print(f"  round {turn + 1} of {bench.rounds}: {name}", flush=True)
            runs[name].append(_materialized(bench, landed, workers))
        print(f"  round {turn + 1} of {bench.rounds}: datatrove", flush=True)
        peers.append(bench.run(Contender("pipeline", "datatrove", PEERS), bench.work).cpu_seconds)
    rows = []
    for name, some in runs.items():
        cpu = [run.cpu_seconds for run in some]
        speed = [number(pages / median(cpu)), str(ratio(peers, cpu))] if name != _FEW else ["-", "-"]
        wall, peak = median(run.wall_seconds for run in some), max(run.peak_bytes for run in some)
        rows.append([name, number(median(cpu)), number(wall), *speed, number(peak / 1e6)])
    rows.append(["datatrove", number(median(peers)), "-", number(pages / median(peers)), "1", "-"])
    clock = {name: [run.wall_seconds for run in some] for name, some in runs.items()}
    net = {name: [a - b for a, b in zip(clock[name], clock[_FEW], strict=True)] for name in (_ONE, _TWO)}
    fixed = number(median(run.cpu_seconds for run in runs[_FEW]))
    return Section(
        "Through the command",
        f"`strata materialize filtered` on one partition of {pages:,} captures: L0 and L1 with Dagster, the lake, "
        "the audit and "
        f"promotion of both. What it costs on {_SMALL} texts is the fixed cost: {fixed} CPU seconds. By the "
        "clock, two cores are "
        f"{ratio(clock[_ONE], clock[_TWO])} times as fast as one, {ratio(net[_ONE], net[_TWO])} times without the "
        "fixed cost.",
        [Table(("", "CPU-s", "seconds by the clock", "documents/CPU-s", "x datatrove", "peak MB"), rows)],
        {name: [{**vars(run), "output": ""} for run in some] for name, some in runs.items()} | {"datatrove": peers},
    )


def memory(bench: Bench) -> Section:
    """The largest process of a run over more HTML than fits into it."""
    files = inputs.larger(inputs.warcs(bench.data), bench.work / WARCS, bench.gigabytes * 1e9)
    landed = sorted(files.iterdir())
    print(f"  {len(landed)} files", flush=True)
    run = _materialized(bench, landed, 1)
    shutil.rmtree(files)
    return Section(
        "Memory",
        f"`strata materialize filtered` with one worker on one partition of {number(bench.gigabytes)} GB of HTML "
        "(the crawl again "
        "and again, each time with other URLs and with two letters swapped): peak memory of the largest process.",
        [
            Table(
                ("GB of HTML", "peak MB", "CPU-s", "MB/CPU-s"),
                [
                    [
                        number(bench.gigabytes),
                        number(run.peak_bytes / 1e6),
                        number(run.cpu_seconds),
                        number(bench.gigabytes * 1000 / run.cpu_seconds),
                    ]
                ],
            )
        ],
        {"gigabytes": bench.gigabytes, "peak_bytes": run.peak_bytes, "cpu_seconds": run.cpu_seconds},
    )


def _materialized(bench: Bench, files: Sequence[Path], workers: int) -> Command:
    """A home of its own, landed by reference, materialized; only the second is measured."""
    home = bench.work / "home"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    (home / "strata.toml").write_text(f"[execution]\nworkers = {workers}\n")
    own = environment(bench.work)
    strata = [_STRATA, "--home", str(home)]
    landing = [str(file.resolve()) for file in files]
    measured([*strata, "land", "--reference", PARTITION, *landing], cores=1, environment=own)
    run = measured([*strata, "materialize", "filtered", "-p", PARTITION], cores=workers, environment=own)
    shutil.rmtree(home)
    return run


def index(bench: Bench) -> Section:
    """What the k-th incremental partition costs."""
    job = {"partitions": _PARTITIONS, "documents": bench.sample or _DOCUMENTS}
    source = inputs.written(bench.work / "index.jsonl", [job, *inputs.sampled(inputs.texts(bench.data), _SIGNED)])
    runs = bench.in_turn({"strata": Contender("index", "strata")}, source)
    seconds = [run.result["seconds"] for run in runs["strata"]]
    signing = [job["documents"] / run.result["signed"] for run in runs["strata"]]
    table, whole = _growth(seconds, signing)
    texts = bench.sample or _TEXTS
    real = {**job, "documents": texts, "warcs": [str(file) for file in inputs.warcs(bench.data)[:_WARCS]]}
    source = inputs.written(bench.work / "lake.jsonl", [real, *inputs.sampled(inputs.texts(bench.data), texts)])
    lakes = bench.in_turn({"lake": Contender("increments", "strata")}, source)
    in_a_lake = [run.result["seconds"] for run in lakes["lake"]]
    lake_table, lake_whole = _growth(in_a_lake, [run.result["alone"] for run in lakes["lake"]])
    return Section(
        "The dedup index",
        f"{_PARTITIONS} partitions of {job['documents']:,} documents with random keys, a tenth of which share "
        "three of 22 keys "
        "with an earlier one: CPU milliseconds to find and compare candidates in all earlier partitions and to write the "
        f"partition's own index. With the signatures of as many real texts counted in, the last {_LAST} cost "
        f"{whole} times the "
        f"first. On disk: {number(median(run.result['bytes_a_document'] for run in runs['strata']))} bytes a document. "
        f"The second table is a lake: {_PARTITIONS} partitions of {texts:,} real texts with their words shuffled, a tenth "
        "of which repeat earlier ones but for two words; candidates' texts are read from the promoted files, and "
        "the partition before is indexed. The first partition has nothing to compare with. With what reading, extracting and "
        f"measuring as many real pages takes ({number(median(run.result['alone'] for run in lakes['lake']))} CPU seconds), "
        f"the last {_LAST} partitions cost {lake_whole} times the first.",
        [table, lake_table],
        {**raw(runs), **raw(lakes), "seconds": seconds, "seconds in a lake": in_a_lake},
    )


def _growth(seconds: Sequence[Sequence[float]], beside: Sequence[float]) -> tuple[Table, str]:
    """What the k-th partition costs, by run, and the last ones against the first with so much counted in for each."""
    costs = {at: [each[at - 1] for each in seconds] for at in (1, *_SHOWN)}
    last = [sum(each[-_LAST:]) / _LAST for each in seconds]
    worst = [max(each) for each in seconds]
    rows = [[f"k = {at}", number(1000 * median(some)), str(ratio(some, costs[1]))] for at, some in costs.items()]
    rows.append([f"mean of the last {_LAST}", number(1000 * median(last)), str(ratio(last, costs[1]))])
    rows.append(["worst", number(1000 * median(worst)), str(ratio(worst, costs[1]))])
    whole = ratio(
        [after + rest for after, rest in zip(last, beside, strict=True)],
        [first + rest for first, rest in zip(costs[1], beside, strict=True)],
    )
    return Table(("partition", "CPU-ms", "times the first"), rows), str(whole)
