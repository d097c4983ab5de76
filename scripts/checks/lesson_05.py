"""The exercises of lesson 5, Keras."""

import numpy as np

from scripts.checks.exercise import choose, predict, write

BUILD = """\
def build():
    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3{activation})])
    loss = keras.losses.{loss}
    network.compile(optimizer=keras.optimizers.SGD(0.5), loss=loss)
    return network"""
BIASES = ([0.0, 0.0, 0.0], [3.0, -1.0, 0.5], [-2.0, 6.0, 1.0], [0.2, 0.3, 0.1])


def losses_of(network):
    """Return the losses that a compiled network gives for logits that we set ourselves.

    They are taken of the outputs as plain numbers, since Keras notices a tensor that came out of a
    softmax. Where they are not the cross-entropy, a last number says what was changed in vain: 1
    the optimizer, 2 the activation.
    """
    import keras

    images, labels = np.zeros((1, 4), dtype="float32"), np.array([1])
    found = []
    for bias in BIASES:
        network.set_weights([np.zeros((4, 3)), np.array(bias)])
        found.append(float(np.mean(keras.losses.get(network.loss)(labels, network(images).numpy()))))
    wanted = [np.logaddexp.reduce(bias) - bias[1] for bias in BIASES]
    vain = [
        float(network.optimizer.learning_rate) != 0.5 or type(network.optimizer) is not keras.optimizers.SGD,
        network.layers[-1].get_config().get("activation") == "relu",
    ]
    return np.array([*found, 0 if np.allclose(found, wanted, atol=1e-4) else vain[0] + 2 * vain[1]])


