"""What this process may use: cores and memory, also inside a container."""

import os
import sys
from pathlib import Path


def cores():
    """Return the number of cores that this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory():
    """Return how many bytes of memory this process may use, and how many are free; (None, None)
    where unknown.

    Inside a container (Binder, Codespaces) its limit counts. Unknown where the package psutil is
    not installed.
    """
    try:
        import psutil
    except ImportError:
        return None, None
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text().strip() if limit.exists() else ""
    most = int(text) if text.isdigit() else float("inf")
    found = psutil.virtual_memory()
    return min(found.total, most), min(found.available, most)


def jobs(bytes_each, most):
    """Return how many jobs, each of which takes `bytes_each` of memory, may run at once: 1 to
    `most`, one a core.
    """
    free = memory()[1]
    fit = most if free is None else int(free // bytes_each)
    return max(1, min(cores(), most, fit))


def peak_memory():
    """Return the largest memory that this process has held so far, in bytes."""
    try:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    except ImportError:  # Windows
        import psutil

        return psutil.Process().memory_info().peak_wset
