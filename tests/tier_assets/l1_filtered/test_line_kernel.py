from tier_assets.l1_filtered.line_kernel import LINE_COUNTERS, count_lines, count_runs
from tier_assets.text.buffers import character_flags, pack


def counted(*texts: str, short: int = 30) -> list[dict[str, int]]:
    buffer = pack(texts)
    rows = count_lines(buffer.data, buffer.offsets, character_flags(), short)
    return [dict(zip(LINE_COUNTERS, row, strict=True)) for row in rows.tolist()]


def test_an_empty_text_is_one_empty_line():
    assert list(counted("")[0].values()) == [0, 0, 1] + [0] * 10


def test_a_line_ends_in_an_ellipsis_but_for_white_space_and_dots_apart_are_none():
    assert counted("a...  \nb. . .\nc\u2026")[0]["ellipsis_lines"] == 2


def test_bullets_count_behind_white_space():
    assert counted("- a\n  \u2022 b\nc - d")[0]["bullet_lines"] == 2


def test_an_empty_line_parts_paragraphs_and_their_own_line_breaks_count():
    row = counted("ab\ncd\n\nab\ncd")[0]
    assert (row["paragraphs"], row["duplicate_paragraphs"], row["duplicate_paragraph_chars"]) == (2, 1, 5)


def test_lines_that_differ_in_their_last_byte_differ():
    assert counted("12345678a\n12345678b\n12345678a")[0]["duplicate_line_chars"] == 9


def test_paragraphs_of_the_same_lines_in_another_order_differ():
    assert counted("ab\ncd\n\ncd\nab")[0]["duplicate_paragraphs"] == 0


def test_lines_are_measured_in_characters():
    row = counted("\u4e2d\u6587\u3002\n\u4e2d\u6587\u3002", short=3)[0]
    assert (row["short_lines"], row["punctuated_lines"], row["duplicate_line_chars"]) == (2, 2, 3)


def test_texts_do_not_see_each_others_lines():
    assert [row["duplicate_lines"] for row in counted("a\nb", "a\nb", "a\na")] == [0, 0, 1]


def test_runs_of_non_space_are_counted_across_eight_bytes_and_scripts():
    texts = ["", "one two  three\nfour", "abcdefgh ij", "\u00e9t\u00e9\u00a0\u4e2d\u3000\u6587 x", " a"]
    buffer = pack(texts)
    runs = count_runs(buffer.data, buffer.offsets, character_flags())
    assert runs.tolist() == [len(text.split()) for text in texts]
