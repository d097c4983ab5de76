"""The lessons as files: which there are, how they are read, and the one form in which they are
stored.
"""

import hashlib
import re
from pathlib import Path

from scripts.course import ROOT, CourseError
from scripts.lessons.quick import nbformat

NOTEBOOKS = ROOT / "notebooks"
SERIES = (
    "00_start_here",
    "01_loading_images",
    "02_the_dataset",
    "03_scores",
    "04_tensorflow",
    "05_keras",
    "06_convolutions",
    "07_pretrained_xception",
    "08_transfer_learning",
    "09_learning_rate",
    "10_checkpoints",
    "11_layers_and_dropout",
    "12_augmentation",
    "13_larger_images",
    "14_fine_tuning",
    "15_evaluation",
    "16_explanation",
    "17_saving_and_export",
    "18_tensorboard",
    "19_scaling_out",
    "20_your_own_photos",
    "21_then_and_now",
)
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"file_extension": ".py", "mimetype": "text/x-python", "name": "python", "pygments_lexer": "ipython3"}
CELL_METADATA = ("tags", "reason")  # the rest is what editors leave behind
IGNORED_OUTPUT = "nbval-ignore-output"  # nbval's tag: nothing that the cell shows is compared
FREE_FIGURE = "figure-may-differ"  # ours: the cell's text is compared, its figure is not


def find_lessons(folder=NOTEBOOKS):
    """Return the paths of the lessons in a folder, sorted by number. Raises `CourseError` where
    there is none.
    """
    lessons = sorted(Path(folder).glob("[0-9][0-9]_*.ipynb"))
    if not lessons:
        raise CourseError(f"{folder} holds no lesson (expected files such as {SERIES[0]}.ipynb).")
    return lessons


def said_seconds(path):
    """Return the seconds that a lesson says it runs; 0 where it says nothing."""
    said = re.search(r"(\d+) seconds? to run", path.read_text(encoding="utf-8"))
    return int(said[1]) if said else 0


def choose_lessons(wanted, lessons):
    """Return those of the paths `lessons` that the words in `wanted` name: "1", "01",
    "loading_images" or a file name.

    All of them where `wanted` is empty. Raises `CourseError`, listing the lessons, for a word that
    names none.
    """
    chosen = set()
    for word in wanted:
        name = Path(word).name.removesuffix(".ipynb")
        found = [lesson for lesson in lessons if name in (lesson.stem, lesson.stem[3:], lesson.stem[:2])]
        if not found and name.isdecimal():
            found = [lesson for lesson in lessons if int(lesson.stem[:2]) == int(name)]
        if not found:
            raise CourseError(
                f"There is no lesson '{word}'. There are: {', '.join(lesson.stem for lesson in lessons)}."
            )
        chosen.update(found)
    return [lesson for lesson in lessons if lesson in chosen] if wanted else list(lessons)


def read_notebook(path):
    """Return a notebook as nbformat's `NotebookNode`. Raises `CourseError`, naming the file, where
    it is none.
    """
    try:
        return parse(Path(path).read_text(encoding="utf-8"))
    except Exception as error:  # not JSON, not a notebook, not readable: a dozen kinds
        raise CourseError(f"{path} cannot be read as a notebook: {error}") from None


def parse(text):
    """Return the notebook that a file's text holds."""
    return nbformat.reads(text, as_version=4)


def code_cells(notebook):
    """Return the code cells of a notebook, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tags(cell):
    return cell.metadata.get("tags", [])


def to_text(notebook):
    """Return the text of a notebook's file: keys sorted, indented by one, a newline at the end."""
    return nbformat.writes(notebook, indent=1, sort_keys=True).rstrip("\n") + "\n"


def normalize(notebook, former=None):
    """Return an executed notebook in the form in which lessons are stored, so that executing it
    again changes no byte.

    Cell ids follow from the content, counts run from 1, streams are merged, stderr and the editors'
    metadata are gone. A cell whose output may differ from run to run (tag nbval-ignore-output)
    keeps the output it has in the notebook `former`, if `former` differs in such outputs only. Once
    anything else differs (code, pictures, weights), its old numbers could contradict the new ones,
    and all outputs are stored anew.
    """
    formers = code_cells(former) if former is not None and comparable(former) == comparable(notebook) else None
    result = nbformat.v4.new_notebook(metadata={"kernelspec": KERNEL, "language_info": LANGUAGE})
    result.nbformat_minor = 5
    seen = {}
    count = 0
    for cell in notebook.cells:
        cell = nbformat.from_dict(cell)
        cell.metadata = nbformat.from_dict({key: cell.metadata[key] for key in CELL_METADATA if cell.metadata.get(key)})
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        if cell.cell_type == "code":
            keep = formers is not None and IGNORED_OUTPUT in tags(cell)
            cell.outputs = tidy_outputs(formers[count].outputs if keep else cell.outputs)
            count += 1
            cell.execution_count = count
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = count
        result.cells.append(cell)
    return result


def comparable(notebook):
    """Return what is the same in two runs of a lesson: code and outputs; of outputs that may
    differ, their kinds only.
    """
    result = []
    for cell in code_cells(notebook):
        outputs = tidy_outputs(cell.outputs)
        kinds = [(output.output_type, sorted(output.get("data", []))) for output in outputs]
        shown = [(output.get("data"), output.get("text"), output.get("evalue")) for output in outputs]
        result.append((cell.source, kinds, None if IGNORED_OUTPUT in tags(cell) else shown))
    return result


def tidy_outputs(outputs):
    """Return outputs without stderr, neighboring streams merged, errors without traceback, widgets
    as text.

    A traceback names files of a machine; a widget that is not running shows an error in place of
    itself.
    """
    tidy = []
    for output in outputs:
        output = nbformat.from_dict(output)
        if output.output_type == "stream":
            if output.name == "stderr":
                continue
            if tidy and tidy[-1].output_type == "stream":
                tidy[-1].text += output.text
                continue
        output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
        if output.output_type == "error":
            output.traceback = [f"{output.ename}: {output.evalue}"]
        tidy.append(output)
    return tidy
