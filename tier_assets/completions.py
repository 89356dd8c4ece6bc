"""The completion cache: what a model has answered once is never asked again, by any run, process or thread.

Answers are kept by (prompt digest, model digest); the prompt's digest covers its sampling, seed and output schema, so an
edited recipe or another model asks anew. Each answer is on disk before it is handed on, so a killed run pays for no
finished request twice. Failed requests are not kept. Each row carries a digest of itself, and one that does not fit is no
row. Documents are not named here: the decisions of L3 and L4 carry `prompt_hash`, which is this cache's key. Who answers is
in `resources/`.
"""

import fcntl
import hashlib
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from pathlib import Path
from queue import SimpleQueue
from typing import Literal, Protocol, TypeVar, cast

from tier_assets.errors import StrataError
from tier_assets.inference import Completion, FinishReason, LanguageModel, Prompt

_SCHEMA = """
create table if not exists completions (
    prompt text not null,
    model text not null,
    text text not null,
    finish_reason text not null,
    prompt_tokens integer not null,
    completion_tokens integer not null,
    digest text not null default '',
    primary key (prompt, model)
) without rowid
"""
_COLUMNS = ("prompt", "model", "text", "finish_reason", "prompt_tokens", "completion_tokens", "digest")
# As bytes: damaged text is no UTF-8, and must be read to be found out.
_AS_BYTES = ", ".join(f"cast({name} as blob)" for name in _COLUMNS[:-1])
_BUSY_SECONDS = 60.0
# SQLITE_ERROR is what a damaged schema makes of our statements, which are always the same.
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
# The second where SQLite's own sentence quotes a damaged schema.
_ERRORS = (sqlite3.DatabaseError, UnicodeDecodeError)

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class ManagedLanguageModel(LanguageModel, Protocol):
    """A model that holds something to give back: a server, connections, a file."""

    def close(self) -> None:
        """Give it back. May be called twice."""
        ...


class CompletionCache:
    """Completions in one SQLite file, shared by threads and processes. A damaged file is moved aside, not fatal."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def get(self, prompt: str, model: str) -> Completion | None:
        """The completion kept for these digests, marked as cached."""
        return self._use(lambda connection: _select(connection, prompt, model))

    def put(self, prompt: str, model: str, completion: Completion) -> Completion:
        """Keep a completion unless one is kept already; the one that holds, so that rival processes agree."""

        def keep(connection: sqlite3.Connection) -> Completion:
            held = _select(connection, prompt, model)
            if held is not None:
                return held
            counts = (completion.prompt_tokens, completion.completion_tokens)
            values = (prompt, model, completion.text, completion.finish_reason, *counts)
            digest = _digest(*(str(value).encode() for value in values))
            connection.execute("insert or ignore into completions values (?, ?, ?, ?, ?, ?, ?)", (*values, digest))
            if connection.execute("select changes()").fetchone()[0]:
                return completion
            return _select(connection, prompt, model) or completion

        return self._use(keep)

    def mend(self) -> str:
        """Look at every answer, and remove those that are not what was kept; says what was wrong, nothing where nothing was.

        A file whose structure is damaged is moved aside. Raises StrataError where the file cannot be used.
        """
        if not self._path.exists():
            return ""
        before = self._path.stat().st_ino
        removed = self._use(_remove_unfit)
        if self._path.stat().st_ino != before:
            return "its structure is damaged"
        return f"{removed} of its answers are not what was kept" if removed else ""

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _use(self, action: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do something with the file; once more on a new one if it turns out to be damaged."""
        with self._lock:
            try:
                try:
                    return action(self._opened())
                except _ERRORS as error:
                    if not _is_damage(error):
                        raise
                    self._set_aside()
                    return action(self._opened())
            except sqlite3.OperationalError as error:
                raise StrataError(
                    f"the completion cache {self._path} cannot be used ({error}): check its disk and permissions"
                ) from error

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = _open(self._path)
        return self._connection

    def _set_aside(self) -> None:
        """Move the damaged file away, unless another process has done so since we opened ours."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        with self._path.with_name(self._path.name + ".lock").open("w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            if _is_sound(self._path):
                return
            aside = _free_name(self._path)
            for suffix in ("-wal", "-shm", ""):
                part = self._path.with_name(self._path.name + suffix)
                if part.exists():
                    part.rename(aside.with_name(aside.name + suffix))
        _log.warning("the completion cache %s is damaged: moved to %s and begun anew", self._path, aside.name)


class CachedLanguageModel(AbstractContextManager["CachedLanguageModel"]):
    """A language model that remembers. It has the name and digest of the model it wraps, and closes it."""

    def __init__(self, model: ManagedLanguageModel, path: Path) -> None:
        self._model = model
        self._cache = CompletionCache(path)

    @property
    def name(self) -> str:
        """The wrapped model's."""
        return self._model.name

    @property
    def digest(self) -> str:
        """The wrapped model's: the same model with and without a cache gives the same fingerprints."""
        return self._model.digest

    @property
    def profile(self) -> Literal["small", "large"]:
        """The wrapped model's."""
        return self._model.profile

    @property
    def context_tokens(self) -> int:
        """The wrapped model's."""
        return self._model.context_tokens

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """What is known first (`cached`, 0 seconds), then the rest as it finishes. Equal prompts are asked once.

        Of equal prompts the first carries the tokens and seconds of the request, the others are `cached`.
        Raises what the wrapped model raises, and StrataError if the cache's file cannot be written.
        """
        if not prompts:
            return
        model = self._model.digest
        unknown: dict[str, list[int]] = {}
        for index, prompt in enumerate(prompts):
            digest = prompt.digest
            if digest in unknown:
                unknown[digest].append(index)
            elif (known := self._cache.get(digest, model)) is not None:
                yield index, known
            else:
                unknown[digest] = [index]
        if not unknown:
            return
        digests = list(unknown)
        asked = [prompts[unknown[digest][0]] for digest in digests]
        with closing(self._answers(asked, digests, model)) as answers:
            for position, completion in answers:
                first, *others = unknown[digests[position]]
                yield first, completion
                yield from ((other, _again(completion)) for other in others)

    def _answers(
        self, prompts: Sequence[Prompt], digests: Sequence[str], model: str
    ) -> Generator[tuple[int, Completion], None, None]:
        """Answers from the model, each kept the moment it is there, however slowly the caller takes them."""
        arrived: SimpleQueue[tuple[int, Completion] | None] = SimpleQueue()
        stop = threading.Event()

        def work() -> None:
            for position, completion in self._model.generate(prompts):
                failed = completion.finish_reason == "error"
                kept = completion if failed else self._cache.put(digests[position], model, completion)
                arrived.put((position, kept))
                if stop.is_set():
                    return

        def finished(_: Future[None]) -> None:
            arrived.put(None)

        with ThreadPoolExecutor(1, thread_name_prefix="completions") as pool:
            working = pool.submit(work)
            working.add_done_callback(finished)
            try:
                while (answer := arrived.get()) is not None:
                    yield answer
            finally:
                stop.set()
            working.result()

    def close(self) -> None:
        """Close the file and the wrapped model."""
        self._cache.close()
        self._model.close()

    def __exit__(self, *_: object) -> None:
        self.close()


