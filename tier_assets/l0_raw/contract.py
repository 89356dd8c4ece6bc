"""What a promoted partition of L0 promises: every landed file was read to its end, every capture is there or accounted for."""

from collections.abc import Sequence

from tier_assets.gate.contract import UNIVERSAL, Contract, Expectation, Profile
from tier_assets.landing.files import ending
from tier_assets.policy import Policy
from tier_assets.tiers import Tier

_MAY_HOLD_PDFS = (".pdf", ".zip", ".tar", ".tgz")


def _landed_libraries(names: Sequence[str]) -> Sequence[str]:
    """What reads PDFs, which are landed as such or in archives; which files are in one is known when it is read. A PDF in
    a WARC stays as it is.
    """
    return ("pypdfium2",) if any((ending(name) or "").startswith(_MAY_HOLD_PDFS) for name in names) else ()


def _expectations(policy: Policy) -> Sequence[Expectation]:
    audit = policy.audit
    return (
        *UNIVERSAL,
        Expectation("conservation", "entries_unaccounted", "every entry seen in a file became something", 0, 0),
        Expectation("completeness", "files_empty", "no landed file is empty", 0, 0),
        Expectation("completeness", "files_truncated", "no landed file is truncated", 0, 0),
        Expectation("completeness", "files_incomplete", "what an index or manifest lists is there", 0, 0),
        Expectation("completeness", "files_unreadable", "every landed file is of a known kind", 0, 0),
        Expectation("completeness", "files_missing", "every file that _SUCCESS lists is there, unchanged", 0, 0),
        Expectation("volume", "rows_kept", "something was captured", at_least=1),
        Expectation("drops", "error_share", "few captures are damaged", at_most=audit.warn_error_share, blocking=False),
    )


def _unaccounted(found: Profile) -> float:
    """Entries that the readers came to, less those passed and those decided on; the decisions are read from their file."""
    seen, passed, decided = (found[name] or 0 for name in ("entries_seen", "entries_passed", "rows_in"))
    return abs(seen - passed - decided)


CONTRACT = Contract(
    table=Tier.RAW,
    code_version="2",
    checks=("completeness", "conservation", "schema", "volume", "drops"),
    expectations=_expectations,
    metrics={"payload_bytes": ("kept", "sum(payload_bytes)")},
    measures=("entries_seen", "entries_passed"),
    derived={"entries_unaccounted": _unaccounted},
    policy=lambda policy: {"raw": policy.raw},
    # Each says what can be had of damaged data, and pyarrow how values that are no text are written.
    libraries=("brotli", "pyarrow", "zlib-ng", "zstandard"),
    landed_libraries=_landed_libraries,
    # Dates and zips are read by Python's own; the tables say which names within an archive can be shown.
    facilities=("Python", "Python's zipfile", "unicode tables"),
)
