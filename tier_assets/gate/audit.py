"""The gate's judgement: DuckDB profiles a staged candidate, Great Expectations judges the profile against a contract.

What each tier promises is in its `contract.py`; what happens after the verdict, in `promotion/`. The profile is one row of
numbers and every expectation is on one of them, so no document text can enter a report. Both libraries work in a process of
their own: `auditor.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import polars as pl

from tier_assets.gate import auditor
from tier_assets.gate.contract import CheckName, Contract, Expectation, Profile, View
from tier_assets.schemas import DropReason, RowSchema, TableSchema


@dataclass(frozen=True)
class Finding:
    """One expectation's verdict. `detail` says more than the number does, e.g. which language it is about."""

    check: CheckName
    metric: str
    meaning: str
    allowed: str
    observed: float | None
    passed: bool
    blocking: bool
    detail: str = ""

    def sentence(self) -> str:
        """The verdict for people, e.g. `completeness: files_truncated is 1, allowed = 0 (truncated: ...)`."""
        return self._fact(self.meaning, self.detail)

    def brief(self) -> str:
        """The verdict without what the expectation means."""
        return self._fact(self.detail)

    def _fact(self, *more: str) -> str:
        observed = "nothing" if self.observed is None else f"{self.observed:g}"
        words = "; ".join(filter(None, more))
        return f"{self.check}: {self.metric} is {observed}, allowed {self.allowed}" + (f" ({words})" if words else "")


@dataclass(frozen=True)
class AuditReport:
    """All verdicts on one candidate."""

    findings: tuple[Finding, ...]
    profile: Profile
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> "AuditReport":
        """The report whose `rows` stand in a manifest; its profile is not kept there."""
        return cls(tuple(Finding(**row) for row in rows), {})

    @property
    def holds(self) -> bool:
        """Whether the candidate must not be promoted."""
        return any(finding.blocking and not finding.passed for finding in self.findings)

    @property
    def failures(self) -> tuple[Finding, ...]:
        """Findings that hold the candidate."""
        return tuple(finding for finding in self.findings if finding.blocking and not finding.passed)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings that were missed and hold nothing."""
        return tuple(finding for finding in self.findings if not finding.blocking and not finding.passed)

    def verdict(self, check: CheckName) -> Literal["passed", "warned", "failed"]:
        """The worst verdict of a check's expectations; a check without any has passed."""
        missed = [finding for finding in self.findings if finding.check == check and not finding.passed]
        if any(finding.blocking for finding in missed):
            return "failed"
        return "warned" if missed else "passed"

    def rows(self) -> tuple[dict[str, Any], ...]:
        """The findings as plain data, for manifests."""
        return tuple(asdict(finding) for finding in self.findings)


_REASONS = ", ".join(f"'{reason}'" for reason in DropReason)
_UNIVERSAL_METRICS: Mapping[str, tuple[View, str]] = {
    "rows_in": ("decisions", "count(*)"),
    "rows_kept": ("kept", "count(*)"),
    "repeated_ids": ("kept", "count(*) - count(distinct hash(doc_id))"),
    "repeated_decisions": ("decisions", "count(*) - count(distinct hash(doc_id))"),
    "undecided": ("decisions", "count(*) filter (kept is null)"),
    "kept_share": ("decisions", "avg(kept::int)"),
    "drops_without_reason": (
        "decisions",
        f"count(*) filter (not kept and (drop_reason is null or drop_reason not in ({_REASONS}) or rule is null))",
    ),
    "kept_with_reason": ("decisions", "count(*) filter (kept and drop_reason is not null)"),
    "error_share": (
        "decisions",
        "avg((coalesce(drop_reason, '') in ('unreadable', 'timeout', 'model_error'))::int)",
    ),
}


_NO_PARENTS: Mapping[str, Sequence[Path]] = MappingProxyType({})


def profile(
    kept: Sequence[Path],
    decisions: Path,
    contract: Contract,
    schema: TableSchema,
    measures: Mapping[str, float],
    parents: Mapping[str, Sequence[Path]] = _NO_PARENTS,
) -> Profile:
    """Numbers on a staged candidate: the universal ones, the contract's, and the transformation's own measures; of a
    contract with `accounts`, `inputs_undecided` and `decisions_without_input` against the `parents`, the files of promoted
    rows by table.

    Memory does not grow with the texts. What is counted as equal has equal 64-bit hashes: of ten million different
    texts two would agree once in 370,000 candidates.
    """
    views: tuple[View, View] = ("kept", "decisions")
    metrics = {**_UNIVERSAL_METRICS, **contract.metrics}
    found = auditor.ask(
        "profile",
        files={"kept": [str(path) for path in kept], "decisions": [str(decisions)]},
        metrics={view: {name: sql for name, (over, sql) in metrics.items() if over == view} for view in views},
        required={"kept": schema.rows.required, "decisions": schema.decisions.required},
        mixes={view: {name: sql for name, (over, sql) in contract.mixes.items() if over == view} for view in views},
        accounts=[
            (column, [str(path) for path in parents[table]], [str(path) for each in parents.values() for path in each])
            for table, column in contract.accounts.items()
        ],
    )
    found["columns_different"] = sum(
        _difference(path, expected)
        for path, expected in [*((path, schema.rows) for path in kept), (decisions, schema.decisions)]
    )
    numbers: dict[str, float | None] = {**dict.fromkeys(contract.measures), **found, **measures}
    numbers |= {name: make(numbers) for name, make in contract.derived.items()}
    return {name: None if value is None else float(value) for name, value in numbers.items()}


def _difference(path: Path, expected: RowSchema) -> int:
    """Columns of a file that are missing, of another type, or not the tier's."""
    actual = pl.read_parquet_schema(path)
    wrong = sum(actual.get(name) != dtype for name, dtype in expected.polars.items())
    return wrong + len(set(actual) - set(expected.names))


_NO_DETAILS: Mapping[str, str] = MappingProxyType({})


def audit(
    found: Profile,
    expectations: Sequence[Expectation],
    notes: Sequence[str] = (),
    details: Mapping[str, str] = _NO_DETAILS,
) -> AuditReport:
    """Judge a profile. Great Expectations decides; an expectation it could not evaluate has failed. `details` are words
    on some metrics; one that would block and only warns says from how many inputs on it does.

    Raises KeyError if an expectation is on a number that the profile does not have: a fault of the contract.
    """
    inputs = found["rows_in"] or 0
    blocking = [expectation.blocking and inputs >= expectation.blocks_from for expectation in expectations]
    passed = auditor.ask(
        "judge",
        row={metric: found[metric] for metric in sorted({expectation.metric for expectation in expectations})},
        bounds=[
            (each.metric, each.at_least, each.at_most, "critical" if blocks else "warning")
            for each, blocks in zip(expectations, blocking, strict=True)
        ],
    )
    return AuditReport(
        tuple(
            Finding(
                expectation.check,
                expectation.metric,
                expectation.meaning,
                expectation.allowed,
                found[expectation.metric],
                passed[position],
                blocking[position],
                "; ".join(filter(None, (details.get(expectation.metric), _softened(expectation, inputs)))),
            )
            for position, expectation in enumerate(expectations)
        ),
        found,
        tuple(notes),
    )


def _softened(expectation: Expectation, inputs: float) -> str:
    """What a blocking expectation that does not block for want of inputs would need."""
    few = expectation.blocking and inputs < expectation.blocks_from
    return f"only warns below {expectation.blocks_from:,} inputs, here are {inputs:,.0f}" if few else ""
