"""sgd_momentum, rmsprop and adam, against torch.optim."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from cs231n.checks import compare, oracle
from cs231n.checks.registry import check
from cs231n.checks.verdicts import Failure

# What the optimizers of torch call at a step. To make one loads torch._dynamo, which takes longer than all checks.


def _sgd_momentum(w, config):
    from torch.optim.sgd import sgd

    lr, momentum = config["learning_rate"], config["momentum"]
    # torch scales its buffer at the step, not before
    buffers = oracle.tensors([-config["velocity"] / lr]) if "velocity" in config else [None]
    settings = {"lr": lr, "momentum": momentum, "dampening": 0, "weight_decay": 0}
    return lambda gradient: sgd(
        [w], [gradient], buffers, foreach=False, nesterov=False, maximize=False, **settings
    )


def _rmsprop(w, config):
    from torch.optim.rmsprop import rmsprop

    caches = oracle.tensors([config.get("cache", np.zeros(w.shape))])
    steps = oracle.tensors([0])
    settings = {"lr": config["learning_rate"], "alpha": config["decay_rate"], "eps": config["epsilon"]}
    settings |= {"weight_decay": 0, "momentum": 0, "centered": False}
    return lambda gradient: rmsprop([w], [gradient], caches, [], [], steps, foreach=False, **settings)


def _adam(w, config, eps_beside_v=False):
    """Return torch's step; `eps_beside_v`: eps is added to sqrt(v), as in the paper's shorter form."""
    from torch.optim.adam import adam

    m, v = (oracle.tensors([config.get(name, np.zeros(w.shape))]) for name in ("m", "v"))
    steps = oracle.tensors([config.get("t", 0)])
    settings = {"lr": config["learning_rate"], "beta1": config["beta1"], "beta2": config["beta2"]}
    settings |= {"eps": config["epsilon"], "weight_decay": 0, "amsgrad": False, "maximize": False}

    def step(gradient):
        if eps_beside_v:
            correction = 1 - config["beta2"] ** (float(steps[0]) + 1)
            settings["eps"] = config["epsilon"] / correction**0.5
        adam([w], [gradient], m, v, [], steps, foreach=False, **settings)

    return step


# Forms of a rule that are both right.
FORMS: dict[str, tuple[dict[str, bool], ...]] = {"adam": ({}, {"eps_beside_v": True})}

# rule -> what takes torch's step with a gradient; defaults; how to draw hyperparameters; how to draw a state
RULES: dict[str, tuple[Any, ...]] = {
    "sgd_momentum": (
        _sgd_momentum,
        {"learning_rate": 1e-2, "momentum": 0.9},
        lambda rng: {"learning_rate": rng.uniform(0.1, 1), "momentum": rng.uniform(0.3, 0.8)},
        lambda rng, shape: {"velocity": rng.standard_normal(shape)},
    ),
    "rmsprop": (
        _rmsprop,
        {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8},
        lambda rng: {
            "learning_rate": rng.uniform(0.1, 1),
            "decay_rate": rng.uniform(0.3, 0.8),
            "epsilon": rng.uniform(0.1, 0.5),
        },
        lambda rng, shape: {"cache": rng.uniform(0.1, 2, shape)},
    ),
    "adam": (
        _adam,
        {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
        lambda rng: {
            "learning_rate": rng.uniform(0.1, 1),
            "beta1": rng.uniform(0.3, 0.8),
            "beta2": rng.uniform(0.3, 0.8),
            "epsilon": rng.uniform(0.1, 0.5),
        },
        lambda rng, shape: {
            "m": rng.standard_normal(shape),
            "v": rng.uniform(0.1, 2, shape),
            "t": int(rng.integers(1, 6)),
        },
    ),
}


def expected_steps(
    rule: str, w: np.ndarray, gradients: Iterable[np.ndarray], config: dict[str, Any], **form: Any
) -> list[np.ndarray]:
    """Return where torch's optimizer takes w, step by step; `form` is that of the rule, where it has two."""
    (moved,) = oracle.tensors([w])
    step, path = RULES[rule][0](moved, config, **form), []
    for gradient in oracle.tensors(list(gradients)):
        step(gradient)
        path.append(moved.numpy().copy())
    return path


def _compare_path(rule, found, gradients, hyperparameters):
    """Compare steps with those of each right form of a rule; the first form is the one that a failure names."""
    failures = []
    for form in FORMS.get(rule, ({},)):
        try:
            right = expected_steps(rule, found[0], gradients, hyperparameters, **form)
            for number, expected in enumerate(right, start=1):
                rate, name = hyperparameters["learning_rate"], f"(next_w - w) / learning_rate after step {number}"
                tolerance = compare.TOLERANCE
                if compare.share(found[number]) == 1:  # then each step has rounded w to single precision
                    tolerance = 4 * (tolerance + number * np.finfo(np.float32).eps * np.abs(expected).max() / rate)
                compare.close(name, (found[number] - found[0]) / rate, (expected - found[0]) / rate, tolerance)
            return
        except Failure as failure:
            failures.append(failure)
    raise failures[0]


