"""What a garment of the sample is made of: fabrics, and the pieces and lines of each of the ten
classes.

Coordinates: x to the right, y down, 1 unit is half a meter, the middle of the neck or the waist at
(0, 0). A garment is a list of `Part` (a piece of cloth) and `Stroke` (a line), painted in that
order by `scripts/sample/drawing.py`.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFont

TILE = 128  # pixels a side of a fabric's pattern, which repeats
NAMED_COLORS = (  # as clothes have them; the first ten, dark, white, gray and blue, are the most frequent
    (0.13, 0.13, 0.14),
    (0.18, 0.18, 0.21),
    (0.93, 0.93, 0.92),
    (0.88, 0.86, 0.82),
    (0.55, 0.55, 0.57),
    (0.34, 0.35, 0.38),
    (0.11, 0.14, 0.28),
    (0.16, 0.24, 0.50),
    (0.35, 0.50, 0.72),
    (0.62, 0.74, 0.86),
    (0.66, 0.10, 0.15),
    (0.82, 0.20, 0.20),
    (0.40, 0.08, 0.16),
    (0.88, 0.48, 0.58),
    (0.95, 0.78, 0.78),
    (0.15, 0.36, 0.24),
    (0.40, 0.44, 0.26),
    (0.50, 0.70, 0.55),
    (0.85, 0.66, 0.22),
    (0.90, 0.52, 0.22),
    (0.74, 0.63, 0.48),
    (0.48, 0.35, 0.25),
    (0.42, 0.26, 0.50),
    (0.70, 0.60, 0.80),
    (0.12, 0.48, 0.52),
)
WORDS = (
    "SUMMER",
    "NEW YORK",
    "1984",
    "HAPPY",
    "TEAM",
    "LOVE",
    "OCEAN",
    "ROCK",
    "SMILE",
    "PARIS",
    "SPORT",
    "WILD",
    "GO!",
    "DREAM",
)


@dataclass(frozen=True)
class Fabric:
    """A cloth: a repeated picture of its pattern, (TILE, TILE, 3) floats in 0-1, and how its
    surface behaves.
    """

    tile: np.ndarray
    base: np.ndarray  # its main color
    relief: str = ""  # "", "rib", "knit" or "quilt"
    relief_period: float = 6.0  # pixels
    gloss: float = 0.0
    zoom: float = 1.0
    thread: tuple = ()  # color of its stitches, where they are meant to be seen


@dataclass(frozen=True)
class Fold:
    """A ridge in the cloth from `start` to `end`, `width` wide and `depth` high, `bow` widths away
    from a straight line.
    """

    start: tuple
    end: tuple
    width: float = 0.05
    depth: float = 0.012
    bow: float = 0.0
    open_end: bool = False  # deepest at its end instead of in its middle


@dataclass(frozen=True)
class Part:
    """A piece of cloth."""

    outline: np.ndarray  # (n, 2)
    fabric: Fabric
    folds: tuple = ()
    lift: float = 1.0  # how thick it is: its shadow and the roundness of its edge
    tone: float = 1.0  # below 1: the dark inside
    grain: float = 0.0  # radians by which the pattern is turned
    softness: float = 1.0  # how much of the wrinkles it takes on
    opacity: float = 1.0
    shift: int = 0  # so that patterns and wrinkles do not continue across a seam
    fades: tuple = ()  # folds whose place is worn, so that the color is paler
    motif: tuple | None = None  # (RGBA array, left, top, width, height)


@dataclass(frozen=True)
class Stroke:
    """A line: a "seam", a round "cord", or "paint"."""

    points: np.ndarray
    kind: str = "seam"
    width: float = 0.006
    color: tuple = (0, 0, 0)
    strength: float = 0.45
    dash: float = 0.0  # length of a stitch


# --- Shapes
# --------------------------------------------------------------------------------------------------


def smooth(*runs, steps=8):
    """Return a dense outline, (n, 2), through runs of points: curved within a run (Catmull-Rom),
    with a corner between two runs.
    """
    return np.concatenate([run if len(run) > 15 else curve(run, steps) for run in runs])


def curve(points, steps=8):
    """Return a smooth curve, (n, 2), through the points."""
    points = np.asarray(points, float)
    if len(points) == 2:
        return points
    padded = np.concatenate([[2 * points[0] - points[1]], points, [2 * points[-1] - points[-2]]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = []
    for p0, p1, p2, p3 in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        pieces.append(
            0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3)
        )
    return np.concatenate([*pieces, points[-1:]])


def mirror(points):
    """Return points mirrored at the middle, x = 0, in reverse order."""
    return (np.asarray(points, float) * [-1, 1])[::-1]


def mirror_part(part):
    """Return the part on the other side."""
    folds, fades = (
        tuple(replace(f, start=(-f.start[0], f.start[1]), end=(-f.end[0], f.end[1]), bow=-f.bow) for f in group)
        for group in (part.folds, part.fades)
    )
    return replace(
        part, outline=mirror(part.outline), folds=folds, fades=fades, grain=-part.grain, shift=part.shift + 37
    )


def mirror_item(item):
    return mirror_part(item) if isinstance(item, Part) else replace(item, points=mirror(item.points))


def ellipse(x, y, across, down=None, turn=0.0, count=28):
    """Return an ellipse around (x, y), (n, 2), with these half axes."""
    angles = np.linspace(0, 2 * math.pi, count, endpoint=False)
    points = np.column_stack([np.cos(angles) * across, np.sin(angles) * (across if down is None else down)])
    cosine, sine = math.cos(turn), math.sin(turn)
    return points @ np.array([[cosine, sine], [-sine, cosine]]) + [x, y]


def turned(item, angle, offset):
    """Return a part or stroke turned by an angle (radians) around (0, 0), then moved."""
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    move = lambda points: np.asarray(points, float) @ turn + offset  # noqa: E731
    if isinstance(item, Stroke):
        return replace(item, points=move(item.points))
    folds = tuple(replace(fold, start=tuple(move(fold.start)), end=tuple(move(fold.end))) for fold in item.folds)
    return replace(item, outline=move(item.outline), folds=folds, grain=item.grain + angle)


def button(x, y, color, radius=0.013):
    """Return a button with its two holes, as parts."""
    color = np.asarray(color)
    hole = solid(color * 0.4)
    return [
        Part(ellipse(x, y, radius, count=14), solid(color), lift=0.25, softness=0),
        Part(ellipse(x, y - radius * 0.3, radius * 0.16, count=6), hole, lift=0, softness=0),
        Part(ellipse(x, y + radius * 0.3, radius * 0.16, count=6), hole, lift=0, softness=0),
    ]


# --- Fabrics
# --------------------------------------------------------------------------------------------------


def any_color(g):
    """Return a color that clothes come in, an array of 3."""
    position = g.integers(10) if g.random() < 0.45 else g.integers(len(NAMED_COLORS))
    return np.clip(np.array(NAMED_COLORS[position]) + g.normal(0, 0.035, 3), 0.04, 0.96)


def color_against(g, background):
    """Return a color that can be told from a background, mostly."""
    color = any_color(g)
    for _ in range(20):
        if np.abs(color - background).sum() > 0.9:
            break
        color = any_color(g)
    return color


def solid(color):
    """Return a fabric of one color."""
    color = np.asarray(color, np.float32)
    return Fabric(np.broadcast_to(color, (TILE, TILE, 3)), color)


def woven(g, color, strength=0.05):
    """Return a fabric of one color whose threads differ a little."""
    threads = g.normal(0, strength, (TILE, TILE, 1)) * 0.5 + g.normal(0, strength, (1, TILE, 1)) * 0.4
    color = np.asarray(color, np.float32)
    return Fabric((color * (1 + threads)).astype(np.float32), color)


def denim(g, color=None):
    """Return denim: diagonal threads, worn places, stitches in a color of their own."""
    if color is None:
        shades = [
            (0.12, 0.16, 0.28),
            (0.20, 0.29, 0.45),
            (0.38, 0.49, 0.64),
            (0.60, 0.68, 0.77),
            (0.14, 0.14, 0.16),
            (0.45, 0.45, 0.46),
        ]
        color = np.array(shades[g.integers(len(shades))]) + g.normal(0, 0.02, 3)
    row, column = np.indices((TILE, TILE))
    twill = 0.05 * np.where((row + column) % 4 < 2, 1, -1) + g.normal(0, 0.07, (TILE, TILE))
    thread = [(0.80, 0.55, 0.25), (0.78, 0.72, 0.60), tuple(color * 0.6)][g.integers(3)]
    tile = (color * (1 + twill[..., None])).astype(np.float32)
    return Fabric(tile, color, thread=thread)


def printed_fabric(g, colors, pattern):
    """Return a fabric with a pattern in these colors (the first is the ground): stripes, checks,
    dots, floral and so on.
    """
    size = 2 * TILE
    ground = np.asarray(colors[0], float)
    ink = [np.asarray(color, float) for color in colors[1:]]
    image = Image.new("RGB", (size, size), rgb(ground))
    pen = ImageDraw.Draw(image)
    if pattern == "stripes":
        period = size // int(g.choice([2, 3, 4, 6, 8, 12]))
        share = g.uniform(0.15, 0.6)
        for index, top in enumerate(range(0, size, period)):
            pen.rectangle(
                (0, top, size, top + max(3, int(share * period))),
                fill=rgb(ink[index % len(ink)] if period > 40 else ink[0]),
            )
        if g.random() < 0.3:
            image = image.transpose(Image.Transpose.ROTATE_90)
    elif pattern == "checks":
        return checked(g, ground, ink)
    elif pattern == "dots":
        period = size // int(g.choice([4, 6, 8, 10]))
        radius = period * g.uniform(0.14, 0.32)
        for row in range(size // period):
            for column in range(size // period):
                x, y = (column + 0.5 * (row % 2)) * period + radius, row * period + radius + 2
                disc(pen, x, y, radius, rgb(ink[0]), size)
    else:  # "floral", "damask"
        draw_flowers(g, pen, size, ink, large=pattern == "damask")
    tile = np.asarray(image.reduce(2), np.float32) / 255
    return Fabric(tile, ground.astype(np.float32))


def rgb(color):
    return tuple(int(value) for value in np.clip(np.asarray(color) * 255 + 0.5, 0, 255))


def disc(pen, x, y, radius, color, size):
    """Draw a disc that continues on the other side of a repeated tile."""
    for left in (x - size, x, x + size):
        for top in (y - size, y, y + size):
            pen.ellipse((left - radius, top - radius, left + radius, top + radius), fill=color)


def draw_flowers(g, pen, size, ink, large):
    for _ in range(10 if large else int(g.integers(12, 34))):
        x, y = g.uniform(0, size, 2)
        petal = g.uniform(0.09, 0.15) * size if large else g.uniform(0.02, 0.07) * size
        color, middle, leaf = (
            rgb(ink[g.integers(len(ink))]),
            rgb(ink[0] * 0.6),
            rgb(np.array([0.25, 0.4, 0.25]) * 0.5 + ink[-1] * 0.5),
        )
        count, start = int(g.integers(4, 8)), g.uniform(0, 6)
        disc(pen, x + petal * 1.2, y + petal, petal * 0.5, leaf, size)
        disc(pen, x - petal * 1.3, y + petal * 0.6, petal * 0.4, leaf, size)
        for index in range(count):
            angle = start + 2 * math.pi * index / count
            disc(pen, x + petal * math.cos(angle) * 0.8, y + petal * math.sin(angle) * 0.8, petal * 0.55, color, size)
        disc(pen, x, y, petal * 0.4, middle, size)


def checked(g, ground, ink):
    """Return a gingham or tartan: bands of color that cross, and mix where they do."""
    lines = np.zeros(TILE)
    cells = TILE // int(g.choice([3, 4, 6]))
    lines[np.arange(TILE) % cells < cells * g.uniform(0.3, 0.55)] = g.uniform(0.4, 0.9)
    fine = np.where(np.abs(np.arange(TILE) % cells - cells * 0.75) < max(1, cells * 0.04), 0.7, 0.0)
    cover = (lines[:, None] + lines[None, :])[..., None] / 2
    thin = np.maximum(fine[:, None], fine[None, :])[..., None]
    tile = ground + (ink[0] - ground) * cover
    tile = tile + (ink[-1] - tile) * thin * (g.random() < 0.6)
    tile = (tile + np.roll(tile, 1, 0) + np.roll(tile, 1, 1) + np.roll(tile, (1, 1), (0, 1))) / 4
    return Fabric(tile.astype(np.float32), np.asarray(ground + (ink[0] - ground) * 0.4, np.float32))


def any_fabric(g, background, **shares):
    """Return a fabric that can be told from the background. `shares` are weights of "plain",
    "denim", "shiny" and of patterns.
    """
    kind = str(g.choice(list(shares), p=np.array(list(shares.values())) / sum(shares.values())))
    color = color_against(g, background)
    if kind == "denim":
        shade = denim(g)
        for _ in range(6):
            if np.abs(shade.base - background).sum() > 0.7:
                break
            shade = denim(g)
        return shade
    if kind == "shiny":
        return replace(woven(g, color, 0.02), gloss=float(g.uniform(0.4, 1.0)))
    if kind != "plain":
        return printed_fabric(g, [color, color_against(g, color), any_color(g)], kind)
    return woven(g, color, g.uniform(0.01, 0.09))


def motif(g, width, center):
    """Return something printed on a chest: (RGBA array of floats, left, top, width, height)."""
    image = Image.new("RGBA", (192, 192))
    pen = ImageDraw.Draw(image)
    colors = [(*rgb(any_color(g)), 255) for _ in range(4)]
    kind = g.choice(["words", "emblem", "animal", "picture"])
    if kind in ("words", "emblem"):
        top = 20
        if kind == "emblem":
            draw_emblem(g, pen, colors)
            top = 130
        for line in range(int(g.integers(1, 4)) if kind == "words" else 1):
            word = WORDS[g.integers(len(WORDS))]
            font = ImageFont.load_default(size=int(min(58, 300 / len(word))))
            pen.text((96, top + 50 * line), word, font=font, fill=colors[line % 4], anchor="mt")
    elif kind == "animal":
        for side in (-1, 1):
            pen.ellipse((96 + side * 48 - 26, 20, 96 + side * 48 + 26, 90), fill=colors[0])
        pen.ellipse((30, 40, 162, 170), fill=colors[0])
        for side in (-1, 1):
            pen.ellipse((96 + side * 30 - 10, 80, 96 + side * 30 + 10, 104), fill=(20, 20, 20, 255))
        pen.ellipse((78, 112, 114, 140), fill=colors[1])
    else:
        pen.rectangle((20, 10, 172, 182), fill=colors[0])
        for _ in range(14):
            x, y, radius = g.uniform(30, 160), g.uniform(20, 170), g.uniform(6, 34)
            box = (max(20, x - radius), max(10, y - radius), min(172, x + radius), min(182, y + radius))
            pen.ellipse(box, fill=colors[g.integers(1, 4)])
    picture = np.asarray(image.reduce(2), np.float32) / 255
    picture[..., 3] *= g.uniform(0.8, 0.97)
    return picture, center[0] - width / 2, center[1] - width / 2, width, width


def draw_emblem(g, pen, colors):
    if g.random() < 0.5:
        pen.ellipse((41, 10, 151, 120), fill=colors[0])
        pen.ellipse((56, 25, 136, 105), fill=colors[1])
    corners = int(g.choice([5, 6, 8]))
    star = []
    for index in range(2 * corners):
        angle, radius = math.pi * index / corners - math.pi / 2, 36 if index % 2 else 16
        star.append((96 + radius * math.cos(angle), 65 + radius * math.sin(angle)))
    pen.polygon(star, fill=colors[2])


# --- Upper bodies
# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cut:
    """Half widths and heights of an upper body."""

    shoulder: float
    chest: float
    waist: float
    hem: float
    length: float
    neck: float
    dip: float  # how deep the neckline is
    slope: float
    armhole: float

    @property
    def shoulder_point(self):
        return (self.shoulder, self.slope)

    @property
    def armpit(self):
        return (self.chest, self.slope + self.armhole)


def any_cut(g, kids, fitted, length, dip=(0.10, 0.2), roomy=1.0):
    """Return a random `Cut`; fitted ones have a waist. `length` and `dip` are ranges."""
    chest = g.uniform(0.42, 0.54) * roomy
    shoulder = chest * g.uniform(0.84, 1.0)
    tall = g.uniform(*length) * (0.82 if kids else 1.0)
    if fitted:
        waist, hem = chest * g.uniform(0.82, 0.92), chest * g.uniform(0.95, 1.08)
    else:
        waist, hem = chest * g.uniform(0.96, 1.02), chest * g.uniform(0.95, 1.04)
    neck = g.uniform(0.15, 0.24)
    return Cut(
        shoulder, chest, waist, hem, tall, neck, g.uniform(*dip), g.uniform(0.05, 0.12), g.uniform(0.36, 0.46) * roomy
    )


def neckline(cut, style):
    """Return the runs of points of a neckline from left to right."""
    n, d = cut.neck, cut.dip
    if style == "v":
        return [[(-n, 0), (-n * 0.5, d * 0.62), (0, d * 1.7)], [(0, d * 1.7), (n * 0.5, d * 0.62), (n, 0)]]
    if style == "square":
        return [[(-n, 0), (-n * 0.92, d)], [(-n * 0.92, d), (n * 0.92, d)], [(n * 0.92, d), (n, 0)]]
    return [
        [
            (-n, 0),
            (-n * 0.82, d * 0.58),
            (-n * 0.42, d * 0.93),
            (0, d),
            (n * 0.42, d * 0.93),
            (n * 0.82, d * 0.58),
            (n, 0),
        ]
    ]


def side_runs(cut, hem_drop=0.0):
    """Return the runs from the right neck point around the right side and the hem's right half to
    its middle.
    """
    return [
        [(cut.neck, 0), cut.shoulder_point],
        armhole_of(cut),
        [cut.armpit, (cut.waist, cut.slope + cut.armhole + (cut.length - cut.armhole) * 0.38), (cut.hem, cut.length)],
        [
            (cut.hem, cut.length),
            (cut.hem * 0.5, cut.length + 0.012 + hem_drop * 0.8),
            (0, cut.length + 0.018 + hem_drop),
        ],
    ]


def armhole_of(cut):
    """Return the seam between the body and the right sleeve, from the shoulder to the armpit."""
    hollow = min(cut.shoulder, cut.chest) - 0.035
    return curve([cut.shoulder_point, (hollow, cut.slope + cut.armhole * 0.55), cut.armpit])


def body_outline(cut, style, hem_drop=0.0):
    """Return the outline of the front of an upper body."""
    half = side_runs(cut, hem_drop)
    other = [mirror(run) for run in reversed(half)]
    return smooth(*half, *other, *neckline(cut, style))


def body_folds(g, cut, hung, count=7):
    """Return folds where an upper body has them: from the armpits, across the waist, along the
    length when it hangs.
    """
    folds = []
    for _ in range(count):
        side = g.choice([-1, 1])
        if hung or g.random() < 0.35:
            x = g.uniform(-0.8, 0.8) * cut.waist
            start, end = (x * 0.75, cut.length * g.uniform(0.25, 0.5)), (x, cut.length * g.uniform(0.85, 1.05))
        elif g.random() < 0.6:
            start = (side * cut.chest * g.uniform(0.85, 1.0), cut.armpit[1] + g.uniform(-0.1, 0.1))
            end = (side * g.uniform(-0.1, 0.25), start[1] + g.uniform(-0.2, 0.4))
        else:
            y = cut.length * g.uniform(0.5, 0.95)
            start, end = (side * cut.waist * 0.95, y), (side * g.uniform(-0.2, 0.2), y + g.uniform(-0.1, 0.1))
        folds.append(Fold(start, end, g.uniform(0.025, 0.06), g.uniform(0.006, 0.017), g.normal(0, 0.7)))
    return tuple(folds)


def limb(start, end, center, half_widths):
    """Return the outline of a sleeve or strap: from the seam between `start` and `end` along a
    center line, (k, 2), with half widths.

    Also returns its far end, as the two corners, and the angle of its far half.
    """
    line = curve(center, 10)
    t = np.linspace(0, 1, len(line))
    direction = np.gradient(line, axis=0)
    normal = np.column_stack([-direction[:, 1], direction[:, 0]]) / np.hypot(*direction.T)[:, None]
    width = np.interp(t, np.linspace(0, 1, len(half_widths)), half_widths)[:, None]
    seam = (np.asarray(end, float) - np.asarray(start, float)) / 2
    blend = np.clip(t / 0.4, 0, 1)[:, None]
    offset = seam * (1 - blend) + normal * width * blend
    first, second = line - offset, line + offset
    far = line[-1] - line[len(line) // 2]
    return np.concatenate([first, second[::-1]]), (first[-1], second[-1]), math.atan2(far[1], far[0])


def sleeve_of(g, cut, fabric, length, wrist, angle, bend, trim):
    """Return the parts and lines of a right sleeve. `angle` (radians below the horizontal) and
    `bend` say how it lies; `trim` how it ends: "hem", "rib", "cuff" or "".
    """
    start, end = np.array(cut.shoulder_point), np.array(cut.armpit)
    middle = (start + end) / 2 - [0.03, 0]
    # The sleeve leaves the shoulder outward, then falls.
    cap = middle + np.array([0.1 * min(angle, 1), 0.03 + 0.05 * angle]) * min(length / 0.7, 1)
    first = np.array([math.cos(angle), math.sin(angle)]) * length / 2
    second = np.array([math.cos(angle + bend), math.sin(angle + bend)]) * length / 2
    center = [
        middle,
        cap,
        cap + first * 0.45,
        cap + first * 0.9,
        cap + first * 0.9 + second * 0.5,
        cap + first * 0.9 + second,
    ]
    wide = cut.armhole * 0.42
    outline, corners, direction = limb(start, end, center, [wide, wide * 0.62 + wrist * 0.38, wrist * 1.12, wrist])
    outline = np.concatenate([outline, (armhole_of(cut) - [0.012, 0])[::-1]])
    elbow = center[3]
    folds = []
    for _ in range(int(2 + 3 * length)):
        place = elbow + g.normal(0, 0.12 * length, 2)
        across = np.array([-math.sin(angle), math.cos(angle)]) * wide * g.uniform(0.5, 1.1)
        lean = np.array([math.cos(angle), math.sin(angle)]) * g.normal(0, 0.08)
        folds.append(
            Fold(tuple(place - across + lean), tuple(place + across), g.uniform(0.02, 0.045), g.uniform(0.006, 0.015))
        )
    folds.append(Fold(tuple(start + [0.02, 0.1]), tuple(elbow), 0.05, g.uniform(0.004, 0.012), g.normal(0, 0.5)))
    grain = direction - math.pi / 2
    items = [Part(outline, fabric, tuple(folds), lift=0.9, grain=grain, shift=int(g.integers(20, 100)))]
    inward = -np.array([math.cos(direction), math.sin(direction)])
    high, low = np.array(corners[0]), np.array(corners[1])
    if trim == "hem":
        depth = inward * 0.045
        items.append(Stroke(np.array([high + depth, low + depth]), strength=0.28, dash=0.012))
    elif trim in ("rib", "cuff"):
        depth = 0.11 if trim == "rib" else 0.12
        squeeze = 0.12 if trim == "rib" else -0.04
        top, bottom = high + (low - high) * squeeze, low + (high - low) * squeeze
        band = smooth(
            [high + inward * 0.01, top - inward * depth],
            [top - inward * depth, bottom - inward * depth],
            [bottom - inward * depth, low + inward * 0.01],
        )
        cloth = ribbed(fabric) if trim == "rib" else fabric
        items.append(Part(band, cloth, lift=0.5, grain=grain, softness=0.4, tone=0.96))
        if trim == "cuff":
            spot = bottom * 0.75 + top * 0.25 - inward * depth / 2
            items += button(*spot, fabric.base * 0.5 + 0.4, 0.011)
    return items


def ribbed(fabric, color=None):
    """Return the ribbed knit of a cuff, a collar or a hem that goes with a fabric."""
    plain = solid(fabric.base if color is None else color)
    return replace(plain, relief="rib", relief_period=4.0)


def sleeves(g, cut, fabric, length, wrist, hung, trim):
    """Return both sleeves, which lie differently, and whether they lie on top of the body."""
    short = length < 0.5
    items = []
    shared = g.uniform(0.35, 0.8) if short else g.choice([g.uniform(0.8, 1.1), g.uniform(1.1, 1.35)])
    for side in (1, -1):
        if hung:
            angle, bend = g.uniform(0.8, 1.1) if short else g.uniform(1.25, 1.45), g.uniform(0, 0.15)
        else:
            angle = shared + g.normal(0, 0.07)
            bend = 0.0 if short else g.choice([g.uniform(-0.1, 0.3), g.uniform(0.3, 0.9)], p=[0.88, 0.12])
        pieces = sleeve_of(g, cut, fabric, length, wrist, angle, bend, trim)
        items += pieces if side == 1 else [mirror_item(piece) for piece in pieces]
    return items, not short and g.random() < 0.5


def inside_back(g, cut, fabric, style, depth=0.0):
    """Return the inside of the back, which shows in the neck opening, with its label."""
    outline = smooth(
        [
            (-cut.neck - 0.01, 0.01),
            (-cut.neck * 0.5, -0.012),
            (0, -0.02),
            (cut.neck * 0.5, -0.012),
            (cut.neck + 0.01, 0.01),
        ],
        [
            (cut.neck + 0.01, 0.01),
            (cut.neck * 0.9, cut.dip * 2 + depth),
            (0, cut.dip * 2.2 + depth),
            (-cut.neck * 0.9, cut.dip * 2 + depth),
            (-cut.neck - 0.01, 0.01),
        ],
    )
    items = [Part(outline, fabric, lift=0.5, tone=0.62, softness=0.5, shift=11)]
    items.append(Stroke(curve([(-cut.neck, 0.03), (0, 0.012), (cut.neck, 0.03)]), strength=0.3))
    if g.random() < 0.6:
        label = np.array([(-0.035, 0.015), (0.035, 0.015), (0.035, 0.06), (-0.035, 0.06)])
        items.append(Part(label, solid(g.choice([0.9, 0.15]) * np.ones(3)), lift=0.05, softness=0))
    return items


def hanger(g, cut):
    """Return a clothes hanger: its bar inside the neck and its hook above."""
    color = np.array([(0.12, 0.11, 0.11), (0.62, 0.44, 0.28), (0.85, 0.85, 0.86), (0.25, 0.45, 0.65)][g.integers(4)])
    wide = cut.shoulder * 0.9
    bar = smooth(
        [(-wide, cut.slope + 0.05), (0, -0.06), (wide, cut.slope + 0.05)],
        [(wide, cut.slope + 0.09), (0, 0.0), (-wide, cut.slope + 0.09)],
    )
    hook = curve([(0, -0.04), (0, -0.13), (0.035, -0.18), (0.02, -0.235), (-0.03, -0.23), (-0.045, -0.19)])
    metal = tuple(np.array([0.55, 0.55, 0.57]))
    return [Part(bar, solid(color), lift=0.6, softness=0), Stroke(hook, "cord", 0.016, metal, 1.0)]


def upper_body(g, cut, fabric, style, hung, sleeve, wrist, trim, hem="hem", hem_drop=0.0, print_width=0.0):
    """Return the parts of a t-shirt, a sweater, a shirt or the top of a dress, without collar and
    closure.
    """
    items = inside_back(g, cut, fabric, style)
    if hung:
        items += hanger(g, cut)
    on_top = False
    arms = []
    if sleeve:
        arms, on_top = sleeves(g, cut, fabric, sleeve, wrist, hung, trim)
    if not on_top:
        items += arms
    picture = motif(g, print_width, (0, cut.slope + cut.armhole * g.uniform(0.85, 1.1))) if print_width else None
    items.append(Part(body_outline(cut, style, hem_drop), fabric, body_folds(g, cut, hung), motif=picture))
    if sleeve:
        seam = armhole_of(cut)
        items += [Stroke(seam, strength=0.35), Stroke(mirror(seam), strength=0.35)]
    edge = curve(
        [
            (-cut.hem, cut.length),
            (-cut.hem * 0.5, cut.length + 0.012 + hem_drop * 0.8),
            (0, cut.length + 0.018 + hem_drop),
            (cut.hem * 0.5, cut.length + 0.012 + hem_drop * 0.8),
            (cut.hem, cut.length),
        ]
    )
    if hem == "hem":
        items.append(Stroke(edge * [0.985, 1] - [0, 0.045], strength=0.3, dash=0.012))
    elif hem == "rib":
        band = np.concatenate([edge - [0, 0.02], (edge * [0.94, 1] + [0, 0.11])[::-1]])
        items.append(Part(band, ribbed(fabric), lift=0.6, softness=0.5, tone=0.95))
    if on_top:
        items += arms
    return items


def neck_band(cut, style, fabric, width=0.05):
    """Return the ribbed band along a neckline."""
    if style == "square":
        return []
    line = smooth(*neckline(cut, style))
    inner = line * [1 - width / cut.neck * 0.55, 1] - [0, width * 0.55]
    inner[[0, -1]] = line[[0, -1]] * [0.9, 1] - [0, 0.02]
    return [
        Part(np.concatenate([line, inner[::-1]]), ribbed(fabric), lift=0.25, softness=0.2, tone=1.02),
        Stroke(line + [0, 0.008], strength=0.25),
    ]


# --- The classes
# --------------------------------------------------------------------------------------------------


def t_shirt(g, background, kids, hung):
    fitted = g.random() < 0.45
    cut = any_cut(g, kids, fitted, (1.2, 1.5), (0.1, 0.2))
    fabric = any_fabric(g, background, plain=0.8, stripes=0.2)
    style = str(g.choice(["round", "v"], p=[0.75, 0.25]))
    sleeve = g.uniform(0.2, 0.3) if fitted else g.uniform(0.28, 0.42)
    printed = g.random() < (0.8 if kids else 0.5)
    items = upper_body(
        g,
        cut,
        fabric,
        style,
        hung,
        sleeve,
        cut.armhole * g.uniform(0.36, 0.43),
        "hem",
        print_width=g.uniform(0.35, 0.6) * cut.chest * 2 * printed,
    )
    trim = replace(fabric, base=any_color(g)) if g.random() < 0.2 else fabric
    items += neck_band(cut, style, trim, g.uniform(0.03, 0.06))
    if not printed and g.random() < 0.25:
        items += patch_pocket(fabric, cut.chest * 0.45, cut.slope + cut.armhole * 0.8, 0.1)
    return items


def longsleeve(g, background, kids, hung):
    cut = any_cut(g, kids, g.random() < 0.3, (1.15, 1.4), (0.08, 0.16))
    fabric = any_fabric(g, background, plain=1)
    printed = g.random() < 0.6
    items = upper_body(
        g,
        cut,
        fabric,
        "round",
        hung,
        g.uniform(1.0, 1.2) * (0.85 if kids else 1),
        g.uniform(0.085, 0.11),
        "rib",
        hem="rib",
        print_width=g.uniform(0.35, 0.55) * cut.chest * 2 * printed,
    )
    return items + neck_band(cut, "round", fabric, g.uniform(0.04, 0.08))


def patch_pocket(fabric, x, y, half, flap=False):
    """Return a pocket sewn on a chest or a seat, with its stitches."""
    thread = fabric.thread or tuple(fabric.base * 0.6)
    outline = np.array(
        [
            (x - half, y),
            (x + half, y),
            (x + half * 0.97, y + half * 1.7),
            (x, y + half * 2.1),
            (x - half * 0.97, y + half * 1.7),
        ]
    )
    inner = (outline - [x, y + half]) * 0.88 + [x, y + half]
    items = [
        Part(outline, fabric, lift=0.3, softness=1.0),
        Stroke(inner[[0, 4, 3, 2, 1]], "paint", 0.006, thread, 0.7, 0.016),
        Stroke(outline[:2] + [0, 0.03], strength=0.3),
    ]
    if flap:
        cover = np.array(
            [
                (x - half * 1.04, y - 0.02),
                (x + half * 1.04, y - 0.02),
                (x + half * 1.04, y + half * 0.5),
                (x, y + half * 0.75),
                (x - half * 1.04, y + half * 0.5),
            ]
        )
        items += [Part(cover, fabric, lift=0.4), *button(x, y + half * 0.45, fabric.base * 0.4 + 0.3)]
    return items


def shirt(g, background, kids, hung):
    cut = any_cut(g, kids, g.random() < 0.4, (1.35, 1.6), (0.1, 0.14))
    cut = replace(cut, neck=g.uniform(0.17, 0.21))
    fabric = any_fabric(g, background, checks=0.85, denim=0.15)
    short = g.random() < 0.15
    sleeve, wrist = (0.42, cut.armhole * 0.42) if short else (g.uniform(1.05, 1.2), g.uniform(0.1, 0.12))
    hem_drop = g.choice([0.06, 0.1])
    trim = "hem" if short else "cuff"
    items = upper_body(g, cut, fabric, "v", hung, sleeve, wrist, trim, hem_drop=hem_drop)
    low = cut.length + 0.02 + hem_drop
    open_to = cut.dip * 1.7
    placket = np.array([(-0.045, open_to), (0.045, open_to - 0.02), (0.045, low), (-0.045, low)])
    items += [
        Part(placket, fabric, lift=0.35, softness=0.9, shift=17),
        Stroke(np.array([(0.036, open_to), (0.036, low)]), strength=0.35, dash=0.012),
        Stroke(np.array([(-0.036, open_to), (-0.036, low)]), strength=0.35, dash=0.012),
    ]
    color = np.array([0.92, 0.92, 0.9]) if fabric.base.mean() < 0.5 else np.array([0.25, 0.22, 0.2])
    for y in np.arange(open_to + 0.06, low - 0.08, g.uniform(0.15, 0.2)):
        items += button(0, y, color, 0.021)
    if g.random() < 0.7:
        pocket = patch_pocket(fabric, cut.chest * 0.48, cut.slope + cut.armhole * 0.75, 0.125, flap=g.random() < 0.3)
        items += pocket + [mirror_item(item) for item in pocket] * (g.random() < 0.3)
    return items + shirt_collar(g, cut, fabric, open_to)


def shirt_collar(g, cut, fabric, open_to):
    """Return the stand and the two leaves of a shirt's collar."""
    n = cut.neck
    stand = smooth(
        [(-n - 0.01, 0.02), (-n * 0.6, -0.055), (0, -0.075), (n * 0.6, -0.055), (n + 0.01, 0.02)],
        [(n + 0.01, 0.02), (0, 0.035), (-n - 0.01, 0.02)],
    )
    tip = (n * g.uniform(0.62, 0.95), g.uniform(0.2, 0.27))
    leaf = smooth(
        [(n * 0.5, -0.068), (n * 0.95, -0.02), (n + 0.03, 0.05)],
        [(n + 0.03, 0.05), tip],
        [tip, (0.012, open_to * 0.95)],
        [(0.012, open_to * 0.95), (n * 0.42, 0.07), (n * 0.62, 0.0), (n * 0.5, -0.068)],
    )
    right = Part(leaf, fabric, lift=0.65, softness=0.4, grain=0.5, shift=31)
    inner = np.array([(n * 0.98, 0.06), np.array(tip) - [0.01, 0.018], (0.03, open_to * 0.9)])
    stitch = Stroke(inner, strength=0.22, dash=0.012)
    return [
        Part(stand, fabric, lift=0.4, tone=0.82, softness=0.3),
        right,
        stitch,
        mirror_part(right),
        mirror_item(stitch),
    ]


