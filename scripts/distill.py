"""Train the stand-in: a small network that learns to reproduce the features of the real Xception.

    COURSE_DATA=small COURSE_WEIGHTS=imagenet python -m scripts.distill

Both networks look at the same views of the *training* photos (random crops, flips and colour changes). The teacher, Xception
at 299 px, turns each view into 2,048 pooled features, once; the student, `scripts.standin` at 150 px, learns to predict them
through one linear layer. No class label is used for that, and no validation or test photo is opened. Only then is a
classification top trained on the labels of the training photos, and the result measured.

Everything is kept in `data/cache/distill/`, so that a run that was cut off goes on where it stopped. It runs on every backend
of Keras (`KERAS_BACKEND=tensorflow`, `jax` or `torch`). The method is feature distillation: Romero et al., "FitNets", 2015;
Beyer et al., "Knowledge distillation: a good teacher is patient and consistent", 2022.
"""

import hashlib
import json
import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
from PIL import Image, ImageEnhance, ImageOps
from tqdm import tqdm

TEACHER_SIZE = 299  # pixels; what Xception was trained at
STUDENT_SIZE = 150  # pixels
CHUNK = 512  # views in one file of the cache


def draw_view(image, seed):
    """Return the recipe of one random view of a Pillow image: crop box, flip, colour factors. The same seed, the same view.

    The crop covers 30 to 100 % of the area, with the sides' ratio changed by up to a third, so that crops, whole photos
    and squashed photos all occur.
    """
    generator = random.Random(seed)
    width, height = image.size
    area = width * height * generator.uniform(0.3, 1.0)
    ratio = generator.uniform(3 / 4, 4 / 3) if generator.random() < 0.7 else width / height
    crop_width = min(width, (area * ratio) ** 0.5)
    crop_height = min(height, (area / ratio) ** 0.5)
    left = generator.uniform(0, width - crop_width)
    top = generator.uniform(0, height - crop_height)
    return {
        "box": (left, top, left + crop_width, top + crop_height),
        "flip": generator.random() < 0.5,
        "brightness": generator.uniform(0.7, 1.3),
        "contrast": generator.uniform(0.7, 1.3),
        "color": generator.uniform(0.6, 1.4),
    }


def plain_view(image, flip):
    """Return the recipe of the whole photo, flipped or not, with its colours as they are."""
    return {"box": (0, 0, *image.size), "flip": flip, "brightness": 1, "contrast": 1, "color": 1}


def render_view(image, recipe, size):
    """Return the view as a uint8 array of shape (size, size, 3)."""
    view = image.resize((size, size), Image.Resampling.BILINEAR, box=recipe["box"])
    if recipe["flip"]:
        view = ImageOps.mirror(view)
    view = ImageEnhance.Brightness(view).enhance(recipe["brightness"])
    view = ImageEnhance.Contrast(view).enhance(recipe["contrast"])
    view = ImageEnhance.Color(view).enhance(recipe["color"])
    return np.asarray(view)


def make_views(path, index):
    """Return view number `index` of a photo for both networks: (299, 299, 3) and (150, 150, 3), uint8."""
    with Image.open(path) as file:
        image = ImageOps.exif_transpose(file).convert("RGB")
    if index < 2:
        recipe = plain_view(image, flip=index == 1)
    else:
        recipe = draw_view(image, f"{Path(path).name}-{index}")
    return render_view(image, recipe, TEACHER_SIZE), render_view(image, recipe, STUDENT_SIZE)


def scale(images):
    return images.astype("float32") / 127.5 - 1


def teach(teacher, paths, views, folder):
    """Run the teacher once over every view; write files of `CHUNK` views that a later call finds and skips."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(path, index) for index in range(views) for path in paths]
    chunks = [jobs[start : start + CHUNK] for start in range(0, len(jobs), CHUNK)]
    with ThreadPoolExecutor(2) as pool, tqdm(total=len(jobs), unit="view", desc="teacher") as bar:
        for number, chunk in enumerate(chunks):
            file = folder / f"views-{number:04}.npz"
            if not file.exists():
                features, images = [], []
                batches = [chunk[start : start + 32] for start in range(0, len(chunk), 32)]
                ahead = [pool.submit(make_views, *job) for job in batches[0]]
                for position, batch in enumerate(batches):
                    pairs = [future.result() for future in ahead]
                    following = batches[position + 1] if position + 1 < len(batches) else []
                    ahead = [pool.submit(make_views, *job) for job in following]
                    inputs = scale(np.stack([large for large, _ in pairs]))
                    features.append(keras.ops.convert_to_numpy(teacher.predict_on_batch(inputs)))
                    images += [small for _, small in pairs]
                    bar.update(len(batch))
                partial = file.with_suffix(".partial")
                with partial.open("wb") as stream:
                    np.savez(stream, images=np.stack(images), features=np.concatenate(features).astype("float16"))
                partial.replace(file)
            else:
                bar.update(len(chunk))


if __name__ == "__main__":
    data = Path(os.environ["COURSE_DATA"])
    weights = os.environ["COURSE_WEIGHTS"]
    keras.config.set_dtype_policy("mixed_bfloat16")
    teacher = keras.applications.Xception(include_top=False, weights=weights, pooling="avg")
    paths = sorted(data.glob("train/*/*.jpg"))
    teach(teacher, paths, 10, Path("data/cache/distill"))
