"""The exercises of lesson 1, Loading images."""

import numpy as np

from scripts.checks.exercise import predict, write

RANDOM = np.random.default_rng(1)
DARK, LIGHT = (np.full((4, 5, 3), value, dtype="uint8") for value in (10, 20))
ONE, OTHER = (RANDOM.integers(0, 256, (6, 5, 3), dtype="uint8") for _ in range(2))


def photo(height, width):
    return RANDOM.integers(0, 256, (height, width, 3), dtype="uint8")


EXERCISES = (
    predict(
        title="A little brighter",
        minutes=2,
        trap=True,
        task="A pixel of a `uint8` array holds 250, and you add 10 to the array. Which number does the pixel hold now? "
        "Write it down before you try it.",
        right=4,
        mistakes={
            260: "260 does not fit: `uint8` ends at 255.",
            255: "It does not stop at the top. That is what `np.clip` would do, and nobody called it.",
            5: "Nearly: you counted 255 values. Zero is one, too.",
            250: "The addition does happen. What comes after 255?",
            10: "You begin at 10 again. How many of the ten steps are left once 255 is reached?",
        },
        expects="a whole number from 0 to 255",
        means="After 255 comes 0, and no error tells you: (250 + 10) % 256.",
        hints=(
            "How many values has `uint8`, and which is the largest?",
            "After 255 comes 0 again, as 0:00 comes after 23:59 on a clock.",
            "Five steps lead from 250 to 255, the sixth to 0. How many are left?",
        ),
        why="`uint8` has 256 values. From 250, five steps lead to 255, the sixth to 0, the last four to 4. "
        "In one line: `(250 + 10) % 256`.",
        also_right=(
            "answer = (250 + 10) % 256",
            "answer = (np.array([250], dtype='uint8') + 10)[0]",
            "answer = np.array([4.0], dtype='float32')",
        ),
    ),
    write(
        title="How different are two photos?",
        kind="bug",
        minutes=4,
        trap=True,
        task="This function is meant to return by how much two `uint8` photos of one size differ, the mean over all their "
        "numbers. For a photo that is 10 everywhere and one that is 20 everywhere it says 246; mend it.",
        name="difference",
        stub="def difference(first, second):\n    return np.abs(first - second).mean()",
        solution='def difference(first, second):\n    return np.abs(first.astype("float32") - second).mean()',
        why="10 - 20 in `uint8` is 246, and `np.abs` comes too late: 246 has no sign. Once one of the two is a float, NumPy "
        "subtracts in floats.",
        cases={
            "a dark photo and a lighter one": (DARK, LIGHT),
            "a light photo and a darker one": (LIGHT, DARK),
            "a photo and itself": (ONE, ONE),
            "two photos of all colors": (ONE, OTHER),
            "black and white": (np.zeros((2, 2, 3), "uint8"), np.full((2, 2, 3), 255, "uint8")),
        },
        wrong={
            'def difference(first, second):\n    return np.abs(first.astype("float32") - second).max()': "This is the largest "
            "difference. Asked is the mean.",
            'def difference(first, second):\n    return (first.astype("float32") - second).mean()': "Now brighter and darker "
            "places cancel each other: the sign has to go before the mean.",
            'def difference(first, second):\n    return np.clip(first.astype("float32") - second, 0, 255).mean()': "`np.clip` makes "
            "0 of every place where the second photo is the lighter one: such a difference counts as well.",
            'def difference(first, second):\n    return np.abs(first.astype("int8") - second.astype("int8")).mean()': "`int8` "
            "has 256 values too, from -128 to 127: now the larger colors wrap around.",
            'def difference(first, second):\n    return np.abs(first.astype("float32").mean() - second.mean())': "This compares "
            "the two means. Different photos can be equally bright: subtract pixel by pixel.",
        },
        also_right=(
            "def difference(a, b):\n    return np.abs(a.astype(int) - b.astype(int)).mean()",
            "def difference(first, second):\n"
            "    return float((np.maximum(first, second) - np.minimum(first, second)).mean())",
            "def difference(first, second):\n    return np.mean(np.abs(np.subtract(first, second, dtype='float64')))",
        ),
        expects="one number from 0 to 255",
        means="In floats, 10 - 20 is -10, and its absolute value is 10.",
        hints=(
            'What does `np.array([10], dtype="uint8") - np.array([20], dtype="uint8")` give?',
            "The subtraction wraps around before `np.abs` sees anything.",
            "Change one of the two photos to floats, with `astype`, before they are subtracted.",
        ),
    ),
    write(
        title="Cut out the middle square",
        minutes=7,
        task="Write a function that gets a photo as an array of (height, width, 3) and returns the square in its middle, as "
        "large as possible. If an odd number of rows or columns has to go, one more goes at the bottom or at the right.",
        name="middle_square",
        stub="def middle_square(array):\n    return ...",
        solution="def middle_square(array):\n"
        "    height, width, _ = array.shape\n"
        "    side = min(height, width)\n"
        "    top, left = (height - side) // 2, (width - side) // 2\n"
        "    return array[top : top + side, left : left + side]",
        why="The shorter side is the side of the square. What is too long is halved, which gives the first row and column; "
        "`top + side` also works where nothing has to go, while `array[0:-0]` would be empty.",
        cases={
            "an upright photo": (photo(8, 6),),
            "a wide photo": (photo(4, 8),),
            "a square photo": (photo(5, 5),),
            "an upright photo with an odd rest": (photo(7, 4),),
            "a wide photo with an odd rest": (photo(2, 7),),
            "a photo of one column": (photo(4, 1),),
        },
        dtype="uint8",
        wrong={
            "def middle_square(array):\n    side = min(array.shape[:2])\n    return array[:side, :side]": "This square is "
            "at the top left. The middle begins half of the rest further in.",
            "def middle_square(array):\n    width, height, _ = array.shape\n    side = min(height, width)\n"
            "    top, left = (height - side) // 2, (width - side) // 2\n"
            "    return array[top : top + side, left : left + side]": "Height and width have changed places: NumPy's shape "
            "begins with the height.",
            "def middle_square(array):\n    height, width, _ = array.shape\n    side = min(height, width)\n"
            "    top, left = (height - side) // 2, (width - side) // 2\n"
            "    return array[top : height - top, left : width - left]": "Right where the rest is even. With an odd rest, one "
            "row or column too many stays: count from the first one on.",
            "def middle_square(array):\n    height, width, _ = array.shape\n    side = min(height, width)\n"
            "    top, left = (height - side) // 2, (width - side) // 2\n"
            "    return array[top:-top, left:-left]": "`array[0:-0]` is empty: it means from 0 to 0. Where nothing is to be "
            "cut off, the end must not be `-0`.",
            "def middle_square(array):\n    side = min(array.shape)\n    top, left = (np.array(array.shape[:2]) - side) // 2\n"
            "    return array[top : top + side, left : left + side]": "The 3 of the channels is no side. The square gets 3 "
            "pixels at most.",
        },
        also_right=(
            "def middle_square(photo):\n    side = min(photo.shape[:2])\n"
            "    top, left = [(length - side) // 2 for length in photo.shape[:2]]\n"
            "    return photo[top:][:side][:, left:][:, :side].copy()",
        ),
        expects="a `uint8` array of shape (side, side, 3)",
        means="The loader of the course crops like this when you say nothing else.",
        hints=(
            "The side of the square is the smaller one of height and width.",
            "The first row is half of what is too much: `(height - side) // 2`; the first column likewise.",
            "End the slice at the first row plus the side, so that it also works where nothing has to go.",
        ),
    ),
    predict(
        title="Which shape comes out?",
        minutes=2,
        task="A photo is 300 pixels wide and 400 high. Which shape has "
        "`np.array(load_img(path, target_size=(150, 100)))`? Write it as a tuple.",
        right=(150, 100, 3),
        mistakes={
            (100, 150, 3): "This is turned around. `target_size` is not Pillow's (width, height).",
            (150, 100): "Rows and columns are right. A color photo has a third axis.",
            (400, 300, 3): "This is the photo before it was shrunk.",
            (3, 150, 100): "The channels come last, not first.",
            (1, 150, 100, 3): "Nobody made a batch: this is one photo.",
        },
        expects="a tuple of whole numbers, one for each axis",
        means="`target_size` and NumPy both put the height first, and the photo is squashed without a word.",
        hints=(
            "How does `target_size` count: as NumPy does or as Pillow does?",
            "`target_size` is (height, width), and NumPy's shape begins with the height.",
            "Height, width, and one number for the three colors.",
        ),
        why="`target_size` means (height, width), NumPy's shape is (height, width, channels). The photo's own proportions, "
        "300 to 400, do not matter: it is squashed.",
        also_right=(
            "answer = [150, 100, 3]",
            "answer = np.zeros((150, 100, 3)).shape",
            "answer = np.array([150, 100, 3])",
        ),
    ),
)
