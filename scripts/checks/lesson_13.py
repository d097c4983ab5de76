"""The exercises of lesson 13, Larger images."""

import numpy as np

from scripts.checks.exercise import choose, predict, write

HALF = """\
def build():
    return keras.Sequential([
        keras.Input((4,)),
        keras.layers.Dense(8, activation="relu", dtype="{hidden}"),
        keras.layers.Dense(3, activation={activation}, dtype="{last}"),
    ])"""
LOOKS = """\
def loss_of_looks(logits, labels):
{lines}"""
SHARES = "powers = np.exp(logits - logits.max(axis=-1, keepdims=True))"
MEAN = "probabilities = (powers / powers.sum(axis=-1, keepdims=True)).mean(axis=0)"
LOSS = "return -np.log(probabilities[np.arange(len(labels)), labels])"


def half(hidden="mixed_float16", last="mixed_float16", activation='"softmax"'):
    return HALF.format(hidden=hidden, last=last, activation=activation)


def looks(*lines):
    return LOOKS.format(lines="\n".join("    " + line for line in lines))


def precision_of(network):
    """Return how a network computes: the bits of what comes out of its hidden layer and of its
    weights (more than 32 count as 32), how many layers it has if a probability is 0, and the
    logarithms of its probabilities for logits that are far apart, which 16 bits hold exactly.
    """
    import keras

    network.set_weights([np.zeros((4, 8)), np.ones(8), np.eye(8, 3), np.array([19.0, -1.0, -11.25])])
    hidden = network.layers[0](np.zeros((1, 4), dtype="float32"))
    answers = network(np.zeros((1, 4), dtype="float32"))
    numbers = (hidden, network.weights[0], network.weights[-1])
    bits = [min(32, 8 * np.dtype(keras.backend.standardize_dtype(one.dtype)).itemsize) for one in numbers]
    answers = np.array(answers, dtype=float)[0]
    shares = np.log10(np.maximum(answers, 1e-30))
    return np.array([*bits, len(network.layers) * (answers.min() == 0), *shares])


RANDOM = np.random.default_rng(13)
LOGITS = RANDOM.normal(0, 2, (3, 5, 4))
LABELS = np.array([0, 3, 1, 2, 2])

