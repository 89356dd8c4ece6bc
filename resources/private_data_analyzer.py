"""Private data as Presidio finds it: its pattern recognizers behind our protocol. The rules of L1 are the default.

Installed by the extra `pii`. Nothing is downloaded: without a spaCy model words are only separated, and the list of domain
suffixes is the one that comes with tldextract. Presidio has no recognizer of keys and tokens: that kind is found by none.
"""

import importlib
import importlib.metadata
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from tier_assets.errors import StrataError
from tier_assets.files.digests import text_digest
from tier_assets.inference import Finding
from tier_assets.policies.filtered import PrivateData, PrivateDataKind

_KINDS: dict[str, PrivateDataKind] = {
    "EMAIL_ADDRESS": "email",
    "IP_ADDRESS": "ip",
    "PHONE_NUMBER": "phone",
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
}
_RECOGNIZERS = ("EmailRecognizer", "IpRecognizer", "PhoneRecognizer", "CreditCardRecognizer", "IbanRecognizer")
_DISTRIBUTIONS = ("presidio-analyzer", "spacy", "phonenumbers")
_MAX_CHARS = 1 << 31


class PresidioAnalyzer:
    """A `PrivateDataAnalyzer`. Loads when first asked; slower than the rules by two orders of magnitude."""

    def __init__(self, policy: PrivateData) -> None:
        self._model = policy.spacy_model
        self._min_score = policy.min_analyzer_score

    @property
    def digest(self) -> str:
        """Versions of Presidio, its libraries and the spaCy model. Raises StrataError where one is missing."""
        names = (*_DISTRIBUTIONS, *([self._model] if self._model else []))
        try:
            return text_digest(*(f"{name} {importlib.metadata.version(name)}" for name in names))
        except importlib.metadata.PackageNotFoundError as error:
            raise StrataError(_missing(str(error.name))) from error

    def find(self, texts: Sequence[str], kinds: Sequence[str]) -> list[list[Finding]]:
        """What of the kinds is in each text, with a score of at least the policy's; findings may overlap.

        Raises StrataError if Presidio or the policy's spaCy model is not installed.
        """
        entities = [entity for entity, kind in _KINDS.items() if kind in kinds]
        return [self._of(text, entities) for text in texts] if entities else [[] for _ in texts]

    def _of(self, text: str, entities: Sequence[str]) -> list[Finding]:
        found = self._engine.analyze(text=text, language="en", entities=entities, score_threshold=self._min_score)
        return [Finding(_KINDS[each.entity_type], each.start, each.end) for each in found]

    @cached_property
    def _engine(self) -> Any:
        try:
            presidio, spacy = importlib.import_module("presidio_analyzer"), importlib.import_module("spacy")
            predefined = importlib.import_module("presidio_analyzer.predefined_recognizers")
            engines, domains = (
                importlib.import_module("presidio_analyzer.nlp_engine"),
                importlib.import_module("tldextract"),
            )
        except ModuleNotFoundError as error:
            raise StrataError(_missing(str(error.name))) from error
        words = engines.SpacyNlpEngine(models=[{"lang_code": "en", "model_name": self._model or "blank"}])
        # Presidio's own loading would download what is missing.
        words.nlp = {"en": self._pipeline(spacy)}
        registry = presidio.RecognizerRegistry()
        suffixes = domains.TLDExtract(suffix_list_urls=(), cache_dir=None)
        for name in _RECOGNIZERS:
            recognizer = getattr(predefined, name)()
            if name == "EmailRecognizer":
                # The recognizer's own way to tell domains asks the network for a newer list.
                recognizer.validate_result = lambda text: bool(suffixes(text).suffix)
            registry.add_recognizer(recognizer)
        return presidio.AnalyzerEngine(registry=registry, nlp_engine=words, supported_languages=["en"])

    def _pipeline(self, spacy: Any) -> Any:
        try:
            pipeline = spacy.load(self._model) if self._model else spacy.blank("en")
        except OSError as error:
            raise StrataError(_missing(self._model)) from error
        pipeline.max_length = _MAX_CHARS
        return pipeline


def _missing(name: str) -> str:
    return (
        f"filtered.private_data.analyzer is presidio, but {name} is not installed: install the extra `pii` (and the spaCy "
        'model that filtered.private_data.spacy_model names), or set analyzer = "rules"'
    )
