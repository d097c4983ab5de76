"""Measuring: what is rounded comes back within half a step, what was changed by hand is found."""

import io
import json
import os
import shutil

import keras
import nbformat
import numpy as np
import pytest

from scripts.course import CourseError
from scripts.datasets import class_names, list_images
from scripts.features import Features
from scripts.lessons import notebooks
from scripts.measured import FOLDER
from scripts.measuring import answers, command, results, tables, views

SMALL = views.View(96, "squash", "", ("train", "validation"))


@pytest.fixture(scope="module")
def some_pictures(tmp_path_factory):
    """A folder with some of the drawn pictures: 40 in train and in validation, 10 in test."""
    folder = tmp_path_factory.mktemp("pictures")
    for split, step in (("train", 10), ("validation", 2), ("test", 10)):
        for name in class_names():
            (folder / split / name).mkdir(parents=True)
        for path in list_images(split)[0][::step][:40]:
            shutil.copy(path, folder / split / path.parent.name)
    return folder


@pytest.fixture
def few(some_pictures, monkeypatch):
    """These pictures are the course's."""
    monkeypatch.setenv("COURSE_DATA", str(some_pictures))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, some_pictures):
    """A folder with one view of these pictures, measured with the stand-in."""
    folder = tmp_path_factory.mktemp("measured")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA", str(some_pictures))
        views.write_view(SMALL, folder)
    return folder


def test_rounding_errs_by_half_a_step_at_most_and_packs_to_the_same_bytes():
    generator = np.random.default_rng(0)
    exact = {"train": np.abs(generator.normal(size=(200, 30))).astype("float32")}
    exact["train"][:, 0] = 0
    exact["validation"] = exact["train"][:50] * 1.5
    exact["validation"][0, 1] = 1000  # far larger than any training photo has
    steps = views.rounding_steps(exact)
    assert steps[0] == 1 and np.allclose(steps[2:], exact["train"].std(axis=0)[2:])
    for found in exact.values():
        assert np.all(np.abs(views.to_levels(found, steps) * steps - found) <= steps * 0.5001)
    packed = views.pack({"step": steps})
    assert packed == views.pack({"step": steps})
    assert np.array_equal(np.load(io.BytesIO(packed))["step"], steps)


def test_what_is_measured_again_is_the_same_and_a_change_by_hand_is_found(folder, few):
    assert views.check_view(SMALL, folder) == ""
    file = folder / f"{SMALL.name}.npz"
    whole = file.read_bytes()
    with np.load(file) as arrays:
        changed = {name: arrays[name].copy() for name in arrays}
    changed["validation"] += 2
    file.write_bytes(views.pack(changed))
    assert "validation" in views.check_view(SMALL, folder)
    changed["validation"] = changed["validation"][:, :-1]
    file.write_bytes(views.pack(changed))
    assert "39 photos" in views.check_view(SMALL, folder)
    file.write_bytes(whole)


def test_a_random_view_draws_the_same_changes_again(tmp_path, few):
    drawn = views.View(96, "crop", "random-5", ("validation",))
    steps = np.full(704, 0.1, "float32")  # in place of those of the plain view, whose measuring takes a while
    (tmp_path / "96-crop.npz").write_bytes(views.pack({"step": steps}))
    views.write_view(drawn, tmp_path)
    assert views.check_view(drawn, tmp_path) == ""


def test_the_drawn_pictures_are_not_measured(monkeypatch):
    with pytest.raises(CourseError, match="make data"):
        command.main([])


def run_of(value, status="passed", pictures=3781, name="head, validation"):
    row = {"name": name, "value": value, "n": 341, "interval": [0.8, 0.9]}
    lesson = {
        "lesson": "08_transfer_learning",
        "status": status,
        "seconds": 1.0,
        "data": {"kind": "path", "pictures": pictures},
        "weights": {"kind": "path"},
        "results": [row, {"name": "work", "epochs": 1, "photos": 1}],
    }
    return {"date": "2026-11-27T00:00:00", "machine": {}, "versions": {}, "lessons": [lesson]}


