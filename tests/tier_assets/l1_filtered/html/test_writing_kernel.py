import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tier_assets.l1_filtered.html.scanner import read_page
from tier_assets.l1_filtered.html.writing_kernel import write
from tier_assets.text.buffers import padded

LONG = "So long a text is no cell of a table but a part of the page. " * 9


def written(markup: str, without: tuple[int, ...] = ()) -> str:
    """All blocks of a page but some."""
    page = read_page(padded(markup.encode()), max_tags=1000)
    chosen = np.ones(len(page.blocks), np.bool_)
    chosen[list(without)] = False
    return write(page.markup, page.text, page.blocks, page.elements, chosen).tobytes().decode()


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<h1>One</h1><p>two</p>three", "One\ntwo\nthree\n"),
        ("<p>one<br>two</p>", "one\ntwo\n"),
        ("<ul><li>one<li><p>two</p><p>three</p></ul>", "- one\n- two\nthree\n"),
        ("<ul><li>one<ul><li>two<ul><li>three</ul></ul><li>four</ul>", "- one\n  - two\n    - three\n- four\n"),
        ("<ul><li><ul><li>one</ul></ul>", "- one\n"),
        ("<ol><li>one<li>two<ul><li>in</ul></ol>", "1. one\n2. two\n  - in\n"),
        ("<ol class=a START='9'><li>nine<li>ten<li value=120>more</ol>", "9. nine\n10. ten\n120. more\n"),
        ("<ol data-start=5 start=x><li>one</ol>", "1. one\n"),
        ("<ul>" + "<ul><li>a" * 12 + "</ul>" * 13, "".join(f"{min(n, 7) * '  '}- a\n" for n in range(12))),
        ("<li><p>a<p>b<p>c<p>d</li>", "a\nb\nc\nd\n"),
        ("", ""),
    ],
)
def test_a_block_is_a_line_and_an_item_has_a_dash_unless_it_holds_a_post(page, text):
    assert written(page) == text


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<table><tr><th>Year<th>Yield<tr><td>2011<td>17</table>", "| Year | Yield |\n|---|---|\n| 2011 | 17 |\n"),
        ("<table><tr><th>a<th>b<tr><th>c<th>d<tr><th>e<td>f</table>", "| a | b |\n|---|---|\n| c | d |\n| e | f |\n"),
        ("<table><tr><td>a<td>b<tr><th>c<th>d</table>", "| a | b |\n| c | d |\n"),
        ("<table><tr><td>a<td><td>b</table>", "| a | | b |\n"),
        ("<table><tr><td>a|b<td><p>c</p><p>d<br>e</p></table>", "| a\\|b | c d e |\n"),
        ("<table><tr><td><td>alone</table>", "alone\n"),
        (f"<table><tr><td>menu<td>{LONG}</table>", f"menu\n{LONG.strip()}\n"),
        ("<table><tr><td>a<td><p>b<p>c<p>d<p>e</table>", "a\nb\nc\nd\ne\n"),
        ("<table><tr><td>a<td><table><tr><td>b<td>c</table></table>", "a\n| b | c |\n"),
        ("<table><tr><form><td>a<td>b</form></table>", "a\nb\n"),
    ],
)
def test_rows_of_data_have_bars_and_tables_that_place_text_have_none(page, text):
    assert written(page) == text


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>a</p><pre>\n  b\n\n\tc\n</pre><p>d", "a\n```\n  b\n\n\tc\n```\nd\n"),
        ("<pre><div>a</div><div>  b</div></pre>", "```\na\n  b\n```\n"),
        ('<pre><code class="hljs language-python">a</code></pre>', "```python\na\n```\n"),
        ("<pre class=lang-c++> a</pre><pre id=b>\n b</pre>", "```c++\n a\n```\n```\n b\n```\n"),
        ("<pre>a <code class=language-c>b</code></pre>", "```\na b\n```\n"),
        (
            "<pre><code class=\"a-language-c\">b</code></pre><pre class='slang-c language'>c</pre>",
            "```\nb\n```\n```\nc\n```\n",
        ),
        ("<pre>a</pre><pre>b</pre>", "```\na\n```\n```\nb\n```\n"),
        ("<ul><li><pre>a</pre></ul>", "```\na\n```\n"),
        ("<table><tr><td><pre>1</pre><td><pre>a</pre></table>", "```\n1\n```\n```\na\n```\n"),
    ],
)
def test_code_keeps_its_lines_within_fences(page, text):
    assert written(page) == text


def test_what_is_not_chosen_is_not_written_nor_are_the_cells_and_fences_around_it():
    page = "<p>a<table><tr><td>b<td>c<td>d</table><pre>e</pre><p>f"
    assert written(page, without=(1,)) == "a\n| | c | d |\n```\ne\n```\nf\n"
    assert written(page, without=(1, 2)) == "a\nd\n```\ne\n```\nf\n"
    assert written(page, without=(4,)) == "a\n| b | c | d |\nf\n"


TAGS = (
    "<table> <tr> <td> <th> </td> </tr> </table> <li> <ul> </ul> <ol> <ol_start=9> </ol> <pre>"
    " <pre_class=language-x> </pre> <p> <form> | <br>"
).split()


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.sampled_from([*TAGS, "X"]), max_size=40))
def test_every_letter_of_the_chosen_blocks_is_written_once(pieces):
    assert written(" ".join(pieces).replace("_", " ")).count("X") == pieces.count("X")
