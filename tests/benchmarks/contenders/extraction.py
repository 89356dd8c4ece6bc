"""Main text of HTML pages: how fast, and which words. Pages come decoded, so that decoding is nobody's advantage."""

import sys
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.contenders.meter import Meter, read_lines

Extract = Callable[[str], str | None]


def _ours(mode: str) -> Extract:
    from tests.benchmarks.ours import main_text

    return main_text(mode)


def _trafilatura() -> Extract:
    from trafilatura import extract

    return lambda html: extract(html, include_comments=False)


def _resiliparse() -> Extract:
    from resiliparse.extract.html2text import extract_plain_text

    return lambda html: str(
        extract_plain_text(html, main_content=True, comments=False, list_bullets=False, alt_texts=False)
    )


def _datatrove() -> Extract:
    from datatrove.pipeline.extractors import Trafilatura

    # As FineWeb's recipe sets it up. Its process that guards against slow pages is left out here, not end to end.
    extractor = Trafilatura(favour_precision=True)
    return lambda html: extractor.extract(html) or ""


EXTRACTORS: dict[str, Callable[[], Extract]] = {
    "strata-cascade": lambda: _ours("cascade"),
    "strata-trafilatura": lambda: _ours("trafilatura"),
    "trafilatura": _trafilatura,
    "resiliparse": _resiliparse,
    "datatrove": _datatrove,
}


def main(who: str, source: Path, output: Path) -> None:
    """Extract every page of `source` (JSONL with `id` and `html`); `texts` by id are the result."""
    meter = Meter()
    pages = read_lines(source)
    extract = EXTRACTORS[who]()
    extract(pages[0]["html"])
    meter.ready()
    with meter.stage("extraction"):
        texts = {page["id"]: extract(page["html"]) or "" for page in pages}
    read = sum(len(page["html"].encode("utf-8", "replace")) for page in pages)
    meter.write(output, documents=len(pages), bytes_read=read, texts=texts)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
