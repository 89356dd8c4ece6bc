"""What a partition of a tier depends on, digested: the parts of its fingerprint, and in words what differs.

A tier says in its contract what it depends on; here that is read, once, and pinned. Which partitions are new or stale is
`planning.py`'s to say, above the tiers; Dagster's own staleness is not used: it does not see a policy, a model or the
partitions that deduplication compared with.
"""

import hashlib
import json
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tier_assets.gate.audit import AuditReport
from tier_assets.gate.contract import Contract, Guide, digest_of, values_of
from tier_assets.installed import facility, version, version_or_absent
from tier_assets.keys import PartitionKey
from tier_assets.lake.candidates import Candidate
from tier_assets.lake.policies import kept_values
from tier_assets.lake.versions import Version
from tier_assets.landing.zone import Arrival
from tier_assets.neighbours import Earlier, Neighbours, Reader
from tier_assets.policy import Policy
from tier_assets.policy_book import PolicyBook
from tier_assets.tiers import Tier

_SHOWN_RULES, _SHOWN_VALUES, _LONGEST_VALUE = 3, 5, 60
# A value that is not there is no other than one that says nothing.
_NOTHING: tuple[Any, ...] = (None, {}, [])

Models = Mapping[str, Callable[[], str]]
"""Name in a contract's `models` to what gives the model's digest; asked only when a fingerprint needs it."""


@dataclass(frozen=True)
class Inputs:
    """What a partition is made of, pinned: promoted versions by table, those of earlier partitions, the model that guides
    it, what has landed. Whoever computes reads these versions, whatever is promoted meanwhile.
    """

    parents: Mapping[str, Version]
    earlier: Earlier | None = None
    guide: Version | None = None
    arrival: Arrival | None = None

    @property
    def contents(self) -> "Contents":
        """What a fingerprint holds of them."""
        return Contents(
            {table: version.content_digest for table, version in self.parents.items()},
            self.earlier.digest if self.earlier is not None else None,
            self.guide.content_digest if self.guide else None,
            self.arrival,
        )


def inputs_of(
    contract: Contract,
    key: PartitionKey,
    reader: Reader,
    book: PolicyBook,
    arrival: Arrival | None = None,
) -> Inputs | None:
    """What the partition would be made of now; None while a parent has no promoted version, or nothing has landed."""
    if not contract.parents and arrival is None:
        return None
    parents: dict[str, Version] = {}
    for table in contract.parents:
        head = reader.head(table, key)
        if head is None:
            return None
        parents[table] = head
    guide = reader.head(contract.guide.table, contract.guide.key) if contract.guide else None
    before = None
    if contract.neighbours:
        scope = contract.neighbours(book.for_source(key.source))
        before = Neighbours(reader).before(contract.table, key, scope)
    return Inputs(parents, before, guide, arrival)


def fingerprint_parts(
    contract: Contract, key: PartitionKey, inputs: Inputs, book: PolicyBook, models: Models
) -> dict[str, str]:
    """Everything the partition depends on, by name.

    Values are digests or versions, never paths or times. What a part is for stands in DESIGN's fingerprint rule:
    parents' content, dedup basis, policy values read, code version, models and prompts, libraries.
    """
    return common_parts(contract, key.source, book, models) | own_parts(contract, inputs.contents, book)


def common_parts(contract: Contract, source: str, book: PolicyBook, models: Models) -> dict[str, str]:
    """The parts that all partitions of a source have in common: code, policy, libraries, models, prompts."""
    parts = {"code": contract.code_version}
    policy = book.for_source(source)
    values = contract.policy_digest(policy)
    if values:
        parts["policy"] = values
    files = book.files.digest(contract.files(policy))
    if files:
        parts["policy's files"] = files
    parts |= installed_parts(contract)
    for library in contract.policy_libraries(policy):
        parts[f"library {library}"] = version(library)
    for name in contract.models:
        parts[name.replace("_", " ")] = models[name]()
    if contract.prompts_digest:
        parts["prompts"] = contract.prompts_digest
    return parts


