"""The benchmark: its arithmetic, and the lessons' own count of their epochs. No time is tested."""

import json
import multiprocessing
import pickle
import runpy
import sys
from contextlib import nullcontext

import keras
import numpy as np
import pytest

from scripts.benchmark import __main__ as command
from scripts.benchmark import backbone, heads, recipe
from scripts.course import CourseError


def test_operations_of_a_convolution_are_counted():
    model = keras.Sequential([keras.Input((10, 10, 3)), keras.layers.Conv2D(4, 3, padding="same", use_bias=False)])
    assert backbone.operations(model) == 2 * 3 * 3 * 3 * 4 * 10 * 10


def run_json(folder, **work):
    """Write what `make run` leaves, with the work that lessons recorded; return the file."""
    lessons = [
        {"lesson": f"{number}_x", "data": {"pictures": 600}, "results": [{"name": "work", **row}]}
        for number, row in work.items()
    ]
    file = folder / "run.json"
    file.write_text(json.dumps({"lessons": lessons}))
    return file


WORK = {number: {"epochs": 100, "photos": 500} for number in heads.TRAINING_LESSONS}


def test_the_bill_adds_the_epochs_and_counts_the_shared_pass_once(tmp_path):
    assert heads.lessons_bill(run_json(tmp_path, **WORK)) == (400, 1)
    more = WORK | {"12": {"epochs": 200, "photos": 1500}}
    assert heads.lessons_bill(run_json(tmp_path, **more)) == (500, 3)


def test_a_lesson_that_did_not_run_is_named(tmp_path):
    del (work := dict(WORK))["11"]
    with pytest.raises(CourseError, match="lesson 11.*make run"):
        heads.lessons_bill(run_json(tmp_path, **work))
    with pytest.raises(CourseError, match="make run"):
        heads.lessons_bill(tmp_path / "nothing")


def test_a_missing_bill_is_said_in_one_line_before_anything_is_measured(monkeypatch):
    def missing():
        raise CourseError("run `make run` first")

    monkeypatch.setattr(heads, "lessons_bill", missing)
    monkeypatch.setattr(heads, "import_tensorflow", lambda: pytest.fail("began to measure"))
    with pytest.raises(CourseError, match="make run"):
        heads.heads()


