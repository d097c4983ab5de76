"""Draw the diagrams of the course: `python images/draw.py` writes every SVG beside this file.

One style for all: a white panel that reads on light and dark pages, colors that color-blind people
tell apart (Okabe and Ito), words beside every color. Numbers in a diagram are computed here.
"""

import math
from pathlib import Path
from xml.sax.saxutils import escape

HERE = Path(__file__).parent
WIDTH = 760
BLUE, ORANGE, GREEN, RED, SKY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9"
INK, GRAY, PALE = "#222222", "#767676", "#f2f2f2"


def text(x, y, words, size=14, anchor="middle", weight="normal", color=INK):
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}" '
        f'fill="{color}">{escape(str(words))}</text>'
    )


def box(x, y, width, height, fill="white", edge=INK, stroke=1.5, dash="", round_=4):
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{round_}" fill="{fill}" '
        f'stroke="{edge}" stroke-width="{stroke}"{dashes}/>'
    )


def line(x1, y1, x2, y2, color=INK, width=1.5, dash="", arrow=False):
    extra = (f' stroke-dasharray="{dash}"' if dash else "") + (' marker-end="url(#arrow)"' if arrow else "")
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{color}" stroke-width="{width}"{extra}/>'


def arrow(x1, y1, x2, y2, color=INK, width=1.5, dash=""):
    return line(x1, y1, x2, y2, color, width, dash, arrow=True)


def labeled(x, y, width, height, *words, fill="white", edge=INK, size=14, dash="", stroke=1.5):
    """A box with lines of words in its middle."""
    first = y + height / 2 + 5 - (len(words) - 1) * (size + 4) / 2
    lines = [text(x + width / 2, first + n * (size + 4), word, size) for n, word in enumerate(words)]
    return "".join([box(x, y, width, height, fill, edge, stroke, dash), *lines])


def grid(values, x, y, cell, fill=lambda row, column: "white", size=14):
    """A table of numbers, a list of rows; `fill` gives the color of a cell."""
    parts = []
    for row, numbers in enumerate(values):
        for column, number in enumerate(numbers):
            left, top = x + column * cell, y + row * cell
            parts.append(box(left, top, cell, cell, fill(row, column), "#999999", 1, round_=0))
            parts.append(text(left + cell / 2, top + cell / 2 + 5, number, size) if number != "" else "")
    return "".join(parts)


def frame(x, y, cell, rows, columns, color, dash=""):
    return box(x, y, columns * cell, rows * cell, "none", color, 4, dash, round_=2)


def window(values, row, column, side=3):
    return [numbers[column : column + side] for numbers in values[row : row + side]]


def weighted_sum(patch, kernel):
    return sum(a * b for one, other in zip(patch, kernel, strict=True) for a, b in zip(one, other, strict=True))


def sliding_kernel():
    picture, kernel = [[8, 8, 8, 2, 2, 2]] * 6, [[1, 0, -1]] * 3
    result = [[weighted_sum(window(picture, row, column), kernel) for column in range(4)] for row in range(4)]
    places = ((1, 1, ORANGE, ""), (2, 3, BLUE, "7 4"))
    parts = [
        text(150, 36, "picture: bright left, dark right", weight="bold"),
        grid(picture, 30, 52, 40, lambda row, column: "#fff3c4" if picture[row][column] > 5 else "#d9d9d9"),
        text(390, 76, "kernel", weight="bold"),
        grid(kernel, 330, 92, 40),
        text(390, 236, "the same nine weights", 13),
        text(390, 254, "at every place", 13),
        text(610, 76, "feature map", weight="bold"),
        grid(result, 530, 92, 40, lambda row, column: "#cdeadd" if result[row][column] else "white"),
        arrow(276, 152, 322, 152),
        arrow(456, 152, 522, 152),
    ]
    for number, (row, column, color, dash) in enumerate(places):
        patch = window(picture, row, column)
        each = " + ".join(f"{a}·{b}" if b >= 0 else f"{a}·({b})" for a, b in zip(patch[0], kernel[0], strict=True))
        parts += [
            frame(30 + column * 40, 52 + row * 40, 40, 3, 3, color, dash),
            frame(530 + column * 40, 92 + row * 40, 40, 1, 1, color, dash),
            frame(30, 312 + number * 34, 20, 1, 1, color, dash),
            text(
                60,
                328 + number * 34,
                f"3 rows × ({each})  =  3 × {weighted_sum(patch[:1], kernel[:1])}  =  {weighted_sum(patch, kernel)}",
                15,
                "start",
            ),
        ]
    parts.append(
        text(60, 398, "Large where bright meets dark, 0 where nothing changes: it finds a vertical edge.", 14, "start")
    )
    return "A kernel slides over a picture", 420, parts


