import gzip
import io
import tarfile
import zipfile

import pytest

from tier_assets.l0_raw.archives import read_tar, read_zip
from tier_assets.l0_raw.compression import GZIP
from tier_assets.l0_raw.findings import Capture, Flaw, FlawKind, Reject, Seen
from tier_assets.l0_raw.streams import Stream
from tier_assets.policy import RawPolicy

MIT = b"Permission is hereby granted, free of charge [...] shall be included in all copies or substantial portions"
FILES = {"r/a.py": b"x = 1\n", "r/page.html": b"<p>hello", "r/logo.png": b"\x89PNG", "r/LICENSE": MIT}


def tarred(files):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def zipped(files, method=zipfile.ZIP_DEFLATED):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def from_tar(data, codec=None, policy=None):
    file = io.BytesIO(data)
    found = [found for _, found in read_tar(lambda: Stream(file, codec), "a.tar", policy or RawPolicy())]
    return accounted(found)


def from_zip(data, policy=None):
    return accounted([found for _, found in read_zip(io.BytesIO(data), len(data), "a.zip", policy or RawPolicy())])


def accounted(found):
    """What was found, less how many entries were seen, which must be as many as became something."""
    seen = [each.entries for each in found if isinstance(each, Seen)]
    rest = [each for each in found if not isinstance(each, Seen)]
    assert sum(seen) == sum(not isinstance(each, Flaw) for each in rest)
    return rest


def told(found):
    return [each.rule if isinstance(each, Reject) else each.payload for each in found if not isinstance(each, Flaw)]


def flaws(found):
    return [each.kind for each in found if isinstance(each, Flaw)]


@pytest.mark.parametrize("found", [from_tar(tarred(FILES)), from_zip(zipped(FILES))], ids=["tar", "zip"])
def test_every_file_is_a_document_or_a_counted_drop_under_the_licence_of_its_tree(found):
    assert told(found) == [b"x = 1\n", b"<p>hello", "unknown_kind", MIT]
    assert {each.license for each in found if isinstance(each, Capture)} == {"MIT"}
    assert found[0].uri in ("file:a.tar#r/a.py", "file:a.zip#r/a.py")
    assert [each.offset for each in found] == sorted({each.offset for each in found})


def test_the_same_tar_compressed_gives_the_same():
    assert from_tar(gzip.compress(tarred(FILES)), GZIP) == from_tar(tarred(FILES))


def test_trees_beside_each_other_have_their_own_licences():
    found = from_tar(tarred({"one/a.py": b"a", "one/LICENSE": MIT, "two/b.py": b"b"}))
    assert [each.license for each in found] == ["MIT", "MIT", None]


def test_a_tar_cut_anywhere_keeps_what_is_whole_and_says_so():
    data = gzip.compress(tarred({"a.txt": b"one", "b.txt": bytes(range(1, 256)) * 400}))
    found = from_tar(data[: len(data) // 2], GZIP)
    assert found[0].payload == b"one"
    assert flaws(found) == [FlawKind.TRUNCATED]


def test_a_tar_cut_within_a_member_drops_that_member():
    found = from_tar(tarred({"a.txt": b"one", "b.txt": b"y" * 5_000})[:3_000])
    assert told(found) == [b"one", "truncated"]
    assert flaws(found) == [FlawKind.TRUNCATED]


def test_a_member_longer_than_the_limit_is_passed_over():
    policy = RawPolicy(max_payload_bytes=1_000)
    files = {"big.txt": b"x" * 100_000, "small.txt": b"y"}
    assert told(from_tar(tarred(files), policy=policy)) == ["max_payload_bytes", b"y"]
    assert told(from_zip(zipped(files), policy)) == ["max_payload_bytes", b"y"]


def test_a_zip_whose_member_is_damaged_loses_that_member():
    data = bytearray(zipped({"a.txt": b"one" * 100, "b.txt": b"two"}, zipfile.ZIP_STORED))
    data[60] ^= 0xFF
    assert told(from_zip(bytes(data))) == ["damaged_member", b"two"]


def test_a_zip_that_is_cut_holds_nothing_and_says_so():
    data = zipped(FILES)
    found = from_zip(data[:-30])
    assert (told(found), flaws(found)) == ([], [FlawKind.TRUNCATED])


def test_a_zip_of_overlapping_files_gives_the_first_of_them():
    data = zipped({"a.txt": b"x" * 100_000, "b.txt": b"y"})
    directory = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", directory + 4)
    # The second entry of the directory made to point into the first file.
    forged = bytearray(data)
    forged[second + 42 : second + 46] = (10).to_bytes(4, "little")
    assert told(from_zip(bytes(forged))) == [b"x" * 100_000, "damaged_member"]


def test_what_was_not_deflated_is_not_unpacked():
    found = from_zip(zipped({"a.txt": b"x" * 1_000}, zipfile.ZIP_LZMA))
    assert told(found) == ["damaged_member"]


def test_a_zip_with_a_huge_directory_is_one_drop_and_is_not_read():
    found = from_zip(zipped({f"{number}.txt": b"x" for number in range(50)}), RawPolicy(max_zip_directory_bytes=1_000))
    assert told(found) == ["max_zip_directory_bytes"]
    assert flaws(found) == [FlawKind.UNREADABLE]


@pytest.mark.parametrize("data", [b"PK\x03\x04junk", b"PK\x05\x06" + b"\xff" * 18, b"PK\x05\x06" + b"\0" * 10])
def test_what_is_no_zip_is_a_flaw(data):
    assert [type(each) for each in from_zip(data)] in ([Flaw], [Reject, Flaw])


def test_a_symbolic_link_in_a_zip_is_no_file():
    entry = zipfile.ZipInfo("link.txt")
    entry.external_attr = 0o120777 << 16
    assert told(from_zip(zipped({entry: b"/etc/passwd"}))) == ["no_file"]
