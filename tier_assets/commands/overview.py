"""The table of states and numbers that `status` and `materialize` print: one row per tier and partition."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tier_assets.commands.face import table
from tier_assets.gate.audit import AuditReport
from tier_assets.lake.lake import Lake
from tier_assets.planning import Need

_SHOWN_REASONS = 3
_SILENT = AuditReport((), {})


def overview(lake: Lake, needs: Iterable[Need]) -> list[dict[str, Any]]:
    """Plain data, in the order given; numbers of the promoted version, else of the held candidate, else null.

    `warned` are the missed expectations that hold nothing, `overridden` those in spite of which a person promoted.
    """
    rows = []
    for need in needs:
        pin = need.pin
        held = lake.held(need.tier, need.key) if not pin and need.state in ("held", "failed") else None
        summary: Mapping[str, Any] = json.loads(pin.shown) if pin else held.summary if held else {}
        missed = any(summary.get("checks", {}).get(verdict) for verdict in ("warned", "failed"))
        # A version's manifest is read only where it has something to say.
        found = lake.report(lake.load(pin)) if pin and missed else held.report if held else ()
        report = AuditReport.of(found) if found else _SILENT
        unread = lake.flaws(need.tier, need.key) if pin and missed and not found else []
        rows.append(
            {
                "tier": need.tier.value,
                "partition": str(need.key),
                "state": need.state,
                "version": pin.number if pin else None,
                "rows_in": summary.get("rows_in"),
                "rows_kept": summary.get("rows_kept"),
                "dropped": summary.get("dropped", {}),
                "tokens": summary.get("tokens"),
                "tokens_exact": summary.get("tokens_exact", False),
                "checks": summary.get("checks", {"passed": 0, "warned": 0, "failed": 0}),
                "seconds": summary.get("seconds"),
                "cost": summary.get("cost"),
                "why": need.why,
                "notes": [*summary.get("notes", []), *unread],
                "warned": [finding.sentence() for finding in report.warnings],
                "overridden": [finding.sentence() for finding in report.failures] if pin else [],
            }
        )
    return rows


def overview_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """For people: estimates carry `~`, what is unknown is `-`."""
    header = (
        "tier",
        "partition",
        "state",
        "v",
        "in",
        "kept",
        "dropped by reason",
        "tokens",
        "checks",
        "seconds",
        "cost",
    )
    cells = [
        (
            row["tier"],
            row["partition"],
            row["state"],
            _number(row["version"]),
            _number(row["rows_in"]),
            _number(row["rows_kept"]),
            _drops(row["dropped"]),
            _number(row["tokens"]) if row["tokens_exact"] or row["tokens"] is None else f"~{row['tokens']:,}",
            _checks(row["checks"]) if row["rows_in"] is not None else "-",
            "-" if row["seconds"] is None else f"{row['seconds']:.1f}",
            "-" if row["cost"] is None else f"{row['cost']:.4f}",
        )
        for row in rows
    ]
    legend = "checks: passed/warned/failed; ~ estimated from characters; - unknown or unpriced"
    return table(header, cells, right=("v", "in", "kept", "tokens", "seconds", "cost")) + "\n" + legend


def remarks(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the numbers do not say: why a partition is not current, what its checks warned of, and what its promoted
    version noted.
    """
    lines = []
    for row in rows:
        name = f"{row['tier']} {row['partition']}"
        if row["why"] and (row["state"] not in ("absent", "landed", "current") or row["version"] is not None):
            lines.append(f"{row['state']}: {name}: {row['why']}")
        lines += [f"{kind}: {name}: {each}" for kind in ("warned", "overridden") for each in row[kind]]
        if row["version"] is not None:
            lines += [f"note: {name}: {note}" for note in row["notes"]]
    return lines


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _drops(dropped: Mapping[str, int]) -> str:
    ordered = sorted(dropped.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = [f"{reason} {count:,}" for reason, count in ordered[:_SHOWN_REASONS]]
    rest = sum(count for _, count in ordered[_SHOWN_REASONS:])
    return ", ".join([*shown, f"others {rest:,}"] if rest else shown) or "-"


def _checks(checks: Mapping[str, int]) -> str:
    return f"{checks['passed']}/{checks['warned']}/{checks['failed']}"
