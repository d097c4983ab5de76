"""The web page: one file with the model, its runtime and its card inside, that needs no server and
sends nothing.

Its parts are in `web/`: page.html, page.css, and the scripts in `SCRIPTS`, read in that order.
"""

import base64
import gzip
import hashlib
import html
import io
import json
import re
from pathlib import Path

import PIL
from PIL import Image

from scripts import files, model_card
from scripts.course import ROOT, CourseError
from scripts.export import packages

WEB = Path(__file__).with_name("web")
SCRIPTS = ("files.js", "pixels.js", "classifier.js", "page.js")
PAGE = ROOT / "build" / "webpage" / "index.html"
RUNTIME = "onnxruntime-web"
RUNTIME_FILES = ("dist/ort.wasm.bundle.min.mjs", "dist/ort-wasm-simd-threaded.wasm")
ACCEPT = "image/jpeg,image/png,image/webp,image/gif,image/bmp"  # named one by one, an iPhone hands out JPEG, not HEIC


class WebPageError(CourseError):
    """No page can be made of a folder. The message says why, and the remedy."""


def build(export, page=PAGE, tell=print):
    """Write the page of an exported folder to the file `page`, or to index.html in it where it is a
    folder; return its path.

    The same export gives the same bytes. Raises `WebPageError`, or `PackageError` where the runtime
    is not here and cannot be fetched.
    """
    export, page = Path(export), Path(page)
    page = page / "index.html" if page.is_dir() else page
    facts = read_export(export)
    runtime, wasm = packages.members(RUNTIME, RUNTIME_FILES, tell)
    title, card = read_card(export)
    parts = {
        "title": html.escape(title),
        "classes": html.escape(", ".join(facts["classes"])),
        "size": str(facts["size"]),
        "accept": ACCEPT,
        "version": packages.locked(RUNTIME)[0],
        "card": card,
        "style": (WEB / "page.css").read_text(encoding="utf-8"),
        "ort": as_global(runtime.decode()),
        "script": joined_scripts(),
        "runtime": packed(wasm),
        "model": packed((export / facts.pop("model")).read_bytes()),
        "facts": json.dumps(facts, ensure_ascii=False).replace("<", "\\u003c"),  # no </script> in a class' name
    }
    parts["policy"] = policy(parts["style"], [parts["ort"], parts["script"]])
    files.write_whole(page, filled((WEB / "page.html").read_text(encoding="utf-8"), parts))
    return page