def filter_rgb():
    patches = {
        "red": ([[9, 9, 1], [9, 9, 1], [9, 9, 1]], "#f7d0c4"),
        "green": ([[2, 2, 2], [2, 2, 2], [2, 2, 2]], "#cdeadd"),
        "blue": ([[1, 1, 1], [1, 1, 1], [1, 1, 8]], "#cfe3f5"),
    }
    kernels = {"red": [[1, 0, -1]] * 3, "green": [[0, 1, 0]] * 3, "blue": [[1, 0, 0], [0, 0, 0], [0, 0, -1]]}
    bias, sums = 2, {name: weighted_sum(patch, kernels[name]) for name, (patch, _) in patches.items()}
    total = sum(sums.values()) + bias
    parts = [text(95, 30, "3 x 3 pixels", weight="bold"), text(270, 30, "one filter", weight="bold")]
    for number, (name, (patch, color)) in enumerate(patches.items()):
        top = 44 + number * 112
        parts += [
            grid(patch, 50, top, 30, lambda row, column, color=color: color),
            text(95, top + 106, name, 13),
            text(182, top + 52, "×", 20),
            grid(kernels[name], 225, top, 30),
            text(352, top + 51, f"=  {sums[name]}", 18, weight="bold"),
            line(385, top + 45, 438, 202, GRAY),
        ]
    added = " + ".join(f"({value})" if value < 0 else str(value) for value in sums.values())
    parts += [
        labeled(440, 168, 165, 68, f"{added} + {bias}", f"= {total}", fill="#fff3c4", size=15),
        text(523, 258, "bias 2", 13),
        arrow(608, 202, 640, 202),
    ]
    for number in range(4):
        parts.append(box(650 + number * 10, 130 + number * 10, 70, 70, "white" if number else "#fff3c4"))
    parts += [
        text(690, 262, "one map for", 13),
        text(690, 280, "each filter", 13),
        text(
            WIDTH / 2,
            406,
            "A filter has a kernel for each channel; the sums are added to ONE number. 16 filters give 16 maps.",
            14,
        ),
    ]
    return "One filter looks through red, green and blue", 426, parts


