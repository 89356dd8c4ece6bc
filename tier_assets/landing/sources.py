"""Where the bytes of a landed file lie: in a local file or in an object of an S3 bucket, opened through one face.

What lies in the landing zone is found in `zone.py`; folders that become files are in `folders.py`. Credentials
and region are the AWS SDK's to find (AWS_* variables, profiles, roles); only the address of another server is given here,
since Arrow does not read AWS_ENDPOINT_URL (apache/arrow issue 49643).
"""

import hashlib
import io
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from tier_assets.errors import LandingError
from tier_assets.inference import Report

if TYPE_CHECKING:
    from pyarrow import NativeFile
    from pyarrow.fs import S3FileSystem

S3 = "s3://"
ASKED_AT_ONCE = 16
_CHUNK_BYTES = 1 << 20
_S3_BUFFER_BYTES = 8 << 20
_CONNECT_SECONDS = 10
_REQUEST_SECONDS = 60


class Landable(Protocol):
    """What can be copied into a partition: a name and bytes, the same each time."""

    @property
    def name(self) -> str:
        """The file's name in the landing zone."""
        ...

    @property
    def size(self) -> int:
        """How many bytes there are."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """The bytes. Raises OSError."""
        ...


@dataclass(frozen=True)
class Source:
    """A file to read. `location` is a path or an `s3://` URL; `etag` identifies an object's content, as its store says;
    `sha256` is what a local file hashes to, where that is known.
    """

    name: str
    location: str
    size: int
    etag: str | None = None
    endpoint: str | None = None
    sha256: str | None = None

    @property
    def remote(self) -> bool:
        """Whether it is an object in a bucket."""
        return self.location.startswith(S3)

    def open(self) -> BinaryIO:
        """The file, to be read from any place. Raises OSError."""
        if self.remote:
            native = s3(self.endpoint).open_input_file(self.location.removeprefix(S3))
            return io.BufferedReader(cast(io.RawIOBase, native), _S3_BUFFER_BYTES)
        return Path(self.location).open("rb")

    def arrow(self) -> "str | NativeFile":
        """What Arrow's own readers open: a path, or an open object. Raises OSError."""
        return s3(self.endpoint).open_input_file(self.location.removeprefix(S3)) if self.remote else self.location

    def chunks(self) -> Iterator[bytes]:
        """See Landable."""
        with self.open() as file:
            while data := file.read(_CHUNK_BYTES):
                yield data


@dataclass
class Progress:
    """Tells how many bytes of all have been read, file by file."""

    total: int
    report: Report
    done: int = 0

    def over(self, file: Landable) -> Landable:
        """The same file, telling while it is read."""
        return _Told(file, self)


@dataclass(frozen=True)
class _Told:
    file: Landable
    progress: Progress

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def size(self) -> int:
        return self.file.size

    def chunks(self) -> Iterator[bytes]:
        progress = self.progress
        for data in self.file.chunks():
            progress.done += len(data)
            progress.report(progress.done, progress.total, f"{self.name}, bytes")
            yield data


def local_source(path: Path, name: str = "") -> Source:
    """A local file under its own name, or another. Raises OSError."""
    return Source(name or path.name, str(path.absolute()), path.stat().st_size)


def remote_source(url: str, endpoint: str | None, name: str = "") -> Source:
    """An object as it is now. Raises LandingError if there is none, or the store cannot be asked."""
    path = url.removeprefix(S3)
    if "/" not in path.strip("/") or path.endswith("/"):
        raise LandingError(f"{url!r:.300} names no object: use s3://BUCKET/KEY, or s3://BUCKET/FOLDER/")
    with _in_one_line(url, "a URL that ends in '/' is all objects below it"):
        size, etag = object_state(url, endpoint)
    return Source(name or path.rpartition("/")[2], url, size, etag, endpoint)


def remote_keys(url: str, endpoint: str | None) -> list[str]:
    """The objects below a URL that ends in `/`, as their paths from there, sorted. Raises LandingError if there are none."""
    from pyarrow.fs import FileSelector, FileType

    path = url.removeprefix(S3).rstrip("/")
    if not path:
        raise LandingError(f"{url!r:.300} names no bucket: use s3://BUCKET/FOLDER/")
    with _in_one_line(url, "it names no bucket or folder"):
        found = s3(endpoint).get_file_info(FileSelector(path, recursive=True))
    keys = sorted(each.path.removeprefix(f"{path}/") for each in found if each.type == FileType.File)
    if not keys:
        raise LandingError(f"{url!r:.300} holds no object")
    return keys


def remote_sources(found: Mapping[str, str], endpoint: str | None) -> list[Source]:
    """Objects by URL, each under the name given, as they are now, asked for several at a time. Raises LandingError."""
    with ThreadPoolExecutor(ASKED_AT_ONCE) as threads:
        return list(threads.map(lambda url: remote_source(url, endpoint, found[url]), found))


@contextmanager
def _in_one_line(url: str, missing: str) -> Iterator[None]:
    """What a store answers, as a LandingError in one line."""
    try:
        yield
    except FileNotFoundError:
        raise LandingError(f"{url!r:.300} does not exist: {missing}") from None
    except OSError as error:
        raise LandingError(f"{url!r:.300} cannot be read: {reason(error)}; check the AWS_* settings") from None


def object_state(url: str, endpoint: str | None) -> tuple[int, str]:
    """Size and etag of an object now. Raises OSError, FileNotFoundError if there is none."""
    with s3(endpoint).open_input_stream(url.removeprefix(S3)) as stream:
        known = stream.metadata()
    return int(known["Content-Length"]), known["ETag"].decode().strip('"')


def digest_of(file: Landable) -> str:
    """sha256 of the bytes. Raises OSError."""
    digest = hashlib.sha256()
    for data in file.chunks():
        digest.update(data)
    return digest.hexdigest()


def reason(error: OSError) -> str:
    """What an error of the file system or of Arrow says, in one line."""
    return (error.strerror or str(error)).partition("\n")[0][:300]


@cache
def s3(endpoint: str | None) -> "S3FileSystem":
    """The object store: Amazon's, or the server at `endpoint` (an URL). Nothing is asked of it yet."""
    from pyarrow.fs import S3FileSystem

    return S3FileSystem(endpoint_override=endpoint, connect_timeout=_CONNECT_SECONDS, request_timeout=_REQUEST_SECONDS)
