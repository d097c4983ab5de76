"""The exercises of lesson 20, Your own photos."""

import numpy as np

from scripts.checks.exercise import choose, predict, write

JUDGES = "def judges(garments):\n{}"


def judges(*lines):
    return JUDGES.format("\n".join("    " + line for line in lines))


EXERCISES = (
    write(
        title="One garment, one pile",
        minutes=5,
        trap=True,
        task="Several photos show the same garment, and all of them have to land in the same pile. Write a function that gets an array "
        "with the garment of each photo, and returns True for each photo that judges and False for each to learn from: the first "
        "garment in sorted order judges, the second is to learn from, and so on in turn.",
        name="judges",
        stub="def judges(garments):\n    return ...",
        solution=judges("return np.unique(garments, return_inverse=True)[1] % 2 == 0"),
        why="`np.unique` sorts the garments, and `return_inverse=True` gives each photo the place of its garment among them. Even "
        "places judge, whatever the order of the photos.",
        cases={
            "three photos of each": (np.array(["coat"] * 3 + ["dress"] * 3 + ["hat"] * 3 + ["shirt"] * 3),),
            "in any order": (np.array(["hat", "coat", "hat", "shirt", "dress", "coat", "shirt", "hat"]),),
            "numbers for names": (np.array([10, 10, 20, 30, 30, 30, 40]),),
            "odd numbers, in any order": (np.array([7, 3, 3, 5, 7, 9, 5]),),
            "a photo of each": (np.array(["a", "b", "c", "d", "e"]),),
            "one garment": (np.array(["coat", "coat"]),),
        },
        wrong={
            judges(
                "return np.arange(len(garments)) % 2 == 0"
            ): "This deals out *photos* in turn: of a garment with three photos, some judge and some are learned from.",
            judges(
                "return np.arange(len(garments)) < len(garments) / 2"
            ): "This cuts the list of photos in two, perhaps through the middle of a garment.",
            judges(
                "return garments % 2 == 0"
            ): "A garment's name is no place in an order: it may be a word, or all numbers may be even.",
            judges(
                "return np.unique(garments, return_inverse=True)[1] % 2 == 1"
            ): "No garment is cut apart, but the piles are swapped: the first garment judges.",
            judges("return np.unique(garments)[::2]"): "These are the garments that judge. Say it of each photo.",
            judges(
                "first = np.unique(garments, return_index=True)[1]",
                "return np.isin(np.arange(len(garments)), first[::2])",
            ): "Only the first photo of such a garment judges here. The others of it lie in the other pile.",
        },
        also_right=(
            judges("return np.isin(garments, np.unique(garments)[::2])"),
            judges(
                "order = sorted(set(garments.tolist()))",
                "return [order.index(garment) % 2 == 0 for garment in garments.tolist()]",
            ),
        ),
        expects="True or False for each photo",
        means="With a garment in both piles nothing fails, and the score is too kind: it asks for garments that were learned.",
        hints=(
            "Deal out garments, not photos. Which garments are there, in sorted order?",
            "Give each photo the place of its garment in that order: 0, 1, 2, …",
            "`np.unique(garments, return_inverse=True)` returns both. Even places judge.",
        ),
    ),
    choose(
        title="A promise that moved house",
        kind="decide",
        minutes=3,
        trap=True,
        task="A threshold was set so that 95 % of the answers above it are right, on validation. Of a friend's photos 50 are above it, "
        "and 36 of these are right (95 % interval 0.58 to 0.83). She wants the promise of 95 %. What do you do?",
        options=[
            (
                "Nothing: 95 % were measured, and 36 of 50 are bad luck.",
                "0.95 lies far outside the interval. That is no luck: her photos are of another kind.",
            ),
            (
                "Raise the threshold until 95 % of these 50 are right, and promise that.",
                "Then the same photos choose the threshold and judge it, which is too kind. It needs photos that had no say.",
            ),
            (
                "Fit the temperature once more on validation, then it is honest for her photos, too.",
                "Validation gives the temperature that you have. It knows nothing of photos of her kind.",
            ),
            ("Set it anew on other photos of her kind, and judge it on these.", ""),
            (
                "Answer only above 0.99: such sure answers are right everywhere.",
                "On photos of a new kind a network can be very sure and wrong. No number helps that was not measured there.",
            ),
        ],
        why="A threshold promises something about photos like those on which it was set. So it is set on photos of her kind, and what "
        "it promises is measured on photos that did not choose it.",
        means="No error tells that a promise does not hold any more. Only photos of the new kind do.",
        hints=(
            "On what kind of photos was the 95 % measured?",
            "Does 0.95 lie inside the interval?",
            "Which photos may choose a threshold, and which may judge it?",
        ),
    ),
    predict(
        title="Who pays?",
        minutes=4,
        task="Of the photos that a shop gets, 70 % are upright and 30 % upside down. The old head has 0.85 of the upright ones right and "
        "0.55 of the others; the new one has 0.82 and 0.80. By how many points, hundredths, does the accuracy in this shop rise?",
        right=5.4,
        mistakes={
            25.0: "So much do the photos upside down gain. They are three of ten, and the others pay.",
            7.5: "The gain is in it, with its share. The upright ones lose, which is missing.",
            11.0: "You took the mean of gain and loss, as if there were as many photos of either kind.",
            16.6: "The shares are swapped: most photos are upright.",
            22.0: "You added gain and loss without their shares.",
            81.4: "This is the accuracy of the new head. By how much is that more than the old one's?",
            0.054: "The digits are right, as a share. In points it is a hundred times that.",
        },
        within=0.05,
        expects="one number, in points",
        means="Learning something new cost the old a little, and pays here; in a shop with few such photos it would not.",
        hints=(
            "First the accuracy of the old head: each share of the photos, times how many of them are right.",
            "Then the same for the new head.",
            "Take the difference, in hundredths.",
        ),
        why="Old: 0.7 · 0.85 + 0.3 · 0.55 = 0.76. New: 0.7 · 0.82 + 0.3 · 0.80 = 0.814. That is 5.4 points more.",
        also_right=(
            "answer = 100 * (0.7 * (0.82 - 0.85) + 0.3 * (0.80 - 0.55))",
            "answer = np.float32(5.4)",
            "answer = [5.4]",
        ),
    ),
)
