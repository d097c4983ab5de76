"""The measurements that ship with the course: whole, of the size that was promised, and read as
`features()` gives them.
"""

import shutil
import zipfile

import numpy as np
import pytest

from scripts import measured
from scripts.datasets import SPLITS
from scripts.measuring import views

COUNTS = {"train": 3068, "validation": 341, "test": 372}


@pytest.fixture
def copy(tmp_path):
    """A copy of two measurements, which a test may damage."""
    for name in ("150-crop.npz", "photos.csv", measured.DIGESTS):
        shutil.copy(measured.FOLDER / name, tmp_path / name)
    return tmp_path


def stored_shape(view, split):
    """Return the shape of what a view's file holds for a split, without unpacking it, which takes
    long.
    """
    with zipfile.ZipFile(measured.FOLDER / f"{view}.npz") as archive, archive.open(f"{split}.npy") as member:
        assert np.lib.format.read_magic(member) == (1, 0)
        return np.lib.format.read_array_header_1_0(member)[0]


def test_every_view_is_there_whole_and_small_enough_to_ship():
    there = {path.name: path.stat().st_size for path in measured.FOLDER.iterdir() if path.suffix != ".md"}
    assert measured.views() == sorted(view.name for view in views.VIEWS)
    assert sum(there.values()) <= 24e6 and max(there.values()) <= 4e6
    for view in views.VIEWS:
        assert [stored_shape(view.name, split) for split in view.splits] == [(2048, COUNTS[one]) for one in view.splits]
        found = measured.measured_features(view.name, "validation")  # compares the digest of the file
        assert found.features.shape == (341, 2048) and found.features.dtype == np.float32
        assert np.isfinite(found.features).all() and found.features.min() == 0
        assert found.labels.shape == (341,) and found.labels.dtype == np.int64


def test_labels_names_and_photographers_are_those_of_the_photos():
    classes = measured.measured_classes()
    assert len(classes) == 10 and classes[0] == "dress" and classes[-1] == "t-shirt"
    found = measured.measured_features("150-crop", "test")
    assert [name.split("/")[:2] for name in found.names] == [["test", classes[label]] for label in found.labels]
    assert np.bincount(found.labels).tolist() == [15, 12, 72, 38, 42, 26, 73, 30, 12, 52]
    people = {split: set(measured.measured_photographers(split)) for split in SPLITS}
    assert len(people["test"]) == 5 and not people["test"] & people["train"]
    assert np.array_equal(measured.measured_labels("test"), found.labels)


def test_the_blind_reader_named_classes_on_photos_of_test():
    reader = measured.measured_reader()
    assert len(reader) == 110 and set(reader) <= set(measured.measured_features("150-crop", "test").names)
    assert {one for named in reader.values() for one in named} <= set(measured.measured_classes())


def test_a_head_on_them_knows_the_classes():
    train, validation = (measured.measured_features("150-crop", split) for split in ("train", "validation"))
    means = np.stack([train.features[train.labels == label].mean(axis=0) for label in range(10)])
    spread = train.features.std(axis=0) + 1e-6
    distances = (((validation.features[:, None] - means) / spread) ** 2).sum(axis=2)
    assert (distances.argmin(axis=1) == validation.labels).mean() > 0.6  # nearest class mean; pixels give 0.2


@pytest.mark.parametrize(
    "harm, says",
    [
        (lambda file: file.unlink(), "missing"),
        (lambda file: file.write_bytes(file.read_bytes()[:-1]), "damaged"),
        (lambda file: file.write_bytes(b""), "damaged"),
        (lambda file: (file.parent / measured.DIGESTS).unlink(), "missing"),
    ],
)
def test_a_missing_or_damaged_file_is_refused_with_the_remedy(copy, harm, says):
    harm(copy / "150-crop.npz")
    with pytest.raises(measured.MeasurementError, match=rf"{says}.*git checkout") as error:
        measured.measured_features("150-crop", "train", copy)
    assert str(copy) in str(error.value)


def test_a_changed_table_of_photos_is_refused(copy):
    table = copy / "photos.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",dress,", ",skirt,", 1), encoding="utf-8")
    with pytest.raises(measured.MeasurementError, match="photos.csv is damaged"):
        measured.measured_features("150-crop", "train", copy)


def test_what_was_not_measured_is_named():
    with pytest.raises(ValueError, match="150-crop-mirrored"):
        measured.measured_features("150-cropped", "train")
    with pytest.raises(ValueError, match="'test' was not measured"):
        measured.measured_features("150-crop-upside-down", "test")


def test_results_are_shown_with_their_interval(capsys):
    rows = {row["name"]: row for row in measured.real_results()}
    assert all(row["interval"][0] <= row["value"] <= row["interval"][1] for row in rows.values())
    assert rows["transfer learning, validation"]["n"] == 341
    measured.real_result("transfer learning, validation")
    assert capsys.readouterr().out.startswith("on the real photos: transfer learning, validation: 0.8")
    with pytest.raises(ValueError, match="transfer learning, validation"):
        measured.real_result("transfer")


def test_answers_are_logits_that_score_what_their_lessons_recorded():
    recorded = {row["name"]: row["value"] for row in measured.real_results()}
    names = {
        "softmax regression on pixels": "softmax regression, validation",
        "dense network on pixels": "dense network, validation",
        "small CNN from scratch": "small CNN from scratch, validation",
    }
    names |= {
        model: f"{model}, validation"
        for model in (
            "CNN with augmentation",
            "stand-in, head trained",
            "stand-in, last block fine-tuned",
            "Xception, last block fine-tuned",
        )
    }
    assert measured.models() == sorted(names)
    for model, result in names.items():
        for split in ("validation", "test"):
            logits = measured.measured_answers(model, split)
            assert logits.shape == (COUNTS[split], 10) and logits.dtype == np.float32 and np.isfinite(logits).all()
        logits, labels = measured.measured_answers(model, "validation"), measured.measured_labels("validation")
        assert (logits.argmax(axis=1) == labels).mean() == pytest.approx(recorded[result], abs=0.03)
    with pytest.raises(ValueError, match="'CNN' was not measured"):
        measured.measured_answers("CNN", "test")
