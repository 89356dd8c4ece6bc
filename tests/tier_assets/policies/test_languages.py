from resources.text_classifier import language_identifier
from tier_assets.policies.languages import LANGUAGES


def test_the_languages_are_those_of_the_model():
    labels = {label.removeprefix("__label__") for label in language_identifier().model.get_labels()}
    assert set(LANGUAGES) == labels
    assert len(LANGUAGES) == len(labels) == 176