def outwear(g, background, kids, hung):
    """Return a quilted jacket with a zip and a hood."""
    cut = replace(any_cut(g, kids, g.random() < 0.3, (1.4, 1.75), (0.09, 0.13), roomy=1.15), neck=g.uniform(0.19, 0.23))
    fabric = outer_fabric(g, background)
    lining = woven(g, np.clip(any_color(g) * 0.8, 0.05, 0.9))
    gap = g.uniform(0.05, 0.15) if g.random() < 0.4 else 0.0
    items = [Part(body_outline(replace(cut, dip=0.02), "round"), lining, lift=1.0, tone=0.6, shift=7)]
    if hung:
        items += hanger(g, cut)
    items += hood_of(g, cut, fabric, lining)
    length, trim = g.uniform(1.0, 1.15) * (0.85 if kids else 1), str(g.choice(["rib", "hem"]))
    arms, on_top = sleeves(g, cut, fabric, length, g.uniform(0.14, 0.17), hung, trim)
    seam = armhole_of(cut)
    front = front_panels(g, cut, fabric, gap, hung)
    front += [Stroke(seam, strength=0.4), Stroke(mirror(seam), strength=0.4)]
    items += front + arms if on_top else arms + front
    return items + closure(g, cut, fabric, gap) + jacket_pockets(g, cut, fabric)


