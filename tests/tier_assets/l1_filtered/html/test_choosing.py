from tier_assets.l1_filtered.html.choosing import choose
from tier_assets.l1_filtered.html.columns import END, START
from tier_assets.l1_filtered.html.scanner import read_page
from tier_assets.policies.filtered import Scanner
from tier_assets.text.buffers import padded

POLICY = Scanner()


def text(name: str, sentences: int = 6) -> str:
    return "<p>" + " ".join(f"{name} says {number}, and more of it." for number in range(sentences)) + "</p>"


def chosen(markup: str, policy: Scanner = POLICY) -> str:
    """First letters of the chosen blocks."""
    page = read_page(padded(markup.encode()), max_tags=10_000)
    picked = choose(page.blocks, page.elements, policy=policy)
    return "".join(chr(page.text[block[START]]) for block in page.blocks[picked] if block[END] > block[START])


ARTICLE = f"<div>{text('A', 20)}{text('B', 20)}{text('C', 20)}</div>"


def comments(names: str) -> str:
    return "".join(f"<div class=comment>{text(name)}</div>" for name in names)


def test_comments_on_an_article_are_left_out():
    assert chosen(f"<body>{ARTICLE}{comments('xyz')}") == "ABC"


def test_comments_much_longer_than_the_little_there_is_are_main_text_too():
    assert chosen(f"<body><div>{text('A', 9)}</div><div>{comments('uvwxyz')}</div>") == "Auvwxyz"


def test_replies_of_a_forum_are_taken_with_a_post_of_any_length():
    page = f"<body><div class=forum><div class=topic><div class=thread>{ARTICLE}{comments('uvwxyz')}</div></div></div>"
    assert chosen(page) == "ABCuvwxyz"


LINKS = (
    "<ul>"
    + "".join(
        f"<li><a href=x>{name} is a title, long enough for the one of a linked story</a>" for name in "klmnopqrstuv"
    )
    + "</ul>"
)


def test_a_list_of_links_is_the_main_text_of_a_page_with_no_other():
    assert chosen(f"<body><p>Latest</p>{LINKS}") == "klmnopqrstuv"


def test_a_list_of_links_beside_a_text_is_none_of_it():
    assert chosen(f"<body>{ARTICLE}{LINKS}") == "ABC"


def test_all_good_blocks_are_taken_where_no_element_has_much_of_them():
    parts = [f"<section><h2>H</h2><div class=c{name}>{text(name, 12)}</div></section>" for name in "ABCDEFGH"]
    scattered = "".join(
        f"<div id={name}><table><tr><td><div>{part}</div></table></div>"
        for name, part in zip("klmnopqr", parts, strict=True)
    )
    assert chosen(f"<body>{scattered}", Scanner(min_twin_share=99)).replace("H", "") == "ABCDEFG"


def test_words_take_nothing_away_where_hardly_anything_would_be_left():
    assert chosen(f"<body><div class=footer>{text('A')}</div><div class=sidebar>{text('B')}</div>") != ""


def test_a_page_of_nothing_has_no_main_text():
    assert chosen("") == ""
    assert chosen("<nav><a href=x>Home</a></nav>") == ""
