"""The exercises of lesson 2, The dataset."""

import numpy as np

from scripts.checks.exercise import choose, write

RANDOM = np.random.default_rng(2)
PICTURE, STRANGER = (RANDOM.integers(30, 200, (4, 4, 3)).astype("float32") for _ in range(2))
CORRELATION = """\
def correlation(first, second):
    first, second = first.ravel(), second.ravel()
{lines}
    return first @ second"""


def variant(*lines):
    return CORRELATION.format(lines="\n".join("    " + line for line in lines))


EXERCISES = (
    write(
        title="Pictures by people you know",
        minutes=4,
        task="Write a function that gets two arrays with a photographer for each picture, those of validation and those of "
        "train. It returns the share of the validation *pictures* whose photographer has a picture in train, too.",
        name="share_known",
        stub="def share_known(validation_people, train_people):\n    return ...",
        solution="def share_known(validation_people, train_people):\n"
        "    return np.isin(validation_people, train_people).mean()",
        why="`np.isin` says for each validation picture whether its photographer is among those of train. The mean of "
        "true and false is the share that is true.",
        cases={
            "two of three pictures known": (np.array(["Ann", "Ann", "Bob"]), np.array(["Ann", "Eve", "Eve"])),
            "people who sent several pictures": (np.array(["Ann", "Bob", "Bob", "Eve"]), np.array(["Bob", "Eve"] * 3)),
            "nobody known": (np.array(["Ann", "Bob"]), np.array(["Eve", "Joe", "Joe"])),
            "everybody known, in another order": (np.array(["Ann", "Bob"]), np.array(["Bob", "Ann", "Joe"])),
        },
        wrong={
            "def share_known(validation_people, train_people):\n"
            "    return np.isin(np.unique(validation_people), train_people).mean()": "This is the share of the *people*. "
            "Somebody who sent many pictures has to count as often.",
            "def share_known(validation_people, train_people):\n"
            "    return np.isin(train_people, validation_people).mean()": "The two have changed places: this is the share of "
            "train whose photographer is in validation.",
            "def share_known(validation_people, train_people):\n"
            "    return np.isin(validation_people, train_people).sum()": "This is a count. Divide it by the number of "
            "validation pictures.",
            "def share_known(validation_people, train_people):\n"
            "    return (~np.isin(validation_people, train_people)).mean()": "This is the share that is *not* known.",
            "def share_known(validation_people, train_people):\n"
            "    return 100 * np.isin(validation_people, train_people).mean()": "This is in percent. A share lies between "
            "0 and 1.",
        },
        also_right=(
            "def share_known(validation_people, train_people):\n    known = set(train_people)\n"
            "    return sum(one in known for one in validation_people) / len(validation_people)",
            "def share_known(v, t):\n    return np.float32((v[:, None] == t).any(axis=1).mean())",
        ),
        expects="one number from 0 to 1",
        means="This is the last column of the lesson's table: 97 % for validation, 0 % for test.",
        hints=(
            "Ask it of each validation picture: is its photographer among those of train?",
            "`np.isin(these, those)` answers that for each of `these`.",
            "The mean of an array of true and false is the share that is true.",
        ),
    ),
    choose(
        title="600 different fingerprints",
        minutes=2,
        trap=True,
        task="SHA-256 gave 600 different fingerprints for the 600 files of a set. What does that show?",
        options=[
            (
                "No picture is in the set twice.",
                "A picture saved once more with another quality is the same picture in "
                "another file, and its fingerprint is another. The lesson's copy was not found.",
            ),
            (
                "No two pictures of the set look alike.",
                "A fingerprint knows nothing of looks: one changed byte gives a wholly different one.",
            ),
            (
                "No photographer sent two pictures.",
                "Who sent a picture does not stand in its fingerprint: one person's 40 "
                "different pictures have 40 fingerprints.",
            ),
            ("No file is in the set twice, byte for byte.", ""),
        ],
        why="Equal files have equal fingerprints, so no two files are equal. A copy that was saved again is another file. "
        'The search says "nothing found" without an error, and only a test with known copies shows what it cannot find.',
        means="A search that finds nothing says what it can find, and no more.",
        hints=(
            "What happened when the lesson looked for the copy that it had made itself?",
            "The copy shows the same picture, and its bytes are others.",
            "A fingerprint is made from the bytes of a file. So what can it compare?",
        ),
    ),
    write(
        title="A correlation that minds the light",
        kind="bug",
        minutes=5,
        task="This function is meant to return the correlation of two pictures: 1 for the same picture, also when one of "
        "them is brighter everywhere. Compare it with the lesson's `standardize`, and add what is missing.",
        name="correlation",
        stub=variant("first, second = first / np.linalg.norm(first), second / np.linalg.norm(second)"),
        solution=variant(
            "first, second = first - first.mean(), second - second.mean()",
            "first, second = first / np.linalg.norm(first), second / np.linalg.norm(second)",
        ),
        why="Without the mean subtracted, all numbers are positive, and any two pictures seem alike: their brightness makes "
        "the sum large. The mean has to go first, the length is taken of what remains.",
        cases={
            "a picture and a stranger": (PICTURE, STRANGER),
            "a picture and itself": (PICTURE, PICTURE),
            "a picture and its brighter copy": (PICTURE, PICTURE + 40),
            "a picture and its copy of half the contrast": (PICTURE, PICTURE / 2),
            "a picture and its negative": (PICTURE, 255 - PICTURE),
        },
        wrong={
            variant(
                "first, second = first / np.linalg.norm(first), second / np.linalg.norm(second)",
                "first, second = first - first.mean(), second - second.mean()",
            ): "The order matters: the length has to be that of the picture without its mean. A picture and itself "
            "do not give 1 now.",
            variant(
                "first, second = first - first.mean(), second - second.mean()",
                "first, second = first / len(first), second / len(second)",
            ): "`len` counts the numbers. The length of a vector is the root of the sum of its squares.",
            variant(
                "first, second = first - 127.5, second - 127.5",
                "first, second = first / np.linalg.norm(first), second / np.linalg.norm(second)",
            ): "127.5 is the middle of 0 to 255, not the mean of this picture: brightness still counts.",
            variant("first, second = first - first.mean(), second - second.mean()"): "Now the mean is gone and the "
            "length is back: contrast counts again, and nothing is held to 1.",
            variant(
                "first, second = first - first.mean(), second - first.mean()",
                "first, second = first / np.linalg.norm(first), second / np.linalg.norm(second)",
            ): "You subtract the mean of the first picture from both. Each has a mean of its own.",
        },
        also_right=(
            "def correlation(one, other):\n    return np.corrcoef(one.ravel(), other.ravel())[0, 1]",
            "def correlation(first, second):\n"
            "    first, second = (part.astype('float64').ravel() - part.mean() for part in (first, second))\n"
            "    return np.sum(first * second) / np.sqrt(np.sum(first**2) * np.sum(second**2))",
        ),
        expects="one number from -1 to 1",
        means="Without their means and lengths, only the layout of light and dark is compared.",
        hints=(
            "`standardize` has two lines that change the vectors. Which of them is missing here?",
            "Brightness is what all numbers of a picture have in common: its mean.",
            "Subtract from each picture its own mean, before you divide by the length.",
        ),
    ),
    choose(
        title="What was hidden, and what was lost",
        kind="decide",
        minutes=3,
        task="Of 341 real validation photos, the nearest neighbor named 176 rightly. With each photographer's own train photos "
        "hidden it named 118 rightly, with as many photos by others hidden 176. Which conclusion do the three numbers carry?",
        options=[
            (
                "With fewer train photos the classifier gets worse.",
                "Then hiding as many photos by others should have cost as "
                "much, and it cost nothing. That is what the third number is for.",
            ),
            ("About a third of the right answers rested on photos by the same person.", ""),
            (
                "Strangers will get about half of their photos named rightly.",
                "176 of 341 holds for people who are in train. A "
                "stranger has no photo there, as if all of them were hidden.",
            ),
            (
                "The photos of the hidden people are harder than the others.",
                "The 341 photos that are judged are the same in all three tries. Only the train photos differ.",
            ),
        ],
        why="176 - 118 = 58 answers, a third of 176, were right only as long as the person's own photos were there. Hiding as "
        "many others cost nothing, so it was not their number. For strangers such photos are missing: that is the leak.",
        means="The third try is what makes the second one speak: it rules out that the number of photos did it.",
        hints=(
            "Compare each number with the first one. What is different in that try?",
            "In the second and the third try equally many photos are hidden. Only whose they are differs.",
            "58 of 176 answers were lost, and only where the person's own photos were hidden.",
        ),
    ),
)
