import pyarrow as pa
import pytest

from tier_assets.l0_raw.columns import documents, first_line, schema_flaw
from tier_assets.policy import RawPolicy


def found(table, first=0):
    return list(documents(table.to_batches()[0], first, RawPolicy()))


def test_rows_are_documents_numbered_from_the_first():
    assert [(each.offset, each.text) for each in found(pa.table({"text": ["a", "b"]}), 7)] == [(7, "a"), (8, "b")]


def test_columns_encoded_as_dictionaries_are_text():
    assert found(pa.table({"text": pa.array(["a", "a"]).dictionary_encode()}))[1].text == "a"


def test_a_row_that_is_no_unicode_is_dropped_alone():
    other = pa.array([b"fine", b"caf\xe9"]).view(pa.string())
    kept, drop = found(pa.table({"text": ["a", "b"], "other": other}))
    assert (kept.text, drop.rule) == ("a", "bad_encoding")


@pytest.mark.parametrize(
    "other",
    [
        pa.array([0, 2**62], pa.duration("s")),
        pa.array([0, 2**31 - 1], pa.date32()),
        pa.array([0, 2**62], pa.timestamp("s")),
        pa.array([{"at": 0}, {"at": 2**62}], pa.struct([("at", pa.timestamp("s"))])),
    ],
    ids=str,
)
def test_a_row_with_a_time_that_python_cannot_hold_is_dropped_alone(other):
    kept, drop = found(pa.table({"text": ["a", "b"], "other": other}))
    assert (kept.text, drop.rule) == ("a", "bad_field")


def test_a_row_with_a_time_zone_that_nobody_knows_is_dropped():
    [drop] = found(pa.table({"text": ["a"], "other": pa.array([0], pa.timestamp("ms", "Mars/Base"))}))
    assert (drop.rule, drop.detail) == (
        "bad_field",
        "holds a date, a time zone or a span of time that Python cannot hold",
    )


def test_columns_that_will_not_do_are_named():
    assert schema_flaw(pa.schema({"text": pa.string()}), RawPolicy()) is None
    body = pa.schema({"body": pa.string()})
    assert schema_flaw(body, RawPolicy()).startswith("has no column text or html, but 'body': ")
    assert schema_flaw(body, RawPolicy(text_columns=("body",))) is None
    twice = pa.schema([pa.field("text", pa.string()), pa.field("id", pa.string()), pa.field("id", pa.string())])
    assert schema_flaw(twice, RawPolicy()) == "has the column 'id' twice"


def test_an_error_is_told_in_one_line():
    assert first_line(ValueError("one\ntwo")) == "one"
