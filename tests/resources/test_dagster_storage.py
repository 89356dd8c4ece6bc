import os
import shutil
import signal
import sqlite3
import sys

import dagster as dg
import pytest
from dagster import DagsterInstance

from resources.dagster_storage import open_storage
from tests.reliability.processes import CONTEXT
from tier_assets.home import Home

SHARDED = "telemetry: {enabled: false}\n"


@pytest.fixture
def folder(tmp_path):
    home = Home(tmp_path / "home")
    home.prepare()
    return home.dagster


def works(folder):
    """Whether keys, runs and ticks can be written and read."""
    with open_storage(folder) as instance:
        instance.add_dynamic_partitions("snapshots", ["crawl.1"])
        run = instance.add_run(dg.DagsterRun(job_name="job"))
        instance.report_engine_event("said", run)
        assert len(instance.all_logs(run.run_id)) == 1
        assert instance.all_instigator_state() == []
        return instance.get_dynamic_partitions("snapshots") == ["crawl.1"]


def make(folder, at=None):
    """Make the storage, in a process that kills itself before its `at`-th statement, or call that changes the disk."""
    passed = 0

    def see(frame, event, what):
        nonlocal passed
        if event == "c_call" and getattr(what, "__name__", "") in {"execute", "replace", "fsync", "commit"}:
            passed += 1
            if passed == at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(see)
    with open_storage(folder):
        pass
    sys.setprofile(None)
    (folder / "passed").write_text(str(passed))


def made(folder, at=None):
    """The exit code of a process that makes the storage."""
    process = CONTEXT.Process(target=make, args=(folder, at))
    process.start()
    process.join()
    return process.exitcode


def test_a_storage_whose_making_was_killed_anywhere_is_made_by_the_next_command(folder):
    assert made(shutil.copytree(folder, folder.with_name("rehearsal"))) == 0
    points = int((folder.with_name("rehearsal") / "passed").read_text())
    # The last ones move what was made into place: each of them, and some of those before.
    for at in [points // 3, 2 * points // 3, *range(points - 8, points + 1, 2)]:
        place = shutil.copytree(folder, folder.with_name(f"at-{at}"))
        assert made(place, at) == -signal.SIGKILL
        assert works(place), at
        assert list(place.glob("half-made-*")) == []


def unmark(path):
    """What Dagster leaves where it is killed after it made its tables: they are not marked as of the newest form."""
    connection = sqlite3.connect(path)
    connection.execute("drop table alembic_version")
    connection.commit()
    connection.close()


@pytest.mark.parametrize("name", ["history/runs.db", "history/runs/index.db", "schedules/schedules.db"])
def test_a_half_made_storage_of_before_that_holds_no_runs_is_set_aside(folder, name):
    (folder / "dagster.yaml").write_text(SHARDED)
    with DagsterInstance.from_config(str(folder)) as instance:
        instance.all_instigator_state()
    unmark(folder / name)
    assert works(folder)
    assert (folder / "half-made-1" / name).exists()


def test_a_storage_that_holds_runs_is_never_set_aside(folder):
    assert works(folder)
    unmark(folder / "schedules" / "schedules.db")
    with open_storage(folder) as instance:
        assert instance.get_runs_count() == 1
    assert list(folder.glob("half-made-*")) == []


def test_the_events_of_all_runs_are_in_one_file_marked_as_of_the_newest_form(folder):
    assert works(folder)
    assert sorted(path.name for path in (folder / "history").iterdir()) == ["runs.db"]
    connection = sqlite3.connect(folder / "event_log.db")
    assert connection.execute("select count(*) from alembic_version").fetchone() == (1,)
    connection.close()


def test_a_home_that_is_moved_takes_its_history_along(folder):
    assert works(folder)
    moved = folder.parent.rename(folder.parent.with_name("moved")) / "dagster"
    with open_storage(moved) as instance:
        assert instance.get_runs_count() == 1
        (run,) = instance.get_runs()
        assert len(instance.all_logs(run.run_id)) == 1
    assert not folder.exists()


def test_settings_of_before_keep_a_file_for_each_run(folder):
    (folder / "dagster.yaml").write_text(SHARDED)
    assert works(folder)
    assert not (folder / "event_log.db").exists()
    assert len(list((folder / "history" / "runs").glob("*.db"))) == 2


def test_a_history_that_is_gone_takes_the_cursors_into_it_along(folder):
    assert works(folder)
    shutil.rmtree(folder / "history")
    (folder / "schedules" / "old").touch()
    assert works(folder)
    assert not (folder / "schedules" / "old").exists()


def test_storage_that_the_settings_put_elsewhere_is_left_to_them(folder, tmp_path):
    (folder / "dagster.yaml").write_text(f"storage: {{sqlite: {{base_dir: {tmp_path}/elsewhere}}}}\n")
    assert works(folder)
    assert (tmp_path / "elsewhere" / "history" / "runs.db").exists()
    assert not (folder / "history").exists()
