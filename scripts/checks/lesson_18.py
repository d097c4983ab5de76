"""The exercises of lesson 18, TensorBoard."""

from scripts.checks.exercise import choose, predict, write

RUNS = "def runs_in(steps):\n{}"


def runs(*lines):
    return RUNS.format("\n".join("    " + line for line in lines))


EXERCISES = (
    predict(
        title="Where the bold line ends",
        minutes=4,
        task="A validation loss is 3, 2 and 1 in three epochs, and the page's slider stands at 0.5. At which value does the bold "
        "line end? Compute it as the page does, with its correction for the start, to two digits.",
        right=1.57,
        mistakes={
            1.0: "This is the last loss that was measured. The bold line keeps some of the epochs before it.",
            1.38: "Nearly. The line began at 0, before anything was measured: the page corrects for that.",
            1.75: "You began with the first loss as if it were a smooth value already, and corrected nothing.",
            2.0: "This is the mean of all three. In the page's line the older a loss is, the less it counts.",
            1.5: "This is the mean of the last two losses. The first one still has a say.",
        },
        within=0.01,
        expects="one number, to two digits",
        means="The loss was 1, and the bold line says more than half as much again: read values with the slider at 0.",
        hints=(
            "Begin with 0. At each epoch the new value of the line is half of the last one plus half of the loss.",
            "So after one epoch it stands at half of 3. Go on for the other two.",
            "At the end divide by 1 - 0.5 · 0.5 · 0.5, which is the part that is not the 0 of the beginning.",
        ),
        why="From 0 the line goes to 1.5, to 1.75, to 1.375. Divided by 1 - 0.125 that is 1.57: a smooth line is late, and shows a "
        "falling loss too high.",
        also_right=("answer = 1.375 / (1 - 0.5**3)", "answer = np.float32(11 / 7)", "answer = np.array([1.571])"),
    ),
    write(
        title="How many runs wrote this curve?",
        minutes=5,
        trap=True,
        task="Two runs in one folder give no error: the log holds the steps of one after those of the other. Write a function that "
        "gets the steps of a curve in the order of the log, and returns how many runs wrote it. The steps of one run always rise, "
        "from wherever it began.",
        name="runs_in",
        stub="def runs_in(steps):\n    return ...",
        solution=runs("return 1 + int(np.sum(np.diff(steps) <= 0))"),
        why="Wherever a step is not larger than the one before it, another run began. The differences of n steps tell of the "
        "beginnings after the first one, so one is added.",
        cases={
            "one run": ([0, 1, 2, 3],),
            "two runs": ([0, 1, 2, 0, 1, 2],),
            "the second one was stopped early": ([0, 1, 2, 3, 4, 0],),
            "three runs": ([0, 1, 0, 1, 0, 1],),
            "one run that went on from epoch 5": ([5, 6, 7],),
            "one that went back to a checkpoint": ([0, 1, 2, 3, 4, 3, 4, 5],),
            "counted in steps, a hundred at a time": ([100, 200, 300, 100, 200],),
            "three runs of one epoch": ([0, 0, 0],),
            "two that share no step": ([6, 7, 0, 1, 2],),
        },
        wrong={
            runs(
                "return list(steps).count(0)"
            ): "Not each run begins at 0: one may go on from a checkpoint, or count in hundreds.",
            runs(
                "return int(np.sum(np.diff(steps) <= 0))"
            ): "One too few: this counts how often the steps begin anew. A curve where they never do was written by one run.",
            runs(
                "return 1 + int(np.sum(np.diff(steps) < 0))"
            ): "Runs of one epoch write the same step again and again. The steps stand still there, and do not go back.",
            runs(
                "return len(steps) // (max(steps) + 1)"
            ): "This supposes that each run is as long as the longest, and begins at 0.",
            runs(
                "return len(set(steps)) < len(steps)"
            ): "This says whether there is more than one. The number is asked for.",
            runs(
                "return int(np.max(np.unique(steps, return_counts=True)[1]))"
            ): "You counted how often one step occurs. Two runs need not share a step: one may stop where the other began.",
        },
        also_right=(
            runs(
                "found = 1",
                "for last, step in zip(steps, steps[1:]):",
                "    found += step <= last",
                "return found",
            ),
            runs("steps = np.array(steps)", "return np.float32(len(steps) - np.sum(steps[1:] > steps[:-1]))"),
        ),
        expects="a whole number, 1 or more",
        means="A line of code finds what no error tells: run it over a folder of logs before you compare curves.",
        hints=(
            "Within a run each step is larger than the one before. Where is it not?",
            "`np.diff(steps)` gives the differences from one step to the next.",
            "Count the differences that are not above 0. Which run have you not counted yet?",
        ),
    ),
    choose(
        title="Which layer is sick?",
        kind="figure",
        minutes=3,
        task="A network of five inner layers with ReLU and a last one without has a loss that stays at 2.2. These shares of zeros "
        "among the outputs and these sizes of gradients were logged in each epoch. Where is the fault?\n\n"
        "| layer | 1 | 2 | 3 | 4 | 5 | last |\n|---|---|---|---|---|---|---|\n"
        "| zeros | 50 % | 53 % | 51 % | 100 % | 100 % | 0 % |\n| gradient | 0 | 0 | 0 | 0 | 0 | 0 |",
        options=[
            (
                "In layer 1: its gradient is 0, so all that follows gets nothing.",
                "The gradient comes from the other end, from the loss. Layer 1 gets none because something behind it lets none "
                "through.",
            ),
            (
                "In layers 1 to 3: half of their outputs are 0.",
                "That is how a healthy ReLU works: about half of the numbers that come in are negative.",
            ),
            (
                "In the last layer: it alone has no zeros, so its ReLU is missing.",
                "The last layer has no ReLU on purpose: a logit may be negative.",
            ),
            ("In layer 4: it gives 0 for every photo, and nothing gets back through it.", ""),
            (
                "In all of them: the gradient vanishes, and ReLU in place of sigmoid would heal it.",
                "A vanishing gradient is small, and smaller from layer to layer. Here it is 0 exactly, and there is no sigmoid.",
            ),
        ],
        why="Layers 1 to 3 are as they should be. From layer 4 on nothing depends on the photo any more; where the output of a ReLU "
        "is 0, its slope is 0 too, so no gradient comes back: dead ReLUs.",
        means="The score said the same as for a vanishing gradient. Zeros and gradients together say which it is, and where.",
        hints=(
            "In which direction do outputs go through the network, and in which direction gradients?",
            "Which layer is the first whose outputs are not as in a healthy network?",
            "What is the slope of ReLU where its output is 0?",
        ),
    ),
)
