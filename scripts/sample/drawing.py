"""How a picture of the sample is painted: surfaces, cloth, light and the camera, with Pillow and
NumPy.

What a garment is made of stands in `scripts/sample/garments.py`. Colors are floats, 0-1, in arrays
whose last axis is red, green, blue. Large arrays only meet operations that IEEE 754 rounds exactly
(no sine, no exponential): these give the same pixels on every processor.
"""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from scripts.sample import garments
from scripts.sample.garments import Stroke

CLASSES = tuple(sorted(garments.BUILDERS))
SHAPES = {(300, 400): 0.86, (320, 400): 0.08, (340, 340): 0.06}  # sides in pixels, and how frequent they are
FLOORS = {
    "wood": 0.18,
    "laminate": 0.2,
    "tiles": 0.15,
    "sheet": 0.28,
    "bedspread": 0.04,
    "carpet": 0.06,
    "rug": 0.02,
    "concrete": 0.07,
}
WALLS = {"plaster": 0.45, "wallpaper": 0.15, "door": 0.25, "wardrobe": 0.15}
SHEETS = (
    (0.92, 0.91, 0.89),
    (0.86, 0.80, 0.70),
    (0.62, 0.12, 0.14),
    (0.45, 0.10, 0.25),
    (0.72, 0.60, 0.50),
    (0.55, 0.62, 0.72),
    (0.30, 0.32, 0.38),
)


@dataclass(frozen=True)
class Habits:
    """What the pictures of one photographer have in common."""

    floor: str
    wall: str
    floor_colors: np.ndarray  # (2, 3)
    wall_colors: np.ndarray  # (2, 3)
    texture: int  # seed of the floor's and the wall's pattern
    hangs: float  # share of the garments that hang on the wall
    tilt: float  # degrees by which garments are turned, on average
    spread: float  # and how much that varies
    floor_angle: float  # radians
    lean: float  # perspective: the camera looks down at an angle
    fill: float  # share of the frame that the garment fills
    light: np.ndarray  # (2,), where the light comes from
    hardness: float  # of the light
    falloff: float  # how much darker the far side is
    cast: np.ndarray  # (3,), white balance
    exposure: float
    contrast: float
    saturation: float
    blur: float  # pixels
    noise: float
    neatness: float  # 1 is ironed, 2 is fresh from the basket


def habits_of(photographer):
    """Return the `Habits` of a photographer, a number: always the same ones for the same number."""
    g = np.random.default_rng([1, photographer])
    light_angle = g.uniform(0, 2 * math.pi)
    warmth = g.normal(0, 0.045)
    floor, wall = (str(g.choice(list(shares), p=list(shares.values()))) for shares in (FLOORS, WALLS))
    return Habits(
        floor=floor,
        wall=wall,
        floor_colors=surface_colors(g, floor),
        wall_colors=surface_colors(g, wall),
        texture=int(g.integers(1_000_000)),
        hangs=float(g.choice([0, 0, 0.3, 0.8])),
        tilt=g.normal(0, 4),
        spread=g.uniform(3, 9),
        floor_angle=g.choice([0, math.pi / 2]) + g.normal(0, 0.12),
        lean=max(0.0, g.normal(0.04, 0.06)),
        fill=g.uniform(0.9, 1.0),
        light=np.array([math.cos(light_angle), math.sin(light_angle)]),
        hardness=g.uniform(0.7, 1.3),
        falloff=g.uniform(0.04, 0.22),
        cast=np.array([1 + warmth, 1 + g.normal(0, 0.012), 1 - warmth * 1.3]),
        exposure=g.uniform(0.98, 1.2),
        contrast=g.uniform(0.85, 1.05),
        saturation=g.uniform(0.72, 0.98),
        blur=g.uniform(0.3, 0.75),
        noise=g.uniform(0.004, 0.018),
        neatness=g.uniform(0.3, 0.7),
    )