EXERCISES = (
    predict(
        title="Count the weights",
        minutes=3,
        task="Gray pictures of 28 by 28 pixels go through `Flatten`, a `Dense` layer of 100 units and a last `Dense` layer "
        "for ten classes. How many weights, or parameters, has the network in all?",
        right=79_510,
        mistakes={
            79_400: "The biases are missing: each output has one.",
            78_500: "This is the first dense layer. The last one has weights, too.",
            78_400: "This is the kernel of the first dense layer only.",
            236_310: "You counted three colors. A gray picture has one number for each pixel.",
            79_500: "The last layer has biases, too: one for each class.",
            79_410: "The first dense layer has biases, too: one for each unit.",
            8_850: "784 numbers go into *each* of the 100 units: multiply.",
        },
        expects="a whole number; Python may do the multiplication",
        means="784 · 100 + 100 in the first layer, 100 · 10 + 10 in the last; `Flatten` has none.",
        hints=(
            "How many numbers come out of `Flatten`?",
            "A dense layer has a weight for each pair of input and output, and a bias for each output.",
            "Count the first dense layer, with 784 inputs and 100 outputs; then the last, with 100 inputs and 10 outputs; add.",
        ),
        why="784 · 100 + 100 = 78,500, and 100 · 10 + 10 = 1,010.",
        also_right=("answer = 28 * 28 * 100 + 100 + 100 * 10 + 10", "answer = np.float64(79510)"),
    ),
    write(
        title="A loss that does not notice",
        kind="repair",
        minutes=4,
        trap=True,
        imports=("import keras",),
        task="This function builds and compiles a network for three classes. Keras gives no error, but in training the loss "
        "hardly falls. Repair it, so that loss and output fit each other.",
        name="build",
        stub=BUILD.format(activation="", loss="SparseCategoricalCrossentropy()"),
        solution=BUILD.format(activation="", loss="SparseCategoricalCrossentropy(from_logits=True)"),
        why="The last layer has no activation, so it gives logits, and the loss has to be told. "
        '`activation="softmax"` in the last layer, and the loss as it was, fits as well. Both at once do not: Keras warns.',
        cases={"this network": ()},
        look=losses_of,
        wrong={
            BUILD.format(activation="", loss="SparseCategoricalCrossentropy()").replace(
                "SGD(0.5)", "Adam(0.01)"
            ): "The optimizer takes other steps now. But it still follows a loss that does not fit the output.",
            BUILD.format(
                activation=', activation="relu"', loss="SparseCategoricalCrossentropy()"
            ): "`relu` makes no probabilities: its outputs can be above 1, and do not add up to 1.",
            BUILD.format(
                activation=', activation="softmax"', loss="SparseCategoricalCrossentropy(from_logits=True)"
            ): "One remedy too many: the loss expects logits now, and gets probabilities. (Keras notices this "
            "and warns.) Each remedy alone is right.",
            BUILD.format(
                activation=', activation="sigmoid"', loss="SparseCategoricalCrossentropy()"
            ): "Sigmoid squeezes each output by itself, so the three do not make 1. For classes it is softmax.",
            BUILD.format(
                activation=', activation="relu"', loss="SparseCategoricalCrossentropy(from_logits=True)"
            ): "The loss is right now. But `relu` makes all negative logits 0: the last layer goes without.",
            BUILD.format(
                activation="", loss="MeanSquaredError()"
            ): "This takes labels for amounts, as if class 2 were twice class 1. For classes it is the cross-entropy.",
            BUILD.format(
                activation="", loss="CategoricalCrossentropy(from_logits=True)"
            ): "Without *Sparse* the loss wants a row of zeros with a single 1 for each label; here a label is one number.",
        },
        also_right=(
            BUILD.format(activation=', activation="softmax"', loss="SparseCategoricalCrossentropy()"),
            "def build():\n    inputs = keras.Input((4,))\n    network = keras.Model(inputs, keras.layers.Dense(3)(inputs))\n"
            "    network.compile('adam', keras.losses.SparseCategoricalCrossentropy(True))\n    return network",
            "def build():\n    last = keras.layers.Dense(3, activation='softmax')\n"
            "    net = keras.Sequential([keras.Input((4,)), last])\n"
            "    net.compile(optimizer='sgd', loss='sparse_categorical_crossentropy')\n    return net",
        ),
        expects="a compiled network with 4 inputs and one dense layer of 3 outputs",
        means="The loss knows what it gets, so its slope leads somewhere.",
        hints=(
            "What does the last layer give: logits, or probabilities that add up to 1?",
            "And what does the loss expect, if you tell it nothing?",
            'Read the rule at the end of "What if the loss does not fit the output?". One change is enough.',
        ),
    ),
    write(
        title="The cross-entropy by hand",
        minutes=7,
        task="Write a function that gets the logits of one picture (an array) and its label, and returns the cross-entropy. "
        "It has to work for logits such as 1,000 as well: as in lesson 3, subtract the largest logit first.",
        name="cross_entropy",
        stub="def cross_entropy(logits, label):\n    return ...",
        solution="def cross_entropy(logits, label):\n"
        "    logits = logits - logits.max()\n"
        "    return np.log(np.exp(logits).sum()) - logits[label]",
        why="The probability is exp(logit) divided by the sum; minus its logarithm is the logarithm of the sum minus the logit. "
        "To subtract the largest logit changes nothing in the probabilities, and no power gets too large. "
        "`logits -= ...` would have changed the caller's array.",
        cases={
            "three logits": (np.array([2.0, 1.0, -1.0]), 1),
            "the likeliest class": (np.array([2.0, 1.0, -1.0]), 0),
            "equal logits": (np.zeros(10), 7),
            "large logits": (np.array([1000.0, 999.0, 998.0]), 2),
            "two classes": (np.array([0.5, -0.5]), 0),
        },
        wrong={
            "def cross_entropy(logits, label):\n"
            "    return -np.log(np.exp(logits[label]) / np.exp(logits).sum())": "Right for small logits. For 1,000, `np.exp` "
            "is larger than any float: subtract the largest logit first.",
            "def cross_entropy(logits, label):\n    logits = logits - logits.max()\n"
            "    return np.log(np.exp(logits[label]) / np.exp(logits).sum())": "The minus is missing: a loss is not negative.",
            "def cross_entropy(logits, label):\n    logits = logits - logits.max()\n"
            "    return np.log(np.exp(logits).sum()) - logits.max()": "You take the likeliest class. The loss asks for the "
            "*right* one, the label.",
            "def cross_entropy(logits, label):\n    logits = logits - logits.max()\n"
            "    return np.exp(logits[label]) / np.exp(logits).sum()": "This is the probability. The loss is minus its "
            "logarithm.",
            "def cross_entropy(logits, label):\n    logits = logits - logits.max()\n"
            "    return (np.log(np.exp(logits).sum()) - logits[label]) / np.log(10)": "This is the logarithm to the base 10. "
            "`np.log` has the base e.",
            "def cross_entropy(logits, label):\n    logits = logits - logits.max()\n"
            "    return -np.log(np.exp(logits) / np.exp(logits).sum())": "This is one number for each class. Pick that of "
            "the label.",
            "def cross_entropy(logits, label):\n    shifted = logits - logits.max()\n"
            "    return np.log(np.exp(shifted).sum()) - logits[label]": "The largest logit is subtracted in the sum, and "
            "not from the logit of the label.",
            "def cross_entropy(logits, label):\n    shifted = logits - logits.max()\n"
            "    return -np.log(np.exp(logits[label]) / np.exp(shifted).sum())": "Below the line the largest logit is "
            "subtracted, above it is not: do it once, before both.",
            "def cross_entropy(logits, label):\n    logits = logits / logits.max()\n"
            "    return np.log(np.exp(logits).sum()) - logits[label]": "You divided by the largest logit, and that changes "
            "the probabilities.",
        },
        also_right=(
            "def cross_entropy(logits, label):\n    powers = np.exp(logits - np.max(logits))\n"
            "    return float(-np.log(powers / powers.sum())[label])",
            "def cross_entropy(z, k):\n    return np.logaddexp.reduce(z.astype('float32')) - z[k]",
        ),
        expects="one number, not below 0",
        means="With equal logits for ten classes it gives log 10, about 2.3: the loss of a network without a clue.",
        hints=(
            "First softmax: `np.exp` of each logit, divided by the sum. Then minus the logarithm, `-np.log`.",
            "Of the probabilities you need only one: the one at the position `label`.",
            "Begin with `logits = logits - logits.max()`: the probabilities stay, and no power gets too large.",
        ),
    ),
    choose(
        title="Worse on what it trains on?",
        minutes=2,
        task="After the first epoch, `fit` reports a training loss of 2.23 and a validation loss of 2.05. Why is the loss on the "
        "pictures that the network trains on the larger one?",
        options=[
            (
                "The validation pictures are easier.",
                "Evaluate the training pictures once the epoch is over, and their loss is lower as well.",
            ),
            ("It is a mean over the epoch, and in most of it the weights were worse than at its end.", ""),
            (
                "The network has learned from the validation pictures, too.",
                "`fit` only looks at them, once an epoch is over, and changes no weight by them.",
            ),
            (
                "That is overfitting.",
                "In overfitting the training loss is the *smaller* one, and it comes late, not after the first epoch.",
            ),
        ],
        why="The training loss is collected while the weights change, the validation loss is measured at the end of the epoch. In "
        "the first epoch the weights change most.",
        means="While a network learns fast, its training loss looks worse than it is.",
        hints=(
            "When is each of the two losses measured?",
            "The training loss is a mean over all batches of the epoch.",
            "The first batches met a network that had learned nothing yet.",
        ),
    ),
)
