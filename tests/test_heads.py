"""The linear head: it learns what is there, and chooses on validation alone."""

from types import SimpleNamespace

import numpy as np
import pytest

from scripts import heads


def split(n, noise, seed):
    """Features in which the class is visible through noise."""
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    rows = np.eye(3, dtype="float32")[labels] * 3 + generator.normal(0, noise, (n, 3)).astype("float32")
    return SimpleNamespace(features=rows, labels=labels)


def test_a_head_learns_classes_that_are_there():
    train, fresh = split(300, 0.5, 0), split(300, 0.5, 1)
    head = heads.train_head(train.features, train.labels, 3, weight_decay=0.0001, epochs=20, batch_size=10)
    assert heads.count_correct(head, fresh.features, fresh.labels) > 290
    assert head.predict(fresh.features, verbose=0).shape == (300, 3)


def test_the_same_seed_gives_the_same_head_and_smoothing_another():
    train = split(90, 0.5, 0)
    first, again, smooth = (
        heads.train_head(train.features, train.labels, 3, epochs=5, seed=1, label_smoothing=smoothing)
        for smoothing in (0.0, 0.0, 0.2)
    )
    assert np.array_equal(first.layers[1].get_weights()[0], again.layers[1].get_weights()[0])
    assert not np.array_equal(first.layers[1].get_weights()[0], smooth.layers[1].get_weights()[0])


def test_the_probe_chooses_on_validation_and_scores_test_once(monkeypatch):
    train, validation, test = split(150, 1, 0), split(90, 1, 1), split(60, 1, 2)
    made, seen = [], []
    train_head, count_correct = heads.train_head, heads.count_correct

    def trained(features, labels, classes, weight_decay, seed):
        """A head that learns for a moment, the third longest, so that it is the best."""
        assert features is train.features and labels is train.labels and classes == 3
        epochs = 20 if len(made) == 2 else 1
        head = train_head(features, labels, classes, weight_decay, epochs=epochs, seed=seed, batch_size=10)
        made.append((weight_decay, seed, head))
        return head

    def counted(head, features, labels):
        seen.append(len(labels))
        return count_correct(head, features, labels)

    monkeypatch.setattr(heads, "train_head", trained)
    monkeypatch.setattr(heads, "count_correct", counted)
    found = heads.linear_probe(train, validation, test, 3, seed=7)
    assert [(decay, seed) for decay, seed, _ in made] == [(decay, 7) for decay in heads.WEIGHT_DECAYS]
    assert seen == [90] * len(heads.WEIGHT_DECAYS) + [60]
    scores = [count_correct(head, validation.features, validation.labels) for _, _, head in made]
    assert scores[2] > max(scores[:2] + scores[3:])
    assert found["weight_decay"] == heads.WEIGHT_DECAYS[2] and found["validation_correct"] == scores[2]
    assert found["test_correct"] == count_correct(made[2][2], test.features, test.labels)
    assert found["test"] == pytest.approx(found["test_correct"] / 60) and found["test_n"] == 60
