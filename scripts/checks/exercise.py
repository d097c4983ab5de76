"""What an exercise consists of, and how an answer is judged.

An answer may be anything. It is judged as right (""), as `NOT_DONE`, or by a sentence that says
which mistake it is and never what is right. `predict`, `choose` and `write` make exercises: of a
number, of a letter, of a function. What is right and what is wrong stands in each of them once: the
check is made from it, and the tests hand it in.
"""

import contextlib
import copy
import functools
import io
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

NOT_DONE = "not done yet"
KINDS = {  # what a learner does
    "predict": "predict",
    "figure": "read a figure",
    "function": "write a function",
    "bug": "find the bug",
    "repair": "repair a training",
    "decide": "decide from the numbers",
    "reason": "choose the reason",
}


@dataclass(frozen=True)
class Exercise:
    """One exercise. Code is text, as it stands in a cell, without the call of `check`.

    `name` is the variable or function that the check gets. `stub` leaves `...` where the answer
    belongs; where a bug is to be found, it is the code with the bug. `also_right` are other right
    answers; `wrong` maps the usual wrong ones, as code, to what is said of them.
    """

    title: str
    kind: str  # a key of KINDS
    minutes: int
    task: str
    name: str
    stub: str
    solution: str
    why: str
    means: str  # what it means that the answer is right
    hints: tuple[str, ...]
    expects: str  # what an answer is: its type, shape or range
    wrong: Mapping[str, str]
    also_right: tuple[str, ...]
    judge: Callable  # what `verdict` asks
    trap: bool = False  # the silent trap of the lesson: no error tells of it
    imports: tuple[str, ...] = ()  # lines that the code needs beside NumPy
    look: Callable | None = None  # turns what a function returns into what is compared

    def verdict(self, answer):
        """Return "" where an answer is right, `NOT_DONE`, or a sentence.

        Nothing is raised, warned of or printed.
        """
        try:
            if is_open(answer):
                return NOT_DONE
            with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("ignore")
                return self.judge(answer)
        except Exception as error:
            return f"This cannot be checked ({type(error).__name__}). Expected is {self.expects}."


def is_open(answer):
    """Return whether an answer is still `...`, or a tuple or list that holds one."""
    return answer is ... or (isinstance(answer, tuple | list) and any(part is ... for part in answer))


def predict(*, right, mistakes, expects, name="answer", within=0.0, kind="predict", also_right=(), **rest):
    """Return an exercise whose answer is a number or, where `right` is a tuple, so many numbers.

    `mistakes` maps wrong answers to what to say of them. Each number may be `within` off. `rest`
    are fields of `Exercise`.
    """

    def near(one, other):
        one, other = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
        return one.shape == other.shape and bool(np.all(np.abs(one - other) <= within + 1e-6 * (1 + np.abs(other))))

    def judge(answer):
        if isinstance(answer, str | bool | np.bool_):
            return f"This is a {type(answer).__name__}. Expected is {expects}."
        value = np.asarray(answer, dtype=float)
        value = value.ravel()[0] if not isinstance(right, tuple) and value.size == 1 else value
        if near(value, right):
            return ""
        known = [wrong for wrong in mistakes if near(value, wrong)]
        if known:  # within reach of two, it is the nearer one
            return mistakes[min(known, key=lambda wrong: np.abs(value - np.asarray(wrong)).max())]
        if np.shape(value) != np.shape(right):
            return f"This has the wrong number of parts. Expected is {expects}."
        return f"Expected is {expects}. None of the usual mistakes gives this answer: go through it step by step."

    return Exercise(
        kind=kind,
        name=name,
        stub=f"{name} = ...",
        solution=f"{name} = {right!r}",
        wrong={f"{name} = {wrong!r}": message for wrong, message in mistakes.items()},
        also_right=also_right,
        judge=judge,
        expects=expects,
        **rest,
    )


def choose(*, task, options, kind="reason", name="answer", **rest):
    """Return an exercise whose answer is a letter.

    `options` is a list of (text, why it is wrong), the latter "" for the one that is right.
    """
    letters = "abcdef"[: len(options)]
    reasons = {letter: reason for letter, (_, reason) in zip(letters, options, strict=True)}
    (right,) = (letter for letter, reason in reasons.items() if not reason)
    expects = f'one letter in quotes, "{letters[0]}" to "{letters[-1]}"'

    def judge(answer):
        letter = answer.strip().strip("()").lower() if isinstance(answer, str) else ""
        return reasons.get(letter, f"Expected is {expects}.")

    return Exercise(
        task="\n".join(
            [task, ""] + [f"- **{letter}** {text}" for letter, (text, _) in zip(letters, options, strict=True)]
        ),
        kind=kind,
        name=name,
        stub=f"{name} = ...",
        solution=f'{name} = "{right}"',
        wrong={f'{name} = "{letter}"': reason for letter, reason in reasons.items() if reason},
        also_right=(f'{name} = "{right.upper()}"', f"{name} = '({right}) '"),
        judge=judge,
        expects=expects,
        **rest,
    )


