"""The language of texts: how fast, and which label. Both sides read the same model file, lid.176.ftz."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.benchmarks.contenders.meter import Meter, read_lines

MODEL = "lid.176.ftz"
"""The model's file, in the folder of the input."""

Identify = Callable[[Sequence[str]], list[str | None]]


def _ours(_: Path) -> Identify:
    from tests.benchmarks.ours import languages

    return languages()


def _datatrove(folder: Path) -> Identify:
    from datatrove.data import Document
    from datatrove.utils.lid import FT176LID

    serve_model(folder)
    model = FT176LID()
    return lambda texts: [model.predict(Document(text=text, id=""))[0][0] for text in texts]


def serve_model(folder: Path) -> None:
    """Have datatrove fetch its language model from a folder: by its own means, without a network.

    It asks for lid.176.bin, of which the .ftz is the compressed form that installs as a package.
    """
    from datatrove.utils.lid import FT176LID

    FT176LID.MODEL_URL = str(folder / MODEL)


CONTENDERS: dict[str, Callable[[Path], Identify]] = {"strata": _ours, "datatrove": _datatrove}


def main(who: str, source: Path, output: Path) -> None:
    """Label every text of `source` (JSONL with `text`); the labels are the result."""
    meter = Meter()
    texts = [row["text"] for row in read_lines(source)]
    identify = CONTENDERS[who](source.parent)
    identify(texts[:8])
    meter.ready()
    with meter.stage("language"):
        labels = identify(texts)
    meter.write(output, documents=len(texts), bytes_read=sum(len(text.encode()) for text in texts), labels=labels)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
