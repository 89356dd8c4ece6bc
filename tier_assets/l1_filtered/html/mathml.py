"""Presentation MathML to LaTeX: for formulas of a page that come without their TeX.

Where a page keeps its formulas says `mathematics.py`. A formula that is broken or nests too deep gives what can be read.
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(r"<(/?)\s*(?:\w+:)?([\w-]+)([^<>]*?)(/?)>|([^<]+)")
_ATTRIBUTE = re.compile(r"""(open|close|separators)\s*=\s*["']([^"']*)["']""")
# A deeper element becomes a sibling of its parent: the writer recurses.
_MAX_DEPTH = 60
_SKIPPED = frozenset({"annotation", "annotation-xml", "mphantom", "none", "mprescripts"})
_FUNCTIONS = frozenset(
    "arccos arcsin arctan arg cos cosh cot csc deg det dim exp gcd hom inf ker lg lim liminf limsup ln log max min mod Pr"
    " sec sin sinh sup tan tanh".split()
)
_SYMBOLS = {
    **dict(zip("≤≥≠≡≈∼≅∝≪≫", r"\le \ge \ne \equiv \approx \sim \cong \propto \ll \gg".split(), strict=True)),
    **dict(zip("∑∏∫∮⋃⋂⨁", r"\sum \prod \int \oint \bigcup \bigcap \bigoplus".split(), strict=True)),
    **dict(zip("×·⋅÷±∓∘∗⊕⊗", r"\times \cdot \cdot \div \pm \mp \circ * \oplus \otimes".split(), strict=True)),
    **dict(
        zip(
            "∈∉∋⊂⊆⊃⊇∪∩∖∅",
            r"\in \notin \ni \subset \subseteq \supset \supseteq \cup \cap \setminus \emptyset".split(),
            strict=True,
        )
    ),
    **dict(
        zip(
            "∀∃¬∧∨⊢⊨⊥∣∤∥",
            r"\forall \exists \neg \land \lor \vdash \models \perp \mid \nmid \parallel".split(),
            strict=True,
        )
    ),
    **dict(
        zip(
            "→←↔⇒⇐⇔↦↪∞",
            r"\to \leftarrow \leftrightarrow \Rightarrow \Leftarrow \Leftrightarrow \mapsto \hookrightarrow \infty".split(),
            strict=True,
        )
    ),
    **dict(
        zip("∂∇ℓℏ√…⋯⋮⋱†", r"\partial \nabla \ell \hbar \surd \ldots \cdots \vdots \ddots \dagger".split(), strict=True)
    ),
    **dict(zip("⟨⟩⌊⌋⌈⌉‖", r"\langle \rangle \lfloor \rfloor \lceil \rceil \|".split(), strict=True)),
    **dict(zip("ℕℤℚℝℂ", (rf"\mathbb{{{letter}}}" for letter in "NZQRC"), strict=True)),
    **dict(zip("{}%#&_$", (rf"\{mark}" for mark in "{}%#&_$"), strict=True)),
    "\u2212": "-",
    "\u2032": "'",
    "\u2033": "''",
    # Function application, invisible times, comma and plus; spaces that only set type.
    **dict.fromkeys("\u2061\u2062\u2063\u2064\u200a\u2009\u200b\u00a0", " "),
}
_LARGE = frozenset(r"\sum \prod \int \oint \bigcup \bigcap \bigoplus \lim \max \min \sup \inf \limsup \liminf".split())
_ACCENTS = {
    **dict.fromkeys("¯‾ˉ\u0305_", "overline"),
    **dict.fromkeys("^ˆ\u0302", "hat"),
    **dict.fromkeys("~˜∼\u0303", "tilde"),
    **dict.fromkeys("→⃗", "vec"),
    **dict.fromkeys("˙.\u0307", "dot"),
    "¨": "ddot",
    "⏞": "overbrace",
}


@dataclass
class _Node:
    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["_Node"] = field(default_factory=list)
    text: str = ""


def latex(mathml: str) -> str:
    """LaTeX of a `<math>` element, given with its tags or without. Letters and signs without a command stay as they are."""
    return " ".join(_write(_tree(mathml)).split())


def _tree(mathml: str) -> _Node:
    root = _Node("mrow")
    stack = [root]
    for token in _TOKEN.finditer(mathml):
        closing, name, attributes, empty, text = token.groups()
        if text is not None:
            stack[-1].text += html.unescape(text)
        elif closing:
            for level in range(len(stack) - 1, 0, -1):
                if stack[level].name == name.lower():
                    del stack[level:]
                    break
        else:
            node = _Node(name.lower(), dict(_ATTRIBUTE.findall(attributes)))
            stack[-1].children.append(node)
            if not empty and len(stack) < _MAX_DEPTH:
                stack.append(node)
    return root


def _write(node: _Node) -> str:
    if node.name in _SKIPPED:
        return ""
    if node.name in ("mi", "mn", "mo", "ms", "mtext"):
        return _token(node.name, node.text.strip())
    parts = [_write(child) for child in node.children if child.name not in _SKIPPED]
    written = _schema(node, parts) if len(parts) == _ARGUMENTS.get(node.name, -1) else None
    if written is not None:
        return written
    if node.name == "semantics":
        return parts[0] if parts else ""
    if node.name == "msqrt":
        return rf"\sqrt{{{_joined(parts)}}}"
    if node.name == "mfenced":
        return _fenced(node, parts)
    if node.name == "mtable":
        return r"\begin{matrix} " + r" \\ ".join(parts) + r" \end{matrix}"
    if node.name in ("mtr", "mlabeledtr"):
        return " & ".join(parts)
    return _joined(parts) or _token("mo", node.text.strip())


_ARGUMENTS = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "mover": 2, "munder": 2, "msubsup": 3, "munderover": 3}


def _schema(node: _Node, parts: list[str]) -> str | None:
    """An element with a set number of arguments."""
    first, second = parts[0], parts[1]
    match node.name:
        case "mfrac":
            return rf"\frac{{{first}}}{{{second}}}"
        case "mroot":
            return rf"\sqrt[{second}]{{{first}}}"
        case "msub":
            return f"{_base(first)}_{{{second}}}"
        case "msup":
            return f"{_base(first)}^{{{second}}}"
        case "msubsup" | "munderover":
            return f"{_base(first)}_{{{second}}}^{{{parts[2]}}}"
        case "mover":
            if accent := _ACCENTS.get(node.children[1].text.strip()):
                return rf"\{accent}{{{first}}}"
            return f"{first}^{{{second}}}" if first in _LARGE else rf"\overset{{{second}}}{{{first}}}"
        case "munder":
            return f"{first}_{{{second}}}" if first in _LARGE else rf"\underset{{{second}}}{{{first}}}"
    return None


def _base(written: str) -> str:
    """What bears an index: in braces if it is more than one sign."""
    return written if len(written) == 1 or re.fullmatch(r"\\[A-Za-z]+|\\mathbb\{\w\}", written) else f"{{{written}}}"


def _fenced(node: _Node, parts: list[str]) -> str:
    separators = "".join(node.attributes.get("separators", ",").split()) or ","
    marks = (_token("mo", separators[min(number, len(separators) - 1)]) for number in range(len(parts)))
    body = "".join(
        f"{mark} {part}" if number else part for number, (part, mark) in enumerate(zip(parts, marks, strict=True))
    )
    left, right = node.attributes.get("open", "("), node.attributes.get("close", ")")
    return rf"{_token('mo', html.unescape(left))}{body}{_token('mo', html.unescape(right))}"


def _joined(parts: list[str]) -> str:
    """Parts side by side: with a space after a command whose name a letter would lengthen."""
    joined = ""
    for part in parts:
        gap = " " if re.search(r"\\[A-Za-z]+$", joined) and part[:1].isalpha() else ""
        joined += gap + part
    return joined


def _token(kind: str, text: str) -> str:
    if kind in ("mtext", "ms"):
        return rf"\text{{{text}}}" if text else " "
    if kind in ("mi", "mo") and text in _FUNCTIONS:
        return rf"\{text}"
    if kind == "mi" and len(text) > 1 and text.isascii() and text.isalpha():
        return rf"\mathrm{{{text}}}"
    return _joined(list(_signs(unicodedata.normalize("NFC", text))))


def _signs(text: str) -> Iterator[str]:
    for sign in text:
        name = unicodedata.name(sign, "")
        greek = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (FINAL )?(\w+)", name)
        if sign in _SYMBOLS:
            yield _SYMBOLS[sign]
        elif greek:
            letter = greek[3].replace("LAMDA", "LAMBDA").lower()
            yield rf"\{letter if greek[1] == 'SMALL' else letter.title()}"
        elif "MATHEMATICAL" in name:
            # Letters of another type face: bold, italic, script.
            yield unicodedata.normalize("NFKC", sign)
        else:
            yield sign