class Contents(NamedTuple):
    """The content of what a partition is made of: digests of its parents by table, of its neighbours' chain, of the model
    that guides it; and what has landed.
    """

    parents: Mapping[str, str]
    earlier: str | None = None
    guide: str | None = None
    arrival: Arrival | None = None


def own_parts(contract: Contract, contents: Contents, book: PolicyBook) -> dict[str, str]:
    """The parts of one partition alone: what landed, its parents' content, its neighbours', the model that guides it."""
    parts: dict[str, str] = {}
    if contents.arrival and not contract.parents:
        parts["landed files"] = contents.arrival.digest
        for library in contract.landed_libraries([file.name for file in contents.arrival.files]):
            parts[f"library {library}"] = version_or_absent(library)
    for table, digest in contents.parents.items():
        parts[f"rows of {table}"] = digest
    if contents.earlier is not None:
        parts["earlier partitions"] = contents.earlier
    if contract.guide:
        parts |= _guide_parts(contract.guide, contents.guide, book.default)
    return parts


class Fingerprints:
    """`fingerprint_parts` for whoever looks at many partitions: what depends on the source alone is found once for each."""

    def __init__(self, book: PolicyBook, models: Models) -> None:
        self._book = book
        self._models = models
        self._common: dict[tuple[str, str], dict[str, str]] = {}
        self._chunks: dict[tuple[str, str, tuple[str, ...]], list[tuple[str, bytes]]] = {}

    def parts(self, contract: Contract, key: PartitionKey, contents: Contents) -> dict[str, str]:
        """See `fingerprint_parts`."""
        return self._of_all(contract, key.source) | own_parts(contract, contents, self._book)

    def fingerprint(self, contract: Contract, key: PartitionKey, contents: Contents) -> str:
        """The fingerprint of those parts, of which the common ones are encoded once: see `fingerprint_of`, which it equals."""
        own = own_parts(contract, contents, self._book)
        names = tuple(own)
        layout = self._chunks.get((contract.table, key.source, names))
        if layout is None:
            every = self._of_all(contract, key.source) | own
            layout = [(name, b"" if name in own else _chunk(f"{name}={every[name]}")) for name in sorted(every)]
            self._chunks[contract.table, key.source, names] = layout
        chunks = [chunk or _chunk(f"{name}={own[name]}") for name, chunk in layout]
        return hashlib.sha256(b"".join([_chunk(contract.table), _chunk(str(key)), *chunks])).hexdigest()

    def _of_all(self, contract: Contract, source: str) -> dict[str, str]:
        name = (contract.table, source)
        if name not in self._common:
            self._common[name] = common_parts(contract, source, self._book, self._models)
        return self._common[name]


def _chunk(text: str) -> bytes:
    """A text as `text_digest` takes it up."""
    data = text.encode("utf-8", "surrogatepass")
    return struct.pack("<q", len(data)) + data


def installed_parts(contract: Contract) -> dict[str, str]:
    """Versions of the libraries and facilities by which the output can change, whatever the policy says."""
    return {
        **{f"library {library}": version(library) for library in contract.libraries},
        **{name: facility(name) for name in contract.facilities},
    }


def _guide_parts(guide: Guide, promoted: str | None, policy: Policy) -> dict[str, str]:
    if promoted is None:
        return {guide.name: guide.untrained(policy)}
    return {guide.name: promoted, **{f"library {name}": version(name) for name in guide.libraries}}


def budget_ended(summary: Mapping[str, Any], budget: int) -> str:
    """Why a version of that summary should be computed again though its fingerprint is current: the token budget that it
    had cut it short, and now there is more. Empty if not.
    """
    cut, had = summary.get("cut_by_budget"), summary.get("token_budget")
    return f"its token budget of {had:,} ended before {cut} inputs" if cut and had is not None and budget > had else ""


