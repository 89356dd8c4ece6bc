"""What a tier promises, as data: checks, expectations, metrics, and what its output depends on.

Each tier's own is in its `contract.py`; judging a candidate against it is in `audit.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tier_assets.files.digests import text_digest
from tier_assets.installed import Facility
from tier_assets.keys import PartitionKey
from tier_assets.policies.filtered import Scope
from tier_assets.policies.section import Section, settings
from tier_assets.policy import AuditPolicy, Policy
from tier_assets.schemas import DropReason

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
Account = Literal["doc_id", "parent_ids"]
"""The column of the decisions in which every promoted row of a parent must occur: a decision of its own, or among those that
one names.
"""


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
class Guide:
    """A promoted model by which a tier is computed. `untrained` stands for it in fingerprints while none is promoted.

    `libraries` run it, and count where one is promoted. `policy` gives the sections that are frozen with it: what they say
    counts from the next `remade_by`, a command.
    """

    name: str
    table: str
    key: PartitionKey
    untrained: Callable[[Policy], str]
    policy: Callable[[Policy], Mapping[str, Section]]
    remade_by: str
    libraries: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contract:
    """What a promoted partition of a table promises, and what its fingerprint depends on.

    `metrics` are DuckDB aggregates over the views `kept` (promoted rows) and `decisions`, each a whole scalar query's
    expression with its view, e.g. ("kept", "avg(text_chars)"). `mixes` are columns whose commonest values' shares are
    profiled as `<name>.<value>`. `measures` are numbers that come from the transformation, null where it gives none.
    `derived` are numbers made of all of these. `accounts` says how the rows of which parents are found again among the
    decisions: what was promoted below is read anew, so that a step that forgets an input does not count itself right.
    `expectations` are made from the policy in force; `checks` names every check it can use, whatever the policy says.
    `policy` gives the sections of the policy that the output depends on, by their names in `strata.toml`.
    `files` are those that the policy names. `libraries` and `facilities` (of Python) are those by whose version its output
    can change, `policy_libraries` such as only some policies use. `landed_libraries` gives, for names of landed files, those
    that are used where they are installed: that one is absent counts as its version. `models` names what answers in it.
    `parents` are the tables whose promoted rows of the same partition it reads; without any it reads what has landed.
    `neighbours` says of which earlier partitions of its own table it is made, `guide` which promoted model it uses.
    """

    table: str
    code_version: str
    checks: tuple[CheckName, ...]
    expectations: Callable[[Policy], Sequence[Expectation]]
    metrics: Mapping[str, tuple[View, str]]
    mixes: Mapping[str, tuple[View, str]] = field(default_factory=dict)
    measures: tuple[str, ...] = ()
    derived: Mapping[str, Callable[[Profile], float | None]] = field(default_factory=dict)
    accounts: Mapping[str, Account] = field(default_factory=dict)
    policy: Callable[[Policy], Mapping[str, Section]] = lambda _: {}
    files: Callable[[Policy], Sequence[str]] = lambda _: ()
    libraries: tuple[str, ...] = ()
    facilities: tuple[Facility, ...] = ()
    policy_libraries: Callable[[Policy], Sequence[str]] = lambda _: ()
    landed_libraries: Callable[[Sequence[str]], Sequence[str]] = lambda _: ()
    models: tuple[str, ...] = ()
    prompts_digest: str = ""
    parents: tuple[str, ...] = ()
    neighbours: Callable[[Policy], Scope] | None = None
    guide: Guide | None = None

    @property
    def generates(self) -> bool:
        """Whether a language model writes what it promotes: such work is budgeted in tokens and goes to the pool `gpu`."""
        return "language_model" in self.models

    def policy_digest(self, policy: Policy) -> str:
        """Digest of the values that the output depends on; empty where it depends on none."""
        return digest_of(self.policy(policy))

    def policy_values(self, policy: Policy) -> dict[str, tuple[Any, Any]]:
        """Those values by their keys in full, each with its default, as JSON has them."""
        return values_of(self.policy(policy))


def digest_of(sections: Mapping[str, Section]) -> str:
    """Digest of the values of sections; empty without any."""
    digests = [section.digest for section in sections.values()]
    return text_digest(*digests) if len(digests) > 1 else "".join(digests)


def values_of(sections: Mapping[str, Section]) -> dict[str, tuple[Any, Any]]:
    """The values of sections by their keys in full, each with its default, as JSON has them."""
    return {
        ".".join(setting.key): (_plain(setting.value), _plain(setting.default))
        for name, section in sections.items()
        for setting in settings(section, tuple(name.split(".")))
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


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

ACCOUNTED: tuple[Expectation, ...] = (
    Expectation("conservation", "inputs_undecided", "every row promoted below is decided on", 0, 0),
    Expectation("conservation", "decisions_without_input", "every decision is on a row promoted below", 0, 0),
)
"""What a tier promises that says how it accounts for its parents' rows."""


def kept_of(tried: str = "count(*)", survives: str = "kept") -> tuple[View, str]:
    """The metric `kept_of_tried`: inputs that survive of those tried, null where none was. Both in terms of decisions."""
    return "decisions", f"case when {tried} > 0 then count(*) filter ({survives}) end"


def not_nothing(audit: AuditPolicy) -> tuple[Expectation, ...]:
    """Something must be left, however few the inputs: nothing of 30 is as sure a fault as nothing of 30,000.

    Where nothing was tried (no document in a language of the model, no budget) nothing is missing either, so a first
    version may be empty. Next to a promoted version with rows it may not: whoever edits a policy or loses a model must not
    empty what is served. Duplicates explain an empty partition: their texts survive in another. How both numbers are made:
    `kept_of`, and `summaries.fall`.
    """
    allowed = "audit.allow_empty lets it pass"
    blocking = not audit.allow_empty
    return (
        Expectation(
            "volume", "kept_of_tried", f"something of what was tried is left: {allowed}", at_least=1, blocking=blocking
        ),
        Expectation(
            "volume",
            "kept_of_promoted",
            f"something is left where the promoted version has rows: {allowed}",
            at_least=1,
            blocking=blocking,
        ),
    )


def hold_on(expectations: Sequence[Expectation], policy: AuditPolicy) -> list[Expectation]:
    """The expectations, of which those on measures that the policy names hold a partition instead of warning."""
    return [
        replace(each, blocking=True, blocks_from=policy.min_inputs_to_block)
        if each.metric in policy.hold_on and not each.blocking
        else each
        for each in expectations
    ]
