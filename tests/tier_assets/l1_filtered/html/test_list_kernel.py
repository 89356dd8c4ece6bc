import numpy as np

from tier_assets.l1_filtered.html.columns import END, START
from tier_assets.l1_filtered.html.list_kernel import choose_all, choose_list
from tier_assets.l1_filtered.html.scanner import Page, read_page
from tier_assets.text.buffers import padded


def read(markup: str) -> tuple[Page, np.ndarray]:
    page = read_page(padded(markup.encode()), max_tags=10_000)
    return page, np.zeros(len(page.elements), np.bool_)


def texts(page: Page, chosen: np.ndarray) -> list[str]:
    return [page.text[block[START] : block[END]].tobytes().decode() for block in page.blocks[chosen]]


MENU = "<ul>" + "".join(f"<li><a href=x>Menu entry {number}</a>" for number in range(40)) + "</ul>"
ROWS = "".join(f"<tr><td>{number}<td><a href=x>A title of a story that is linked</a> (site.org)" for number in range(6))


def test_the_list_with_most_text_is_chosen_though_it_is_links_and_a_menu_is_none():
    page, pruned = read(f"{MENU}<table>{ROWS}</table>")
    chosen, chars = choose_list(page.blocks, page.elements, pruned, 25, 5)
    assert texts(page, chosen)[:2] == ["0", "A title of a story that is linked (site.org)"]
    assert len(texts(page, chosen)) == 12
    assert chars == 6 * (len("0Atitleofastorythatislinked(site.org)") - 25)


def test_too_few_items_are_no_list():
    page, pruned = read(f"<table>{ROWS}</table>")
    chosen, chars = choose_list(page.blocks, page.elements, pruned, 25, 7)
    assert (texts(page, chosen), chars) == ([], 0)


def test_what_is_pruned_is_in_no_list():
    page, pruned = read(f"<table>{ROWS}</table>")
    pruned[:] = True
    assert choose_list(page.blocks, page.elements, pruned, 25, 5)[1] == 0


def test_all_blocks_but_menus_are_chosen_and_headings_always():
    page, pruned = read(f"{MENU}<p>One, <a href=x>two</a>, three<h2><a href=x>Linked</a></h2><p>\u00a9 2026")
    assert texts(page, choose_all(page.blocks, pruned, 0.5)) == ["One, two, three", "Linked"]
