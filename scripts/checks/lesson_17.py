"""The exercises of lesson 17, Saving and export."""

import numpy as np

from scripts.checks.exercise import choose, write

FOLD = """\
def whole_head(x, kernel, bias, mean, deviation):
    folded_kernel = {kernel}
    folded_bias = {bias}
    return x @ folded_kernel + folded_bias"""
ROUND = """\
def quantized(weights):
    step = {step}
    return {result}"""
AGREES = "def agrees(found, answers):\n    return {}"
RANDOM = np.random.default_rng(17)
HEAD = (RANDOM.normal(size=(4, 6)), RANDOM.normal(size=(6, 3)), RANDOM.normal(size=3))
MEAN, DEVIATION = RANDOM.normal(5, 2, 6), RANDOM.uniform(0.2, 3, 6)
WEIGHTS = RANDOM.normal(0, 0.1, (20, 3)) * [1, 5, 0.2]
ANSWERS = np.array([[0.7, 0.2, 0.1], [0.34, 0.33, 0.33]])
TRUE = "bool(np.abs(found - answers).max() <= 0.0001)"


def fold(kernel="kernel / deviation[:, None]", bias="bias - (mean / deviation) @ kernel"):
    return FOLD.format(kernel=kernel, bias=bias)


def rounded(step="np.abs(weights).max(axis=0) / 127", result="np.round(weights / step) * step"):
    return ROUND.format(step=step, result=result)


def agrees(result):
    return AGREES.format(result)


def off(amount, place=(1, 0)):
    changed = ANSWERS.copy()
    changed[place] += amount
    return changed


