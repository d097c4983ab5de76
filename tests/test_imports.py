"""Imports run one way: from the folders to the open modules, never in a circle; lessons import open
modules only.
"""

import ast
from graphlib import TopologicalSorter

from scripts.course import ROOT

LAYERS = [  # from the bottom up; a folder's name stands for all in it
    ["setup", "course", "files", "resources", "progress"],
    ["sample", "standin.network"],
    [
        "datasets",
        "pretrained",
        "features",
        "measured",
        "heads",
        "results",
        "plots",
        "calibration",
        "model_card",
        "faults",
        "cost",
        "checks",
        "exercises",
    ],
    ["standin.distillation", "machine", "lessons", "measuring", "benchmark", "export", "cluster", "grading"],
    ["commands", "__main__"],
]
MODULES = {
    ".".join(path.relative_to(ROOT / "scripts").with_suffix("").parts).removesuffix(".__init__"): path
    for path in (ROOT / "scripts").rglob("*.py")
}


def imported(source):
    """Return the modules of scripts/ that a program imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[2] for alias in node.names if alias.name.startswith("scripts.")}
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "scripts":
            base = node.module.partition(".")[2]
            names = [f"{base}.{alias.name}".strip(".") for alias in node.names]
            found |= {name if name in MODULES else base for name in names}
    return found - {""}


def layer(module):
    return next(number for number, names in enumerate(LAYERS) if {module, module.partition(".")[0]} & {*names})


IMPORTS = {
    module: imported(path.read_text(encoding="utf-8")) for module, path in MODULES.items() if module != "__init__"
}


def test_imports_go_down_or_stay_in_their_layer():
    assert not [(one, other) for one, others in IMPORTS.items() for other in others if layer(other) > layer(one)]


def test_there_is_no_circle():
    list(TopologicalSorter(IMPORTS).static_order())  # raises CycleError
