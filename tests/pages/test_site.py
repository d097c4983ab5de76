"""The site: built without a warning, every link leads somewhere, and it works in a real browser."""

import json
import re
import threading
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import pytest

from scripts.course import DATA, CourseError
from scripts.export import packages
from scripts.lessons import notebooks, site
from scripts.machine.browser import find_browser, open_browser

pytestmark = pytest.mark.browser
LEFT = "ERR_ABORTED"  # the page was left before an icon had come
needs_browser = pytest.mark.skipif(not find_browser(), reason="no browser here: `make browser`")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    assert site.build(folder / "site", folder / "sources") == 0  # every warning is an error
    return folder / "site"


class Page(HTMLParser):
    """What a page links to and fetches, and which places in it have a name."""

    def __init__(self, text):
        super().__init__()
        self.links, self.fetched, self.ids = [], [], {""}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.ids |= {values.get("id") or "", values.get("name") or ""}
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag in ("script", "img", "iframe", "source") and values.get("src"):
            self.fetched.append(values["src"])
        if tag == "link" and values.get("href") and values.get("rel") not in ("next", "prev", "search", "index"):
            self.fetched.append(values["href"])


@pytest.fixture(scope="module")
def pages(built):
    files = (path for path in built.rglob("*.html") if "_static" not in path.parts)  # the theme keeps a template there
    return {path: Page(path.read_text(encoding="utf-8")) for path in files}


def test_every_lesson_has_its_page_and_every_link_leads_somewhere(built, pages):
    for lesson in notebooks.find_lessons():
        assert built / "lessons" / f"{lesson.stem}.html" in pages
    dead = []
    for path, page in pages.items():
        for link in page.links:
            target = urlsplit(link)
            if target.scheme:
                continue
            file = (path.parent / unquote(target.path)).resolve() if target.path else path
            if not file.is_file() or (file in pages and unquote(target.fragment) not in pages[file].ids):
                dead.append(f"{path.name}: {link}")
    assert not dead


def test_no_page_fetches_anything_from_another_host(pages):
    found = [f"{path.name}: {link}" for path, page in pages.items() for link in page.fetched if urlsplit(link).netloc]
    assert not found


def test_a_lesson_shows_outputs_hints_and_solutions_and_links_terms(built):
    text = (built / "lessons" / "07_pretrained_xception.html").read_text(encoding="utf-8")
    assert text.count("Hint 1") == 4 and text.count(">Solution<") + text.count("Solution\n") >= 4
    assert "Exercise 1: not done yet." in text
    assert 'href="../glossary.html#term-batch-axis"' in text


def test_results_come_from_the_measured_file(built):
    results = json.loads((DATA / "measured" / "results.json").read_text(encoding="utf-8"))["results"]
    text = (built / "results.html").read_text(encoding="utf-8")
    assert results and all(f"{row['value']:.3f}" in text for row in results)


