"""The lessons in a real browser, as a learner has them: JupyterLab in headless Chromium."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from PIL import Image

from scripts.checks import exercises_of
from scripts.course import ROOT
from scripts.lessons import notebooks
from scripts.machine.browser import find_browser, open_browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not find_browser(), reason="no browser here: `make browser`"),
]
SHOTS = ROOT / "build" / "screenshots"
ALL_CELLS = '{"windowingMode": "none"}'  # else JupyterLab takes what is out of sight out of the page
MINUTES = 10 * 60 * 1000  # the longest wait, in milliseconds: a lesson on a busy machine


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab of its own on a copy of the course, on loopback: its address, and the copy."""
    home = tmp_path_factory.mktemp("home")
    copy = home / "course"
    for name in ("notebooks", "scripts", "images"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    for name in ("requirements.in", "requirements.txt", "requirements-gpu.txt", ".venv"):
        (copy / name).symlink_to((ROOT / name).resolve())
    (copy / "data").mkdir()
    for path in (ROOT / "data").iterdir():  # read there, not copied
        (copy / "data" / path.name).symlink_to(path, target_is_directory=path.is_dir())
    settings = home / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text(ALL_CELLS)
    news = home / "settings" / "@jupyterlab" / "apputils-extension"
    news.mkdir()
    (news / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(8)
    environment = os.environ | {
        "HOME": str(home),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "jupyter"),
        "COURSE_PROGRESS": str(home / "progress.json"),
    }
    options = ["--no-browser", "--ip=127.0.0.1", f"--port={port}", f"--IdentityProvider.token={token}", "--allow-root"]
    options += ["--ServerApp.port_retries=0"]
    with open(home / "log.txt", "w") as log:
        command = [sys.executable, "-m", "jupyterlab", *options]
        server = subprocess.Popen(command, cwd=copy, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: answers(f"{address}/api?token={token}") or server.poll() is not None, 60)
        assert server.poll() is None, (home / "log.txt").read_text()
        yield address, token, copy
    finally:
        server.terminate()
        server.wait(timeout=30)


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"nothing within {seconds} seconds"
        time.sleep(0.2)


def answers(address):
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def browser():
    with open_browser() as one:
        yield one


@pytest.fixture
def page(browser, lab):
    """A page that notes every request which leaves this machine."""
    one = browser.new_page(viewport={"width": 1400, "height": 1000})
    one.set_default_timeout(60_000)
    one.left = []
    allowed = (lab[0], lab[0].replace("http", "ws"), "data:", "blob:")
    one.on("request", lambda request: None if request.url.startswith(allowed) else one.left.append(request.url))
    yield one
    shoot(one, "jupyterlab_last")  # what a failure looked like
    one.close()


def open_lesson(page, lab, name):
    address, token, copy = lab
    page.goto(f"{address}/lab/workspaces/{name}/tree/notebooks/{name}.ipynb?token={token}")  # nothing else is open
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']", state="attached")
    return len(notebooks.code_cells(notebooks.read_notebook(copy / "notebooks" / f"{name}.ipynb")))


def menu(page, *words):
    page.get_by_role("menuitem", name=words[0], exact=True).first.click()
    page.locator(".lm-Menu-item", has_text=words[1]).first.click()


def wait_until_run(page, cells):
    done = [f"[{number}]:" for number in range(1, cells + 1)]
    page.wait_for_function(
        "done => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]"
        ".map(prompt => prompt.innerText.trim()).join() === done.join()",
        arg=done,
        timeout=MINUTES,
    )


def run_all(page, cells):
    page.get_by_text("(ipykernel) | Idle").wait_for()
    for _ in range(3):  # what is asked of a kernel that is not yet connected is lost, and a learner asks again
        menu(page, "Run", "Run All Cells")
        page.wait_for_timeout(5000)
        if any(text.strip("[]: \xa0") for text in page.locator(".jp-CodeCell .jp-InputPrompt").all_inner_texts()):
            break
    wait_until_run(page, cells)


def assert_no_error(page):
    found = page.locator("[data-mime-type='application/vnd.jupyter.error']")
    assert found.count() == 0, found.first.inner_text()


def shoot(page, name):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")


def test_the_first_lesson_runs_takes_a_photo_and_checks_an_answer(page, lab, tmp_path):
    cells = open_lesson(page, lab, "00_start_here")
    run_all(page, cells)
    assert_no_error(page)
    text = page.locator(".jp-Notebook").inner_text()
    assert "This machine is ready" in text, text[:2000]
    assert "Exercise 1: not done yet." in text
    assert page.locator(".jp-OutputArea img").count() >= 3  # two photos and the map of the course
    sizes = page.locator(".jp-OutputArea img").evaluate_all("images => images.map(image => image.naturalWidth)")
    assert min(sizes) > 0
    shoot(page, "jupyterlab_00")

    photo = tmp_path / "mine.jpg"
    Image.new("RGB", (640, 480), (200, 30, 30)).save(photo)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Your photo").click()
    chooser.value.set_files(photo)
    page.get_by_role("button", name="Your photo (1)").wait_for()
    cell = page.locator(".jp-CodeCell", has_text="uploaded_photo(upload)")
    before = cell.locator(".jp-OutputArea img").get_attribute("src")
    run_cell(page, cell)
    page.wait_for_function(
        "before => { const found = [...document.querySelectorAll('.jp-CodeCell')]"
        ".find(cell => cell.innerText.includes('uploaded_photo(upload)')).querySelector('.jp-OutputArea img');"
        " return found && found.src !== before; }",
        arg=before,
    )

    task = exercises_of("00")[0]
    cell = page.locator(".jp-CodeCell", has_text="check(1, answer)")
    write(page, cell, "answer = 7\ncheck(1, answer)")
    cell.get_by_text("Exercise 1: not yet.").wait_for()
    write(page, cell, f"{task.solution}\ncheck(1, answer)")
    cell.get_by_text("Exercise 1: right.").wait_for()
    shoot(page, "jupyterlab_00_solved")
    assert page.left == []


def run_cell(page, cell):
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")


def write(page, cell, code):
    """Type code into a cell as a learner does, in place of what is there, and run it."""
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(code)
    page.keyboard.press("Control+Enter")


def test_a_long_lesson_runs_and_runs_again_after_a_restart(page, lab):
    cells = open_lesson(page, lab, "08_transfer_learning")
    run_all(page, cells)
    assert_no_error(page)
    assert_shows_what_is_stored(page, "08_transfer_learning")
    shoot(page, "jupyterlab_08")
    page.get_by_role("menuitem", name="Kernel", exact=True).first.click()
    page.locator(".lm-Menu-item", has_text="Restart Kernel and Run All Cells").first.click()
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    page.wait_for_function(
        "() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].some(one => one.innerText.includes('*'))"
    )
    wait_until_run(page, cells)
    assert_no_error(page)
    assert_shows_what_is_stored(page, "08_transfer_learning")
    assert page.left == []


def assert_shows_what_is_stored(page, name):
    """Every text that the tests compare stands on the page, as it stands in the stored lesson."""
    stored = notebooks.code_cells(notebooks.read_notebook(notebooks.NOTEBOOKS / f"{name}.ipynb"))
    texts = [
        output.text.strip()
        for cell in stored
        if notebooks.IGNORED_OUTPUT not in notebooks.tags(cell)
        for output in cell.outputs
        if output.output_type == "stream"
    ]
    shown = page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stdout']").all_inner_texts()
    assert len(texts) > 5 and not set(texts) - {text.strip() for text in shown}
