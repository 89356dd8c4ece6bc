"""`strata status`, `read`, `history` and `lookup`: what only looks. They end with 0 whatever the states are."""

import base64
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import polars as pl

from tier_assets import planning
from tier_assets.commands.face import Session, TierType, keys, partition_option, table
from tier_assets.commands.options import common
from tier_assets.commands.overview import overview, overview_table, remarks
from tier_assets.errors import DamagedError, LakeError
from tier_assets.files.durable import write_durably
from tier_assets.gate.audit import AuditReport
from tier_assets.keys import PartitionKey
from tier_assets.l4_organized.index import FactIndex
from tier_assets.lake.lake import Lake
from tier_assets.policies.complaints import did_you_mean
from tier_assets.schemas import DropReason
from tier_assets.staleness import hold_sentence
from tier_assets.tiers import Tier

_ONLY = "With --decisions: those of inputs dropped {}; may be given several times."


@click.command()
@click.argument("tier", type=TierType(), required=False)
@partition_option
@common
def status(tier: Tier | None, partitions: tuple[str, ...]) -> None:
    """Show per tier and partition: state, version, rows in, kept and dropped by reason, tokens, checks, seconds, cost."""
    session = Session.open()
    wanted = keys(partitions)
    session.remark_on_policy()
    needs = planning.plan(
        session.lake,
        session.arrivals(wanted),
        session.policies(),
        session.models(),
        tiers=[tier] if tier else tuple(Tier),
        partitions=wanted,
    )
    rows = overview(session.lake, needs)

    def text() -> str:
        if not rows:
            return "nothing has landed: `strata land SOURCE.SNAPSHOT FILE...` starts"
        highest = Tier.ORGANIZED if tier else _highest(session.lake)
        shown = [row for row in rows if Tier(row["tier"]).level <= highest.level]
        above = dict.fromkeys(row["tier"] for row in rows if Tier(row["tier"]).level > highest.level)
        rest = [f"{', '.join(above)}: never materialized"] if above else []
        strangers = [] if wanted else session.landing.strangers()
        return "\n".join([overview_table(shown), *remarks(shown), *rest, *strangers])

    session.emit({"rows": rows}, text)


def _highest(lake: Lake) -> Tier:
    """The highest tier of which anything was ever tried."""
    return max((tier for tier in Tier if lake.sources(tier)), key=lambda tier: tier.level, default=Tier.RAW)


@click.command()
@click.argument("tier", type=TierType())
@partition_option
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="A .jsonl or .parquet file.")
@click.option("--decisions", is_flag=True, help="The decision of every input instead of the promoted rows.")
@click.option("--held", is_flag=True, help="With --decisions: those of the newest held candidate.")
@click.option("--reason", "reasons", multiple=True, metavar="NAME", help=_ONLY.format("for this reason"))
@click.option("--rule", "rules", multiple=True, metavar="NAME", help=_ONLY.format("by this rule"))
@click.option("--payload", is_flag=True, help="With raw: the bytes as fetched (base64 in JSONL).")
@common
def read(
    tier: Tier,
    partitions: tuple[str, ...],
    output: Path | None,
    decisions: bool,
    held: bool,
    reasons: tuple[str, ...],
    rules: tuple[str, ...],
    payload: bool,
) -> None:
    """Read promoted rows, or decisions, as JSONL or Parquet (by the file's ending)."""
    context = click.get_current_context()
    if held and not decisions:
        raise click.UsageError("--held goes with --decisions: rows of a held candidate are never read", ctx=context)
    if (reasons or rules) and not decisions:
        raise click.UsageError("--reason and --rule go with --decisions: promoted rows are kept ones", ctx=context)
    if output and output.suffix not in (".jsonl", ".parquet"):
        raise click.UsageError(f"-o {output.name}: write to a .jsonl or a .parquet file", ctx=context)
    if output and not output.absolute().parent.is_dir():
        raise click.UsageError(
            f"-o {output}: there is no folder {output.absolute().parent}: make it first", ctx=context
        )
    session = Session.open()
    scans = list(_scans(session, tier, keys(partitions), decisions=decisions, held=held, payload=payload))
    for option, column, names in (("--reason", "drop_reason", reasons), ("--rule", "rule", rules)):
        _require(session, scans, option, column, names)
    for column, names in (("drop_reason", reasons), ("rule", rules)):
        scans = [scan.filter(pl.col(column).is_in(names)) for scan in scans] if names else scans
    frames = (scan.collect() for scan in scans)
    if output is None and session.as_json:
        session.emit({"rows": [row for frame in frames for row in _rows(frame)]}, str)
    elif output is None:
        for frame in frames:
            sys.stdout.writelines(_lines(frame))
    else:
        written = _write(output, frames)
        session.emit({"file": str(output), "rows": written}, lambda: f"{written:,} rows written to {output}")


def _scans(
    session: Session, tier: Tier, wanted: Sequence[PartitionKey] | None, *, decisions: bool, held: bool, payload: bool
) -> Iterator[pl.LazyFrame]:
    for key in wanted or session.lake.partitions(tier):
        try:
            frame = session.lake.decisions(tier, key, held=held) if decisions else session.lake.read(tier, key)
        except DamagedError:
            raise
        except LakeError as error:
            session.say(f"strata: {error}")
            continue
        yield frame if payload or "payload" not in frame.collect_schema() else frame.drop("payload")


