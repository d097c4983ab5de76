"""Take the screenshots of lessons 18 and 20: `python images/screenshots.py` executes both on the
drawn pictures, opens what they wrote (logs in TensorBoard, the web page, the server), and writes
every PNG beside this file. `python images/screenshots.py 20` does so for that lesson alone.

It needs a Chromium or Chrome on this machine, and for lesson 20 npm or what it fetched earlier.
TensorBoard and the server listen on this machine only, on ports that are free, and end with the
script; a request to any other host is refused.
"""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from PIL import Image

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # it is run as a file

from scripts.machine.browser import open_browser  # noqa: E402

BUILD = HERE.parent / "build"
LOGS = BUILD / "logs" / "lesson_18"
PAGE, EXPORT, PHOTOS = BUILD / "webpage" / "index.html", BUILD / "export", BUILD / "photos_of_a_friend"
LESSONS = {"tensorboard": "18_tensorboard", "webpage": "20_your_own_photos", "server": "20_your_own_photos"}
WIDTH, HEIGHT = 1100, 620
SETTINGS = {  # of the page: no smoothing, whole curves, wide list of runs, nothing beside the charts
    "scalarSmoothing": 0,
    "ignoreOutliers": False,
    "sideBarWidthInPercent": 26,
    "timeSeriesSettingsPaneOpened": False,
    "stepSelectorEnabled": False,
}
SETTLE = 4000  # milliseconds that charts get to be drawn; the page does not say when it is done


@contextlib.contextmanager
def running(command, **pipes):
    """Start a program in the course's folder and yield its process, which is gone afterwards."""
    process = subprocess.Popen(command, cwd=HERE.parent, text=True, **pipes)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


@contextlib.contextmanager
def tensorboard(logs, fast="false"):
    """Serve a folder of logs and yield the address, such as "http://127.0.0.1:43210"; the process
    is gone afterwards. `fast`: "true" for the faster reader, which not every machine has.
    """
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logs), "--host", "127.0.0.1", "--port", "0"]
    with running([*command, f"--load_fast={fast}"], stderr=subprocess.PIPE) as process:
        said = []
        for line in process.stderr:  # it says where it listens, or ends
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                yield found[0]
                break
        else:
            raise RuntimeError("TensorBoard did not start: " + "".join(said))


@contextlib.contextmanager
def webpage():
    """Yield the address of the web page, a file."""
    yield PAGE.as_uri()


@contextlib.contextmanager
def server():
    """Serve the exported classifier and yield the address; the process is gone afterwards."""
    command = [sys.executable, "-m", "scripts.serve", str(EXPORT), "--port", "0"]
    with running(command, stdout=subprocess.PIPE) as process:
        yield json.loads(process.stdout.readline())["address"]


@contextlib.contextmanager
def open_page(address, refused):
    """Yield a page of a headless browser that reaches `address` only; the addresses of
    other requests go to the list `refused`.
    """

    def guard(route):
        if route.request.url == address or route.request.url.startswith((f"{address}/", "data:", "blob:")):
            route.continue_()
        else:
            refused.append(route.request.url)
            route.abort()

    with open_browser("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1") as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.route("**/*", guard)
        keep = "for (const end of ['', '.timeseries']) localStorage.setItem('_tb_global_settings' + end, '%s')"
        page.add_init_script(keep % json.dumps(SETTINGS))
        yield page


def charts(runs, tags):
    """Return where the page shows those runs and tags that two regular expressions find."""
    return f"/?runFilter={quote(runs, safe='')}&tagFilter={quote(tags, safe='')}#timeseries"


def open_network(page):
    """Look into the box of the network."""
    page.locator("svg text:visible", has_text="cnn").first.dblclick(force=True)
    page.wait_for_timeout(SETTLE / 2)
    page.get_by_text("Fit to screen").click()


def choose(page, menu, item):
    """Open one of the menus of a page, or of a frame in it, and choose an item."""
    page.locator(f"paper-dropdown-menu:visible[label='{menu}']").click()
    page.locator("paper-item:visible", has_text=item).first.click()
    page.wait_for_timeout(SETTLE / 4)


def sort_table(page):
    """Put the run with the best validation accuracy on top."""
    choose(page, "Sort by", "validation accuracy")
    choose(page, "Direction", "Descending")


