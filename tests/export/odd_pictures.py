"""Odd pictures, and files that are none: what the server and the web page have to read, or refuse.

Every picture is one that phones, scanners or image programs make. `datasets.load_image` says what
each must look like; whoever reads photos by other means is compared with it.
"""

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageCms


def scene(width, height, seed=0):
    """Return a picture, (height, width) pixels, so smooth that JPEG keeps it: no two parts of it
    are alike, and neither its mirror image nor another order of its channels looks the same.
    """
    generator = np.random.default_rng(seed)
    coarse = Image.fromarray(generator.integers(0, 256, (7, 9, 3), dtype="uint8"))
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


def exchanged_profile():
    """Return a color profile whose red is blue: where a program applies it, red and blue change
    places. The course's loader ignores profiles, as training did.
    """
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", profile[128:132])[0]
    entries = {bytes(profile[at : at + 4]): at for at in range(132, 132 + 12 * count, 12)}
    red, blue = entries[b"rXYZ"] + 4, entries[b"bXYZ"] + 4  # where each says where its numbers are
    profile[red : red + 8], profile[blue : blue + 8] = profile[blue : blue + 8], profile[red : red + 8]
    return bytes(profile)


def png(pixels):
    """Return an RGB picture of 16 bits a channel, uint16 (height, width, 3), as a PNG file: Pillow
    writes none.
    """
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    return png_of(struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0), rows)


def png_of(header, rows):
    """Return a PNG file of a header and of unpacked rows of pixels."""
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def write_odd_pictures(folder):
    """Write 25 odd pictures into a folder that is there; return their paths, sorted by name.

    Those in JPEG are so large that a loader may decode them at a fraction of their size.
    """
    image = scene(724, 561)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        image.save(folder / f"turned-{orientation}.jpg", exif=exif)
    image.convert("L").save(folder / "gray.jpg")
    image.convert("CMYK").save(folder / "cmyk.jpg")
    image.save(folder / "progressive.jpg", progressive=True)
    image.save(folder / "whole-chroma.jpg", subsampling=0)
    image.save(folder / "profile.jpg", icc_profile=exchanged_profile())
    scene(4000, 3000, 1).save(folder / "12-megapixels.jpg")
    scene(3000, 4000, 2).save(folder / "12-megapixels-tall.jpg", progressive=True)
    small = scene(360, 280, 3)
    small.quantize(64).save(folder / "palette.png")
    small.convert("L").save(folder / "gray.png")
    alpha = small.copy()
    alpha.putalpha(scene(360, 280, 4).convert("L"))
    alpha.save(folder / "transparent.png")
    alpha.convert("LA").save(folder / "transparent-gray.png")
    alpha.save(folder / "transparent.webp", lossless=True)
    generator = np.random.default_rng(5)
    Image.fromarray(generator.integers(0, 65536, (60, 50), dtype="uint16")).save(folder / "16-bits-gray.png")
    (folder / "16-bits.png").write_bytes(png(generator.integers(0, 65536, (60, 50, 3), dtype="uint16")))
    scene(1, 3000, 6).save(folder / "1-wide.png")
    scene(3000, 1, 7).save(folder / "1-tall.png")
    Image.new("RGB", (1, 1), (200, 30, 90)).save(folder / "1-pixel.png")
    return sorted(folder.iterdir())


def no_pictures():
    """Return 20 files that are no readable picture: a dictionary from what each is to its bytes."""
    image = scene(400, 300)

    def saved(kind, image=image, **options):
        stream = io.BytesIO()
        image.save(stream, kind, **options)
        return stream.getvalue()

    jpeg, whole = saved("JPEG"), saved("PNG")
    wrong = bytearray(whole)
    wrong[60] ^= 255
    return {
        "empty": b"",
        "one byte": b"\xff",
        "text": b"hello, I am a photo\n",
        "web page": b"<!DOCTYPE html><html><body>404</body></html>",
        "web page with a mark": b"\xef\xbb\xbf\n <html>",
        "drawing (SVG)": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>',
        "random bytes": np.random.default_rng(0).bytes(5000),
        "zeros": bytes(5000),
        "JPEG cut off": jpeg[: len(jpeg) // 2],
        "JPEG, its beginning": jpeg[:20],
        "PNG cut off": whole[: len(whole) // 2],
        "PNG with wrong bits": bytes(wrong),
        "photo of a phone (HEIC)": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(400),
        "video": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(400),
        "PDF": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
        "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n",
        "archive": b"PK\x03\x04" + bytes(400),
        "decimal numbers": saved("TIFF", Image.fromarray(np.ones((9, 9), "float32"))),
        "4,000 megapixels": png_of(struct.pack(">IIBBBBB", 100_000, 40_000, 8, 2, 0, 0, 0), bytes(1000)),
        "no pixels": png_of(struct.pack(">IIBBBBB", 0, 0, 8, 2, 0, 0, 0), b""),
    }
