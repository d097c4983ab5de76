"""The course's helpers. What a lesson imports lies here, open; what commands and maintainers need,
in folders.

Every command is `python -m scripts.NAME`, and `python -m scripts` lists them. Commands that do not
have a folder of their own lie in `scripts/commands`, which is searched too.
"""

from pathlib import Path

__path__.append(str(Path(__file__).parent / "commands"))
