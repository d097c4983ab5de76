"""The executed lessons as web pages: one page each and an index. What is in `images` lies beside their folder."""

import html
import re

from scripts import course
from scripts.files import write_whole
from scripts.lessons import notebooks

FILES = f"{course.REPOSITORY}/blob/main/"  # what a page links to and the build folder does not hold
INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Image classification</title>
<style>
body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }}
td {{ padding: 0.2rem 1.5rem 0.2rem 0; }}
</style>
</head>
<body>
<h1>Image classification</h1>
<p>{note}</p>
<table>
{rows}
</table>
</body>
</html>
"""


def title(path):
    """Return the text of the first heading of the notebook at `path`; its name where it has none, or is no notebook."""
    try:
        cells = notebooks.read_notebook(path).cells
    except course.CourseError:
        cells = []
    for cell in cells:
        found = re.search(r"^# +(.+)$", cell.source, re.MULTILINE) if cell.cell_type == "markdown" else None
        if found:
            return found[1].strip()
    return path.stem


def write_page(notebook, source, target):
    """Write the executed `notebook`, whose file is the path `source`, as a web page to the path `target`."""
    from nbconvert import HTMLExporter

    resources = {"metadata": {"path": str(source.parent), "name": title(source)}}
    page, _ = HTMLExporter().from_notebook_node(notebook, resources)
    formulas = any("$" in cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for script in re.findall(r'<script src="[^"]*">\s*</script>', page):  # a page waits for these, offline in vain
        if not (formulas and "mathjax" in script):
            page = page.replace(script, "")
    write_whole(target, re.sub(r'(?<=href=")[^"]+', lambda found: page_link(found[0]), page))


def page_link(link):
    """Return where a link in a lesson leads from its page: to the next lesson's page, not to its notebook."""
    path, mark, place = link.partition("#")
    if re.fullmatch(r"(\./)?\d\d_\w+\.ipynb", path):
        return path.removesuffix(".ipynb") + ".html" + mark + place
    if path == "../README.md":
        return "index.html"
    if path.startswith("../"):
        return FILES + link.removeprefix("../")
    return link


def write_index(lessons, states, folder, note):
    """Write `index.html` into `folder`: every lesson of the paths `lessons`, linked to its page where there is one.

    `states` says for some of them, by name, what came of them; `note` is the line above the table.
    """
    rows = []
    for lesson in lessons:
        name = html.escape(title(lesson))
        if (folder / f"{lesson.stem}.html").exists():
            name = f'<a href="{lesson.stem}.html">{name}</a>'
        rows.append(f"<tr><td>{name}</td><td>{html.escape(states.get(lesson.stem, ''))}</td></tr>")
    write_whole(folder / "index.html", INDEX.format(note=html.escape(note), rows="\n".join(rows)))
