"""Files are written whole or not at all, and a lock lets one process in at a time, also after a
kill.
"""

import hashlib
import os
import subprocess
import sys
import threading

import pytest

from scripts import files
from scripts.course import ROOT

HOLD = """
import sys, time
sys.path.insert(0, sys.argv[1])
from scripts import files
print("tries", flush=True)
with files.lock(sys.argv[2]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_text_and_bytes_are_written_with_newlines_as_they_are(tmp_path):
    files.write_whole(tmp_path / "new" / "text.txt", "é\n")
    assert (tmp_path / "new" / "text.txt").read_bytes() == b"\xc3\xa9\n"
    files.write_whole(tmp_path / "bytes", b"\r\n")
    assert (tmp_path / "bytes").read_bytes() == b"\r\n"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_fails_half_way_leaves_the_old_file_and_no_other(tmp_path, error):
    file = tmp_path / "a.weights.h5"
    file.write_text("old")
    with pytest.raises(error), files.written_whole(file) as part:
        assert part.name.endswith("a.weights.h5") and part.parent == tmp_path
        part.write_text("half")
        raise error
    assert file.read_text() == "old" and os.listdir(tmp_path) == ["a.weights.h5"]


@pytest.mark.skipif(os.name == "nt", reason="no modes on Windows")
def test_others_may_read_what_is_written(tmp_path):
    files.write_whole(tmp_path / "a", "")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


def test_a_digest_is_that_of_the_bytes_and_empty_without_a_file(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 3_000_000)
    assert files.digest(tmp_path / "a") == hashlib.sha256(b"x" * 3_000_000).hexdigest()
    assert files.digest(tmp_path / "a", "md5") == hashlib.md5(b"x" * 3_000_000).hexdigest()
    assert files.digest(tmp_path / "b") == files.digest(tmp_path) == ""


def test_a_lock_keeps_another_process_out_until_the_first_one_is_dead(tmp_path):
    command = [sys.executable, "-c", HOLD, str(ROOT), str(tmp_path / "lock")]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert [first.stdout.readline() for _ in range(2)] == ["tries\n", "held\n"]
    second = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert second.stdout.readline() == "tries\n"
    lines = []
    reader = threading.Thread(target=lambda: lines.append(second.stdout.readline()))
    reader.start()
    reader.join(0.5)
    assert not lines
    first.kill()
    reader.join(60)
    assert lines == ["held\n"]
    second.kill()
    for process in (first, second):
        process.wait()
        process.stdout.close()