def test_results_are_kept_and_a_change_by_hand_is_found(tmp_path, capsys):
    run = tmp_path / "run.json"
    run.write_text(json.dumps(run_of(0.88)))
    assert command.main(["--results", str(run)], tmp_path) == 0
    assert command.main(["--results", str(run), "--check"], tmp_path) == 0
    kept = tmp_path / "results.json"
    kept.write_text(kept.read_text().replace("0.88", "0.84"))
    with pytest.raises(CourseError, match="head, validation: 0.88 of 341, recorded 0.84"):
        command.main(["--results", str(run), "--check"], tmp_path)
    run.write_text(json.dumps(run_of(0.88, name="another")))
    with pytest.raises(CourseError, match="only one of the two"):
        command.main(["--results", str(run), "--check"], tmp_path)


def test_a_run_of_one_lesson_keeps_the_results_of_the_others(tmp_path):
    results.write(run_of(0.88), tmp_path)
    other = run_of(0.7, name="another")
    other["lessons"][0]["lesson"] = "06_convolutions"
    results.write(other, tmp_path)
    results.write(run_of(0.89), tmp_path)
    rows = json.loads((tmp_path / "results.json").read_text())["results"]
    assert [(row["lesson"], row["name"], row["value"]) for row in rows] == [
        ("06", "another", 0.7),
        ("08", "head, validation", 0.89),
    ]


@pytest.mark.parametrize(
    ("n", "found", "fine"), [(341, 0.86, True), (341, 0.84, False), (100, 0.83, True), (100, 0.81, False)]
)
def test_few_photos_may_differ_by_six_and_many_by_a_few_hundredths(tmp_path, n, found, fine):
    kept, run = run_of(0.88), run_of(found)
    for one in (kept, run):
        one["lessons"][0]["results"][0]["n"] = n
    results.write(kept, tmp_path)
    assert (results.compare(run, tmp_path) == []) == fine


@pytest.mark.parametrize("harm", [{"status": "failed"}, {"pictures": 600}])
def test_results_of_a_failed_run_or_of_drawn_pictures_are_not_kept(tmp_path, harm):
    with pytest.raises(CourseError, match="not kept"):
        results.write(run_of(0.88, **harm), tmp_path)
    assert not (tmp_path / "results.json").exists()


def test_a_name_recorded_twice_is_refused(tmp_path):
    run = run_of(0.88)
    run["lessons"] *= 2
    with pytest.raises(CourseError, match="recorded twice: head, validation"):
        results.write(run, tmp_path)


def a_lesson(path, *cells):
    """Write a notebook: a set-up cell that must not run, then these cells."""
    code = [nbformat.v4.new_code_cell(source) for source in ("raise SystemError", *cells)]
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=code)), encoding="utf-8")
    return path


def test_answers_come_from_the_lessons_own_cells(tmp_path, monkeypatch):
    lesson = a_lesson(tmp_path / "01_loading_images.ipynb", "share = 1", "def learn():\n    return 2 * share", "1 / 0")
    monkeypatch.setattr(answers.notebooks, "find_lessons", lambda: [lesson])
    monkeypatch.setenv("COURSE_WEIGHTS", "imagenet")
    seen = []

    def learn(names):
        seen.append((names["learn"](), os.environ["COURSE_WEIGHTS"]))
        return lambda split: np.full((3, 10), len(split))

    monkeypatch.setitem(answers.MODELS, "centers", answers.Model("01", learn, "def learn", "standin"))
    answers.add("centers", tmp_path)
    assert seen == [(2, "standin")] and os.environ["COURSE_WEIGHTS"] == "imagenet"
    assert answers.there(tmp_path) == {"centers"}
    with np.load(tmp_path / "answers.npz") as arrays:
        assert sorted(arrays) == ["centers, seconds", "centers, test", "centers, validation"]
        assert (arrays["centers, validation"] == len("validation")).all() and 0 <= arrays["centers, seconds"][0] < 60
    with pytest.raises(ZeroDivisionError):  # to its end
        answers.run_cells("01")
    with pytest.raises(ZeroDivisionError):
        answers.run_cells("01", "no such text")


