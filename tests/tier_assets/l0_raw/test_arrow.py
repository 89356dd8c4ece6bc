import pyarrow as pa
import pytest

from tier_assets.l0_raw.arrow import read_arrow
from tier_assets.l0_raw.findings import Capture, Flaw, FlawKind, Seen
from tier_assets.policy import RawPolicy

TABLE = pa.table({"text": [f"row {number}" for number in range(200)], "url": ["https://e.org"] * 200})


def write(path, table, form, rows=100):
    make = pa.ipc.new_stream if form == "stream" else pa.ipc.new_file
    with pa.OSFile(str(path), "wb") as file, make(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=rows)
    return path


def read(path):
    found = [found for _, found in read_arrow(str(path), RawPolicy())]
    rest = [each for each in found if not isinstance(each, Seen)]
    assert sum(each.entries for each in found if isinstance(each, Seen)) == sum(
        not isinstance(each, Flaw) for each in rest
    )
    return rest


@pytest.mark.parametrize("form", ["stream", "file"])
def test_every_row_is_a_document(tmp_path, form):
    found = read(write(tmp_path / "a.arrow", TABLE, form))
    assert [each.text for each in found] == TABLE["text"].to_pylist()
    assert [each.offset for each in found] == list(range(200))


def test_a_stream_appended_to_another_is_read_too(tmp_path):
    data = write(tmp_path / "a.arrow", TABLE, "stream").read_bytes()
    (tmp_path / "b.arrow").write_bytes(data + data)
    assert [each.offset for each in read(tmp_path / "b.arrow")] == list(range(400))


def test_the_share_read_grows(tmp_path):
    shares = [share for share, _ in read_arrow(str(write(tmp_path / "a.arrow", TABLE, "stream")), RawPolicy())]
    assert shares == sorted(shares) and shares[0] == 0 < shares[-1] <= 1


@pytest.mark.parametrize("form", ["stream", "file"])
def test_a_file_that_is_cut_says_so(tmp_path, form):
    path = write(tmp_path / "a.arrow", TABLE, form)
    path.write_bytes(path.read_bytes()[:-2_500])
    found = read(path)
    assert isinstance(found[-1], Flaw)
    # A stream keeps the batch that is whole; a file's own directory stands at its end.
    assert (found[-1].kind, len(found)) == ((FlawKind.TRUNCATED, 101) if form == "stream" else (FlawKind.UNREADABLE, 1))


@pytest.mark.parametrize("data", [b"\xff\xff\xff\xff" + b"junk" * 9, b"ARROW1\0\0junk"])
def test_junk_is_no_arrow_file(tmp_path, data):
    path = tmp_path / "a.arrow"
    path.write_bytes(data)
    [flaw] = read(path)
    assert flaw.kind == FlawKind.UNREADABLE


def test_offsets_that_lie_are_found_before_they_are_followed(tmp_path):
    path = write(tmp_path / "a.arrow", pa.table({"text": ["abcdefgh" * 100, "second"]}), "stream")
    data = path.read_bytes()
    path.write_bytes(data.replace((800).to_bytes(4, "little") + (806).to_bytes(4, "little"), b"\xff\xff\xff\x7f" * 2))
    [flaw] = read(path)
    assert flaw.kind == FlawKind.UNREADABLE


def test_text_that_is_no_utf_8_drops_its_row_alone(tmp_path):
    column = pa.array([b"fine", b"caf\xe9"]).view(pa.string())
    found = read(write(tmp_path / "a.arrow", pa.table({"text": column}), "stream"))
    assert [type(each) for each in found][:1] == [Capture]
    assert found[1].rule == "bad_encoding"


def test_a_file_without_a_column_for_the_text_is_a_flaw(tmp_path):
    found = read(write(tmp_path / "a.arrow", pa.table({"body": ["x"]}), "stream"))
    assert found == [
        Flaw(FlawKind.UNREADABLE, "has no column text or html, but 'body': name that of the text in raw.text_columns")
    ]
