"""A model card: what a model is, whom it was measured on, and what it must not be used for, as a
text for people and as JSON for programs.

Source: Mitchell et al., "Model Cards for Model Reporting", FAT* 2019.
"""

import json
from pathlib import Path

from scripts.course import CourseError
from scripts.files import write_whole
from scripts.results import wilson_interval

TEXT, JSON = "MODEL_CARD.md", "model_card.json"
FACTS = {  # what a card must hold, and the heading under which it stands
    "name": "the model's name",
    "purpose": "What it is for",
    "not_for": "What it must not be used for",
    "data": "Data",
    "people": "People",
    "scores": "Scores",
    "ceiling": "What a perfect model would get",
    "limits": "Limits",
}


class CardError(CourseError):
    """Facts are missing or impossible. The message names all of them."""


def write_card(folder, facts):
    """Write a model card into `folder`, made where it is not there; return its text, Markdown.

    Writes `MODEL_CARD.md` and `model_card.json`. `facts` is a dictionary with exactly the keys of
    `FACTS`: `name` a string; `scores` a dictionary from the name of a group, such as "by class", to
    a dictionary from a name to (correct, n), whole numbers; every other one a string or a list of
    strings. Raises `CardError`, naming all that is missing, empty, unknown or impossible; then
    nothing is written.
    """
    problems = _problems(facts)
    if problems:
        raise CardError(f"This is no model card yet: {'; '.join(problems)}.")
    scores = {
        group: {name: _score(correct, n) for name, (correct, n) in rows.items()}
        for group, rows in facts["scores"].items()
    }
    card = {key: facts[key] for key in FACTS} | {"scores": scores}
    text = card_text(card)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / JSON, json.dumps(card, indent=1, ensure_ascii=False) + "\n")
    write_whole(folder / TEXT, text)
    return text


def read_card(folder):
    """Return what `write_card` wrote, a dictionary; each score is a dictionary of value, correct,
    n and interval. Raises `CardError` where there is none.
    """
    file = Path(folder) / JSON
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CardError(f"{file} is no model card ({error}). Lesson 16 writes one.") from None


def card_text(card):
    """Return a card, as `read_card` returns it, as Markdown."""
    parts = [f"# Model card: {card['name']}"]
    for key, heading in FACTS.items():
        if key == "scores":
            parts += [
                f"## {heading}\n\nShare of right answers, with its 95 % interval (Wilson).",
                _table(card["scores"]),
            ]
        elif key != "name":
            value = card[key]
            parts.append(
                f"## {heading}\n\n" + (value if isinstance(value, str) else "\n".join(f"- {one}" for one in value))
            )
    return "\n\n".join(parts) + "\n"


def _table(scores):
    lines = ["| group | who or what | right | of | share | interval |", "|---|---|---|---|---|---|"]
    for group, rows in scores.items():
        for name, score in rows.items():
            correct, n = score["correct"], score["n"]
            low, high = wilson_interval(correct, n)  # not the kept one: a number rounded twice may differ
            cells = [group, name, correct, n, f"{correct / n:.3f}", f"{low:.3f} to {high:.3f}"]
            lines.append(f"| {' | '.join(str(cell) for cell in cells)} |")
    return "\n".join(lines)


def _score(correct, n):
    low, high = wilson_interval(int(correct), int(n))
    return {
        "value": round(int(correct) / int(n), 4),
        "correct": int(correct),
        "n": int(n),
        "interval": [round(low, 4), round(high, 4)],
    }


def _problems(facts):
    """Return what is wrong with the facts of a card, a list of texts."""
    found = [f"{key} is missing" for key in FACTS if not facts.get(key)]
    found += [f"{key} is not a fact of a card" for key in facts if key not in FACTS]
    scores = facts.get("scores") or {}
    if not isinstance(scores, dict):
        return [*found, "scores must be a dictionary of groups"]
    for group, rows in scores.items():
        if not rows:
            found.append(f"scores: {group} is empty")
        for name, (correct, n) in rows.items():
            if not 0 <= correct <= n or n == 0:
                found.append(f"scores: {group}, {name}: {correct} right of {n}")
    return found
