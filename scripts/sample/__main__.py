"""Draw the 600 pictures of the sample; with `--contact-sheet FILE.png` also an overview of them."""

import argparse
import sys
from pathlib import Path

from PIL import Image

from scripts.course import CourseError
from scripts.sample import drawing
from scripts.sample.folder import FOLDER, ensure
from scripts.sample.plan import plan


def contact_sheet(folder, file, columns=16):
    """Write one PNG that shows the first pictures of every class of train, a row per class."""
    sheet = Image.new("RGB", (columns * 102, len(drawing.CLASSES) * 136), "white")
    for row, label in enumerate(drawing.CLASSES):
        for column, path in enumerate(sorted((Path(folder) / "train" / label).iterdir())[:columns]):
            with Image.open(path) as image:
                image.thumbnail((100, 134))
                sheet.paste(image, (column * 102, row * 136))
    sheet.save(file)


def main():
    parser = argparse.ArgumentParser(description="Draw the course's sample pictures.")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to, by default data/sample")
    parser.add_argument("--contact-sheet", type=Path, metavar="FILE.png", help="also write an overview of the pictures")
    arguments = parser.parse_args()
    try:
        folder = ensure(arguments.folder)
        print(f"The sample of {len(plan())} pictures is in {folder}.")
        if arguments.contact_sheet:
            contact_sheet(folder, arguments.contact_sheet)
    except CourseError as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()
