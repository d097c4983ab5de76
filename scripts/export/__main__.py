"""Export a .keras model: one folder with every format, each proven to give the same answers."""

import argparse
import sys
from pathlib import Path

from scripts.course import CourseError, import_tensorflow, no_garbage


def main():
    parser = argparse.ArgumentParser(prog="python -m scripts.export", description=__doc__)
    parser.add_argument("model", type=Path, metavar="MODEL.keras")
    parser.add_argument("out", type=Path, metavar="OUT", help="the folder to write; a former export in it is replaced")
    parser.add_argument("--formats", metavar="A,B", help="only these; default: all", default="")
    parser.add_argument(
        "--classes", metavar="A,B", help="names of the outputs, in their order; default: those of the pictures"
    )
    parser.add_argument("--fit", default="crop", choices=("crop", "pad", "squash"), help="how photos become square")
    parser.add_argument(
        "--not-sure-below", type=float, metavar="P", help="a smaller probability means: not sure; noted in export.json"
    )
    options = parser.parse_args()
    if options.not_sure_below is not None and not 0 <= options.not_sure_below <= 1:
        parser.error(f"--not-sure-below is {options.not_sure_below}; it must be from 0 to 1")
    with no_garbage():
        import_tensorflow()
        from scripts.export.folder import export
        from scripts.export.formats import FORMATS

    formats = options.formats.split(",") if options.formats else list(FORMATS)
    if unknown := set(formats) - set(FORMATS):
        parser.error(f"there is no format {min(unknown)!r}; there are {', '.join(FORMATS)}")
    classes = options.classes and options.classes.split(",")
    export(options.model, options.out, formats, classes, options.fit, options.not_sure_below)
    print(f"{options.out}: written. `python {options.out / 'classify.py'} --check` proves it anywhere.")


if __name__ == "__main__":
    try:
        main()
    except CourseError as error:
        sys.exit(str(error))
