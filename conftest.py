"""What every run of pytest needs: the embedded mode, in which the stored outputs were made, and its
pictures.
"""

import gc
import os

import matplotlib
import pytest

from scripts import course, resources
from scripts.lessons import notebooks

# Before any test or kernel starts, and inherited by both.
os.environ.update(COURSE_DATA="sample", COURSE_WEIGHTS="standin", CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="2")
for name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS"):  # there are more workers than cores
    os.environ.setdefault(name, "1")
os.environ["COURSE_PROGRESS"] = "off"
for name in ("COURSE_RESULTS", *course.HOSTS):  # on a hosted machine a lesson says more than is stored
    os.environ.pop(name, None)
os.environ.pop("MPLBACKEND", None)  # figures belong into the notebook
matplotlib.use("Agg")  # tests draw without a window
gc.disable()  # till the tests are collected: their imports are a quarter faster


def pytest_xdist_auto_num_workers(config):
    """Use one worker more than there are cores, for now and then a lesson waits; fewer where memory
    is short.
    """
    return 1 + resources.jobs(3 * 2**30, resources.cores())


def pytest_sessionstart(session):
    """Draw the sample once, before the workers of pytest-xdist start and all want it at the same
    time.
    """
    if not hasattr(session.config, "workerinput"):
        from scripts import datasets

        capture = session.config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled():  # drawing takes a while, and says so
            datasets.data_folder()


def pytest_collection_modifyitems(items):
    """Put first the lessons that say they run longest, so that none of them is left alone at the
    end.
    """
    lessons = {item.path for item in items if item.path.suffix == ".ipynb"}
    seconds = {path: notebooks.said_seconds(path) for path in lessons}
    items.sort(key=lambda item: -seconds.get(item.path, 0))


def pytest_collection_finish():
    """Look for garbage from here on, but not in what was imported."""
    gc.freeze()
    gc.enable()


def pytest_collectstart(collector):
    """Tell nbval not to compare stderr: TensorFlow's log lines come and go with the way a notebook
    is executed.
    """
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr",)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Compare also what nbval does not: the figures of a cell, and whether it wrote to stderr."""
    result = yield
    if hasattr(item, "test_outputs"):  # a cell of a notebook
        from scripts.lessons import outputs

        if problem := outputs.problem(item.cell, item.test_outputs):
            item.raise_cell_error(problem)
    return result