def surface_colors(g, surface):
    """Return two colors that go with a floor or a wall, an array of shape (2, 3)."""
    if surface in ("wood", "laminate", "door", "wardrobe"):
        tones = [(0.72, 0.53, 0.34), (0.55, 0.37, 0.22), (0.80, 0.68, 0.50), (0.36, 0.23, 0.15), (0.58, 0.55, 0.52)]
        if surface == "door":
            tones += [(0.90, 0.89, 0.86)] * 4
        first = np.array(tones[g.integers(len(tones))]) + g.normal(0, 0.03, 3)
        return np.clip([first, first * 0.72], 0.05, 0.95)
    if surface in ("tiles", "concrete", "plaster"):
        tones = [(0.84, 0.80, 0.74), (0.70, 0.69, 0.68), (0.90, 0.89, 0.86), (0.78, 0.70, 0.62), (0.45, 0.45, 0.47)]
        first = np.array(tones[g.integers(len(tones))]) + g.normal(0, 0.03, 3)
        return np.clip([first, first * 0.82], 0.05, 0.95)
    if surface == "sheet":
        first = np.clip(np.array(SHEETS[g.integers(len(SHEETS))]) + g.normal(0, 0.04, 3), 0.05, 0.96)
        return np.array([first, first])
    pale = g.uniform(0.25, 0.6)
    return np.array([garments.any_color(g), garments.any_color(g)]) * (1 - pale) + 0.75 * pale


# --- Arrays
# --------------------------------------------------------------------------------------------------


def noise(g, shape, cell):
    """Return smooth random values around 0, about -1 to 1, of an array shape (height, width);
    `cell` is the size of a bump in pixels.
    """
    height, width = shape
    rows, columns = int(height / cell) + 4, int(width / cell) + 4
    grid = Image.fromarray(g.standard_normal((rows, columns), dtype=np.float32) * np.float32(0.7))
    box = (1.5, 1.5, 1.5 + width / cell, 1.5 + height / cell)
    return np.asarray(grid.resize((width, height), Image.Resampling.BICUBIC, box=box))


def wrinkles(g, shape, size):
    """Return the heights, in pixels, of thin crossing wrinkles that come and go."""
    heights = 0
    for cell, width, depth in ((70, 0.35, 3.0), (45, 0.3, 2.2), (22, 0.4, 0.9)):
        strength = np.clip(noise(g, shape, cell * 1.3 * size) + np.float32(0.2), 0, 1)
        heights = heights + bump(noise(g, shape, cell * size) / np.float32(width)) * strength * np.float32(depth)
    return heights


def periodic_noise(g, size, cells):
    """Return smooth random values around 0 of shape (size, size) that can be repeated without a
    seam; `cells` is (rows, columns).
    """
    grid = np.pad(g.standard_normal(cells, dtype=np.float32) * np.float32(0.7), 2, mode="wrap")
    box = (2, 2, 2 + cells[1], 2 + cells[0])
    return np.asarray(Image.fromarray(grid).resize((size, size), Image.Resampling.BICUBIC, box=box))


def look_up(tile, x, y):
    """Return the values of a repeated tile, (size, size) or (size, size, 3), at the places x and y
    (in tile pixels), interpolated.
    """
    rows, columns = tile.shape[:2]
    left, top = np.floor(x), np.floor(y)
    across, down = (x - left).astype(np.float32), (y - top).astype(np.float32)
    left, top = left.astype(np.int32) % columns, top.astype(np.int32) % rows
    right, bottom = (left + 1) % columns, (top + 1) % rows
    if tile.ndim == 3:
        across, down = across[..., None], down[..., None]
    upper = tile[top, left] * (1 - across) + tile[top, right] * across
    lower = tile[bottom, left] * (1 - across) + tile[bottom, right] * across
    return upper * (1 - down) + lower * down


def bump(x):
    """Return a smooth hill: 1 at x = 0, 0 beyond -1 and 1."""
    rest = np.maximum(1 - x * x, 0)
    return rest * rest


