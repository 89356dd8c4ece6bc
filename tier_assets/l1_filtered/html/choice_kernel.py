"""Machine code that chooses the element of a page that holds its main text, and of its blocks those that are of it.

The method is that of Mozilla's Readability: paragraphs give points to the elements around them, and the element with most
points and fewest links wins; with a rule of its own for what repeats, as the posts of a thread. What is taken where no
element will do says `choosing.py`. Import inside functions only (see `text/compiled.py`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tier_assets.l1_filtered.html.columns import (
    CHARS,
    FIRST,
    KIND,
    LAST,
    LINKED,
    MAKE,
    OWN,
    OWNER,
    PARENT,
    STOPS,
    WORDS,
)
from tier_assets.l1_filtered.html.tags import (
    ASIDE,
    CONTENT,
    COPYRIGHT,
    H1,
    HEADING,
    MAIN,
    META,
    NOSCRIPT,
    PARAGRAPH,
)
from tier_assets.text.compiled import borrowing, compiled

# Readability's: paragraphs of fewer characters give no points; a point for each hundred characters, up to three; levels
# of ancestors that get points; the share of the best's points from which a sibling joins it.
_MIN_CHARS, _CHARS_A_POINT, _MAX_POINTS, _LEVELS, _SIBLING_SHARE, _MIN_SIBLING = 25, 100, 3, 5, 0.2, 10.0
# Less than Readability's 25 for words, which lost .003.
_WORD_POINTS, _MAIN_POINTS = 10.0, 10.0
_SIBLING_CHARS, _SIBLING_LINKS = 80, 4
_LONG_BLOCK, _MAX_LINKED = 200, 0.7
# A heading counts with the text that begins within so many blocks; a title stands at most so many before the text.
_HEADED, _HEADED_CHARS, _TITLED = 4, 60, 30
_MIN_TWIN = 20


class Limits(NamedTuple):
    """Thresholds of the choice: see `policies/filtered.py`, `Scanner`."""

    max_link_density: float
    max_pruned_share: float
    min_chars: int
    min_twin_share: float


@borrowing
def _is_good(blocks: NDArray[np.int32], number: int, limits: Limits) -> bool:
    return bool(blocks[number, LINKED] <= limits.max_link_density * blocks[number, CHARS])


@borrowing
def _within(sums: NDArray[np.int64], elements: NDArray[np.int32], number: int) -> int:
    """Characters of the blocks of an element, from running totals."""
    return int(sums[elements[number, LAST]] - sums[elements[number, FIRST]])


@compiled
def _prune(blocks: NDArray[np.int32], elements: NDArray[np.int32], words: int, limits: Limits) -> NDArray[np.bool_]:
    """Elements that by their tag or one of `words` are beside the main text, and all within them.

    None that holds most of a page's text: sites give wrong names to what is around everything.
    """
    good = np.zeros(blocks.shape[0] + 1, np.int64)
    for block in range(blocks.shape[0]):
        counts = _is_good(blocks, block, limits) and not blocks[block, KIND] & NOSCRIPT
        good[block + 1] = good[block] + (blocks[block, CHARS] if counts else 0)
    page = good[blocks.shape[0]]
    pruned = np.zeros(elements.shape[0], np.bool_)
    for number in range(1, elements.shape[0]):
        beside = elements[number, OWN] & ASIDE != 0 or elements[number, WORDS] & words != 0
        pruned[number] = (
            pruned[elements[number, PARENT]]
            or (beside and _within(good, elements, number) < limits.max_pruned_share * page)
            or (elements[number, OWN] & NOSCRIPT != 0 and page >= limits.min_chars)
        )
    return pruned


@compiled
def _totals(
    blocks: NDArray[np.int32], elements: NDArray[np.int32], pruned: NDArray[np.bool_], limits: Limits
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Running totals over the blocks that are not pruned: characters of good ones, of all, of links."""
    count = blocks.shape[0]
    good, every, linked = np.zeros(count + 1, np.int64), np.zeros(count + 1, np.int64), np.zeros(count + 1, np.int64)
    for number in range(count):
        kept = not pruned[blocks[number, OWNER]]
        good[number + 1] = good[number] + (blocks[number, CHARS] if kept and _is_good(blocks, number, limits) else 0)
        every[number + 1] = every[number] + (blocks[number, CHARS] if kept else 0)
        linked[number + 1] = linked[number] + (blocks[number, LINKED] if kept else 0)
    return good, every, linked


