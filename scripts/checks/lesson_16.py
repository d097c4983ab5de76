"""The exercises of lesson 16, Explanation."""

import numpy as np

from scripts.checks.exercise import choose, predict, write

FOLDS = """\
def fold_of(people, folds):
    return {result}"""
CAM = """\
def cam(maps, gradients):
{lines}"""
RANDOM = np.random.default_rng(16)
MAPS, GRADIENTS = RANDOM.random((5, 5, 8)), RANDOM.normal(size=(5, 5, 8))
PERSON = "np.unique(people, return_inverse=True)[1]"


def folds(result):
    return FOLDS.format(result=result)


def cam(*lines):
    return CAM.format(lines="\n".join("    " + line for line in lines))


WEIGHTS = "weights = gradients.mean(axis=(0, 1))"

EXERCISES = (
    write(
        title="Judged by a model that has not seen it",
        kind="bug",
        minutes=7,
        trap=True,
        task="Each photo is to be judged by a model that has seen neither it nor another photo by the same person. This function "
        "deals the photos into parts, and nothing fails; `people` says for each photo whose it is. Repair it: the first person in the order of names goes into part 0, the "
        "next one into part 1, and so on around, each with all their photos.",
        name="fold_of",
        stub=folds("np.arange(len(people)) % folds"),
        solution=folds(PERSON + " % folds"),
        why="`return_inverse` gives for each photo the number of its person, in the order of names. The remainder deals the "
        "*people*, so all photos of one person are in one part.",
        cases={
            "six photos by three people, two parts": (np.array(["Bob", "Ann", "Eve", "Ann", "Bob", "Ann"]), 2),
            "seven people, five parts": (np.array(list("gfedcbaabc")), 5),
            "more parts than people": (np.array(["Eve", "Ann", "Eve"]), 5),
            "people with numbers for names": (np.array([30, 7, 30, 12, 7]), 2),
        },
        wrong={
            folds(
                "np.sort(np.arange(len(people)) % folds)"
            ): "You still deal photos, in blocks now. Two photos by one person can end up in different parts.",
            folds(
                "np.random.default_rng(0).integers(folds, size=len(people))"
            ): "Dealt at random, photos by the same person are "
            "in several parts: the model has seen that person's other photos.",
            folds(PERSON): "This numbers the people. There are more of them than parts: deal them around.",
            folds(
                "np.unique(people, return_index=True)[1] % folds"
            ): "`return_index` gives one place for each person. You need one number for each photo.",
            folds(
                PERSON + " // folds"
            ): "This puts the first people all into part 0, and makes more parts than asked. Take the remainder.",
            "def fold_of(people, folds):\n    order = list(dict.fromkeys(people.tolist()))\n"
            "    return [order.index(person) % folds for person in people]": "You number the people as they appear among "
            "the photos. Asked is the order of their names.",
            folds(
                "np.arange(len(np.unique(people))) % folds"
            ): "You deal the people now, one number for each. Each *photo* needs the number of its person.",
        },
        also_right=(
            "def fold_of(people, folds):\n    order = sorted(set(people.tolist()))\n"
            "    return [order.index(person) % folds for person in people]",
            folds("np.searchsorted(np.unique(people), people) % folds"),
        ),
        expects="a whole number for each photo, from 0 to one less than the number of parts",
        means="Now a photo is judged by a model that knows nothing of its photographer.",
        hints=(
            "What is dealt here: photos, or people?",
            "`np.unique` can say for each photo which person it belongs to: look for `return_inverse`.",
            "Then deal the numbers of the people as the photos were dealt: with the remainder.",
        ),
    ),
    predict(
        title="Score a hunt",
        minutes=2,
        task="In a set, 200 labels are wrong. A list of 120 suspects holds 90 of them. What are the precision and the recall of "
        "the list? Give both, precision first.",
        right=(0.75, 0.45),
        mistakes={
            (0.45, 0.75): "The two have changed places. Precision is a share of the suspects.",
            (0.75, 0.6): "Recall does not ask how long the list is against the 200, but how many of the 200 it holds.",
            (0.25, 0.55): "These are the shares that it gets *wrong*: 1 minus each.",
            (0.6, 0.45): "Precision asks how many of the *suspects* are wrong labels.",
            (0.75, 0.75): "The second share is not one of the suspects.",
            (75, 45): "These are percent. Write shares.",
        },
        within=0.003,
        expects="two shares: answer = (precision, recall)",
        means="Three of four suspects are finds, and more than half of the wrong labels stay hidden.",
        hints=(
            "Precision: of the suspects, which share has a wrong label?",
            "Recall: of the wrong labels, which share is among the suspects?",
            "90 stands above in both. Below stands the number of suspects, or that of the wrong labels.",
        ),
        why="90 / 120 = 0.75, and 90 / 200 = 0.45.",
        also_right=(
            "answer = (90 / 120, 90 / 200)",
            "answer = [0.75, 0.45]",
            "answer = np.array([0.75, 0.45], dtype='float32')",
        ),
    ),
    write(
        title="Grad-CAM by hand",
        minutes=6,
        task="`maps` (height, width, channels) came out of a layer for one picture, and `gradients`, of the same shape, say how the "
        "logit of the class rises with each number of them. Write a function that returns the Grad-CAM map, (height, width).",
        name="cam",
        stub="def cam(maps, gradients):\n    return ...",
        solution=cam(WEIGHTS, "return np.maximum((maps * weights).sum(axis=2), 0)"),
        why="The mean gradient over the places is the weight of a channel. The weighted maps are added up, and only what is above "
        "zero stays: it speaks for the class.",
        cases={
            "eight channels": (MAPS, GRADIENTS),
            "one channel that speaks against": (MAPS[..., :1], -np.ones((5, 5, 1))),
            "two channels against each other": (MAPS[..., :2], np.stack([np.ones((5, 5)), -np.ones((5, 5))], axis=2)),
            "maps that are not square": (MAPS[:3], GRADIENTS[:3]),
        },
        wrong={
            cam(
                WEIGHTS, "return (maps * weights).sum(axis=2)"
            ): "The last step is missing: what is below zero speaks against the class, and goes.",
            cam(
                "return np.maximum((maps * gradients).sum(axis=2), 0)"
            ): "Each place has its own gradient here. Grad-CAM gives "
            "each channel one weight: the mean over its places.",
            cam(
                WEIGHTS, "return np.maximum(maps * weights, 0).sum(axis=2)"
            ): "First add the channels up, then take away what is below zero: one channel may speak against another.",
            cam(
                "weights = np.abs(gradients.mean(axis=(0, 1)))", "return (maps * weights).sum(axis=2)"
            ): "A channel that lowers the logit speaks against the class. Its weight keeps the minus.",
            cam(
                "weights = gradients.mean(axis=2, keepdims=True)", "return np.maximum((maps * weights).sum(axis=2), 0)"
            ): "This is a mean over the channels, for each place. Asked is one weight for each channel.",
            cam(WEIGHTS, "return np.maximum(maps * weights, 0)"): "This is a map for each channel. Add them up.",
            cam(
                "weights = gradients.mean(axis=(1, 2), keepdims=True)",
                "return np.maximum((maps * weights).sum(axis=2), 0)",
            ): "`axis=(1, 2)` belongs to the lesson's stack of pictures. Here is one picture: which axes are its places?",
            cam(
                "weights = gradients.mean(axis=(1, 2))", "return np.maximum((maps * weights).sum(axis=2), 0)"
            ): "Your mean leaves a weight for each row of the map. Asked is one for each channel, the last axis.",
            cam(
                "return np.maximum((maps * gradients.mean()).sum(axis=2), 0)"
            ): "This is one weight for all channels. Each channel gets its own.",
            cam(
                WEIGHTS, "return np.maximum((maps * weights).mean(axis=2), 0)"
            ): "You take the mean of the weighted maps. Grad-CAM adds them up.",
            cam(
                "weights = gradients.sum(axis=(0, 1))", "return np.maximum((maps * weights).sum(axis=2), 0)"
            ): "You add up the gradients of a channel. Its weight is their mean.",
            cam(
                WEIGHTS, "heat = np.maximum((maps * weights).sum(axis=2), 0)", "return heat / heat.max()"
            ): "You scaled the map to 1 in the end. Return it as it is: a map of zeros could not be scaled.",
            cam(
                WEIGHTS, "return np.abs((maps * weights).sum(axis=2))"
            ): "`abs` makes what speaks against the class speak for it. What is below zero goes.",
            cam(
                WEIGHTS, "return np.max((maps * weights).sum(axis=2), 0)"
            ): "`np.max` looks for the largest number along an axis. Here every number is compared with 0.",
        },
        also_right=(
            cam("return np.clip(np.einsum('hwc,c->hw', maps, gradients.mean((0, 1))), 0, None)"),
            cam("heat = maps @ gradients.reshape(-1, maps.shape[2]).mean(0)", "return np.where(heat > 0, heat, 0)"),
        ),
        expects="an array (height, width), nothing below 0",
        means="Two lines: the rest of the lesson's function only fetches maps and gradients.",
        hints=(
            "Weight of a channel: the mean of its gradients over all places, `axis=(0, 1)`.",
            "Multiply the maps by the weights (NumPy repeats them for each place), and add the channels up.",
            "`np.maximum(array, 0)` keeps what is above zero.",
        ),
    ),
    choose(
        title="A discovery on test",
        minutes=2,
        trap=True,
        kind="decide",
        task="Somebody gives the ten test photos that look most suspicious the labels that the model says. Its score rises from 339 "
        "to 349 of 372: 10 put right, 0 put wrong, p = 0.002. What has been shown?",
        options=[
            (
                "The model is better than it looked, and p says that it is no chance.",
                "p is about two models on the same labels. Here the model is the same, and the labels were made to fit it.",
            ),
            (
                "Ten labels of test were wrong.",
                "A reader who saw neither label nor answer let eight of the ten stand.",
            ),
            (
                "The new labels are better, since the model learns more from them.",
                "Nothing learns from test. It only judges.",
            ),
            ("Nothing about the model: its own answers were taken for the truth.", ""),
            (
                "Only that ten photos are too few to see a change.",
                "The change is seen, ten of ten. It says nothing, because the model itself made it.",
            ),
        ],
        why="The judged made the labels that judge. Ten of ten had to come out right, with any model. Test is mended by hand, by "
        "somebody who sees neither labels nor answers, and looks at others besides the suspects.",
        means="A small p cannot mend a test that the model has written itself.",
        hints=(
            "Who decided what is right about these ten photos?",
            "Could the model have got any of the ten wrong, with these labels?",
            "Do the same with a poor model: what would its ten most suspicious photos say?",
        ),
    ),
)
