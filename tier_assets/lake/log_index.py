"""What the logs of all tables say, remembered in one SQLite file, so that no command reads history again.

Derived and disposable: each entry of a log is read once, found whole (`versions.entry_of`) and kept with a digest; a file
that is damaged, or that does not fit a log any more, is made anew from the logs. The log stays the truth: whoever asks
brings the index up to date first, which costs two looks at the folder of a log that has not grown.
"""

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from tier_assets.errors import DamagedError, LakeError
from tier_assets.files.durable import locked
from tier_assets.lake.versions import Entry, Version, entry_of, partition_of, unreadable_entry, version_of

_VERSION = 2
_TABLES = f"""
create table logs (log text primary key, newest integer, size integer, changed integer, inode integer) without rowid;
create table entries (
    log text, version integer, sha256 text, partition text, number integer, candidate text, promotion text,
    fingerprint text, content_digest text, looks text, shown text, body_digest blob, seal blob,
    primary key (log, version)
);
create table bodies (log text, version integer, body text, primary key (log, version));
create index by_partition on entries (log, partition, version);
create table checked (path text primary key, size integer, changed integer, sha256 text) without rowid;
create table damaged (path text primary key) without rowid;
pragma user_version = {_VERSION};
"""
_COLUMNS = (
    "log, version, sha256, partition, number, candidate, promotion, fingerprint, content_digest, "
    "looks, shown, body_digest"
)
_BUSY_SECONDS = 60.0
_T = TypeVar("_T")
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class _UnfitError(Exception):
    """The index is damaged, or not of this log as it is now: it is to be made anew."""


class Pin(NamedTuple):
    """A promoted version in a few words: enough to find it again, to compare it, to look at its files and to show it.

    `looks` is a JSON list of its files: path, bytes, time of change. `shown` is a JSON table of those numbers of its summary
    that a list of partitions shows. A tuple, since ten thousand partitions have fifty thousand of them.
    """

    log: str
    partition: str
    number: int
    delta_version: int
    candidate: str
    fingerprint: str
    content_digest: str
    looks: str
    shown: str


