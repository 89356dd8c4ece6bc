"""Archives of documents: .tar, .tar.gz, .tgz, .tar.zst and .zip, one document or dropped input per file in them.

What a file is, and whether it is wanted, is in `members.py`; how a tar is laid out, in `tar.py`. Nothing is unpacked to disk.
"""

import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO

from tier_assets.l0_raw import tar
from tier_assets.l0_raw.findings import Finding, Flaw, FlawKind, Reject, Seen, too_large
from tier_assets.l0_raw.licenses import spdx_of
from tier_assets.l0_raw.members import Member, damaged, most_bytes, read_member, unwanted
from tier_assets.l0_raw.streams import DamageError, Stream
from tier_assets.landing.kinds import kind_of, license_place
from tier_assets.policy import RawPolicy
from tier_assets.schemas import DropReason

_LICENSE_BYTES = 200_000
_END_OF_DIRECTORY = b"PK\x05\x06"
_END_BYTES = 22
_LONGEST_COMMENT = 1 << 16
_LOCATOR = b"PK\x06\x07"
_LOCATOR_BYTES = 20
_IN_ZIP64 = 0xFFFFFFFF  # what the directory's length says when it stands elsewhere
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
# RuntimeError is what zipfile raises for what it cannot do, ValueError for names and dates that are none.
_ZIP_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)


def read_tar(open_stream: Callable[[], Stream], name: str, policy: RawPolicy) -> Iterator[tuple[int, Finding]]:
    """What a tar called `name` holds, each with how far the file has been read. A locator is the offset of the member's
    header in the decompressed file.

    It is read twice, first for its licences, since they may stand behind what they license. What follows damage of the
    compression is lost, and so is what follows a cut: flaws. Behind a damaged header the next one is found again.
    """
    licenses = _tar_licenses(open_stream())
    stream = open_stream()
    try:
        for found in tar.members(stream):
            if isinstance(found, tar.Damage):
                yield from ((stream.file_offset, each) for each in _tar_damage(stream, found))
                continue
            member = Member(name, found.offset, found.path, found.size, found.is_file)
            yield stream.file_offset, _tar_document(stream, member, licenses, policy)
    except DamageError as damage:
        stream.entries.damaged()
        offset = stream.position
        rule = "truncated" if damage.truncated else "damaged_member"
        yield stream.size, Reject(offset, DropReason.UNREADABLE, rule, detail=str(damage))
        known = f"truncated at byte {stream.size}" if damage.truncated else f"damaged ({damage})"
        yield stream.size, Flaw(FlawKind.TRUNCATED, f"{known}, and documents behind it are lost")
    yield stream.size, Seen(stream.entries.seen)


def _tar_damage(stream: Stream, found: tar.Damage) -> Iterator[Finding]:
    if not found.lost:
        yield Reject(found.offset, DropReason.UNREADABLE, "damaged_member", detail="no tar header")
    elif found.offset < stream.size or not stream.plain or not stream.position:
        yield Flaw(
            FlawKind.TRUNCATED, f"truncated or damaged at byte {found.offset} of the archive: no end mark follows"
        )
    else:
        yield Flaw(FlawKind.TRUNCATED, f"truncated at byte {stream.size}: the end mark of the archive is missing")


def _tar_document(stream: Stream, member: Member, licenses: Mapping[str, str], policy: RawPolicy) -> Finding:
    drop = unwanted(member, policy)
    if drop:
        return drop
    payload = stream.read(member.size)
    if len(payload) < member.size:
        return Reject(
            member.offset, DropReason.UNREADABLE, "truncated", payload, member.uri, detail="the archive ends in it"
        )
    return read_member(member, payload, _license(member, licenses), policy)


def _tar_licenses(stream: Stream) -> dict[str, str]:
    """Licence identifiers by the top folder that they are of; what can be had of a damaged archive."""
    found: dict[str, str] = {}
    try:
        for member in tar.members(stream):
            if isinstance(member, tar.TarMember) and member.is_file and member.size <= _LICENSE_BYTES:
                place = license_place(member.path)
                if place is not None and place not in found:
                    _note(found, place, stream.read(member.size))
    except DamageError:
        return found
    return found


def _note(found: dict[str, str], place: str, text: bytes) -> None:
    license_id = spdx_of(text.decode(errors="replace"))
    if license_id:
        found[place] = license_id


