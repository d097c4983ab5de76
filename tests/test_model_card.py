"""The model card: what it says is what was measured, and it refuses to be half a card."""

import pytest

from scripts import model_card, results

FACTS = {
    "name": "a test model",
    "purpose": "To learn.",
    "not_for": ["Anything that matters."],
    "data": ["Ten photos."],
    "people": "Two people.",
    "scores": {"all": {"test": (338, 372)}, "by class": {"dress": (3, 4), "hat": (0, 2)}},
    "ceiling": "0.97, by one reader.",
    "limits": ["Few photos.", "Fewer people."],
}


def test_the_text_and_the_json_say_the_same(tmp_path):
    text = model_card.write_card(tmp_path / "new" / "folder", FACTS)
    card = model_card.read_card(tmp_path / "new" / "folder")
    assert (tmp_path / "new" / "folder" / "MODEL_CARD.md").read_text(encoding="utf-8") == text
    assert model_card.card_text(card) == text
    for words in ("a test model", "Anything that matters.", "Two people.", "0.97, by one reader.", "- Fewer people."):
        assert words in text
    score = card["scores"]["all"]["test"]
    assert (score["correct"], score["n"], score["value"]) == (338, 372, round(338 / 372, 4))
    assert score["interval"] == [round(one, 4) for one in results.wilson_interval(338, 372)]
    assert "| by class | dress | 3 | 4 | 0.750 |" in text and "| by class | hat | 0 | 2 | 0.000 |" in text


def test_no_number_of_the_text_is_rounded_twice(tmp_path):
    """95 of 100 reaches up to 0.97846: 0.9785 with four digits, and 0.978 with three."""
    assert "| 0.950 | 0.888 to 0.978 |" in model_card.write_card(
        tmp_path, FACTS | {"scores": {"all": {"one": (95, 100)}}}
    )


@pytest.mark.parametrize("key", model_card.FACTS)
def test_a_missing_fact_is_named_and_nothing_is_written(tmp_path, key):
    for facts in ({name: fact for name, fact in FACTS.items() if name != key}, FACTS | {key: ""}):
        with pytest.raises(model_card.CardError, match=rf"\b{key} is missing"):
            model_card.write_card(tmp_path / "card", facts)
    assert not (tmp_path / "card").exists()


def test_one_error_names_all_that_is_wrong(tmp_path):
    facts = FACTS | {"people": [], "scores": {"all": {"test": (5, 4), "no one": (0, 0)}, "empty": {}}, "weather": "?"}
    with pytest.raises(model_card.CardError) as caught:
        model_card.write_card(tmp_path, facts)
    wanted = (
        "people is missing",
        "test: 5 right of 4",
        "no one: 0 right of 0",
        "empty is empty",
        "weather is not a fact",
    )
    assert [words for words in wanted if words not in str(caught.value)] == []


def test_no_card_is_one_clear_error(tmp_path):
    with pytest.raises(model_card.CardError, match="no model card"):
        model_card.read_card(tmp_path)