class Here:
    """Stands for a pool of fresh processes, each of which would import TensorFlow: the work is done
    here, but goes and comes as it does between processes.
    """

    def apply(self, *work):
        function, arguments = pickle.loads(pickle.dumps(work))
        try:
            return function(*arguments)
        except Exception as error:
            raise pickle.loads(pickle.dumps(error)) from None


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A folder of pictures that is not there, and no fresh process for parts that want one."""
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setattr(multiprocessing.context.SpawnContext, "Pool", lambda *_, **__: nullcontext(Here()))


@pytest.mark.parametrize("part", sorted(command.PARTS))
def test_an_error_of_the_course_is_one_line_without_a_traceback(nowhere, monkeypatch, part):
    monkeypatch.setattr(sys, "argv", ["benchmark", part])
    with pytest.raises(SystemExit) as caught:  # which Python shows without a traceback
        runpy.run_path(command.__file__, run_name="__main__")
    said = caught.value.code
    assert isinstance(said, str) and "\n" not in said
    assert ("COURSE_DATA" in said and "nowhere" in said) or "make run" in said


def clouds(photos, features, seed=0):
    """Photos of three classes, (n, d), more features than photos, and their labels: a little of the
    class stands in each feature.
    """
    generator = np.random.default_rng(seed)
    labels = np.arange(photos) % 3
    return generator.normal(size=(3, features))[labels] + generator.normal(0, 3, (photos, features)), labels


@pytest.mark.parametrize("shrinkage", [0.5, 2])
def test_the_head_is_discriminant_analysis_as_the_textbook_computes_it(shrinkage):
    photos, labels = clouds(90, 200)
    trained, asked = np.arange(60), np.arange(60, 90)
    found = recipe.discriminate(photos @ photos.T, labels, trained, asked, shrinkage)
    means = np.stack([photos[trained][labels[trained] == label].mean(axis=0) for label in range(3)])
    around = photos[trained] - means[labels[trained]]
    shape = around.T @ around / 60
    shape += shrinkage * np.trace(shape) / 60 * np.eye(200)
    solved = np.linalg.solve(shape, means.T)
    expected = photos[asked] @ solved - np.diag(means @ solved) / 2 + np.log(1 / 3)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert (found.argmax(axis=1) == labels[asked]).mean() > 0.9


def test_frequent_classes_get_the_benefit_of_the_doubt():
    labels = np.array([0] * 30 + [1] * 10 + [0])
    logits = recipe.discriminate(np.eye(41), labels, np.arange(40), np.array([40]), 1)  # a photo like no other
    plain = recipe.discriminate(np.eye(41), labels, np.r_[:10, 30:40], np.array([40]), 1)
    assert logits[0, 0] > logits[0, 1] and plain[0, 0] == pytest.approx(plain[0, 1])


def test_no_photo_is_judged_by_a_head_that_saw_its_photographer(monkeypatch):
    people, seen = np.repeat(list("abcdefg"), 6), []

    def spy(alike, labels, trained, asked, shrinkage):
        seen.append(set(people[trained]) & set(people[asked]))
        return np.repeat(asked[:, None], 3, axis=1)

    monkeypatch.setattr(recipe, "discriminate", spy)
    logits = recipe.cross_validate(None, np.arange(42) % 3, np.arange(42), people, 1)
    assert seen == [set()] * recipe.FOLDS and (logits[:, 0] == np.arange(42)).all()


def test_likeness_is_the_mean_product_of_standardized_features_of_all_views():
    generator = np.random.default_rng(0)
    first, second = generator.normal(5, 3, (20, 6, 4)), generator.normal(0, 9, (20, 2, 4))
    rows = np.concatenate([first.reshape(20, -1), second.reshape(20, -1)], axis=1)
    rows = (rows - rows[:15].mean(axis=0)) / rows[:15].std(axis=0)
    found = recipe.likeness([first, second], np.arange(15))
    np.testing.assert_allclose(found, rows @ rows.T / 32, atol=0.005)


@pytest.mark.parametrize("size", [299, 384])  # maps of 10 and of 12 places a side: with and without overlap
def test_regions_are_three_rows_by_middle_and_sides(monkeypatch, size):
    def fake_base(include_top, input_shape):
        image = keras.Input(input_shape)
        return keras.Model(image, keras.layers.AveragePooling2D(32, padding="same")(image))

    monkeypatch.setattr("scripts.pretrained.Xception", fake_base)
    network = recipe.region_network(size)
    assert network.output_shape == (None, 6, 3)
    image = np.zeros((1, size, size, 3), "float32")
    image[0, : size // 4, : size // 4] = 1  # the upper left corner
    regions, mirrored = (network.predict(photo, verbose=0)[0] for photo in (image, image[:, :, ::-1]))
    assert (
        regions[0].min() > 0.2 and np.abs(regions[[1, 2, 4, 5]]).max() == 0 and regions[3].max() < regions[0].min() / 2
    )
    np.testing.assert_allclose(regions, mirrored, atol=0.02)
    even = network.predict(np.ones_like(image), verbose=0)
    np.testing.assert_allclose(even, 1, atol=0.01)
    np.testing.assert_allclose(recipe.whole_mean(even), 1, atol=0.01)
    assert keras.config.dtype_policy().name == "float32"


def test_a_result_carries_accuracy_interval_and_loss():
    logits = np.zeros((372, 2))
    logits[:346, 0] = logits[346:, 1] = np.log(3)  # probabilities 0.75 and 0.25
    row = recipe.judge(logits, np.zeros(372, dtype=int), "test")
    assert row["test"] == 346 / 372 and row["test interval"] == "0.900-0.952"
    assert row["test loss"] == pytest.approx((346 * -np.log(0.75) + 26 * -np.log(0.25)) / 372)


def test_a_photo_without_a_known_photographer_stands_for_itself(monkeypatch):
    monkeypatch.setattr("scripts.datasets.photographers", lambda: {"a": "7", "b": "7"})
    assert recipe.who_took(["train/hat/a.jpg", "validation/hat/b.jpg", "train/hat/c.jpg"]).tolist() == ["7", "7", "c"]


def test_the_table_is_written_as_json(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(
        command.PARTS, "heads", lambda: ([{"head": "10", "times faster": 123.4}], {"ours, minutes": 2.5})
    )
    monkeypatch.setattr(sys, "argv", ["benchmark", "heads", "--json", str(tmp_path / "new/heads.json")])
    command.main()
    assert json.loads((tmp_path / "new/heads.json").read_text())["rows"] == [{"head": "10", "times faster": 123.4}]
    assert "123" in capsys.readouterr().out
