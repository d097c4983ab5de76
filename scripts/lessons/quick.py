"""nbformat, imported a second faster: jsonschema, on which it builds, would compile a grammar of
web addresses that no notebook needs.

pytest, whose plugin nbval imports nbformat, takes this first of all; see pyproject.toml.
"""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # as if it were not installed
import nbformat  # noqa: E402
from nbformat import v4  # noqa: E402

del sys.modules["rfc3987_syntax"]
__all__ = ["nbformat", "v4"]
