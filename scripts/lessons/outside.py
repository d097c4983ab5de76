"""The links of the course that lead to other sites: whether each still leads somewhere."""

import re
from concurrent.futures import ThreadPoolExecutor

import requests

from scripts.course import ROOT
from scripts.lessons import notebooks
from scripts.lessons.launching import UNSET

ADDRESS = re.compile(r"https?://[^\s)>\]\"'`|]+")
ANSWERS_ALSO = (401, 403, 405, 429, 999)  # it is there, and does not like to be asked by a program
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "INSTRUCTORS.md", "LICENSES.md", "CHANGELOG.md")


def outside_links(root=ROOT):
    """Return a dictionary from each address on another site to the names of the files that link to
    it, sorted.

    Addresses of the repository itself are left out while nobody has set it.
    """
    texts = {name: (root / name).read_text(encoding="utf-8") for name in DOCUMENTS if (root / name).is_file()}
    for path in sorted((root / "notebooks").rglob("*.ipynb")):
        cells = notebooks.read_notebook(path).cells
        texts[path.relative_to(root).as_posix()] = "\n".join(
            cell.source for cell in cells if cell.cell_type == "markdown"
        )
    found = {}
    for name, text in texts.items():
        for address in ADDRESS.findall(text):
            if UNSET.removeprefix("https://github.com/") not in address and "OWNER" not in address:
                found.setdefault(address.rstrip(".,;:"), set()).add(name)
    return {address: sorted(names) for address, names in sorted(found.items())}


def complaint(address, seconds=20):
    """Ask an address once, twice where it does not answer; return what is wrong, "" if nothing."""
    problem = ""
    for _ in range(2):
        try:
            with requests.get(address, timeout=seconds, stream=True, headers={"User-Agent": "Mozilla/5.0"}) as answer:
                status = answer.status_code
            return "" if status < 400 or status in ANSWERS_ALSO else f"answers {status}"
        except requests.RequestException as error:
            problem = type(error).__name__
    return f"does not answer ({problem})"


def dead_links(links):
    """Return a list of lines, one for each address of `links` that leads nowhere."""
    with ThreadPoolExecutor(8) as pool:
        complaints = list(pool.map(complaint, links))
    return [
        f"{address} {problem}; it stands in {', '.join(names)}"
        for (address, names), problem in zip(links.items(), complaints, strict=True)
        if problem
    ]
