"""The cost model: known answers."""

import numpy as np
import pytest

from scripts import cost
from scripts.cost import Costs, Handing, Run


def measured(costs, fixed=2.0):
    """Return what `fit` takes, as it would be measured if the costs were these."""
    runs = [Run(w, n, cost.worker_seconds(costs, n, w)) for w in (1, 2) for n in (1000, 3000, 10_000)]
    return runs, [Handing(shards, fixed + costs.shard * shards) for shards in (4, 100, 1000)]


def test_the_costs_that_made_the_runs_are_found_again():
    made = Costs(start=7.0, photo=0.006, shard=0.02)
    assert cost.fit(*measured(made)) == pytest.approx(made, rel=1e-6)


def test_no_cost_is_negative():
    runs = [Run(1, 100, 1), Run(2, 100, 1), Run(1, 1000, 20)]
    assert min(cost.fit(runs, [Handing(1, 1), Handing(10, 0.5)])) >= 0


def test_the_measured_runs_are_explained():
    costs = cost.fit(cost.RUNS, cost.HANDINGS)
    for run in cost.RUNS:
        assert cost.worker_seconds(costs, run.photos, run.workers) == pytest.approx(run.worker_seconds, rel=0.05)


def test_more_workers_help_until_the_one_process_is_busy():
    costs = Costs(start=10, photo=0.01, shard=0.02)
    assert cost.seconds(costs, 1_000_000, 100, shard=200) == pytest.approx(10 + 100 + 0)
    assert cost.most_workers(costs, shard=200) == 100
    assert cost.seconds(costs, 1_000_000, 1000, shard=200) == pytest.approx(110)
    assert cost.seconds(costs, 1_000_000, 1000, shard=2000) == pytest.approx(20)


def test_a_bill_is_hours_times_workers_times_price():
    assert cost.bill(7200, 1000, 0.04) == pytest.approx(80)


def test_what_breaks_first_comes_first():
    costs = Costs(0, 0.01, 0.02)
    found = cost.demands(costs, 25_000, 256, 100_000, {"bytes read a second": 10e9, "files opened a second": 20_000})
    assert list(found) == ["shards handed out a second", "files opened a second", "bytes read a second"]
    assert found["bytes read a second"] == (2.5e9, 10e9)
    assert found["shards handed out a second"] == pytest.approx((25_000 / 256, 50))


def test_without_deaths_the_simulation_is_arithmetic():
    assert cost.simulate(10, 4, 5.0, 0.0, 30.0, overhead=1.0) == (18.0, 0, 0.0)


def test_the_simulation_agrees_with_the_formula():
    work, rate, restart = 100.0, 1 / 300, 20.0
    seconds = [cost.simulate(1, 1, work, rate, restart, seed=seed).seconds for seed in range(4000)]
    # the last shard's restart is not waited for where there is one worker and one shard
    assert np.mean(seconds) == pytest.approx(cost.expected_seconds(work, rate, restart), rel=0.05)


def test_all_work_is_done_once_and_what_was_lost_is_counted():
    alone = cost.simulate(200, 1, 10.0, 1 / 500, 30.0, seed=1)
    assert alone.deaths and alone.seconds == pytest.approx(200 * 10.0 + alone.lost + alone.deaths * 30.0)
    many = cost.simulate(2000, 50, 10.0, 1 / 500, 30.0, seed=1)
    assert many.seconds == pytest.approx((2000 * 10.0 + many.lost + many.deaths * 30.0) / 50, rel=0.1)


def test_the_best_shard_costs_least():
    overhead, rate = 0.5, 1 / 3600

    def waste(work):
        return (cost.expected_seconds(work + overhead, rate, 0) - work) / work

    best = cost.best_shard(overhead, rate)
    assert best == pytest.approx(60) and waste(best) < min(waste(best / 2), waste(best * 2))
