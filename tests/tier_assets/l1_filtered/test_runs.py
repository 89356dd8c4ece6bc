import numpy as np
import polars as pl
import pytest

from tests.flips import flipped
from tier_assets.l1_filtered.dedup import INDEX, RELATED, index
from tier_assets.l1_filtered.runs import Run
from tier_assets.policies.filtered import Deduplication

POLICY = Deduplication()
TEXTS = ("one two three four five six seven", "too short", "eight nine ten eleven twelve one two three", "Too  SHORT")


def indexed(*texts: str) -> pl.DataFrame:
    ids = [f"{number:032x}" for number in range(len(texts))]
    frame = pl.DataFrame({"doc_id": ids, "text": list(texts)}, schema={"doc_id": pl.String, "text": pl.String})
    return index(frame, policy=POLICY)


def built(*texts: str) -> Run:
    return Run.build(indexed(*texts))


def keys(*values: int) -> np.ndarray:
    return np.array(sorted(values), np.uint64)


def test_documents_are_found_by_a_band_or_by_their_text_in_order():
    frame = indexed(*TEXTS)
    band, digest = frame["bands"][2][5], frame["text_low"][0]
    found = built(*TEXTS).related(keys(band, digest, 17))
    assert found.schema == RELATED
    assert found["doc_id"].to_list() == [f"{0:032x}", f"{2:032x}"]
    assert found["keys"].to_list() == [[digest], [band]]
    assert found.select("text_high", "text_low", "shingles").rows() == [
        frame.select("text_high", "text_low", "shingles").row(number) for number in (0, 2)
    ]


def test_texts_without_shingles_are_found_by_their_text_alone():
    frame = indexed(*TEXTS)
    assert built(*TEXTS).related(keys(*frame["bands"][1])).is_empty()
    assert built(*TEXTS).related(keys(frame["text_low"][1]))["doc_id"].to_list() == [f"{1:032x}", f"{3:032x}"]


def test_a_run_without_documents_finds_none():
    run = Run.build(INDEX.to_frame())
    assert run.related(keys(1, 2)).is_empty()


def test_a_run_comes_back_from_its_file(tmp_path):
    path = tmp_path / "a.run"
    run = built(*TEXTS)
    run.write(path)
    again = Run.open(path)
    everything = keys(*indexed(*TEXTS)["text_low"].unique())
    assert again is not None
    assert again.related(everything).equals(run.related(everything))


def test_a_thousand_documents_take_less_than_200_bytes_each(tmp_path):
    texts = [" ".join(f"{word}of{number}" for word in range(20)) for number in range(1000)]
    built(*texts).write(tmp_path / "a.run")
    assert (tmp_path / "a.run").stat().st_size < 200 * 1000


def test_no_file_is_no_run(tmp_path):
    assert Run.open(tmp_path / "gone.run") is None


def test_a_flipped_bit_anywhere_makes_the_file_no_run(tmp_path):
    path = tmp_path / "a.run"
    built(*TEXTS).write(path)
    whole = path.read_bytes()
    for harmed in flipped(whole):
        path.write_bytes(harmed)
        assert Run.open(path) is None
    path.write_bytes(whole)
    assert Run.open(path) is not None


def test_two_words_in_each_others_place_make_the_file_no_run(tmp_path):
    path = tmp_path / "a.run"
    built(*TEXTS).write(path)
    words = np.frombuffer(path.read_bytes(), np.uint64).copy()
    first, second = np.flatnonzero(words)[[0, 1]]
    words[[first, second]] = words[[second, first]]
    path.write_bytes(words.tobytes())
    assert Run.open(path) is None


@pytest.mark.parametrize("size", [0, 3, 64, 300, -64, -8, -3])
def test_a_file_cut_short_is_no_run(tmp_path, size):
    path = tmp_path / "a.run"
    built(*TEXTS).write(path)
    path.write_bytes(path.read_bytes()[:size])
    assert Run.open(path) is None