def outer_fabric(g, background):
    """Return a quilted fabric for a warm jacket."""
    fabric = replace(woven(g, color_against(g, background), 0.02), gloss=float(g.uniform(0.2, 0.9)))
    return replace(fabric, relief="quilt", relief_period=float(g.uniform(17, 28)))


def front_panels(g, cut, fabric, gap, hung):
    """Return the two halves of a jacket's front, `gap` apart at the hem."""
    right = side_runs(cut)
    right[-1] = [(cut.hem, cut.length), (cut.hem * 0.5, cut.length + 0.015), (gap, cut.length + 0.02)]
    front = [
        [(gap, cut.length + 0.02), (gap * 0.8 - 0.004, cut.dip + 0.1), (gap * 0.5 - 0.01, cut.dip)],
        [(gap * 0.5 - 0.01, cut.dip), (cut.neck * 0.75, cut.dip * 0.5), (cut.neck, 0)],
    ]
    outline = smooth(*right, *front)
    folds = body_folds(g, cut, hung, 9)
    ours = tuple(fold for fold in folds if fold.start[0] > 0)
    theirs = tuple(fold for fold in folds if fold.start[0] <= 0)
    return [Part(mirror(outline), fabric, theirs, lift=1.0), Part(outline, fabric, ours, lift=0.9)]


