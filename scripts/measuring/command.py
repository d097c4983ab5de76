"""`python -m scripts.measure`: measure what is missing in `data/measured/`, or compare it with the
photos that are here.
"""

import argparse
import json
from pathlib import Path

from scripts import files
from scripts.course import CourseError, image_source, import_tensorflow, weights_source

SUFFIXES = (".npz", ".csv", ".json")


def seal(folder):
    """Write the digests of all measurements in a folder."""
    from scripts.measured import DIGESTS

    names = sorted(path.name for path in folder.iterdir() if path.suffix in SUFFIXES)
    files.write_whole(folder / DIGESTS, "".join(f"{files.digest(folder / name)}  {name}\n" for name in names))


def measure(folder, wanted=()):
    """Measure the views and answers that are wanted, or that are missing; a kill costs at most the
    one at work.
    """
    from scripts.measuring import answers, views

    folder.mkdir(parents=True, exist_ok=True)
    views.write_photos(folder)
    for view in views.VIEWS:
        if view.name in wanted or not wanted and not (folder / f"{view.name}.npz").exists():
            path = views.write_view(view, folder)
            seal(folder)
            print(f"{view.name}: {path.stat().st_size / 1e6:.2f} MB", flush=True)
    for model in answers.MODELS:
        if model in wanted or not wanted and model not in answers.there(folder):
            answers.add(model, folder)
            seal(folder)
            print(f"answers of {model}", flush=True)
    seal(folder)


def check(folder):
    """Measure a part of each view again; return what differs, a list of texts."""
    from scripts.measuring import views

    problems = []
    for view in views.VIEWS:
        found = views.check_view(view, folder)
        print(f"{view.name}: {found or 'the same'}", flush=True)
        problems += [f"{view.name}: {found}"] if found else []
    return problems


def main(arguments=None, folder=None):
    """Run the command; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.measure", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help="views or models to measure anew")
    parser.add_argument("--check", action="store_true", help="measure a part again and compare; nothing is written")
    parser.add_argument("--results", type=Path, metavar="RUN.JSON", help="keep (or compare) what the lessons recorded")
    parser.add_argument("--rounding", action="store_true", help="try how far features may be rounded")
    options = parser.parse_args(arguments)
    import_tensorflow()
    from scripts.measured import FOLDER
    from scripts.measuring import results, rounding, tables

    folder = Path(folder or FOLDER)
    if options.results:
        run = json.loads(options.results.read_text(encoding="utf-8"))
        problems = results.compare(run, folder) if options.check else results.write(run, folder)
        if not options.check:
            seal(folder)
            if folder == FOLDER:
                tables.write_pages(folder)
    else:
        if image_source().kind == "sample" or weights_source().kind == "standin":
            raise CourseError(
                "The measurements are of the real photos, with Xception's weights: `make data` fetches both, "
                "or COURSE_DATA and COURSE_WEIGHTS name them."
            )
        problems = check(folder) if options.check else []
        if options.rounding:
            rounding.try_rounding()
        elif not options.check:
            measure(folder, options.names)
    if problems:
        raise CourseError("\n".join(["Not as recorded:", *problems]))
    if options.check:
        print("The measurements are as recorded.")
    return 0
