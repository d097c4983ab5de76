"""The exercises of lesson 0, Start here."""

from scripts.checks.exercise import choose, predict, write

EXERCISES = (
    predict(
        title="What is left?",
        minutes=2,
        task="A network that knows ten names gives its three likeliest the probabilities 0.62, 0.21 and 0.05. "
        "How much is left for the other seven together?",
        right=0.12,
        mistakes={
            0.88: "So much the three have together. Asked is what they leave.",
            12: "That is in percent. Write it as a share, like the three in the task.",
            0.12 / 7: "That would be the mean of one of the seven. Asked are all seven together.",
            0: "Then the three would make 100 % by themselves. Add them up.",
            0.38: "You took off the likeliest name only. Take off all three.",
        },
        within=0.001,
        expects="a share, a number from 0 to 1",
        means="The probabilities of all names make 1, so what three of them leave belongs to the others.",
        hints=(
            "How much do the probabilities of all ten names make together?",
            "Add up the three that you know.",
            "Together all make 1, that is 100 %. Subtract the sum of the three from that.",
        ),
        why="All ten probabilities make 1. The three make 0.62 + 0.21 + 0.05 = 0.88, and 1 - 0.88 is left.",
        also_right=("answer = 1 - (0.62 + 0.21 + 0.05)", "answer = np.float32(0.12)", "answer = [0.12]"),
    ),
    write(
        title="The likeliest names",
        minutes=6,
        task="Write a function that gets a list of names and a list of their probabilities, in the same order, and "
        "returns the three likeliest names as a list, the likeliest first. If there are fewer than three names, it returns "
        "all of them.",
        name="likeliest",
        stub="def likeliest(names, probabilities):\n    return ...",
        solution="def likeliest(names, probabilities):\n"
        "    order = np.argsort(probabilities)[::-1]\n"
        "    return [names[position] for position in order[:3]]",
        why="`np.argsort` gives the positions from the smallest probability to the largest, `[::-1]` turns them around. A "
        "slice such as `[:3]` takes what is there: of two positions it takes two, without an error.",
        cases={
            "five names": (["hat", "pants", "shirt", "shoes", "skirt"], [0.1, 0.4, 0.05, 0.15, 0.3]),
            "names that are in order already": (["skirt", "hat", "dress", "shirt"], [0.7, 0.2, 0.06, 0.04]),
            "two names": (["hat", "shirt"], [0.2, 0.8]),
            "one name": (["hat"], [1.0]),
        },
        wrong={
            "def likeliest(names, probabilities):\n    order = np.argsort(probabilities)\n"
            "    return [names[position] for position in order[:3]]": "These are the three that are the least likely: "
            "`np.argsort` and `sorted` begin with the smallest.",
            "def likeliest(names, probabilities):\n    return list(np.argsort(probabilities)[::-1][:3])": "These are "
            "positions. Asked are the names at these positions.",
            "def likeliest(names, probabilities):\n    return names[:3]": "These are the first three names of the list, "
            "whatever their probabilities.",
            "def likeliest(names, probabilities):\n    order = np.argsort(probabilities)[-3:]\n"
            "    return [names[position] for position in order]": "The right three, but the likeliest comes last.",
            "def likeliest(names, probabilities):\n    return sorted(names, reverse=True)[:3]": "This sorts the names by "
            "the alphabet. Sort them by their probabilities.",
            "def likeliest(names, probabilities):\n    return sorted(probabilities, reverse=True)[:3]": "These are the "
            "probabilities. Asked are the names that belong to them.",
        },
        also_right=(
            "def likeliest(names, probabilities):\n"
            "    pairs = sorted(zip(probabilities, names), reverse=True)\n"
            "    return [name for _, name in pairs][:3]",
            "def likeliest(words, shares):\n    order = np.argsort(-np.array(shares, dtype='float32'))\n"
            "    return np.array(words)[order[:3]]",
        ),
        expects="a list of at most three names, the likeliest first",
        means="This is what stands beside the photo: `decode_predictions` sorts the same way.",
        hints=(
            "You need the names in the order of their probabilities. `np.argsort(probabilities)` gives positions.",
            "It begins with the smallest; `[::-1]` turns an array around.",
            "Take the first three positions with `[:3]`, and for each of them `names[position]`.",
        ),
    ),
    choose(
        title="A photo of a cat",
        minutes=2,
        trap=True,
        task="You upload a photo of your cat, and the network answers with the name of a garment, and no warning. Why?",
        options=[
            (
                "It has learned from photos of cats that somebody put into the wrong folder.",
                "Nothing says so, and no such "
                "photo is needed: it would answer a photo of a bridge in the same way. Ask what it can answer at all.",
            ),
            ("It has to choose among the names that it knows, and together these make 100 %.", ""),
            (
                "It looks for clothes in the photo, and would say nothing if it found none.",
                "It cannot say nothing: for each "
                'photo it gives each of its names a share. There is no share for "none of these".',
            ),
            (
                "The photo was too large or too dark for it.",
                'Then a better photo of the cat would help. It would not: "cat" is not on the list.',
            ),
        ],
        why="The network spreads 100 % over its names, whatever it sees. One of the shares is always the largest, and that "
        "name is shown. No error tells you that none of the names fits.",
        means="An answer is no proof that the question made sense: one name is always the likeliest.",
        hints=(
            "Which names can it say at all?",
            "The bars of all its names make 100 %, for every photo.",
            'There is no name for "nothing that I know", so the 100 % go to the others.',
        ),
    ),
)