def closure(g, cut, fabric, gap):
    """Return the zip of a jacket."""
    top, low = cut.dip + 0.04, cut.length
    teeth = tuple(np.array([0.75, 0.74, 0.7])) if g.random() < 0.5 else tuple(fabric.base * 0.4)
    items = []
    for side in (-1, 1) if gap else (1,):
        line = curve(
            [
                (side * (gap * 0.5 + 0.002), top),
                (side * (gap * 0.8 + 0.004), (top + low) / 2),
                (side * (gap + 0.004), low),
            ]
        )
        items += [
            Stroke(line, "cord", 0.04, tuple(fabric.base * 0.5), 0.95),
            Stroke(line, "paint", 0.02, teeth, 0.95, 0.008),
        ]
        items.append(Stroke(line + [side * 0.035, 0], strength=0.3))
    pull = (gap * 0.5, top)
    return [*items, Stroke(np.array([pull, (pull[0] + 0.012, pull[1] + 0.06)]), "cord", 0.02, (0.7, 0.7, 0.7), 1.0)]


def jacket_pockets(g, cut, fabric):
    x, y = cut.waist * 0.6, cut.length * g.uniform(0.62, 0.72)
    line = np.array([(x + 0.02, y - 0.12), (x + 0.1, y + 0.14)])
    right = [Stroke(line, "cord", 0.03, tuple(fabric.base * 0.5), 0.9), Stroke(line - [0.03, 0], strength=0.25)]
    return right + [mirror_item(item) for item in right]


def hood_of(g, cut, fabric, lining):
    """Return a hood that lies open, often with fur along its edge."""
    n = cut.neck
    outer = smooth(
        [
            (-n - 0.06, 0.08),
            (-n - 0.1, -0.14),
            (-n * 0.7, -0.36),
            (0, -0.43),
            (n * 0.7, -0.36),
            (n + 0.1, -0.14),
            (n + 0.06, 0.08),
        ],
        [(n + 0.06, 0.08), (0, 0.16), (-n - 0.06, 0.08)],
    )
    inner = smooth(
        [
            (-n * 0.8, 0.06),
            (-n * 0.85, -0.12),
            (-n * 0.5, -0.3),
            (0, -0.35),
            (n * 0.5, -0.3),
            (n * 0.85, -0.12),
            (n * 0.8, 0.06),
        ],
        [(n * 0.8, 0.06), (0, 0.14), (-n * 0.8, 0.06)],
    )
    folds = (
        Fold((-n, -0.05), (-n * 0.3, -0.4), 0.05, 0.012, 0.8),
        Fold((n, -0.05), (n * 0.3, -0.4), 0.05, 0.012, -0.8),
    )
    middle, hairs = np.array([0, -0.12]), 1.24 + 0.07 * g.standard_normal((len(inner), 1))
    tan = np.array(((0.62, 0.5, 0.36), (0.8, 0.74, 0.64), (0.4, 0.34, 0.3))[g.integers(3)])
    fur = replace(woven(g, tan, 0.25), relief="knit", relief_period=5.0)
    return [
        Part(outer, fabric, folds, lift=1.0),
        *[Part(middle + (inner - middle) * hairs, fur, lift=0.8)] * (g.random() < 0.8),
        Part(inner, lining, lift=0.2, tone=0.62),
        Stroke(curve([(0, 0.1), (0.01, -0.12), (0, -0.35)]), strength=0.3),
    ]


