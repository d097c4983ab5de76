"""Lesson 16's own Grad-CAM, taken from its cell, on networks whose right map is known."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from scripts.lessons import notebooks

LESSON = notebooks.NOTEBOOKS / "16_explanation.ipynb"
SIDE, CORNER = 20, (3, 0)  # pixels a side; the square of the map (row, column) that the filter sees


@pytest.fixture(scope="module")
def grad_cam():
    (cell,) = [cell for cell in notebooks.code_cells(notebooks.read_notebook(LESSON)) if "def grad_cam(" in cell.source]
    function = cell.source[cell.source.index("def grad_cam(") :].partition("\n\n\n")[0]
    assert len(function.splitlines()) <= 15
    space = {"tf": tf}
    exec(function, space)
    return space["grad_cam"]


def filters():
    """Two filters of 5 by 5 pixels: one sees red, one sees blue."""
    layer = layers.Conv2D(2, 5, strides=5, use_bias=False)
    layer.build((None, SIDE, SIDE, 3))
    kernel = np.zeros((5, 5, 3, 2), "float32")
    kernel[..., 0, 0] = kernel[..., 2, 1] = 1 / 25
    layer.set_weights([kernel])
    return layer


def head(inputs):
    """Class 0 wants the red filter, class 1 the blue one and no red."""
    layer = layers.Dense(2, use_bias=False)
    layer.build((None, inputs))
    layer.set_weights([np.array([[1, -1], [0, 1]], "float32")])
    return layer


def scaling():
    return layers.Rescaling(1 / 255)


def row(*four):
    return keras.Sequential([keras.Input((SIDE, SIDE, 3)), *four])


def flat():
    return row(layers.Rescaling(1.0), filters(), layers.GlobalAveragePooling2D(), head(2))


def nested():
    inputs = keras.Input((SIDE, SIDE, 3))
    base = keras.Model(inputs, filters()(inputs))
    return row(scaling(), base, layers.GlobalAveragePooling2D(), keras.Sequential([head(2)]))


def with_a_branch():
    inputs = keras.Input((SIDE, SIDE, 3))
    base = keras.Model(inputs, layers.Add()([filters()(inputs), filters()(inputs)]))
    return row(scaling(), base, layers.GlobalAveragePooling2D(), head(2))


BUILT = (flat, nested, with_a_branch)


def picture(red, blue):
    """Black, but for one square of the map in red and one in blue."""
    image = np.zeros((SIDE, SIDE, 3), "uint8")
    for (row, column), channel in ((red, 0), (blue, 2)):
        image[5 * row : 5 * row + 5, 5 * column : 5 * column + 5, channel] = 255
    return image


@pytest.mark.parametrize("build", BUILT)
def test_the_map_points_at_the_corner_that_the_class_wants(grad_cam, build):
    pictures = np.stack([picture(CORNER, (0, 3)), picture((0, 3), CORNER)])
    for labels, places in (([0, 0], (CORNER, (0, 3))), ([1, 1], ((0, 3), CORNER)), ([0, 1], (CORNER, CORNER))):
        maps = grad_cam(build(), pictures, np.array(labels))
        assert maps.shape == (2, 4, 4)
        for heat, place in zip(maps, places, strict=True):
            assert heat[place] > 0
            assert heat.sum() == heat[place], "there is heat elsewhere too"


def test_the_heat_is_the_mean_gradient_times_the_map(grad_cam):
    heat = grad_cam(flat(), picture(CORNER, (0, 3))[None], np.array([0]))[0]
    assert heat[CORNER] == pytest.approx(255 / 16)  # a square of 255, and a sixteenth of each map's mean


def test_several_squares_of_one_channel_share_its_weight(grad_cam):
    """The head reads one square only, but Grad-CAM weighs channels: all red squares get heat."""
    reader = layers.Dense(1, use_bias=False)
    model = row(layers.Rescaling(1.0), filters(), layers.Flatten(), reader)
    weights = np.zeros((32, 1), "float32")
    weights[2 * (4 * CORNER[0] + CORNER[1])] = 16  # the red channel of the corner
    reader.set_weights([weights])
    both_red = picture(CORNER, (0, 3)) + picture((0, 0), (0, 3))
    heat = grad_cam(model, both_red[None], np.array([0]))[0]
    assert heat[CORNER] == pytest.approx(255) and heat[0, 0] == pytest.approx(255) and heat[0, 3] == 0
