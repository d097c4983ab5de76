"""Every exercise is proven: its stub is open, its solution passes, and each usual mistake is told
by its own message.
"""

import dataclasses
import re

import numpy as np
import pytest

from scripts.checks import NUMBERS, exercises_of
from scripts.checks.exercise import KINDS, NOT_DONE, choose, executed, outcome, predict, write

ALL = {f"{lesson}-{number}": task for lesson in NUMBERS for number, task in enumerate(exercises_of(lesson), start=1)}
every_exercise = pytest.mark.parametrize("task", ALL.values(), ids=ALL)


def verdict(task, code):
    """What the check says of an answer, given as the code that a learner would run."""
    return task.verdict(executed(code, task.imports)[task.name])


def unproven(task):
    """Return what the proof of an exercise finds wrong: a list of sentences. The tests below break
    exercises, and see it speak up.
    """
    problems = [] if verdict(task, task.stub) == NOT_DONE else ["the stub is not open"]
    problems += [f"refused: {code}" for code in (task.solution, *task.also_right) if verdict(task, code)]
    said = {code: verdict(task, code) for code in task.wrong}
    problems += [f"passed: {code}" for code, message in said.items() if message in ("", NOT_DONE)]
    problems += [f"another message: {code}: {said[code]}" for code in said if said[code] != task.wrong[code]]
    if len(set(said.values())) < len(said):
        problems.append("two mistakes have one message")
    return problems


@every_exercise
def test_stub_solution_and_every_mistake(task):
    assert unproven(task) == []


@every_exercise
def test_what_an_exercise_consists_of(task):
    assert task.kind in KINDS and 1 <= task.minutes <= 10
    assert len(task.wrong) >= 3 and task.also_right and task.solution not in task.also_right
    assert 2 <= len(task.hints) <= 3 and len(set(task.hints)) == len(task.hints)
    words = task.task.partition("\n")[0]
    assert 1 <= len(re.findall(r"[.?](?=\s|$|`)", words.replace(" · ", " "))) <= 4, "a task is short"
    assert len(task.stub.splitlines()) <= 12


@every_exercise
def test_the_solution_is_told_neither_by_the_task_nor_by_a_hint_nor_by_a_message(task):
    spoken = [task.task, *task.hints, *task.wrong.values(), task.expects]
    value = task.solution.partition(" = ")[2].strip()
    if task.solution.startswith("answer = "):
        if not value.startswith('"'):  # a letter stands among the options
            digits = r"(?<![\d.,])" + re.escape(value) + r"(?![\d,]|\.\d)"
            spoken = [text for text in spoken if re.search(digits, text.replace(",", ""))]
            # A number of one digit occurs by chance; then the hints must not name it.
            spoken = [text for text in spoken if len(value) > 1 or text in task.hints]
            assert not spoken
    else:
        lines = {" ".join(line.split()) for line in task.solution.splitlines()} - {
            " ".join(line.split()) for line in task.stub.splitlines()
        }
        secret = max(lines, key=len)
        assert not [text for text in spoken if secret in " ".join(text.split())]


