"""Full-text lookup of facts: an SQLite FTS5 file beside the lake, derived from the promoted partitions and disposable.

The truth is the lake: `refresh` brings the file in step with it and seals it, and a file that is not as it was sealed is
made anew: SQLite itself sees damage of its structure alone. Facts are made in `organizing.py`. Plain words are looked up;
the operators of FTS5 have no meaning.
"""

import json
import re
import sqlite3
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tier_assets.errors import LakeError
from tier_assets.files.durable import locked
from tier_assets.files.sealed import is_sealed, seal_beside
from tier_assets.text.grounding import content_words

_VERSION = 1
_BUSY_SECONDS = 60.0
# porter: a person who looks for `telescope` wants `telescopes`. Marks are token characters, or Hindi words would break.
_TABLES = f"""
create table heads (partition text primary key, digest text not null) without rowid;
create table facts (id integer primary key, partition text not null, fact_id text not null, text text not null,
                    evidence text not null);
create index facts_by_partition on facts (partition);
create index facts_by_fact on facts (fact_id);
create virtual table words using fts5 (text, tokenize="porter unicode61 remove_diacritics 2 categories 'L* M* N* Co'");
pragma user_version = {_VERSION};
"""
# Materialized, because bm25 has no meaning once SQLite has merged the query with the join around it.
_RANKED = """
with found as materialized (select rowid as id, bm25(words) as score from words where words match ?)
select facts.fact_id, min(found.score) as best from found join facts using (id)
group by facts.fact_id order by best, facts.fact_id limit ?
"""
# Scripts written without spaces: each character is a word of its own, and neighbours are looked up as a phrase.
_UNSPACED = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])"
)
_WORD = re.compile(r"[^\W_]+")

Load = Callable[[str], pl.DataFrame]


@dataclass(frozen=True)
class Evidence:
    """A verbatim span of a selected document, with the capture that the document came from."""

    text: str
    doc_id: str
    uri: str
    partition: str
    file: str
    offset: int
    start: int
    end: int


@dataclass(frozen=True)
class FactHit:
    """A fact that was found, with its evidence in all partitions. `score` is BM25's: the smaller, the better."""

    fact_id: str
    fact: str
    score: float
    evidence: tuple[Evidence, ...]

    def as_dict(self) -> dict[str, Any]:
        """What `strata lookup --json` prints for it."""
        return {"fact_id": self.fact_id, "fact": self.fact, "evidence": [asdict(span) for span in self.evidence]}


