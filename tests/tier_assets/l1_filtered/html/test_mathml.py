import pytest
from hypothesis import given
from hypothesis import strategies as st

from tier_assets.l1_filtered.html.mathml import latex


@pytest.mark.parametrize(
    ("mathml", "tex"),
    [
        ("<mi>x</mi><mo>+</mo><mn>12</mn>", "x+12"),
        ("<mfrac><mi>a</mi><mrow><mi>b</mi><mo>&#x2212;</mo><mn>1</mn></mrow></mfrac>", r"\frac{a}{b-1}"),
        ("<msup><mi>x</mi><mn>2</mn></msup>", "x^{2}"),
        ("<msub><mi>&alpha;</mi><mi>i</mi></msub><mi>x</mi>", r"\alpha_{i}x"),
        ("<mi>&alpha;</mi><mi>x</mi>", r"\alpha x"),
        ("<msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup>", "x_{1}^{2}"),
        ("<msup><mrow><mi>a</mi><mi>b</mi></mrow><mn>2</mn></msup>", "{ab}^{2}"),
        ("<msqrt><mi>x</mi><mo>+</mo><mn>1</mn></msqrt>", r"\sqrt{x+1}"),
        ("<mroot><mi>x</mi><mn>3</mn></mroot>", r"\sqrt[3]{x}"),
        ("<mover><mi>x</mi><mo>&#xAF;</mo></mover>", r"\overline{x}"),
        ("<mover><mi>x</mi><mi>d</mi></mover>", r"\overset{d}{x}"),
        ("<munder><mi>lim</mi><mi>n</mi></munder>", r"\lim_{n}"),
        ("<munderover><mo>&#x2211;</mo><mi>i</mi><mi>n</mi></munderover><mi>i</mi>", r"\sum_{i}^{n}i"),
        (
            "<mtable><mtr><mtd><mi>a</mi></mtd><mtd><mi>b</mi></mtd></mtr><mtr><mtd><mi>c</mi></mtd></mtr></mtable>",
            None,
        ),
        ("<mi>x</mi><mtext> if </mtext><mi>y</mi>", r"x\text{if}y"),
        ("<mfenced open='[' separators=';'><mi>a</mi><mi>b</mi></mfenced>", "[a; b)"),
        ("<mi>sin</mi><mi>x</mi>", r"\sin x"),
        ("<mi>rank</mi><mo>&#x2061;</mo><mi>A</mi>", r"\mathrm{rank} A"),
        ("<mi>&#x1D5D4;</mi><mo>&#x2264;</mo><mi>&#x211D;</mi>", r"A\le\mathbb{R}"),
        ("<semantics><mi>x</mi><annotation>y</annotation></semantics>", "x"),
        ("<m:math><m:mi>x</m:mi></m:math>", "x"),
        ("<mo>{</mo><mo>&amp;</mo>", r"\{\&"),
    ],
)
def test_an_element_becomes_its_command(mathml, tex):
    assert latex(mathml) == (tex or r"\begin{matrix} a & b \\ c \end{matrix}")


def test_an_element_with_arguments_missing_gives_those_that_are_there():
    assert latex("<mfrac><mi>a</mi></mfrac>") == "a"


def test_a_formula_nested_beyond_reason_does_no_harm():
    assert latex("<msqrt>" * 5000 + "<mi>x</mi>").startswith(r"\sqrt{\sqrt{")


@given(
    st.lists(st.sampled_from("<mi> </mi> <mfrac> </mfrac> <mover> <mo/> <mtable> <mfenced> </x> a { &lt; <".split()))
)
def test_broken_markup_gives_a_text(pieces):
    assert latex("".join(pieces)) is not None