EXERCISES = (
    write(
        title="Fold a layer away",
        kind="bug",
        minutes=5,
        task="A head standardizes its features, (x - mean) / deviation, then multiplies by a kernel and adds a bias. This function "
        "folds the first step into kernel and bias, and its answers are off. Find the bug.",
        name="whole_head",
        stub=fold(bias="bias - mean @ kernel"),
        solution=fold(),
        why="((x - mean) / deviation) @ kernel is x @ (kernel / deviation) minus (mean / deviation) @ kernel: the mean is divided "
        "by the deviation as well.",
        cases={
            "six features, three classes": (*HEAD, MEAN, DEVIATION),
            "a mean of 0": (*HEAD, np.zeros(6), DEVIATION),
            "a deviation of 1": (*HEAD, MEAN, np.ones(6)),
            "as many classes as features": (HEAD[0], RANDOM.normal(size=(6, 6)), np.zeros(6), MEAN, DEVIATION),
        },
        wrong={
            fold(
                bias="bias + (mean / deviation) @ kernel"
            ): "The deviation is in its place now, and the sign is wrong: the mean is subtracted.",
            fold(bias="bias"): "Now the mean is gone altogether: it belongs into the bias.",
            fold(
                "kernel * deviation[:, None]", "bias - (mean * deviation) @ kernel"
            ): "To divide `x` by a number is to divide the kernel by it.",
            fold(
                bias="(bias - mean @ kernel) / deviation.mean()"
            ): "Each feature has a deviation of its own, and the bias itself is not standardized.",
            fold(
                bias="bias - (mean / deviation) @ folded_kernel"
            ): "Divided twice: the folded kernel holds the deviation already.",
        },
        also_right=(
            fold(bias="bias - mean @ folded_kernel"),
            "def whole_head(x, kernel, bias, mean, deviation):\n    return ((x - mean) / deviation) @ kernel + bias",
        ),
        expects="an array (examples, classes)",
        means="One layer instead of two, the same answers, and nothing left that an export could lose.",
        hints=(
            "Write it out for one feature: (x - mean) / deviation times kernel. What stands before `x`, and what does not?",
            "The part without `x` is the mean, divided by something, times the kernel.",
            "With a deviation of 1 it is right as it stands. So what is missing?",
        ),
    ),
    write(
        title="Eight bits by hand",
        minutes=5,
        task="Write a function that gets a kernel, with a column for each output, and returns what its weights become with 8 bits. In "
        "each column the largest absolute weight becomes 127 steps, and every weight is rounded to whole steps. Return weights, not "
        "steps.",
        name="quantized",
        stub="def quantized(weights):\n    return ...",
        solution=rounded(),
        why="One step for each column: its largest absolute weight, divided by 127. Rounding to whole steps and multiplying back "
        "gives the weight that the runtime computes with; it is off by at most half a step.",
        cases={
            "columns of different size": (WEIGHTS,),
            "one column": (WEIGHTS[:, :1],),
            "the largest is negative": (-np.abs(WEIGHTS),),
            "a small kernel": (np.array([[1.0, 10.0], [0.3, -4.0], [-0.501, 0.05]]),),
        },
        wrong={
            rounded(
                step="np.abs(weights).max() / 127"
            ): "One step for all columns: a column of small weights is left with few numbers. Give each its own.",
            rounded(step="weights.max(axis=0) / 127"): "The largest weight by its *size*: it may be negative.",
            rounded(result="np.round(weights / step)"): "These are whole steps. Turn them back into weights.",
            rounded(
                step="np.abs(weights).max(axis=0) / 255"
            ): "255 numbers reach from -127 to 127. The largest is 127 steps.",
            rounded(
                result="np.floor(weights / step) * step"
            ): "`np.floor` always goes down, by up to a whole step. Round to the nearest.",
            rounded(
                step="np.abs(weights).max(axis=1, keepdims=True) / 127"
            ): "This is a step for each row. Each *column* belongs to one output.",
        },
        also_right=(
            "def quantized(weights):\n    largest = abs(weights).max(0)\n"
            "    return (np.rint(127 * weights / largest).astype('int8') * largest / 127).astype('float32')",
            "def quantized(w):\n    columns = []\n    for column in w.T:\n        step = max(abs(column)) / 127\n"
            "        columns.append(step * np.around(column / step))\n    return np.stack(columns, axis=1)",
        ),
        expects="an array like `weights`",
        means="A quarter of the space, and the small weights of a column pay for its largest.",
        hints=(
            "First the step of each column: its largest absolute weight, divided by the number of steps.",
            "`np.abs(weights).max(axis=0)` is the largest of each column.",
            "Divide by the step, round, multiply by the step.",
        ),
    ),
    write(
        title="A test that lets faults through",
        kind="bug",
        minutes=5,
        trap=True,
        task="This function compares the probabilities of an exported model with those of the model. It lets faults through: repair "
        "it, so that it says True only if no probability is off by more than 0.0001. A `nan` has to fail, too.",
        name="agrees",
        stub=agrees("bool(np.all(found.argmax(axis=1) == answers.argmax(axis=1)))"),
        solution=agrees(TRUE),
        why="The same class can hide a photo that was resized in another way; the probabilities show it. A comparison with `nan` "
        "is never true, so `<=` fails it, while `not (... > ...)` would let it pass.",
        cases={
            "the same": (ANSWERS, ANSWERS),
            "off by a last digit": (off(0.00002), ANSWERS),
            "a little too low": (off(-0.02), ANSWERS),
            "another class": (off(0.5, (0, 2)), ANSWERS),
            "a class that is close": (off(-0.00003), ANSWERS),
            "moved from one class to another": (ANSWERS + [[0.02, -0.02, 0]], ANSWERS),
            "nan": (off(np.nan), ANSWERS),
            "one of many": (np.vstack([np.tile(ANSWERS, (500, 1)), off(0.01)]), np.tile(ANSWERS, (501, 1))),
        },
        wrong={
            agrees(
                "bool(np.abs(found - answers).mean() <= 0.0001)"
            ): "A mean hides one bad answer among a thousand good ones. Ask for the largest difference.",
            agrees(
                "bool((found - answers).max() <= 0.0001)"
            ): "A probability that is too *low* passes. The size of the difference counts.",
            agrees(
                "not np.abs(found - answers).max() > 0.0001"
            ): "A `nan` passes: every comparison with it is false. Turn the question around.",
            agrees(
                "np.array_equal(found, answers)"
            ): "Too strict: runtimes add in another order, and a last digit may differ.",
            agrees(
                "bool(np.abs(found - answers).max() <= 0.05)"
            ): "That is far more than 32 bits need: a photo that was resized in another way passes.",
            agrees(
                "bool(np.abs(found.sum(axis=1) - answers.sum(axis=1)).max() <= 0.0001)"
            ): "The sum of a row is 1 whatever it says. Compare number by number.",
        },
        also_right=(
            agrees("np.allclose(found, answers, rtol=0, atol=0.0001)"),
            agrees("all(abs(a - b) <= 1e-4 for row, other in zip(found, answers) for a, b in zip(row, other))"),
        ),
        expects="True or False",
        means="Ten photos with their probabilities catch what the class alone lets through.",
        hints=(
            "A photo may be resized in another way and keep its class. What changes?",
            "Look at the largest absolute difference of the probabilities.",
            "And `nan`: is `nan > 0.0001` true? Is `nan <= 0.0001`? Choose the comparison that fails it.",
        ),
    ),
    choose(
        title="Eight bits for the shop?",
        kind="decide",
        minutes=3,
        task="With 8 bits instead of 32: +0.020 (95 % interval -0.019 to +0.058; 2 put right, 0 put wrong of n = 100). Such a study "
        "shows a true loss of 1 point in 1 % of the cases. What do you tell the shop?",
        options=[
            (
                "8 bits are better, by two points.",
                "Two photos of a hundred: the interval includes 0. Rounding has no reason to help.",
            ),
            (
                "8 bits cost nothing.",
                "A loss of 1 point would have been missed 99 times of 100. It was not seen, and could not be.",
            ),
            ("No loss was seen, and a small one would not have been: measure it on more photos.", ""),
            (
                "8 bits cost one point, which this study missed.",
                "That a loss *would* be missed is no sign that it is there.",
            ),
            (
                "Nothing: a hundred photos never show anything.",
                "A loss of more than 2 points does not fit the interval. And a very large one would be seen.",
            ),
        ],
        why="The interval goes from -0.019 to +0.058: a larger loss does not fit, a small one does, and the power says that it would "
        "have gone unseen. More photos, of the shop's own, would tell.",
        means="A study that cannot see a loss cannot say that there is none.",
        hints=(
            "Which losses lie inside the interval?",
            "How often would a loss of 1 point have been seen?",
            "So what was shown: that there is none, or that none was seen?",
        ),
    ),
)
