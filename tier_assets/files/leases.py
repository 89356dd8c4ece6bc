"""Who is alive, also where `/proc` does not show it: a lease is a counter that its holder advances.

`/proc` decides at once about processes of the own boot and pid namespace (`processes.py`). Any other, of another container
or machine that shares the home, is alive while its counter moves, and dead when that has not moved for a time on the
observer's own clock. Who declares it dead breaks the lease first, and whoever lost its lease may not commit.

    <lake>/_leases/<token>      a counter, and whose it is; there while the holder lives
"""

import atexit
import fcntl
import functools
import itertools
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from tier_assets.errors import LakeError, LostLeaseError
from tier_assets.files.durable import sweep_temporaries, sync_folder, write_text
from tier_assets.files.processes import Owner

Liveness = Literal["alive", "dead", "unknown"]

_DIGITS = 20
# Of a file that nobody asks about. Compared with the time of a file just written, not with a clock of this machine.
_LONGEST_STILL_SECONDS = 86_400


@dataclass(frozen=True)
class Timing:
    """How often a holder advances its counter, and how long an observer sees it still before it says dead."""

    beat_seconds: float
    patience_seconds: float


# Ten beats: a write to a shared disk may take seconds, and a machine that swaps stalls for longer. Dead too early costs a
# run's work (never data, since it may not commit); dead too late, a wait.
TIMING = Timing(beat_seconds=2, patience_seconds=20)


class Lease(Protocol):
    """What a process holds while it may commit. The local one is a file; a store has other means for the same."""

    @property
    def token(self) -> str:
        """Names the lease once and for all."""
        ...

    def counter(self) -> str | None:
        """What the holder has counted; None where the lease was broken or given back."""
        ...

    def advance(self, counter: int) -> bool:
        """The holder lives; False where the lease was broken."""
        ...

    def guard(self) -> AbstractContextManager[None]:
        """A context in which nobody can break it. Raises LostLeaseError where somebody has."""
        ...

    def break_at(self, counter: str) -> bool:
        """Take it from its holder, durably, unless it moved on from this counter or commits at this moment."""
        ...


@dataclass(frozen=True)
class FileLease:
    """A lease on a disk that holder and observers share."""

    path: Path

    @property
    def token(self) -> str:
        """See Lease."""
        return self.path.name

    def counter(self) -> str | None:
        """See Lease."""
        try:
            return self._text()[:_DIGITS]
        except FileNotFoundError:
            return None

    def take(self, owner: Owner) -> None:
        """Make the file. Raises OSError where there is no room."""
        write_text(self.path, f"{0:0{_DIGITS}d} {owner.mark}\n")

    def owner(self) -> Owner | None:
        """Whose it is; None where that cannot be read."""
        try:
            return Owner.of_mark(self._text()[_DIGITS:].strip())
        except OSError:
            return None

    def written(self) -> float:
        """When its holder last wrote it, as the disk tells the time; now where it is gone."""
        try:
            return self.path.stat().st_mtime
        except FileNotFoundError:
            return time.time()

    def advance(self, counter: int) -> bool:
        """See Lease."""
        try:
            # Opened each time: what was broken is not made again, and a network file system shows others what was closed.
            descriptor = os.open(self.path, os.O_WRONLY)
        except FileNotFoundError:
            return False
        try:
            # In its place, which takes no room: the holder does not look dead because the disk is full.
            os.pwrite(descriptor, f"{counter:0{_DIGITS}d}".encode(), 0)
        finally:
            os.close(descriptor)
        return True

    @contextmanager
    def guard(self) -> Iterator[None]:
        """See Lease."""
        descriptor = self._open()
        try:
            if descriptor is not None:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Broken before, or while this waited for the lock.
            if descriptor is None or self.counter() is None:
                raise LostLeaseError(
                    f"{self.path}: another process took this one for dead, since it stood still (paused, or its disk out of "
                    f"reach), and what it computed is void: materialize again"
                )
            yield
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def break_at(self, counter: str) -> bool:
        """See Lease."""
        descriptor = self._open()
        if descriptor is None:
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self.counter() not in (counter, None):
                return False
            self.path.unlink(missing_ok=True)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        sync_folder(self.path.parent)
        return True

    def _text(self) -> str:
        # Damaged text is another text: whose lease it is cannot be told then, and the holder writes the counter again.
        return self.path.read_text("utf-8", errors="replace")

    def _open(self) -> int | None:
        try:
            return os.open(self.path, os.O_RDWR)
        except FileNotFoundError:
            return None


@dataclass(frozen=True)
class _Sighting:
    """A counter as it was seen last, for how long it has been seen still, and whether it ever was seen to move."""

    counter: str
    at: float
    still_seconds: float = 0.0
    moved: bool = False

    def then(self, counter: str, at: float, longest: float) -> "_Sighting":
        if counter != self.counter:
            return _Sighting(counter, at, moved=True)
        # Looked at rarely it counts less: an observer that was stopped itself, with the holder, has not seen it still.
        return replace(self, at=at, still_seconds=self.still_seconds + min(at - self.at, longest))


