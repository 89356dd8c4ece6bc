from tier_assets.l2_selected.prompts import RATING_SCHEMA, RATING_TEMPLATE


def test_the_prompt_shows_the_text_and_both_answers():
    shown = RATING_TEMPLATE.format(text="Water boils at 100 degrees.")
    assert "Water boils at 100 degrees." in shown
    assert '{"good": true} or {"good": false}' in shown


def test_the_answer_is_one_boolean():
    assert RATING_SCHEMA["required"] == ["good"]
    assert RATING_SCHEMA["properties"] == {"good": {"type": "boolean"}}
