"""Show how many exercises of each lesson you have solved."""

import argparse

from scripts.exercises import progress_file, show_progress

if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m scripts.learned", description=__doc__).parse_args()
    show_progress(every_lesson=True)
    print(f"Kept in {progress_file() or 'no file: COURSE_PROGRESS is off'}.")
