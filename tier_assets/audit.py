"""The gate's judgement: DuckDB profiles a staged candidate, Great Expectations judges the profile against a contract.

What each tier promises is in its `contract.py`; what happens after the verdict, in `promotion.py`. The profile is one row of
numbers and every expectation is on one of them, so no document text can enter a report. Both libraries work in a process of
their own: `auditor.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import polars as pl

from tier_assets import auditor
from tier_assets.digests import text_digest
from tier_assets.policies.section import Section, settings
from tier_assets.policy import AuditPolicy, Policy
from tier_assets.schemas import DropReason, RowSchema, TableSchema

CheckName = Literal["completeness", "conservation", "schema", "volume", "drops", "distribution", "content", "cost"]

CHECKS: Mapping[CheckName, str] = {
    "completeness": "What arrived was read to its end.",
    "conservation": "Every input is kept or dropped, once, with a reason.",
    "schema": "Columns, types and required values are the tier's.",
    "volume": "Enough is kept.",
    "drops": "No reason drops more than it should.",
    "distribution": "Shares and scores are like those promoted before.",
    "content": "What is kept is what the tier promises.",
    "cost": "The budget holds.",
}
"""What each check is about; a tier uses some of them."""

Profile = Mapping[str, float | None]
View = Literal["kept", "decisions"]


@dataclass(frozen=True)
class Expectation:
    """A bound on one number of the profile. A number that is null (nothing to measure) meets every bound.

    A blocking one only warns on fewer than `blocks_from` inputs: rates of a handful of documents mean little.
    """

    check: CheckName
    metric: str
    meaning: str
    at_least: float | None = None
    at_most: float | None = None
    blocking: bool = True
    blocks_from: int = 0

    @property
    def allowed(self) -> str:
        """The bound in words."""
        low = "" if self.at_least is None else f">= {self.at_least:g}"
        high = "" if self.at_most is None else f"<= {self.at_most:g}"
        if self.at_least is not None and self.at_least == self.at_most:
            return f"= {self.at_least:g}"
        return " and ".join(bound for bound in (low, high) if bound)


@dataclass(frozen=True)
class Contract:
    """What a promoted partition of a table promises, and what its fingerprint depends on.

    `metrics` are DuckDB aggregates over the views `kept` (promoted rows) and `decisions`, each a whole scalar query's
    expression with its view, e.g. ("kept", "avg(text_chars)"). `mixes` are columns whose commonest values' shares are
    profiled as `<name>.<value>`. `measures` are numbers that come from the transformation, null where it gives none.
    `expectations` are made from the policy in force; `checks` names every check it can use, whatever the policy says.
    `policy` gives the sections of the policy that the output depends on, by their names in `strata.toml`.
    `files` are those that the policy names, `policy_libraries` libraries that only some policies use. `models` names what
    answers in it.
    """

    table: str
    code_version: str
    checks: tuple[CheckName, ...]
    expectations: Callable[[Policy], Sequence[Expectation]]
    metrics: Mapping[str, tuple[View, str]]
    mixes: Mapping[str, tuple[View, str]] = field(default_factory=dict)
    measures: tuple[str, ...] = ()
    policy: Callable[[Policy], Mapping[str, Section]] = lambda _: {}
    files: Callable[[Policy], Sequence[str]] = lambda _: ()
    libraries: tuple[str, ...] = ()
    policy_libraries: Callable[[Policy], Sequence[str]] = lambda _: ()
    models: tuple[str, ...] = ()
    prompts_digest: str = ""

    def policy_digest(self, policy: Policy) -> str:
        """Digest of the values that the output depends on; empty where it depends on none."""
        digests = [section.digest for section in self.policy(policy).values()]
        return text_digest(*digests) if len(digests) > 1 else "".join(digests)

    def policy_values(self, policy: Policy) -> dict[str, tuple[Any, Any]]:
        """Those values by their keys in full, each with its default, as JSON has them."""
        return {
            ".".join(setting.key): (_plain(setting.value), _plain(setting.default))
            for name, section in self.policy(policy).items()
            for setting in settings(section, tuple(name.split(".")))
        }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


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


def profile(
    kept: Sequence[Path], decisions: Path, contract: Contract, schema: TableSchema, measures: Mapping[str, float]
) -> Profile:
    """Numbers on a staged candidate: the universal ones, the contract's, and the transformation's own measures.

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
    )
    found["columns_different"] = sum(
        _difference(path, expected)
        for path, expected in [*((path, schema.rows) for path in kept), (decisions, schema.decisions)]
    )
    numbers = {**dict.fromkeys(contract.measures), **found, **measures}
    return {name: None if value is None else float(value) for name, value in numbers.items()}


def _difference(path: Path, expected: RowSchema) -> int:
    """Columns of a file that are missing, of another type, or not the tier's."""
    actual = pl.read_parquet_schema(path)
    wrong = sum(actual.get(name) != dtype for name, dtype in expected.polars.items())
    return wrong + len(set(actual) - set(expected.names))


def share_of_attempts(reason: DropReason) -> tuple[Literal["decisions"], str]:
    """The metric: share of the prompts asked that ended with this reason."""
    return (
        "decisions",
        f"count(*) filter (prompt_hash is not null and drop_reason = '{reason}') / nullif(count(prompt_hash), 0)",
    )


UNIVERSAL: tuple[Expectation, ...] = (
    Expectation("conservation", "repeated_ids", "every doc_id once", 0, 0),
    Expectation("conservation", "repeated_decisions", "one decision per input", 0, 0),
    Expectation("conservation", "undecided", "every input is kept or dropped", 0, 0),
    Expectation("conservation", "unmatched_rows", "kept rows are those of the kept decisions", 0, 0),
    Expectation("conservation", "drops_without_reason", "every drop has a known reason and a rule", 0, 0),
    Expectation("conservation", "kept_with_reason", "what is kept has no drop reason", 0, 0),
    Expectation("schema", "columns_different", "columns and types are the tier's", 0, 0),
    Expectation("schema", "required_nulls", "required columns are never null", 0, 0),
)
"""What every table promises."""


def hold_on(expectations: Sequence[Expectation], policy: AuditPolicy) -> list[Expectation]:
    """The expectations, of which those on measures that the policy names hold a partition instead of warning."""
    return [
        replace(each, blocking=True, blocks_from=policy.min_inputs_to_block)
        if each.metric in policy.hold_on and not each.blocking
        else each
        for each in expectations
    ]


_NO_DETAILS: Mapping[str, str] = MappingProxyType({})


def audit(
    found: Profile,
    expectations: Sequence[Expectation],
    notes: Sequence[str] = (),
    details: Mapping[str, str] = _NO_DETAILS,
) -> AuditReport:
    """Judge a profile. Great Expectations decides; an expectation it could not evaluate has failed. `details` are words
    on some metrics.

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
                details.get(expectation.metric, ""),
            )
            for position, expectation in enumerate(expectations)
        ),
        found,
        tuple(notes),
    )
