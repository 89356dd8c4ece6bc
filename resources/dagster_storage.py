"""Dagster's storage in a home: made whole or not at all. What is asked of it is `orchestrator.py`'s.

Dagster makes its tables and marks them as of its newest form afterwards, and asks for `dagster instance migrate` for ever
where it was killed in between. So they are made in a folder aside and then given their names, the runs' last.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy
from dagster import DagsterInstance
from dagster._core.storage.event_log.sqlite import consolidated_sqlite_event_log
from dagster._core.storage.sql import get_alembic_config, stamp_alembic_rev
from yaml import safe_load  # type: ignore[import-untyped]

from resources import deployments
from tier_assets.files.durable import sync_file, sync_folder
from tier_assets.promotion.partitions import PARTITIONS

# In the order in which they are moved into place: where the last one is, all are.
_SCHEDULES, _EVENTS, _HISTORY = "schedules", "event_log.db", "history"


def open_storage(folder: Path) -> DagsterInstance:
    """Dagster on the folder, which holds `dagster.yaml`; its storage is made where there is none. Needs the home's lock."""
    settings = safe_load((folder / "dagster.yaml").read_bytes())
    if isinstance(settings, dict) and not {"storage", "run_storage", "schedule_storage"} & settings.keys():
        # Else it lies elsewhere, and is made by whoever said so.
        if (folder / _HISTORY).exists() and _is_half_made(folder, settings):
            _set_aside(folder)
        if not (folder / _HISTORY).exists():
            _make(folder)
    return _opened(folder)


def _opened(folder: Path) -> DagsterInstance:
    # The settings say where the events lie by this name: a home may be moved.
    with deployments.dagster_home(folder):
        instance = DagsterInstance.from_config(str(folder))
        # Storage is opened by the first query.
        instance.get_dynamic_partitions(PARTITIONS.name or "")
        instance.get_runs_count()
        return instance


def _make(folder: Path) -> None:
    aside = folder / ".making"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    shutil.copy(folder / "dagster.yaml", aside)
    with _opened(aside) as instance:
        instance.all_instigator_state()
    if (aside / _EVENTS).exists():
        _stamp(aside / _EVENTS)
    for path in aside.rglob("*"):
        (sync_folder if path.is_dir() else sync_file)(path)
    sync_folder(aside)
    # Of a making that was cut short, or of a history that is gone: cursors there would point into that.
    shutil.rmtree(folder / _SCHEDULES, ignore_errors=True)
    for stale in folder.glob(f"{_EVENTS}*"):
        stale.unlink()
    for name in (_SCHEDULES, _EVENTS, _HISTORY):
        if (aside / name).exists():
            (aside / name).replace(folder / name)
    sync_folder(folder)
    shutil.rmtree(aside)


def _stamp(events: Path) -> None:
    """Mark the events' tables as of the newest form: Dagster's own mark there is never committed (1.13.27)."""
    config = get_alembic_config(consolidated_sqlite_event_log.__file__)
    engine = sqlalchemy.create_engine(f"sqlite:///{events}", poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection, connection.begin():
        stamp_alembic_rev(config, connection)


def _is_half_made(folder: Path, settings: dict[str, Any]) -> bool:
    """Whether an older version was killed while it made the storage. One that holds runs is never taken for such."""
    events = _EVENTS if "event_log_storage" in settings else f"{_HISTORY}/runs/index.db"
    runs = folder / _HISTORY / "runs.db"
    files = (runs, folder / events, folder / _SCHEDULES / "schedules.db")
    try:
        return any(not _count(path, "alembic_version") for path in files) and not _count(runs, "runs")
    except sqlite3.DatabaseError:
        # Damaged, which is for people to see: Dagster says so.
        return False


def _count(path: Path, table: str) -> int:
    """Rows of a table; none where there is no such file or table."""
    if not path.exists():
        return 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        if not connection.execute("select count(*) from sqlite_master where name = ?", (table,)).fetchone()[0]:
            return 0
        return int(connection.execute(f"select count(*) from {table}").fetchone()[0])


def _set_aside(folder: Path) -> None:
    place = folder / f"half-made-{len(list(folder.glob('half-made-*'))) + 1}"
    place.mkdir()
    for path in (folder / _HISTORY, folder / _SCHEDULES, *folder.glob(f"{_EVENTS}*")):
        if path.exists():
            path.replace(place / path.name)
