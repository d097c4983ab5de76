"""What is in the drawn sample: which pictures, of which class, in which split, by which
photographer.

All of it follows from one seed, so that everybody has the same pictures.
"""

import functools
import uuid
from dataclasses import dataclass, replace

import numpy as np

from scripts.sample import drawing

COUNTS = {  # like the real set: t-shirts lead, and shoes are much more frequent in test than in train
    "train": dict(zip(drawing.CLASSES, (38, 24, 54, 32, 52, 40, 28, 30, 24, 78), strict=True)),
    "validation": dict(zip(drawing.CLASSES, (10, 5, 14, 7, 14, 10, 7, 7, 6, 20), strict=True)),
    "test": dict(zip(drawing.CLASSES, (8, 5, 17, 10, 11, 8, 16, 8, 5, 12), strict=True)),
}
LABELS = {name: name.title() for name in drawing.CLASSES}  # as images.csv of the real set spells them: "T-Shirt"
TRAIN_PHOTOGRAPHERS = 24
VALIDATION_ONLY = 3  # pictures of validation whose photographers are not in train
TEST_PHOTOGRAPHERS = (62, 17, 11, 6, 4)  # how many pictures each of the five took
# The splits of a picture and of its second shot.
NEAR_DUPLICATES = (
    ("train", "train"),
    ("train", "train"),
    ("train", "validation"),
)
SEED = 20


@dataclass(frozen=True)
class Picture:
    """One picture to draw. `photographer` and `scene` are the seeds of its look; `variation` above
    0 makes it a near duplicate of the picture with the same scene: a second shot, a moment later.
    """

    split: str
    label: str
    stem: str
    photographer: int
    scene: int
    variation: int = 0
    kids: bool = False

    @property
    def path(self):
        """Its place in the folder, with forward slashes."""
        return f"{self.split}/{self.label}/{self.stem}.jpg"


@functools.cache
def plan():
    """Return the 600 pictures as a tuple of `Picture`: the same on every machine."""
    generator = np.random.default_rng(SEED)
    numbers = [int(number) for number in generator.permutation(np.arange(10, 200))]
    train, newcomers, test = numbers[:TRAIN_PHOTOGRAPHERS], numbers[40:42], numbers[50 : 50 + len(TEST_PHOTOGRAPHERS)]
    shares = generator.dirichlet(np.full(len(train), 1.5))
    photographers = {
        "train": train
        + [int(number) for number in generator.choice(train, sum(COUNTS["train"].values()) - len(train), p=shares)],
        "validation": [
            int(number)
            for number in generator.choice(train, sum(COUNTS["validation"].values()) - VALIDATION_ONLY, p=shares)
        ]
        + [newcomers[index % len(newcomers)] for index in range(VALIDATION_ONLY)],
        "test": [number for number, count in zip(test, TEST_PHOTOGRAPHERS, strict=True) for _ in range(count)],
    }
    pictures = []
    for split, counts in COUNTS.items():
        senders = list(generator.permutation(photographers[split]))
        for label, count in counts.items():
            for _ in range(count):
                stem = str(uuid.UUID(bytes=generator.bytes(16), version=4))
                kids = bool(generator.random() < 0.1)
                pictures.append(Picture(split, label, stem, int(senders.pop()), len(pictures), 0, kids))
    for split, other in NEAR_DUPLICATES:
        twin = pictures[
            generator.choice(
                [i for i, picture in enumerate(pictures) if picture.split == split and not picture.variation]
            )
        ]
        same_class = [i for i, picture in enumerate(pictures) if (picture.split, picture.label) == (other, twin.label)]
        position = generator.choice([i for i in same_class if pictures[i].scene != twin.scene])
        stem = pictures[position].stem
        pictures[position] = replace(twin, split=other, stem=stem, variation=1)
    return tuple(pictures)