def is_settled(held: Candidate, fingerprint: str, policy: Policy) -> bool:
    """Whether a held candidate would come out the same again: same fingerprint, judged by the limits now in force."""
    return held.fingerprint == fingerprint and held.summary.get("limits") == policy.audit.digest


def hold_sentence(candidate: Candidate) -> str:
    """Why a candidate is held, from its report, and which rules dropped most of it."""
    shown = [finding.brief() for finding in AuditReport.of(candidate.report).failures]
    # A manifest does not keep their order.
    rules = sorted(candidate.summary.get("dropped_by_rule", {}).items(), key=lambda pair: (-pair[1], pair[0]))
    most = ", ".join(f"{rule} {count:,}" for rule, count in rules[:_SHOWN_RULES])
    return "; ".join([*shown, *([f"dropped most by {most}"] if most else []), *candidate.summary.get("notes", ())])


def hold_line(candidate: Candidate) -> str:
    """`hold_sentence`, and how to see every decision where there are drops to see."""
    look = f"; see `strata read {candidate.table} -p {candidate.partition} --decisions --held`"
    return hold_sentence(candidate) + (
        look if candidate.summary.get("dropped") and candidate.table in set(Tier) else ""
    )


def difference(
    old: Version | Candidate, new: Mapping[str, str], contract: Contract, policy: Policy, lake: Reader
) -> str:
    """What changed since a version or candidate was made, for people: versions and values of the policy are shown, of
    other digests only the name. Those of which the values are not known only name the policy.
    """
    changed = []
    for name in sorted({*old.parts, *new}):
        before, after = old.parts.get(name, "none"), new.get(name, "none")
        if before == after:
            continue
        readable = all(len(value) < 20 for value in (before, after))
        values = _changed_values(old, contract.policy_values(policy), lake) if name == "policy" else []
        rest = len(values) - _SHOWN_VALUES
        more = [f"{rest} more values of the policy"] if rest > 0 else []
        shown = ", ".join([*values[:_SHOWN_VALUES], *more])
        changed.append(shown or (f"{name} {before} -> {after}" if readable else f"{name} changed"))
    return ", ".join(changed)


def frozen_changes(guide: Guide, lake: Reader, policy: Policy) -> Iterator[str]:
    """A sentence for every value in force that differs from the one frozen with the promoted model: it does not count yet."""
    head = lake.head(guide.table, guide.key)
    if head is None or head.parts.get("policy") == digest_of(guide.policy(policy)):
        return
    changed = _changed_values(head, values_of(guide.policy(policy)), lake)
    for change in changed or [f"{', '.join(guide.policy(policy))} changed"]:
        yield f"{change}: counts from the next `{guide.remade_by}`, the promoted {guide.name} keeps its own"


def _changed_values(old: Version | Candidate, now: Mapping[str, tuple[Any, Any]], lake: Reader) -> list[str]:
    """Which values of the policy (by key: value, default) differ from those of old, as phrases; none where that is not
    known.
    """
    made = old.summary.get("policy")
    if made is None:
        return []
    if isinstance(made, str):
        known = kept_values(lake.folder(old.table, PartitionKey.parse(old.partition).source), made) if made else {}
        if known is None:
            return []
        before = {key: known.get(key) for key in now} | known
    else:
        # Versions of before had the values that were not the defaults; what the defaults were then, nobody knows.
        before = {key: default for key, (_, default) in now.items()} | dict(made)
    pairs = {key: (before[key], now[key][0] if key in now else None) for key in (*now, *before)}
    return [
        _change(key, was, is_now)
        for key, (was, is_now) in pairs.items()
        if was != is_now and not (was in _NOTHING and is_now in _NOTHING)
    ]


def _change(key: str, before: Any, after: Any) -> str:
    words = ["none" if value is None else json.dumps(value, ensure_ascii=False) for value in (before, after)]
    return f"{key} changed" if max(map(len, words)) > _LONGEST_VALUE else f"{key} {words[0]} -> {words[1]}"