class FactIndex:
    """The facts of all promoted partitions in one file. Safe with several processes: a lock beside the file orders them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = path.with_name(path.name + ".lock")
        self._journal = path.with_name(path.name + "-journal")

    def refresh(self, heads: Mapping[str, str], load: Load) -> None:
        """Bring the file in step with the promoted `heads` (partition to content digest), in one transaction.

        `load` gives the rows (schemas.ROWS[ORGANIZED]) of one partition and is called for new and changed ones alone.
        What was removed is overwritten, so that an erased document is not left in free pages. A damaged file, or one of
        another version, is made anew.
        """
        with locked(self._guard), self._usable():
            if not self._is_sound():
                self._remove()
            with closing(self._open()) as connection:
                changed = _bring_in_step(connection, heads, load)
            if changed:
                seal_beside(self._path)

    def lookup(self, query: str, limit: int) -> list[FactHit]:
        """The facts that fit the words of `query`, best first, at most `limit`; a fact of several partitions is one hit.

        Facts with all the words; if there are none, those with any that is no function word. A query without words
        finds nothing, and so does a file that was never refreshed. Raises LakeError for a file damaged since its last
        refresh.
        """
        words = _WORD.findall(_plain(query))
        if not words or not self._path.exists():
            return []
        with locked(self._guard), self._usable():
            if not self._is_sound():
                raise LakeError(f"the index of facts {self._path} is damaged: look up once more to rebuild it")
            with closing(self._open()) as connection:
                return _found(connection, words, limit)

    def damage(self) -> str:
        """What is wrong with the file; empty where nothing is, or there is none. One that a kill has left is made anew."""
        if not self._path.exists():
            return ""
        with locked(self._guard), self._usable():
            try:
                whole = self._journal.exists() or is_sealed(self._path)
            except OSError as error:
                return str(error)
        return "" if whole else "it is not as it was sealed"

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Raises LakeError where the disk or its permissions stand in the way."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> LakeError:
        return LakeError(f"the index of facts {self._path} cannot be used ({error}): check its disk and permissions")

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
        connection.execute("pragma secure_delete = on")
        return connection

    def _is_sound(self) -> bool:
        """Whether the file is there as it was sealed, of this version, and no killed refresh has left its journal."""
        try:
            if self._journal.exists() or not is_sealed(self._path):
                return False
        except OSError as error:
            raise self._unusable(error) from error
        with closing(self._open()) as connection:
            return bool(connection.execute("pragma user_version").fetchone()[0] == _VERSION)

    def _remove(self) -> None:
        """Begin anew: the lock is held, so nobody else has the file open."""
        for path in (self._journal, self._path):
            path.unlink(missing_ok=True)
        with closing(self._open()) as connection:
            connection.executescript(_TABLES)
        seal_beside(self._path)


def _bring_in_step(connection: sqlite3.Connection, heads: Mapping[str, str], load: Load) -> bool:
    """Whether there was anything to do."""
    known = dict(connection.execute("select partition, digest from heads").fetchall())
    gone = [partition for partition in known if heads.get(partition) != known[partition]]
    new = sorted(partition for partition in heads if known.get(partition) != heads[partition])
    if not gone and not new:
        return False
    connection.execute("begin immediate")
    try:
        for partition in gone:
            _forget(connection, partition)
        for partition in new:
            _learn(connection, partition, load(partition))
            connection.execute("insert into heads values (?, ?)", (partition, heads[partition]))
        if gone:
            # Deleted words stay in the segments of an FTS5 index until these are merged.
            connection.execute("insert into words (words) values ('optimize')")
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")
    return True


def _forget(connection: sqlite3.Connection, partition: str) -> None:
    for table, column in (("words", "rowid"), ("facts", "id")):
        connection.execute(
            f"delete from {table} where {column} in (select id from facts where partition = ?)", (partition,)
        )
    connection.execute("delete from heads where partition = ?", (partition,))


def _learn(connection: sqlite3.Connection, partition: str, facts: pl.DataFrame) -> None:
    for row in facts.sort("doc_id").iter_rows(named=True):
        evidence = [{**span, "partition": partition} for span in row["evidence"]]
        added = connection.execute(
            "insert into facts (partition, fact_id, text, evidence) values (?, ?, ?, ?)",
            (partition, row["fact_id"], row["text"], json.dumps(evidence)),
        )
        connection.execute("insert into words (rowid, text) values (?, ?)", (added.lastrowid, _spaced(row["text"])))


def _found(connection: sqlite3.Connection, words: list[str], limit: int) -> list[FactHit]:
    telling = [word for word in words if content_words(word) or not word.isalpha()]
    for operator, phrases in ((" AND ", words), (" OR ", telling or words)):
        query = operator.join(map(_phrase, phrases))
        ranked = connection.execute(_RANKED, (query, limit)).fetchall()
        if ranked:
            return [_hit(connection, fact_id, score) for fact_id, score in ranked]
    return []


def _hit(connection: sqlite3.Connection, fact_id: str, score: float) -> FactHit:
    rows = connection.execute(
        "select text, evidence from facts where fact_id = ? order by partition", (fact_id,)
    ).fetchall()
    spans = tuple(Evidence(**span) for _, evidence in rows for span in json.loads(evidence))
    return FactHit(fact_id, rows[0][0], score, spans)


def _phrase(word: str) -> str:
    """A quoted FTS5 phrase: quoted, nothing in it is an operator, and a word has no quotation mark."""
    return '"' + " ".join(_spaced(word).split()) + '"'


def _spaced(text: str) -> str:
    return _UNSPACED.sub(r" \1 ", unicodedata.normalize("NFKC", text))


def _plain(query: str) -> str:
    """The query in Unicode form KC and encodable: a lone surrogate would stop SQLite."""
    return unicodedata.normalize("NFKC", query.encode("utf-8", "replace").decode())
