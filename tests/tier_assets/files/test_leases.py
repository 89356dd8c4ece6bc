import fcntl
import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from tier_assets.errors import LakeError, LostLeaseError
from tier_assets.files.leases import FileLease, Leases, Timing, leases_of
from tier_assets.files.processes import Owner

ME = Owner.current()
TIMING = Timing(beat_seconds=2, patience_seconds=20)
# Nobody's counter moves unless the test moves it.
NEVER = Timing(beat_seconds=86_400, patience_seconds=20)


@pytest.fixture
def clock(monkeypatch):
    """The observer's clock, in a list."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def leases(tmp_path):
    return Leases(tmp_path, NEVER)


@pytest.fixture
def lease(tmp_path):
    """The lease of a process of another container."""
    lease = FileLease(tmp_path / "theirs")
    lease.take(replace(ME, namespace="1"))
    return lease


@pytest.fixture
def theirs(lease):
    return replace(ME, namespace="1", lease=lease.token)


def watched(leases, owner, clock, seconds):
    """What is known after watching for so long, looking every second."""
    for _ in range(seconds):
        clock[0] += 1
        told = leases.liveness(owner)
    return told


def test_a_process_of_this_container_is_known_by_proc_at_once_whatever_its_lease(leases, lease):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    other = replace(Owner.of(child.pid), lease=lease.token)
    assert leases.liveness(other) == "alive"
    child.communicate(b"\n")
    assert leases.liveness(other) == "dead"


def test_a_process_of_another_container_is_unknown_until_its_counter_moves(leases, lease, theirs, clock):
    assert leases.liveness(theirs) == "unknown"
    assert watched(leases, theirs, clock, 19) == "unknown"
    lease.advance(1)
    assert leases.liveness(theirs) == "alive"
    assert watched(leases, theirs, clock, 19) == "alive"


def test_it_is_dead_when_its_counter_has_not_moved_for_so_long_and_its_lease_is_broken(leases, lease, theirs, clock):
    leases.liveness(theirs)
    lease.advance(1)
    leases.liveness(theirs)
    assert watched(leases, theirs, clock, 20) == "dead"
    assert lease.counter() is None
    assert leases.liveness(theirs) == "dead"


def test_one_whose_lease_is_gone_is_dead_at_once(leases):
    assert leases.liveness(replace(ME, namespace="1", lease="given-back")) == "dead"


def test_one_that_named_no_lease_is_never_sure_to_be_dead(leases, clock):
    assert leases.liveness(replace(ME, namespace="1")) == "unknown"
    assert watched(leases, replace(ME, namespace="1"), clock, 100) == "unknown"


def test_an_observer_that_stood_still_itself_has_not_seen_the_counter_still(leases, theirs, clock):
    leases = Leases(leases._folder, TIMING)
    leases.liveness(theirs)
    clock[0] += 3600
    assert leases.liveness(theirs) == "unknown"
    assert watched(leases, theirs, clock, 16) == "dead"


def test_an_observer_whose_disk_fails_has_seen_nothing(leases, lease, theirs, clock):
    leases.liveness(theirs)
    assert watched(leases, theirs, clock, 19) == "unknown"
    content = lease.path.read_bytes()
    lease.path.unlink()
    lease.path.mkdir()
    assert watched(leases, theirs, clock, 1) == "unknown"
    lease.path.rmdir()
    lease.path.write_bytes(content)
    assert watched(leases, theirs, clock, 19) == "unknown"


def test_a_lease_is_not_broken_while_its_holder_commits(leases, lease, theirs, clock):
    leases.liveness(theirs)
    with lease.guard():
        assert watched(leases, theirs, clock, 100) == "unknown"
        assert lease.counter() is not None
    assert watched(leases, theirs, clock, 1) == "dead"


def test_a_lease_that_moved_on_is_not_broken(lease):
    before = lease.counter()
    lease.advance(1)
    assert not lease.break_at(before)
    assert lease.break_at(lease.counter())
    assert not lease.advance(2)
    assert lease.counter() is None


def test_who_lost_its_lease_may_not_commit_and_begins_anew_with_another(leases):
    mine = leases.begin()
    with leases.guard(mine):
        pass
    FileLease(leases._folder / mine.lease).path.unlink()
    with pytest.raises(LostLeaseError, match="materialize again$"), leases.guard(mine):
        pytest.fail("it may not commit")
    assert leases.owner() == mine
    again = leases.begin()
    assert again.lease != mine.lease
    with leases.guard(again):
        pass
    with pytest.raises(LostLeaseError), leases.guard(mine):
        pytest.fail("what it began before it may not commit")


def test_a_commit_that_waited_while_its_lease_was_broken_does_not_happen(tmp_path, leases):
    mine = leases.begin()
    path = tmp_path / mine.lease
    program = (
        "import sys, pathlib\nfrom tier_assets.files.leases import FileLease\nfrom tier_assets.errors import LostLeaseError\n"
        "print('ready', flush=True)\n"
        "try:\n  with FileLease(pathlib.Path(sys.argv[1])).guard(): print('committed')\n"
        "except LostLeaseError: print('lost')\n"
    )
    with path.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        holder = subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE, text=True)
        assert holder.stdout.readline() == "ready\n"
        path.unlink()
    assert holder.communicate()[0] == "lost\n"


def test_anybody_may_commit_what_another_process_left(leases):
    for owner in (replace(ME, pid=1, lease="gone"), replace(ME, lease="")):
        with leases.guard(owner):
            pass


def test_an_error_while_committing_stays_what_it_is(leases):
    with pytest.raises(FileNotFoundError, match="of the commit"), leases.guard(leases.begin()):
        raise FileNotFoundError("of the commit")


def test_one_process_holds_one_lease_of_a_lake_and_its_counter_moves(tmp_path):
    leases = Leases(tmp_path, Timing(beat_seconds=0.01, patience_seconds=20))
    mine = leases.begin()
    assert leases.begin() == leases.owner() == mine
    lease = FileLease(tmp_path / mine.lease)
    seen = {lease.counter()}
    while len(seen) < 3:
        # The heart beats in a thread of its own.
        time.sleep(0.01)
        seen.add(lease.counter())
    assert all(len(counter) == 20 and counter.isdigit() for counter in seen)
    assert lease.owner() == ME


def test_the_counter_moves_on_after_the_disk_failed(tmp_path):
    leases = Leases(tmp_path, Timing(beat_seconds=0.01, patience_seconds=20))
    lease = FileLease(tmp_path / leases.begin().lease)
    (tmp_path / "loop").symlink_to(lease.token)  # nothing can be read or written there
    (tmp_path / "away").hardlink_to(lease.path)
    (tmp_path / "loop").replace(lease.path)
    # The heart beats in a thread of its own.
    time.sleep(0.05)
    (tmp_path / "away").replace(lease.path)
    before = lease.counter()
    while lease.counter() == before:
        # The heart beats in a thread of its own.
        time.sleep(0.01)


def test_leases_of_processes_that_are_gone_are_swept_and_others_stay(tmp_path):
    gone = subprocess.Popen(["true"])
    dead = Owner.of(gone.pid)
    gone.wait()
    elsewhere = replace(ME, namespace="1")
    for name, owner in (("dead", dead), ("mine", ME), ("elsewhere", elsewhere), ("old", elsewhere)):
        FileLease(tmp_path / name).take(owner)
    os.utime(tmp_path / "old", (0, 0))
    mine = Leases(tmp_path, NEVER).begin()
    assert {path.name for path in tmp_path.iterdir()} == {"mine", "elsewhere", mine.lease}


def test_a_lease_is_given_back_when_its_process_ends(tmp_path):
    program = (
        "import sys, pathlib\nfrom tier_assets.files.leases import leases_of\n"
        "leases_of(pathlib.Path(sys.argv[1])).begin()\n"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path], check=True)
    assert list((tmp_path / "_leases").iterdir()) == []


def test_a_forked_process_has_no_lease_of_its_parent(tmp_path):
    program = (
        "import os, sys, pathlib\nfrom tier_assets.files.leases import leases_of\nlake = pathlib.Path(sys.argv[1])\n"
        "mine = leases_of(lake).begin().lease\nchild = os.fork()\n"
        "if child: assert os.waitpid(child, 0)[1] == 0\n"
        "else: os._exit(0 if leases_of(lake).begin().lease != mine else 1)\n"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path], check=True)


def test_a_lake_has_one_set_of_leases_in_a_process_so_that_what_was_seen_is_remembered(tmp_path):
    assert leases_of(tmp_path) is leases_of(tmp_path)
    assert leases_of(tmp_path) is not leases_of(tmp_path / "other")


def test_a_place_where_no_lease_can_be_written_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(
        LakeError, match=r"file/_leases/.*: the lease cannot be written \(.*\): mend that, then run again"
    ):
        leases_of(tmp_path / "file").begin()


@pytest.mark.parametrize("at", [3, 25])
def test_a_damaged_lease_is_no_text_and_nobodys_error(leases, lease, theirs, at):
    data = bytearray(lease.path.read_bytes())
    data[at] |= 0x80
    lease.path.write_bytes(data)
    assert leases.liveness(theirs) == "unknown"
    assert len(lease.counter()) == 20
