"""The exercises of lesson 14, Fine-tuning."""

import numpy as np

from scripts.checks.exercise import choose, write

TAIL = """\
def build():
    inputs = keras.Input((4,))
    cut = keras.layers.Dense(5)(inputs)
    hidden = keras.layers.Dense(6)(keras.layers.BatchNormalization()(cut))
    base = keras.Model(inputs, keras.layers.Dense(3)(hidden))
    base.trainable = False
    tail = keras.Model(cut, base.output)
{lines}
    return tail"""
DEAL = """\
def chooses(pictures):
{lines}"""


def tail(*lines):
    return TAIL.format(lines="\n".join("    " + line for line in lines))


def deal(*lines):
    return DEAL.format(lines="\n".join("    " + line for line in lines))


def trained(network):
    """Return how many arrays of each layer training may change, and whether the memory of batch
    normalization moves in training: 0 no, 1 yes, 2 yes in a model inside of another.
    """
    import keras

    layers = list(innermost(network))
    memories = [layer.moving_mean for layer in layers if isinstance(layer, keras.layers.BatchNormalization)]
    before = [np.array(memory) for memory in memories]
    network(np.arange(40.0, dtype="float32").reshape(8, 5), training=True)
    moves = any(not np.array_equal(old, np.array(new)) for old, new in zip(before, memories, strict=True))
    nested = any(hasattr(layer, "layers") for layer in network.layers)
    return np.array([*(len(layer.trainable_weights) for layer in layers), moves * (1 + nested)], dtype=int)


def innermost(network):
    """Yield the layers of a model that have weights, those of models inside of it too."""
    for layer in network.layers:
        if hasattr(layer, "layers"):
            yield from innermost(layer)
        elif layer.weights:
            yield layer


LOOP = "for layer in tail.layers:"
STILL = "layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)"

