"""The exercises of lesson 12, Augmentation."""

import numpy as np

from scripts.checks.exercise import choose, predict, write

BRIGHTER = """\
def build():
    return keras.Sequential([
        keras.Input((4, 4, 3)),{layers}
    ])"""
SCALE, BRIGHT = "keras.layers.Rescaling(1 / 127.5, offset=-1)", "keras.layers.RandomBrightness({})"
MIRROR = """\
def mirror(photos, chosen):
{lines}"""
RANDOM = np.random.default_rng(12)
PHOTOS = RANDOM.integers(0, 256, (4, 3, 5, 3), dtype="uint8")


def build(*layers):
    return BRIGHTER.format(layers="".join(f"\n        {layer}," for layer in layers))


def bright(settings="(0.1, 0.1)"):
    return BRIGHT.format(settings)


def mirror(*lines):
    return MIRROR.format(lines="\n".join("    " + line for line in lines))


def what_arrives(network):
    """Return what a network makes of a black, a gray and a bright picture, in training and in
    use.
    """
    pictures = np.full((3, 4, 4, 3), [[[[0]]], [[[100]]], [[[200]]]], dtype="float32")
    return np.array([network(pictures, training=training) for training in (True, False)])[..., 0, 0, :]


MIRRORED = "mirrored[chosen] = photos[chosen, :, ::-1]"

