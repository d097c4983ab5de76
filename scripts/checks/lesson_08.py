"""The exercises of lesson 8, Transfer learning."""

import numpy as np

from scripts.checks.exercise import choose, write

MODEL = """\
def build():
    return keras.Sequential([
        keras.Input((8, 8, 3)),
        keras.layers.Rescaling({scaling}),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(3{activation}),{last}
    ])"""
SOFTMAX = "\n        keras.layers.Softmax(),"
CONFUSED = """\
def most_confused(confusion):
{lines}"""


def model(scaling="1 / 127.5, offset=-1", activation="", last=""):
    return MODEL.format(scaling=scaling, activation=activation, last=last)


def variant(*lines):
    return CONFUSED.format(lines="\n".join("    " + line for line in lines))


def answers_of(network):
    """Return what a network says of four pictures, with weights that we set ourselves."""
    pictures = np.zeros((4, 8, 8, 3), dtype="float32")
    pictures[1], pictures[2, :, :4], pictures[3, ..., 0] = 255, 200, 90
    network.set_weights([np.array([[2.0, 0, -1], [0, 1.5, 1], [-1, 0, 0.5]]), np.array([0.1, 0, -0.2])])
    return np.array(network(pictures))


def table(*rows):
    return np.array(rows)


EXERCISES = (
    write(
        title="From pixels to probabilities",
        kind="bug",
        minutes=5,
        trap=True,
        imports=("import keras",),
        task="A head was trained on features of pictures scaled from -1 to 1, with `from_logits=True` in its loss. This "
        "model puts the steps together, for pictures from 0 to 255, and is to give probabilities. It runs, and two of its "
        "steps are wrong: repair them.",
        name="build",
        stub=model("1 / 255"),
        solution=model(last=SOFTMAX),
        why="`Rescaling(1 / 127.5, offset=-1)` gives -1 to 1, as the head had it in training. And the head gives logits, so a "
        'softmax has to follow: as a layer or as `activation="softmax"` of the last one, and not as both.',
        cases={"four pictures": ()},
        look=answers_of,
        wrong={
            model(): "The scaling is right now. But what comes out are still logits: one row does not add up to 1.",
            model(
                "1 / 255", last=SOFTMAX
            ): "These are probabilities now. But the pictures reach from 0 to 1, and the head learned from -1 to 1.",
            model(
                "1 / 127.5", last=SOFTMAX
            ): "The pictures reach from 0 to 2 now: the scaling lacks its second number.",
            model(
                activation=', activation="softmax"', last=SOFTMAX
            ): "Softmax of a softmax: the probabilities add up to 1, and are far too equal. Once is enough.",
            model(
                activation=', activation="sigmoid"'
            ): "Sigmoid squeezes each logit by itself. The three have to share 1.",
            model(
                "1 / 255, offset=-1", last=SOFTMAX
            ): "The pictures reach from -1 to 0 now. The range has to be twice as wide.",
        },
        also_right=(
            model(activation=', activation="softmax"'),
            "def build():\n    inputs = keras.Input((8, 8, 3))\n"
            "    pooled = keras.layers.GlobalAveragePooling2D()(inputs / 127.5 - 1.0)\n"
            "    return keras.Model(inputs, keras.ops.softmax(keras.layers.Dense(3)(pooled)))",
        ),
        expects="a network for pictures of 8 by 8 by 3, whose only weights are those of one dense layer of 3 outputs",
        means="Scaling and softmax are inside, so nobody who uses the model can forget them, or do them twice.",
        hints=(
            "Follow a white pixel, 255, through the first step. Which number should the base get?",
            "And the end: is there anything behind the last layer that turns logits into probabilities?",
            'Lesson 8\'s own model has the numbers of `Rescaling`. Its section "Put it together and save it" has the end.',
        ),
    ),
    write(
        title="Which two are taken for each other?",
        minutes=6,
        task="Write a function that gets a confusion matrix (a row for each true class, a column for each answer) and returns "
        "the two classes that are taken for each other most often, counted in both directions. Return them as (smaller "
        "number, larger number); the matrix must stay as it is.",
        name="most_confused",
        stub="def most_confused(confusion):\n    return ..., ...",
        solution=variant(
            "both = confusion + confusion.T",
            "np.fill_diagonal(both, 0)",
            "return np.unravel_index(both.argmax(), both.shape)",
        ),
        why="Added to its transpose, the matrix holds both directions in each place. The diagonal counts right answers, so it "
        "has to go, and `both` is a new array. `argmax` counts through the flat array, `unravel_index` makes row and column "
        "of that; the first of the two equal places has the smaller row.",
        cases={
            "three classes": (table([9, 1, 3], [0, 9, 4], [3, 0, 9]),),
            "a mistake in one direction only": (table([5, 0, 0], [0, 5, 7], [0, 0, 5]),),
            "most mistakes below the diagonal": (table([9, 2, 0, 0], [0, 9, 0, 0], [3, 0, 9, 0], [3, 0, 1, 9]),),
            "a class that is never right": (table([0, 1, 5], [2, 8, 0], [4, 1, 8]),),
            "classes that are hard by size": (table([90, 9, 0], [0, 40, 0], [4, 7, 4]),),
        },
        wrong={
            variant(
                "both = confusion + confusion.T", "return np.unravel_index(both.argmax(), both.shape)"
            ): "It finds the class with most right answers: the diagonal has to go first.",
            variant(
                "wrong = confusion * (1 - np.eye(len(confusion)))",
                "return tuple(sorted(np.unravel_index(wrong.argmax(), wrong.shape)))",
            ): "This is the most frequent mistake in one direction. Add the other direction.",
            variant(
                "both = confusion + confusion.T", "np.fill_diagonal(both, 0)", "return both.argmax()"
            ): "`argmax` counts through the flat array. Turn its number into a row and a column.",
            variant(
                "np.fill_diagonal(confusion, 0)",
                "both = confusion + confusion.T",
                "return np.unravel_index(both.argmax(), both.shape)",
            ): "It sets the diagonal of the matrix that it was given to 0. Whoever called it still needs the right answers.",
            variant(
                "shares = confusion / confusion.sum(axis=1, keepdims=True)",
                "both = shares + shares.T",
                "np.fill_diagonal(both, 0)",
                "return np.unravel_index(both.argmax(), both.shape)",
            ): "These are shares of a class. Asked is how many photos it happens to.",
            variant(
                "wrong = confusion.sum(axis=1) - confusion.diagonal()", "return tuple(sorted(np.argsort(wrong)[-2:]))"
            ): "These are the two classes with most mistakes, whatever they are taken for. Look at pairs.",
        },
        also_right=(
            variant(
                "pairs = [(a, b) for a in range(len(confusion)) for b in range(a + 1, len(confusion))]",
                "return max(pairs, key=lambda pair: confusion[pair] + confusion[pair[::-1]])",
            ),
            variant(
                "upper = np.triu(confusion + confusion.T, k=1)",
                "return [int(place) for place in np.unravel_index(upper.argmax(), upper.shape)]",
            ),
        ),
        expects="two whole numbers, the smaller one first",
        means="On the lesson's 341 photos two pairs share the first place, with five mistakes each.",
        hints=(
            "`confusion.T` swaps rows and columns. What stands in each place of the sum of both?",
            "Set the diagonal of that sum to 0: `np.fill_diagonal` does it.",
            "`np.unravel_index(place, shape)` makes row and column of the place that `argmax` gives.",
        ),
    ),
    choose(
        title="What is Normalization worth?",
        kind="decide",
        minutes=3,
        task="Left out, with all else as before, `Normalization` cost 0.056 (95 % interval of the change -0.086 to -0.025). "
        "With a penalty and a rate of its own, the head without it lost 0.023 (-0.049 to +0.002). What do the two lines carry?",
        options=[
            (
                "`Normalization` is worth 5.6 points.",
                "The second line has no `Normalization` either, and lost less than half of that. The rest came from settings "
                "that were made for another head.",
            ),
            (
                "`Normalization` does nothing.",
                "The second interval includes 0, but it reaches down to 4.9 points lost, too. Not shown is not zero.",
            ),
            ("Part of the loss came from the settings; whether leaving it out costs anything is open.", ""),
            (
                "Tuning is worth 3.3 points, for any head.",
                "The head with all three helpers got other settings as well, and one photo fewer right. It depends on the head.",
            ),
            (
                "Without it the head is better, once tuned.",
                "Look at the sign: also tuned, it lost photos, if no more than chance allows.",
            ),
        ],
        why="From 0.056 to 0.023 nothing changed but penalty and rate. So more than half of the loss was theirs. The rest, with "
        "an interval from -0.049 to +0.002, fits a loss of five points as well as none.",
        means="Leave one thing out and keep the rest, and you measure the rest as well.",
        hints=(
            "What is the same in both lines, and what differs?",
            "Both lack `Normalization`; only penalty and rate differ. So where does the difference of the two lines come from?",
            "And the second line alone: is 0 in its interval? Is -0.04?",
        ),
    ),
)
