import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tier_assets.l1_filtered.clean_kernel import CLEAN_COUNTERS, Limits, clean
from tier_assets.text.buffers import character_flags, pack
from tier_assets.text.normalization import normalize


def cleaned(*texts: str, limits: Limits = Limits(1000, 3, False)) -> list[tuple[str, dict[str, int]]]:  # noqa: B008
    buffer, phrases = pack(texts), pack(["lorem ipsum", "javascript", "use cookies"])
    data, offsets, counters = clean(
        buffer.data, buffer.offsets, character_flags(), phrases.data, phrases.offsets, limits
    )
    parts = [part.tobytes().decode() for part in np.split(data, offsets[1:-1])]
    return [
        (text, dict(zip((*CLEAN_COUNTERS, "backticks"), row, strict=True)))
        for text, row in zip(parts, counters.tolist(), strict=True)
    ]


def test_several_texts_stay_apart():
    assert [text for text, _ in cleaned("one two three", "no", "", "four five six")] == [
        "one two three",
        "",
        "",
        "four five six",
    ]


def test_a_phrase_is_found_at_the_ends_of_a_line_in_any_case():
    for line in ("JavaScript is not on", "turn on your JAVASCRIPT"):
        assert cleaned(f"{line}\none two three")[0][0] == "one two three"


def test_a_phrase_does_not_reach_over_a_line():
    assert cleaned("we like to use\ncookies with our tea")[0][1]["c4_policy_lines"] == 0


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.text("a\u4e2d .\n[]1{", max_size=40), max_size=4))
def test_what_stays_are_lines_of_the_text_without_citations(texts):
    texts = [normalize(text) for text in texts]
    for text, (left, _) in zip(texts, cleaned(*texts) if texts else [], strict=True):
        known = {line.replace("[1]", "").replace("[]", "").strip() for line in text.split("\n")}
        assert all(len(line) <= len(text) for line in left.split("\n"))
        assert "[" in text or {line.strip() for line in left.split("\n")} - {""} <= known


def test_lines_that_start_with_a_backtick_are_counted():
    ((_, counters),) = cleaned("```python\none two three\n``` \nno `tick` at its start")
    assert counters["backticks"] == 2