def _again(completion: Completion) -> Completion:
    """The same answer for an equal prompt: nothing was paid for it. A failure stays a failure, not a cached answer."""
    return Completion(
        completion.text,
        completion.finish_reason,
        completion.prompt_tokens,
        completion.completion_tokens,
        cached=completion.finish_reason != "error",
    )


def _select(connection: sqlite3.Connection, prompt: str, model: str) -> Completion | None:
    """What is kept, judged again; a row that is not as it was written is removed, and none."""
    key = "where prompt = ? and model = ?"
    row = connection.execute(f"select {_AS_BYTES}, digest from completions {key}", (prompt, model)).fetchone()
    if row is None:
        return None
    *values, digest = row
    # Damaged pages lead to another prompt's row, whole in itself.
    fits = values[:2] == [prompt.encode(), model.encode()] and digest == _digest(*values)
    completion = _completion(values) if fits else None
    if completion is None:
        connection.execute(f"delete from completions {key}", (prompt, model))
    return completion


def _remove_unfit(connection: sqlite3.Connection) -> int:
    """How many rows were not as they were written. Raises DatabaseError where the structure is damaged."""
    (flaw,) = connection.execute("pragma quick_check(1)").fetchone()
    if flaw != "ok":
        error = sqlite3.DatabaseError(flaw)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error
    rows = connection.execute(f"select {_AS_BYTES}, cast(digest as blob) from completions")
    unfit = [values[:2] for *values, digest in rows if digest != _digest(*values).encode()]
    key = "prompt = cast(? as text) and model = cast(? as text)"
    connection.executemany(f"delete from completions where {key}", unfit)
    return len(unfit)


def _completion(values: Sequence[bytes]) -> Completion | None:
    _, _, text, finish_reason, read, written = values
    try:
        reason = cast("FinishReason", finish_reason.decode())
        completion = Completion(text.decode(), reason, int(read), int(written), cached=True)
    except ValueError:
        return None
    return None if completion.finish_reason == "error" else completion


def _digest(*values: bytes | None) -> str:
    """sha256 (64 hex digits) of a row's values, each with its length in front; nothing fits a row in which one is missing."""
    found = hashlib.sha256()
    for value in values:
        if value is None:
            return ""
        found.update(b"%d:" % len(value))
        found.update(value)
    return found.hexdigest()


def _open(path: Path) -> sqlite3.Connection:
    """A connection in autocommit. WAL with `normal` loses nothing when a process dies, at most the last on power loss."""
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    # A digest that is no UTF-8 is a digest that does not fit.
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    try:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        connection.execute(_SCHEMA)
        if "digest" not in _columns(connection):
            _add_digests(connection)
        # Raises OperationalError where the damaged schema names other columns.
        connection.execute(f"select {', '.join(_COLUMNS)} from completions limit 0")
    except _ERRORS:
        connection.close()
        raise
    return connection


def _columns(connection: sqlite3.Connection) -> list[str]:
    return [row[1] for row in connection.execute("pragma table_info(completions)")]


def _add_digests(connection: sqlite3.Connection) -> None:
    """Give the rows of a file of the form before digests theirs: they are believed as they are, this once."""
    connection.create_function("digest_of", len(_COLUMNS) - 1, _digest, deterministic=True)
    connection.execute("begin immediate")
    try:
        # Another process may have been first.
        if "digest" not in _columns(connection):
            connection.execute("alter table completions add column digest text not null default ''")
            connection.execute(f"update completions set digest = digest_of({_AS_BYTES})")
        connection.execute("commit")
    except BaseException:
        connection.rollback()
        raise


def _is_damage(error: sqlite3.DatabaseError | UnicodeDecodeError) -> bool:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return isinstance(error, UnicodeDecodeError) or code & 0xFF in _DAMAGE


def _is_sound(path: Path) -> bool:
    try:
        with closing(_open(path)) as connection:
            return bool(connection.execute("pragma quick_check(1)").fetchone()[0] == "ok")
    except _ERRORS as error:
        if _is_damage(error):
            return False
        raise


def _free_name(path: Path) -> Path:
    number = 1
    while os.path.lexists(aside := path.with_name(f"{path.name}.damaged-{number}")):
        number += 1
    return aside
