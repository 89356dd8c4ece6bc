import pytest

from tier_assets.l1_filtered.html.choice_kernel import Limits, chars_of, choose_subtree, count_named
from tier_assets.l1_filtered.html.columns import END, START
from tier_assets.l1_filtered.html.scanner import read_page
from tier_assets.l1_filtered.html.tags import COMMENT, SIDE
from tier_assets.text.buffers import padded

LIMITS = Limits(max_link_density=0.5, max_pruned_share=0.5, min_chars=250, min_twin_share=0.5)
WORDS = SIDE | COMMENT


def prose(name: str, sentences: int = 6) -> str:
    return " ".join(f"This is sentence {number}, of {name}, with some words." for number in range(sentences))


def chosen(markup: str, words: int = WORDS) -> list[str]:
    """The texts of the chosen blocks, without their sentences after the first word of the name."""
    page = read_page(padded(markup.encode()), max_tags=10_000)
    picked, _, _, _ = choose_subtree(page.blocks, page.elements, words, *LIMITS)
    texts = [page.text[block[START] : block[END]].tobytes().decode() for block in page.blocks[picked]]
    return [text.split(", of ")[1].split(",")[0] if ", of " in text else text for text in texts]


def paragraphs(*names: str) -> str:
    return "".join(f"<p>{prose(name)}</p>" for name in names)


def test_the_element_with_most_paragraphs_is_chosen_without_what_is_around_it():
    page = (
        f"<ul><li><a href=x>Home</a><li><a href=y>News</a></ul><div>{paragraphs('a', 'b', 'c')}</div><div>Imprint</div>"
    )
    assert chosen(page) == ["a", "b", "c"]


@pytest.mark.parametrize(
    "beside", ["<nav>{}</nav>", "<footer>{}</footer>", "<aside>{}</aside>", "<div class=sidebar>{}</div>"]
)
def test_what_a_tag_or_a_class_names_as_beside_the_text_is_left_out(beside):
    page = f"<body><div>{paragraphs('a', 'b', 'c')}{beside.format(paragraphs('d'))}</div>"
    assert chosen(page) == ["a", "b", "c"]


def test_what_holds_most_of_the_page_is_never_left_out():
    assert chosen(f"<div class='with-sidebar'><div>{paragraphs('a', 'b', 'c')}</div></div>") == ["a", "b", "c"]


def test_words_of_classes_count_only_if_they_are_asked_for():
    page = f"<div>{paragraphs('a', 'b', 'c')}<div class=comments>{paragraphs('d')}</div></div>"
    assert chosen(page) == ["a", "b", "c"]
    assert chosen(page, words=0) == ["a", "b", "c", "d"]


def test_posts_of_one_make_are_taken_together_though_one_is_the_longest():
    posts = [
        f"<div class='post p{name}'><div><b>Ada</b></div><div>{paragraphs(*name)}</div></div>"
        for name in ("abcd", "e", "f")
    ]
    assert [text for text in chosen(f"<div><div id=all>{''.join(posts)}</div></div>") if text != "Ada"] == list(
        "abcdef"
    )


def test_a_link_list_within_the_text_is_left_out_and_a_link_in_a_sentence_stays():
    links = "<ul>" + "<li><a href=x>Read more of it here</a>" * 5 + "</ul>"
    text = f"<p>{prose('b')} <a href=x>with a link</a></p>"
    assert chosen(f"<div>{paragraphs('a')}{links}{text}{paragraphs('c')}</div>") == ["a", "b", "c"]


def test_a_linked_heading_stays_with_the_text_below_it_and_goes_without():
    page = (
        f"<div>{paragraphs('a', 'b')}<h2><a href=x>Below</a></h2>{paragraphs('c')}<h2><a href=x>Nothing</a></h2></div>"
    )
    assert chosen(page) == ["a", "b", "Below", "c"]


def test_the_title_above_the_text_is_taken_with_it():
    page = (
        f"<div><div><h1>The title</h1></div><div><a href=x>Share</a></div><div>{paragraphs('a', 'b', 'c')}</div></div>"
    )
    assert chosen(page)[0] == "The title"


def test_a_copyright_notice_wins_nothing_and_is_nowhere_chosen():
    notice = f"<div><p>\u00a9 2026, {prose('rights', 30)}</p></div>"
    assert chosen(f"<body><div>{paragraphs('a')}</div>{notice}") == ["a"]


def test_text_for_want_of_scripts_counts_only_where_there_is_no_other():
    page = f"<noscript>{paragraphs('a', 'b')}</noscript>"
    assert chosen(page) == ["a", "b"]
    assert chosen(f"<div>{paragraphs('c', 'd')}</div>{page}") == ["c", "d"]


def test_a_page_without_paragraphs_gives_nothing():
    assert chosen("<div>short</div><div><a href=x>linked</a></div>") == []
    assert chosen("") == []


def test_characters_are_those_of_the_chosen_blocks():
    page = read_page(padded(b"<p>ab<p>cde"), max_tags=9)
    assert chars_of(page.blocks, page.blocks[:, START] == page.blocks[1, START]) == 3


def test_elements_are_counted_that_are_named_by_any_of_some_words():
    page = read_page(padded(b"<div class=comments><p class=reply>a<p class=sidebar>b<p>c</div>"), max_tags=9)
    assert [count_named(page.elements, words) for words in (COMMENT, SIDE, COMMENT | SIDE)] == [2, 1, 3]
