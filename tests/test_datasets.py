"""The pictures: which ones `COURSE_DATA` stands for, the one loader, and the pipelines that are
built on it.
"""

import io
import shutil
import struct
import threading
import warnings
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image

from scripts import course, datasets

RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 160, 40), (30, 40, 190), (255, 255, 255)


def blocks(*rows, side=16):
    """Return an image array of single-colored squares: `rows` of colors."""
    return np.array(rows, "uint8").repeat(side, axis=0).repeat(side, axis=1)


def assert_alike(first, second, tolerance=0):
    assert first.shape == second.shape and first.dtype == second.dtype
    assert np.abs(first.astype(int) - second).max() <= tolerance


@pytest.fixture
def picture(tmp_path):
    """Save a Pillow image or an array under a name and return the path; further arguments go to
    Pillow.
    """

    def save(image, name="picture.png", **options):
        image = image if isinstance(image, Image.Image) else Image.fromarray(image)
        image.save(tmp_path / name, **options)
        return tmp_path / name

    return save


# One photo


def test_an_image_is_an_array_of_its_own(picture):
    pixels = blocks([RED, GREEN, BLUE], [BLUE, RED, GREEN])
    for size, shape in ((None, (32, 48, 3)), (10, (10, 10, 3))):
        image = datasets.load_image(picture(pixels), size)
        assert image.shape == shape and image.dtype == np.uint8
        image[0] = 0  # one that may be written to
    assert_alike(datasets.load_image(str(picture(pixels))), pixels)


