"""How far features may be rounded before a head on them gets worse: chosen by measurement."""

from scripts.measuring.views import VIEWS, measure_view, rounding_steps, to_levels

TRIED = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)  # of a feature's standard deviation
SEEDS = (0, 1, 2)
PENALTY = 0.1  # of lesson 8's head


def try_rounding(view=VIEWS[0]):
    """Print how much a head on rounded features of a view loses on validation, photo by photo."""
    from scripts.datasets import list_images
    from scripts.heads import train_head
    from scripts.results import compare

    exact = measure_view(view)
    labels = {split: list_images(split)[1] for split in exact}

    def right(found, seed):
        head = train_head(found["train"], labels["train"], 10, PENALTY, 40, seed)
        return head.predict(found["validation"], verbose=0).argmax(axis=1) == labels["validation"]

    plain = {seed: right(exact, seed) for seed in SEEDS}
    for step in TRIED:
        steps = rounding_steps(exact, step)
        rounded = {split: to_levels(found, steps) * steps for split, found in exact.items()}
        for seed in SEEDS:
            compare(f"rounded to {step:g} standard deviations, seed {seed}", plain[seed], right(rounded, seed))
