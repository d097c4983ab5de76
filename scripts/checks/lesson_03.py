"""The exercises of lesson 3, Scores."""

import numpy as np

from scripts import results
from scripts.checks.exercise import choose, predict, write

RANDOM = np.random.default_rng(3)
FIRST, SECOND = RANDOM.random(60) < 0.6, RANDOM.random(60) < 0.8
NOBODY, EVERYBODY = np.zeros(5, dtype=bool), np.ones(5, dtype=bool)

EXERCISES = (
    predict(
        title="How far does luck move a score?",
        minutes=3,
        task="A model names 80 % of all pictures that there are. How large is the standard error of its score on a test of "
        "400 pictures?",
        right=0.02,
        mistakes={
            0.0004: "The root is missing.",
            0.4: "That is the scatter of a single picture. Divide by the number of pictures before you take the root.",
            (0.8 / 400) ** 0.5: "You left out a factor: the formula has p times (1 - p).",
            1.96 * 0.02: "That is 1.96 standard errors, half the width of the interval. Asked is one.",
            0.4 / 400: "The number of pictures stands under the root: four times as many only halve the error.",
            2: "That is in points of percent. Write it as a share.",
        },
        within=0.0003,
        expects="a share, a small number from 0 to 1",
        means="A score of this model moves by about two points, from one such test to the next, by luck alone.",
        hints=(
            "The lesson has a formula for it, with the accuracy *p* and the number of pictures *n*.",
            "p is 0.8, so p (1 - p) is 0.16.",
            "Divide 0.16 by 400 and take the root.",
        ),
        why="The root of 0.8 · 0.2 / 400 = 0.16 / 400 = 0.0004.",
        also_right=(
            "answer = np.sqrt(0.8 * (1 - 0.8) / 400)",
            "answer = np.float32(0.02)",
            "answer = (0.16 / 400) ** 0.5",
        ),
    ),
    write(
        title="Count the disagreements",
        minutes=5,
        task="Two arrays say for the same pictures whether the first and whether the second model is right. Write a function "
        "that returns a tuple: how many pictures the second puts right that the first gets wrong, and how many it puts wrong.",
        name="disagreements",
        stub="def disagreements(first, second):\n    return ..., ...",
        solution="def disagreements(first, second):\n"
        "    gained = np.sum(second & ~first)\n"
        "    lost = np.sum(first & ~second)\n"
        "    return gained, lost",
        why="`~` turns true and false around, `&` is true where both sides are. So `second & ~first` marks the pictures "
        "that only the second model gets right.",
        cases={
            "60 pictures": (FIRST, SECOND),
            "two models that agree": (FIRST, FIRST),
            "one model always wrong, the other always right": (NOBODY, EVERYBODY),
            "no picture at all": (NOBODY[:0], NOBODY[:0]),
        },
        wrong={
            "def disagreements(first, second):\n    return np.sum(first & ~second), np.sum(second & ~first)": "The two counts "
            "have changed places: first what the second model puts right.",
            "def disagreements(first, second):\n    return np.sum(second), np.sum(first)": "You count all that each model gets "
            "right. Pictures that both get right say nothing about which is better.",
            "def disagreements(first, second):\n    return np.sum(first & second), np.sum(~first & ~second)": "These are the "
            "agreements: both right, both wrong. Asked are the other two fields of the table.",
            "def disagreements(first, second):\n    difference = np.sum(second) - np.sum(first)\n"
            "    return max(difference, 0), max(-difference, 0)": "The difference of the two scores is one number; the same "
            "gain can come from few disagreements or from many. Count picture by picture.",
            "def disagreements(first, second):\n    return np.sum(first != second), np.sum(first == second)": "You sort by "
            "whether they agree. Of the disagreements, count those for the second and those for the first.",
        },
        also_right=(
            "def disagreements(one, two):\n    return [int(((two == 1) & (one == 0)).sum()), int((one > two).sum())]",
            "def disagreements(first, second):\n    change = second.astype(float) - first.astype(float)\n"
            "    return np.array([np.sum(change == 1), np.sum(change == -1)], dtype='float32')",
        ),
        expects="a tuple of two whole numbers",
        means="These two numbers are all that McNemar's test needs.",
        hints=(
            "Of the four fields of the table, two count: exactly one of the two models is right.",
            'With arrays of true and false, `~` is "not" and `&` is "and".',
            "The first number is the sum of `second & ~first`. The other one is its mirror image.",
        ),
    ),
    choose(
        title="No gain?",
        kind="decide",
        minutes=3,
        trap=True,
        task="You read: `pad instead of crop: +0.012 (95 % interval -0.015 to +0.038; 12 put right, 8 put wrong of n = 341; "
        "p = 0.503)`. Which sentence may you write?",
        options=[
            (
                "Padding is better by 1.2 points.",
                "The interval holds 0 and losses, too. 12 against 8 is what coins do all the time.",
            ),
            (
                "Padding and cropping are equally good.",
                '"Not seen" is not "not there": a gain of 3 points would fit these photos as well.',
            ),
            ("These photos cannot tell: a loss of 1.5 points fits them, and so does a gain of 3.8.", ""),
            (
                "The two are equally good with a probability of 0.503.",
                "p is how often *equal* models would look at least this "
                "different. It is not the probability that they are equal.",
            ),
        ],
        why="The interval lists the true gains that fit: from -1.5 to +3.8 points. 0 is one of them, and a worthwhile gain is "
        "another. With 341 photos most gains of two points are not seen at all, and no message tells you so.",
        means="A test that sees nothing can be a test of too few pictures. The interval says what is still possible.",
        hints=(
            "The interval holds all true gains that fit what was seen. Is 0 among them? Is 0.03?",
            'p below 0.05 would be more than chance. What does a p above it say about "equal"?',
            'Neither "better" nor "equal" is shown. What remains?',
        ),
    ),
    predict(
        title="How often would you see it?",
        kind="figure",
        minutes=2,
        task="Look at the lesson's figure of the tests that see a true gain. With 341 pictures, about which share of the tests "
        "sees a gain of 2 points?",
        right=round(results.share_seen(341, 0.02), 2),
        mistakes={
            0.66: "You read the line of 1,500 pictures.",
            0.03: "You read the line of 100 pictures, or the left edge, where there is no gain.",
            0.34: "This is a gain of 3 points. Asked are 2.",
            0.05: "This is the orange line, the share of false alarms that is allowed.",
            15: "This is in percent. The left axis has shares.",
            0.85: "So many tests do *not* see it.",
        },
        within=0.07,
        expects="a share, a number from 0 to 1, read to about 0.05",
        means='Most tests with 341 photos miss such a gain. "Not seen" is the usual outcome even where it is there.',
        hints=(
            "Find the line of 341 pictures in the legend: it is the dashed one.",
            "Go up from 2 on the lower axis to that line, then left.",
            "It lies clearly above the orange line at 0.05, and far below one half. The table above the figure has it, too.",
        ),
        why="At 2 points the dashed line stands at about 0.15, in the table as in the figure: about one test in seven.",
        also_right=("answer = 0.15", "answer = 0.16", "answer = 1 / 7", "answer = np.float64(0.14)"),
    ),
)
