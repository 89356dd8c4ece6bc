"""Writing a candidate: kept rows and decisions, piece by piece, as files that no log names yet.

Whoever computes drives: the lake takes pieces and makes none. So what goes wrong with the files is the lake's to tell of, and
what goes wrong while a piece is made is not.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import polars as pl

from tier_assets.errors import LakeError
from tier_assets.files.digests import ContentDigest, file_digest
from tier_assets.files.durable import durably
from tier_assets.files.frames import FrameWriter
from tier_assets.lake import candidates
from tier_assets.lake.candidates import Candidate, StagedFile
from tier_assets.outcome import Outcome
from tier_assets.schemas import TABLES


class Staging:
    """A candidate that is being written; leaving its context makes it durable, or discards it where an error ends it.

    Pieces are written in a thread while the next is made: compression, digests and files hold no lock of Python's. Memory
    holds two of them. `candidate` is what was announced, and afterwards what there is.
    """

    def __init__(self, table: Path, candidate: Candidate) -> None:
        self.candidate = candidate
        self._table = table
        self._content = ContentDigest()
        self._open = ExitStack()
        self._written: Future[None] | None = None

    def __enter__(self) -> "Staging":
        schemas = TABLES[self.candidate.table]
        (kept,) = self.candidate.files
        try:
            # Announced before anything is written: whatever a kill leaves behind is named by a manifest and swept.
            candidates.write_manifest(self._table, self.candidate)
            with ExitStack() as opened:
                self._rows = self._writer(opened, kept.path, schemas.rows.polars)
                self._decisions = self._writer(opened, self.candidate.decisions.path, schemas.decisions.polars)
                self._behind = opened.enter_context(ThreadPoolExecutor(1, thread_name_prefix="writing"))
                self._open = opened.pop_all()
        except OSError as error:
            candidates.discard(self._table, self.candidate)
            raise self._blamed(error) from None
        return self

    def _writer(self, opened: ExitStack, path: str, schema: pl.Schema) -> FrameWriter:
        return opened.enter_context(FrameWriter(opened.enter_context(durably(self._table / path)), schema))

    def write(self, piece: Outcome) -> None:
        """Take a piece; its rows follow on those of the last. Raises LakeError where the last could not be written."""
        self._wait()
        self._written = self._behind.submit(self._write, piece)

    def _write(self, piece: Outcome) -> None:
        self._content.update(piece.rows)
        self._rows.write(piece.rows)
        self._decisions.write(piece.decisions)

    def _wait(self) -> None:
        try:
            if self._written:
                self._written.result()
        except OSError as error:
            raise self._blamed(error) from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        whole = False
        try:
            if kind is None:
                self._finish()
                whole = True
        finally:
            if not whole:
                failure = error or LakeError("it could not be written")
                # Closing what could not be written may fail once more, and nothing is lost by it.
                with suppress(OSError):
                    self._open.__exit__(type(failure), failure, trace)
                candidates.discard(self._table, self.candidate)

    def _finish(self) -> None:
        self._wait()
        (kept,) = self.candidate.files
        try:
            self._open.close()
            measured = replace(
                self.candidate,
                state="staged",
                content_digest=self._content.hexdigest(),
                files=(self._measured(kept.path, self._rows),),
                decisions=self._measured(self.candidate.decisions.path, self._decisions),
            )
            candidates.write_manifest(self._table, measured)
        except OSError as error:
            raise self._blamed(error) from None
        self.candidate = measured

    def _measured(self, path: str, writer: FrameWriter) -> StagedFile:
        found = (self._table / path).stat()
        return StagedFile(path, found.st_size, writer.rows, file_digest(self._table / path), found.st_mtime_ns)

    def _blamed(self, error: OSError) -> LakeError:
        what = f"{self.candidate.table} {self.candidate.partition}"
        why = error.strerror or str(error)
        return LakeError(f"{what} cannot be written to {self._table} ({why}): mend that, then materialize again")
