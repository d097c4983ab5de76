"""Jobs fit the cores and the memory."""

import pytest

from scripts import resources


@pytest.mark.parametrize(
    ("cores", "free", "most", "expected"),
    [(8, 16e9, 4, 4), (2, 16e9, 4, 2), (8, 5e9, 4, 2), (8, 1e9, 4, 1), (1, 16e9, 4, 1), (8, None, 4, 4)],
)
def test_jobs_are_limited_by_cores_and_memory(monkeypatch, cores, free, most, expected):
    monkeypatch.setattr(resources, "cores", lambda: cores)
    monkeypatch.setattr(resources, "memory", lambda: (free, free))
    assert resources.jobs(2e9, most) == expected


def test_this_machine_has_something():
    total, free = resources.memory()
    assert resources.cores() >= 1 and 0 < free <= total
    assert 10e6 < resources.peak_memory() < total