def _license(member: Member, licenses: Mapping[str, str]) -> str | None:
    return licenses.get(member.top) or licenses.get("")


def read_zip(file: BinaryIO, size: int, name: str, policy: RawPolicy) -> Iterator[tuple[int, Finding]]:
    """What a zip called `name` holds, each with how far the file has been read. A locator is the offset of the member's
    header; files come in that order.

    Only stored and deflated files are read, and none that overlaps another: so no archive expands to more than deflate's
    1,032 times its size (Fifield, A better zip bomb, WOOT 2019). A longer directory than the policy's
    `max_zip_directory_bytes` is not read at all.
    """
    length = _directory_bytes(file, size)
    if length is None or length > policy.max_zip_directory_bytes:
        yield from ((size, each) for each in _unreadable_directory(length, policy))
        return
    files = 0
    try:
        with zipfile.ZipFile(file) as archive:
            infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
            files = sum(not info.is_dir() for info in infos)
            licenses = _zip_licenses(archive, infos)
            end = 0
            for info in infos:
                member = Member(name, info.header_offset, info.filename, info.file_size, _is_file(info))
                if not info.is_dir():
                    yield info.header_offset, _zip_document(archive, info, member, end, licenses, policy)
                end = max(end, info.header_offset + info.compress_size)
    except _ZIP_DAMAGE as error:
        yield (
            size,
            Flaw(FlawKind.TRUNCATED, f"truncated or damaged: its directory cannot be read ({_first_line(error)})"),
        )
    yield size, Seen(files)


def _unreadable_directory(length: int | None, policy: RawPolicy) -> Iterator[Finding]:
    if length is None:
        yield Flaw(FlawKind.TRUNCATED, "truncated: it does not end in the directory of a zip archive")
        return
    yield too_large(0, "max_zip_directory_bytes", length, policy.max_zip_directory_bytes)
    yield Seen(1)
    yield Flaw(FlawKind.UNREADABLE, f"has a directory of {length} bytes: split it, or land it as .tar")


def _directory_bytes(file: BinaryIO, size: int) -> int | None:
    """How long the directory is, None without one: reading it costs memory for each file, whatever number it states."""
    start = max(0, size - _END_BYTES - _LONGEST_COMMENT)
    file.seek(start)
    tail = file.read(_END_BYTES + _LONGEST_COMMENT)
    at = tail.rfind(_END_OF_DIRECTORY)
    if at < 0 or len(tail) - at < _END_BYTES:
        return None
    length = int.from_bytes(tail[at + 12 : at + 16], "little")
    if length < _IN_ZIP64:
        return length
    locator = tail[max(0, at - _LOCATOR_BYTES) : at]
    if not locator.startswith(_LOCATOR):
        return None
    file.seek(min(int.from_bytes(locator[8:16], "little"), size))
    record = file.read(56)
    return int.from_bytes(record[40:48], "little") if len(record) == 56 else None


def _is_file(info: zipfile.ZipInfo) -> bool:
    """Unix modes in the upper half of the attributes: a symbolic link is no file; other systems store none."""
    kind = (info.external_attr >> 16) & 0o170000
    return kind in (0, 0o100000)


def _zip_document(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    member: Member,
    end: int,
    licenses: Mapping[str, str],
    policy: RawPolicy,
) -> Finding:
    drop = unwanted(member, policy)
    if drop:
        return drop
    if info.header_offset < end:
        return damaged(member, "overlaps the file before it, as zip bombs do")
    if info.compress_type not in _METHODS or info.flag_bits & _ENCRYPTED:
        return damaged(member, "is encrypted, or compressed otherwise than by deflate")
    limit = most_bytes(kind_of(member.path), policy)
    try:
        with archive.open(info) as file:
            payload = file.read(limit + 1)
    except _ZIP_DAMAGE as error:
        return damaged(member, _first_line(error))
    return read_member(member, payload, _license(member, licenses), policy)


def _zip_licenses(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> dict[str, str]:
    found: dict[str, str] = {}
    for info in infos:
        place = license_place(info.filename)
        if place is None or place in found or info.file_size > _LICENSE_BYTES or info.compress_type not in _METHODS:
            continue
        try:
            with archive.open(info) as file:
                _note(found, place, file.read(_LICENSE_BYTES))
        except _ZIP_DAMAGE:
            continue
    return found


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:200]
