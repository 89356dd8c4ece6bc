"""What a file within an archive or folder is, by its name: its media type, whether it is source code, whose it is.

What becomes of it is in `l0_raw/members.py`. Languages are those that code corpora commonly keep; a source file's media
type is `text/x-<language>`, so that no two spellings of a registered type meet in one corpus.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

_LANGUAGES = """
    ada: adb ads; assembly: asm s; c: c h; clojure: clj cljs cljc; cmake: cmake; coq: v; cpp: cc cpp cxx hh hpp hxx;
    csharp: cs; css: css scss less; cuda: cu cuh; d: d; dart: dart; elixir: ex exs; elm: elm; emacs-lisp: el; erlang: erl hrl;
    fortran: f f90 f95 f03; fsharp: fs fsi; glsl: glsl; go: go; graphql: graphql; groovy: groovy gradle; haskell: hs;
    idris: idr; java: java; javascript: js mjs cjs jsx; json: json; julia: jl; kotlin: kt kts; lean: lean;
    lisp: lisp lsp; lua: lua; makefile: mk; matlab: m; nim: nim; nix: nix; objectivec: mm; ocaml: ml mli; pascal: pas;
    perl: pl pm; php: php; powershell: ps1 psm1; prolog: pro; protobuf: proto; python: py pyi pyx; r: r; racket: rkt;
    rst: rst; ruby: rb; rust: rs; scala: scala; scheme: scm ss; shell: sh bash zsh fish; solidity: sol; sql: sql;
    swift: swift; systemverilog: sv svh; tcl: tcl; tex: tex; thrift: thrift; toml: toml; typescript: ts tsx; vhdl: vhd vhdl;
    vue: vue; xml: xml xsd xsl; yaml: yaml yml; zig: zig
"""
_DOCUMENTS = {
    "html": "text/html",
    "htm": "text/html",
    "xhtml": "application/xhtml+xml",
    "txt": "text/plain",
    "md": "text/markdown",
    "markdown": "text/markdown",
    "pdf": "application/pdf",
}
_NAMED = {
    "makefile": "text/x-makefile",
    "dockerfile": "text/x-dockerfile",
    "cmakelists.txt": "text/x-cmake",
    "readme": "text/plain",
    "license": "text/plain",
    "licence": "text/plain",
    "copying": "text/plain",
    "notice": "text/plain",
}
_CODE = "text/x-"
_ARCHIVES = re.compile(r"\.(?:zip|tar|tgz|tbz2?|txz|gz|bz2|xz|zst|7z|rar|jar|war|whl|egg|warc|parquet|arrow)$")
_MINIFIED = re.compile(r"[.-]min\.(?:js|mjs|css)$")
_LICENSE = re.compile(r"(?:un)?licen[sc]e|copying")


def _by_ending() -> dict[str, str]:
    found = dict(_DOCUMENTS)
    for entry in _LANGUAGES.split(";"):
        language, _, endings = entry.strip().partition(": ")
        found |= dict.fromkeys(endings.split(), _CODE + language)
    return found


_ENDINGS = _by_ending()
DOCUMENT_ENDINGS = tuple(f".{ending}" for ending in _DOCUMENTS)


@dataclass(frozen=True)
class Kind:
    """What a file is. `media_type` is None for one that is no document, as far as its name tells."""

    media_type: str | None

    @property
    def code(self) -> bool:
        """Whether it is source code, to which the rules about vendored and minified files apply."""
        return bool(self.media_type and self.media_type.startswith(_CODE))


def kind_of(path: str) -> Kind:
    """What the file at this path is: by its ending, else by the names that have none."""
    name = PurePosixPath(path).name.lower()
    ending = name.rpartition(".")[2] if "." in name else ""
    return Kind(_NAMED.get(name) or _ENDINGS.get(ending))


def is_archive(path: str) -> bool:
    """Whether the name is that of an archive or compressed file, which is not opened within another."""
    return _ARCHIVES.search(path.lower()) is not None


def is_minified(path: str) -> bool:
    """Whether the name says that it was minified."""
    return _MINIFIED.search(path.lower()) is not None


def license_place(path: str) -> str | None:
    """For a file that states the licence of a whole tree, the tree's top folder ("" for the archive's root); else None.

    Archives of repositories hold everything in one folder: a licence there counts as one at the root.
    """
    parts = PurePosixPath(path).parts
    named = bool(parts) and _LICENSE.match(parts[-1].lower()) is not None
    return "/".join(parts[:-1]) if named and 1 <= len(parts) <= 2 else None


def unsafe(path: str) -> bool:
    """Whether a name leads out of its archive, or is none that can be shown: absolute, with `..`, not printable."""
    parts = path.replace("\\", "/").split("/")
    windows = len(parts[0]) == 2 and parts[0][1] == ":"
    return not path or not path.isprintable() or not parts[0] or windows or ".." in parts
