import pyarrow as pa

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


def test_columns_that_will_not_do_are_named():
    assert schema_flaw(pa.schema({"text": pa.string()}), RawPolicy()) is None
    body = pa.schema({"body": pa.string()})
    assert schema_flaw(body, RawPolicy()).startswith("has no column text or html, but 'body': ")
    assert schema_flaw(body, RawPolicy(text_columns=("body",))) is None
    twice = pa.schema([pa.field("text", pa.string()), pa.field("id", pa.string()), pa.field("id", pa.string())])
    assert schema_flaw(twice, RawPolicy()) == "has the column 'id' twice"


def test_an_error_is_told_in_one_line():
    assert first_line(ValueError("one\ntwo")) == "one"
