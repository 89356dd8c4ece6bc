import html
import io
import json
import re
from collections import Counter
from itertools import islice

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from tier_assets.l1_filtered.html.mathematics import with_formulas

KATEX = (
    '<span class="katex"><span class="katex-mathml"><math><semantics><mi>x</mi>'
    '<annotation encoding="application/x-tex">x &lt; 1</annotation></semantics></math></span>'
    '<span class="katex-html" aria-hidden="true"><span>x</span><span>1</span></span></span>!'
)
MATHJAX = (
    '<span class="MathJax_Preview">x</span><span class="MathJax"><nobr><span>x</span></nobr></span>'
    '<script type="math/tex">x_1</script>!'
)

SHOWN = (
    '<span class="MathJax" data-mathml="<math><mi>a</mi><mo>&amp;lt;</mo><mi>x</mi></math>" role="presentation"><nobr>'
    '<span class="math">x</span></nobr></span>'
)
SQUARE = "<msup><mi>x</mi><mn>2</mn></msup></math></mjx-assistive-mml></mjx-container>"
ASSISTED = (
    '<mjx-container class="MathJax" jax="CHTML"><mjx-math><mjx-utext>x2</mjx-utext></mjx-math><mjx-assistive-mml>'
    f'<math>{SQUARE}<mjx-container class="MathJax" display="true"><mjx-assistive-mml><math display="block">{SQUARE}'
)


def text(page: str) -> str:
    """Without the tags that are left."""
    found = with_formulas(page)
    while "<" in found and ">" in found:
        start, end = found.index("<"), found.index(">")
        found = found[:start] + found[end + 1 :]
    return " ".join(found.replace("&lt;", "<").split())


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ('a <math alttext="x^2"><mi>x</mi></math> b', "a $x^2$ b"),
        ('<math display="block" alttext="\\displaystyle x"><mi>x</mi></math>', "$$x$$"),
        ("<math><mfrac><mi>a</mi><mi>b</mi></mfrac></math>", r"$\frac{a}{b}$"),
        ('<math alttext="a+%\nb"></math>', "$a+b$"),
        ('<math alttext="{\\displaystyle a+b}"></math>', "$a+b$"),
        (KATEX, "$x < 1$!"),
        (MATHJAX, "$x_1$!"),
        ('<script type="math/tex; mode=display">a &lt b</script>', "$$a &amp;lt b$$"),
        ('<script type="math/mml"><math><mi>x</mi></math></script>', "$x$"),
        (r'<img class="latex" alt="\beta"> <img class=photo alt=b>', r"$\beta$"),
        ('<img class="mwe-math-fallback-image-display" alt="{\\displaystyle a}">', "$$a$$"),
        ('<img class="tex" alt="$a$">', "$a$"),
        (r'<img alt="$\alpha_1$" src="i.png">, <img alt="\(x\)"><img alt="$5 off">', r"$\alpha_1$, $x$"),
        (r'<img alt="\[x\]"><img alt=" $$y$$ ">', "$$x$$ $$y$$"),
        (r'<img src="//s0.wp.com/latex.php?latex=x" alt="x">, <img src="tex.php?1" title="\beta">', r"$x$, $\beta$"),
        ('<img src="https://latex.codecogs.com/gif.latex?x" alt="x"><img src="/cgi-bin/mimetex.cgi?y">', "$x$"),
        (f"and {SHOWN}.", "and $a<x$."),
        (f"and {SHOWN.replace('<math>', '&lt;math>')}.", "and $a<x$."),
        (f"{SHOWN} <script type='math/tex'>x</script>", "$x$"),
        (f"<div class='MathJax_Display'>{SHOWN}</div>.", "$a<x$."),
        (ASSISTED, "$x^{2}$ $$x^{2}$$"),
        (r"\(x\) and $y$", r"\(x\) and $y$"),
        ("<math></math>a", "a"),
    ],
)
def test_a_formula_stands_in_the_text_once_as_latex(page, expected):
    assert text(page) == expected


def test_asciimath_is_read_in_pages_that_load_it_and_not_in_code():
    page = "<p>so `x^2` <code>`a`</code><pre>`b`</pre><script>`c`</script> or `y`</p>"
    assert with_formulas(page) == page
    assert with_formulas(page + "<!-- AsciiMath -->").startswith(
        "<p>so $x^2$ <code>`a`</code><pre>`b`</pre><script>`c`</script> or $y$</p>"
    )


@pytest.mark.parametrize(
    "page", ["<math>", "<math><mi>x</mi>", '<span class="katex-html">a', '<script type="math/tex">x']
)
def test_what_is_never_closed_stays_as_it_is(page):
    assert with_formulas(page + " b") == page + " b"


PIECES = [
    KATEX,
    MATHJAX,
    "<math>",
    "</math>",
    "<span class=katex-html>",
    "</span>",
    "<p>text</p>",
    '<img class=tex alt="a">',
    "<",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_text_outside_of_formulas_is_kept(pieces):
    page = "".join(pieces)
    hidden = "katex-html>" in page or "<math>" in page
    assert hidden or with_formulas(page).count("<p>text</p>") == pieces.count("<p>text</p>")


FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$|\\\[(.+?)\\\]|\\begin\{(align|equation)\*?\}(.+?)\\end", re.DOTALL)
SIGN = re.compile(r"\\[A-Za-z]+|[A-Za-z0-9]|[^\s{}$\\]")


def signs(text: str) -> Counter[str]:
    """The commands, letters and signs of a text's formulas."""
    return Counter(
        sign for found in FORMULA.finditer(text) for sign in SIGN.findall("".join(filter(None, found.groups())))
    )


def test_formulas_of_real_pages_are_those_of_the_tex_they_were_made_from(test_data):
    with (
        (test_data / "math" / "planetmath_labels.jsonl.zst").open("rb") as stream,
        zstandard.open(stream, "rb") as plain,
    ):
        sources = {row["record_id"]: row["tex"] for row in map(json.loads, io.TextIOWrapper(plain, "utf-8"))}
    there, found = Counter(), Counter()
    with (test_data / "math" / "planetmath.warc.gz").open("rb") as stream:
        for record in islice(ArchiveIterator(stream), 40):
            if record.rec_type == "response":
                source = signs(sources[record.rec_headers["WARC-Record-ID"]])
                there += source
                found += source & signs(html.unescape(with_formulas(record.content_stream().read().decode())))
    assert found.total() / there.total() > 0.9
