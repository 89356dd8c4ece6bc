from tier_assets.data_format import describe
from tier_assets.schemas import TABLES, DropReason


def test_every_column_of_every_table_is_described():
    lines = describe().splitlines()
    for table in TABLES.values():
        for column in (*table.rows.columns, *table.decisions.columns):
            assert any(line.startswith(f"| `{column.name}` |") and line.count(" | ") == 4 for line in lines), (
                column.name
            )


def test_every_drop_reason_has_a_meaning():
    lines = describe().splitlines()
    assert all(any(line.startswith(f"| `{reason}` | ") for line in lines) for reason in DropReason)


def test_tiers_stand_in_their_order_with_what_they_are_made_from():
    headings = [line for line in describe().splitlines() if line.startswith("## L")]
    assert headings == [
        "## L0 raw, from the landing zone",
        "## L1 filtered, made from `raw`",
        "## L2 selected, made from `filtered`",
        "## L3 refined, made from `selected`",
        "## L4 organized, made from `refined`",
    ]


def test_types_are_said_in_words():
    page = describe()
    assert "| `fetched_at` | Datetime, us, UTC | UTC | may be |" in page
    assert "| `parent_ids` | list of String |" in page
    assert "| `evidence` | list of {text: String, doc_id: String, uri: String," in page
    assert "| `quality_score` | Float32 | 0..1 | may be |" in page


def test_angle_brackets_are_shown_and_not_taken_for_html():
    assert "else file:&lt;name>#&lt;offset>" in describe()
