"""The exercises of lesson 6, Convolutions."""

import numpy as np

from scripts.checks.exercise import predict, write

RANDOM = np.random.default_rng(6)

EXERCISES = (
    predict(
        title="How many rows come out?",
        minutes=2,
        task='A picture of 64 by 64 pixels goes through `Conv2D(8, 5, strides=2, padding="valid")`. How many rows has each '
        "map?",
        right=30,
        mistakes={
            30.5: "Half a place is no place: `//` rounds down.",
            29: "The place where the filter begins counts as well: the formula ends in + 1.",
            32: 'That would be `padding="same"`. Without a frame the filter does not fit at the border.',
            60: "That would be a stride of 1.",
            31: "Nearly: a filter of 5 takes 4 places more than one pixel does, not 3 and not 2.",
            8: "8 is the number of maps. Asked are the rows of one.",
        },
        expects="a whole number",
        means="(64 - 5) // 2 + 1.",
        hints=(
            'Use the formula of "Predict the shape". Which of its four numbers are given here?',
            "The size is 64, the kernel 5, the stride 2, and `valid` means a padding of 0.",
            "64 - 5 = 59; divided by 2 and rounded down; plus 1.",
        ),
        why="(64 + 2 · 0 - 5) // 2 + 1 = 59 // 2 + 1 = 29 + 1.",
        also_right=("answer = (64 - 5) // 2 + 1", "answer = 30.0", "answer = np.array([30])"),
    ),
    predict(
        title="How many weights has it?",
        minutes=2,
        task="A layer `Conv2D(32, 3)` gets maps with 16 channels. How many weights does it have, biases included?",
        right=4_640,
        mistakes={
            4_608: "The biases are missing: one for each filter.",
            320: "A filter reaches through all 16 channels of its input.",
            288: "A filter reaches through all 16 channels of its input, and has a bias.",
            145: "This is one filter. The layer has 32.",
            4_624: "There is a bias for each *filter*, not for each channel of the input.",
            896: "You took 3 channels, as of a color picture. This layer gets 16.",
        },
        expects="a whole number; Python may do the multiplication",
        means="3 · 3 · 16 numbers and a bias for each of the 32 filters, whatever the size of the maps.",
        hints=(
            "Count one filter first: how many channels does it reach through?",
            "One filter has 3 · 3 · 16 numbers, and a bias.",
            "There are 32 such filters.",
        ),
        why="(3 · 3 · 16 + 1) · 32. The size of the maps does not matter.",
        also_right=("answer = 3 * 3 * 16 * 32 + 32", "answer = np.float32(4640)"),
    ),
    write(
        title="Max pooling",
        minutes=6,
        task="Write a function that does max pooling of 2 by 2 to a map, an array of (rows, columns). If the number of rows or "
        "of columns is odd, the last one is left out, as Keras does.",
        name="max_pool",
        stub="def max_pool(map):\n    return ...",
        solution="def max_pool(map):\n"
        "    rows, columns = len(map) // 2, len(map[0]) // 2\n"
        "    squares = map[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2)\n"
        "    return squares.max(axis=(1, 3))",
        why="After the `reshape`, axis 1 is the row within a square and axis 3 the column within it. The slice before it "
        "leaves out what is odd; without it, `reshape` stops with an error.",
        cases={
            "a map of 4 x 4": (RANDOM.normal(size=(4, 4)),),
            "a map of 4 x 6": (RANDOM.normal(size=(4, 6)),),
            "a map of 5 x 5": (RANDOM.normal(size=(5, 5)),),
            "a map of 2 x 3": (RANDOM.normal(size=(2, 3)),),
            "a map below zero": (-1 - RANDOM.random((6, 2)),),
        },
        wrong={
            "def max_pool(map):\n    rows, columns = len(map) // 2, len(map[0]) // 2\n"
            "    return map[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2).mean(axis=(1, 3))": "This is the mean of "
            "each square. Max pooling keeps the largest number.",
            "def max_pool(map):\n    rows, columns = len(map) // 2, len(map[0]) // 2\n"
            "    return map[: 2 * rows : 2, : 2 * columns : 2]": "This keeps the top left number of each square, whatever the "
            "other three are.",
            "def max_pool(map):\n    rows, columns = len(map) // 2, len(map[0]) // 2\n"
            "    return map.reshape(rows, 2, columns, 2).max(axis=(1, 3))": "Right for even sizes. With an odd one, `reshape` "
            "stops: leave the last row or column out first.",
            "def max_pool(map):\n    rows, columns = len(map) // 2, len(map[0]) // 2\n"
            "    squares = map[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2)\n"
            "    return squares.max(axis=(0, 2))": "These are the wrong two axes: 0 and 2 count the squares, 1 and 3 the "
            "places within a square.",
            "def max_pool(map):\n    rows, columns = len(map) // 2, len(map[0]) // 2\n"
            "    squares = map[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2)\n"
            "    return np.maximum(squares.max(axis=(1, 3)), 0)": "This is ReLU as well: pooling leaves negative numbers as "
            "they are.",
        },
        also_right=(
            "def max_pool(map):\n    map = map[: len(map) // 2 * 2, : map.shape[1] // 2 * 2]\n"
            "    top, bottom = map[::2], map[1::2]\n    rows = np.maximum(top, bottom)\n"
            "    return np.maximum(rows[:, ::2], rows[:, 1::2]).astype('float32')",
            "def max_pool(numbers):\n    rows, columns = (size // 2 for size in numbers.shape)\n"
            "    return [[numbers[2 * r : 2 * r + 2, 2 * c : 2 * c + 2].max() for c in range(columns)] for r in range(rows)]",
        ),
        expects="an array of (rows // 2, columns // 2)",
        means="Height and width are halved, and the strongest answer of each square is kept.",
        hints=(
            "How many rows and columns come out? Twice as many are used of the map; cut off the rest.",
            "The lesson does it with `reshape(47, 2, 47, 2)` for a map of 94 x 94. Which numbers take the place of 47?",
            "After `reshape(rows, 2, columns, 2)` take the maximum over the axes 1 and 3.",
        ),
    ),
    write(
        title="What `Conv2D` does",
        kind="bug",
        minutes=3,
        trap=True,
        task="This function is meant to give the numbers that `Conv2D` would give for a line and a kernel. It raises no error "
        "and gives others; mend it, for every kernel.",
        name="slide",
        stub='def slide(line, kernel):\n    return np.convolve(line, kernel, mode="valid")',
        solution='def slide(line, kernel):\n    return np.correlate(line, kernel, mode="valid")',
        why="`np.convolve` turns the kernel around before it slides, `Conv2D` does not. Turned twice, with `kernel[::-1]`, is "
        'not turned, so `np.convolve(line, kernel[::-1], mode="valid")` is as good.',
        cases={
            "the kernel -1, 0, 1": (np.array([0, 0, 0, 1, 1, 1, 1, 0, 0, 0]), np.array([-1, 0, 1])),
            "the kernel 1, 2, 4": (np.array([0, 0, 1, 3, 1, 0, 2]), np.array([1, 2, 4])),
            "a kernel that is the same from both sides": (np.array([3.0, 1.0, 4.0, 1.0, 5.0]), np.array([1, 2, 1])),
            "a kernel of two numbers": (np.array([5.0, 3.0, 8.0]), np.array([1.0, 0.5])),
        },
        wrong={
            'def slide(line, kernel):\n    return -np.convolve(line, kernel, mode="valid")': "The sign was a sign only: for "
            "-1, 0, 1 this happens to be right. What does `np.convolve` do to the kernel 1, 2, 4?",
            'def slide(line, kernel):\n    return np.convolve(line[::-1], kernel, mode="valid")': "Now the numbers come in the "
            "reverse order. It is the kernel that is turned around, not the line.",
            'def slide(line, kernel):\n    return np.convolve(line, kernel[::-1], mode="same")': "The kernel is right. But "
            "`same` adds zeros at the ends; the places where the whole filter fits are `valid`.",
            "def slide(line, kernel):\n    return np.convolve(line, kernel[::-1])": "The kernel is right. But without "
            "`valid` it slides over both ends, and the result is longer than the line.",
            'def slide(line, kernel):\n    return np.abs(np.convolve(line, kernel, mode="valid"))': "Without its sign, an "
            "answer no longer says whether it gets brighter or darker.",
        },
        also_right=(
            "def slide(line, kernel):\n    return np.convolve(line, kernel[::-1], mode='valid')",
            "def slide(line, kernel):\n    size = len(kernel)\n"
            "    return [sum(line[i : i + size] * kernel) for i in range(len(line) - size + 1)]",
            "def slide(row, weights):\n    windows = np.lib.stride_tricks.sliding_window_view(row, len(weights))\n"
            "    return (windows @ weights).astype('float32')",
        ),
        expects="an array with a number for each place where the whole kernel fits on the line",
        means="`Conv2D` slides without turning: it is a cross-correlation, whatever its name says.",
        hints=(
            "Try both with the kernel 1, 2, 4 and a line that has a single 1. What comes out?",
            "`np.convolve` turns the kernel around first.",
            "Turn the kernel once more, or take NumPy's function that does not turn it.",
        ),
    ),
)