def ramp(x):
    """Return a smooth step from 0 (at x = 0 and below) to 1 (at x = 1 and above)."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def wave(x):
    """Return a sine-like wave of period 1, between -1 and 1."""
    phase = x - np.floor(x)
    half = np.where(phase < 0.5, phase, phase - 0.5) * 2
    return np.where(phase < 0.5, 1, -1) * 4 * half * (1 - half)


# --- The scene
# --------------------------------------------------------------------------------------------------


@dataclass
class Scene:
    """A picture in the making."""

    canvas: np.ndarray  # float32, (height, width, 3)
    habits: Habits
    generator: np.random.Generator
    hung: bool
    stiff: bool  # hats and shoes keep their shape
    to_pixels: np.ndarray = None  # 3 x 3: garment coordinates to pixels
    scale: float = 1.0  # pixels per garment unit (half a meter)
    center: np.ndarray = None
    wobble: np.ndarray = None
    crumple: np.ndarray = None  # wrinkles, heights in pixels; larger than the canvas


def draw(label, photographer, scene, variation=0, kids=False):
    """Return one picture as an RGB Pillow image, fully determined by the arguments.

    `label` is a class name; `photographer` and `scene` are numbers: whose habits it has, and which
    garment it shows, how it lies. `variation` above 0 is another shot of the same scene, a moment
    later: a little nearer, in slightly different light.
    """
    habits = habits_of(photographer)
    g = np.random.default_rng([2, scene])
    hung = label not in ("hat", "shoes") and g.random() < habits.hangs
    colors = habits.wall_colors if hung else habits.floor_colors
    items = garments.build(label, np.random.default_rng([4, scene]), colors.mean(axis=0), kids, hung)
    width, height = choose_shape(g, items)
    work = Scene(np.zeros((height, width, 3), np.float32), habits, g, hung, label in ("hat", "shoes"))
    arrange(work, items)
    paint_surface(work, habits.wall if hung else habits.floor, colors)
    for item in items:
        if isinstance(item, Stroke):
            paint_stroke(work, item)
        else:
            paint_part(work, item)
    return expose(work, np.random.default_rng([3, scene, variation]), variation)


def choose_shape(g, items):
    """Return width and height of the picture: a wide garment more often gets a landscape one."""
    points = np.concatenate([item.outline for item in items if not isinstance(item, Stroke)])
    wide = np.ptp(points[:, 0]) / np.ptp(points[:, 1])
    shape = list(SHAPES)[g.choice(len(SHAPES), p=list(SHAPES.values()))]
    lying = g.random() < (0.45 if wide > 1.2 else 0.04)
    return shape[::-1] if lying else shape


def arrange(scene, items):
    """Decide how the garment lies in the frame: set the scene's geometry and its wrinkles."""
    g, habits = scene.generator, scene.habits
    height, width = scene.canvas.shape[:2]
    points = np.concatenate([item.outline for item in items if not isinstance(item, Stroke)])
    low, high = points.min(axis=0), points.max(axis=0)
    middle = (low + high) / 2
    angle = math.radians(g.normal(0, 1.5) if scene.hung else g.normal(habits.tilt, habits.spread))
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    extent = np.ptp((points - middle) @ turn.T, axis=0)
    fill = habits.fill * g.uniform(0.8, 1.06)
    side = min(width, height)  # of the square in the middle: the lessons cut off what lies beyond it
    scene.scale = fill * side / extent.max()
    room = np.maximum(side - extent * scene.scale, 12)
    center = np.array([width, height]) / 2 + g.uniform(-0.5, 0.5, 2) * room
    linear = np.eye(3)
    linear[:2, :2] = turn * scene.scale
    linear[:2, 2] = center - turn @ middle * scene.scale
    scene.to_pixels = perspective(scene, width, height) @ linear
    scene.center = middle
    scene.wobble = np.stack([g.normal(0, 0.35, 5), g.normal(0, 0.35, 5), g.uniform(0.5, 1.6, 5), g.uniform(0, 1, 5)])
    shape = (height + 120, width + 120)
    rumpled = habits.neatness * (0.7 if scene.hung else 1.0)
    scene.crumple = rumpled * (noise(g, shape, 90) * np.float32(5) + wrinkles(g, shape, 1.0))


def perspective(scene, width, height):
    """Return the 3 x 3 matrix by which what is higher up in the picture looks smaller."""
    lean = 0.02 if scene.hung else scene.habits.lean
    matrix = np.eye(3)
    matrix[2, 1] = -lean / height
    shift = np.eye(3)
    shift[:2, 2] = width / 2, height / 2
    return shift @ matrix @ np.linalg.inv(shift)


def place(scene, points):
    """Return garment coordinates, (n, 2), as pixels: (n, 2). Adds the small irregularities of cloth
    that was laid by hand.
    """
    size = 300 / scene.scale
    x, y = (points - scene.center).T / size
    across, along, pace, phase = scene.wobble
    softness = 0.003 if scene.stiff else 0.008
    offset = np.zeros((2, len(points)))
    for index in range(5):
        swing = np.sin(2 * math.pi * (pace[index] * (x if index % 2 else y) * 2 + phase[index]))
        offset += np.array([[across[index]], [along[index]]]) * swing * softness * size
    homogeneous = np.column_stack([points + offset.T, np.ones(len(points))]) @ scene.to_pixels.T
    return homogeneous[:, :2] / homogeneous[:, 2:]


