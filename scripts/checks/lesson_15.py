"""The exercises of lesson 15, Evaluation."""

import numpy as np

from scripts.checks.exercise import choose, predict, write

EFFECTIVE = """\
def effective_number(people):
{lines}"""
SHARES = """\
def accuracy_with(confusion, shares):
    {recall}
    return {result}"""
COUNTS = "photos = np.unique(people, return_counts=True)[1]"
RECALLS = "recalls = confusion.diagonal() / confusion.sum(axis=1)"
TABLES = (
    np.array([[8, 2, 0], [1, 18, 1], [0, 3, 3]]),
    np.array([[50, 0], [9, 1]]),
    np.array([[7, 1, 2, 0], [0, 4, 0, 0], [5, 5, 9, 1], [0, 0, 2, 6]]),
)


def effective(*lines):
    return EFFECTIVE.format(lines="\n".join("    " + line for line in lines))


def shares(result="recalls @ shares", recall=RECALLS):
    return SHARES.format(result=result, recall=recall)


EXERCISES = (
    write(
        title="How many people are these?",
        minutes=5,
        task="Write a function that gets an array with the photographer of each photo and returns their effective number: 1 "
        "divided by the sum of the people's squared shares of the photos.",
        name="effective_number",
        stub="def effective_number(people):\n    return ...",
        solution=effective(COUNTS, "return 1 / np.sum((photos / photos.sum()) ** 2)"),
        why="`np.unique` counts the photos of each person; divided by their sum they are shares. With equal shares the result is "
        "the number of people, with one person who took nearly all it is close to 1.",
        cases={
            "three with equally many": (np.array(["Ann", "Bob", "Eve"] * 4),),
            "one took most": (np.array(["Ann"] * 16 + ["Bob", "Eve"] * 2),),
            "one person": (np.array(["Ann"] * 5),),
            "numbers for names": (np.array([3, 3, 7, 7, 7, 9]),),
        },
        wrong={
            effective(
                "return len(np.unique(people))"
            ): "This counts people, each as one, however few photos they sent.",
            effective(
                COUNTS, "return np.sum((photos / photos.sum()) ** 2)"
            ): "The last step is missing: this is the sum of the squares.",
            effective(
                COUNTS, "return 1 / np.sum(photos**2)"
            ): "These are the squares of counts. Make shares of them first: they add up to 1.",
            effective(
                COUNTS, "return 1 / np.sum(photos / photos.sum()) ** 2"
            ): "You squared the sum, which is 1. Square each share, then add.",
            effective(COUNTS, "return len(people) / photos.max()"): "This looks at the person with most photos only.",
        },
        also_right=(
            effective(
                "shares = [np.mean(people == person) for person in set(people.tolist())]",
                "return 1 / sum(share**2 for share in shares)",
            ),
            effective(COUNTS, "return np.float32(photos.sum() ** 2 / (photos**2).sum())"),
        ),
        expects="one number, 1 or more",
        means="Five people took the test photos, and they weigh like 2.2: a score on them says little about the next five.",
        hints=(
            "`np.unique(people, return_counts=True)` gives the people and how many photos each has.",
            "Divide the counts by their sum: these are shares.",
            "Square the shares, add them up, and divide 1 by that.",
        ),
    ),
    write(
        title="The same recalls, other shares",
        kind="bug",
        minutes=5,
        task="A confusion matrix has a row for each true class. This function is meant to say what the accuracy would be if the "
        "classes had other shares: the recall of each class, times its new share, added up. Find the bug.",
        name="accuracy_with",
        stub=shares(recall=RECALLS.replace("axis=1", "axis=0")),
        solution=shares(),
        why="Recall asks of the photos that *are* of a class, which is a row. Summed over a column one gets those that are *called* "
        "so: that is precision, and it changes when the shares change.",
        cases={
            "three classes, equal shares": (TABLES[0], np.full(3, 1 / 3)),
            "three classes, mostly the last": (TABLES[0], np.array([0.1, 0.1, 0.8])),
            "a rare class gets half": (TABLES[1], np.array([0.5, 0.5])),
            "the shares that they have": (TABLES[1], np.array([5 / 6, 1 / 6])),
            "four classes": (TABLES[2], np.array([0.4, 0.3, 0.2, 0.1])),
        },
        wrong={
            shares(
                "confusion.diagonal().sum() / confusion.sum()"
            ): "This is the accuracy as it is. The new shares have no say.",
            shares(
                "recalls.mean()"
            ): "This is the macro average: each class counts the same. The new shares have no say.",
            shares(
                "recalls @ shares", "recalls = confusion.diagonal() / confusion.sum()"
            ): "You divided by all photos. The recall of a class is about the photos of that class.",
            shares("recalls * shares"): "This is a number for each class. Add them up.",
            shares(
                "2 * recalls * precisions / (recalls + precisions) @ shares",
                RECALLS + "\n    precisions = confusion.diagonal() / confusion.sum(axis=0)",
            ): "F1 mixes recall with precision, and precision changes with the shares.",
        },
        also_right=(
            "def accuracy_with(confusion, shares):\n"
            "    return sum(share * row[k] / row.sum() for k, (row, share) in enumerate(zip(confusion, shares)))",
            shares("np.average(recalls, weights=shares)", "recalls = np.diag(confusion) / np.sum(confusion.T, axis=0)"),
        ),
        expects="one number from 0 to 1",
        means="So a fall from one set to another can be told from a change in what people photograph.",
        hints=(
            "A row holds the photos that are of a class. What does a column hold?",
            "Recall: of the photos that are of a class, how many are called so?",
            "Over which axis does the sum go, if each row is to become one number?",
        ),
    ),
    predict(
        title="Holm's correction by hand",
        minutes=4,
        task="Three comparisons gave p = 0.02, 0.03 and 0.01. Which p has each of them after Holm's correction? Keep the order.",
        right=(0.04, 0.04, 0.03),
        mistakes={
            (0.06, 0.09, 0.03): "This is Bonferroni: all of them times three. Holm asks less of the later ones.",
            (0.04, 0.03, 0.03): "Nearly. No corrected p may be smaller than the one before it, in the order of size.",
            (0.03, 0.04, 0.04): "The numbers are right, in the order of size. Put each where its p stands.",
            (0.02, 0.03, 0.01): "These are the p as they were.",
            (0.04, 0.09, 0.01): "You turned it around: the *smallest* p is multiplied by the number of questions.",
            (0.06, 0.06, 0.03): "The second smallest p is multiplied by 2 here, not by 3.",
        },
        within=0.0005,
        expects="three numbers: answer = (…, …, …)",
        means="All three stay below 0.05; with Bonferroni only one would.",
        hints=(
            "Sort them: 0.01, 0.02, 0.03. The smallest is multiplied by how many there are.",
            "The next one by one less, the last one by 1.",
            "If one comes out smaller than the one before it in size, it is raised to that. Then back into the old order.",
        ),
        why="0.01 · 3 = 0.03; 0.02 · 2 = 0.04; 0.03 · 1 = 0.03, raised to the 0.04 before it.",
        also_right=(
            "answer = [0.02 * 2, 0.02 * 2, 0.01 * 3]",
            "answer = np.array([0.04, 0.04, 0.03], dtype='float32')",
        ),
    ),
    choose(
        title="The best of a thousand",
        kind="decide",
        minutes=3,
        trap=True,
        task="Of a thousand mixtures of the same answers, the best on validation has 0.935 there and 0.933 on test; the best on "
        "test has 0.949 on test. Which number do you report as the score on test photos, and of which mixture?",
        options=[
            (
                "0.949: it is the best mixture, and the score is one on test.",
                "Test chose it, so its score holds the luck of a thousand tries. Chosen on one half of test, such a winner lost "
                "two points on the other.",
            ),
            (
                "0.935: validation is what we choose by.",
                "Validation chose this mixture. A score that chose is too kind.",
            ),
            (
                "0.941: the mean of 0.933 and 0.949.",
                "A mean with a number that flatters flatters half as much.",
            ),
            ("0.933: that of the mixture best on validation.", ""),
            (
                "None: after a thousand tries no score can be believed.",
                "The tries were made on validation. As long as test chose nothing, its one answer can be believed.",
            ),
        ],
        why="The score that chose is not the result. Validation chose, so the result comes from test, once. That the other mixture "
        "has 0.949 there is partly the luck of the best of a thousand.",
        means="No error tells of it, and nobody would notice: test stays honest only if you do.",
        hints=(
            "Which photos had a say in which choice?",
            "A score is believable on photos that did not choose.",
            "Validation chose the first mixture. Which photos had no say in that?",
        ),
    ),
)
