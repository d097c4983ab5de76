"""The exercises of lesson 11, Layers and dropout."""

import numpy as np

from scripts.checks.exercise import choose, predict, write

SMOOTH = """\
def smooth(labels, classes, share):
    one_hot = np.eye(classes)[labels]
    return {result}"""
DROP = """\
def drop(numbers, rate, kept, training):
{lines}"""


def smooth(result):
    return SMOOTH.format(result=result)


def drop(*lines):
    return DROP.format(lines="\n".join("    " + line for line in lines))


NUMBERS = np.arange(1.0, 9.0)
KEPT = np.array([True, False, False, True, True, False, True, False])

EXERCISES = (
    predict(
        title="The same factor, another brake",
        minutes=4,
        trap=True,
        task="A head was trained with Adam at a rate of 0.01 and an L2 penalty of 0.1. Somebody swaps in `AdamW(0.01, "
        "weight_decay=0.1)` and drops the penalty; no error. To what does one step of it move a weight of 2.0 that the loss "
        "does not care about?",
        right=1.998,
        mistakes={
            1.99: "That is what Adam with the penalty does, whatever the factor: a step as long as the rate.",
            1.8: "The share is not the factor alone: the learning rate belongs to it.",
            1.9: "You took the factor away itself. It is a share of the weight, and the learning rate belongs to it.",
            1.98: "You took the rate for the share. The factor belongs to it as well.",
            1.999: "That is the loss of a weight of 1. What is taken away is a share of *this* weight.",
            2.0: "The loss does not care about it, and the decay moves it all the same.",
            1.996: "There is no factor of 2: this decay is not the slope of a square.",
        },
        within=0.0002,
        expects="a number with three decimals, a little below 2",
        means="Adam with the penalty would have gone to 1.99: five times as far, under the same name and with the same factor.",
        hints=(
            "`AdamW` takes a share of each weight away. Which two numbers make the share?",
            "Learning rate times factor: 0.01 times 0.1.",
            "A thousandth of the weight is taken away. How much is that, for a weight of 2?",
        ),
        why="0.01 · 0.1 = 0.001 of the weight goes, which is 0.002 of 2.0. Adam rescales the slope of a penalty, so there the "
        "step is about the rate, 0.01, with any factor.",
        also_right=("answer = 2.0 * (1 - 0.01 * 0.1)", "answer = np.float32(1.998)"),
    ),
    write(
        title="Dropout by hand",
        kind="bug",
        minutes=4,
        task="`rate` is the share of numbers that dropout sets to zero, and `kept` says which remain. In training the mean over "
        "many draws should be what it was; in prediction nothing should happen. Find the bug.",
        name="drop",
        stub=drop("if not training:", "    return numbers * (1 - rate)", "return numbers * kept / (1 - rate)"),
        solution=drop("if not training:", "    return numbers", "return numbers * kept / (1 - rate)"),
        why="What remains is made larger in training, by 1 / (1 - rate), so that nothing has to be made smaller in prediction. "
        "The first papers did it the other way around, and doing both counts it twice.",
        cases={
            "training, a rate of 0.5": (NUMBERS, 0.5, KEPT, True),
            "prediction, a rate of 0.5": (NUMBERS, 0.5, KEPT, False),
            "training, a rate of 0.2": (NUMBERS, 0.2, np.arange(8) != 3, True),
            "prediction, a rate of 0.2": (NUMBERS, 0.2, np.arange(8) != 3, False),
            "a rate of 0": (NUMBERS, 0.0, np.ones(8, dtype=bool), True),
        },
        wrong={
            drop(
                "if not training:", "    return numbers * (1 - rate)", "return numbers * kept"
            ): "This is the dropout of the first papers: the mean falls in training. Here the numbers that remain grow in "
            "training, and prediction leaves all as they are.",
            drop(
                "if not training:", "    return numbers", "return numbers * kept"
            ): "Prediction is right now. But in training the mean falls: you took away what makes the rest larger.",
            drop(
                "if not training:", "    return numbers", "return numbers * kept / rate"
            ): "The rate is the share that goes. Divide by the share that stays.",
            drop(
                "if not training:", "    return numbers * kept", "return numbers * kept / (1 - rate)"
            ): "In prediction all numbers stay.",
            drop(
                "return numbers * kept / (1 - rate)"
            ): "This drops numbers in prediction, too: every answer would be a draw.",
            drop(
                "if not training:", "    return numbers / (1 - rate)", "return numbers * kept / (1 - rate)"
            ): "In prediction nothing was lost, so nothing has to be made up for.",
        },
        also_right=(
            drop("return np.where(kept, numbers / (1 - rate), 0) if training else numbers.copy()"),
            drop("factor = kept / (1 - rate) if training else 1.0", "return numbers.astype('float32') * factor"),
        ),
        expects="an array like `numbers`",
        means="In the mean the next layer gets the same sums in training and in prediction.",
        hints=(
            "Compare what the layer in the lesson made of its ten numbers, in training and in prediction.",
            "Is the mean kept in training? With a rate of 0.5, half of the numbers remain, twice as large.",
            "Then what is there left to do in prediction?",
        ),
    ),
    write(
        title="Smooth the labels",
        minutes=5,
        task="Write a function that makes of labels, whole numbers, a row for each: one-hot, and then a share of each 1 taken "
        "away and spread evenly over *all* classes. Three labels, 10 classes: an array of 3 by 10.",
        name="smooth",
        stub="def smooth(labels, classes, share):\n    return ...",
        solution=smooth("one_hot * (1 - share) + share / classes"),
        why="`np.eye(classes)` has one row with a 1 for each class, and the labels pick the rows. All that was taken away comes "
        "back in equal parts, so each row still adds up to 1.",
        cases={
            "three labels, 10 classes, 0.3": (np.array([1, 0, 9]), 10, 0.3),
            "four classes, 0.1": (np.array([3, 3, 2, 0, 1]), 4, 0.1),
            "two classes, 0.5": (np.array([1]), 2, 0.5),
            "no smoothing": (np.array([2, 0]), 3, 0.0),
            "no labels at all": (np.array([], dtype="int64"), 10, 0.1),
        },
        wrong={
            smooth("one_hot + share / classes"): "The rows add up to more than 1: the share was never taken away.",
            smooth(
                "one_hot * (1 - share)"
            ): "The share is taken away, and given to nobody: the rows add up to less than 1.",
            smooth(
                "np.where(one_hot == 1, 1 - share, share / (classes - 1))"
            ): "You spread it over the *other* classes. The right one gets its part back as well.",
            smooth(
                "np.where(one_hot == 1, 1 - share, share / classes)"
            ): "The right class does not get its part back, so the rows do not add up to 1.",
            smooth("one_hot"): "This is one-hot, not smoothed yet.",
            smooth(
                "one_hot * share + (1 - share) / classes"
            ): "Share and rest have changed places: the labels are nearly gone.",
            smooth("one_hot * (1 - share) + share"): "Each class gets the whole share. It is to be divided among them.",
        },
        also_right=(
            "def smooth(labels, classes, share):\n    rows = np.full((len(labels), classes), share / classes)\n"
            "    rows[np.arange(len(labels)), labels] += 1 - share\n    return rows",
            "def smooth(y, n, share):\n    plain = (np.asarray(y)[:, None] == np.arange(n)).astype('float32')\n"
            "    return (1 - share) * plain + share * np.ones(n) / n",
        ),
        expects="an array of decimals, (labels, classes), with rows that add up to 1",
        means="With 0.3 and ten classes the right one keeps 0.73, and the loss is lowest there.",
        hints=(
            "Begin with one-hot: `np.eye(classes)[labels]`.",
            "Take the share away: what is left of each 1?",
            "Then add an equal part of the share to every number of the row, also to that of the right class.",
        ),
    ),
    choose(
        title="Which head do you keep?",
        kind="decide",
        minutes=3,
        task="Each family at its best of three penalties: 300 units 0.874, plain 0.868 (means of two seeds). Photo by photo, 300 "
        "units against plain: -0.003 (95 % interval -0.028 to +0.022) and +0.015 (-0.009 to +0.038). What do you say and do?",
        options=[
            (
                "300 units: 0.874 is the best mean.",
                "The two seeds do not even agree on the sign. A mean of two such runs moves by more than 0.006 by luck alone.",
            ),
            (
                "The two are equally good.",
                "A gain of 2 points lies inside both intervals, and such photos miss it in three studies of four.",
            ),
            ("No gain is shown, and one of 4 points does not fit: keep the plain one, of a thirtieth of the size.", ""),
            (
                "Plain: the first seed shows that it is better.",
                "That interval goes from -0.028 to +0.022: it shows no difference in either direction.",
            ),
            (
                "Try more seeds until one is below 0.05.",
                "Who looks often enough sees a false alarm: of six looks about one in six gives one.",
            ),
        ],
        why="Both intervals include 0, and both end below 0.04. So nothing is shown for thirty times the parameters; without a "
        'reason to pay, the simpler head stays. That is not the same as "they are equal".',
        means="Not shown, and costly: that is enough to decide, and not enough to call them equal.",
        hints=(
            "Is 0 inside the two intervals? And is 0.02? And 0.04?",
            "What does the larger head cost? The lesson counted its parameters.",
            "One answer says no more than the intervals do, and decides by the cost.",
        ),
    ),
)
