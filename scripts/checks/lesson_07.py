"""The exercises of lesson 7, Xception."""

import numpy as np

from scripts.checks.exercise import choose, predict, write

RANDOM = np.random.default_rng(7)
PHOTO = RANDOM.integers(0, 256, (6, 6, 3), dtype="uint8")
BLACK_AND_WHITE = np.array([[[0, 0, 0], [255, 255, 255]]], dtype="uint8")


def prepare(*lines):
    return "\n".join(["def prepare(photo):", *("    " + line for line in lines)])


EXERCISES = (
    write(
        title="Prepare a photo",
        minutes=5,
        trap=True,
        task="Write a function that makes of one photo, an array of (height, width, 3) with values 0 to 255, what Xception "
        "wants: a batch of one, scaled from -1 to 1. The photo that it gets must stay as it is, also if it is an array of "
        "decimals; use NumPy only.",
        name="prepare",
        stub="def prepare(photo):\n    return ...",
        solution=prepare('return photo[np.newaxis].astype("float32") / 127.5 - 1'),
        why="`np.newaxis` makes the batch of one, and dividing makes a new array, so the photo stays. "
        "`photo /= 127.5` would have changed it, as `preprocess_input` does with an array of decimals.",
        cases={
            "a photo": (PHOTO,),
            "black and white": (BLACK_AND_WHITE,),
            "a photo of decimals": (PHOTO.astype("float32"),),
        },
        wrong={
            prepare(
                "return photo[np.newaxis] / 255"
            ): "You divided by 255, so it reaches from 0 to 1. Xception wants -1 to 1.",
            prepare(
                "return photo / 127.5 - 1"
            ): "The range is right. The network wants a batch: the axis in front is missing.",
            prepare("return photo[np.newaxis] / 127.5"): "It reaches from 0 to 2 now: a step is missing.",
            prepare(
                "return photo[..., np.newaxis] / 127.5 - 1"
            ): "The new axis is at the end. The batch axis is the first.",
            prepare(
                'return photo[np.newaxis].astype("float32")'
            ): "It has its batch axis, and still the values 0 to 255: nobody scaled it.",
            prepare(
                "batch = photo[np.newaxis] / 127.5 - 1", "return batch / 127.5 - 1"
            ): "Scaled twice: every pixel is about -1, a black picture.",
            prepare(
                "photo /= 127.5", "photo -= 1", "return photo[np.newaxis]"
            ): "It writes into the photo that it was handed (and into whole numbers it cannot): make a new array first.",
            prepare(
                "photo = photo.copy()", "photo /= 127.5", "photo -= 1", "return photo[np.newaxis]"
            ): "`/=` cannot write decimals into an array of whole numbers. Make one of decimals first.",
            prepare(
                "low, high = float(photo.min()), float(photo.max())",
                "return 2 * (photo[np.newaxis] - low) / (high - low) - 1",
            ): "You scale by the darkest and the brightest pixel of this photo. It is 0 and 255 that become -1 and 1, "
            "whatever the photo holds.",
            prepare(
                "return photo.reshape(1, 299, 299, 3) / 127.5 - 1"
            ): "It stops with a ValueError: the photo may have any height and width. Only the axis in front is new.",
            prepare(
                "return photo[np.newaxis] - 127.5 / 127.5"
            ): "Python divides before it subtracts, so only 1 is taken away here. Where do parentheses belong?",
        },
        also_right=(
            prepare("return np.array([photo]) / 127.5 - 1"),
            prepare("return (photo[None].astype('float64') - 127.5) / 127.5"),
            prepare("batch = np.array([photo], dtype='float32')", "batch /= 127.5", "batch -= 1", "return batch"),
        ),
        expects="an array of decimals of shape (1, height, width, 3), from -1 to 1",
        means="Size, batch axis and range: nothing tells you if one of the ranges is wrong, so it pays to have one function.",
        hints=(
            "Two things have to change: the shape and the range. Do one after the other.",
            "`photo[np.newaxis]` is a batch of one.",
            "Dividing by 127.5 gives 0 to 2. One subtraction is left.",
        ),
    ),
    predict(
        title="Scaled twice",
        minutes=3,
        trap=True,
        task="A white pixel, 255, goes through `preprocess_input` twice by mistake. Which number arrives at the network? "
        "Three decimals are enough.",
        right=1 / 127.5 - 1,
        mistakes={
            1: "That is white scaled once. Do the same again with this number.",
            -1: "Black would be about that, and white nearly: give three decimals.",
            1 / 127.5: "The second time, too, 1 is subtracted.",
            2: "This is 255 divided by 127.5. The subtraction is missing, and the second time.",
            0: "Do both steps in order, twice: divide by 127.5, subtract 1.",
            -0.99: "Close. Two decimals are too few here.",
            255 / 127.5**2 - 1: "You divided twice, and subtracted once. Each time does both.",
            255 / 127.5**2: "You divided twice, and subtracted nothing. Each time does both.",
            1 - 1 / 127.5: "Mind the sign: the 1 is what is subtracted.",
            -1.008: "That is what becomes of a black pixel. White is a little brighter.",
        },
        within=0.0006,
        expects="a number with three decimals",
        means="White arrives nearly black, and black does as well: all pictures look alike, and no error tells you.",
        hints=(
            "`preprocess_input` divides by 127.5 and subtracts 1. What does it make of 255 the first time?",
            "The first time 255 becomes 1. Put this number in again.",
            "1 divided by 127.5 is about 0.008. Subtract 1.",
        ),
        why="255 / 127.5 - 1 = 1, and 1 / 127.5 - 1 is about -0.992.",
        also_right=("answer = -0.992", "answer = (255 / 127.5 - 1) / 127.5 - 1", "answer = np.float32(-0.99216)"),
    ),
    predict(
        title="Count a separable convolution",
        minutes=3,
        task="A depthwise separable convolution turns 64 channels into 128, with kernels of 3 by 3 and without biases. How "
        "many weights has it?",
        right=8_768,
        mistakes={
            73_728: "That is the ordinary convolution: a kernel for each pair of an input and an output channel.",
            8_192: "This is the pointwise step. The depthwise one has weights, too.",
            576: "This is the depthwise step. The pointwise one has weights, too.",
            9_344: "The depthwise step comes first: it has a kernel for each channel that goes *in*.",
            74_304: "The pointwise filters are 1 by 1: they do not look around.",
            81_920: "The depthwise step has no kernel for each pair: it has one for each channel that comes in.",
            704: "A pointwise filter has more than one weight: it mixes all channels that come in.",
            1_728: "No 3 by 3 kernels for the channels that go out: how are the ones that come in mixed?",
            8_960: "That is with biases. This one has none.",
            8_896: "So Keras counts unless you say `use_bias=False`: with a bias for each output. This one has none.",
        },
        expects="a whole number; Python may do the multiplication",
        means="9 · 64 for looking around and 64 · 128 for mixing, instead of 9 · 64 · 128.",
        hints=(
            "Count the two steps by themselves, then add.",
            "Depthwise: one kernel of 3 by 3 for each of the 64 channels that go in.",
            "Pointwise: 128 filters of 1 by 1, each through all 64 channels.",
        ),
        why="Depthwise 3 · 3 · 64 = 576, pointwise 1 · 1 · 64 · 128 = 8,192.",
        also_right=("answer = 9 * 64 + 64 * 128", "answer = np.float64(8768)"),
    ),
    choose(
        title="0.97 sure",
        kind="decide",
        minutes=2,
        task="On drawn pictures the stand-in's 45 answers above 0.9 were all right; of 13 such answers about the same pictures "
        "upside down, 7 kept their name. Now it is 0.97 sure of a picture on its side: how far do you trust the answer?",
        options=[
            (
                "Fully: above 0.9 it was always right.",
                "That was counted on upright pictures. Already upside down, 6 of 13 such answers changed.",
            ),
            (
                "In 97 of 100 cases it is right.",
                "The number of the network is no such promise, not even on familiar photos: "
                "there it agreed only roughly.",
            ),
            ("I cannot say before I have counted on such pictures.", ""),
            (
                "Not at all: on photos of another kind it is never sure.",
                "It can be very sure on them, as it is here. It names something even for pure noise.",
            ),
        ],
        why="How often sure answers are right was counted on upright pictures. On others, the same number can mean something "
        "else, and only counting tells.",
        means="What was counted on one kind of photo holds for that kind.",
        hints=(
            "On which kind of pictures were the 45 answers counted?",
            "What became of the answers above 0.9 when the pictures were turned around?",
            "13 were still sure; of these, 7 kept their name. That is another kind of picture again. What would you have to do to know more?",
        ),
    ),
)
