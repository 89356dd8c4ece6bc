from pydantic import BaseModel

from tier_assets.policy import Policy


def _fields(section: type[BaseModel]):
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _fields(field.annotation)
        else:
            yield f"{section.__name__}.{name}", field


def test_every_value_says_what_it_means_and_where_it_comes_from():
    lacking = [
        name
        for name, field in _fields(Policy)
        if not field.description or not (field.json_schema_extra or {}).get("source")
    ]
    assert lacking == []


def test_the_defaults_are_the_literatures():
    policy = Policy()
    assert policy.filtered.min_language_score == 0.65
    assert (policy.filtered.quality.min_words, policy.filtered.quality.max_words) == (50, 100_000)
    assert (policy.filtered.deduplication.bands, policy.filtered.deduplication.rows) == (14, 8)
    assert policy.selected.keep_char_share == 0.1
    assert (policy.refined.max_documents, policy.refined.max_tokens) == (25, 45_000)


def test_what_the_machine_gives_is_no_part_of_a_tiers_digest():
    sections = ("raw", "filtered", "selected", "refined", "organized", "audit")
    one = Policy.model_validate({"execution": {"workers": 1}})
    assert [getattr(one, name).digest for name in sections] == [getattr(Policy(), name).digest for name in sections]
    assert Policy().execution.workers == 0


def test_the_digest_follows_the_values():
    assert Policy().filtered.digest == Policy().filtered.digest
    changed = Policy.model_validate({"filtered": {"min_language_score": 0.5}})
    assert changed.filtered.digest != Policy().filtered.digest
    assert changed.raw.digest == Policy().raw.digest
