"""The exercises of lesson 4, TensorFlow."""

import numpy as np

from scripts.checks.exercise import predict, write

SLOPE = """\
def slope_of_square(value):
    x = tf.Variable({start})
    with tf.GradientTape() as tape:
        y = {square}
    return {answer}"""
FIT = """\
def fit_bias(numbers, rate=0.1, steps=100):
    bias = 0.0
    for _ in range(steps):
        slope = {slope}
        {step}
    return bias"""
MEAN = "np.mean(2 * (bias - numbers))"

EXERCISES = (
    predict(
        title="Half of a picture",
        minutes=2,
        trap=True,
        task="A tensor of the type `uint8` holds 200. You multiply it by the NumPy array `np.array([0.5])`, without a cast. "
        "Which number does the result hold?",
        right=0,
        mistakes={
            100: "That is what NumPy would do: it takes a type that holds both. TensorFlow does not choose.",
            200: "Then 0.5 would have been rounded up to 1. Decimals are cut off.",
            0.5: "The result has the tensor's type, and `uint8` has no decimals.",
            1: "Cut the decimals off before you multiply, not after.",
            244: "Nothing wraps around here: first 0.5 becomes a whole number.",
        },
        expects="a number that `uint8` can hold",
        means="TensorFlow gives the array the tensor's type first: 0.5 becomes 0, and no error tells you.",
        hints=(
            "Which of the two types does the result get?",
            "TensorFlow turns the array into `uint8`, before it multiplies.",
            "What is left of 0.5 when its decimals are cut off?",
        ),
        why='The array becomes `uint8` like the tensor, so 0.5 becomes 0, and 200 · 0 = 0. `tf.cast(tensor, "float32")` '
        "first would have given 100.",
        also_right=("answer = np.uint8(0.5) * 200", "answer = 0.0", "answer = np.array([0], dtype='uint8')"),
    ),
    write(
        title="The tape goes blank",
        kind="bug",
        minutes=5,
        trap=True,
        imports=("import tensorflow as tf",),
        task="This function is meant to return the slope of the square of x at a value, and returns `None` for every one. "
        "Mend it with TensorFlow, so that it works for 3.0 and for the whole number 3.",
        name="slope_of_square",
        stub=SLOPE.format(start="value", square="tf.constant(np.square(x))", answer="tape.gradient(y, x)"),
        solution=SLOPE.format(start="float(value)", square="tf.square(x)", answer="tape.gradient(y, x)"),
        why="`np.square` leaves TensorFlow, so the tape has nothing to go back along. And a variable that is made from a "
        "whole number is whole: it cannot move a little, so it has no slope.",
        cases={"3.0": (3.0,), "-1.5": (-1.5,), "0.0": (0.0,), "the whole number 3": (3,), "the whole number -2": (-2,)},
        wrong={
            SLOPE.format(
                start="value", square="tf.square(x)", answer="tape.gradient(y, x)"
            ): "Right for decimals. A variable made from a whole number is whole, and still has no slope.",
            SLOPE.format(
                start="float(value)", square="tf.square(x)", answer="y"
            ): "This is the square itself. Asked is its slope, which `tape.gradient` gives.",
            SLOPE.format(
                start="float(value)", square="2 * x", answer="tape.gradient(y, x)"
            ): "You put the rule for the slope into `y`, and the tape takes the slope of that. `y` is the square.",
            SLOPE.format(
                start="float(value)", square="tf.square(x)", answer="tape.gradient(y, x) / 2"
            ): "This is half of the slope.",
            "def slope_of_square(value):\n    h = np.float32(0.0000001)\n    value = np.float32(value)\n"
            "    return ((value + h) ** 2 - (value - h) ** 2) / (2 * h)": "This moves by an `h` that is too small for "
            "`float32`: the rise is lost in the rounding. The tape needs no `h`.",
        },
        also_right=(
            "def slope_of_square(value):\n    x = tf.constant(value, dtype='float32')\n"
            "    with tf.GradientTape() as tape:\n        tape.watch(x)\n        y = x * x\n"
            "    return float(tape.gradient(y, x))",
            "def slope_of_square(number):\n    x = tf.Variable(number, dtype='float64')\n"
            "    with tf.GradientTape() as tape:\n        y = x**2\n    return tape.gradient(y, x).numpy()",
        ),
        expects="one number, as a tensor or not",
        means="The path from the variable to the loss has to stay in TensorFlow, and in decimals.",
        hints=(
            "There are two mistakes. One is in the line that makes `y`, the other in the line that makes `x`.",
            "The path leaves TensorFlow at `np.square`. Which function of TensorFlow takes its place?",
            "`tf.Variable(3)` is whole. What does the lesson write to make it a decimal? `float` makes one of any number.",
        ),
    ),
    predict(
        title="How large may a step be?",
        minutes=2,
        task="In another valley of the same form, the slope at 1 unit from the bottom is 8. Above which learning rate does the "
        "loss grow?",
        right=0.25,
        mistakes={
            0.125: "With this rate one step leads straight to the bottom. The loss grows when a step leads farther than to the "
            "other side.",
            1: "This is the limit of the lesson's valley, where the slope at 1 unit is 2. This one is steeper.",
            4: "Turned around: a steeper valley has a *lower* limit.",
            16: "Multiplied instead of divided: a steeper valley has a *lower* limit.",
            2: "The step may have the length 2, from one side to the other. Which rate makes a slope of 8 such a step?",
        },
        expects="a learning rate, a positive number",
        means="Rate times slope is 2: the step lands as far off on the other side. Anything above climbs out.",
        hints=(
            "A step is learning rate times slope. Where may it end at most?",
            "At the limit it ends as far off as before, on the other side: a step of 2 units.",
            "Which rate, times 8, gives 2?",
        ),
        why="A step from 1 unit off to 1 unit off on the other side is 2 units long: rate · 8 = 2.",
        also_right=("answer = 2 / 8", "answer = np.float32(0.25)"),
    ),
    write(
        title="A walk that goes the wrong way",
        kind="repair",
        minutes=4,
        task="This training looks for the number with the smallest mean squared distance to some `numbers`, by gradient descent. "
        "Its loss grows from step to step; repair it.",
        name="fit_bias",
        stub=FIT.format(slope=MEAN, step="bias = bias + rate * slope"),
        solution=FIT.format(slope=MEAN, step="bias = bias - rate * slope"),
        why="A positive slope says that the loss rises when the bias grows, so the step goes against it. The walk ends at the "
        "mean of the numbers.",
        cases={
            "three numbers": (np.array([1.0, 2.0, 6.0]),),
            "negative numbers": (np.array([-4.0, -5.0]),),
            "one number": (np.array([3.0]),),
            "a thousand numbers": (np.linspace(0, 10, 1000),),
            "a larger rate": (np.array([1.0, 5.0]), 0.4),
        },
        wrong={
            FIT.format(
                slope=MEAN, step="bias = -rate * slope"
            ): "Each step starts at 0 again: subtract from the bias that you have.",
            FIT.format(
                slope=MEAN, step="bias = bias - slope"
            ): "The learning rate is gone: with a whole slope each step jumps "
            "to the other side, and you are back where you began.",
            FIT.format(
                slope=MEAN, step="return bias - rate * slope"
            ): "It stops after the first step: `return` stands inside of the loop.",
            FIT.format(
                slope=MEAN, step="bias = bias - rate * abs(slope)"
            ): "Without its sign the slope always leads down, "
            "to negative numbers. It has to turn around where the slope does.",
            FIT.format(
                slope="np.sum(2 * (bias - numbers))", step="bias = bias - rate * slope"
            ): "Now the slope is a sum, "
            "which grows with the count of the numbers, and the steps with it. Keep the mean.",
        },
        also_right=(
            FIT.format(slope="np.mean(2 * (numbers - bias))", step="bias += rate * slope"),
            "def fit_bias(numbers, rate=0.1, steps=100):\n    bias = np.float32(0)\n    for _ in range(steps):\n"
            "        bias -= np.float32(rate * 2 * (bias - numbers.mean()))\n    return bias",
        ),
        expects="one number, close to where the loss is smallest",
        means="Against the slope is downhill, and the walk ends at the mean of the numbers.",
        hints=(
            "Let it print `bias` and `slope` in each step. Does the bias come closer to the numbers?",
            "A positive slope means: a larger bias makes the loss larger. Which way should the step go?",
            "Step against the slope. One sign is to be changed.",
        ),
    ),
)
