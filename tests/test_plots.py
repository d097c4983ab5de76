"""The figures that lessons share: what is drawn, where, and in which words."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from scripts import plots


@pytest.fixture(autouse=True)
def figure(monkeypatch):
    """No window opens, and no figure stays; the value returns the current figure."""
    monkeypatch.setattr(plt, "show", lambda: None)
    yield plt.gcf
    plt.close("all")


def shown(figure):
    return [axis for axis in figure.axes if axis.images]


def test_images_keep_their_order_titles_and_pixels(figure):
    images = [np.full((4, 6, 3), value, "uint8") for value in (10, 20, 30, 40, 50)]
    plots.show_images(images, ["a", "b", "c", "d", "e"], columns=3)
    axes = shown(figure())
    assert [axis.get_title() for axis in axes] == ["a", "b", "c", "d", "e"]
    for axis, image in zip(axes, images, strict=True):
        np.testing.assert_array_equal(axis.images[0].get_array(), image)
    places = [axis.get_subplotspec() for axis in axes]
    assert [(place.rowspan.start, place.colspan.start) for place in places] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]


def test_no_frame_or_ticks_are_left_in_an_empty_place(figure):
    plots.show_images([np.zeros((2, 2, 3), "uint8")] * 5, columns=3)
    assert [axis.axison for axis in figure().axes] == [True] * 5 + [False]
    assert not any(axis.get_xticks().size or axis.get_yticks().size for axis in figure().axes[:5])


@pytest.mark.parametrize(("gray", "white"), [(np.full((3, 3), 7, "uint8"), 255), (np.full((3, 3), 0.1), 1)])
def test_a_gray_image_is_not_stretched_to_full_contrast(figure, gray, white):
    plots.show_images([gray])
    image = shown(figure())[0].images[0]
    assert (image.norm.vmin, image.norm.vmax, image.get_cmap().name) == (0, white, "gray")


def test_pillow_images_and_single_images_are_shown(figure):
    plots.show_images([Image.new("RGB", (5, 3), "red")], [7])
    (axis,) = shown(figure())
    assert axis.images[0].get_array().shape == (3, 5, 3)
    assert axis.get_title() == "7"


@pytest.mark.parametrize(("count", "titles"), [(2, ["one"]), (1, ["one", "two"]), (0, []), (0, None)])
def test_images_without_their_titles_are_refused(count, titles):
    with pytest.raises(ValueError, match=f"^{count} images"):
        plots.show_images([np.zeros((2, 2, 3), "uint8")] * count, titles)


MATRIX = np.array([[90, 10, 0], [0, 1, 1], [0, 0, 0]])


def test_confusion_shows_counts_and_colors_shares_of_the_row(figure):
    plots.plot_confusion(MATRIX, ["hat", "shirt", "skirt"], "a title")
    axis = figure().axes[0]
    texts = {(round(text.get_position()[1]), round(text.get_position()[0])): text.get_text() for text in axis.texts}
    assert texts == {(0, 0): "90", (0, 1): "10", (1, 1): "1", (1, 2): "1"}  # (row, column): zeros are empty
    np.testing.assert_allclose(axis.images[0].get_array(), [[0.9, 0.1, 0], [0, 0.5, 0.5], [0, 0, 0]])
    assert [label.get_text() for label in axis.get_xticklabels()] == ["hat", "shirt", "skirt"]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["hat", "shirt", "skirt"]
    assert (axis.get_xlabel(), axis.get_ylabel(), axis.get_title()) == ("predicted class", "true class", "a title")


def test_confusion_counts_stand_out_from_their_cell(figure):
    plots.plot_confusion(np.array([[n, 100 - n] for n in (0, 100)]), ["a", "b"])
    image = figure().axes[0].images[0]
    for text in figure().axes[0].texts:
        column, row = (round(value) for value in text.get_position())
        red, green, blue, _ = image.cmap(image.norm(image.get_array()[row, column]))
        brightness = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        ink = matplotlib.colors.to_rgb(text.get_color())[0]
        assert abs(brightness - ink) > 0.4


@pytest.mark.parametrize("shape", [(2, 2), (3, 2), (3,)])
def test_a_matrix_of_another_size_is_refused(shape):
    with pytest.raises(ValueError, match="shape"):
        plots.plot_confusion(np.zeros(shape, int), ["a", "b", "c"])


def test_an_answer_is_shown_beside_its_image_the_likeliest_on_top(figure):
    plots.show_answer(np.zeros((4, 4, 3), "uint8"), [("n1", "hat", 0.75), ("n2", "skirt", 0.25)])
    image, bars = figure().axes
    assert image.images[0].get_array().shape == (4, 4, 3)
    assert [label.get_text() for label in bars.get_yticklabels()] == ["hat", "skirt"]
    assert [patch.get_width() for patch in bars.patches] == [0.75, 0.25] and bars.yaxis_inverted()
    assert [text.get_text() for text in bars.texts] == ["75%", "25%"]


def test_a_diagram_is_shown_with_its_words(monkeypatch, tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "kernel.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    monkeypatch.setattr(plots, "ROOT", tmp_path)
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    plots.show_diagram("kernel", "a kernel slides")
    assert "data:image/svg+xml;base64," in shown[0]["text/html"] and 'alt="a kernel slides"' in shown[0]["text/html"]
    assert shown[0]["text/plain"] == "a kernel slides"
    with pytest.raises(FileNotFoundError):
        plots.show_diagram("no such diagram", "…")


def test_a_screenshot_is_shown_with_its_words(monkeypatch, tmp_path):
    (tmp_path / "images").mkdir()
    Image.new("RGB", (2, 2)).save(tmp_path / "images" / "page.png")
    monkeypatch.setattr(plots, "ROOT", tmp_path)
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    plots.show_screenshot("page", "a page with two curves")
    assert "data:image/png;base64,iVBOR" in shown[0]["text/html"]
    assert 'alt="a page with two curves"' in shown[0]["text/html"]
