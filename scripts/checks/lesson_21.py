"""The exercises of lesson 21, Then and now."""

import numpy as np

from scripts.checks.exercise import predict, write

SGD = "def build():\n    return keras.optimizers.SGD({})"
DECAYS = "keras.optimizers.schedules.{}"
CARRY = """\
def answers(values, x, outputs):
{lines}"""


def build(settings):
    return SGD.format(settings)


def falling(schedule):
    return build(DECAYS.format(schedule))


def carry(*lines):
    return CARRY.format(lines="\n".join("    " + line for line in lines))


def rates_of(optimizer):
    """Return the learning rates of an optimizer after many steps, and its weight decay."""
    rates = []
    for step in (0, 1, 5, 10, 50, 100, 1000):
        optimizer.iterations.assign(step)
        rates.append(float(optimizer.learning_rate))
    return np.array([*rates, optimizer.weight_decay or 0])


RANDOM = np.random.default_rng(21)
BIAS, KERNEL = "bias = values[:outputs]", "kernel = values[outputs:].reshape(x.shape[1], outputs)"

EXERCISES = (
    write(
        title="A decay that nobody reads",
        kind="repair",
        minutes=4,
        trap=True,
        imports=("import keras",),
        task="An old program made its optimizer like this, and its rate fell: 0.2 / (1 + 0.1 · steps). Today the line runs, only "
        "warns, and the rate stays. Write it so that the rate falls again as it did.",
        name="build",
        stub=build("learning_rate=0.2, decay=0.1"),
        solution=falling("InverseTimeDecay(0.2, decay_steps=1, decay_rate=0.1)"),
        why="Keras 3 ignores `decay`. A schedule takes its place, handed over as the learning rate; `InverseTimeDecay` is the old "
        "formula, with the rate of the start, one step as its unit, and the old number.",
        cases={"1,000 steps": ()},
        look=rates_of,
        wrong={
            build(
                "learning_rate=0.2, weight_decay=0.1"
            ): "`weight_decay` pulls at the weights. The rate still stays at 0.2.",
            falling(
                "ExponentialDecay(0.2, decay_steps=1, decay_rate=0.1)"
            ): "The rate falls to a tenth in each step: after ten "
            "there is nothing left. The old formula divides by a sum.",
            falling(
                "InverseTimeDecay(0.2, decay_steps=10, decay_rate=0.1)"
            ): "The formula is right, and the rate falls ten times too slowly: what is its unit?",
            falling("InverseTimeDecay(0.1, decay_steps=1, decay_rate=0.2)"): "The two numbers have changed places.",
            falling(
                "CosineDecay(0.2, 100)"
            ): "This is the schedule of lesson 9, which reaches 0. The old rate never did.",
            falling(
                "InverseTimeDecay(0.2, decay_steps=1, decay_rate=0.9)"
            ): "The old number says how much it falls, not how much stays: take it as it is.",
        },
        also_right=(
            "def build():\n    rate = keras.optimizers.schedules.InverseTimeDecay(0.2, 10, 1.0)\n"
            "    return keras.optimizers.SGD(learning_rate=rate)",
            "def build():\n    class Falling(keras.optimizers.schedules.LearningRateSchedule):\n"
            "        def __call__(self, step):\n            return 0.2 / (1 + 0.1 * keras.ops.cast(step, 'float32'))\n\n"
            "    return keras.optimizers.SGD(Falling())",
        ),
        expects="an optimizer whose rate begins at 0.2",
        means="The old program trains as its author meant it. A warning was all that told you.",
        hints=(
            "What did the lesson put in the place of `decay`?",
            "`keras.optimizers.schedules` has a schedule for this formula; the optimizer gets it as its learning rate.",
            "It asks for the rate at the start, for the steps that count as one unit, and for the old number.",
        ),
    ),
    predict(
        title="How large is the file of the values?",
        minutes=3,
        task="A `Saver` kept one layer in float32: a kernel of 4 inputs by 3 outputs, and its bias. How many bytes has the file "
        "that ends in `.data-00000-of-00001`?",
        right=60,
        mistakes={
            15: "That is how many numbers there are. Each takes several bytes.",
            48: "That is the kernel. The bias is in the file, too.",
            12: "That is the bias. The kernel is in the file, too; or you counted numbers.",
            120: "8 bytes are a float64. These are float32.",
            64: "A bias belongs to each output, not to each input.",
            30: "2 bytes are a float16. These are float32.",
            480: "That is in bits.",
        },
        expects="a whole number",
        means="Values and nothing else: no name, no shape, no plan. Those are in the other files.",
        hints=(
            "What else than values is in that file? The lesson read it with `np.frombuffer`.",
            "4 times 3 numbers of the kernel, and one for each output.",
            "float32: how many bytes are 32 bits?",
        ),
        why="4 · 3 + 3 = 15 numbers, 4 bytes each.",
        also_right=("answer = (4 * 3 + 3) * 4", "answer = np.zeros(15, dtype='float32').nbytes"),
    ),
    write(
        title="Carry a layer over",
        minutes=6,
        task="`values` holds what such a file holds: first all of `bias`, then all of `kernel`, row by row, a row for each input. "
        "Write a function that returns what the layer (without an activation) answers to a batch `x` of shape (examples, "
        "inputs).",
        name="answers",
        stub="def answers(values, x, outputs):\n    return ...",
        solution=carry(BIAS, KERNEL, "return x @ kernel + bias"),
        why="The index lists names in the order of the alphabet, and the values lie in that order: bias before kernel. "
        "The kernel has a row for each input, as `Dense` wants it.",
        cases={
            "four inputs, three outputs": (RANDOM.normal(size=15), RANDOM.normal(size=(5, 4)), 3),
            "the line of the lesson": (np.array([2.03, 3.07]), np.array([[-1.0], [0.0], [1.0]]), 1),
            "as many inputs as outputs": (RANDOM.normal(size=12), RANDOM.normal(size=(2, 3)), 3),
            "two inputs, five outputs": (RANDOM.normal(size=15), RANDOM.normal(size=(1, 2)), 5),
        },
        wrong={
            carry(
                "kernel, bias = values[:-outputs].reshape(x.shape[1], outputs), values[-outputs:]",
                "return x @ kernel + bias",
            ): "You read the kernel first. In the file the bias is in front.",
            carry(
                BIAS, "kernel = values[outputs:].reshape(outputs, x.shape[1]).T", "return x @ kernel + bias"
            ): "You read a row for each output. The file has a row for each input.",
            carry(KERNEL, "return x @ kernel"): "The bias is missing.",
            carry(
                BIAS, KERNEL, "return np.maximum(x @ kernel + bias, 0)"
            ): "The negative answers are gone: this layer has no activation.",
            carry(
                BIAS, KERNEL, "return x @ (kernel + bias)"
            ): "You added the bias to the kernel, so each input brings it along. It belongs to the sum, once.",
        },
        also_right=(
            carry(
                "bias, kernel = np.split(np.asarray(values, dtype='float32'), [outputs])",
                "return np.dot(x, kernel.reshape(-1, outputs)) + bias",
            ),
            carry("table = np.reshape(values, (-1, outputs))", "return x @ table[1:] + table[0]"),
        ),
        expects="an array of shape (examples, outputs)",
        means="An old model without its code lives on: the values need no plan.",
        hints=(
            "How many numbers has the bias? Those are the first ones.",
            "The rest has inputs times outputs numbers: `reshape` makes a table of them, a row for each input.",
            "A dense layer: the batch times the kernel, with `@`, and then the bias.",
        ),
    ),
    predict(
        title="Colors that are columns",
        minutes=3,
        trap=True,
        task="An old program hands over a batch in Theano's order, (8, 3, 64, 48): photos, colors, height, width. A layer "
        '`GlobalMaxPooling2D(data_format="channels_last")` takes it without an error. Which shape comes out?',
        right=(8, 48),
        mistakes={
            (8, 3): "That would be right with `channels_first`. This layer takes the last axis for the colors.",
            (8, 64): "64 is the height. Which axis does the layer take for the colors?",
            (8, 3, 64): "It takes the largest value over two axes, and two axes remain.",
            (8, 1): "It keeps a value for each color, or for what it takes for one.",
            (8, 64, 48): "It takes the largest value over the two axes that it believes to be height and width.",
            (3, 48): "The first axis is that of the photos in both orders: it stays.",
        },
        expects="the shape: answer = (…, …)",
        means='48 "colors" that are columns of a photo, and no error: look at the shape.',
        hints=(
            "Which axes of (8, 3, 64, 48) does the layer take for height, width and colors?",
            "Height and width are for it the axes of 3 and of 64: over these it takes the largest value.",
            "What remains are the photos, and the last axis.",
        ),
        why="With `channels_last` the last axis counts as the colors, so the largest value over the axes of 3 and 64 is taken for "
        "each of 48 columns.",
        also_right=("answer = [8, 48]", "answer = np.array([8, 48])"),
    ),
)