def read_export(folder):
    """Return what the page has to know of an exported folder: a dictionary, for JSON.

    `notSureBelow`: where the likeliest class has a smaller probability, the page says that it is
    not sure; from `not_sure_below` in export.json, and None where that is not there.

    Raises `WebPageError` where the folder is no export, has no ONNX file, or was changed.
    """
    try:
        facts = json.loads((folder / "export.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise WebPageError(
            f"{folder} is no export: it has no readable export.json. `python -m scripts.export MODEL.keras {folder}` writes one."
        ) from None
    if "onnx" not in facts["formats"]:
        raise WebPageError(f"{folder} has no ONNX file, which the page needs. Export the model as onnx too.")
    model = facts["formats"]["onnx"]["file"]
    vector = largest(folder, facts["vectors"])
    for name in (model, "classes.json", vector["photo"], vector["pixels"]):
        if files.digest(folder / name) != facts["files"].get(name):
            raise WebPageError(
                f"{folder}: {name} is damaged or missing: its digest is not the recorded one. Export the model again."
            )
    return {
        "model": model,
        "classes": json.loads((folder / "classes.json").read_text(encoding="utf-8")),
        "size": facts["size"],
        "fit": facts["fit"],
        "notSureBelow": facts.get("not_sure_below"),
        # Pillow 13 changed the order of its two passes, which changes pixels by one level. The page
        # does what the Pillow of whoever builds it does.
        "verticalFirst": int(PIL.__version__.split(".")[0]) >= 13,
        "vector": {
            "photo": base64_of((folder / vector["photo"]).read_bytes()),
            "pixels": base64_of((folder / vector["pixels"]).read_bytes()),
            "probabilities": vector["probabilities"],
        },
    }


def largest(folder, vectors):
    """Return the test vector with the largest photo: its way to the model has the most steps that a
    browser can take wrongly.
    """

    def pixels(vector):
        try:
            with Image.open(folder / vector["photo"]) as image:
                return image.width * image.height
        except OSError:
            return 0

    if not vectors:
        raise WebPageError(f"{folder} has no test vectors, so nothing would prove the page. Export the model again.")
    return max(vectors, key=pixels)


def read_card(folder):
    """Return the model's name, a text, and its card, HTML: from model_card.json, from MODEL_CARD.md
    as it stands, or a sentence that there is none.
    """
    # The card opens at its heading: without this, at the first thing in it that can be scrolled.
    heading = '<h2 id="card-title" tabindex="-1" autofocus>Model card{}</h2>\n'
    if (folder / model_card.JSON).is_file():
        card = model_card.read_card(folder)
        return card["name"], heading.format(": " + html.escape(card["name"])) + card_html(card)
    if (folder / model_card.TEXT).is_file():
        text = (folder / model_card.TEXT).read_text(encoding="utf-8")
        return "Photo classifier", heading.format("") + f"<pre>{html.escape(text)}</pre>"
    none = "<p>None came with this model: nobody has written down what it is good for. Lesson 16 shows how.</p>"
    return "Photo classifier", heading.format("") + none


def card_html(card):
    """Return a model card, as `model_card.read_card` returns it, as HTML."""
    parts = []
    for key, title in model_card.FACTS.items():
        if key == "name":
            continue
        parts.append(f"<h3>{html.escape(title)}</h3>")
        if key == "scores":
            parts.append(scores_html(card[key]))
        elif isinstance(card[key], str):
            parts.append(f"<p>{html.escape(card[key])}</p>")
        else:
            parts.append("<ul>" + "".join(f"<li>{html.escape(one)}</li>" for one in card[key]) + "</ul>")
    return "\n".join(parts)


def scores_html(scores):
    rows = ["<tr><th>group</th><th>who or what</th><th>right</th><th>share</th><th>95 % interval</th></tr>"]
    for group, names in scores.items():
        for name, score in names.items():
            low, high = score["interval"]
            right = f"{score['correct']} of {score['n']}"
            cells = [group, name, right, f"{score['value']:.3f}", f"{low:.3f} to {high:.3f}"]
            rows.append("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
    # It scrolls on a phone, so that the keyboard has to reach it.
    return f'<div class="table" tabindex="0" role="region" aria-label="Scores"><table>{"".join(rows)}</table></div>'


def joined_scripts():
    """Return the page's scripts as one module, without the lines that import one from another."""
    texts = [(WEB / name).read_text(encoding="utf-8") for name in SCRIPTS]
    text = re.sub(r'^import .* from "\./.*";\n', "", "\n".join(texts), flags=re.MULTILINE)
    return re.sub(r"^export (?=async|class|const|function)", "", text, flags=re.MULTILINE)


def as_global(module):
    """Return the runtime's module as one that exports nothing, and sets `globalThis.ort`: what lies
    in the page itself cannot be imported.
    """
    module = re.sub(r"\n//# sourceMappingURL=.*", "", module.strip())  # developer tools would ask for that file
    found = re.search(r"export\{([^{}]*)\};?$", module)
    if not found:
        raise WebPageError(f"{RUNTIME} is not built as expected: {RUNTIME_FILES[0]} does not end in its exports.")
    names = (entry.split(" as ") for entry in found[1].split(","))
    return module[: found.start()] + f"globalThis.ort={{{','.join(f'{name}:{local}' for local, name in names)}}};"


def base64_of(content):
    return base64.b64encode(content).decode()


def packed(content):
    """Return bytes as base64 of gzip, without a time in it."""
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb", mtime=0) as archive:
        archive.write(content)
    return base64_of(stream.getvalue())


def policy(style, scripts):
    """Return the content security policy: the style and the scripts of the page by their digests,
    nothing else, and no request at all.
    """

    def digests(texts):
        return " ".join(f"'sha256-{base64_of(hashlib.sha256(text.encode()).digest())}'" for text in texts)

    return (
        f"default-src 'none'; script-src 'wasm-unsafe-eval' {digests(scripts)}; style-src {digests([style])}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def filled(template, parts):
    """Return a template with each {{name}} replaced. Raises `WebPageError` where a script would end
    its own element.
    """
    for name in ("ort", "script"):
        if re.search(r"</script|<!--", parts[name], flags=re.IGNORECASE):
            raise WebPageError(f"The script {name!r} holds </script or <!--, which HTML reads as its end.")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)