def legs_of(g, fabric, waist, hip, rise, length, taper, ankle, stance, folds):
    """Return the right half of trousers, waistband excluded: from the middle of the waist to the
    ankle, which is `stance` from the middle; `taper` makes the thigh wider.
    """
    x = stance
    outline = smooth(
        [(-0.005, 0.0), (waist, 0.0)],
        [
            (waist, 0.0),
            (hip, rise * 0.75),
            (hip * 0.62 + (x + ankle) * 0.38, rise + (length - rise) * 0.35),
            (x + ankle, length),
        ],
        [(x + ankle, length), (x, length + 0.01), (x - ankle, length)],
        [(x - ankle, length), ((x - ankle) * 0.5 - taper, (rise + length) / 2), (0.012, rise)],
        [(0.012, rise), (-0.005, rise * 0.5), (-0.005, 0.0)],
    )
    return Part(outline, fabric, tuple(folds))


def trousers(g, background, kids, hung, short):
    """Return pants or shorts."""
    kind = str(
        g.choice(
            ["jeans", "chinos", "sport", "wide", "leggings"],
            p=[0.42, 0.24, 0.18, 0.08, 0.08] if not short else [0.45, 0.25, 0.3, 0, 0],
        )
    )
    if kind == "jeans":
        fabric = any_fabric(g, background, denim=0.92, plain=0.08)
    else:
        fabric = any_fabric(g, background, plain=1)
    waist, rise = g.uniform(0.34, 0.44), g.uniform(0.42, 0.58)
    hip = waist * g.uniform(1.08, 1.2)
    if short:
        length = rise + g.uniform(0.2, 0.45)
        ankle = hip * g.uniform(0.44, 0.53)
        stance = hip - ankle + g.uniform(-0.02, 0.06)
    else:
        length = g.uniform(1.75, 2.15) * (0.8 if kids else 1) * (1 if g.random() < 0.88 else 0.88)
        ankle = {"wide": g.uniform(0.2, 0.27), "leggings": g.uniform(0.09, 0.11)}.get(kind, g.uniform(0.11, 0.19))
        stance = ankle + g.choice([g.uniform(0.02, 0.08), g.uniform(0.08, 0.28)])
    taper = g.uniform(-0.005, 0.02)
    if kind == "leggings":
        waist, hip = waist * 0.85, hip * 0.85
    items = []
    inside = smooth(
        [(-waist * 0.98, -0.07), (0, -0.095 + 0.02), (waist * 0.98, -0.07)],
        [(waist * 0.98, -0.07), (0, 0.06), (-waist * 0.98, -0.07)],
    )
    items.append(Part(inside, fabric, lift=0.5, tone=0.6))
    halves = []
    for side in (-1, 1):
        half_stance = stance + g.normal(0, 0.03)
        part = legs_of(
            g,
            fabric,
            waist,
            hip,
            rise,
            length + g.normal(0, 0.012),
            taper,
            ankle,
            half_stance,
            leg_folds(g, hip, rise, length, half_stance, ankle, hung),
        )
        if fabric.thread:
            worn = Fold(
                (hip * 0.5, rise * 0.2), (half_stance, rise + (length - rise) * 0.8), hip * 0.45, g.uniform(0.1, 0.5)
            )
            part = replace(part, fades=(worn,))
        group = [part] + leg_end(g, part, kind, short, fabric, half_stance, ankle, length)
        halves += group if side == 1 else [mirror_item(item) for item in group]
    items += halves
    items += trouser_details(g, fabric, kind, waist, hip, rise, back=g.random() < 0.18)
    if hung:
        items += clip_hanger(waist)
    return items


def leg_folds(g, hip, rise, length, stance, ankle, hung):
    folds = []
    for _ in range(3):  # from the crotch outward
        folds.append(
            Fold(
                (0.02, rise * g.uniform(0.9, 1.05)),
                (hip * g.uniform(0.6, 0.95), rise * g.uniform(0.6, 1.15)),
                g.uniform(0.025, 0.05),
                g.uniform(0.006, 0.015),
                g.normal(0, 0.6),
            )
        )
    if length > 1.3:
        for _ in range(5):
            y = g.normal(rise + (length - rise) * 0.5, 0.25)
            share = (y - rise) / (length - rise)
            x = hip * 0.5 * (1 - share) + stance * share
            folds.append(
                Fold(
                    (x - ankle * 1.2, y + g.normal(0, 0.05)),
                    (x + ankle * 1.2, y + g.normal(0, 0.09)),
                    g.uniform(0.02, 0.045),
                    g.uniform(0.005, 0.013),
                    g.normal(0, 0.6),
                )
            )
        if g.random() < 0.35:  # ironed crease
            folds.append(Fold((hip * 0.5, rise * 0.4), (stance, length * 1.05), 0.03, 0.008))
    elif not hung:
        x = hip * 0.6
        folds.append(Fold((x, rise * 0.5), (stance, length), 0.06, g.uniform(0.006, 0.014), g.normal(0, 0.5), True))
    return folds


def leg_end(g, part, kind, short, fabric, stance, ankle, length):
    """Return what ends a leg: a turned-up or ribbed cuff, or stitches."""
    cuff = g.random() < (0.35 if short else 0.15) and kind in ("jeans", "chinos")
    left, right = stance - ankle, stance + ankle
    if kind == "sport" and not short:
        band = np.array(
            [
                (left, length - 0.02),
                (right, length - 0.02),
                (right - ankle * 0.25, length + 0.1),
                (left + ankle * 0.25, length + 0.1),
            ]
        )
        return [Part(band, ribbed(fabric), lift=0.5, softness=0.4, tone=0.95)]
    if cuff:
        band = np.array(
            [
                (left - 0.012, length - 0.09),
                (right + 0.012, length - 0.09),
                (right + 0.01, length + 0.005),
                (left - 0.01, length + 0.005),
            ]
        )
        lighter = solid(np.clip(fabric.base * 1.25 + 0.06, 0, 0.95)) if fabric.thread else fabric
        return [Part(band, lighter, lift=0.5, softness=0.6)]
    line = np.array([(left + 0.005, length - 0.05), (right - 0.005, length - 0.05)])
    if fabric.thread:
        return [Stroke(line, "paint", 0.007, fabric.thread, 0.8, 0.016)]
    return [Stroke(line, strength=0.3)]


def trouser_details(g, fabric, kind, waist, hip, rise, back):
    """Return waistband, fly, pockets, loops, button or drawstring."""
    thread = fabric.thread or tuple(fabric.base * 0.62)
    band = smooth(
        [(-waist, -0.08), (0, -0.075 + 0.02), (waist, -0.08)],
        [(waist, -0.08), (waist * 1.012, 0.012)],
        [(waist * 1.012, 0.012), (0, 0.03), (-waist * 1.012, 0.012)],
    )
    stretchy = kind in ("sport", "leggings")
    items = [Stroke(np.array([(0, 0.02), (0.003, rise * 0.6), (0.0, rise)]), strength=0.5, width=0.009)]
    items.append(
        Part(
            band,
            replace(fabric, relief="rib", relief_period=5.0) if stretchy else fabric,
            lift=0.35,
            softness=0.5,
            shift=5,
        )
    )
    stitch = lambda points: Stroke(curve(points), "paint", 0.008, thread, 0.75, 0.018)  # noqa: E731
    if back:
        yoke = curve([(-hip, rise * 0.22), (0, rise * 0.42), (hip, rise * 0.22)])
        items += [Stroke(yoke, strength=0.35), Stroke(yoke + [0, 0.015], "paint", 0.006, thread, 0.6, 0.016)]
        for side in (-1, 1):
            items += patch_pocket(fabric, side * hip * 0.52, rise * 0.5, 0.115)
    elif not stretchy:
        items.append(stitch([(0.055, 0.03), (0.055, rise * 0.45), (0.04, rise * 0.6), (0.0, rise * 0.68)]))
        for side in (-1, 1):
            if kind == "jeans":
                mouth = [(side * waist * 0.52, 0.02), (side * waist * 0.62, 0.14), (side * hip * 0.98, 0.2)]
            else:
                mouth = [(side * waist * 0.7, 0.02), (side * hip * 0.97, rise * 0.55)]
            items += [Stroke(curve(mouth), strength=0.5, width=0.009), stitch([(x, y + 0.022) for x, y in mouth])]
    if stretchy and g.random() < 0.75 and kind == "sport":
        cord = tuple(any_color(g))
        for side in (-1, 1):
            line = curve(
                [(side * 0.02, -0.02), (side * 0.05, 0.08), (side * g.uniform(0.02, 0.09), g.uniform(0.16, 0.26))]
            )
            items.append(Stroke(line, "cord", 0.014, cord, 1.0))
    if kind == "sport" and g.random() < 0.4:
        stripe = tuple(any_color(g))
        for side in (-1, 1):
            items.append(
                Stroke(
                    curve(
                        [
                            (side * waist * 0.96, 0.03),
                            (side * hip * 0.96, rise * 0.75),
                            (side * hip * 0.95, rise * 1.05),
                        ]
                    ),
                    "paint",
                    0.03,
                    stripe,
                    0.9,
                )
            )
    if not stretchy:
        for x in (-0.75, -0.35, 0.35, 0.75):
            loop = np.array(
                [
                    (x * waist - 0.012, -0.085),
                    (x * waist + 0.012, -0.085),
                    (x * waist + 0.012, 0.03),
                    (x * waist - 0.012, 0.03),
                ]
            )
            items.append(Part(loop, fabric, lift=0.4, softness=0))
        if not back:
            items += button(0.0, -0.025, (0.75, 0.6, 0.4) if fabric.thread else fabric.base * 0.5 + 0.1, 0.02)
        if g.random() < 0.25:
            items.append(
                Part(
                    band * [0.99, 0.7] + [0, -0.005],
                    replace(solid((0.25, 0.15, 0.1)), gloss=0.5),
                    lift=0.4,
                    softness=0.2,
                )
            )
            items.append(Stroke(ellipse(0, -0.025, 0.045, 0.035, count=20), "cord", 0.014, (0.75, 0.72, 0.65), 1.0))
    return items


