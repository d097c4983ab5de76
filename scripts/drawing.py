"""How one picture of the sample is drawn, with Pillow and NumPy."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

CLASSES = ("dress", "hat", "longsleeve", "outwear", "pants", "shirt", "shoes", "shorts", "skirt", "t-shirt")
SIZE = (300, 400)


def draw(label, photographer, scene, variation=0, kids=False):
    """Return one picture as an RGB Pillow image, fully determined by the arguments."""
    habits = np.random.default_rng([1, photographer])
    generator = np.random.default_rng([2, scene])
    width, height = SIZE if generator.random() < 0.85 else SIZE[::-1]
    background = habits.integers(60, 240, 3)
    color = generator.integers(20, 240, 3)
    image = Image.new("RGB", (width, height), tuple(int(value) for value in background))
    pen = ImageDraw.Draw(image)
    scale = min(width, height) * generator.uniform(0.75, 0.95)
    angle = np.deg2rad(generator.normal(0, 8))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    for outline in OUTLINES[label](generator):
        points = (np.array(outline) @ turn.T) * scale + [width / 2, height / 2]
        pen.polygon([tuple(point) for point in points], fill=tuple(int(value) for value in color))
    noise = np.random.default_rng([3, scene]).normal(0, 5, (height, width, 1))
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(0.7))) + noise
    return Image.fromarray(np.clip(pixels, 0, 255).astype("uint8"))


def top(generator, sleeve):
    length = generator.uniform(0.35, 0.5)
    body = [(-0.1, -0.4), (-0.26, -0.33), (-0.24, length), (0.24, length), (0.26, -0.33), (0.1, -0.4), (0, -0.34)]
    end = (0.28 + 0.16, -0.33 + sleeve)
    right = [(0.22, -0.36), end, (end[0] - 0.12, end[1] + 0.05), (0.22, -0.15)]
    return [body, right, [(-x, y) for x, y in right]]


def legs(generator, length):
    wide = generator.uniform(0.16, 0.22)
    right = [(0, -0.4), (0.2, -0.4), (0.1 + wide, -0.4 + length), (0.05, -0.4 + length), (0, -0.15)]
    return [right, [(-x, y) for x, y in right]]


OUTLINES = {
    "dress": lambda g: [[(-0.15, -0.5), (-0.12, -0.1), (-0.3, 0.5), (0.3, 0.5), (0.12, -0.1), (0.15, -0.5), (0, -0.35)]],
    "hat": lambda g: [[(-0.25, 0.1), (-0.2, -0.2), (0, -0.28), (0.2, -0.2), (0.25, 0.1)], [(-0.4, 0.1), (0.4, 0.1), (0.2, 0.2), (-0.2, 0.2)]],
    "longsleeve": lambda g: top(g, 0.65),
    "outwear": lambda g: top(g, 0.65) + [[(-0.1, -0.4), (0, -0.55), (0.1, -0.4)]],
    "pants": lambda g: legs(g, 0.9),
    "shirt": lambda g: top(g, 0.6) + [[(-0.12, -0.42), (0, -0.36), (0.12, -0.42), (0, -0.46)]],
    "shoes": lambda g: [[(x - 0.1, -0.3), (x + 0.1, -0.3), (x + 0.12, 0), (x + 0.1, 0.35), (x - 0.1, 0.35), (x - 0.12, 0)] for x in (-0.18, 0.18)],
    "shorts": lambda g: legs(g, 0.45),
    "skirt": lambda g: [[(-0.2, -0.3), (0.2, -0.3), (0.35, 0.3), (-0.35, 0.3)]],
    "t-shirt": lambda g: top(g, 0.25),
}