STORED = {  # how the camera stores an upright picture, by EXIF orientation
    1: lambda upright: upright,
    2: np.fliplr,
    3: lambda upright: np.rot90(upright, 2),
    4: np.flipud,
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: np.rot90(upright.transpose(1, 0, 2), 2),
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("name", ["photo.jpg", "photo.png", "photo.webp"])
def test_a_photo_is_turned_upright(picture, orientation, name):
    upright = blocks([RED, GREEN, BLUE], [WHITE, BLUE, RED])
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    options = {"quality": 100, "subsampling": 0} if name.endswith("jpg") else {"lossless": True}
    file = picture(np.ascontiguousarray(STORED[orientation](upright)), name, exif=exif, **options)
    assert_alike(datasets.load_image(file), upright, tolerance=4)
    squashed = datasets.load_image(file, 6, fit="squash")
    assert_alike(squashed[::5, ::5], upright[::31, ::47], tolerance=8)


def test_a_photo_with_damaged_exif_is_turned_and_read(tmp_path, picture):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "maker"
    content = bytearray(picture(np.rot90(blocks([RED, BLUE])).copy(), "photo.jpg", exif=exif, quality=100).read_bytes())
    position = content.index(struct.pack(">H", ExifTags.Base.Make), content.index(b"Exif"))
    content[position : position + 2] = struct.pack(">H", ExifTags.Base.XResolution)  # text where a number belongs
    (tmp_path / "damaged.jpg").write_bytes(content)
    assert_alike(datasets.load_image(tmp_path / "damaged.jpg"), blocks([RED, BLUE]), tolerance=60)


def png(width, height, bits, color_type, rows, **chunks):
    """Return the bytes of a PNG file, for kinds that Pillow does not write."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, 0))
    others = b"".join(chunk(name.encode(), content) for name, content in chunks.items())
    return b"\x89PNG\r\n\x1a\n" + header + others + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def four(*numbers, form="B"):
    """Return the pixel data of a PNG of 4 x 4 pixels that all are `numbers`."""
    return (b"\0" + struct.pack(f">{len(numbers)}{form}", *numbers) * 4) * 4


HALF = 2**15  # of the 2**16 values of 16 bits


@pytest.mark.parametrize(
    ("content", "color"),
    [
        (png(4, 4, 8, 0, four(77)), (77, 77, 77)),
        (png(4, 4, 1, 0, b"\0\xf0" * 4), WHITE),
        (png(4, 4, 16, 0, four(HALF, form="H")), (128, 128, 128)),
        (png(4, 4, 16, 0, four(200 * 257, form="H")), (200, 200, 200)),
        (png(4, 4, 16, 2, four(HALF, 0, 2**16 - 1, form="H")), (128, 0, 255)),
        (png(4, 4, 8, 4, four(100, 0)), WHITE),
        (png(4, 4, 8, 4, four(100, 255)), (100, 100, 100)),
        (png(4, 4, 16, 4, four(HALF, 2**16 - 1, form="H")), (128, 128, 128)),
        (png(4, 4, 8, 6, four(*RED, 0)), WHITE),
        (png(4, 4, 8, 6, four(*RED, 255)), RED),
        (png(4, 4, 8, 6, four(0, 0, 0, 51)), (204, 204, 204)),
        (png(4, 4, 16, 6, four(HALF, HALF, HALF, 0, form="H")), WHITE),
        (png(4, 4, 8, 3, four(1), PLTE=bytes([*BLUE, *RED])), RED),
        (png(4, 4, 8, 3, four(1), PLTE=bytes([*BLUE, *RED]), tRNS=bytes([255, 0])), WHITE),
        (png(4, 4, 8, 2, four(*RED), tRNS=struct.pack(">3H", *RED)), WHITE),
        (png(4, 4, 8, 0, four(77), tRNS=struct.pack(">H", 77)), WHITE),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else str(value),
)
def test_a_png_of_any_kind_becomes_rgb_on_white(tmp_path, content, color):
    (tmp_path / "picture.png").write_bytes(content)
    for size in (None, 2):
        image = datasets.load_image(tmp_path / "picture.png", size)
        assert image.shape[2] == 3 and (image == color).all()


@pytest.mark.parametrize(
    ("mode", "value", "name", "color"),
    [
        ("L", 77, "photo.jpg", (77, 77, 77)),
        ("CMYK", (0, 255, 255, 0), "photo.jpg", (255, 0, 0)),
        ("CMYK", (0, 255, 255, 0), "photo.tif", (255, 0, 0)),
        ("LA", (77, 255), "photo.tif", (77, 77, 77)),
        ("1", 255, "photo.bmp", WHITE),
        ("P", 0, "photo.gif", (0, 0, 0)),
        ("I;16", HALF, "photo.tif", (128, 128, 128)),
        ("I;16B", HALF, "photo.tif", (128, 128, 128)),
        ("RGBA", (*RED, 0), "photo.webp", WHITE),
    ],
)
def test_a_picture_of_any_mode_becomes_rgb(picture, mode, value, name, color):
    image = datasets.load_image(picture(Image.new(mode, (40, 30), value), name), 8)
    assert_alike(image, np.full((8, 8, 3), color, "uint8"), tolerance=2)


@pytest.mark.parametrize("upright", [True, False])
def test_the_three_ways_to_a_square(picture, upright):
    pixels = blocks([RED, GREEN, BLUE], side=40)  # 40 high, 120 wide
    turn = (lambda image: image.transpose(1, 0, 2)) if upright else (lambda image: image)
    file = picture(np.ascontiguousarray(turn(pixels)))
    crop, pad, squash = (turn(datasets.load_image(file, 30, fit=fit)) for fit in ("crop", "pad", "squash"))
    assert crop.shape == pad.shape == squash.shape == (30, 30, 3)
    assert (crop[:, 1:-1] == GREEN).all()  # the center, in all its height; antialiasing blends the edges
    assert (pad[:10] == datasets.GRAY).all() and (pad[20:] == datasets.GRAY).all()
    assert (pad[10:20, :9] == RED).all() and (pad[10:20, 11:19] == GREEN).all() and (pad[10:20, 21:] == BLUE).all()
    assert (squash[:, :9] == RED).all() and (squash[:, 11:19] == GREEN).all() and (squash[:, 21:] == BLUE).all()
    assert_alike(datasets.load_image(file, 30), turn(crop))  # the default


@pytest.mark.parametrize("shape", [(1, 1000), (1000, 1), (1, 1)])
@pytest.mark.parametrize("fit", datasets.FITS)
def test_a_picture_as_thin_as_a_thread(picture, shape, fit):
    image = datasets.load_image(picture(np.full((*shape, 3), RED, "uint8")), 50, fit)
    assert image.shape == (50, 50, 3) and (image == RED).all(axis=2).any()


def test_resizing_is_antialiased(picture):
    stripes = np.zeros((512, 512, 3), "uint8")
    stripes[:, ::2] = 255
    image = datasets.load_image(picture(stripes), 64)
    assert image.min() > 110 and image.max() < 145


def test_a_large_jpeg_is_decoded_small_and_looks_the_same(picture):
    height, width = np.mgrid[:1200, :1600]
    waves = np.stack([128 + 90 * np.sin(height / 50), 128 + 90 * np.sin(width / 70), 0 * width + 99], axis=2)
    file = picture(waves.astype("uint8"), "photo.jpg", quality=95)
    assert min(datasets.open_image(file, 100).size) == 150  # an eighth
    for fit in datasets.FITS:
        whole = np.asarray(datasets.resize_image(datasets.open_image(file), 100, fit))
        assert_alike(datasets.load_image(file, 100, fit), whole, tolerance=6)


def test_an_unknown_fit_is_refused(picture):
    with pytest.raises(ValueError, match="crop"):
        datasets.load_image(picture(blocks([RED])), 8, fit="stretch")


# What is no photo


def content_of(image, form, **options):
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


NOISE = Image.fromarray(np.random.default_rng(1).integers(0, 256, (90, 120, 3), dtype="uint8"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (content_of(NOISE, "JPEG")[:2_000], "cut off"),
        (content_of(NOISE, "JPEG")[:-200], "cut off"),
        (content_of(NOISE, "JPEG", progressive=True)[:-2_000], "cut off"),
        (content_of(NOISE, "PNG")[:2_000], "cut off"),
        (content_of(NOISE, "PNG")[:-200], "cut off"),
        (content_of(NOISE, "GIF")[:2_000], "cut off"),
        (b"<!DOCTYPE html><html><body>Not found</body></html>", "a web page"),
        (b"\xef\xbb\xbf\r\n<html>", "a web page"),
        (b'{"error": "not found"}', "no format of pictures"),
        (b"\0" * 1_000, "no format of pictures"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 500, "HEIC"),
        (png(40_000, 40_000, 1, 0, b"\0" * 5_001), "far too large"),
        (png(11_000, 10_000, 1, 0, b"\0" * 1_376), "11000 x 10000 pixels"),
        (content_of(Image.new("F", (8, 8)), "TIFF"), "decimal numbers"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("size", [None, 32])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")  # pytest undoes our own filter
def test_what_is_no_image_gets_one_error_that_names_the_file(tmp_path, content, words, size):
    file = tmp_path / "photo.jpg"
    file.write_bytes(content)
    assert_refused(file, words, size)


def assert_refused(file, words, size=None):
    with pytest.raises(datasets.ImageError) as caught:
        datasets.load_image(file, size)
    message = str(caught.value)
    assert message.startswith(str(file)) and words in message and "\n" not in message
    assert message.count(str(file)) == 1
    assert caught.value.__cause__ is None and caught.value.__suppress_context__ or caught.value.__context__ is None
    assert isinstance(caught.value, course.CourseError)
    assert caught.value._render_traceback_() == [f"ImageError: {message}"]


def test_what_is_no_file_gets_the_same_error(tmp_path, picture, monkeypatch):
    (tmp_path / "folder.jpg").mkdir()
    assert_refused(tmp_path / "folder.jpg", "is a folder")
    assert_refused(tmp_path / "missing.jpg", "does not exist")
    with pytest.raises(datasets.ImageError, match="File name too long|name and the folder"):
        datasets.load_image(tmp_path / ("long" * 500))
    file = picture(blocks([RED]))

    def refuse(path, *arguments, **options):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(datasets.Image, "open", refuse)  # in effect, chmod 000: root may read all
    assert_refused(file, "may not be read")


# A folder of photos


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of the course's layout, named by `COURSE_DATA`: 7, 3 and 2 pictures per class, of
    different colors.
    """
    random = np.random.default_rng(2)
    for split, count in (("train", 7), ("validation", 3), ("test", 2)):
        for name in ("t-shirt", "hat", "Dress"):
            (tmp_path / split / name).mkdir(parents=True)
            for number in range(count):
                pixels = np.broadcast_to(random.integers(0, 256, 3, dtype="uint8"), (40, 30, 3))
                Image.fromarray(pixels).save(tmp_path / split / name / f"{number}.jpg")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    return tmp_path


def test_labels_are_positions_in_the_sorted_folder_names(folder):
    assert datasets.class_names() == ["Dress", "hat", "t-shirt"]
    paths, labels = datasets.list_images("train")
    assert [path.relative_to(folder).as_posix() for path in paths[5:9]] == [
        "train/Dress/5.jpg",
        "train/Dress/6.jpg",
        "train/hat/0.jpg",
        "train/hat/1.jpg",
    ]
    assert labels.tolist() == [0] * 7 + [1] * 7 + [2] * 7 and labels.dtype == np.int64
    assert all(datasets.class_names()[label] == path.parent.name for path, label in zip(paths, labels, strict=True))


def test_only_pictures_count_and_in_the_order_of_their_names(folder):
    hat = folder / "test/hat"
    for name in ("B.PNG", "a.jpeg", "notes.txt", "._0.jpg", "0.jpg.part"):
        shutil.copy(hat / "0.jpg", hat / name)
    (folder / "test/.ipynb_checkpoints").mkdir()
    (folder / "train/.ipynb_checkpoints").mkdir()
    paths, labels = datasets.list_images("test")
    assert [path.name for path in paths if path.parent == hat] == ["0.jpg", "1.jpg", "B.PNG", "a.jpeg"]
    assert datasets.class_names() == ["Dress", "hat", "t-shirt"] and labels.max() == 2


def test_a_split_that_does_not_exist_is_refused(folder):
    with pytest.raises(ValueError, match="validation"):
        datasets.list_images("valid")


def test_a_split_without_pictures_is_refused(folder):
    for file in (folder / "test").rglob("*.jpg"):
        file.unlink()
    with pytest.raises(datasets.DataError, match="expected pictures.*jpg"):
        datasets.list_images("test")


def test_a_split_in_memory(folder):
    images, labels = datasets.load_split("train", 16, fit="pad")
    paths, expected = datasets.list_images("train")
    assert images.shape == (21, 16, 16, 3) and images.dtype == np.uint8
    assert labels.tolist() == expected.tolist()
    for image, path in zip(images, paths, strict=True):
        assert_alike(image, datasets.load_image(path, 16, "pad"))


def test_who_took_which_photo(folder):
    assert datasets.photographers() == {}
    (folder / "images.csv").write_text("image,sender_id,label,kids\n0,17,Hat,False\n1,204,Dress,True\n")
    assert datasets.photographers() == {"0": "17", "1": "204"}
    (folder / "images.csv").write_text("picture;person\n0;17\n")
    with pytest.raises(datasets.DataError, match="images.csv: expected the columns image and sender_id; found"):
        datasets.photographers()


def unbatch(dataset):
    """Return all images and labels of a dataset, in order, and the sizes of its batches."""
    batches = [(images.numpy(), labels.numpy()) for images, labels in dataset]
    return *(np.concatenate(part) for part in zip(*batches, strict=True)), [len(labels) for _, labels in batches]


@pytest.mark.parametrize("unreadable", ["stop", "report"])
@pytest.mark.parametrize("fit", datasets.FITS)
def test_a_pipeline_gives_what_the_loader_gives(folder, fit, unreadable):
    dataset = datasets.image_folder("train", 16, batch_size=8, fit=fit, unreadable=unreadable)
    expected_images, expected_labels = datasets.load_split("train", 16, fit)
    for _ in range(2):
        images, labels, sizes = unbatch(dataset)
        assert_alike(images, expected_images)
        assert labels.tolist() == expected_labels.tolist() and labels.dtype == np.int64
        assert sizes == [8, 8, 5]
    assert len(dataset) == 3  # known, so that Keras neither guesses nor warns
    assert dataset.element_spec[0].shape.as_list() == [None, 16, 16, 3]


def test_shuffling_follows_the_seed(folder):
    def epochs(seed):
        dataset = datasets.image_folder("train", 4, shuffle=True, seed=seed)
        return [unbatch(dataset)[:2] for _ in range(2)]

    first, again, other = epochs(1), epochs(1), epochs(2)
    for (images, labels), (same_images, same_labels) in zip(first, again, strict=True):
        assert_alike(images, same_images)
        assert labels.tolist() == same_labels.tolist()
    assert first[0][1].tolist() != first[1][1].tolist()  # a new order in every epoch
    assert first[0][1].tolist() != other[0][1].tolist()
    images, labels = datasets.load_split("train", 4)
    pairs = {(image.tobytes(), label) for image, label in zip(images, labels, strict=True)}
    assert {
        (image.tobytes(), label) for image, label in zip(*first[0], strict=True)
    } == pairs  # labels stay with images


def test_unreadable_files_are_reported_by_name_and_number(folder):
    (folder / "train/hat/3.jpg").write_bytes(b"")
    (folder / "train/t-shirt/3.jpg").write_bytes(b"<html>")
    content = (folder / "train/Dress/0.jpg").read_bytes()
    (folder / "train/Dress/0.jpg").write_bytes(content[: len(content) - 20])
    with pytest.warns(UserWarning) as caught:
        dataset = datasets.image_folder("train", 16, batch_size=32, unreadable="report")
    assert [str(warning.message) for warning in caught] == [
        "3 unreadable files left out of train: Dress/0.jpg, hat/3.jpg, t-shirt/3.jpg"
    ]
    assert caught[0].filename == __file__
    images, labels, _ = unbatch(dataset)
    assert len(images) == 18 and np.bincount(labels).tolist() == [6, 6, 6] and len(dataset) == 1
    assert_alike(images[0], datasets.load_image(folder / "train/Dress/1.jpg", 16))


def test_a_split_of_unreadable_files_only_is_refused(folder):
    for file in (folder / "test").rglob("*.jpg"):
        file.write_bytes(b"")
    with pytest.raises(datasets.DataError, match="6 unreadable files: Dress/0.jpg"):
        datasets.image_folder("test", 16, unreadable="report")


def test_an_unreadable_file_stops_the_pipeline_when_its_turn_comes(folder):
    import tensorflow as tf

    (folder / "train/hat/3.jpg").write_bytes(b"")
    batches = iter(datasets.image_folder("train", 16, batch_size=7))
    next(batches)
    with pytest.raises(tf.errors.InvalidArgumentError, match="hat/3.jpg cannot be read as an image: the file is empty"):
        next(batches)
    with pytest.raises(datasets.ImageError, match=r"hat/3\.jpg.*empty"):
        datasets.load_split("train", 16)
    with pytest.raises(ValueError, match="'report' or 'stop'"):
        datasets.image_folder("train", 16, unreadable="ignore")


def test_loading_in_threads_leaves_the_warnings_of_others_alone(folder):
    paths, _ = datasets.list_images("train")
    before = list(warnings.filters)
    threads = [threading.Thread(target=lambda: [datasets.load_image(path, 4) for path in paths * 8]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warnings.filters == before


# Which pictures


@pytest.fixture
def data(tmp_path, monkeypatch):
    """An empty data folder, and no switch set."""
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setattr(course, "DATA", tmp_path)
    return tmp_path


def test_auto_takes_the_real_set_only_where_it_is_complete(data, monkeypatch):
    for value in (None, "", " auto "):
        if value is not None:
            monkeypatch.setenv("COURSE_DATA", value)
        assert course.image_source().kind == "sample" and course.image_source().path == data / "sample"
    real = data / "clothing-dataset-small"
    (real / "train/hat").mkdir(parents=True)  # a download that is under way
    assert course.image_source().kind == "sample"
    (real / "images.csv").write_text("image,sender_id,label,kids\n")
    source = course.image_source()
    assert (source.kind, source.path) == ("small", real) and "3,781" in source.description


def test_sample_is_the_sample_even_where_the_real_set_is(data, monkeypatch):
    (data / "clothing-dataset-small").mkdir()
    (data / "clothing-dataset-small/images.csv").write_text("")
    monkeypatch.setenv("COURSE_DATA", "sample")
    assert course.image_source().kind == "sample" and "make data" in course.image_source().description


@pytest.mark.parametrize("as_path", [False, True])
def test_small_says_what_is_missing(data, monkeypatch, as_path):
    real = data / "clothing-dataset-small"
    monkeypatch.setenv("COURSE_DATA", str(real) if as_path else "small")
    with pytest.raises(course.CourseError, match="they are not in data/clothing-dataset-small.*make data"):
        course.image_source()
    (real / "train").mkdir(parents=True)
    with pytest.raises(course.CourseError, match="only a part of them is in.*make data"):
        course.image_source()
    (real / "images.csv").write_text("")
    assert course.image_source().kind == "small"


def test_a_path_is_absolute_or_relative_to_the_course(tmp_path, data, monkeypatch):
    monkeypatch.setattr(course, "ROOT", tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "mine").mkdir()
    for value in (str(tmp_path / "mine"), "mine", "~/mine"):
        monkeypatch.setenv("COURSE_DATA", value)
        source = course.image_source()
        assert (source.kind, source.path) == ("path", tmp_path / "mine") and "mine" in source.description


@pytest.mark.parametrize("value", ["nowhere", "Sample", "file.txt"])
def test_a_value_that_stands_for_nothing_is_refused(tmp_path, data, monkeypatch, value):
    monkeypatch.setattr(course, "ROOT", tmp_path)
    (tmp_path / "file.txt").write_text("")
    monkeypatch.setenv("COURSE_DATA", value)
    with pytest.raises(
        course.CourseError, match=f"'{value}', which is neither 'auto', 'sample' or 'small' nor a folder"
    ):
        course.image_source()


def test_a_folder_without_the_layout_is_told_what_was_expected_and_found(folder):
    assert datasets.data_folder() == folder
    shutil.rmtree(folder / "test/hat")
    with pytest.raises(datasets.DataError, match=r"test: expected.*same ones as in train; these differ: \['hat'\]"):
        datasets.data_folder()
    shutil.rmtree(folder / "test")
    (folder / "holiday").mkdir()
    with pytest.raises(datasets.DataError) as caught:
        datasets.data_folder()
    message = str(caught.value)
    assert message.startswith(str(folder)) and "expected the folders train, validation and test" in message
    assert "test not there" in message and "found: ['holiday', 'train', 'validation']" in message
    for split in datasets.SPLITS:
        shutil.rmtree(folder / split, ignore_errors=True)
        (folder / split).mkdir()
    with pytest.raises(datasets.DataError, match="train: expected.*found no class folder"):
        datasets.data_folder()