def clip_hanger(waist):
    """Return a hanger with two clips at a waistband."""
    metal = (0.6, 0.6, 0.62)
    items = [Stroke(np.array([(-waist * 0.9, -0.13), (waist * 0.9, -0.13)]), "cord", 0.018, metal, 1.0)]
    items.append(
        Stroke(curve([(0, -0.13), (0, -0.2), (0.035, -0.25), (0.02, -0.3), (-0.035, -0.29)]), "cord", 0.016, metal, 1.0)
    )
    for side in (-1, 1):
        x = side * waist * 0.75
        clip = np.array([(x - 0.025, -0.14), (x + 0.025, -0.14), (x + 0.02, -0.03), (x - 0.02, -0.03)])
        items.append(Part(clip, replace(solid((0.3, 0.3, 0.32)), gloss=0.6), lift=0.5, softness=0))
    return items


def pants(g, background, kids, hung):
    return trousers(g, background, kids, hung, short=False)


def shorts(g, background, kids, hung):
    return trousers(g, background, kids, hung, short=True)


def skirt_part(g, fabric, waist, hip, hem, top, low, drop, pleats):
    """Return the cloth of a skirt between the heights `top` and `low`; its hem is `drop` higher at
    the sides.
    """
    tall = low - top
    outline = smooth(
        [(-waist, top), (0, top + 0.015), (waist, top)],
        [(waist, top), (hip, top + tall * 0.36), (hem, low - drop)],
        [
            (hem, low - drop),
            (hem * 0.6, low - drop * 0.25),
            (0, low),
            (-hem * 0.6, low - drop * 0.25),
            (-hem, low - drop),
        ],
        [(-hem, low - drop), (-hip, top + tall * 0.36), (-waist, top)],
    )
    return Part(outline, fabric, skirt_folds(g, waist, hip, hem, top, low, pleats))


def skirt_folds(g, waist, hip, hem, top, low, pleats):
    """Return `pleats`, or soft folds, more the wider the skirt is, that open towards the hem."""
    tall = low - top
    if pleats:
        shares = np.linspace(-0.92, 0.92, pleats)
        wide = 0.35 * hem / pleats + 0.012
        return tuple(Fold((share * waist, top), (share * hem, low), wide, 0.012, 0, True) for share in shares)
    folds = []
    for _ in range(int(3 + 14 * max(hem - waist, 0.05))):
        share = g.uniform(-0.9, 0.9)
        start, end = (share * waist, top + tall * g.uniform(0.0, 0.5)), (share * hem + g.normal(0, 0.03), low)
        folds.append(Fold(start, end, g.uniform(0.025, 0.07), g.uniform(0.006, 0.02), g.normal(0, 0.3), True))
    for _ in range(3):
        y = top + tall * g.uniform(0.2, 0.8)
        start, end = (-hip * g.uniform(0.2, 1), y), (hip * g.uniform(0.1, 1), y + g.normal(0, 0.08))
        folds.append(Fold(start, end, 0.04, g.uniform(0.003, 0.01)))
    return tuple(folds)


def skirt(g, background, kids, hung):
    pleats = int(g.integers(9, 18)) if g.random() < 0.55 else 0
    fabric = any_fabric(g, background, plain=0.6, checks=0.2, floral=0.08, dots=0.06, shiny=0.06)
    waist = g.uniform(0.32, 0.42)
    length = g.uniform(0.75, 1.15) * (0.8 if kids else 1)
    flare = g.uniform(1.7, 2.4)
    hip, hem = waist * (1.1 + 0.25 * (flare - 1)), waist * flare
    drop = 0.02 + 0.10 * max(flare - 1.1, 0)
    items = [
        Part(
            smooth([(-waist, -0.06), (0, -0.07), (waist, -0.06)], [(waist, -0.06), (0, 0.05), (-waist, -0.06)]),
            fabric,
            lift=0.5,
            tone=0.6,
        )
    ]
    items.append(skirt_part(g, fabric, waist, hip, hem, 0, length, drop, pleats))
    line = curve(
        [
            (-hem * 0.985, length - drop - 0.04),
            (-hem * 0.6, length - drop * 0.25 - 0.045),
            (0, length - 0.045),
            (hem * 0.6, length - drop * 0.25 - 0.045),
            (hem * 0.985, length - drop - 0.04),
        ]
    )
    items.append(Stroke(line, strength=0.25))
    rim = [(-waist, -0.06), (0, -0.045), (waist, -0.06)]
    band = smooth(rim, [(waist * 1.01, 0.02), (0, 0.035), (-waist * 1.01, 0.02)])
    elastic = not pleats and g.random() < 0.5
    items.append(
        Part(
            band,
            replace(fabric, relief="rib", relief_period=6.0) if elastic else fabric,
            lift=0.4,
            softness=0.5,
            shift=9,
        )
    )
    if g.random() < 0.3:
        items.append(Stroke(np.array([(waist * 0.93, 0.03), (hip * 0.93, length * 0.32)]), strength=0.4))
    if g.random() < 0.2:
        items += belt_bow(g, 0.0, tuple(any_color(g)))
    if hung:
        items += clip_hanger(waist)
    return items


def belt_bow(g, y, color):
    """Return a bow tied at the waist."""
    items = []
    for side in (-1, 1):
        loop = curve([(0, y), (side * 0.09, y - 0.05), (side * 0.12, y + 0.01), (side * 0.05, y + 0.03), (0, y)])
        tail = curve([(0, y), (side * 0.03, y + 0.12), (side * g.uniform(0.03, 0.1), y + g.uniform(0.2, 0.32))])
        items += [Stroke(loop, "cord", 0.028, color, 1.0), Stroke(tail, "cord", 0.028, color, 1.0)]
    return items


def dress(g, background, kids, hung):
    fabric = any_fabric(g, background, plain=0.4, floral=0.4, dots=0.2)
    arms = str(g.choice(["straps", "none", "short"], p=[0.4, 0.45, 0.15]))
    length = g.uniform(1.8, 2.3) * (0.88 if kids else 1)
    chest = g.uniform(0.36, 0.44)
    waist_y = g.uniform(0.7, 0.85)
    slim = g.uniform(0.74, 0.86)
    shoulder = chest * (g.uniform(0.62, 0.8) if arms in ("none", "straps") else g.uniform(0.84, 0.95))
    neck = min(g.uniform(0.15, 0.24), shoulder - 0.06)
    cut = Cut(
        shoulder, chest, chest * slim, chest * slim, waist_y, neck, g.uniform(0.12, 0.26), 0.05, g.uniform(0.34, 0.4)
    )
    hem = chest * g.uniform(1.6, 2.2)
    style = str(g.choice(["round", "v", "square"], p=[0.55, 0.28, 0.17]))
    drop = 0.02 + 0.08 * max(hem / chest - 1, 0)
    items = []
    if arms == "straps":
        items += strapped_top(g, cut, fabric, hung, drop)
    else:
        sleeve = g.uniform(0.24, 0.34) if arms == "short" else 0.0
        items += upper_body(g, cut, fabric, style, hung, sleeve, cut.armhole * 0.38, "hem", hem="", hem_drop=drop)
        if g.random() < 0.5:
            items += neck_band(cut, style, fabric, 0.03)
    items += dress_skirt(g, fabric, cut, waist_y - 0.02, hem, length, drop, hung)
    items.append(
        Stroke(curve([(-hem * 0.97, length - 0.09), (0, length - 0.045), (hem * 0.97, length - 0.09)]), strength=0.2)
    )
    if style == "v" and arms != "straps" and g.random() < 0.4:
        for y in np.arange(cut.dip * 1.8, waist_y, 0.13):
            items += button(0, y, fabric.base * 0.6 + 0.2, 0.013)
    return items


def dress_skirt(g, fabric, cut, top, hem, length, drop, hung):
    """Return the skirt of a dress that is sewn on at the waist, perhaps with a belt."""
    pleats = int(g.integers(8, 16)) if g.random() < 0.3 else 0
    hip = max(cut.waist * 1.15, (cut.waist * 2 + hem) / 3)
    items = [skirt_part(g, fabric, cut.waist, hip, hem, top, length, drop, pleats)]
    items.append(Stroke(curve([(-cut.waist, top), (0, top + 0.015), (cut.waist, top)]), strength=0.45, width=0.01))
    if g.random() < 0.4:
        wide = cut.waist * 1.01
        color = any_color(g)
        belt = np.array([(-wide, top - 0.03), (wide, top - 0.03), (wide, top + 0.04), (-wide, top + 0.04)])
        items.append(Part(belt, solid(color), lift=0.4, softness=0.4))
        items += belt_bow(g, top, tuple(color)) if g.random() < 0.5 else []
    return items


