"""Calls of the update rules: each step beside torch's."""

from cs231n.checks import compare
from cs231n.checks.exercises import update_rules
from cs231n.checks.explain.settings import Part, Setting, draws
from cs231n.checks.patterns import Context
from cs231n.checks.subject.client import Subject

__all__ = ["kinds", "setting"]

STEPS = 3


def kinds(exercise: str) -> dict[str, str]:
    """Return kind -> words."""
    return {"from the start": "from the start", "continued": "with a state to take up"}


def setting(subject: Subject, exercise: str, kind: str) -> Setting:
    """Return the Setting of some steps of a rule.

    Raises:
        SubjectFailure, Failure: the code gave no answer to look at.
    """
    _, _, draw_hyperparameters, draw_state = update_rules.RULES[exercise]
    rng = draws(exercise, kind)
    config = draw_hyperparameters(rng)
    numbers = dict(config)
    if kind == "continued":
        config |= draw_state(rng, (3, 4))
    w, gradients = rng.standard_normal((3, 4)), rng.standard_normal((STEPS, 3, 4))
    right = update_rules.expected_steps(exercise, w, gradients, config)
    here, right_here, parts, own = w, w, [], dict(config)
    for number, (gradient, goal) in enumerate(zip(gradients, right), start=1):
        result = subject.call(f"optim.{exercise}", here.copy(), gradient, own)
        next_w, own = compare.tuple_of(2, exercise, result)
        next_w = compare.array("next_w", next_w, w.shape)
        context = Context({}, numbers, ("row", "column"), {"dw": gradient, "w": here})
        # From where the last step led, wrong or not: else every step after a wrong one were wrong too.
        parts.append(Part(f"change of w in step {number}", next_w - here, goal - right_here, context=context))
        here, right_here = next_w, goal
    words = f"{exercise} with w (3, 4), {STEPS} steps {kind}, " + ", ".join(
        f"{k} {v:.3f}" for k, v in numbers.items()
    )
    return Setting(words, tuple(parts))
