"""List the commands of the course, one line each: `python -m scripts`."""

import ast
from pathlib import Path

HERE = Path(__file__).parent


def commands():
    """Return every command as a dictionary from its name to the first line of what its file says of
    itself.
    """
    files = {file.stem: file for file in (HERE / "commands").glob("[a-z]*.py")}
    files |= {file.parent.name: file for file in HERE.glob("*/__main__.py")}
    return {name: summary(files[name]) for name in sorted(files)}


def summary(file):
    """Return the first line of a file's docstring; the file is not executed."""
    return (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").partition("\n")[0]


if __name__ == "__main__":
    width = max(len(name) for name in commands())
    for name, text in commands().items():
        print(f"python -m scripts.{name:<{width}}  {text}")