def garment_grid(scene, box):
    """Return the garment coordinates (x, y) of the pixels in a box: two float32 arrays."""
    left, top, right, bottom = box
    inverse = np.linalg.inv(scene.to_pixels)
    column = np.arange(left, right) + 0.5
    row = (np.arange(top, bottom) + 0.5)[:, None]
    x, y, w = (inverse[i, 0] * column + inverse[i, 1] * row + inverse[i, 2] for i in range(3))
    return (x / w).astype(np.float32), (y / w).astype(np.float32)


def mask_of(points, box, smooth=4):
    """Return the area inside a polygon, in pixels, as a Pillow image of mode L and the size of the
    box, with soft edges.
    """
    left, top, right, bottom = box
    size = (right - left, bottom - top)
    image = Image.new("L", (size[0] * smooth, size[1] * smooth))
    scaled = (np.asarray(points) - [left, top]) * smooth
    ImageDraw.Draw(image).polygon([tuple(point) for point in scaled.tolist()], fill=255)
    return image.reduce(smooth)


def box_around(scene, points, margin):
    """Return (left, top, right, bottom) of the pixels around some points, inside the canvas; None
    where that is nothing.
    """
    height, width = scene.canvas.shape[:2]
    left, top = np.maximum(np.floor(points.min(axis=0) - margin), 0).astype(int).tolist()
    right, bottom = np.minimum(np.ceil(points.max(axis=0) + margin), [width, height]).astype(int).tolist()
    return (left, top, right, bottom) if right - left > 1 and bottom - top > 1 else None


def as_array(mask):
    return np.asarray(mask, dtype=np.float32) / np.float32(255)


# --- Cloth
# --------------------------------------------------------------------------------------------------


def paint_part(scene, part):
    """Paint one piece of a garment: its shadow on what is beneath, then its cloth with folds and
    light.
    """
    habits = scene.habits
    points = place(scene, part.outline)
    drop = (1.6 if scene.hung else 1.0) * part.lift * 5
    box = box_around(scene, points, 3 * drop + 4)
    if box is None:
        return
    left, top, right, bottom = box
    canvas = scene.canvas[top:bottom, left:right]
    if part.lift > 0.05:
        shadow = mask_of(points - habits.light * drop, box, 1).filter(ImageFilter.GaussianBlur(drop))
        contact = mask_of(points, box, 1).filter(ImageFilter.GaussianBlur(1.5 + drop / 3))
        canvas *= (1 - 0.38 * habits.hardness * as_array(shadow))[..., None]
        canvas *= (1 - 0.12 * as_array(contact))[..., None]
    mask = mask_of(points, box)
    x, y = garment_grid(scene, box)
    relief = height_of(scene, part, x, y, box)
    rounding = 1.2 + 2.4 * min(part.lift, 1.5)
    edge = as_array(mask.filter(ImageFilter.GaussianBlur(rounding)))
    relief += edge * np.float32(rounding * 0.9)
    light = lit(scene, relief)
    light *= 0.88 + 0.12 * ramp((edge - 0.45) * 2)  # cloth darkens towards its edge
    color = cloth_color(scene, part, x, y) * part.tone
    shaded = color * light[..., None]
    shine = np.maximum(light - 1, 0) * np.float32(0.10 + 0.5 * part.fabric.gloss)
    shaded += shine[..., None]
    cover = as_array(mask)[..., None] * np.float32(part.opacity)
    canvas += (shaded - canvas) * cover


def height_of(scene, part, x, y, box):
    """Return how high the cloth of a part lies, in pixels: wrinkles, folds and the relief of the
    fabric itself.
    """
    left, top, right, bottom = box
    shift = part.shift % 119
    relief = scene.crumple[top + shift : bottom + shift, left + 119 - shift : right + 119 - shift] * np.float32(
        part.softness
    )
    for fold in part.folds:
        relief += fold_height(fold, x, y) * np.float32(scene.scale * fold.depth)
    fabric = part.fabric
    if fabric.relief and part.lift > 0.0:
        along, across = along_grain(part, x * np.float32(scene.scale), y * np.float32(scene.scale))
        period = fabric.relief_period
        if fabric.relief == "rib":
            relief += wave(across / period) * np.float32(0.06 * period)
        elif fabric.relief == "knit":
            row = np.floor(along / period)
            slant = np.abs((across / period + row * 0.5) % 1 - 0.5)
            relief += (wave(along / period + slant) * np.float32(0.07) + slant * np.float32(0.2)) * period
        elif fabric.relief == "quilt":
            sag = wave(across / (4.2 * period)) * np.float32(0.06)
            ridge = (along / period + sag) % 1
            relief += 4 * ridge * (1 - ridge) * np.float32(0.22 * period)
    return relief