@pytest.fixture(scope="module")
def address(built):
    """The site as a host serves it, on loopback."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(built)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


def listen(page, allowed):
    """Return a list to which all is added that goes wrong on a page."""
    wrong = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "requestfailed", lambda request: None if LEFT in request.failure else wrong.append(f"failed: {request.url}")
    )
    page.on("request", lambda ask: None if ask.url.startswith((allowed, "data:")) else wrong.append(ask.url))
    return wrong


@needs_browser
def test_in_a_browser_as_a_host_serves_it_and_from_disk_on_a_phone(built, pages, address):
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 360, "height": 800})
        wrong = listen(page, address)
        for path in pages:
            page.goto(address + path.relative_to(built).as_posix())
            if page.evaluate("document.documentElement.scrollWidth") > 360:
                wrong.append(f"{path.name} is wider than a phone")
        page.goto(address + "search.html?q=dropout")
        page.wait_for_selector("#search-results li a", timeout=20000)
        found = page.eval_on_selector_all("#search-results li a", "links => links.map(link => link.href)")
        assert any("05_keras" in link or "11_layers" in link for link in found)
        assert not wrong
        page = browser.new_page()
        wrong = listen(page, "file:")
        page.goto((built / "lessons" / "05_keras.html").as_uri())
        assert not wrong


@needs_browser
@pytest.mark.parametrize("look", ["light", "dark"])
def test_axe_finds_no_serious_fault(built, address, look):
    try:
        (script,) = packages.members("axe-core", ["axe.min.js"], tell=lambda line: None)
    except packages.PackageError as error:
        pytest.skip(f"axe-core is not here: {error}")
    with open_browser() as browser:
        page = browser.new_context(bypass_csp=True, color_scheme=look).new_page()
        faults = []
        for name in ("index", "lessons/index", "lessons/05_keras", "lessons/14_fine_tuning", "glossary", "results"):
            page.goto(f"{address}{name}.html")
            page.evaluate(script.decode() + "; null")
            for fault in page.evaluate("axe.run().then((found) => found.violations)"):
                if fault["impact"] in ("serious", "critical"):
                    faults.append((name, fault["id"], [node["html"][:120] for node in fault["nodes"]][:3]))
    assert not faults


def test_a_term_links_once_where_it_comes_first_and_never_in_code_links_or_headings():
    text = "# A batch\n\n`batch` and [a batch](x.md): the batch, the **batches**."
    assert site.with_terms(text, ["batch"], set()) == (
        "# A batch\n\n`batch` and [a batch](x.md): the {term}`batch <batch>`, the **batches**."
    )


def test_the_longer_term_wins():
    assert site.with_terms("a batch axis", ["batch", "batch axis"], set()) == "a {term}`batch axis <batch axis>`"


def test_a_term_belongs_to_the_lesson_that_explains_it():
    prose = {"01_a": ["which class of car"], "02_b": ["A **class** is a group."]}
    assert site.first_use("class", prose) == "02_b" and site.first_use("car", prose) == "01_a"
    assert site.first_use("bicycle", prose) == ""


def test_a_term_that_stands_twice_is_refused():
    with pytest.raises(CourseError, match="'batch' twice"):
        site.glossary("batch\n: one.\n\nbatch\n: two.\n")


def test_executed_copies_take_the_place_of_the_stored_lessons(tmp_path):
    first, second = notebooks.find_lessons()[:2]
    text = first.read_text(encoding="utf-8").replace("Click into the cell above", "These are other words")
    (tmp_path / "copies").mkdir()
    (tmp_path / "copies" / first.name).write_text(text, encoding="utf-8")
    site.write_sources(tmp_path / "sources", tmp_path / "copies")
    pages = [(tmp_path / "sources" / "lessons" / path.name).read_text(encoding="utf-8") for path in (first, second)]
    assert "These are other words" in pages[0] and "other words" not in pages[1]
    with pytest.raises(CourseError, match="nowhere holds no lesson"):
        site.write_sources(tmp_path / "sources", tmp_path / "nowhere")


def test_a_folder_of_the_readers_is_not_deleted(tmp_path, capsys):
    (tmp_path / "precious.txt").touch()
    assert site.main(["--out", str(tmp_path)]) == 1
    assert "is no site" in capsys.readouterr().err and (tmp_path / "precious.txt").exists()


def test_the_parts_are_those_of_the_map():
    import runpy

    lessons = runpy.run_path(str(site.ROOT / "images" / "draw.py"))["LESSONS"]
    assert {name: numbers[0][0] for name, numbers in lessons.items()} == {
        name: first for name, first in site.PARTS.items() if name != "Start"
    }


def test_links_lead_to_pages_or_to_the_repository():
    assert site.page_link("08_transfer_learning.ipynb#frozen") == "08_transfer_learning.ipynb#frozen"
    assert site.page_link("../README.md") == "../index.md"
    assert site.page_link("../scripts/course.py").startswith(site.FILES + "scripts/")
    assert re.match("https://", site.page_link("https://keras.io"))
