"""The executed lessons as web pages: one page each and an index. What is in `images` lies beside
their folder.
"""

import html
import re

from scripts import course
from scripts.files import write_whole
from scripts.lessons import notebooks

FILES = f"{course.REPOSITORY}/blob/main/"  # what a page links to and the build folder does not hold
MADE_ON = "made-on"  # the name of the meta element in which a page says on what it ran
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
<table>
{rows}
</table>
</body>
</html>
"""


def title(path):
    """Return the text of the first heading of the notebook at `path`; its name where it has none,
    or is no notebook.
    """
    try:
        cells = notebooks.read_notebook(path).cells
    except course.CourseError:
        cells = []
    for cell in cells:
        found = re.search(r"^# +(.+)$", cell.source, re.MULTILINE) if cell.cell_type == "markdown" else None
        if found:
            return found[1].strip()
    return path.stem


def write_page(notebook, source, target, made_on):
    """Write the executed `notebook`, whose file is the path `source`, as a web page to the path
    `target`.

    `made_on` says on which pictures and weights it ran; the page keeps it for the index.
    """
    from nbconvert import HTMLExporter

    resources = {"metadata": {"path": str(source.parent), "name": title(source)}}
    page, _ = HTMLExporter().from_notebook_node(notebook, resources)
    formulas = any("$" in cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for script in re.findall(r'<script src="[^"]*">\s*</script>', page):  # a page waits for these, offline in vain
        if not (formulas and "mathjax" in script):
            page = page.replace(script, "")
    page = page.replace("<head>", f'<head>\n<meta name="{MADE_ON}" content="{html.escape(made_on)}">', 1)
    write_whole(target, re.sub(r'(?<=href=")[^"]+', lambda found: page_link(found[0]), page))


def page_link(link):
    """Return where a link in a lesson leads from its page: to the next lesson's page, not to its
    notebook.
    """
    path, mark, place = link.partition("#")
    if re.fullmatch(r"(\./)?\d\d_\w+\.ipynb", path):
        return path.removesuffix(".ipynb") + ".html" + mark + place
    if path == "../README.md":
        return "index.html"
    if path.startswith("../"):
        return FILES + link.removeprefix("../")
    return link


def write_index(lessons, states, folder):
    """Write `index.html` into `folder`: every lesson of the paths `lessons`, linked to its page
    where there is one.

    `states` says for some of them, by name, what came of them. Beside each page stands on what it
    was made, which may differ from page to page where lessons were executed one by one.
    """
    rows = []
    for lesson in lessons:
        name, made_on, page = html.escape(title(lesson)), "", folder / f"{lesson.stem}.html"
        if page.exists():
            name = f'<a href="{lesson.stem}.html">{name}</a>'
            found = re.search(rf'<meta name="{MADE_ON}" content="([^"]*)">', page.read_text(encoding="utf-8")[:2000])
            made_on = found[1] if found else ""
        state = html.escape(states.get(lesson.stem, "not run now"))
        rows.append(f"<tr><td>{name}</td><td>{state}</td><td>{made_on}</td></tr>")
    write_whole(folder / "index.html", INDEX.format(rows="\n".join(rows)))