EXERCISES = (
    write(
        title="A loss without an end",
        kind="repair",
        minutes=5,
        trap=True,
        imports=("import keras",),
        task="This classifier computes with 16 bits and keeps its weights in 32, as it should. But where it is sure of one "
        "class, the others get a probability of exactly 0, and a loss that you write yourself is infinite. Repair it; as much "
        "as possible stays at 16 bits.",
        name="build",
        stub=half(),
        solution=half(last="float32"),
        why="In `float16` the smallest number above 0 is about 6e-8, so a softmax rounds what is smaller to 0. The last layer in "
        "`float32` keeps it; it is small, so that costs next to nothing.",
        cases={"logits of 20, -1 and -11.25": ()},
        look=precision_of,
        wrong={
            half("float32", "float32"): "No probability is 0 any more. But nothing computes with 16 bits now.",
            half(
                "float32", "mixed_float16"
            ): "You freed the wrong layer: the probabilities are rounded in the last one.",
            half(
                "float16", "float32"
            ): "The last layer is right. But the other one keeps its *weights* in 16 bits too, so "
            "small steps of the optimizer are rounded away.",
            half(last="mixed_bfloat16"): "Its range reaches far enough. But it keeps two to three digits only, and the "
            "probabilities are rounded to them.",
            half(
                last="float32", activation="None"
            ): "There is no 0 any more, and no probability either: these are logits.",
            half(
                last="float32", activation='"sigmoid"'
            ): "The last layer has its bits now. But the three answers no longer share 1.",
            half(
                last="float16"
            ): "Without *mixed* even the weights of the last layer have 16 bits, and its softmax still has no more.",
            half().replace(
                "    ])", '        keras.layers.Activation("linear", dtype="float32"),\n    ])'
            ): "What a softmax has rounded to 0 stays 0, whatever comes behind it. With how many bits is this one computed?",
        },
        also_right=(
            "def build():\n    hidden = keras.layers.Dense(8, 'relu', dtype=keras.DTypePolicy('mixed_float16'))\n"
            "    last = keras.layers.Dense(3, dtype='float32')\n"
            "    return keras.Sequential([keras.Input((4,)), hidden, last, keras.layers.Softmax(dtype='float32')])",
            half(activation="None").replace(
                "    ])", '        keras.layers.Activation("softmax", dtype="float32"),\n    ])'
            ),
            half(last="float64"),
        ),
        expects="a network with 4 inputs, 8 hidden units and 3 probabilities",
        means="Fast where the work is, exact where the logarithm is taken.",
        hints=(
            "In which of the two layers is a probability rounded to 0?",
            "The lesson's rule: the last layer keeps all bits, whatever the rest does.",
            "`dtype` is an argument of each layer. Only that of the softmax has to change.",
        ),
    ),
    predict(
        title="What does it cost?",
        minutes=2,
        task="The photos go through the base at 150 pixels in 2 minutes. About how many minutes does it take at 300 pixels, with "
        "two views of each photo?",
        right=16,
        mistakes={
            4: "Twice the side is four times the pixels. And there are two views of each photo.",
            8: "One of the two is missing, or the pixels: four times as many of them, and twice as many photos.",
            32: "Twice the side is four times the pixels, not eight times: a photo has two sides.",
            2: "At each place of the photo the base does the same work, and there are more places.",
            64: "Two views are twice the work, not four times as much.",
            6: "Work multiplies: first the pixels, then the views.",
            12: "You added the two factors. Each of the two views has all those pixels.",
        },
        within=1.7,
        expects="a number of minutes",
        means="Pixels and views multiply: a recipe with two views at twice the side costs eight times as much.",
        hints=(
            "How many times as many pixels has a photo of twice the side?",
            "The time grows about as the number of pixels does: four times.",
            "And each photo goes through it twice.",
        ),
        why="(300 / 150)² = 4 times the pixels, two views, so 2 · 4 · 2 minutes. "
        "(The lesson's machine took 3.6 times as long, not four: that counts as well.)",
        also_right=("answer = 2 * (300 / 150) ** 2 * 2", "answer = 2 * 3.6 * 2", "answer = np.float32(16)"),
    ),
    write(
        title="The loss of several looks",
        minutes=8,
        task="`logits` has the shape (looks, photos, classes): what a head says of several views of each photo. Write a function "
        "that averages the *probabilities* of the looks, and returns the loss of each photo: minus the logarithm of what its "
        "label got. Logits such as 1,000 must work, too (lesson 3).",
        name="loss_of_looks",
        stub="def loss_of_looks(logits, labels):\n    return ...",
        solution=looks(SHARES, MEAN, LOSS),
        why="Softmax goes over the classes, the last axis; the mean over the looks, the first one. Then each photo picks the "
        "column of its label. To subtract the largest logit first keeps the powers small.",
        cases={
            "three looks at five photos": (LOGITS, LABELS),
            "one look": (LOGITS[:1], LABELS),
            "two looks that disagree": (np.array([[[9.0, 0, 0]], [[0, 9.0, 0]]]), np.array([1])),
            "large logits": (LOGITS * 100 + 900, LABELS),
            "as many looks as photos": (LOGITS[:, :3], LABELS[:3]),
        },
        wrong={
            looks(
                "logits = logits.mean(axis=0)",
                SHARES,
                "probabilities = powers / powers.sum(axis=-1, keepdims=True)",
                LOSS,
            ): "You averaged the logits. One look that is very sure then outvotes the others.",
            looks(
                SHARES,
                "probabilities = powers / powers.sum(axis=-1, keepdims=True)",
                "return -np.log(probabilities[:, np.arange(len(labels)), labels]).mean(axis=0)",
            ): "You averaged the losses of the looks. Average the probabilities first, then take the logarithm.",
            looks(
                SHARES, MEAN, "return -np.log(probabilities.max(axis=1))"
            ): "You take the likeliest class. The loss asks for the label.",
            looks(SHARES, MEAN, LOSS.replace("-np.log", "np.log")): "The minus is missing: a loss is not negative.",
            looks(SHARES, MEAN, LOSS + ".mean()"): "This is one number, the mean. Asked is the loss of each photo.",
            looks(
                "powers = np.exp(logits)", MEAN, LOSS
            ): "Right for small logits. For large ones `np.exp` gives infinity: subtract the largest first.",
            looks(
                SHARES, MEAN.replace("axis=0", "axis=1"), LOSS
            ): "The mean goes over the photos. It should go over the looks, the first axis.",
            looks(
                "powers = np.exp(logits - logits.max())", "probabilities = (powers / powers.sum()).mean(axis=0)", LOSS
            ): "You divided by the sum of all powers. Each look at each photo has a sum of its own, over the classes.",
            looks(
                "powers = np.exp(logits - logits.max(axis=1, keepdims=True))",
                "probabilities = (powers / powers.sum(axis=1, keepdims=True)).mean(axis=0)",
                LOSS,
            ): "This softmax goes over the photos: axis 1 of three. The probabilities of the *classes* add up to 1.",
            looks(
                SHARES, MEAN.replace(", keepdims=True", ""), LOSS
            ): "It stops with a ValueError: the sums have lost their last axis, and no longer fit the powers.",
            looks(
                SHARES.replace(", keepdims=True", ""), MEAN.replace(", keepdims=True", ""), LOSS
            ): "It stops with a ValueError. If that is at a minus or a division: `max` and `sum` have dropped the last axis.",
            looks(SHARES, MEAN.replace("mean", "sum"), LOSS): "You added up the looks, which gives more than 1 in all. "
            "Take their mean.",
            looks(
                "probabilities = logits.mean(axis=0)", LOSS
            ): "These are logits, some of them below 0. Before the logarithm comes the softmax.",
            looks(
                SHARES, MEAN, "return -np.log(probabilities[:, labels])"
            ): "This is a table: every photo with every label. Pick one number for each photo.",
        },
        also_right=(
            looks(
                "shifted = logits - logits.max(axis=2)[..., None]",
                "shares = np.exp(shifted) / np.exp(shifted).sum(axis=2)[..., None]",
                "return np.array([-np.log(np.mean(shares[:, n, label])) for n, label in enumerate(labels)])",
            ),
            looks(
                "logs = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)",
                "return -np.log(np.mean(np.exp(logs), axis=0)[range(len(labels)), labels]).astype('float32')",
            ),
        ),
        expects="an array with a number for each photo, none below 0",
        means="The loss of the mean is never above the mean of the losses: that is what several looks bring.",
        hints=(
            "Softmax first, for each look and photo by itself: over the last axis, `axis=-1` with `keepdims=True`.",
            "Then the mean over the looks, `axis=0`. What remains is (photos, classes).",
            "`probabilities[np.arange(n), labels]` picks for each of n photos the column of its label.",
        ),
    ),
    choose(
        title="Surer, or right more often?",
        kind="decide",
        minutes=2,
        task="The squashed photo at 299 pixels instead of the crop at 150: 27 photos put right, 24 put wrong (p = 0.780). The "
        "loss changes by -0.098 (95 % interval -0.182 to -0.014). What do these numbers show?",
        options=[
            (
                "The larger photos give more right answers.",
                "27 against 24 is no more than chance: the interval of the accuracy includes 0.",
            ),
            (
                "The larger photos bring nothing.",
                "The interval of the loss leaves 0 out: something did change.",
            ),
            ("The right class gets more probability; more right answers are not shown.", ""),
            (
                "The two measures contradict each other, so one of them is wrong.",
                "They ask different things: whether the label was the likeliest, and how likely it was.",
            ),
            (
                "The accuracy is the same, so the two heads are right about the same photos.",
                "51 photos changed sides. They only nearly cancel out.",
            ),
        ],
        why="The loss counts how much probability the right class gets, in every photo. Accuracy counts only the photos in which "
        "that turns the answer around, and there it is 27 against 24.",
        means="Look at the probabilities, and the loss tells more than the number of right answers does.",
        hints=(
            "Accuracy moves when an answer turns. When does the loss move?",
            "Which of the two intervals leaves 0 out?",
            "What would 27 against 24 look like if a coin decided?",
        ),
    ),
)