EXERCISES = (
    write(
        title="Ten percent of what?",
        kind="repair",
        minutes=4,
        trap=True,
        imports=("import keras",),
        task="These layers are to scale pictures from 0 to 255 to -1 to 1, and in training make them brighter by 10 % of the "
        "whole range. There is no error, and what the network gets in training is white. Repair it.",
        name="build",
        stub=build(SCALE, bright()),
        solution=build(SCALE, bright("(0.1, 0.1), value_range=(-1, 1)")),
        why="The layer assumes 0 to 255 unless `value_range` says otherwise, so it added 25.5 to pixels that end at 1. Told the "
        "range, it adds 0.2. Or let it come first, while the pixels still are from 0 to 255.",
        cases={"three pictures": ()},
        look=what_arrives,
        wrong={
            build(
                SCALE, bright("(0.1, 0.1), value_range=(0, 1)")
            ): "This range begins at 0, and the pixels at -1: all that is darker than gray is cut off.",
            build(
                bright("(0.1, 0.1)")
            ): "The brightness is right now. But the pixels go on as 0 to 255: the scaling is gone.",
            build(SCALE): "Now nothing changes in training: that is no augmentation.",
            build(
                SCALE, bright("(0.1 / 127.5, 0.1 / 127.5)")
            ): "The step has the right size, and the layer still believes in 0 "
            "to 255: it cuts off all that is below 0.",
            build(
                bright("(0.1, 0.1), value_range=(-1, 1)"), SCALE
            ): "The layer is told -1 to 1, and now comes first, where the pixels still are 0 to 255.",
            build(
                "keras.layers.Rescaling(1 / 255)", bright("(0.1, 0.1), value_range=(0, 1)")
            ): "Range and brightness fit each other. But Xception wants -1 to 1.",
        },
        also_right=(
            build(bright(), SCALE),
            build(SCALE, bright("factor=(0.1, 0.1), value_range=[-1, 1]")),
            "def build():\n    inputs = keras.Input((4, 4, 3))\n"
            "    brighter = keras.layers.RandomBrightness([0.1, 0.1], value_range=(0.0, 255.0))(inputs)\n"
            "    return keras.Model(inputs, brighter / 127.5 - 1)",
        ),
        expects="a network that takes pictures of 4 by 4 by 3 and gives such pictures",
        means="0.2 brighter in training, nothing in use. Look at what goes into the network, every time.",
        hints=(
            "What does `RandomBrightness` believe about its pixels, if you say nothing?",
            "10 % of 255 is 25.5, added to pixels that should end at 1.",
            'The lesson\'s "Trap 1" has the argument. Or ask which of the two layers has to come first.',
        ),
    ),
    predict(
        title="How many different pictures?",
        minutes=4,
        trap=True,
        task="100 photos, 5 epochs, and `change` draws a new change at random for each photo on its way. How many different "
        "pictures does a network get in all, from `photos.map(change).cache()`, and from `photos.cache().map(change)`?",
        right=(100, 500),
        mistakes={
            (500, 100): "The two have changed places: a cache keeps what stands *before* it.",
            (500, 500): "Nothing fails in either of them, but one hands out in each epoch what it kept in the first.",
            (100, 100): "A cache keeps what stands before it. In one of the two the changes come after it.",
            (1, 5): "That is for one photo. There are 100 of them.",
            (100, 5): "The second is for one photo only.",
            (100, 400): "The first epoch is drawn, too.",
            (100, 600): "The photos as they are never arrive: each one is changed on its way.",
        },
        expects="two whole numbers: answer = (map first, cache first)",
        means="Cache what does not change, then augment: five times as many pictures, for the same files read once.",
        hints=(
            "What does the cache keep in the first epoch: photos, or changed photos?",
            "With the changes before the cache, the second epoch repeats the first.",
            "With the changes behind the cache, each of the epochs draws anew, for each of the photos.",
        ),
        why="A cache after the changes keeps the 100 pictures of the first epoch. A cache before them keeps the photos, and "
        "each of 5 epochs draws 100 new changes.",
        also_right=("answer = [100, 5 * 100]", "answer = np.array([100.0, 500.0])"),
    ),
    write(
        title="RandomFlip by hand",
        minutes=5,
        task="`photos` has the shape (photos, height, width, colors), and `chosen` says which of the photos to change. Write a "
        "function that returns a batch in which the chosen ones are mirrored, left and right, and the others as they were. The "
        "batch that it gets must stay.",
        name="mirror",
        stub="def mirror(photos, chosen):\n    return ...",
        solution=mirror("mirrored = photos.copy()", MIRRORED, "return mirrored"),
        why="The third axis is the width. `photos[chosen]` picks photos, and `::-1` walks the width backwards; the copy leaves "
        "the caller's batch as it was.",
        cases={
            "two of four photos": (PHOTOS, np.array([True, False, False, True])),
            "none": (PHOTOS, np.zeros(4, dtype=bool)),
            "all": (PHOTOS, np.ones(4, dtype=bool)),
            "square photos with decimals": (PHOTOS[:, :, :3] / 255, np.array([False, True, True, False])),
        },
        wrong={
            mirror(
                "mirrored = photos.copy()", MIRRORED.replace(":, ::-1", "::-1"), "return mirrored"
            ): "They stand on their heads: this axis is the height.",
            mirror(
                "mirrored = photos.copy()", MIRRORED.replace(":, ::-1", "..., ::-1"), "return mirrored"
            ): "You turned the colors around: red and blue have changed places.",
            mirror(
                "photos" + MIRRORED.removeprefix("mirrored"), "return photos"
            ): "The chosen ones are right, and the batch "
            "of the caller has changed: in the next epoch they would be mirrored back. Copy first.",
            mirror("return photos[:, :, ::-1]"): "All of them are mirrored. Only the chosen ones should be.",
            mirror(
                "return photos[chosen, :, ::-1]"
            ): "Only the chosen ones come back. The others belong to the batch, too.",
            mirror(
                "mirrored = photos.copy()",
                MIRRORED.replace("mirrored[chosen]", "mirrored[~chosen]").replace("photos[chosen", "photos[~chosen"),
                "return mirrored",
            ): "You mirrored those that were not chosen.",
        },
        also_right=(
            mirror("return np.where(chosen[:, None, None, None], photos[:, :, ::-1], photos)"),
            mirror("return np.stack([photo[:, ::-1] if one else photo for photo, one in zip(photos, chosen)])"),
        ),
        expects="a batch of the same shape",
        means="A mirrored garment is still that garment, and nearly every number of the photo has changed.",
        hints=(
            "Which of the four axes is the width?",
            "`photos[:, :, ::-1]` mirrors all. `photos[chosen]` are the chosen ones only.",
            "Make a copy, and put the mirrored ones into it at the places `chosen`.",
        ),
    ),
    choose(
        title="Two judges",
        kind="decide",
        minutes=3,
        task="Three views instead of one change the validation loss by -0.008 (95 % interval -0.043 to +0.028) on plain photos, "
        "and by about -0.07, with intervals below 0, on photos changed at random. Which of the two heads gives better answers "
        "to people who send photos?",
        options=[
            (
                "The one with three views: its gain is shown on more photos.",
                "The changed photos are the same 341, changed. And nobody sends them like that.",
            ),
            (
                "The one with three views: the augmented judge is the harder test.",
                "Harder, and about another task: it asks how a head does with changed photos, and one of the two learned "
                "from such.",
            ),
            (
                "The one with one view: on plain photos it is better.",
                "The change is -0.008 in favor of three views, and its interval includes 0. No side is shown to be better.",
            ),
            ("These photos cannot tell: on photos as they are sent, the interval includes 0.", ""),
            (
                "Neither: both are worse on changed photos.",
                "That they are worse there says nothing about the photos that people send.",
            ),
        ],
        why="People send plain photos, so only the plain judge counts, and its interval includes 0. The other judge favors the "
        "head that trained on photos like the judge's own.",
        means="Validation photos look like the photos that people send.",
        hints=(
            "Which of the two judges looks like the photos that people send?",
            "What does the interval of that judge include?",
            "A large gain before the wrong judge does not make up for an open one before the right judge.",
        ),
    ),
)
