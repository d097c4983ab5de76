"""The exercises of lesson 19, Scaling out."""

import numpy as np

from scripts.checks.exercise import choose, predict, write

REDUCE = """\
def all_reduce(gradients, photos):
    return {}"""
RANDOM = np.random.default_rng(19)
GRADIENTS = RANDOM.normal(size=(3, 4, 2)).round(2)


def reduce(result):
    return REDUCE.format(result)


EXERCISES = (
    predict(
        title="Two purchases",
        minutes=4,
        task="The network takes 80 % of the time, loading takes 20 %. You buy a GPU, on which the network is 20 times as fast, and "
        "cores, with which loading is twice as fast; one still follows the other. How many times as fast is everything together? "
        "One digit after the point is enough.",
        right=7.1,
        mistakes={
            4.2: "The GPU is in it. Loading became faster, too.",
            1.1: "The cores are in it. The network became faster, too.",
            20.0: "So much faster is the network alone. The rest of the time is still there.",
            40.0: "Gains do not multiply: each of them touches a part of the time only.",
            16.4: "You averaged the gains, each by its share. Average the *times* that are left, not the gains.",
            5.0: "This is the most that a faster network can gain by itself. The cores are missing, and the GPU has an end, too.",
            4.6: "You multiplied two results of Amdahl's law. Put both parts into one sum of what is left.",
            0.14: "This is the time that is left. How many times does it go into the old one?",
        },
        within=0.05,
        expects="one number, how many times as fast",
        means="Of the time that is left, most is loading now: the next purchase would be of cores, not of a larger GPU.",
        hints=(
            "Write down what is left of each part: its share of the time, divided by how much faster it became.",
            "Add what is left. The old time was 1.",
            "Loading leaves 0.1. What does the network leave?",
        ),
        why="0.8 / 20 + 0.2 / 2 = 0.14 of the time is left, and 1 / 0.14 is 7.1.",
        also_right=("answer = 1 / (0.8 / 20 + 0.2 / 2)", "answer = np.float32(7.14)", "answer = [7.143]"),
    ),
    write(
        title="The last batch",
        kind="bug",
        minutes=5,
        trap=True,
        task="Each worker sends the mean gradient of its photos; this function is meant to return the mean gradient of the whole "
        "batch, as one device would compute it. It gets an array with a gradient for each worker, and how many photos each had. It "
        "is wrong where the photos do not divide evenly, and the loss falls all the same. Find the bug.",
        name="all_reduce",
        stub=reduce("gradients.mean(axis=0)"),
        solution=reduce("np.average(gradients, axis=0, weights=photos)"),
        why="A mean of means is the mean only where each stands for as many photos. So each gradient counts as often as its worker "
        "has photos, and the sum is divided by all photos.",
        cases={
            "64 and 64 photos": (GRADIENTS[:2], np.array([64, 64])),
            "64 and 60 photos": (GRADIENTS[:2], np.array([64, 60])),
            "three workers, the last with one photo": (GRADIENTS, np.array([64, 64, 1])),
            "one worker had none left": (GRADIENTS, np.array([64, 28, 0])),
            "one worker": (GRADIENTS[:1], np.array([7])),
            "gradients of a bias": (GRADIENTS[:, 0, 0], np.array([10, 20, 30])),
        },
        wrong={
            reduce(
                "gradients.sum(axis=0)"
            ): "This adds them up, and each step grows with the number of workers. A mean is asked for.",
            reduce(
                "np.tensordot(photos, gradients, axes=1)"
            ): "Each gradient counts as often as it has photos now. Divide by all photos: this is their sum.",
            reduce(
                "np.tensordot(photos, gradients, axes=1) / len(photos)"
            ): "You divided by the number of workers. Divide by the number of photos.",
            reduce(
                "np.tensordot(photos, gradients, axes=1) / photos.max()"
            ): "You divided by the most that one worker had. Divide by the photos of all.",
            reduce(
                "gradients[0]"
            ): "This is the gradient of one worker: the others would learn nothing from their photos, or go their own way.",
            reduce(
                "gradients[photos == photos.max()].mean(axis=0)"
            ): "This leaves out whoever has fewer photos, and what they learned.",
            reduce(
                "np.median(gradients, axis=0)"
            ): "A median is no sum of gradients: one device would compute something else.",
        },
        also_right=(
            reduce("sum(n * one for n, one in zip(photos, gradients)) / sum(photos)"),
            reduce("np.tensordot(photos / photos.sum(), gradients, axes=1).astype('float32')"),
        ),
        expects="an array with the shape of one gradient",
        means="Compare the weights with those of one device: no error and no falling loss would have told you.",
        hints=(
            "Two workers, one with 99 photos and one with 1: how much should the one photo count?",
            "Multiply each mean by its number of photos: that is a sum over photos again.",
            "Add these sums, and divide by the number of all photos. NumPy's `average` takes weights.",
        ),
    ),
    choose(
        title="How large is a shard?",
        kind="decide",
        minutes=5,
        task="Ten million photos, a hundred workers. A photo takes a worker 0.01 seconds, handing out a shard takes the one who does "
        "it 0.01 seconds, and a worker dies every two hours on average. How many photos do you put into a shard?",
        options=[
            (
                "16: then a death costs next to nothing.",
                "Handing out 625,000 shards takes more than six times as long as the workers need. They would wait for it.",
            ),
            ("1,000: handing out keeps up, all have work to the end, and a death costs seconds.", ""),
            (
                "100,000, so that each worker gets one shard, and the least is handed out.",
                "One shard each leaves no spare: whoever dies near the end makes all wait until its 1,000 seconds are done again.",
            ),
            (
                "1,000,000: the larger the shard, the less there is to hand out.",
                "That makes ten shards. Ninety workers have nothing to do, and each shard takes longer than a worker lives.",
            ),
            (
                "Any of these: the lesson's curve was flat.",
                "It was flat in the middle, where each worker had many shards. Its ends were not.",
            ),
        ],
        why="The work is 100,000 seconds, 1,000 for each of a hundred workers. 10,000 shards are handed out in 100 seconds meanwhile, "
        "each worker does about a hundred, and a death loses at most ten seconds.",
        means="Three limits at once: who hands out, how many pieces there are for each worker, and what a death costs.",
        hints=(
            "How long do a hundred workers need, if nobody waits and nobody dies?",
            "For each size: how many shards are there, and how long does handing them out take?",
            "And how many shards does each worker get? What is lost when it dies?",
        ),
    ),
)
