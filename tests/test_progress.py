"""Progress: a bar for who watches, few lines for a log."""

import sys
from types import SimpleNamespace

from scripts import progress as module
from scripts.progress import progress


def test_in_a_log_there_is_a_line_now_and_then_and_never_a_bar(monkeypatch, capsys):
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(module, "is_watched", lambda: False)
    with progress(1200, "train", "images") as update:
        for _ in range(6):
            update(200)
    assert capsys.readouterr().err == "train: 600 of 1,200 images\ntrain: 1,200 of 1,200 images\n"


def test_a_line_in_a_log_can_say_the_rate_and_the_end(monkeypatch, capsys):
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(module.time, "time", lambda: 1_000_000_000)
    monkeypatch.setattr(module.time, "localtime", module.time.gmtime)
    monkeypatch.setattr(module, "is_watched", lambda: False)
    with progress(1000, "train", "images", 400, estimate=True) as update:  # 400 were there: they count for no rate
        for _ in range(3):
            update(100)
    assert capsys.readouterr().err == "train: 700 of 1,000 images, 10.0 a second, done at 2001-09-09 01:47\n"


def test_on_a_terminal_there_is_a_bar(monkeypatch, capsys):
    monkeypatch.setattr(module, "is_watched", lambda: True)
    with progress(4, "train", "images") as update:
        update(4)
    assert "100%" in capsys.readouterr().err


def test_a_notebook_is_watched_and_a_pipe_is_not(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    assert not module.is_watched()
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(kernel=True))
    assert module.is_watched()
