"""Links to other sites, against a server on loopback."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from scripts.lessons import outside


@pytest.fixture(scope="module")
def site():
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/hangs-up":
                self.connection.close()
                return
            self.send_response(int(self.path.strip("/")))
            self.end_headers()

        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("page", "words"),
    [("200", ""), ("403", ""), ("404", "answers 404"), ("500", "500"), ("hangs-up", "does not answer")],
)
def test_a_link_is_asked(site, page, words):
    assert (words in outside.complaint(f"{site}/{page}")) and bool(words) == bool(outside.complaint(f"{site}/{page}"))


def test_a_dead_link_is_named_with_its_file(site):
    lines = outside.dead_links({f"{site}/200": ["a.md"], f"{site}/404": ["b.md", "c.ipynb"]})
    assert lines == [f"{site}/404 answers 404; it stands in b.md, c.ipynb"]


def test_links_are_found_in_documents_and_lessons():
    found = outside.outside_links()
    assert "https://keepachangelog.com/en/1.1.0/" in found
    assert any(name.endswith(".ipynb") for names in found.values() for name in names)
    assert not [address for address in found if address[-1] in ".,;)"]