def color_by_class(page):
    """Give each class of the cloud its color, and scroll their list to the pants and the shorts."""
    (frame,) = (frame for frame in page.frames if "projector_binary" in frame.url)
    choose(frame, "Color by", "label")
    for name in ("pants", "shorts"):
        frame.locator("vz-projector-legend").get_by_text(name, exact=True).first.scroll_into_view_if_needed()


def wait_for_text(page, identity, pattern):
    """Wait until an element of the web page says something; its policy forbids Playwright's way."""
    look = "new RegExp(pattern).test(document.getElementById(identity).textContent)"
    again = f"(function look() {{ {look} ? done(true) : Date.now() > end ? done(false) : setTimeout(look, 50) }})()"
    text = f"([identity, pattern]) => new Promise((done) => {{ const end = Date.now() + 120000; {again} }})"
    if not page.evaluate(text, [identity, pattern]):
        raise RuntimeError(f"the page does not say {pattern!r}")


def give_photo(page):
    """Give the web page a photo of which it is not sure, and wait for its heat map."""
    photo = min((PHOTOS / "skirt").glob("*.jpg"))
    page.set_input_files("#file", str(photo))
    wait_for_text(page, "heat-note", "^Yellow")
    page.evaluate("scrollTo(0, 0)")


# For each picture: where the page is, what is done there, how many pixels from the top are shown.
# What a name begins with says which of `LESSONS` is shown.
SCREENSHOTS = {
    "tensorboard_scalars": (charts("rates.*validation", "epoch_(loss|accuracy)"), None, 500),
    "tensorboard_images": (charts("augmentation/with/pictures", "confusion|worst mistakes"), None, HEIGHT),
    "tensorboard_graph": ("/#graphs&run=graph", open_network, HEIGHT),
    "tensorboard_dead": (charts("inside/(healthy|dead)$", "output/layer 3"), None, 500),
    "tensorboard_vanishing": (charts("inside/sigmoid$", "^gradient/layer (1|7)"), None, 500),
    "tensorboard_hparams": ("/#hparams", sort_table, HEIGHT),
    "tensorboard_projector": ("/#projector", color_by_class, HEIGHT),
    "webpage_answer": ("", give_photo, 1080),
    "server_page": ("/docs", None, HEIGHT),
}


def take(page, address, name):
    """Return a screenshot as the bytes of a PNG."""
    place, act, height = SCREENSHOTS[name]
    page.set_viewport_size({"width": WIDTH, "height": max(height, HEIGHT)})
    page.goto("about:blank")  # so that the next address is loaded, also where only its end differs
    page.goto(address + place)
    page.wait_for_timeout(SETTLE)
    if act:
        page.wait_for_timeout(SETTLE)
        act(page)
        page.wait_for_timeout(SETTLE / 2)
    shot = page.screenshot(clip={"x": 0, "y": 0, "width": WIDTH, "height": height})
    stream = io.BytesIO()
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    if name.startswith("webpage"):  # photos in it: 256 colors keep the file small
        image = image.quantize(256)
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def run_lesson(lesson):
    """Execute a lesson on the drawn pictures, which writes what is shown: no real photo gets into a
    screenshot.
    """
    for name in SCREENSHOTS:
        if not (HERE / f"{name}.png").exists():  # a new one, which the lesson shows already
            Image.new("RGB", (1, 1)).save(HERE / f"{name}.png")
    environment = os.environ | {"COURSE_DATA": "sample", "COURSE_WEIGHTS": "standin"}
    subprocess.run([sys.executable, "-m", "scripts.run", lesson[:2]], cwd=HERE.parent, env=environment, check=True)


def main(numbers):
    chosen = {kind: lesson for kind, lesson in LESSONS.items() if not numbers or lesson[:2] in numbers}
    for lesson in sorted(set(chosen.values())):
        run_lesson(lesson)
    refused = []
    for kind in chosen:
        opened = {"tensorboard": lambda: tensorboard(LOGS), "webpage": webpage, "server": server}[kind]()
        with opened as address, open_page(address, refused) as page:
            for name in (name for name in SCREENSHOTS if name.startswith(f"{kind}_")):
                content = take(page, address, name)
                (HERE / f"{name}.png").write_bytes(content)
                print(f"{name}.png: {len(content) / 1000:.0f} kB")
    if refused:
        raise SystemExit(f"The page asked for other hosts: {refused}")


if __name__ == "__main__":
    main(sys.argv[1:])
