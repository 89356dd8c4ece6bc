from tier_assets.l1_filtered.html.scanner import main_text_of, read_page
from tier_assets.policies.filtered import Scanner
from tier_assets.text.buffers import padded

ARTICLE = "".join(f"<p>Sentence number {n}, of the article, says something new.</p>" for n in range(12))


def read(page: str):
    return read_page(padded(page.encode()), max_tags=1000)


def test_the_main_text_is_given_as_lines_with_its_size():
    text, chars = main_text_of(
        read(f"<nav><a href=x>Home</a></nav><div><h1>Title</h1>{ARTICLE}</div>"), policy=Scanner()
    )
    assert text.split("\n")[:2] == ["Title", "Sentence number 0, of the article, says something new."]
    assert chars == len("".join(text.split()))


def test_the_title_has_its_entities_decoded():
    assert read("<title> One &amp; all </title>").title == " One & all "
    assert read("<p>No title").title is None


def test_a_page_knows_what_it_may_have():
    assert (read("<math>").has_mathematics, read("<math>").has_rights) == (True, False)
    assert (read("<a rel=license>").has_mathematics, read("<a rel=license>").has_rights) == (False, True)


def test_tags_and_depth_are_counted_and_tags_beyond_the_limit_are_not():
    assert (read("<div><p>a</p></div>").tags, read("<div><p>a</p></div>").depth) == (4, 2)
    assert read_page(padded(b"<p>" * 50), max_tags=20).tags == 21
    assert read_page(padded(b"<>" * 50), max_tags=20).tags == 0


def test_a_page_of_nothing_is_read():
    assert main_text_of(read(""), policy=Scanner()) == ("", 0)