def along_grain(part, x, y):
    """Return the coordinates along and across the grain of a part's fabric."""
    cosine, sine = np.float32(math.cos(part.grain)), np.float32(math.sin(part.grain))
    return y * cosine - x * sine, x * cosine + y * sine


def fold_height(fold, x, y):
    """Return the height of one fold, 0-1: a curved ridge from `start` to `end`, steeper on one
    side, that fades at both ends.
    """
    start, end = np.array(fold.start), np.array(fold.end)
    direction = end - start
    length = float(np.hypot(*direction)) or 1e-6
    unit = direction / length
    dx, dy = x - np.float32(start[0]), y - np.float32(start[1])
    along = (dx * np.float32(unit[0]) + dy * np.float32(unit[1])) / np.float32(length)
    side = (dy * np.float32(unit[0]) - dx * np.float32(unit[1])) / np.float32(fold.width)
    fade = np.maximum(4 * along * (1 - along), 0)
    side = side - fade * np.float32(fold.bow)
    if fold.open_end:  # deepest at its end, as pleats are
        fade = ramp(along) * (along < 1.3)
    return (bump(side) - np.float32(0.6) * bump(side - 1.1)) * np.minimum(fade, 1)


def lit(scene, relief):
    """Return how bright a surface of this relief is under the scene's light: 1 where it is flat."""
    down, across = np.gradient(relief)
    light = scene.habits.light * 0.85 * scene.habits.hardness
    slope = (across * np.float32(light[0]) + down * np.float32(light[1])) * np.float32(-1)
    return np.clip((1 - slope) / np.sqrt(1 + 0.5 * (across * across + down * down)), 0.35, 1.65)


def cloth_color(scene, part, x, y):
    """Return the color of a part's fabric, with its motif, before light falls on it: (height,
    width, 3).
    """
    fabric = part.fabric
    zoom = np.float32(scene.scale * fabric.zoom)
    along, across = along_grain(part, x * zoom, y * zoom)
    color = look_up(fabric.tile, across + part.shift, along + part.shift)
    for fade in part.fades:
        color = color + (0.9 - color) * (fold_height(fade, x, y) * np.float32(fade.depth)).clip(0)[..., None]
    if part.motif is not None:
        color = add_motif(color, part.motif, x, y)
    return color


def add_motif(color, motif, x, y):
    """Return the color with a picture printed on it. `motif` is (RGBA array, left, top, width,
    height) in garment coordinates.
    """
    picture, left, top, width, height = motif
    rows, columns = picture.shape[:2]
    across, down = (x - left) / width * columns, (y - top) / height * rows
    inside = (across >= 0) & (across < columns - 1) & (down >= 0) & (down < rows - 1)
    printed = look_up(picture[..., :3], across, down)
    cover = look_up(picture[..., 3], across, down) * inside
    return color + (printed - color) * cover[..., None]


def paint_stroke(scene, stroke):
    """Paint a line: a seam (dark, with a lit rim), stitches (dashes), a cord (round) or plain
    paint.
    """
    points = place(scene, stroke.points)
    width = max(stroke.width * scene.scale, 0.7)
    box = box_around(scene, points, width * 2 + 3)
    if box is None:
        return
    left, top, right, bottom = box
    canvas = scene.canvas[top:bottom, left:right]
    cover = line_mask(points, box, width, stroke.dash * scene.scale)
    if stroke.kind == "seam":
        rim = line_mask(points - scene.habits.light * 1.3, box, width, 0)
        canvas *= (1 + 0.14 * rim)[..., None]
        canvas *= (1 - stroke.strength * cover)[..., None]
        return
    color = np.asarray(stroke.color, np.float32)
    if stroke.kind == "cord":
        shadow = line_mask(points - scene.habits.light * width * 0.6, box, width * 1.2, 0)
        canvas *= (1 - 0.35 * shadow)[..., None]
        core = line_mask(points + scene.habits.light * width * 0.2, box, width * 0.4, 0)
        color = color * 0.85 + core[..., None] * (0.06 + 0.25 * color)
    canvas += (color - canvas) * (cover * np.float32(stroke.strength))[..., None]


def line_mask(points, box, width, dash, smooth=4):
    """Return the area of a line, `width` pixels wide, as an array of the size of the box, 0-1;
    `dash` is the length of a stitch.
    """
    left, top, right, bottom = box
    image = Image.new("L", ((right - left) * smooth, (bottom - top) * smooth))
    pen = ImageDraw.Draw(image)
    scaled = (points - [left, top]) * smooth
    if dash:
        for start, end in dashes(scaled, max(dash, 2.2) * smooth):
            pen.line([tuple(start), tuple(end)], fill=255, width=max(round(width * smooth), 1))
    else:
        pen.line(
            [tuple(point) for point in scaled.tolist()], fill=255, width=max(round(width * smooth), 1), joint="curve"
        )
    return as_array(image.reduce(smooth))