class LogIndex:
    """The index of the logs under a lake's root. `log` is `<table>/<source>`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._path = root / "_index" / "log.sqlite"
        self._connection: sqlite3.Connection | None = None
        self._owner = 0
        self._in_memory = False
        self._listed: dict[str, int] = {}
        self._counted: set[str] = set()

    def refresh(self, log: str) -> int:
        """Read what the log has gained; returns the number of its newest entry, -1 without any.

        Raises LakeError naming the entry that is damaged or lost.
        """
        return self._surely(log, lambda: self._refresh(log))

    def versions(self, log: str, partition: str) -> list[Pin]:
        """All promotions of a partition, newest first."""
        return self._surely(log, lambda: self._versions(log, partition))

    def heads(self, log: str) -> list[Pin]:
        """The newest promotion of every partition, in the order of their names."""

        def ask() -> list[Pin]:
            rows = self._rows(
                f"select {_COLUMNS}, seal, max(version) from entries where log = ? and partition <> '' group by partition",
                log,
            )
            return [_pin(row[:-1]) for row in rows]

        return self._surely(log, ask)

    def since(self, log: str, version: int) -> list[Pin]:
        """The promotions of the entries after one, oldest first."""
        return self._surely(
            log, lambda: self._pins("log = ? and version > ? and partition <> '' order by version", log, version)
        )

    def load(self, pin: Pin) -> Version:
        """The version with all that its entry says."""
        return self._surely(pin.log, lambda: self._load(pin))

    def digests(self, log: str, first: int) -> dict[int, str]:
        """Number to sha256 of the entries from one on, as they were when they were read."""
        query = f"select {_COLUMNS}, seal from entries where log = ? and version >= ?"

        def ask() -> dict[int, str]:
            rows = self._rows(query, log, first)
            return {_pin(row).delta_version: row[2] for row in rows}

        return self._surely(log, ask)

    def checked(self, path: Path, size: int, changed: int) -> str:
        """The sha256 that a file of this size and time of change was found to have; empty where it is not known."""
        query = "select size, changed, sha256 from checked where path = ?"
        rows = self._surely("", lambda: self._rows(query, self._name(path)))
        return str(rows[0][2]) if rows and rows[0][:2] == (size, changed) else ""

    def remember(self, path: Path, size: int, changed: int, sha256: str) -> None:
        """Keep that a file has the sha256 that it should have."""

        def keep() -> None:
            with self._writing() as connection:
                values = (self._name(path), size, changed, sha256)
                connection.execute("insert or replace into checked values (?, ?, ?, ?)", values)
                connection.execute("delete from damaged where path = ?", values[:1])

        self._surely("", keep)

    def accuse(self, path: Path) -> None:
        """Keep that a file was found not to be what was promoted, which its size and time of change do not tell."""

        def keep() -> None:
            with self._writing() as connection:
                connection.execute("insert or replace into damaged values (?)", (self._name(path),))

        self._surely("", keep)

    def accused(self) -> set[Path]:
        """The files that were found damaged, and not found right since."""
        return {self._root / name for (name,) in self._surely("", lambda: self._rows("select path from damaged"))}

    def damage(self) -> str:
        """What is wrong with the index itself; empty where nothing is."""
        try:
            if self._open().execute("pragma quick_check(1)").fetchone()[0] != "ok":
                return "its structure is damaged"
            for row in self._open().execute(f"select {_COLUMNS}, seal from entries"):
                self._load(_pin(row)) if row[3] else _pin(row)
        except (sqlite3.DatabaseError, _UnfitError) as error:
            return str(error) or "a row of it is not what was written"
        return ""

    def drop(self) -> None:
        """Remove the index: it is made anew when it is asked."""
        self.close()
        with locked(self._path.with_suffix(".lock")):
            for suffix in ("", "-journal"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        self._listed.clear()
        self._counted.clear()

    def close(self) -> None:
        """Close the file; it is opened again when it is asked."""
        if self._connection is not None and self._owner == os.getpid():
            self._connection.close()
        self._connection = None

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._root))

    def _entry(self, log: str, version: int) -> str:
        return f"{self._root}/{log}/_delta_log/{version:020d}.json"

    def _refresh(self, log: str) -> int:
        found = self._rows("select newest, size, changed, inode from logs where log = ?", log)
        newest, stamp = (found[0][0], found[0][1:]) if found else (-1, None)
        if stamp is not None and _stamp(self._entry(log, newest)) != stamp:
            # An entry was moved aside, or the log replaced by another: what was read of it is of no worth.
            raise _UnfitError
        if log not in self._counted:
            # A seal says that a row is whole, not that none is lost.
            ((rows,),) = self._rows("select count(*) from entries where log = ?", log)
            if rows != newest + 1:
                raise _UnfitError
            self._counted.add(log)
        if os.path.exists(self._entry(log, newest + 1)):  # noqa: PTH110  # asked for every log of a command: four times faster
            # Under the index's own lock: of two that read on at once, the second would take what the first has kept for the
            # versions before those that it reads.
            with self._writing() as connection:
                newest = self._read_on(connection, log)
        self._look_for_gaps(log, newest)
        return newest

    def _read_on(self, connection: sqlite3.Connection, log: str) -> int:
        table = log.partition("/")[0]
        heads: dict[str, Version | None] = {}
        found = self._rows("select newest from logs where log = ?", log)
        number = newest = found[0][0] if found else -1
        stamp: tuple[int, ...] | None = None
        while True:
            path = Path(self._entry(log, number + 1))
            stamp_before = _stamp(str(path))
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                break
            except OSError as error:
                raise unreadable_entry(path, error.strerror or str(error)) from None
            number, stamp = number + 1, stamp_before
            partition = partition_of(data)
            if partition and partition not in heads:
                pins = self._versions(log, partition)
                heads[partition] = self._load(pins[0]) if pins else None
            entry = _whole(path, data, heads.get(partition), table)
            if entry.partition:
                heads[entry.partition] = version_of(entry.body, number)
            row = _row(log, number, data, entry)
            connection.execute(f"insert or replace into entries values ({', '.join('?' * len(row))})", row)
            connection.execute("insert or replace into bodies values (?, ?, ?)", (log, number, entry.body))
        if number > newest and stamp is not None:
            connection.execute("insert or replace into logs values (?, ?, ?, ?, ?)", (log, number, *stamp))
        return number

    def _look_for_gaps(self, log: str, newest: int) -> None:
        """An entry that is lost would hide all after it. The folder is listed again only where it has changed."""
        folder = f"{self._root}/{log}/_delta_log"
        try:
            changed = os.stat(folder).st_mtime_ns  # noqa: PTH116
            if self._listed.get(log) == changed:
                return
            names = [name[:-5] for name in os.listdir(folder) if name.endswith(".json")]  # noqa: PTH208
        except FileNotFoundError:
            return
        last = max((int(name) for name in names if name.isdigit()), default=-1)
        if last > newest and not os.path.exists(self._entry(log, newest + 1)):  # noqa: PTH110
            raise unreadable_entry(Path(self._entry(log, newest + 1)), f"it is gone, while entry {last} is there")
        self._listed[log] = changed

    def _forget(self, log: str) -> None:
        """What the index says of a log; of all, where it is damaged even so. Made anew by whoever asks next."""
        self._listed.pop(log, None)
        self._counted.discard(log)
        try:
            with self._writing() as connection:
                connection.execute("delete from entries where log = ?", (log,))
                connection.execute("delete from bodies where log = ?", (log,))
                connection.execute("delete from logs where log = ?", (log,))
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            self.drop()

    def _surely(self, log: str, ask: Callable[[], _T]) -> _T:
        """The answer of the index, made anew from the log where it is damaged or does not fit."""
        try:
            return ask()
        except _UnfitError:
            self._forget(log)
        except (sqlite3.DatabaseError, OSError) as error:
            if isinstance(error, sqlite3.DatabaseError) and _is_damage(error):
                self.drop()
            elif self._in_memory:
                raise LakeError(f"{self._path} cannot be used ({error}): check its disk and permissions") from None
            else:
                # A full disk, or one that cannot be written to: what is there can be read all the same.
                self.close()
                self._in_memory = True
        if log:
            self._refresh(log)
        return ask()

    def _versions(self, log: str, partition: str) -> list[Pin]:
        return self._pins("log = ? and partition = ? order by version desc", log, partition)

    def _load(self, pin: Pin) -> Version:
        query = f"select {_COLUMNS}, seal from entries where log = ? and version = ?"
        rows = self._rows(query, pin.log, pin.delta_version)
        bodies = self._rows("select body from bodies where log = ? and version = ?", pin.log, pin.delta_version)
        if not rows or not bodies or _pin(rows[0]) != pin or _seal(bodies[0][0]) != rows[0][-2]:
            raise _UnfitError
        return version_of(bodies[0][0], pin.delta_version)

    def _pins(self, where: str, *values: Any) -> list[Pin]:
        return [_pin(row) for row in self._rows(f"select {_COLUMNS}, seal from entries where {where}", *values)]

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._open().execute(query, values).fetchall()

    def _open(self) -> sqlite3.Connection:
        """A connection of this process's own: one that was inherited through a fork is left alone."""
        if self._connection is None or self._owner != os.getpid():
            if self._in_memory:
                self._connection = _connected(":memory:")
            else:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                with locked(self._path.with_suffix(".lock")):
                    self._connection = _connected(self._path)
            self._owner = os.getpid()
        return self._connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        connection = self._open()
        connection.execute("begin immediate")
        try:
            yield connection
        except BaseException:
            connection.execute("rollback")
            raise
        connection.execute("commit")


