"""`strata status`, `history` and `lookup`: what only looks. They end with 0 whatever the states are, but with 1
where damage keeps them from telling all. `read`: `reading.py`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import click

from tier_assets import planning
from tier_assets.commands.face import Session, TierType, keys, partition_option, table
from tier_assets.commands.options import common
from tier_assets.commands.overview import overview, overview_table, remarks
from tier_assets.gate.audit import AuditReport
from tier_assets.keys import PartitionKey
from tier_assets.l4_organized.index import FactIndex
from tier_assets.lake.snapshot import LakeSnapshot
from tier_assets.staleness import hold_sentence
from tier_assets.tiers import Tier


@click.command()
@click.argument("tier", type=TierType(), required=False)
@partition_option
@common
def status(tier: Tier | None, partitions: tuple[str, ...]) -> None:
    """Show per tier and partition: state, version, rows in, kept and dropped by reason, tokens, checks, seconds, cost."""
    session = Session.open()
    wanted = keys(partitions)
    session.remark_on_policy()
    # One walk through the zone tells both.
    survey = None if wanted else session.survey()
    snapshot = session.lake.snapshot()
    needs = planning.needs(
        snapshot,
        {each.key: each for each in survey.arrivals} if survey else session.arrivals(wanted),
        session.policies(),
        session.models(),
        tiers=[tier] if tier else tuple(Tier),
        partitions=wanted,
    )
    rows = overview(session.lake, needs)

    def text() -> str:
        if not rows:
            return "nothing has landed: `strata land SOURCE.SNAPSHOT FILE...` starts"
        highest = list(Tier)[-1] if tier else _highest(snapshot)
        shown = [row for row in rows if Tier(row["tier"]).level <= highest.level]
        above = dict.fromkeys(row["tier"] for row in rows if Tier(row["tier"]).level > highest.level)
        rest = [f"{', '.join(above)}: never materialized"] if above else []
        strangers = [*survey.strangers, *snapshot.strangers()] if survey else []
        return "\n".join([overview_table(shown), *remarks(shown), *rest, *strangers])

    session.emit({"rows": rows}, text)


def _highest(lake: LakeSnapshot) -> Tier:
    """The highest tier of which anything was ever tried."""
    return max((tier for tier in Tier if lake.sources(tier)), key=lambda tier: tier.level, default=next(iter(Tier)))


@click.command()
@click.argument("tier", type=TierType())
@partition_option
@common
def history(tier: Tier, partitions: tuple[str, ...]) -> int:
    """Show promoted versions and held candidates, newest first: when, why, by whom.

    Ends with 1 where what was staged cannot be told in full.
    """
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
    flaws = [flaw for key in wanted for flaw in session.lake.flaws(tier, key)]
    for flaw in flaws:
        session.say(f"strata: {flaw}")
    return 1 if flaws else 0


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