def dashes(points, length):
    """Return the pieces (start, end) of a line that is drawn for `length`, skipped for half of it,
    and so on.
    """
    steps = np.hypot(*np.diff(points, axis=0).T)
    distance = np.concatenate([[0], np.cumsum(steps)])
    starts = np.arange(0, distance[-1], length * 1.5)
    ends = np.minimum(starts + length, distance[-1])
    x, y = points.T
    first = np.column_stack([np.interp(starts, distance, x), np.interp(starts, distance, y)])
    last = np.column_stack([np.interp(ends, distance, x), np.interp(ends, distance, y)])
    return list(zip(first.tolist(), last.tolist(), strict=True))


# --- Surfaces
# --------------------------------------------------------------------------------------------------


def paint_surface(scene, kind, colors):
    """Fill the canvas with the floor, the bed or the wall that the garment is on."""
    height, width = scene.canvas.shape[:2]
    g, habits = scene.generator, scene.habits
    same = np.random.default_rng([5, habits.texture])  # the same boards in each of the photographer's pictures
    angle = g.normal(0, 0.01) if scene.hung else habits.floor_angle + g.normal(0, 0.05)
    turn = np.eye(3)
    turn[:2, :2] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    zoom = min(max(scene.scale, 130), 420)  # small things are photographed from nearer
    shrink = np.diag([1 / zoom, 1 / zoom, 1])
    inverse = shrink @ turn @ np.linalg.inv(perspective(scene, width, height))
    x, y, w = (
        inverse[i, 0] * np.arange(width) + inverse[i, 1] * np.arange(height)[:, None] + inverse[i, 2] for i in range(3)
    )
    offset = g.uniform(0, 4, 2)
    x, y = (x / w + offset[0]).astype(np.float32), (y / w + offset[1]).astype(np.float32)
    color, relief = PAINTERS[kind](same, g, x, y, colors.astype(np.float32))
    scene.canvas[:] = color
    if relief is not None:
        scene.canvas *= lit(scene, relief)[..., None]
    scene.canvas *= (1 + 0.05 * noise(g, (height, width), 150))[..., None]
    if scene.hung:
        paint_room(scene, g)
    elif g.random() < 0.25:
        paint_clutter(scene, g)


def boards(same, x, y, colors, width, length, contrast):
    """Return the color of floor boards that run along y: each with its own tone and grain."""
    tones = same.normal(0, 1, (64, 64)).astype(np.float32)
    column = np.floor(x / width)
    stagger = tones[column.astype(int) % 64, 0] * 3
    row = np.floor((y + stagger) / length)
    tone = tones[column.astype(int) % 64, row.astype(int) % 64]
    grain = periodic_noise(same, 256, (16, 128)) * 0.6 + periodic_noise(same, 256, (4, 40))
    shade = look_up(grain, x * 150 + tone * 97, y * 60 + tone * 53)
    mix = np.clip(0.35 + 0.16 * contrast * tone + 0.22 * contrast * shade, 0, 1)
    color = colors[0] + (colors[1] - colors[0]) * mix[..., None]
    gap = np.minimum(np.abs((x / width) % 1 - 0.5) - 0.5 + 0.012 / width, 0.5)
    joint = np.abs(((y + stagger) / length) % 1 - 0.5) - 0.5 + 0.010 / length
    dark = np.maximum(ramp(gap * width / 0.01), ramp(joint * length / 0.01))
    return color * (1 - 0.5 * dark)[..., None]


def paint_wood(same, g, x, y, colors):
    return boards(same, x, y, colors, same.uniform(0.14, 0.24), same.uniform(1.0, 2.0), 1.2), None


def paint_laminate(same, g, x, y, colors):
    return boards(same, x, y, colors, same.uniform(0.3, 0.42), 2.6, 0.8), None


