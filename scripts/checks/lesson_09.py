"""The exercises of lesson 9, Learning rate."""

import numpy as np

from scripts.checks.exercise import choose, write

DECAY = """\
def schedule(rate, epochs, photos, batch):
    return keras.optimizers.schedules.CosineDecay(rate, {steps})"""
CHOICE = """\
def choose_rate(rates, accuracies):
{lines}"""


def decay(steps):
    return DECAY.format(steps=steps)


def choice(*lines):
    return CHOICE.format(lines="\n".join("    " + line for line in lines))


def shape_of(schedule):
    """Return the first rate of a schedule, and the rates of many steps as shares of it."""
    steps = np.array([0, 1, 5, 11, 12, 23, 40, 66, 71, 100, 143, 250, 264, 275, 287, 288, 1000], dtype="float32")
    rates = np.array(schedule(steps), dtype=float)
    return np.array([1000 * rates[0], *(rates / rates[0])])


BEST = "best = np.mean(accuracies, axis=1).argmax()"
ENDS = "return rates[best], rates[best] in (min(rates), max(rates))"

EXERCISES = (
    write(
        title="A rate that falls too soon",
        kind="repair",
        minutes=5,
        trap=True,
        imports=("import math", "import keras"),
        task="This schedule is to fall to 0 exactly at the end of a training of so many epochs, photos and photos in a batch. "
        "Trained with it, a head learns for half an epoch and then never again, and nothing tells you. Repair it.",
        name="schedule",
        stub=decay("epochs"),
        solution=decay("epochs * math.ceil(photos / batch)"),
        why="A schedule counts steps, one for each batch. The last batch of an epoch may be smaller and is a step all the "
        "same, so round up.",
        cases={
            "12 epochs of 3,068 photos in batches of 128": (0.01, 12, 3068, 128),
            "photos that fill their batches": (0.003, 11, 320, 32),
            "one photo more than fills its batches": (0.003, 6, 321, 32),
            "one epoch": (0.1, 1, 3068, 128),
        },
        look=shape_of,
        wrong={
            decay("photos // batch"): "It falls to 0 within the first epoch: so many steps has *one*.",
            decay("epochs * photos"): "This counts photos. The optimizer makes one step for each batch of them.",
            decay(
                "epochs * (photos // batch)"
            ): "The last batch of an epoch, with fewer photos, is a step, too: round up.",
            decay("epochs * batch"): "The size of a batch is not the number of batches.",
            decay(
                "math.ceil(epochs * photos / batch)"
            ): "Each epoch ends with a batch of its own, so round up in each epoch, not once in all.",
            decay(
                "epochs * photos / batch"
            ): "So the last steps of the training still lack a little: the number of batches in an epoch is whole.",
        },
        also_right=(
            decay("-(-photos // batch) * epochs"),
            decay("epochs * int(np.ceil(photos / batch))"),
            "def schedule(rate, epochs, photos, batch):\n    per_epoch = len(range(0, photos, batch))\n"
            "    return keras.optimizers.schedules.CosineDecay(initial_learning_rate=rate, decay_steps=per_epoch * epochs)",
        ),
        expects="a `CosineDecay` that begins with the rate",
        means="A schedule that is over too early looks like a training that has converged.",
        hints=(
            "`CosineDecay` asks for a number of steps. When does the optimizer make a step?",
            "One step is one batch. How many batches has an epoch of 3,068 photos, 128 in each?",
            "`math.ceil` rounds up. Round the batches of one epoch, then multiply.",
        ),
    ),
    write(
        title="Choose a rate",
        minutes=5,
        task="Write a function that gets a list of rates, in any order, and an array of accuracies with a row for each rate and "
        "a column for each seed. It returns the rate with the best mean, and whether it is the smallest or the largest of all "
        "(so that the list is too short).",
        name="choose_rate",
        stub="def choose_rate(rates, accuracies):\n    return ..., ...",
        solution=choice(BEST, ENDS),
        why="The mean over the columns (`axis=1`) takes luck out of each rate. Whether a rate is at an end is a question about "
        "its size, not about its place in the list.",
        cases={
            "a rate that was lucky once": (
                [0.001, 0.003, 0.01],
                np.array([[0.80, 0.81, 0.82], [0.84, 0.84, 0.85], [0.80, 0.90, 0.76]]),
            ),
            "the smallest is the best": ([0.001, 0.003, 0.01], np.array([[0.9, 0.8], [0.7, 0.8], [0.6, 0.95]])),
            "rates out of order": ([0.01, 0.0003, 0.001], np.array([[0.7, 0.72], [0.86, 0.85], [0.84, 0.86]])),
            "out of order, the best in the middle by size": (
                [0.003, 0.01, 0.001],
                np.array([[0.88, 0.87], [0.5, 0.6], [0.8, 0.7]]),
            ),
            "a seed that failed": ([0.1, 0.2, 0.4], np.array([[0.6, 0.6, 0.6], [0.7, 0.7, 0.7], [0.8, 0.8, 0.2]])),
        },
        wrong={
            choice(
                "best = np.max(accuracies, axis=1).argmax()", ENDS
            ): "The best single seed chooses: that rewards luck. Take the mean of the seeds.",
            choice(
                BEST, "return rates[best], best in (0, len(rates) - 1)"
            ): "You ask for its place in the list. The list may be out of order: ask for its size.",
            choice(
                BEST, "return best, rates[best] in (min(rates), max(rates))"
            ): "This is the place of the rate. Asked is the rate itself.",
            choice(
                "best = np.argmax(np.mean(accuracies, axis=0))", ENDS
            ): "You took the mean over the rates, for each seed. It has to be the mean over the seeds, for each rate.",
            choice(
                BEST, "return rates[best], rates[best] not in (min(rates), max(rates))"
            ): "The second part is turned around: true should mean that the rate is at an end.",
            choice(
                "best = np.median(accuracies, axis=1).argmax()", ENDS
            ): "This is the median, which forgives a seed that failed. Asked is the mean.",
        },
        also_right=(
            choice(
                "means = [sum(row) / len(row) for row in accuracies]",
                "rate = rates[means.index(max(means))]",
                "return [rate, rate == min(rates) or rate == max(rates)]",
            ),
            choice(
                "best = int(np.argmax(np.float32(accuracies).mean(-1)))",
                "return np.float64(rates[best]), bool(np.sort(rates)[0] == rates[best] or np.sort(rates)[-1] == rates[best])",
            ),
        ),
        expects="a rate, and True or False",
        means="Factors, seeds, the mean, and a look at the ends: the method outlives every rate.",
        hints=(
            "First one number for each rate: over which axis does the mean go?",
            "`argmax` of these means gives the place; `rates` has the rate at that place.",
            "`min(rates)` and `max(rates)` are the ends, in whatever order the list is.",
        ),
    ),
    choose(
        title="The left end of the hills",
        kind="figure",
        minutes=3,
        task="Look at the figure with both hills. At its left end, at 0.0003, the cosine lies below the constant rate. Why?",
        options=[
            (
                "The trainings with the cosine saw fewer photos.",
                "Both made 288 steps over the same photos. Only the length of the steps differs.",
            ),
            (
                "A schedule needs more seeds.",
                "The three dots of each lie close together, far from those of the other: this is no luck.",
            ),
            (
                "The cosine overfits.",
                "Its steps are the smaller ones, so it has fitted the training photos less, not more.",
            ),
            ("The rate was too small already, and the cosine has half of it in the mean.", ""),
            (
                "A falling rate is worse than a constant one.",
                "Look to the right: from 0.01 on the cosine is far above.",
            ),
        ],
        why="At 0.0003 the loss of the constant rate was still falling after 12 epochs: it had not arrived. A cosine from there "
        "goes half as far in the mean, so it arrives even later.",
        means="A schedule forgives a start that is too large, not one that is too small.",
        hints=(
            "What did the loss of the constant 0.0003 still do in the last epoch?",
            "How large is a cosine's rate in the mean, against its start? The lesson prints it.",
            "It had not arrived after 12 epochs. Now take steps of half the length.",
        ),
    ),
)
