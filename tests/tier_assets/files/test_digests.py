import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tier_assets.files.digests import ContentDigest, content_digest, file_digest, text_digest

FRAME = pl.DataFrame(
    {
        "doc_id": ["b", "a"],
        "score": [0.5, None],
        "ids": [["x"], []],
        "spans": [[{"text": "t", "start": 0}], None],
        "payload": [b"\xff", b""],
    }
)


def test_the_digest_of_a_frame_is_this_one():
    # Written down: a release that changes it makes every partition stale.
    assert content_digest(FRAME) == "be425f1f83cc4a82cb7ba3e3f97900a99703d203b34e13c9381fd66dfd9e8631"


def test_row_order_and_chunks_do_not_count():
    chunked = pl.concat([FRAME[1:], FRAME[:1]], rechunk=False)
    assert content_digest(chunked) == content_digest(FRAME)


def test_frames_may_come_one_after_the_other():
    digest = ContentDigest()
    digest.update(FRAME[1:])
    digest.update(FRAME[:1])
    assert digest.hexdigest() == content_digest(FRAME)


def test_no_row_more_is_another_content():
    assert content_digest(FRAME[:0]) != content_digest(FRAME[:1]) != content_digest(FRAME)


def test_every_kind_of_column_counts():
    other = {
        "score": pl.Series([0.5, 0.0]),
        "ids": pl.Series([["x"], ["y"]]),
        "spans": pl.Series([[{"text": "t", "start": 1}], None]),
        "payload": pl.Series([b"\xff", b"x"]),
    }
    changed = [FRAME.with_columns(values.alias(name)) for name, values in other.items()]
    assert len({content_digest(frame) for frame in [FRAME, *changed]}) == 5


def test_null_and_empty_differ():
    texts = [pl.DataFrame({"doc_id": ["a"], "text": pl.Series([text], dtype=pl.String)}) for text in (None, "")]
    assert content_digest(texts[0]) != content_digest(texts[1])


@given(st.lists(st.text(max_size=3), min_size=2, max_size=2), st.lists(st.text(max_size=3), min_size=2, max_size=2))
def test_equal_digests_mean_equal_columns(left, right):
    frames = [pl.DataFrame({"doc_id": ["a", "b"], "text": texts}) for texts in (left, right)]
    assert (content_digest(frames[0]) == content_digest(frames[1])) == (left == right)


def test_joined_texts_do_not_collide():
    assert text_digest("ab", "c") != text_digest("a", "bc")


def test_a_file_is_known_by_its_bytes(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    assert file_digest(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