def _require(session: Session, scans: Sequence[pl.LazyFrame], option: str, column: str, names: Sequence[str]) -> None:
    """Raises UsageError for a name that no decision has, and says which there are; of a reason that there is but that dropped
    nothing, only says so.
    """
    if not (scans and names):
        return
    there = sorted(pl.concat([scan.select(column).unique() for scan in scans]).collect()[column].drop_nulls().unique())
    for name in names:
        if name in there:
            continue
        occurring = f"what occurs: {', '.join(there)}" if there else "nothing was dropped"
        sentence = f"{option} {name}: no decision read here has it{did_you_mean(name, there)}; {occurring}"
        if column == "drop_reason" and name in set(DropReason):
            session.say(f"strata: {sentence}")
        else:
            raise click.UsageError(sentence, ctx=click.get_current_context())


def _rows(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    for row in frame.iter_rows(named=True):
        if isinstance(row.get("payload"), bytes):
            row["payload"] = base64.b64encode(row["payload"]).decode("ascii")
        yield row


def _lines(frame: pl.DataFrame) -> Iterator[str]:
    for row in _rows(frame):
        yield json.dumps(row, ensure_ascii=False, default=_plain) + "\n"


def _plain(value: Any) -> str:
    """Instants as ISO 8601."""
    return str(value.isoformat())


def _write(output: Path, frames: Iterator[pl.DataFrame]) -> int:
    parts = list(frames)
    frame = pl.concat(parts) if parts else pl.DataFrame()

    def fill(temporary: Path) -> None:
        if output.suffix == ".parquet":
            frame.write_parquet(temporary, compression="zstd")
        else:
            with temporary.open("w", encoding="utf-8") as stream:
                stream.writelines(_lines(frame))

    write_durably(output.absolute(), fill)
    return frame.height


@click.command()
@click.argument("tier", type=TierType())
@partition_option
@common
def history(tier: Tier, partitions: tuple[str, ...]) -> None:
    """Show promoted versions and held candidates, newest first: when, why, by whom."""
    session = Session.open()
    wanted = keys(partitions) or session.lake.partitions(tier)
    entries = [entry for key in wanted for entry in _history(session, tier, key)]

    def text() -> str:
        header = ("partition", "version", "what", "when", "in", "kept", "by", "reason")
        cells = [
            [str(entry[name]) if entry[name] is not None else "-" for name in
             ("partition", "version", "kind", "at", "rows_in", "rows_kept", "actor", "reason")]
            for entry in entries
        ]  # fmt: skip
        if not entries:
            return f"{tier}: nothing was promoted or held"
        warned = [
            f"warned: {tier} {entry['partition']} {_which(entry)}: {each}"
            for entry in entries
            for each in entry["warned"]
        ]
        return "\n".join([table(header, cells, right=("version", "in", "kept")), *warned])

    session.emit({"history": entries}, text)


def _history(session: Session, tier: Tier, key: PartitionKey) -> Iterator[dict[str, Any]]:
    for candidate in reversed(session.lake.candidates(tier, key)):
        if candidate.state == "held" and not any(
            version.candidate == candidate.candidate for version in session.lake.versions(tier, key)
        ):
            yield {
                "tier": tier, "partition": str(key), "version": None, "kind": "held", "at": candidate.created_at[:19],
                "candidate": candidate.candidate, "run_id": candidate.run_id, "fingerprint": candidate.fingerprint,
                "rows_in": candidate.summary.get("rows_in"), "rows_kept": candidate.summary.get("rows_kept"),
                "checks": candidate.summary.get("checks"), "actor": "", "reason": hold_sentence(candidate),
                "warned": _warned(candidate.report),
            }  # fmt: skip
    for version in session.lake.versions(tier, key):
        yield {
            "tier": tier, "partition": str(key), "version": version.number, "kind": version.kind,
            "at": version.promoted_at[:19], "candidate": version.candidate, "run_id": version.run_id,
            "fingerprint": version.fingerprint, "rows_in": version.summary.get("rows_in"),
            "rows_kept": version.summary.get("rows_kept"), "checks": version.summary.get("checks"),
            "actor": version.actor, "reason": version.reason, "warned": _warned(session.lake.report(version)),
        }  # fmt: skip


def _which(entry: Mapping[str, Any]) -> str:
    return "held" if entry["version"] is None else f"version {entry['version']}"


def _warned(report: Sequence[Mapping[str, Any]]) -> list[str]:
    return [finding.sentence() for finding in AuditReport.of(report).warnings]


@click.command()
@click.argument("query")
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 1000), help="Facts shown at most.")
@common
def lookup(query: str, limit: int) -> None:
    """Find facts of L4 with their evidence. Plain words: operators have no meaning."""
    session = Session.open()
    lake = session.lake
    heads = {
        name: head.content_digest
        for source in lake.sources(Tier.ORGANIZED)
        for name, head in lake.heads(Tier.ORGANIZED, source).items()
    }
    index = FactIndex(session.home.facts)
    index.refresh(heads, lambda name: lake.read(Tier.ORGANIZED, PartitionKey.parse(name)).collect())
    facts = [hit.as_dict() for hit in index.lookup(query, limit)]
    session.emit({"facts": facts}, _facts_text(query, facts))


def _facts_text(query: str, facts: Sequence[dict[str, Any]]) -> Callable[[], str]:
    def text() -> str:
        lines = []
        for fact in facts:
            lines.append(f"{fact['fact']}  [{fact['fact_id'][:8]}]")
            for evidence in fact["evidence"]:
                lines.append(f'    "{evidence["text"]}"')
                lines.append(
                    f"    {evidence['uri']}  {evidence['partition']} {evidence['file']} at {evidence['offset']}"
                )
        return "\n".join(lines) or f"no fact matches {query!r}"

    return text
