"""Private data in texts: what is left of it after masking, and what was masked."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.benchmarks.contenders.meter import Meter, read_lines

Masked = tuple[list[str], dict[str, list[int]]]
Mask = Callable[[Sequence[str]], Masked]
"""Texts to masked texts, and by kind how many places were masked in each."""


def _ours() -> Mask:
    from tests.benchmarks.ours import masked

    return masked


def _datatrove() -> Mask:
    """Its formatter with placeholders that can be counted. It knows e-mail and IP addresses."""
    from datatrove.pipeline.formatters import PIIFormatter

    marks = {"email": "\x01", "ip": "\x02"}
    formatter = PIIFormatter(email_replacement=marks["email"], ip_replacement=marks["ip"])

    def mask(texts: Sequence[str]) -> Masked:
        done = [formatter.format(text) for text in texts]
        return done, {kind: [text.count(mark) for text in done] for kind, mark in marks.items()}

    return mask


def main(who: str, source: Path, output: Path) -> None:
    """Mask every text of `source` (JSONL with `text`)."""
    meter = Meter()
    texts = [row["text"] for row in read_lines(source)]
    mask = {"strata": _ours, "datatrove": _datatrove}[who]()
    mask(texts[:8])
    meter.ready()
    with meter.stage("masking"):
        done, counts = mask(texts)
    read = sum(len(text.encode()) for text in texts)
    meter.write(output, documents=len(texts), bytes_read=read, texts=done, counts=counts)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
