"""What the scorer learns from, read from lake and home: promoted L1 documents, label files. Learning is in `training.py`."""

import json
from pathlib import Path

import polars as pl

from tier_assets.errors import StrataError
from tier_assets.files.digests import file_digest, text_digest
from tier_assets.home import Home
from tier_assets.inference import ClassifierTrainer, LanguageModel, TextClassifier, identity
from tier_assets.l2_selected.contract import SCORER_CONTRACT
from tier_assets.l2_selected.examples import anchor_examples, chosen_documents, gather, parse_labels
from tier_assets.l2_selected.prompts import RATING_DIGEST
from tier_assets.l2_selected.rating import rated_examples
from tier_assets.l2_selected.training import outcome, reference_documents, train_scorer
from tier_assets.lake.lake import Lake
from tier_assets.outcome import Outcome
from tier_assets.policy import SelectedPolicy
from tier_assets.staleness import installed_parts
from tier_assets.tiers import Tier


class Lesson:
    """The frozen list of what one training sees: (partition, content digest) of every promoted L1 partition, label files."""

    def __init__(self, lake: Lake, home: Home, policy: SelectedPolicy) -> None:
        """Raises StrataError for a label file that is not there."""
        self._lake = lake
        self._policy = policy
        self._models = home.models
        self._versions = [
            version for source in lake.sources(Tier.FILTERED) for version in lake.heads(Tier.FILTERED, source).values()
        ]
        self.seen = tuple((version.partition, version.content_digest) for version in self._versions)
        self._labels = [_label_file(home, name) for name in policy.scorer.labels]

    def parts(self, model: LanguageModel) -> dict[str, str]:
        """The fingerprint's parts of a scorer; of the model only where it rates. Raises ModelUnavailableError."""
        rates = self._policy.scorer.model_ratings and self._labels
        return {
            "code": SCORER_CONTRACT.code_version,
            "policy": self._policy.digest,
            "documents": text_digest(json.dumps(sorted(self.seen))),
            "labels": text_digest(*(file_digest(path) for path in self._labels)),
            **installed_parts(SCORER_CONTRACT),
            **({"language model": identity(model), "prompts": RATING_DIGEST} if rates else {}),
        }

    def learn(self, trainer: ClassifierTrainer, model: LanguageModel) -> Outcome:
        """Train a scorer; the model's file lies in the home's models folder, whatever the gate says of it."""
        scorer = self._policy.scorer
        groups = [group for version in self._versions for group in self._lake.row_groups(version)]
        documents = chosen_documents(groups, scorer)
        people = [parse_labels(_lines(path), path.name) for path in self._labels]
        anchors = anchor_examples(documents, scorer)
        if sum(each.filter(pl.col("label") == 0).height for each in people) >= scorer.min_examples:
            # Where people say what is bad, the other sources need not stand in for it: most of them is what is to be
            # selected, and a scorer trained on them as bad knows them by heart.
            anchors = anchors.filter(pl.col("label") == 1)
        sets, notes = [anchors, *people], []
        if scorer.model_ratings and people:
            rated, note = rated_examples(documents, pl.concat(people), model, scorer)
            sets.append(rated)
            notes.append(note)
        examples = gather(sets, scorer)
        training = train_scorer(
            examples, reference_documents(documents, scorer), trainer, self._models, self._policy, seen=self.seen
        )
        staged = outcome(training, examples)
        return Outcome(staged.rows, staged.decisions, staged.measures, (*notes, *staged.notes))


def _label_file(home: Home, name: str) -> Path:
    path = home.root / name
    if not path.is_file():
        raise StrataError(f"{home.policy}: selected.scorer.labels names {path}, which is no file: put it there")
    return path


def _lines(path: Path) -> list[str]:
    """Lines of JSONL: split at line feeds alone, since JSON strings may hold every other line break."""
    try:
        return path.read_text("utf-8").split("\n")
    except UnicodeDecodeError:
        raise StrataError(f"{path} is not UTF-8: convert it, one JSON object a line") from None


def promoted_scorer(home: Home, trainer: ClassifierTrainer, sha256: str) -> TextClassifier:
    """The classifier of a promoted scorer. Raises StrataError if its file is gone or is not what was promoted."""
    path = home.models / f"{sha256}.bin"
    if not path.is_file() or file_digest(path) != sha256:
        raise StrataError(f"{path} is missing or damaged: materialize the asset quality_scorer again")
    return trainer.load(str(path))


def wants_scorer(policy: SelectedPolicy) -> bool:
    """Whether the policy names anything to learn from."""
    return bool(policy.scorer.anchors or policy.scorer.labels)
