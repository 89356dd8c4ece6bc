"""Which blocks of a page are its main text: an element's, a forum's posts, a list, or all that is no menu.

The choice of an element is `choice_kernel.py`'s, the others' `list_kernel.py`'s. Measured on 1,688 pages with text chosen
by people (mean F1 of bags of words: all, forums, lists): .905, .781, .729; without siblings of one make .903, .711, .736;
without comments of forums .904, .670, .729; without lists .904, .781, .688; an element in any case .890, .598, .636.
trafilatura 2.3.1: .862, .699, .706.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tier_assets.l1_filtered.html.tags import COMMENT, FOOT, FORUM, META, NAVIGATION, NOTICE, SIDE
from tier_assets.policies.filtered import Scanner

_BESIDE = FOOT | NOTICE | NAVIGATION | SIDE | META


class _Attempt(NamedTuple):
    """What `choose_subtree` gives."""

    chosen: NDArray[np.bool_]
    pruned: NDArray[np.bool_]
    chars: int
    good_chars: int


def choose(blocks: NDArray[np.int32], elements: NDArray[np.int32], *, policy: Scanner) -> NDArray[np.bool_]:
    """bool[blocks]: which are the main text."""
    from tier_assets.l1_filtered.html.list_kernel import choose_all

    attempt = _with_talk(blocks, elements, policy)
    if attempt.chars < policy.max_listed_chars:
        listed = _listed(blocks, elements, attempt, policy)
        if listed is not None:
            return listed
    if _suffices(attempt, policy):
        return attempt.chosen
    if attempt.good_chars < policy.min_chars:
        # Hardly anything is left: no word shall take it away.
        attempt = _attempt(blocks, elements, 0, policy)
        if _suffices(attempt, policy):
            return attempt.chosen
    return np.asarray(choose_all(blocks, attempt.pruned, policy.max_link_density))


def _attempt(blocks: NDArray[np.int32], elements: NDArray[np.int32], words: int, policy: Scanner) -> _Attempt:
    from tier_assets.l1_filtered.html.choice_kernel import choose_subtree

    limits = (policy.max_link_density, policy.max_pruned_share, policy.min_chars, policy.min_twin_share)
    return _Attempt(*choose_subtree(blocks, elements, words, *limits))


def _suffices(attempt: _Attempt, policy: Scanner) -> bool:
    return attempt.chars >= policy.min_chars and attempt.chars >= policy.min_main_share * attempt.good_chars


def _with_talk(blocks: NDArray[np.int32], elements: NDArray[np.int32], policy: Scanner) -> _Attempt:
    """The choice without comments, or that with them, where these are what the page is for."""
    from tier_assets.l1_filtered.html.choice_kernel import count_named

    alone = _attempt(blocks, elements, _BESIDE | COMMENT, policy)
    forum = count_named(elements, FORUM) >= policy.min_forum_elements
    short = alone.chars < policy.max_commented_chars
    if not (forum or short) or not count_named(elements, COMMENT):
        return alone
    talk = _attempt(blocks, elements, _BESIDE, policy)
    times = talk.chars / max(alone.chars, 1)
    return talk if (short and times > policy.min_comment_ratio) or (forum and times > policy.min_reply_ratio) else alone


def _listed(
    blocks: NDArray[np.int32], elements: NDArray[np.int32], attempt: _Attempt, policy: Scanner
) -> NDArray[np.bool_] | None:
    """The page's list, if it has much more text than what was chosen."""
    from tier_assets.l1_filtered.html.list_kernel import choose_list

    chosen, chars = choose_list(blocks, elements, attempt.pruned, policy.menu_item_chars, policy.min_list_items)
    return chosen if chars >= policy.min_list_chars and chars > policy.min_list_ratio * attempt.chars else None