def test_a_text_that_no_cell_of_the_lesson_holds_is_refused(tmp_path, monkeypatch):
    lesson = a_lesson(tmp_path / "01_loading_images.ipynb", "share = 1")
    monkeypatch.setattr(answers.notebooks, "find_lessons", lambda: [lesson])
    with pytest.raises(ValueError, match="no cell with 'def learn'"):
        answers.run_cells("01", "def learn")


def test_a_model_added_later_leaves_the_others_as_they_are(tmp_path, monkeypatch):
    monkeypatch.setattr(answers, "run_cells", lambda number, until: {})
    for value, name in enumerate(("first, of two", "second")):
        model = answers.Model("01", lambda lesson, value=value: lambda split: np.full((3, 10), value))
        monkeypatch.setitem(answers.MODELS, name, model)
        answers.add(name, tmp_path)
    assert answers.there(tmp_path) == {"first, of two", "second"}
    with np.load(tmp_path / "answers.npz") as arrays:
        assert [float(arrays[f"{name}, test"].mean()) for name in ("first, of two", "second")] == [0, 1]


def test_settings_are_chosen_without_the_photos_that_choose_and_then_all_are_learned(monkeypatch):
    labels = np.repeat([0, 1], 8)
    monkeypatch.setattr(answers, "features", lambda front, split, *rest: Features(np.arange(16.0), labels, []))
    learned = []

    def train(question, setting, seed):
        learned.append((setting, question["learn"][0].tolist()))
        return type("Model", (), {"predict": lambda self, maps, verbose: maps + setting})()

    def choose(train, settings, question):
        train(question, settings[0], 1)
        assert question["choose"][0].tolist() == [0, 4, 8, 12] and question["classes"] == 2
        return settings[1]

    answer = answers.train_on_all({"front": None, "choose": choose}, train, (10, 20))
    assert [place for place in range(16) if place % 4] == learned[0][1]
    assert learned[1] == (20, list(range(16))) and answer("test")[0] == 20


def test_the_table_shows_a_models_validation_beside_its_test(tmp_path):
    rows = [
        {"name": "small CNN, validation", "value": 0.71, "n": 341, "interval": [0.66, 0.75], "lesson": "06"},
        {"name": "recipe, validation", "value": 0.9, "n": 100, "interval": [0.87, 0.93], "lesson": "13"},
        {"name": "small CNN, test", "value": 0.5, "n": 372, "interval": [0.45, 0.55], "lesson": "15"},
    ]
    (tmp_path / "results.json").write_text(json.dumps({"results": rows}))
    assert tables.table(tmp_path).splitlines() == [
        "| what | validation (341 photos) | test (372 photos) | lesson |",
        "|---|---|---|---|",
        "| small CNN | 0.710 (0.660 to 0.750) | 0.500 (0.450 to 0.550) | 06 |",
        "| recipe | 0.900 (0.870 to 0.930, n = 100) |  | 13 |",
    ]


def test_the_readme_holds_the_table_of_the_results_and_typing_into_it_is_found(tmp_path):
    for path, names in ((tables.README, tables.HEADLINES), (tables.RESULTS, ())):
        page = path.read_text(encoding="utf-8")
        assert page == tables.with_table(page, FOLDER, names), "python -m scripts.measure --results makes this table"
        typed = page.replace("| transfer learning | 0.", "| transfer learning | 1.")
        assert typed != page and tables.with_table(typed, FOLDER, names) == page
        with pytest.raises(CourseError, match="lacks the marks"):
            tables.with_table(page.replace(tables.END, ""), FOLDER)


def test_random_views_are_drawn_by_the_layers_that_lesson_12_shows():
    (path,) = notebooks.choose_lessons(["12"], notebooks.find_lessons())
    cells = [cell.source for cell in notebooks.code_cells(notebooks.read_notebook(path))]
    shown = {"layers": keras.layers, "keras": keras}
    exec(next(cell for cell in cells if cell.startswith("def mild_changes")), shown)
    ours, theirs = views.mild_changes(10), shown["mild_changes"](10, value_range=(-1, 1))
    image = np.random.default_rng(0).uniform(-1, 1, (1, 32, 32, 3)).astype("float32")
    for one, other in zip(ours, theirs, strict=True):
        assert type(one) is type(other)
        assert np.array_equal(one(image, training=True), other(image, training=True))