def _step(subject, rule, w, dw, config):
    """Take a step; return the new w and the config."""
    next_w, config = compare.tuple_of(2, rule, subject.call(f"optim.{rule}", w, dw, config))
    if not isinstance(config, dict):
        compare.fail(f"{rule} does not return a config", "a dict as the second result", compare.describe(config))
    return next_w, config


def _follow(subject, rule, w, gradients, config, hyperparameters):
    """Compare several steps with torch's."""
    found, own = [w], config
    said = ", ".join(f"{name} {value:.3g}" for name, value in hyperparameters.items() if np.isscalar(value))
    with compare.during(f"w {w.shape}, {said}"):
        for gradient in gradients:
            next_w, own = _step(subject, rule, found[-1], gradient, own)
            found.append(compare.array("next_w", next_w, w.shape))
        _compare_path(rule, found, gradients, hyperparameters)


def step_checks(
    rule: str,
    defaults: dict[str, float],
    draw_hyperparameters: Callable[[np.random.Generator], dict[str, Any]],
    draw_state: Callable[[np.random.Generator, tuple[int, ...]], dict[str, Any]],
) -> None:
    """Register where the steps of a rule have to go."""

    @check(rule)
    def steps(subject, rng):
        """several steps match PyTorch's optimizer"""
        w, gradients = rng.standard_normal((3, 4)), rng.standard_normal((4, 3, 4))
        config = draw_hyperparameters(rng)
        _follow(subject, rule, w, gradients, dict(config), config)

    @check(rule)
    def continued(subject, rng):
        """a step continues from the state in config"""
        config = draw_hyperparameters(rng) | draw_state(rng, (3, 4))
        w, gradients = rng.standard_normal((3, 4)), rng.standard_normal((2, 3, 4))
        _follow(subject, rule, w, gradients, dict(config), config)

    @check(rule, detail=True)
    def shapes(subject, rng):
        """parameters of any shape: a vector, a filter bank, a single number"""
        for shape in ((5,), (2, 3, 2, 2), (1,)):
            config = draw_hyperparameters(rng)
            w, gradients = rng.standard_normal(shape), rng.standard_normal((2, *shape))
            _follow(subject, rule, w, gradients, dict(config), config)

    @check(rule, detail=True)
    def default_config(subject, rng):
        """without config, and with an empty one, the hyperparameters are the defaults"""
        for config in (None, {}):
            _follow(subject, rule, rng.standard_normal((3, 4)), rng.standard_normal((3, 3, 4)), config, defaults)


def config_checks(
    rule: str,
    draw_hyperparameters: Callable[[np.random.Generator], dict[str, Any]],
    draw_state: Callable[[np.random.Generator, tuple[int, ...]], dict[str, Any]],
) -> None:
    """Register what a rule has to do with its config, and that it leaves the gradient alone."""

    @check(rule, detail=True)
    def own_state(subject, rng):
        """two parameters have two states, each in its own config"""
        configs = [draw_hyperparameters(rng) for _ in range(2)]
        w, gradients = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 3, 3, 4))
        paths, own = [[one] for one in w], [dict(config) for config in configs]
        for number in range(3):
            for k in range(2):
                next_w, own[k] = _step(subject, rule, paths[k][-1], gradients[k][number], own[k])
                paths[k].append(compare.array("next_w", next_w, (3, 4)))
        for k in range(2):
            with compare.during(f"parameter {k + 1}"):
                _compare_path(rule, paths[k], gradients[k], configs[k])

    @check(rule, detail=True)
    def gradient_kept(subject, rng):
        """the gradient is not changed"""
        w, dw = rng.standard_normal((2, 3, 4))
        config = draw_hyperparameters(rng) | draw_state(rng, (3, 4))
        after = subject.arguments_after(f"optim.{rule}", w, dw, config)
        compare.unchanged("dw", dw, after[1])

    @check(rule, detail=True)
    def hyperparameters_kept(subject, rng):
        """the returned config holds the unchanged hyperparameters, and the state"""
        config = draw_hyperparameters(rng)
        w, dw = rng.standard_normal((2, 3, 4))
        _, after = _step(subject, rule, w, dw, dict(config))
        for name, value in config.items():
            compare.number(f"config[{name!r}]", after.get(name), value)
        for name in draw_state(rng, (3, 4)):
            if name not in after:
                compare.fail("the state is missing", f"config[{name!r}]", compare.describe(after))


for _rule, (_, _defaults, *_draw) in RULES.items():
    step_checks(_rule, _defaults, *_draw)
    config_checks(_rule, *_draw)