EXERCISES = (
    write(
        title="A tail that does not train",
        kind="repair",
        minutes=5,
        trap=True,
        imports=("import keras",),
        task="Here the tail of a small frozen base is to be fine-tuned: its `Dense` layers train, its batch normalization keeps "
        "its memory. As it stands, `fit` would train nothing of it, without an error. Repair it.",
        name="build",
        stub=tail("tail.trainable = True"),
        solution=tail(LOOP, "    " + STILL),
        why="The tail is a new model and trainable already, so the line changed nothing; the layers stayed frozen. Layer by layer "
        "it works, and a frozen `BatchNormalization` keeps its memory, whatever `fit` says.",
        cases={"this tail": ()},
        look=trained,
        wrong={
            tail(
                LOOP, "    layer.trainable = True"
            ): "The layers train now, and batch normalization with them: its memory moves.",
            tail(
                "tail.layers[-1].trainable = True"
            ): "Only the last layer trains now. The other `Dense` layer belongs to the tail as well.",
            tail(
                "tail.layers[2].trainable = True"
            ): "Only one of the two `Dense` layers trains now. The other one belongs to the tail as well.",
            tail(
                LOOP, "    layer.trainable = True", "tail = keras.Model(cut, tail(cut, training=False))"
            ): "In training the memory of batch normalization moves all the same: `fit` overrides `training=False`.",
            tail(
                LOOP, "    layer.trainable = isinstance(layer, keras.layers.BatchNormalization)"
            ): "The two kinds have changed places: only batch normalization trains.",
            tail(
                LOOP,
                "    layer.trainable = True",
                "    if isinstance(layer, keras.layers.BatchNormalization):",
                "        layer.gamma.trainable = layer.beta.trainable = False",
            ): "Two of its arrays are frozen, and the two that are its memory still move: freeze the layer itself.",
        },
        also_right=(
            tail(
                "base.trainable = True",
                "for layer in tail.layers:",
                "    if isinstance(layer, keras.layers.BatchNormalization):",
                "        layer.trainable = False",
            ),
            tail(
                "for layer in tail.layers:",
                "    if isinstance(layer, keras.layers.Dense):",
                "        layer.trainable = True",
            ),
        ),
        expects="the tail, a `keras.Model` whose two `Dense` layers train, and nothing else of it",
        means="Four arrays train, and the memory stands still: set it layer by layer, and count.",
        hints=(
            "Count `tail.trainable_weights` before and after the last line but one. What did it change?",
            "Go through `tail.layers` and set `trainable` of each layer.",
            "One kind of layer stays frozen. `isinstance(layer, ...)` tells which kind it is.",
        ),
    ),
    write(
        title="Who belongs together stays together",
        minutes=5,
        trap=True,
        task="Each picture gives four rows, its four quarter turns, one after the other. Every fourth *picture*, from the first "
        "on, is to choose settings, the rest to learn. Write a function that gets the number of pictures and returns for each "
        "row whether it is one that chooses. For two pictures: four times True, then four times False.",
        name="chooses",
        stub="def chooses(pictures):\n    return ...",
        solution=deal("return np.repeat(np.arange(pictures) % 4 == 0, 4)"),
        why="First each picture is asked, then its answer is repeated for its four rows. So no picture is in both parts.",
        cases={
            "eight pictures": (8,),
            "one picture": (1,),
            "a number that four does not divide": (10,),
        },
        wrong={
            deal(
                "return np.arange(4 * pictures) % 4 == 0"
            ): "Every fourth *row* is the upright turn of each picture: its other "
            "turns are in the part that learns, so the tail has seen every picture.",
            deal(
                "return np.tile(np.arange(pictures) % 4 == 0, 4)"
            ): "That fits rows that hold the first turn of all pictures, "
            "then the second. Here the four turns of one picture follow each other.",
            deal(
                "return np.arange(pictures) % 4 == 0"
            ): "This is one answer for each picture. A picture has four rows.",
            deal(
                "return np.repeat(np.arange(pictures) % 4 != 0, 4)"
            ): "These are the rows that learn. Asked are those that choose.",
            deal(
                "return np.repeat(np.arange(pictures) % 4 == 3, 4)"
            ): "Here the fourth, the eighth ... picture chooses. Asked is every fourth from the *first* on.",
            deal(
                "return np.flatnonzero(np.repeat(np.arange(pictures) % 4 == 0, 4))"
            ): "These are the numbers of the rows that choose. Asked is True or False for each row.",
            deal(
                "return np.random.default_rng(0).random(4 * pictures) < 0.25"
            ): "Rows dealt at random: most pictures are then in both parts, and the part that chooses is no judge.",
            deal(
                "return np.arange(4 * pictures) < pictures"
            ): "The first quarter of the rows chooses. Asked is every fourth "
            "picture; else one class may be missing in a part.",
        },
        also_right=(
            deal("return np.arange(4 * pictures) // 4 % 4 == 0"),
            deal("return [picture % 4 == 0 for picture in range(pictures) for turn in range(4)]"),
            deal("rows = np.zeros((pictures, 4), dtype=bool)", "rows[::4] = True", "return rows.ravel()"),
        ),
        expects="True or False for each row, four times as many as pictures",
        means="A turned copy of a picture that was learned from cannot judge.",
        hints=(
            "To which picture does row 5 belong? And row 16?",
            "First say for each picture whether it chooses: its number divided by 4 leaves 0.",
            "`np.repeat(array, 4)` repeats each part of an array four times in a row.",
        ),
    ),
    choose(
        title="Ruined within an epoch",
        minutes=3,
        task="With a rate ten times that of the head, the fine-tuned network falls within one epoch from 0.71 to a quarter "
        "right, with four turns to tell apart, and does not come back. A tail whose weights were shuffled learned at the chosen "
        "rate, to 0.79. Which reason remains?",
        options=[
            (
                "It overfits: it has learned the pictures by heart.",
                "The lesson asked one that had learned them by heart: it was right about most of the other turns, not a quarter.",
            ),
            (
                "Batch normalization lost its memory.",
                "In this run it was frozen. Left free, with a good rate, it ended as well as with all rules kept.",
            ),
            (
                "The head was not trained before.",
                "It was: the run begins at 0.71, the frozen base's share. And a run with an untrained head climbs within epochs.",
            ),
            ("The steps are so large that they throw the weights about, and little is learned.", ""),
            (
                "What the tail had learned was overwritten, and without that nothing can be learned.",
                "The shuffled tail had lost that as well, and learned.",
            ),
        ],
        why="The weights moved by more than their own length, and six epochs do not bring the share back. To lose the old weights "
        "is not enough to explain that, for a shuffled tail learns with smaller steps. What remains is the size of the steps.",
        means="Whoever names a reason says what else it would lead to: that can be tested.",
        hints=(
            "What share does guessing get, with four turns?",
            "Which of the reasons would have ruined the shuffled tail, too?",
            "A step is as long as the rate says. Which run differs from the others in that?",
        ),
    ),
    choose(
        title="Is the fine-tuned one better?",
        kind="decide",
        minutes=3,
        task="On 341 real photos the stand-in with its last block fine-tuned, against frozen: +0.021 (95 % interval -0.006 to "
        "+0.047; 13 put right, 6 put wrong; p = 0.167). A true gain of 2 points would be seen in about one such study of five. "
        "What do you say?",
        options=[
            (
                "It is better by 2.1 points.",
                "13 against 6 is within chance: the interval includes 0.",
            ),
            (
                "Fine-tuning does nothing for it.",
                "A gain of 4 points lies inside the interval, and one of 2 is missed four times of five.",
            ),
            (
                "p is 0.167, so the gain is real with a probability of 83 %.",
                "p says how often luck alone gives so much or more. It is no probability that the gain is real (lesson 3).",
            ),
            (
                "341 photos can never show anything.",
                "A gain of 5 points would mostly be seen, as the lesson computed. It depends on the size of the gain.",
            ),
            ("No gain is shown, and one of a few points may be there: it needs more photos.", ""),
        ],
        why="The interval includes 0, so nothing is shown; it also reaches to +0.047, so a few points may be there. Power says "
        "why: most studies of this size miss two points.",
        means='Power before, interval after: so you know what "no gain shown" is worth.',
        hints=(
            "Is 0 in the interval? Is 0.04?",
            "How often would a true gain of 2 points be missed by such a study?",
            'So you can say neither "better" nor "no better". What would help?',
        ),
    ),
)