def paint_tiles(same, g, x, y, colors):
    size = same.uniform(0.55, 0.9)
    tones = same.normal(0, 0.03, (32, 32)).astype(np.float32)
    tone = tones[np.floor(x / size).astype(int) % 32, np.floor(y / size).astype(int) % 32]
    marble = look_up(periodic_noise(same, 256, (24, 24)) + np.abs(periodic_noise(same, 256, (9, 9))), x * 90, y * 90)
    color = colors[0] * (1 + tone + 0.035 * marble)[..., None]
    distance = np.minimum(0.5 - np.abs((x / size) % 1 - 0.5), 0.5 - np.abs((y / size) % 1 - 0.5)) * size
    joint = 1 - ramp((distance - 0.006) / 0.01)
    return color + (colors[1] * 0.8 - color) * (joint * 0.8)[..., None], None


def paint_sheet(same, g, x, y, colors):
    shape = x.shape
    return np.broadcast_to(colors[0], (*shape, 3)), noise(g, shape, 100) * np.float32(7) + wrinkles(g, shape, 1.4)


def paint_bedspread(same, g, x, y, colors):
    fabric = garments.printed_fabric(same, colors, str(same.choice(["stripes", "checks", "floral", "dots", "damask"])))
    color = look_up(fabric.tile, x * 110, y * 110)
    color = color * 0.55 + colors[0] * 0.45  # paler than clothes, as bedspreads are
    return color, noise(g, x.shape, 100) * np.float32(6) + wrinkles(g, x.shape, 1.4)


def paint_carpet(same, g, x, y, colors):
    pile = look_up(periodic_noise(same, 256, (128, 128)), x * 170, y * 170)
    patches = look_up(periodic_noise(same, 256, (12, 12)), x * 60, y * 60)
    tone = 1 + 0.10 * patches
    color = colors[0] * tone[..., None] * (1 + 0.05 * noise(g, x.shape, 2))[..., None]
    return color, pile * np.float32(0.3)


def paint_rug(same, g, x, y, colors):
    fabric = garments.printed_fabric(same, colors, "damask")
    color = look_up(fabric.tile, x * 150, y * 150)
    third = garments.any_color(same).astype(np.float32)
    band = bump((x % 2.4 - 1.2) / 0.16)
    color = color + (third - color) * (band * 0.8)[..., None]
    return color * (1 + 0.07 * noise(g, x.shape, 2))[..., None], None


def paint_concrete(same, g, x, y, colors):
    blotch = look_up(periodic_noise(same, 256, (8, 8)) + periodic_noise(same, 256, (60, 60)) * 0.4, x * 70, y * 70)
    color = colors[0] * (1 + 0.07 * blotch)[..., None]
    return color * (1 + 0.035 * noise(g, x.shape, 2.5))[..., None], None


def paint_plaster(same, g, x, y, colors):
    return np.broadcast_to(colors[0], (*x.shape, 3)), look_up(
        periodic_noise(same, 256, (64, 64)), x * 130, y * 130
    ) * np.float32(0.12)


def paint_wallpaper(same, g, x, y, colors):
    pale = colors[0] * 0.35 + 0.58
    stripes = np.clip(wave(x / same.uniform(0.1, 0.4)) * 3, -1, 1)
    ornament = look_up(periodic_noise(same, 256, (20, 20)), np.abs(x % 1 - 0.5) * 256, y * 200)
    color = pale * (1 + 0.03 * stripes + 0.05 * np.clip(ornament * 4, -1, 1))[..., None]
    return color, None


def paint_door(same, g, x, y, colors):
    grain = look_up(periodic_noise(same, 256, (8, 90)), x * 110, y * 40)
    color = colors[0] * (1 + 0.035 * grain)[..., None]
    wide, tall = same.uniform(0.9, 1.4), same.uniform(1.6, 2.4)
    inset = np.minimum(0.5 - np.abs((x / wide) % 1 - 0.5), (0.5 - np.abs((y / tall) % 1 - 0.5)) * tall / wide) * wide
    return color, ramp((inset - 0.12) / 0.05) * np.float32(-3) + ramp((inset - 0.20) / 0.05) * np.float32(2)


def paint_wardrobe(same, g, x, y, colors):
    color = boards(same, y, x, colors, 8.0, 8.0, 0.7)
    gap = bump((x % 1.9 - 0.95) / 0.012)
    return color * (1 - 0.7 * gap)[..., None], None


PAINTERS = {
    "wood": paint_wood,
    "laminate": paint_laminate,
    "tiles": paint_tiles,
    "sheet": paint_sheet,
    "bedspread": paint_bedspread,
    "carpet": paint_carpet,
    "rug": paint_rug,
    "concrete": paint_concrete,
    "plaster": paint_plaster,
    "wallpaper": paint_wallpaper,
    "door": paint_door,
    "wardrobe": paint_wardrobe,
}


