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
from tier_assets.text.compiled import compiled, inlined

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


@inlined
def _is_good(block: NDArray[np.int32], limits: Limits) -> bool:
    return bool(block[LINKED] <= limits.max_link_density * block[CHARS])


@inlined
def _within(sums: NDArray[np.int64], element: NDArray[np.int32]) -> int:
    """Characters of the blocks of an element, from running totals."""
    return int(sums[element[LAST]] - sums[element[FIRST]])


@compiled
def _prune(blocks: NDArray[np.int32], elements: NDArray[np.int32], words: int, limits: Limits) -> NDArray[np.bool_]:
    """Elements that by their tag or one of `words` are beside the main text, and all within them.

    None that holds most of a page's text: sites give wrong names to what is around everything.
    """
    good = np.zeros(blocks.shape[0] + 1, np.int64)
    for block in range(blocks.shape[0]):
        counts = _is_good(blocks[block], limits) and not blocks[block, KIND] & NOSCRIPT
        good[block + 1] = good[block] + (blocks[block, CHARS] if counts else 0)
    page = good[blocks.shape[0]]
    pruned = np.zeros(elements.shape[0], np.bool_)
    for number in range(1, elements.shape[0]):
        element = elements[number]
        beside = element[OWN] & ASIDE != 0 or element[WORDS] & words != 0
        pruned[number] = (
            pruned[element[PARENT]]
            or (beside and _within(good, element) < limits.max_pruned_share * page)
            or (element[OWN] & NOSCRIPT != 0 and page >= limits.min_chars)
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
        block = blocks[number]
        kept = not pruned[block[OWNER]]
        good[number + 1] = good[number] + (block[CHARS] if kept and _is_good(block, limits) else 0)
        every[number + 1] = every[number] + (block[CHARS] if kept else 0)
        linked[number + 1] = linked[number] + (block[LINKED] if kept else 0)
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
        block = blocks[number]
        if pruned[block[OWNER]] or block[CHARS] < _MIN_CHARS or block[KIND] & (HEADING | COPYRIGHT):
            continue
        if not _is_good(block, limits):
            continue
        given = 1.0 + block[STOPS] + min(block[CHARS] // _CHARS_A_POINT, _MAX_POINTS)
        at = block[OWNER]
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
            chars = _within(every, elements[number])
            points[number] *= 1.0 - _within(linked, elements[number]) / chars if chars else 0.0
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
        held = _within(good, elements[number])
        if same and not pruned[number] and held >= _MIN_TWIN:
            twins[parent] += 1
            chars[parent] += held
    found, at = top, top
    while elements[at, PARENT] > 0:
        parent = elements[at, PARENT]
        if twins[parent] >= 2 and chars[parent] >= limits.min_twin_share * _within(good, elements[at]):
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
        element = elements[number]
        if element[FIRST] > elements[parent, LAST]:
            break
        if element[PARENT] == parent and number != top:
            chars, links = _within(every, element), _within(linked, element)
            prose = element[OWN] & PARAGRAPH and not element[OWN] & HEADING and chars > _SIBLING_CHARS
            if points[number] >= least or (prose and links * _SIBLING_LINKS < chars):
                chosen[element[FIRST] : element[LAST]] = True
    for number in range(elements[parent, FIRST], elements[parent, LAST]):
        block = blocks[number]
        if block[OWNER] == parent and block[CHARS] > _SIBLING_CHARS and block[LINKED] * _SIBLING_LINKS < block[CHARS]:
            chosen[number] = True
    dense = np.zeros(blocks.shape[0] + 1, np.int32)
    for number in range(top + 1, elements.shape[0]):
        element = elements[number]
        inside = element[FIRST] >= first and element[LAST] <= last and (element[FIRST] > first or element[LAST] < last)
        menu = _within(linked, element) > limits.max_link_density * _within(every, element)
        if inside and menu and not element[OWN] & PARAGRAPH:
            dense[element[FIRST]] += 1
            dense[element[LAST]] -= 1
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
        block = blocks[after]
        if chosen[after] and block[CHARS] > _HEADED_CHARS and block[LINKED] * 3 < block[CHARS]:
            return True
        if block[KIND] & HEADING:
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
        block = blocks[number]
        if chosen[number] and block[LINKED] > _MAX_LINKED * block[CHARS] and block[CHARS] < _LONG_BLOCK:
            chosen[number] = _heads(blocks, number, chosen)
        if chosen[number] and begun < 0:
            begun = number
    for number in range(begun, max(-1, begun - _TITLED), -1):
        owner = blocks[number, OWNER]
        if elements[owner, OWN] & H1 and not pruned[owner] and _is_good(blocks[number], limits) and not chosen[number]:
            chosen[number] = True
            break


@compiled
def _size(blocks: NDArray[np.int32], chosen: NDArray[np.bool_]) -> int:
    size = 0
    for number in range(blocks.shape[0]):
        size += blocks[number, CHARS] if chosen[number] else 0
    return int(size)


@compiled
def choose_subtree(
    blocks: NDArray[np.int32], elements: NDArray[np.int32], words: int, limits: Limits
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], int, int]:
    """Blocks chosen from one element, what was pruned for it, characters chosen, characters of all good blocks.

    Pruned are bool[elements], those of `words` among them.
    """
    pruned = _prune(blocks, elements, words, limits)
    good, every, linked = _totals(blocks, elements, pruned, limits)
    points = _points(blocks, elements, pruned, every, linked, words, limits)
    top = _top(elements, points)
    if not top:
        return np.zeros(blocks.shape[0], np.bool_), pruned, 0, int(good[-1])
    top = _with_twins(elements, pruned, top, good, limits)
    while elements[top, PARENT] > 0:
        around = elements[elements[top, PARENT]]
        if _within(linked, around) > _within(linked, elements[top]):
            break
        top = elements[top, PARENT]
    chosen = _mark(blocks, elements, top, points, every, linked, limits)
    _trim(blocks, elements, pruned, chosen, limits)
    return chosen, pruned, _size(blocks, chosen), int(good[-1])
