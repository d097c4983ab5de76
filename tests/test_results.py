"""Intervals and comparisons against known values."""

import json

import numpy as np
import pytest

from scripts import results


@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    [(335, 372, 0.866, 0.927), (52, 372, 0.108, 0.179), (0, 10, 0, 0.278), (10, 10, 0.722, 1), (1, 2, 0.095, 0.905)],
)
def test_wilsons_interval(correct, n, low, high):
    found = results.wilson_interval(correct, n)
    assert found == pytest.approx((low, high), abs=6e-4)
    assert 0 <= found[0] <= found[1] <= 1 and str(found[0])[0] != "-"


@pytest.mark.parametrize(("correct", "n"), [(1, 0), (0, 0), (5, 4), (-1, 4)])
def test_what_is_no_share_is_refused(correct, n):
    with pytest.raises(ValueError):
        results.wilson_interval(correct, n)


def models(gained, lost, n):
    """Return two models' right answers: the second puts `gained` right and `lost` wrong."""
    first, second = np.ones(n, bool), np.ones(n, bool)
    first[:gained] = second[gained : gained + lost] = False
    return first, second


@pytest.mark.parametrize(
    ("gained", "lost", "p"), [(4, 16, 0.012), (20, 32, 0.126), (0, 4, 0.125), (0, 0, 1), (5, 5, 1), (0, 6, 0.031)]
)
def test_mcnemars_exact_test(gained, lost, p):
    assert results.mcnemar(*models(gained, lost, 100)) == pytest.approx(p, abs=6e-4)
    assert results.disagreements(*models(gained, lost, 100)) == (gained, lost)


def test_different_pictures_cannot_be_compared():
    with pytest.raises(ValueError, match="same pictures"):
        results.mcnemar(np.ones(3, bool), np.ones(4, bool))


def test_a_comparison_is_shown_and_returned(capsys):
    difference, low, high, p = results.compare("pad instead of crop", *models(12, 8, 341))
    assert difference == pytest.approx(4 / 341) and (low, high) == pytest.approx((-0.0150, 0.0383), abs=1e-3)
    assert capsys.readouterr().out == (
        "pad instead of crop: +0.012 (95 % interval -0.015 to +0.038; 12 put right, 8 put wrong of n = 341; p = 0.503)\n"
    )


def test_interval_and_p_tell_the_same_story_but_for_the_edge(capsys):
    for gained in range(0, 41, 2):
        for lost in range(41):
            _, low, high, p = results.compare("", *models(gained, lost, 341))
            assert low <= (gained - lost) / 341 <= high
            if not 0.045 < p < 0.07:
                assert (low > 0 or high < 0) == (p < 0.05), (gained, lost, low, high, p)


def test_the_interval_of_a_comparison_covers_the_truth_as_often_as_it_says(capsys):
    generator = np.random.default_rng(0)
    covered = 0
    for gained, lost, _ in generator.multinomial(341, [0.06, 0.04, 0.9], size=1000):
        _, low, high, _ = results.compare("", *models(gained, lost, 341))
        covered += low <= 0.02 <= high
    assert 930 <= covered <= 980


def test_the_paired_bootstrap_of_a_large_sample_is_the_normal_interval():
    generator = np.random.default_rng(0)
    first = generator.normal(0, 1, 2000)
    second = first + generator.normal(0.1, 0.5, 2000)
    difference = second - first
    half = 1.96 * difference.std() / 2000**0.5
    low, high = results.paired_bootstrap(first, second)
    assert (low, high) == pytest.approx((difference.mean() - half, difference.mean() + half), abs=0.002)
    assert results.paired_bootstrap(first, second) == (low, high)


def test_what_a_lesson_measured_is_shown_and_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_RESULTS", str(tmp_path / "rows"))
    results.record("majority vote", np.int64(52), 372)
    results.record_work(1200, 500)
    results.record("nothing right", 0, 10)
    rows = [json.loads(line) for line in (tmp_path / "rows").read_text().splitlines()]
    assert rows[0] == {"name": "majority vote", "value": 0.1398, "n": 372, "interval": [0.1082, 0.1787]}
    assert rows[1] == {"name": "work", "epochs": 1200, "photos": 500}
    said = capsys.readouterr().out
    assert "majority vote: 0.140 (95 % interval 0.108 to 0.179, n = 372)\n" in said
    assert "1,200 epochs of heads trained here, 500 photos sent through the base\n" in said
    assert "nothing right: 0.000 (95 % interval 0.000 to 0.278, n = 10)\n" in said


def test_without_the_runner_nothing_is_kept(monkeypatch, capsys):
    monkeypatch.delenv("COURSE_RESULTS", raising=False)
    results.record("majority vote", 1, 2)


@pytest.mark.parametrize(
    "n, gain, alone, level",
    [
        (341, 0.02, 0.04, 0.05),
        (100, 0.05, 0.02, 0.05),
        (341, 0, 0.04, 0.05),
        (30, -0.1, 0.15, 0.05),
        (372, 0.05, 0.03, 0.005),
    ],
)
def test_the_share_of_studies_that_see_a_gain_is_that_of_studies_that_are_played(n, gain, alone, level):
    generator = np.random.default_rng(0)
    studies = generator.multinomial(n, [alone, alone + gain, 1 - 2 * alone - gain], size=2500)
    seen = np.mean([results.mcnemar(*models(gained, lost, n)) < level for lost, gained, _ in studies])
    assert results.share_seen(n, gain, alone, level) == pytest.approx(seen, abs=0.02)


def test_a_gain_that_cannot_be_is_refused():
    assert results.share_seen(341, 0, 0) == 0
    for gain, alone in ((0.5, 0.4), (-0.1, 0.04), (0.1, -0.01)):
        with pytest.raises(ValueError, match="outside of 0-1"):
            results.share_seen(341, gain, alone)
