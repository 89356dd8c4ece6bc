import random

import polars as pl
import pyarrow.parquet as pq
import pytest

from tier_assets.files.frames import FrameWriter, row_groups

SCHEMA = pl.Schema({"doc_id": pl.String, "score": pl.Float32})


def write(path, *frames):
    with FrameWriter(path, SCHEMA) as file:
        for frame in frames:
            file.write(frame)
    return file.rows


def frame(*doc_ids):
    return pl.DataFrame({"doc_id": doc_ids, "score": [0.5] * len(doc_ids)}, schema=SCHEMA)


def test_frames_come_back_as_they_went_with_their_partition(tmp_path):
    assert write(tmp_path / "x.parquet", frame("a", "b"), frame(), frame("c")) == 3
    groups = list(row_groups(tmp_path / "x.parquet", "crawl.1"))
    assert [group.rows for group in groups] == [2, 1]
    assert groups[0].read().rows() == [("a", 0.5, "crawl.1"), ("b", 0.5, "crawl.1")]
    assert groups[1].read(["doc_id"]).columns == ["doc_id", "partition"]


def test_texts_within_lists_of_structs_are_written_too(tmp_path):
    schema = pl.Schema({"languages": pl.List(pl.Struct({"language": pl.String, "score": pl.Float32}))})
    rows = pl.DataFrame({"languages": [[{"language": "en", "score": 0.5}], None, []]}, schema=schema)
    with FrameWriter(tmp_path / "x.parquet", schema) as file:
        file.write(rows)
    assert pl.read_parquet(tmp_path / "x.parquet").equals(rows)


def test_the_file_has_the_schema_even_without_rows(tmp_path):
    assert write(tmp_path / "x.parquet") == 0
    assert pl.read_parquet_schema(tmp_path / "x.parquet") == SCHEMA


def test_a_frame_of_another_schema_is_refused(tmp_path):
    with pytest.raises(pl.exceptions.SchemaError, match="Float64"):
        write(tmp_path / "x.parquet", pl.DataFrame({"doc_id": ["a"], "score": [0.5]}))


def test_equal_frames_give_equal_bytes(tmp_path):
    for name in ("x", "y"):
        write(tmp_path / name, frame("a"), frame("b"))
    assert (tmp_path / "x").read_bytes() == (tmp_path / "y").read_bytes()


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(OSError, match=r"x\.parquet is no Parquet file"):
        list(row_groups(tmp_path / "x.parquet", "crawl.1"))


def test_long_values_have_no_dictionary_and_types_are_parquets_own(tmp_path):
    schema = pl.Schema({"doc_id": pl.String, "payload": pl.Binary, "text": pl.String})
    with FrameWriter(tmp_path / "x.parquet", schema) as file:
        file.write(pl.DataFrame({"doc_id": ["a"] * 9, "payload": [b"b"] * 9, "text": ["c"] * 9}))
    metadata = pq.read_metadata(tmp_path / "x.parquet")
    columns = [metadata.row_group(0).column(number) for number in range(3)]
    assert [column.has_dictionary_page for column in columns] == [True, False, False]
    assert metadata.metadata is None
    assert pl.read_parquet_schema(tmp_path / "x.parquet") == schema


def test_long_texts_lie_in_small_pages_so_that_few_rows_are_read_at_little_cost(tmp_path):
    draw = random.Random(7)
    texts = ["".join(draw.choices("abcdefgh ", k=4_000)) for _ in range(1_000)]
    write(tmp_path / "x.parquet", frame(*texts))
    # Each page is a frame of zstd, which begins with these bytes: 4 MB in pages of 256 kB at most, not of a megabyte.
    assert (tmp_path / "x.parquet").read_bytes().count(b"\x28\xb5\x2f\xfd") >= 4_000_000 / 256_000