class Leases:
    """The leases of one lake, for one process: its own, and what it saw of those of others."""

    def __init__(self, folder: Path, timing: Timing) -> None:
        self.timing = timing
        self._folder = folder
        self._lock = threading.Lock()
        self._mine: FileLease | None = None
        self._seen: dict[str, _Sighting] = {}

    def begin(self) -> Owner:
        """This process with a lease that it holds: work begins. A new lease where it lost the last one.

        Raises LakeError where none can be written.
        """
        return self._owner(anew=True)

    def owner(self) -> Owner:
        """This process with its lease, as work that has begun goes on. Raises as `begin` does."""
        return self._owner(anew=False)

    def _owner(self, *, anew: bool) -> Owner:
        with self._lock:
            if self._mine is None or (anew and self._mine.counter() is None):
                self._mine = self._take()
            return replace(Owner.current(), lease=self._mine.token)

    def guard(self, owner: Owner) -> AbstractContextManager[None]:
        """A context in which this process may commit what `owner` began. Raises LostLeaseError where that is itself and was
        taken for dead; what another one has left, staged and judged, anybody may commit.
        """
        return self._lease(owner.lease).guard() if owner.lease and owner.is_this_process else nullcontext()

    def dead(self, owner: Owner) -> bool:
        """Whether the process is known not to run any more."""
        return self.liveness(owner) == "dead"

    def liveness(self, owner: Owner) -> Liveness:
        """Dead only if it is sure; the lease is then broken. Asked again and again it comes to know what it did not."""
        shown = owner.alive
        if shown is not None:
            return "alive" if shown else "dead"
        if not owner.lease:
            return "unknown"
        lease = self._lease(owner.lease)
        try:
            return self._observe(lease)
        except OSError:
            # The observer's own disk fails: it has seen nothing.
            self._seen.pop(lease.token, None)
            return "unknown"

    def _observe(self, lease: Lease) -> Liveness:
        counter = lease.counter()
        if counter is None:
            return "dead"
        with self._lock:
            before = self._seen.get(lease.token)
            now = time.monotonic()
            seen = before.then(counter, now, 2 * self.timing.beat_seconds) if before else _Sighting(counter, now)
            self._seen[lease.token] = seen
        if seen.still_seconds < self.timing.patience_seconds:
            return "alive" if seen.moved else "unknown"
        return "dead" if lease.break_at(counter) else "unknown"

    def _lease(self, token: str) -> FileLease:
        return FileLease(self._folder / token)

    def _take(self) -> FileLease:
        lease = self._lease(secrets.token_hex(8))
        try:
            lease.take(Owner.current())
            self._sweep(lease.written())
        except OSError as error:
            raise LakeError(
                f"{lease.path}: the lease cannot be written ({error.strerror}): mend that, then run again"
            ) from None
        atexit.register(lease.path.unlink, missing_ok=True)
        _heart(self.timing.beat_seconds, os.getpid()).leases.append(lease)
        return lease

    def _sweep(self, now: float) -> None:
        """Remove the leases of processes that are gone."""
        sweep_temporaries(self._folder)
        for path in self._folder.glob("[!.]*"):
            lease = FileLease(path)
            counter, owner, written = lease.counter(), lease.owner(), lease.written()
            if counter and ((owner and owner.alive is False) or now - written > _LONGEST_STILL_SECONDS):
                lease.break_at(counter)


class _Heart:
    """The thread that advances the leases of this process. It ends with the process, and a fork of that has none."""

    def __init__(self, beat_seconds: float) -> None:
        self.leases: list[Lease] = []
        self._beat_seconds = beat_seconds
        threading.Thread(target=self._beat, daemon=True, name="strata-leases").start()

    def _beat(self) -> None:
        for counter in itertools.count(1):
            # A beat: what waits is this thread alone.
            time.sleep(self._beat_seconds)
            for lease in list(self.leases):
                try:
                    if not lease.advance(counter):
                        self.leases.remove(lease)
                except OSError:
                    # The disk may come back before anybody has lost patience.
                    continue


def leases_of(lake: Path) -> Leases:
    """The leases of the lake in a folder, one object per process, so that what it saw it remembers."""
    return _leases_of(lake / "_leases", os.getpid())


@functools.cache
def _leases_of(folder: Path, pid: int) -> Leases:
    # A process that was forked does not advance its parent's lease: it has none.
    del pid
    return Leases(folder, TIMING)


@functools.cache
def _heart(beat_seconds: float, pid: int) -> _Heart:
    del pid
    return _Heart(beat_seconds)