def pooling():
    values = [[1, 3, 0, 2], [5, 2, 1, 1], [0, 0, 7, 4], [2, 1, 3, 6]]
    colors = [["#fff3c4", "#cfe3f5"], ["#cdeadd", "#f7d0c4"]]
    result = [[max(max(row[c : c + 2]) for row in values[r : r + 2]) for c in (0, 2)] for r in (0, 2)]
    parts = [
        text(190, 40, "feature map, 4 x 4", weight="bold"),
        grid(values, 90, 56, 50, lambda row, column: colors[row // 2][column // 2], 18),
        arrow(320, 156, 440, 156),
        text(380, 140, "largest of four"),
        text(540, 80, "2 x 2", weight="bold"),
        grid(result, 480, 96, 60, lambda row, column: colors[row][column], 20),
        text(WIDTH / 2, 292, "Half the height, half the width: three numbers of four go, the strongest stays."),
    ]
    for row in (0, 2):
        for column in (0, 2):
            parts.append(frame(90 + column * 50, 56 + row * 50, 50, 2, 2, INK))
    return "2 x 2 max pooling", 316, parts


def noun(count, level):
    return ("pixel" if level == "pixels" else "number") + ("s" if count > 1 else "")


def receptive_field():
    levels = [("pooling 2", 2, 2), ("convolution 3", 3, 1), ("convolution 3", 3, 1)]
    seen, counts = {5 // 2}, []
    for _, size, step in levels:  # from the top down: which numbers below does the marked one see
        counts.append(len(seen))
        seen = {position * step + shift for position in seen for shift in range(size)}
    counts.append(len(seen))
    names = [name for name, _, _ in levels] + ["pixels"]
    parts, row_cells = [], [5, 10, 12, 14]
    marked = {2}
    for number, (name, cells) in enumerate(zip(names, row_cells, strict=True)):
        y, left = 46 + number * 82, 400 - cells * 17
        parts += [
            box(left + cell * 34, y, 32, 32, ORANGE if cell in marked else PALE, GRAY, 1) for cell in range(cells)
        ]
        parts += [
            text(24, y + 21, name, 14, "start"),
            text(744, y + 21, f"{counts[number]} {noun(counts[number], name)}", 14, "end", "bold"),
        ]
        if number < len(levels):
            _, size, step = levels[number]
            below = {position * step + shift for position in marked for shift in range(size)}
            edges = (min(marked), min(below)), (max(marked) + 1, max(below) + 1)
            next_left = 400 - row_cells[number + 1] * 17
            parts += [line(left + a * 34 - 1, y + 34, next_left + b * 34 - 1, y + 80, ORANGE, 2) for a, b in edges]
            marked = below
    parts.append(
        text(
            WIDTH / 2,
            372,
            f"One number at the top depends on {counts[-1]} pixels of a row: {counts[-1]} x {counts[-1]} of the picture.",
        )
    )
    return "The receptive field grows from layer to layer", 394, parts


def dense_beside_convolution():
    parts = [text(190, 34, "Dense", 16, weight="bold"), text(570, 34, "Convolution", 16, weight="bold")]
    for row in range(6):
        for column in range(6):
            x, y = 60 + column * 26, 60 + row * 26
            parts += [box(x, y, 24, 24, PALE, GRAY, 1), box(430 + column * 26, y, 24, 24, PALE, GRAY, 1)]
    parts += [
        line(60 + column * 26 + 12, 60 + row * 26 + 12, 318, 138, SKY, 0.8) for row in range(6) for column in range(6)
    ]
    parts += [
        f'<circle cx="326" cy="138" r="15" fill="{BLUE}"/>',
        text(190, 244, "36 weights for one number:"),
        text(190, 264, "each pixel has a weight of its own,"),
        text(190, 284, "and none knows who its neighbors are"),
        frame(430 + 26, 60 + 26, 26, 3, 3, ORANGE),
        frame(430 + 78, 60 + 52, 26, 3, 3, ORANGE, "6 4"),
        arrow(592, 138, 622, 138),
        grid(
            [[""] * 4 for _ in range(4)],
            630,
            86,
            26,
            lambda row, column: "#fff3c4" if (row, column) == (1, 1) else "white",
        ),
        text(570, 244, "9 weights for all 16 numbers:"),
        text(570, 264, "they slide, so a neighborhood is looked at"),
        text(570, 284, "in the same way wherever it lies"),
    ]
    return "A dense layer beside a convolution", 306, parts


def step_batch_epoch():
    whole, rest = divmod(400, 32)
    unit = 690 / 400
    parts, x = [text(WIDTH / 2, 34, "400 training pictures, shuffled", weight="bold")], 35
    for number in range(1, whole + 2):
        size = 32 if number <= whole else rest
        fill = SKY if number % 2 else "#cfe3f5"
        parts += [
            box(x, 52, size * unit - 2, 50, fill, GRAY, 1),
            text(x + size * unit / 2, 82, size, 13),
            arrow(x + size * unit / 2, 106, x + size * unit / 2, 134),
            text(x + size * unit / 2, 154, number, 14, weight="bold"),
        ]
        x += size * unit
    parts += [
        text(35, 182, "a batch: 32 pictures that the network sees at once; the last one has what is left", 14, "start"),
        text(35, 206, "a step (1 to 13): the weights change once, after each batch", 14, "start"),
        line(35, 226, 725, 226, ORANGE, 3),
        line(35, 220, 35, 232, ORANGE, 3),
        line(725, 220, 725, 232, ORANGE, 3),
        text(
            WIDTH / 2,
            252,
            f"an epoch: every picture was seen once, in {whole + bool(rest)} steps; the next one shuffles again",
            14,
        ),
    ]
    return "Step, batch and epoch", 274, parts


def photographers():
    """Counts of the real data set: images.csv of clothing-dataset-small."""
    validation, known, test = 341, 332, (235, 70, 34, 22, 11)
    unit, parts = 560, [text(WIDTH / 2, 32, "Who took the photos? (the real set)", 15, weight="bold")]
    for name, y, count in (("train", 56, 3068), ("validation", 136, validation), ("test", 216, sum(test))):
        parts += [text(20, y + 22, name, 15, "start", "bold"), text(20, y + 42, f"{count:,} photos", 13, "start")]
    parts += [labeled(170, 56, unit, 42, "people of train", fill="#cfe3f5")]
    share = known / validation
    parts += [
        labeled(170, 136, unit * share, 42, f"{share:.0%} by people who are in train too", fill="#cfe3f5"),
        box(170 + unit * share, 136, unit * (1 - share), 42, "white"),
        text(170, 196, "so validation asks about photos of known people; white: new ones", 13, "start"),
    ]
    x = 170
    for number, photos in enumerate(test):
        width = unit * photos / sum(test)
        parts.append(labeled(x, 216, width, 42, photos, fill=("#fff3c4", "#f5dca0")[number % 2], size=13))
        x += width
    parts.append(
        text(170, 276, "five people, none of them in train: test asks about photos of new people", 13, "start")
    )
    return "Photographers by splits", 296, parts


def depthwise_pointwise():
    channels, filters = 64, 128
    ordinary, depth, point = 9 * channels * filters, 9 * channels, channels * filters
    parts = [
        text(175, 34, "ordinary convolution", 16, weight="bold"),
        text(560, 34, "depthwise, then pointwise", 16, weight="bold"),
        line(345, 20, 345, 322, "#cccccc"),
    ]
    for number in range(4):
        parts += [
            box(40 + number * 12, 70 + number * 12, 80, 80, PALE),
            box(222 + number * 12, 70 + number * 12, 70, 70, "#cfe3f5"),
        ]
        parts.append(box(375 + number * 10, 80 + number * 10, 62, 62, PALE))
        parts.append(box(512 + number * 10, 80 + number * 10, 62, 62, "#fff3c4"))
        parts.append(box(655 + number * 8, 84 + number * 8, 56, 56, "#cfe3f5"))
    parts += [
        arrow(168, 128, 214, 128),
        text(98, 204, "64 channels"),
        text(275, 204, "128 channels"),
        text(175, 236, "each of 128 filters has a"),
        text(175, 256, "3 x 3 kernel for each of 64 channels"),
        text(175, 296, f"3·3·64·128 = {ordinary:,} weights", 15, weight="bold"),
        arrow(470, 126, 506, 126),
        arrow(608, 126, 648, 126),
        text(420, 204, "64"),
        text(555, 204, "64"),
        text(695, 204, "128"),
        text(487, 66, "3 x 3 each", 13),
        text(632, 66, "1 x 1", 13),
        text(487, 236, "one kernel a channel:"),
        text(487, 256, "looks around, mixes nothing"),
        text(668, 236, "one pixel:"),
        text(668, 256, "mixes channels"),
        text(560, 296, f"3·3·64 + 64·128 = {depth:,} + {point:,} = {depth + point:,}", 15, weight="bold"),
        text(560, 318, f"{ordinary / (depth + point):.1f} times fewer", 14),
    ]
    return "Depthwise and pointwise instead of an ordinary convolution", 338, parts


def xception_blocks():
    flows = (
        (
            "entry flow",
            "#cfe3f5",
            ("block 1: two", "convolutions"),
            ("blocks 2 to 4:", "halve the image"),
            "",
            "19 x 19 x 728",
        ),
        (
            "middle flow",
            "#fff3c4",
            ("blocks 5 to 12:", "keep the shape"),
            ("three separable", "convolutions"),
            "8 times",
            "19 x 19 x 728",
        ),
        ("exit flow", "#cdeadd", ("block 13:", "halves again"), ("block 14: no", "shortcut"), "", "10 x 10 x 2048"),
    )
    parts = [text(62, 128, "photo", weight="bold"), text(62, 148, "299 x 299 x 3", 13), arrow(112, 136, 136, 136)]
    for number, (name, fill, first, second, times, shape) in enumerate(flows):
        x = 140 + number * 196
        parts += [
            box(x, 44, 168, 168, fill),
            text(x + 84, 66, name, 15, weight="bold"),
            labeled(x + 16, 80, 136, 48, *first, size=13),
            labeled(x + 16, 140, 136, 48, *second, size=13),
            text(x + 84, 206, times, 13, weight="bold"),
            text(x + 84, 234, shape, 13),
        ]
        if number < 2:
            parts.append(arrow(x + 170, 136, x + 192, 136))
    parts += [
        text(624, 256, "mean over the places: 2,048 features", 13),
        text(20, 292, "Inside a block:", 14, "start", "bold"),
        labeled(150, 300, 110, 44, "what goes in", size=13, fill=PALE),
        arrow(262, 322, 300, 322),
        labeled(304, 300, 190, 44, "separable convolutions", size=13),
        arrow(496, 322, 540, 322),
        f'<circle cx="558" cy="322" r="15" fill="white" stroke="{INK}" stroke-width="1.5"/>',
        text(558, 328, "+", 18, weight="bold"),
        arrow(575, 322, 612, 322),
        labeled(616, 300, 120, 44, "what comes out", size=13, fill=PALE),
        f'<path d="M 280 322 V 376 H 558 V 347" fill="none" stroke="{RED}" stroke-width="2.5"/><path d="M 553 349 L 558 339 L 563 349 z" fill="{RED}"/>',
        text(
            380,
            394,
            "shortcut: around the block, and added (blocks 2 to 13; where sizes change, through a 1 x 1 convolution)",
            13,
            color=RED,
        ),
    ]
    return "Xception: three flows of blocks, with shortcuts", 412, parts


def base_and_head():
    parts = [
        labeled(20, 80, 90, 80, "photo", "150 x 150", fill=PALE, size=13),
        arrow(112, 120, 138, 120),
        labeled(
            142,
            50,
            230,
            140,
            "base: Xception",
            "without its top",
            "20.9 million weights",
            fill="#cfe3f5",
            edge=BLUE,
            stroke=3,
        ),
        text(257, 212, "FROZEN: training leaves it as it is", 14, color=BLUE, weight="bold"),
        arrow(374, 120, 402, 120),
        labeled(406, 80, 110, 80, "features", "one list", "for a photo", fill=PALE, size=13),
        arrow(518, 120, 544, 120),
        labeled(548, 72, 104, 96, "new head", "one Dense", "layer", fill="#fff3c4", edge=ORANGE, stroke=3),
        text(600, 194, "TRAINED", 14, color="#8a5d00", weight="bold"),
        arrow(654, 120, 680, 120),
        text(712, 108, "a number", 13),
        text(712, 126, "for each", 13),
        text(712, 144, "class", 13),
        line(142, 240, 516, 240, GRAY, 2),
        line(548, 240, 740, 240, GRAY, 2),
        text(329, 262, "once for each photo, then kept on disk"),
        text(644, 262, "again in every epoch"),
    ]
    return "Transfer learning: a frozen base and a new head", 284, parts


def front_tail_frozen():
    parts = [
        labeled(16, 90, 80, 70, "photo", fill=PALE),
        arrow(98, 125, 122, 125),
        labeled(126, 60, 200, 130, "front", "all blocks but the last", fill="#cfe3f5", edge=BLUE, stroke=3),
        text(226, 212, "frozen: computed once", 14, color=BLUE, weight="bold"),
        arrow(328, 125, 356, 125),
        labeled(360, 92, 62, 66, "maps", fill=PALE),
        arrow(424, 125, 448, 125),
        labeled(
            452, 60, 170, 60, "tail: convolutions", "of the last block", fill="#f7d0c4", edge=RED, stroke=3, size=13
        ),
        labeled(
            452, 130, 170, 60, "tail: batch", "normalization", fill="#cfe3f5", edge=BLUE, stroke=3, size=13, dash="7 4"
        ),
        text(537, 44, "small steps", 14, color=RED, weight="bold"),
        text(537, 212, "stays frozen", 14, color=BLUE, weight="bold"),
        arrow(624, 125, 648, 125),
        labeled(652, 90, 92, 70, "head", fill="#fff3c4", edge=ORANGE, stroke=3),
        text(698, 184, "trained first,", 13, color="#8a5d00", weight="bold"),
        text(698, 202, "then moves", 13, color="#8a5d00", weight="bold"),
        text(WIDTH / 2, 248, "Fine-tuning moves the head and the convolutions of the tail; nothing else."),
    ]
    return "Fine-tuning: front, tail and head", 270, parts


LESSONS = {  # what is written; the map shows nothing else
    "Pictures": ((1, "loading images"), (2, "the dataset"), (3, "scores")),
    "TensorFlow and Keras": ((4, "TensorFlow"), (5, "Keras"), (6, "convolutions")),
    "Somebody else's network": (
        (7, "Xception"),
        (8, "transfer learning"),
        (9, "learning rate"),
        (10, "checkpoints"),
        (11, "layers and dropout"),
        (12, "augmentation"),
        (13, "larger images"),
        (14, "fine-tuning"),
    ),
    "From a model to something that is used": (
        (15, "evaluation"),
        (16, "explanation"),
        (17, "saving and export"),
        (18, "TensorBoard"),
        (19, "scaling out"),
        (20, "your own photos"),
    ),
    "Looking back": ((21, "then and now"),),
}


def course_map():
    fills = ("#fff3c4", "#cdeadd", "#cfe3f5", "#f6dccb", PALE)
    parts, y = [labeled(20, 20, 720, 36, "0  start here", fill="white", stroke=2.5)], 78
    for (group, lessons), fill in zip(LESSONS.items(), fills, strict=True):
        rows = math.ceil(len(lessons) / 4)
        parts += [arrow(WIDTH / 2, y - 20, WIDTH / 2, y - 3), box(20, y, 720, 34 + rows * 48, fill, GRAY, 1)]
        parts.append(text(36, y + 23, group, 15, "start", "bold"))
        for position, (number, name) in enumerate(lessons):
            row, column = divmod(position, 4)
            parts.append(labeled(36 + column * 174, y + 34 + row * 48, 168, 36, f"{number}  {name}", size=13))
        y += 34 + rows * 48 + 22
    return "The lessons of the course, in order", y + 4, parts


DIAGRAMS = (
    sliding_kernel,
    filter_rgb,
    pooling,
    receptive_field,
    dense_beside_convolution,
    step_batch_epoch,
    photographers,
    depthwise_pointwise,
    xception_blocks,
    base_and_head,
    front_tail_frozen,
    course_map,
)
WORDS = {
    "sliding_kernel": "A 3 x 3 kernel on a 6 x 6 picture, bright on the left and dark on the right; two places of the kernel are marked, with their sums 18 and 0 in the 4 x 4 map.",
    "filter_rgb": "Three 3 x 3 patches, one per color, each times its kernel; the three sums and a bias make one number of one map.",
    "pooling": "A 4 x 4 map in four squares of 2 x 2; the largest number of each goes into a 2 x 2 map.",
    "receptive_field": "Four rows of cells; one cell at the top depends on more and more cells below, six pixels in the end.",
    "dense_beside_convolution": "Left, lines from all 36 pixels to one unit; right, a 3 x 3 window that slides over the pixels.",
    "step_batch_epoch": "400 pictures cut into twelve batches of 32 and one of 16; thirteen steps make an epoch.",
    "photographers": "Three bars: train; validation, of which 97 % is by people of train; test, by five other people.",
    "depthwise_pointwise": "Left, filters that look at all channels; right, one kernel a channel, then a mix of channels, with far fewer weights.",
    "xception_blocks": "Entry, middle and exit flow from left to right, and a block with the path around it that is added.",
    "base_and_head": "A photo goes through the frozen base to features, and these through a trained head to a number for each class.",
    "front_tail_frozen": "The base cut in a frozen front and a tail, of which only the convolutions are trained, then the head.",
    "course_map": "The lessons as boxes in groups, from top to bottom.",
}
PAGE = """<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{name}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="Helvetica, Arial, sans-serif">
<title id="{name}">{title}</title>
<desc>{words}</desc>
<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M 0 0 L 10 5 L 0 10 z" fill="{ink}"/></marker></defs>
<rect x="1" y="1" width="{inner}" height="{inner_height}" rx="12" fill="white" stroke="#cccccc"/>
{parts}
</svg>
"""


def svg(diagram):
    """Return the text of a diagram's file."""
    title, height, parts = diagram()
    return PAGE.format(
        name=diagram.__name__,
        title=escape(title),
        words=escape(WORDS[diagram.__name__]),
        width=WIDTH,
        height=height,
        inner=WIDTH - 2,
        inner_height=height - 2,
        ink=INK,
        parts="\n".join(parts),
    )


if __name__ == "__main__":
    for one in DIAGRAMS:
        (HERE / f"{one.__name__}.svg").write_bytes(svg(one).encode())
