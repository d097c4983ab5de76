"""The start of a lesson: quiet, seeded, and gentle to a GPU."""

import os
import random
import subprocess
import sys

import numpy as np

from scripts import course
from scripts.course import ROOT

QUIET = """
import os, sys
sys.path.insert(0, {root!r})
from scripts.course import quiet_stderr
with quiet_stderr():
    os.write(2, b"held back")
os.write(2, b"shown ")
try:
    with quiet_stderr():
        os.write(2, b"told after all")
        raise ValueError
except ValueError:
    pass
"""
START = """
import sys
sys.path.insert(0, {root!r})
from scripts import course
course.start()
import gc, os, random
import keras, numpy
print(os.environ["TF_FORCE_GPU_ALLOW_GROWTH"], random.random(), numpy.random.rand())
frozen = gc.get_freeze_count()
course.start()
print(gc.isenabled(), frozen > 100_000, gc.get_freeze_count() == frozen)
"""


def run(program):
    command = [sys.executable, "-c", program.format(root=str(ROOT))]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=os.environ)


def test_log_lines_are_held_back_unless_something_fails():
    assert run(QUIET).stderr == "shown told after all"


def test_a_lesson_starts_without_a_word_but_its_own_with_seeds_and_a_gpu_that_is_shared():
    started = run(START)
    assert started.stderr == ""
    said, values, again, garbage = started.stdout.splitlines()
    assert (
        said
        == again
        == f"Pictures: {course.image_source().description}. Weights: {course.weights_source().description}."
    )
    assert values == f"true {random.Random(course.SEED).random()} {np.random.RandomState(course.SEED).rand()}"
    assert garbage == "True True True"  # it is looked for again, but not in what was imported the first time
