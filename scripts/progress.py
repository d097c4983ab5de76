"""Progress of long work: a bar where somebody watches, a line now and then in a log."""

import sys
import time
from contextlib import contextmanager

SECONDS = 30  # between two lines in a log


def is_watched():
    """Return whether a moving bar can be seen: on a terminal, or in a notebook."""
    if "ipykernel" in sys.modules:
        from IPython import get_ipython

        if getattr(get_ipython(), "kernel", None):
            return True
    return sys.stderr.isatty()


@contextmanager
def progress(total, title, unit, done=0, estimate=False, **options):
    """Yield a function `update(n)` that is told of `n` more things done; show how far that is, on
    stderr.

    `total` may be None where it is not known; `estimate` adds to the lines of a log what a bar
    shows anyway: how many a second, and when that will end. `options` go to tqdm's bar, such as
    `unit_scale` for bytes.
    """
    if is_watched():
        from tqdm import tqdm

        with tqdm(total=total, desc=title, unit=unit, initial=done, mininterval=0.5, **options) as bar:
            yield bar.update
        return
    first, begin = done, time.monotonic()
    said = begin

    def update(n):
        nonlocal done, said
        done += n
        now = time.monotonic()
        if now - said >= SECONDS:
            said = now
            share = f" of {total:,}" if total else ""
            rest = ""
            if estimate and total and done > first:
                rate = (done - first) / (now - begin)
                end = time.strftime("%Y-%m-%d %H:%M", time.localtime(time.time() + (total - done) / rate))
                rest = f", {rate:,.1f} a second, done at {end}"
            print(f"{title}: {done:,}{share} {unit}{rest}", file=sys.stderr, flush=True)

    yield update
