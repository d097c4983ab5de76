"""Print the part of requirements.txt that some packages need: `python locked.py fastapi numpy`.

With it a container gets the locked versions, each file checked against its digest, of what it needs
and of nothing else. Standard library only: it runs before anything is installed.
"""

import re
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parents[2] / "requirements.txt"


def locked(names, text):
    """Return the entries of a lock's text, as uv writes it, for some packages and for all that they
    need, as a text.

    Raises `ValueError`, naming it, where the lock has no such package.
    """
    entries = re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", text, flags=re.MULTILINE | re.DOTALL)
    needed_by = {}  # each entry, and the packages that want it, as the lock's comments say
    for entry in entries:
        name = re.match(r"[a-z0-9-]+", entry)[0]
        needed_by.setdefault(name, set()).update(re.findall(r"^ +#(?: via)? +([a-z0-9-]+)$", entry, flags=re.MULTILINE))
    if unknown := set(names) - set(needed_by):
        raise ValueError(f"{LOCK.name} has no {min(unknown)}")
    found, before = set(names), set()
    while found != before:
        before = set(found)
        found |= {name for name, wanting in needed_by.items() if wanting & before}
    return "".join(entry for entry in entries if re.match(r"[a-z0-9-]+", entry)[0] in found)


if __name__ == "__main__":
    try:
        print(locked(sys.argv[1:], LOCK.read_text(encoding="utf-8")), end="")
    except ValueError as error:
        sys.exit(str(error))