def strapped_top(g, cut, fabric, hung, drop):
    """Return the top of a dress that is held by straps."""
    wide = cut.shoulder * 0.75
    edge = cut.slope + cut.armhole * 0.62
    width = float(g.choice([0.018, 0.03, 0.06]))
    items = []
    if hung:
        items += hanger(g, replace(cut, shoulder=wide + 0.08))
    back = smooth(
        [(-cut.chest * 0.95, edge + 0.1), (0, edge + 0.06), (cut.chest * 0.95, edge + 0.1)],
        [(cut.chest * 0.95, edge + 0.12), (0, edge + 0.3), (-cut.chest * 0.95, edge + 0.12)],
    )
    items.append(Part(back, fabric, lift=0.5, tone=0.62))
    for side in (-1, 1):
        line = curve(
            [
                (side * wide * 0.9, edge + 0.04),
                (side * wide * 0.98, 0.08),
                (side * wide * 0.9, 0.0),
                (side * wide * 0.7, edge + 0.12),
            ]
        )
        items.append(Stroke(line, "cord", width, tuple(fabric.base), 1.0))
    middle = (cut.waist, edge + 0.16 + (cut.length - edge) * 0.38)
    side = [(cut.chest * 0.98, edge + 0.16), middle, (cut.hem, cut.length)]
    outline = smooth(
        [(0, edge + 0.06), (wide * 0.5, edge + 0.02), (wide, edge), (cut.chest * 0.98, edge + 0.16)],
        side,
        [(cut.hem, cut.length), (cut.hem * 0.5, cut.length + drop * 0.8), (0, cut.length + drop)],
        [(0, cut.length + drop), (-cut.hem * 0.5, cut.length + drop * 0.8), (-cut.hem, cut.length)],
        mirror(side),
        [(-cut.chest * 0.98, edge + 0.16), (-wide, edge), (-wide * 0.5, edge + 0.02), (0, edge + 0.06)],
    )
    items.append(Part(outline, fabric, body_folds(g, cut, hung, 5)))
    items.append(Stroke(curve([(-wide, edge + 0.03), (0, edge + 0.09), (wide, edge + 0.03)]), strength=0.25))
    return items


# --- Hats
# --------------------------------------------------------------------------------------------------


def dome(wide, tall, flat=0.3):
    """Return the runs of a crown: from its left end over the top to its right end."""
    return [
        (-wide, 0),
        (-wide * 1.0, -tall * 0.42),
        (-wide * (0.62 + flat * 0.3), -tall * 0.86),
        (0, -tall),
        (wide * (0.62 + flat * 0.3), -tall * 0.86),
        (wide * 1.0, -tall * 0.42),
        (wide, 0),
    ]


def hat(g, background, kids, hung):
    return cap(g, background) if g.random() < 0.75 else beanie(g, background)


def cap(g, background):
    """Return a cap seen from the front, its visor towards us, turned a little to one side."""
    fabric = any_fabric(g, background, plain=0.9, denim=0.1)
    visor_fabric = woven(g, any_color(g)) if g.random() < 0.3 else fabric
    wide, tall = g.uniform(0.21, 0.24), g.uniform(0.24, 0.30)
    look = g.normal(0, 0.06)
    reach = g.uniform(0.1, 0.2)
    crown = smooth(dome(wide, tall), [(wide, 0), (wide * 0.6, 0.045), (0, 0.06), (-wide * 0.6, 0.045), (-wide, 0)])
    picture = motif(g, 0.2, (look, -tall * 0.42)) if g.random() < 0.65 else None
    folds = (
        Fold((-wide * 0.7, -tall * 0.2), (wide * 0.1, -tall * 0.1), 0.05, 0.01, 0.8),
        Fold((look, -tall), (look + wide * 0.5, 0), 0.08, 0.01, 0.5),
    )
    items = [Part(crown, fabric, folds, lift=1.3, softness=0.5, motif=picture)]
    for x in (-0.75, -0.3, 0.3, 0.75):
        items.append(
            Stroke(
                curve(
                    [(look * 0.5, -tall), (x * wide * 0.85 + look, -tall * 0.62), (x * wide * 1.15 + look * 1.2, 0.0)]
                ),
                strength=0.28,
                width=0.005,
            )
        )
    items += [Part(ellipse(look * 0.5, -tall * 0.985, 0.02, 0.012), fabric, lift=0.4, softness=0)]
    for side in (-1, 1):
        items.append(
            Part(
                ellipse(side * wide * 0.5 + look, -tall * 0.68, 0.007), solid(fabric.base * 0.35), lift=0.05, softness=0
            )
        )
    visor = smooth(
        [(-wide * 0.98, -0.015), (-wide * 0.55, 0.035), (look, 0.05), (wide * 0.55, 0.035), (wide * 0.98, -0.015)],
        [
            (wide * 0.98, -0.015),
            (wide * 0.95 + look, reach * 0.7),
            (wide * 0.45 + look, reach * 1.08),
            (look * 1.5, reach * 1.18),
            (-wide * 0.45 + look, reach * 1.08),
            (-wide * 0.95 + look, reach * 0.7),
            (-wide * 0.98, -0.015),
        ],
    )
    bulge = Fold((-wide, reach * 0.45), (wide, reach * 0.45), 0.09, 0.02, 0.3)
    items.append(Part(visor, visor_fabric, (bulge,), lift=0.9, softness=0.2, shift=9))
    for share in (0.45, 0.62, 0.8):
        line = curve(
            [
                (-wide * 0.93, reach * share * 0.55),
                (-wide * 0.45 + look, reach * share * 1.15 + 0.02),
                (look * 1.3, reach * share * 1.25 + 0.02),
                (wide * 0.45 + look, reach * share * 1.15 + 0.02),
                (wide * 0.93, reach * share * 0.55),
            ]
        )
        items.append(Stroke(line, strength=0.2, width=0.004, dash=0.01))
    return items


def beanie(g, background):
    """Return a knitted hat with a turned-up rim, perhaps with a pompom."""
    color = color_against(g, background)
    fabric = replace(woven(g, color, 0.08), relief=str(g.choice(["rib", "knit"])), relief_period=float(g.uniform(5, 9)))
    wide, tall = g.uniform(0.2, 0.24), g.uniform(0.28, 0.42)
    items = []
    if g.random() < 0.4:
        items.append(
            Part(
                pompom(g, 0, -tall * 1.04, g.uniform(0.06, 0.1)),
                replace(woven(g, any_color(g), 0.2), relief="knit", relief_period=5.0),
                lift=1.2,
            )
        )
    crown = smooth(dome(wide, tall, 0.1 + 0.4 * g.random()), [(wide, 0), (0, 0.03), (-wide, 0)])
    folds = tuple(Fold((0, -tall), (x * wide, 0), 0.05, 0.012, 0.0, False) for x in (-0.7, -0.2, 0.35, 0.8))
    items.append(Part(crown, fabric, folds, lift=1.2, softness=0.8))
    rim = g.uniform(0.09, 0.14)
    band = smooth(
        [(-wide * 1.05, -rim * 0.5), (0, -rim * 0.3), (wide * 1.05, -rim * 0.5)],
        [(wide * 1.05, -rim * 0.5), (wide * 1.06, rim * 0.6)],
        [(wide * 1.06, rim * 0.6), (0, rim * 0.9), (-wide * 1.06, rim * 0.6)],
        [(-wide * 1.06, rim * 0.6), (-wide * 1.05, -rim * 0.5)],
    )
    items.append(Part(band, replace(fabric, relief="rib", relief_period=6.0), lift=0.9, softness=0.5, shift=3))
    return items


def pompom(g, x, y, radius):
    angles = np.linspace(0, 2 * math.pi, 60, endpoint=False)
    reach = radius * (1 + 0.12 * g.standard_normal(60))
    return np.column_stack([x + reach * np.cos(angles), y + reach * np.sin(angles)])


# --- Shoes
# --------------------------------------------------------------------------------------------------


def shoes(g, background, kids, hung):
    """Return a pair of shoes: two from above, or two from the side, one of them behind the other"""
    look = ShoeLook(g, background)
    if g.random() < 0.5:
        one = (sneaker_above if g.random() < 0.6 else flat_above)(g, look)
        apart, angle, uneven = g.uniform(0.115, 0.15), g.normal(0, 0.08), g.normal(0, 0.02)
        right = move_all(one, angle, (apart, uneven))
        left = move_all([mirror_item(item) for item in one], -angle * g.uniform(0.6, 1.2), (-apart, -uneven))
        return move_all(left + right, float(g.choice([0, 0, 0.5, -0.5])), (0, 0))
    one = (sneaker_side if g.random() < 0.7 else heel_side)(g, look)
    items = move_all(one, g.normal(0, 0.06), (g.uniform(0.06, 0.16), -g.uniform(0.08, 0.14))) + one
    return [mirror_item(item) for item in items] if g.random() < 0.5 else items


def move_all(items, angle, offset):
    """Return a thing made of several items, turned around (0, 0), then moved."""
    return [turned(item, angle, offset) for item in items]


class ShoeLook:
    """The materials of a pair of shoes."""

    def __init__(self, g, background):
        color = color_against(g, background)
        self.upper = replace(woven(g, color, 0.05), gloss=float(g.choice([0.0, 0.2, 0.9])))
        if g.random() < 0.2:
            self.upper = printed_fabric(
                g, [color, any_color(g), any_color(g)], str(g.choice(["floral", "stripes", "checks", "dots"]))
            )
        self.accent = woven(g, any_color(g), 0.05)
        self.sole = solid(
            any_color(g)
            if g.random() < 0.3
            else np.array(((0.9, 0.89, 0.86), (0.12, 0.11, 0.11), (0.5, 0.36, 0.22))[g.integers(3)])
        )
        self.inside = woven(g, np.array(((0.75, 0.66, 0.52), (0.25, 0.22, 0.2), (0.6, 0.6, 0.6))[g.integers(3)]), 0.05)
        self.lace = tuple(any_color(g) if g.random() < 0.5 else np.array([0.92, 0.92, 0.9]))


def footprint(wide, tall, grow=0.0):
    """Return the outline of a right foot from above, toes up, around (0, 0)."""
    w, t = wide + grow, tall + grow
    return smooth(
        [
            (-w * 0.1, -t),
            (w * 0.55, -t * 0.86),
            (w, -t * 0.42),
            (w * 0.86, t * 0.1),
            (w * 0.72, t * 0.6),
            (w * 0.5, t * 0.92),
            (0, t),
            (-w * 0.5, t * 0.92),
            (-w * 0.66, t * 0.6),
            (-w * 0.68, t * 0.1),
            (-w * 0.86, -t * 0.4),
            (-w * 0.7, -t * 0.84),
            (-w * 0.1, -t),
        ]
    )


