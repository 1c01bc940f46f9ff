"""Update rules: from a parameter and its gradient to the next value of the parameter.

Each rule is `rule(w, dw, config=None) -> (next_w, config)`. `config` is a dictionary of the hyperparameters and
the rule's state. The rule adds defaults for what is missing, updates the state and returns the dictionary. Pass it
to the rule again in the next step. A rule may change `w` in place, but never `dw`.
"""

import numpy as np

from cs231n import results as _results
from cs231n import validation as _valid


def sgd(w, dw, config=None):
    """Take a step of stochastic gradient descent: w - learning_rate * dw.

    Args:
        w: parameters, any shape.
        dw: gradient, shape of w.
        config: dict; `learning_rate` (1e-2).

    Returns:
        next_w: shape of w.
        config: the same dictionary.

    Raises:
        ValueError: dw does not have the shape of w, or a hyperparameter is not a number.

    Source: Robbins and Monro, "A stochastic approximation method", 1951.
    """
    w, dw, config = _valid.update(w, dw, config, learning_rate=1e-2)
    next_w = w - config["learning_rate"] * dw
    return next_w, config


def sgd_momentum(w, dw, config=None):
    """Take a step of gradient descent with momentum.

        v ← μ v - η ∇w,   w ← w + v

    with the velocity v, the momentum μ and the learning rate η.

    Args:
        w: parameters, any shape.
        dw: gradient, shape of w.
        config: dict; `learning_rate` (1e-2), `momentum` (0.9); state `velocity`, shape of w (zeros at first).

    Returns:
        next_w: shape of w.
        config: the same dictionary, updated.

    Raises:
        ValueError: dw or velocity does not have the shape of w, or a hyperparameter is not a number.

    Source: Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013, eq. 1-2.
    """
    w, dw, config = _valid.update(w, dw, config, learning_rate=1e-2, momentum=0.9)
    _valid.state(config, "velocity", w)
    ### BEGIN SOLUTION
    config["velocity"] = config["momentum"] * config["velocity"] - config["learning_rate"] * dw
    next_w = w + config["velocity"]
    ### END SOLUTION
    return _results.like(next_w, w, dw), _results.like(config, w, dw)


def rmsprop(w, dw, config=None):
    """Take a step of RMSProp: divide each gradient by the root of its running mean square.

        c ← ρ c + (1 - ρ) ∇w²,   w ← w - η ∇w / (√c + ε)

    with the cache c, the decay rate ρ and the learning rate η.

    Args:
        w: parameters, any shape.
        dw: gradient, shape of w.
        config: dict; `learning_rate` (1e-2), `decay_rate` (0.99), `epsilon` (1e-8); state `cache`, shape of w
            (zeros at first).

    Returns:
        next_w: shape of w.
        config: the same dictionary, updated.

    Raises:
        ValueError: dw or cache does not have the shape of w, or a hyperparameter is not a number.

    Source: Hinton, "Neural networks for machine learning", lecture 6e, 2012.
    """
    w, dw, config = _valid.update(w, dw, config, learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8)
    _valid.state(config, "cache", w)
    ### BEGIN SOLUTION
    decay_rate = config["decay_rate"]
    config["cache"] = decay_rate * config["cache"] + (1 - decay_rate) * dw**2
    next_w = w - config["learning_rate"] * dw / (np.sqrt(config["cache"]) + config["epsilon"])
    ### END SOLUTION
    return _results.like(next_w, w, dw), _results.like(config, w, dw)


def adam(w, dw, config=None):
    """Take a step of Adam: momentum and RMSProp together, both corrected because they start at zero.

        t ← t + 1,   m ← β₁ m + (1 - β₁) ∇w,   v ← β₂ v + (1 - β₂) ∇w²
        w ← w - η m̂ / (√v̂ + ε)   with m̂ = m / (1 - β₁ᵗ), v̂ = v / (1 - β₂ᵗ)

    Section 3 of the paper below explains why m and v are corrected.

    Args:
        w: parameters, any shape.
        dw: gradient, shape of w.
        config: dict; `learning_rate` (1e-3), `beta1` (0.9), `beta2` (0.999), `epsilon` (1e-8); state `m` and
            `v`, shape of w (zeros at first), and `t`, the number of steps taken (0 at first).

    Returns:
        next_w: shape of w.
        config: the same dictionary, updated.

    Raises:
        ValueError: dw, m or v does not have the shape of w, or a hyperparameter is not a number or out of range.

    Source: Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1.
    """
    w, dw, config = _valid.update(w, dw, config, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8)
    _valid.state(config, "m", w)
    _valid.state(config, "v", w)
    config["t"] = _valid.integer("config['t']", config.get("t", 0), 0)
    _valid.decay(config, "beta1")
    _valid.decay(config, "beta2")
    ### BEGIN SOLUTION
    beta1, beta2, t = config["beta1"], config["beta2"], config["t"] + 1
    m = beta1 * config["m"] + (1 - beta1) * dw
    v = beta2 * config["v"] + (1 - beta2) * dw**2
    mhat = m / (1 - beta1**t)
    vhat = v / (1 - beta2**t)
    next_w = w - config["learning_rate"] * mhat / (np.sqrt(vhat) + config["epsilon"])
    config.update(m=m, v=v, t=t)
    ### END SOLUTION
    return _results.like(next_w, w, dw), _results.like(config, w, dw)