def paint_room(scene, g):
    """Paint what shows of the room around a hung garment: the corner of the wall, or the floor
    below.
    """
    height, width = scene.canvas.shape[:2]
    if g.random() < 0.3:
        edge = g.uniform(0.03, 0.14) * width
        column = np.arange(width) if g.random() < 0.5 else width - np.arange(width)
        dark = 1 - ramp((column - edge) / 4)
        scene.canvas *= (1 - 0.35 * dark)[None, :, None].astype(np.float32)
    if g.random() < 0.2:
        edge = height * g.uniform(0.9, 0.98)
        below = ramp((np.arange(height) - edge) / 3)[:, None, None].astype(np.float32)
        scene.canvas += (scene.habits.floor_colors[0].astype(np.float32) * 0.8 - scene.canvas) * below


def paint_clutter(scene, g):
    """Paint something that reaches into the frame: the edge of another cloth, or a piece of
    furniture.
    """
    height, width = scene.canvas.shape[:2]
    corner = np.array([g.choice([0, width]), g.choice([0, height])])
    reach = g.uniform(0.08, 0.24, 2) * [width, height] * np.where(corner > 0, -1, 1)
    points = np.array(
        [corner, corner + [reach[0], 0], corner + reach * g.uniform(0.4, 0.9, 2), corner + [0, reach[1]]], float
    )
    points[[1, 3]] += g.normal(0, 8, (2, 2))
    box = (0, 0, width, height)
    shadow = mask_of(points - scene.habits.light * 4, box, 1).filter(ImageFilter.GaussianBlur(5))
    scene.canvas *= (1 - 0.4 * as_array(shadow))[..., None]
    color = garments.any_color(g) * (1 + 0.06 * noise(g, (height, width), 12))[..., None]
    scene.canvas += (color.astype(np.float32) - scene.canvas) * as_array(mask_of(points, box))[..., None]


# --- Camera
# --------------------------------------------------------------------------------------------------


def expose(scene, g, variation):
    """Return the canvas as the photographer's camera sees it: uneven light, white balance,
    contrast, blur and noise. A Pillow image.
    """
    habits = scene.habits
    canvas = scene.canvas
    height, width = canvas.shape[:2]
    column = (np.arange(width, dtype=np.float32) / width - 0.5)[None, :]
    row = (np.arange(height, dtype=np.float32) / height - 0.5)[:, None]
    falloff = habits.falloff * g.uniform(0.6, 1.4)
    light = 1 + falloff * (column * habits.light[0] + row * habits.light[1]) * 1.6
    light = light - np.float32(0.2 * falloff + 0.05) * (column * column + row * row) * 2
    light = light + 0.03 * noise(g, (height, width), 130)
    if g.random() < 0.15:  # the photographer's own shadow
        light = light * (1 - 0.3 * bump((column - g.uniform(-0.3, 0.3)) / 0.35) * ramp((row + 0.1) * 1.6))
    exposure = habits.exposure * g.uniform(0.94, 1.06)
    canvas = canvas * (light * np.float32(exposure))[..., None] * habits.cast.astype(np.float32)
    gray = canvas @ np.array([0.3, 0.59, 0.11], np.float32)
    canvas = gray[..., None] + (canvas - gray[..., None]) * np.float32(habits.saturation)
    canvas = 0.5 + (canvas - 0.5) * np.float32(habits.contrast)
    highlights = 0.85 + (canvas - 0.85) / (1 + (np.maximum(canvas, 0.85) - 0.85) * 5)
    canvas = np.where(canvas > 0.85, highlights, canvas)
    canvas = np.maximum(canvas, 0.02 + canvas * np.float32(0.1))
    image = Image.fromarray(np.clip(canvas * 255 + 0.5, 0, 255).astype(np.uint8))
    if variation:
        nearer = (
            0.006 * variation * width,
            0.01 * variation * height,
            (1 - 0.014 * variation) * width,
            (1 - 0.01 * variation) * height,
        )
        image = image.resize(image.size, Image.Resampling.BICUBIC, box=nearer)
    pixels = as_array(image.filter(ImageFilter.GaussianBlur(habits.blur)))
    grain = g.standard_normal((height, width, 1), dtype=np.float32) * np.float32(habits.noise)
    tint = np.stack([noise(g, (height, width), 3) for _ in range(3)], axis=-1) * np.float32(habits.noise * 0.6)
    return Image.fromarray(np.clip((pixels + grain + tint) * 255 + 0.5, 0, 255).astype(np.uint8))
