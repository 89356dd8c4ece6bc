import pytest
from hypothesis import given
from hypothesis import strategies as st

from tier_assets.errors import PartitionKeyError
from tier_assets.keys import PartitionKey


@pytest.mark.parametrize("text", ["crawl.2026-34", "crawl.2026-34.0001", "a-b.X_1", "1.2"])
def test_a_key_is_source_snapshot_and_perhaps_a_shard(text):
    assert str(PartitionKey.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "crawl", "crawl.", ".2026", "Crawl.2026", "crawl.2026.1.2", "crawl.20/26", "../etc.passwd", "crawl.2026\n",
        "crawl.20 26", "crawl.2026,1", "crawl.2026|x", "crawl..x", "-crawl.1", "crawl._1", "crawl.ü", "crawl." + "9" * 95,
        "crawl.'; drop", "crawl.2026\x00",
    ],
)  # fmt: skip
def test_anything_else_is_refused_in_one_line(text):
    with pytest.raises(PartitionKeyError, match="is no partition key: use SOURCE") as caught:
        PartitionKey.parse(text)
    assert len(str(caught.value).splitlines()) == 1


@given(st.text(max_size=120))
def test_no_text_leads_out_of_its_folder(text):
    try:
        key = PartitionKey.parse(text)
    except PartitionKeyError:
        return
    assert str(key) == text
    assert not {"/", "\\", ".."} & set(key.source + key.snapshot + key.shard)
    assert all(part not in ("..", ".") for part in text.split("."))


def test_the_order_is_snapshot_then_source_then_shard():
    keys = [PartitionKey.parse(text) for text in ("b.2", "a.2.1", "a.2", "z.1", "a.10")]
    assert [str(key) for key in sorted(keys)] == ["z.1", "a.10", "a.2", "a.2.1", "b.2"]