def write(*, name, stub, solution, wrong, cases, expects, kind="function", dtype="", look=None, imports=(), **rest):
    """Return an exercise whose answer is a function. It is called with every case and compared with
    the solution.

    `cases` maps a description to a tuple of arguments. A wrong function of `wrong` is known by
    doing the same. Where the stub returns no `...` it has a bug: as long as the answer does the
    same, it is not done. `dtype`, such as "uint8", is the type that counts, if one does. `look`
    turns what is returned into the numbers that are compared.
    """

    def outcomes(call):
        return {
            case: outcome(call, arguments, None if hasattr(call, "looks") else look)
            for case, arguments in cases.items()
        }

    @functools.cache  # executed once it is needed, since it may import TensorFlow
    def known():
        return {code: outcomes(executed(code, imports)[name]) for code in (solution, stub, *wrong)}

    def judge(answer):
        if not callable(answer):
            return "This is no function. Hand over the function itself, without parentheses behind it."
        got = outcomes(answer)
        if any(is_open(one) for one in got.values()) or same(got, known()[stub], cases, dtype):
            return NOT_DONE
        fails = [case for case in cases if not same(got, known()[solution], [case], dtype)]
        if not fails:
            return ""
        for those in (cases, fails):  # the same everywhere, else where it is wrong
            for code, message in wrong.items():
                if same(got, known()[code], those, dtype):
                    return message
        return complaint(got[fails[0]], known()[solution][fails[0]], fails, cases, dtype) + f" Expected is {expects}."

    return Exercise(
        kind=kind,
        name=name,
        stub=stub,
        solution=solution,
        wrong=wrong,
        judge=judge,
        expects=expects,
        imports=imports,
        look=look,
        **rest,
    )


def executed(code, imports=()):
    """Return the names that a piece of code makes, run with NumPy as `np` and the lines
    `imports`.
    """
    names = {"np": np}
    exec("\n".join([*imports, code]), names)
    return names


class Failed(str):
    """What a function did instead of returning: the name of an exception, or `CHANGED`."""


CHANGED = Failed("it changed its input")


def outcome(call, arguments, look=None):
    """Return what a function gives for a tuple of arguments, or `Failed` where it raises or changes
    them.
    """
    mine = copy.deepcopy(arguments)
    try:
        result = call(*mine)
        if look and result is not None and not is_open(result):
            result = look(result)
    except Exception as error:
        return Failed(type(error).__name__)
    return result if all(alike(one, other) for one, other in zip(mine, arguments, strict=True)) else CHANGED


def same(got, wanted, cases, dtype=""):
    """Return whether two dictionaries of outcomes agree on some cases."""
    return all(agree(got[case], wanted[case], dtype) for case in cases)


def agree(one, other, dtype=""):
    if any(isinstance(part, Failed) or part is None for part in (one, other)):
        return type(one) is type(other) and one == other
    try:
        return alike(one, other, dtype)
    except Exception:
        return False


def alike(one, other, dtype=""):
    """Return whether two values are equal up to rounding: numbers, texts, arrays, lists or tensors.

    Types do not count, unless `dtype` names one, which then both have or both have not.
    """
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape or (dtype and (one.dtype == dtype) != (other.dtype == dtype)):
        return False
    if one.dtype.kind in "biufc" and other.dtype.kind in "biufc":
        return np.allclose(one.astype(float), other.astype(float), rtol=1e-4, atol=1e-5, equal_nan=True)
    return np.array_equal(one, other)


def complaint(got, wanted, fails, cases, dtype):
    """Say what is known of a wrong outcome: what it raised, its shape or type, and never what is
    right.
    """
    where = f"for {fails[0]}" + (
        f" (it is right for {len(cases) - len(fails)} of {len(cases)} inputs)" * (len(cases) > 1)
    )
    if got is CHANGED:
        return f"It changes the array that it is given, {where}: whoever called it still needs that."
    if isinstance(got, Failed):
        return f"It stops with a {got} {where}."
    if got is None:
        return f"It returns nothing {where}: does every way through it end in `return`?"
    got, wanted = np.asarray(got), np.asarray(wanted)
    if got.shape != wanted.shape:
        return f"It returns the shape {got.shape} instead of {wanted.shape} {where}."
    if dtype and got.dtype != wanted.dtype:
        return f"It returns the type {got.dtype} instead of {wanted.dtype} {where}."
    return f"What it returns has the right shape and other values {where}."