def sneaker_above(g, look):
    wide, tall = g.uniform(0.095, 0.11), g.uniform(0.27, 0.3)
    items = [Part(footprint(wide, tall, 0.008), look.sole, lift=1.0, softness=0.1)]
    items.append(
        Part(
            footprint(wide * 0.95, tall * 0.965),
            look.upper,
            (
                Fold((-wide, -tall * 0.5), (wide, -tall * 0.4), 0.05, 0.014, -0.5),
                Fold((-wide * 0.5, -tall * 0.8), (wide * 0.5, -tall * 0.8), 0.1, 0.02),
            ),
            lift=0.9,
            softness=0.2,
        )
    )
    toe = smooth(
        [
            (-wide * 0.8, -tall * 0.55),
            (-wide * 0.6, -tall * 0.85),
            (0, -tall * 0.95),
            (wide * 0.6, -tall * 0.82),
            (wide * 0.88, -tall * 0.5),
        ],
        [(wide * 0.88, -tall * 0.5), (0, -tall * 0.62), (-wide * 0.8, -tall * 0.55)],
    )
    if g.random() < 0.5:
        items.append(Part(toe, look.sole if g.random() < 0.5 else look.accent, lift=0.2, softness=0.1))
    items.append(
        Part(ellipse(0.0, tall * 0.45, wide * 0.55, tall * 0.38), look.inside, lift=0.1, tone=0.5, softness=0.1)
    )
    items.append(Part(ellipse(0.0, tall * 0.5, wide * 0.4, tall * 0.3), look.inside, lift=0.0, tone=0.85, softness=0.1))
    tongue = smooth(
        [(-wide * 0.36, -tall * 0.45), (wide * 0.36, -tall * 0.45)],
        [
            (wide * 0.36, -tall * 0.45),
            (wide * 0.42, tall * 0.05),
            (0.0, tall * 0.16),
            (-wide * 0.42, tall * 0.05),
            (-wide * 0.36, -tall * 0.45),
        ],
    )
    items.append(Part(tongue, look.accent if g.random() < 0.5 else look.upper, lift=0.35, softness=0.1, tone=0.9))
    rows = np.linspace(-tall * 0.42, tall * 0.02, int(g.integers(4, 7)))
    for first, second in zip(rows, rows[1:], strict=False):
        for side in (-1, 1):
            items.append(
                Stroke(
                    curve(
                        [(side * wide * 0.45, first), (0, (first + second) / 2 - 0.006), (-side * wide * 0.45, second)]
                    ),
                    "cord",
                    0.016,
                    look.lace,
                    1.0,
                )
            )
    for side in (-1, 1):
        loop = curve(
            [
                (0, rows[-1]),
                (side * wide * 0.6, rows[-1] - 0.03),
                (side * wide * 0.85, rows[-1] + 0.02),
                (side * wide * 0.4, rows[-1] + 0.03),
                (0, rows[-1]),
            ]
        )
        items.append(Stroke(loop, "cord", 0.013, look.lace, 1.0))
        items.append(
            Stroke(
                curve(
                    [
                        (side * wide * 0.52, -tall * 0.5),
                        (side * wide * 0.6, -tall * 0.1),
                        (side * wide * 0.55, tall * 0.15),
                    ]
                ),
                strength=0.35,
            )
        )
    return items


def flat_above(g, look):
    """Return a ballerina or loafer from above."""
    wide, tall = g.uniform(0.08, 0.095), g.uniform(0.25, 0.28)
    open_to = -tall * g.uniform(0.1, 0.5)
    opening = smooth(
        [
            (0, open_to),
            (wide * 0.5, open_to * 0.75),
            (wide * 0.62, tall * 0.1),
            (wide * 0.5, tall * 0.7),
            (0, tall * 0.92),
            (-wide * 0.45, tall * 0.7),
            (-wide * 0.52, tall * 0.1),
            (-wide * 0.45, open_to * 0.75),
            (0, open_to),
        ]
    )
    items = [
        Part(
            footprint(wide, tall),
            look.upper,
            (Fold((-wide * 0.5, -tall * 0.75), (wide * 0.6, -tall * 0.7), 0.09, 0.02),),
            lift=1.1,
            softness=0.2,
        )
    ]
    items += [
        Part(opening, look.inside, lift=0.05, tone=0.55, softness=0.1),
        Part(opening * [0.8, 0.9] + [0, tall * 0.04], look.inside, lift=0.0, softness=0.1),
    ]
    items.append(Stroke(np.concatenate([opening, opening[:1]]), "cord", 0.012, tuple(look.upper.base * 0.8), 1.0))
    if g.random() < 0.5:
        items += [turned(item, 0, (0, open_to - 0.03)) for item in belt_bow(g, 0.0, tuple(look.accent.base))][::2]
    elif g.random() < 0.5:
        items.append(
            Part(
                np.array(
                    [
                        (-wide * 0.75, open_to - 0.01),
                        (wide * 0.8, open_to - 0.01),
                        (wide * 0.8, open_to + 0.06),
                        (-wide * 0.75, open_to + 0.06),
                    ]
                ),
                look.accent,
                lift=0.4,
                softness=0.1,
            )
        )
    return items


def sneaker_side(g, look):
    """Return a sneaker seen from its side, its toe to the right."""
    tall = g.uniform(0.2, 0.26)
    sole = smooth(
        [(-0.29, 0.0), (-0.3, 0.045), (-0.2, 0.062), (0.1, 0.06), (0.26, 0.055), (0.315, 0.015)],
        [(0.315, 0.015), (0.31, -0.03), (0.0, -0.012), (-0.29, -0.025), (-0.29, 0.0)],
    )
    upper = smooth(
        [(-0.28, 0.01), (-0.295, -0.1), (-0.27, -tall)],
        [(-0.27, -tall), (-0.2, -tall * 0.86), (-0.09, -tall * 0.98)],
        [
            (-0.09, -tall * 0.98),
            (0.02, -tall * 0.74),
            (0.13, -tall * 0.5),
            (0.25, -tall * 0.36),
            (0.305, -0.04),
            (0.3, 0.01),
        ],
        [(0.3, 0.01), (-0.28, 0.01)],
    )
    folds = (
        Fold((0.05, -tall * 0.5), (0.2, -0.02), 0.06, 0.01, 0.5),
        Fold((-0.25, -tall * 0.6), (0.1, -tall * 0.35), 0.1, 0.012, 0.4),
    )
    items = [Part(upper, look.upper, folds, lift=1.2, softness=0.2), Part(sole, look.sole, lift=0.4, softness=0.05)]
    mark = (
        curve([(-0.14, -0.04), (-0.02, -0.08), (0.08, -0.14)])
        if g.random() < 0.5
        else np.array([(-0.08, -0.03), (-0.02, -0.15)])
    )
    items += [
        Stroke(mark, "paint", 0.03, tuple(look.accent.base), 0.95),
        Stroke(mark + [0.055, 0.0], "paint", 0.012, tuple(look.accent.base), 0.8),
    ]
    items.append(Stroke(curve([(0.16, -tall * 0.44), (0.17, -0.08), (0.3, -0.03)]), strength=0.35))
    items.append(Stroke(curve([(-0.28, -0.08), (-0.18, -0.1), (-0.17, -0.02)]), strength=0.35))
    items.append(
        Part(
            smooth(
                [(-0.262, -tall * 0.98), (-0.2, -tall * 0.85), (-0.1, -tall * 0.96)],
                [(-0.1, -tall * 0.96), (-0.17, -tall * 0.78), (-0.262, -tall * 0.98)],
            ),
            look.inside,
            lift=0.05,
            tone=0.6,
            softness=0,
        )
    )
    for share in np.linspace(0.12, 0.8, 5):
        x, y = -0.07 + 0.2 * share, -tall * (0.93 - 0.43 * share)
        items.append(Stroke(np.array([(x - 0.02, y + 0.05), (x + 0.025, y - 0.005)]), "cord", 0.016, look.lace, 1.0))
    items.append(Stroke(np.array([(-0.28, -0.005), (0.31, -0.012)]), strength=0.4))
    return items


def heel_side(g, look):
    """Return a pump seen from its side."""
    high = g.uniform(0.1, 0.24)
    sole = lambda x: high * (1 - np.clip((x + 0.2) / 0.32, 0, 1) ** 0.8)  # noqa: E731
    heel = smooth(
        [(-0.25, -high - 0.01), (-0.23, -high * 0.4), (-0.225, 0.05)],
        [(-0.225, 0.05), (-0.19, 0.05), (-0.185, -high * 0.4), (-0.12, -high * 0.8)],
    )
    upper = smooth(
        [(-0.25, -high - 0.14), (-0.265, -high - 0.07), (-0.25, -high + 0.02)],
        [(-0.25, -high + 0.02), (-0.1, -sole(-0.1) + 0.045), (0.05, -sole(0.05) + 0.05), (0.2, 0.05), (0.31, 0.045)],
        [(0.31, 0.045), (0.3, 0.005), (0.2, -0.055), (0.12, -0.075 - high * 0.1)],
        [(0.12, -0.075 - high * 0.1), (0.0, -high * 0.45 - 0.03), (-0.12, -high * 0.85 - 0.06), (-0.25, -high - 0.14)],
    )
    items = [Part(heel, look.upper if g.random() < 0.6 else look.sole, lift=0.8, softness=0)]
    items.append(
        Part(
            upper,
            replace(look.upper, gloss=max(look.upper.gloss, 0.3)),
            (Fold((-0.25, -high - 0.05), (0.25, -0.0), 0.07, 0.016, -0.3),),
            lift=1.1,
            softness=0.15,
        )
    )
    items.append(
        Stroke(
            curve(
                [
                    (-0.25, -high + 0.02),
                    (-0.1, -sole(-0.1) + 0.045),
                    (0.05, -sole(0.05) + 0.05),
                    (0.2, 0.052),
                    (0.31, 0.047),
                ]
            ),
            "paint",
            0.014,
            tuple(look.sole.base),
            1.0,
        )
    )
    if g.random() < 0.35:
        items.append(
            Stroke(
                curve([(-0.24, -high - 0.12), (-0.12, -high - 0.16), (-0.02, -high * 0.5 - 0.05)]),
                "cord",
                0.02,
                tuple(look.upper.base),
                1.0,
            )
        )
    return items


BUILDERS = {
    "dress": dress,
    "hat": hat,
    "longsleeve": longsleeve,
    "outwear": outwear,
    "pants": pants,
    "shirt": shirt,
    "shoes": shoes,
    "shorts": shorts,
    "skirt": skirt,
    "t-shirt": t_shirt,
}


def build(label, g, background, kids, hung):
    """Return the items of a garment of the class `label`, to be painted in this order.

    `g` is a NumPy generator; `background` the mean color of what the garment lies on; `kids` makes
    it shorter; a `hung` one has a hanger.
    """
    return BUILDERS[label](g, background, kids, hung)
