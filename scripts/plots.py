"""Figures that several lessons draw; their plotting code would distract there. Each ends in
`plt.show()`.
"""

import base64
import html
import math

import matplotlib.pyplot as plt
import numpy as np

from scripts.course import ROOT


def show_images(images, titles=None, columns=None, width=2.6):
    """Show images in rows of `columns` (by default all in one row), each under its title and
    `width` inches wide.

    `images`: arrays, (height, width, 3) or, gray, (height, width); or Pillow images. Their sizes
    may differ. Values as `imshow` takes them: uint8 0-255 or floats 0-1; a gray image is shown from
    0, black, to 255 or 1, white. `titles`: as many strings or numbers as images. Raises
    `ValueError` where the number of titles differs from that of the images, or where there is no
    image.
    """
    images = [np.asarray(image) for image in images]
    titles = [""] * len(images) if titles is None else [str(title) for title in titles]
    if not images or len(titles) != len(images):
        raise ValueError(f"{len(images)} images and {len(titles)} titles; give images, and a title for each")
    columns = columns or len(images)
    rows = math.ceil(len(images) / columns)
    size = 8 if width < 1.6 else 10  # of the letters
    tallest = max(image.shape[0] / image.shape[1] for image in images)
    lines = max(title.count("\n") + 1 if title else 0 for title in titles)
    height = width * tallest + (lines + 0.5) * size / 60
    figure, axes = plt.subplots(
        rows, columns, figsize=(columns * width, rows * height), squeeze=False, layout="constrained"
    )
    for axis in axes.flat[len(images) :]:
        axis.axis("off")
    for axis, image, title in zip(axes.flat, images, titles, strict=False):
        white = 255 if image.dtype.kind in "ui" else 1
        axis.imshow(image, cmap="gray", vmin=0, vmax=white)
        axis.set_title(title, fontsize=size)
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_color("lightgray")  # so that a white image ends somewhere
    plt.show()


def show_diagram(name, alt):
    """Show the diagram `images/NAME.svg`; `alt` is what it says to those who cannot see it.

    A cell shows it, and not a text cell's link, because Colab has the notebook only and not the
    folder `images`. Raises `FileNotFoundError` where there is no such diagram.
    """
    _show_file(f"{name}.svg", "image/svg+xml", alt)


def show_screenshot(name, alt):
    """Show the screenshot `images/NAME.png`, as `show_diagram` shows a diagram."""
    _show_file(f"{name}.png", "image/png", alt)


def _show_file(name, kind, alt):
    from IPython.display import display

    content = base64.b64encode((ROOT / "images" / name).read_bytes()).decode()
    # An image element and not the drawing itself, which JupyterLab hides in a notebook that it does
    # not trust yet; it also carries its words for a screen reader.
    image = f'<img src="data:{kind};base64,{content}" alt="{html.escape(alt)}" style="max-width: 100%">'
    display({"text/html": image, "text/plain": alt}, raw=True)


def show_answer(image, answers):
    """Show an image beside a network's likeliest answers, each a bar as long as its probability.

    `image`: as for `show_images`. `answers`: one row of `decode_predictions`, tuples (id, name,
    probability 0-1), the likeliest first.
    """
    _, (left, right) = plt.subplots(1, 2, figsize=(7, 2.6), width_ratios=[1, 1.6], layout="constrained")
    left.imshow(image)
    left.axis("off")
    names = [name for _, name, _ in answers]
    bars = right.barh(names, [probability for *_, probability in answers], color="#0072b2")
    right.bar_label(bars, [f"{probability:.0%}" for *_, probability in answers], padding=4)
    right.invert_yaxis()
    right.set(xlim=(0, 1.15), xlabel="how sure the network is")
    right.set_xticks([0, 0.5, 1], ["0%", "50%", "100%"])
    right.spines[["top", "right"]].set_visible(False)
    plt.show()


def plot_confusion(matrix, class_names, title=""):
    """Show a confusion matrix: a row per true class, a column per predicted one, the number of
    images in each cell.

    `matrix`: whole numbers, shape (classes, classes). The color is the share of the row, so that
    rare classes can be read too; zeros stay empty. Raises `ValueError` where the shape does not fit
    the names.
    """
    matrix = np.asarray(matrix)
    expected = (len(class_names), len(class_names))
    if matrix.shape != expected:
        raise ValueError(f"the matrix has shape {matrix.shape}; the class names ask for {expected}")
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    side = 2.2 + 0.44 * len(class_names)
    figure, axis = plt.subplots(figsize=(side + 0.8, side), layout="constrained")
    colors = axis.imshow(shares, cmap="cividis", vmin=0, vmax=1)
    for row, column in np.argwhere(matrix > 0):
        ink = "black" if shares[row, column] > 0.5 else "white"
        axis.text(column, row, int(matrix[row, column]), ha="center", va="center", color=ink, fontsize=9)
    axis.set_xticks(range(len(class_names)), class_names, rotation=45, ha="right")
    axis.set_yticks(range(len(class_names)), class_names)
    axis.set_xlabel("predicted class")
    axis.set_ylabel("true class")
    axis.set_title(title)
    figure.colorbar(colors, label="share of the true class", shrink=0.8)
    plt.show()
