"""The browser in which tests open pages: the system's Chromium or Chrome, driven by Playwright."""

import argparse
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PLACES = (  # where macOS and Windows keep it
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
MANAGERS = {  # what installs it, by the name of the package manager
    "apt-get": ["install", "--yes", "--no-install-recommends", "chromium"],
    "dnf": ["install", "--assumeyes", "chromium"],
    "pacman": ["--sync", "--noconfirm", "chromium"],
    "brew": ["install", "--cask", "chromium"],
    "winget": ["install", "--exact", "--id", "Google.Chrome"],
}


def find_browser():
    """Return the path of a Chromium or Chrome on this machine, "" where there is none.

    `COURSE_BROWSER` names another one.
    """
    named = os.environ.get("COURSE_BROWSER", "")
    found = [shutil.which(name) for name in ([named] if named else NAMES)]
    return next((path for path in [*found, *(place for place in PLACES if Path(place).is_file())] if path), "")


@contextmanager
def open_browser(*options):
    """Yield a headless browser of Playwright, started with some options of Chromium; it is closed
    when the block ends.
    """
    from playwright.sync_api import sync_playwright

    sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # root has none
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=[*sandbox, *options])
        try:
            yield browser
        finally:
            browser.close()


def installation():
    """Return the command, a list, that installs a browser here; [] where none is known."""
    for manager, words in MANAGERS.items():
        if path := shutil.which(manager):
            root = manager in ("brew", "winget") or (hasattr(os, "geteuid") and os.geteuid() == 0)
            return [path, *words] if root else ["sudo", "-n", path, *words]
    return []


def main(arguments=None):
    argparse.ArgumentParser(prog="python -m scripts.browser", description=__doc__).parse_args(arguments)
    if path := find_browser():
        print(f"The browser for the tests: {path}")
        return 0
    command = installation()
    said = " ".join(command).replace("sudo -n ", "sudo ")
    if command:
        print(f"Installing a browser: {said}", flush=True)
        if command[0].endswith("apt-get"):  # a machine that is new knows no packages yet
            subprocess.run([command[0], "update", "--quiet"], check=False, stdout=subprocess.DEVNULL)
        if subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode == 0 and find_browser():
            print(f"The browser for the tests: {find_browser()}")
            return 0
    print(
        "There is no Chromium or Chrome here, and it could not be installed. "
        + (f"Try `{said}` yourself, or " if said else "Install one, or ")
        + "name one in COURSE_BROWSER. Until then the tests that open pages are skipped.",
        file=sys.stderr,
    )
    return 1