def _connected(path: Path | str) -> sqlite3.Connection:
    """Nothing is synced: what a power cut leaves of the file is whole, or is made anew."""
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("pragma synchronous = off")
        if connection.execute("pragma user_version").fetchone()[0] != _VERSION:
            tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
            dropped = "".join(f"drop table {name};" for name in tables)
            connection.executescript(f"begin;{dropped}{_TABLES}commit;")
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _pin(row: tuple[Any, ...]) -> Pin:
    *columns, seal = row
    if _seal(*columns) != seal:
        raise _UnfitError
    log, version, _, partition, number, candidate, _, fingerprint, content_digest, looks, shown, _ = columns
    return Pin(log, partition, number, version, candidate, fingerprint, content_digest, looks, shown)


def _whole(path: Path, data: bytes, before: Version | None, table: str) -> Entry:
    if not data:
        # A power cut can leave an empty entry, which delta-rs takes for a commit of nothing: a version would vanish unseen.
        raise unreadable_entry(path, "it is empty")
    try:
        return entry_of(data, before, table)
    except DamagedError as error:
        raise unreadable_entry(path, str(error)) from None


def _row(log: str, version: int, data: bytes, entry: Entry) -> tuple[Any, ...]:
    sha256 = hashlib.sha256(data).hexdigest()
    columns = (log, version, sha256, entry.partition, entry.number, entry.candidate, entry.promotion)
    brief = (entry.fingerprint, entry.content_digest, entry.looks, entry.shown)
    sealed = (*columns, *brief, _seal(entry.body))
    return (*sealed, _seal(*sealed))


def _seal(*values: Any) -> bytes:
    return hashlib.blake2b("\0".join(map(str, values)).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in _DAMAGE