@every_exercise
@pytest.mark.parametrize(
    "answer",
    [
        None,
        "",
        "x" * 10_000,
        [],
        {},
        -1,
        1e300,
        float("nan"),
        np.zeros((3, 3)),
        np.array(["a"]),
        object,
        print,
        ...,
        (..., 1),
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_odd_answers_raise_nothing_and_pass_never(task, answer, capfd):
    found = task.verdict(answer)
    assert found and len(found) < 400 and capfd.readouterr() == ("", "")


class Hostile:
    """An answer that raises wherever it is touched."""

    def __getattr__(self, name):
        raise RuntimeError

    __array__ = __eq__ = __call__ = __len__ = __iter__ = __float__ = __bool__ = lambda *_: 1 / 0
    __hash__ = None


@every_exercise
def test_an_answer_that_raises_everywhere_costs_no_traceback(task, capfd):
    assert task.verdict(Hostile()) and capfd.readouterr() == ("", "")


@every_exercise
def test_what_a_function_prints_or_warns_of_is_not_shown(task, capfd):
    if task.solution.startswith("def "):
        found = verdict(task, task.solution.replace("\n    ", "\n    print('noise')\n    np.log(np.zeros(1))\n    ", 1))
        assert found == "" and capfd.readouterr() == ("", "")


@pytest.mark.parametrize("lesson", NUMBERS)
def test_each_lesson_has_a_few_exercises_of_several_kinds_and_asks_for_its_silent_trap(lesson):
    tasks = exercises_of(lesson)
    assert 2 <= len(tasks) <= 4 and any(task.trap for task in tasks)
    assert len({task.kind for task in tasks}) >= 2
    assert len({task.title for task in tasks}) == len(tasks)


def test_there_are_many_and_every_kind():
    assert len(ALL) >= 81 and sum(len(task.wrong) for task in ALL.values()) >= 460
    assert {task.kind for task in ALL.values()} == set(KINDS)


# The test of the tests.
BROKEN = {
    "always yes": {"judge": lambda answer: ""},
    "always no": {"judge": lambda answer: "No."},
    "always open": {"judge": lambda answer: NOT_DONE},
    "no mistake told": {"wrong": {"answer = 3": "Not three.", "answer = 5": "Not three."}},
    "a mistake that is right": {"wrong": {"answer = 4.0": "Not four."}},
    "an open mistake": {"wrong": {"answer = ...": "Not that."}},
    "a wrong solution": {"solution": "answer = 3"},
    "a right answer refused": {"also_right": ("answer = 5",)},
    "a closed stub": {"stub": "answer = 1"},
}
COMMON = {"title": "", "minutes": 1, "hints": (), "why": "", "means": "", "expects": "a number", "task": "2 + 2?"}


@pytest.mark.parametrize("broken", BROKEN)
def test_the_proof_sees_a_broken_exercise(broken):
    task = predict(right=4, mistakes={3: "Not three.", 5: "Not five."}, also_right=("answer = 4.0",), **COMMON)
    assert unproven(task) == []
    assert unproven(dataclasses.replace(task, **BROKEN[broken]))


def doubled(**changes):
    double = "def double(numbers):\n    return {}"
    fields = COMMON | {
        "name": "double",
        "stub": double.format("..."),
        "solution": double.format("2 * numbers"),
        "wrong": {double.format("numbers**2"): "Squared."},
        "also_right": (double.format("numbers + numbers"),),
        "cases": {"whole numbers": (np.array([1, 2]),), "zero": (np.array([0]),)},
    }
    return write(**fields | changes)


def test_a_function_is_judged_by_what_it_does():
    task = doubled()
    assert unproven(task) == []
    for code, words in {
        "def double(n):\n    return n + 1": "other values",
        "def double(n):\n    return n[:1]": "the shape (1,) instead of (2,)",
        "def double(n):\n    n *= 2\n    return n": "changes the array",
        "def double(n):\n    2 * n": "returns nothing",
        "def double(n):\n    return n.twice": "AttributeError",
        "double = 4": "no function",
        "def double(a, b):\n    return a": "TypeError",
    }.items():
        assert words in verdict(task, code), code


def test_a_mistake_in_some_of_the_cases_is_known_as_well():
    task = doubled()
    assert verdict(task, "def double(n):\n    return n**2 if n.any() else 2 * n") == "Squared."


def test_the_type_counts_where_it_is_asked_for():
    small = "def double(numbers):\n    return {}"
    task = doubled(dtype="uint8", solution=small.format("(2 * numbers).astype('uint8')"), also_right=())
    assert unproven(task) == []
    assert "the type int64" in verdict(task, small.format("(2 * numbers).astype('int64')"))


def test_a_bug_is_open_until_it_does_something_else():
    bug = "def double(numbers):\n    return 3 * numbers"
    task = doubled(stub=bug, kind="bug")
    assert verdict(task, bug) == verdict(task, bug.replace("3 * numbers", "numbers * 3.0")) == NOT_DONE
    assert verdict(task, task.solution) == ""


def test_a_letter_is_a_letter():
    options = [("one", "No: one."), ("two", ""), ("three", "No: three."), ("four", "No: four.")]
    task = choose(options=options, **{key: value for key, value in COMMON.items() if key != "expects"})
    assert unproven(task) == [] and "- **b** two" in task.task
    assert "one letter" in task.verdict("e") and "one letter" in task.verdict(2)


def test_the_arguments_of_a_case_are_never_changed():
    numbers = np.array([1, 2])
    assert outcome(lambda given: given.sort() or given.fill(0), (numbers,)) == "it changed its input"
    assert numbers.tolist() == [1, 2]