@compiled
def _points(
    blocks: NDArray[np.int32],
    elements: NDArray[np.int32],
    pruned: NDArray[np.bool_],
    every: NDArray[np.int64],
    linked: NDArray[np.int64],
    words: int,
    limits: Limits,
) -> NDArray[np.float64]:
    """Points of each element for the paragraphs within it, less for links; minus infinity without any."""
    points = np.full(elements.shape[0], -np.inf)
    for number in range(blocks.shape[0]):
        if (
            pruned[blocks[number, OWNER]]
            or blocks[number, CHARS] < _MIN_CHARS
            or blocks[number, KIND] & (HEADING | COPYRIGHT)
        ):
            continue
        if not _is_good(blocks, number, limits):
            continue
        given = 1.0 + blocks[number, STOPS] + min(blocks[number, CHARS] // _CHARS_A_POINT, _MAX_POINTS)
        at = blocks[number, OWNER]
        if elements[at, OWN] & PARAGRAPH:
            at = elements[at, PARENT]
        for level in range(_LEVELS):
            if at <= 0:
                break
            if points[at] == -np.inf:
                named = elements[at, WORDS]
                points[at] = _WORD_POINTS * (int(named & CONTENT != 0) - int(named & (words | META) != 0))
                points[at] += _MAIN_POINTS if elements[at, OWN] & MAIN else 0.0
            points[at] += given / (1 if level == 0 else 2 if level == 1 else 3 * level)
            at = elements[at, PARENT]
    for number in range(1, elements.shape[0]):
        if points[number] > -np.inf:
            chars = _within(every, elements, number)
            points[number] *= 1.0 - _within(linked, elements, number) / chars if chars else 0.0
    return points


@compiled
def _top(elements: NDArray[np.int32], points: NDArray[np.float64]) -> int:
    """The element with most points, or an ancestor with more than those between, unless points fall to a third."""
    top = 0
    for number in range(1, elements.shape[0]):
        if points[number] > points[top]:
            top = number
    last, least, at = points[top], points[top] / 3, elements[top, PARENT]
    while top and at > 0 and points[at] > -np.inf and points[at] >= least:
        if points[at] > last:
            return int(at)
        last, at = points[at], elements[at, PARENT]
    return top


@compiled
def _with_twins(
    elements: NDArray[np.int32], pruned: NDArray[np.bool_], top: int, good: NDArray[np.int64], limits: Limits
) -> int:
    """The parent of the outermost element around `top` with siblings of its make that together hold much text.

    Posts of a thread, answers, reviews, sections of a page: what Readability takes one of.
    """
    child = np.zeros(elements.shape[0], np.int32)
    at = top
    while at > 0:
        child[elements[at, PARENT]] = at
        at = elements[at, PARENT]
    twins, chars = np.zeros(elements.shape[0], np.int32), np.zeros(elements.shape[0], np.int64)
    for number in range(1, elements.shape[0]):
        parent = elements[number, PARENT]
        same = child[parent] and child[parent] != number and elements[number, MAKE] == elements[child[parent], MAKE]
        held = _within(good, elements, number)
        if same and not pruned[number] and held >= _MIN_TWIN:
            twins[parent] += 1
            chars[parent] += held
    found, at = top, top
    while elements[at, PARENT] > 0:
        parent = elements[at, PARENT]
        if twins[parent] >= 2 and chars[parent] >= limits.min_twin_share * _within(good, elements, at):
            found = parent
        at = parent
    return found


@compiled
def _mark(
    blocks: NDArray[np.int32],
    elements: NDArray[np.int32],
    top: int,
    points: NDArray[np.float64],
    every: NDArray[np.int64],
    linked: NDArray[np.int64],
    limits: Limits,
) -> NDArray[np.bool_]:
    """Blocks of `top` and of the siblings that are like it, without those of elements that are links for the most part."""
    chosen = np.zeros(blocks.shape[0], np.bool_)
    first, last = elements[top, FIRST], elements[top, LAST]
    chosen[first:last] = True
    parent = elements[top, PARENT]
    least = max(_MIN_SIBLING, points.max() * _SIBLING_SHARE)
    for number in range(parent + 1, elements.shape[0]):
        if elements[number, FIRST] > elements[parent, LAST]:
            break
        if elements[number, PARENT] == parent and number != top:
            chars, links = _within(every, elements, number), _within(linked, elements, number)
            prose = elements[number, OWN] & PARAGRAPH and not elements[number, OWN] & HEADING and chars > _SIBLING_CHARS
            if points[number] >= least or (prose and links * _SIBLING_LINKS < chars):
                chosen[elements[number, FIRST] : elements[number, LAST]] = True
    for number in range(elements[parent, FIRST], elements[parent, LAST]):
        if (
            blocks[number, OWNER] == parent
            and blocks[number, CHARS] > _SIBLING_CHARS
            and blocks[number, LINKED] * _SIBLING_LINKS < blocks[number, CHARS]
        ):
            chosen[number] = True
    dense = np.zeros(blocks.shape[0] + 1, np.int32)
    for number in range(top + 1, elements.shape[0]):
        inside = (
            elements[number, FIRST] >= first
            and elements[number, LAST] <= last
            and (elements[number, FIRST] > first or elements[number, LAST] < last)
        )
        menu = _within(linked, elements, number) > limits.max_link_density * _within(every, elements, number)
        if inside and menu and not elements[number, OWN] & PARAGRAPH:
            dense[elements[number, FIRST]] += 1
            dense[elements[number, LAST]] -= 1
    depth = 0
    for number in range(blocks.shape[0]):
        depth += dense[number]
        chosen[number] &= depth == 0
    return chosen


@compiled
def _heads(blocks: NDArray[np.int32], number: int, chosen: NDArray[np.bool_]) -> bool:
    """Whether a block is a heading of chosen text that begins soon after it."""
    if not blocks[number, KIND] & HEADING:
        return False
    for after in range(number + 1, min(number + _HEADED, blocks.shape[0])):
        if chosen[after] and blocks[after, CHARS] > _HEADED_CHARS and blocks[after, LINKED] * 3 < blocks[after, CHARS]:
            return True
        if blocks[after, KIND] & HEADING:
            return False
    return False


@compiled
def _trim(
    blocks: NDArray[np.int32],
    elements: NDArray[np.int32],
    pruned: NDArray[np.bool_],
    chosen: NDArray[np.bool_],
    limits: Limits,
) -> None:
    """Takes away pruned blocks, copyright notices, and short links that head nothing; adds the title above the text."""
    for number in range(blocks.shape[0]):
        if pruned[blocks[number, OWNER]] or blocks[number, KIND] & COPYRIGHT:
            chosen[number] = False
    begun = -1
    for number in range(blocks.shape[0]):
        if (
            chosen[number]
            and blocks[number, LINKED] > _MAX_LINKED * blocks[number, CHARS]
            and blocks[number, CHARS] < _LONG_BLOCK
        ):
            chosen[number] = _heads(blocks, number, chosen)
        if chosen[number] and begun < 0:
            begun = number
    for number in range(begun, max(-1, begun - _TITLED), -1):
        owner = blocks[number, OWNER]
        if elements[owner, OWN] & H1 and not pruned[owner] and _is_good(blocks, number, limits) and not chosen[number]:
            chosen[number] = True
            break


@compiled
def chars_of(blocks: NDArray[np.int32], chosen: NDArray[np.bool_]) -> int:
    """Characters of the chosen blocks."""
    size = 0
    for number in range(blocks.shape[0]):
        size += blocks[number, CHARS] if chosen[number] else 0
    return int(size)


@compiled
def count_named(elements: NDArray[np.int32], words: int) -> int:
    """How many elements are named by one of these words."""
    named = 0
    for number in range(elements.shape[0]):
        named += elements[number, WORDS] & words != 0
    return named


@compiled
def choose_subtree(
    blocks: NDArray[np.int32],
    elements: NDArray[np.int32],
    words: int,
    max_link_density: float,
    max_pruned_share: float,
    min_chars: int,
    min_twin_share: float,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], int, int]:
    """Blocks chosen from one element, what was pruned for it, characters chosen, characters of all good blocks.

    Pruned are bool[elements], those of `words` among them.
    """
    limits = Limits(max_link_density, max_pruned_share, min_chars, min_twin_share)
    pruned = _prune(blocks, elements, words, limits)
    good, every, linked = _totals(blocks, elements, pruned, limits)
    points = _points(blocks, elements, pruned, every, linked, words, limits)
    top = _top(elements, points)
    if not top:
        return np.zeros(blocks.shape[0], np.bool_), pruned, 0, int(good[-1])
    top = _with_twins(elements, pruned, top, good, limits)
    while elements[top, PARENT] > 0:
        around = elements[top, PARENT]
        if _within(linked, elements, around) > _within(linked, elements, top):
            break
        top = around
    chosen = _mark(blocks, elements, top, points, every, linked, limits)
    _trim(blocks, elements, pruned, chosen, limits)
    return chosen, pruned, chars_of(blocks, chosen), int(good[-1])
