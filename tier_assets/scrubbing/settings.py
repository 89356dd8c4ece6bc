"""What is neither landed nor promoted: the policy, and Dagster's own settings and storage, which are a view of the lake."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import yaml  # type: ignore[import-untyped]

from tier_assets.errors import PolicyError
from tier_assets.home import Home
from tier_assets.lake.scrub import Checked, Damage
from tier_assets.policy_book import PolicyBook

_BUSY_SECONDS = 60.0
_MOVE = "move the folder `dagster` away and run any command: Dagster is told anew of all that is promoted"


def scrub_settings(home: Home) -> Iterator[Checked]:
    """Look at the policy and at what is Dagster's; gives one answer for each file."""
    if home.policy.exists():
        yield _policy(home.policy)
    settings = home.dagster / "dagster.yaml"
    if settings.exists():
        yield _settings(settings)
    for path in sorted(home.dagster.rglob("*.db")):
        yield _storage(path)


def _policy(path: Path) -> Checked:
    try:
        PolicyBook.read(path)
    except PolicyError as error:
        return Damage(path, str(error).removeprefix(f"{path}: "), "mend it")
    return None


def _settings(path: Path) -> Checked:
    try:
        whole = isinstance(yaml.safe_load(path.read_text("utf-8")), dict)
    except (yaml.YAMLError, UnicodeDecodeError):
        whole = False
    return None if whole else Damage(path, "cannot be read", "mend it, or remove it and run `strata init`")


def _storage(path: Path) -> Checked:
    """SQLite's own look at the structure: what stands in it has no digests."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", timeout=_BUSY_SECONDS, uri=True)) as connection:
            (found,) = connection.execute("pragma quick_check(1)").fetchone()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        found = str(error)
    return None if found == "ok" else Damage(path, "its structure is damaged", _MOVE)
