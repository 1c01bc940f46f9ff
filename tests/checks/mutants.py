# ruff: noqa: E501 - lines of code as they stand in the package
"""Small wrong solutions that nobody writes but each check has to catch; those people write are in staff/misconceptions.

`GENERIC` breaks one promise of any layer by wrapping the solved function, `RULES` one of any update rule.
`REWRITTEN` are lines of the solved function or class rewritten, (exercise, checks that catch it, (old, new), ...);
they stand for no mistake of the catalogue.
"""

import numpy as np


def _parts(result, change):
    """Apply a change to each array that a layer returned; the cache of a forward pass is left alone."""
    if isinstance(result, np.ndarray):
        return change(result)
    if len(result) == 2:
        return change(result[0]), result[1]
    return tuple(change(part) for part in result)


def scaled(function):
    return lambda *args: _parts(function(*args), lambda array: array * array.dtype.type(1.001))


def squeezed(function):
    return lambda *args: _parts(function(*args), np.squeeze)


def transposed_result(function):
    return lambda *args: _parts(function(*args), np.transpose)


def memory_order(function):
    """Reads its arguments in the order in which they lie in memory."""

    def read(value):
        return value.ravel("K").reshape(value.shape) if isinstance(value, np.ndarray) else value

    return lambda *args: function(*map(read, args))


def overwriting(function):
    """Writes into its first argument."""

    def wrong(first, *args):
        result = function(first, *args)
        if isinstance(result, np.ndarray) and np.shares_memory(result, first):
            result = result.copy()
        first *= 2
        return result

    return wrong


def _consume(cache):
    if isinstance(cache, np.ndarray) and cache.dtype.kind == "f":
        cache *= -2
    elif isinstance(cache, tuple):
        for part in cache:
            _consume(part)


def consuming(function):
    """Destroys the cache that it reads."""

    def wrong(dout, cache):
        result = function(dout, cache)
        result = _parts(result, np.array) if isinstance(result, np.ndarray) else tuple(map(np.array, result))
        _consume(cache)
        return result

    return wrong


def returning_none(function):
    return lambda *args: function(*args) and None


def in_rows(function):
    """Returns parameters' gradients as rows, (1, D) for (D,)."""
    return lambda *args: (lambda dx, *others: (dx, *(np.atleast_2d(one)[..., None] for one in others)))(
        *function(*args)
    )


def running_rows(function):
    """Keeps running statistics as rows, (1, D) for (D,)."""

    def wrong(x, gamma, beta, bn_param):
        result = function(x, gamma, beta, bn_param)
        for name in ("running_mean", "running_var"):
            bn_param[name] = bn_param[name][np.newaxis]
        return result

    return wrong


_SCALED = """values dx dw db dgamma dbeta gradients gradients_test_mode test_mode rounded_down no_padding large_stride
    overlapping not_square images images_backward one_output one_group single_channels""".split()
_ONES = "one_example one_number one_feature one_channel one_pixel".split()
GENERIC = (
    dict.fromkeys(_SCALED, scaled)
    | dict.fromkeys(_ONES, squeezed)
    | {
        "gradient_shapes": in_rows,
        "running_shapes": running_rows,
        "layout": memory_order,
        "layout_backward": transposed_result,
        "inputs_kept": overwriting,
        "dout_kept": overwriting,
        "cache_kept": consuming,
        "kept": overwriting,
    }
)
LAYERS = [
    ("affine_forward", ["values"], ("out = rows @ w + b\n", "out = rows @ w + 2 * b\n")),
    (
        "batchnorm_forward",
        ["default_eps"],
        (
            "eps, momentum, running_mean, running_var = _valid.batchnorm(x, bn_param)",
            "eps, momentum, running_mean, running_var = _valid.batchnorm(x, bn_param); eps = 1e-4 if eps == 1e-5 else eps",
        ),
    ),
    (
        "batchnorm_forward",
        ["running_statistics", "default_momentum"],
        (
            "running_mean = momentum * running_mean + (1 - momentum) * mean",
            "running_mean = (1 - momentum) * running_mean + momentum * mean",
        ),
    ),
    (
        "batchnorm_forward",
        ["test_mode_learns_nothing"],
        (
            "else:\n        out = gamma * (x - running_mean)",
            "else:\n        running_mean = 0.9 * running_mean\n        out = gamma * (x - running_mean)",
        ),
    ),
    (
        "batchnorm_forward",
        ["test_mode_learns_nothing"],
        (
            "else:\n        out = gamma * (x - running_mean)",
            "else:\n        running_var = running_var + 0.1\n        out = gamma * (x - running_mean)",
        ),
    ),
    (
        "batchnorm_backward_alt",
        ["dx"],
        ("dx = gamma / std * (dout - dbeta / N -", "dx = gamma / std * (dout - dbeta -"),
    ),
    (
        "layernorm_forward",
        ["default_eps"],
        (
            "std = np.sqrt((centred**2).mean(axis=1, keepdims=True) + eps)",
            "std = np.sqrt((centred**2).mean(axis=1, keepdims=True) + max(eps, 1e-3))",
        ),
    ),
    (
        "batchnorm_forward",
        ["running_var_without_eps"],
        (
            "running_var = momentum * running_var + (1 - momentum) * var",
            "running_var = momentum * running_var + (1 - momentum) * (var + eps)",
        ),
    ),
    ("dropout_forward", ["keep_all"], ("random.rand(*x.shape) < p", "random.rand(*x.shape) < min(p, 0.95)")),
    ("dropout_backward", ["gradients_test_mode"], ("dout.copy() if mask is None", "dout / 2 if mask is None")),
    (
        "spatial_batchnorm_forward",
        ["values"],
        ("rows = x.transpose(0, 2, 3, 1).reshape(N * H * W, C)", "rows = x.reshape(N * H * W, C)"),
    ),
    (
        "spatial_groupnorm_forward",
        ["default_eps"],
        (
            "std = np.sqrt((centred**2).mean(axis=2, keepdims=True) + eps)",
            "std = np.sqrt((centred**2).mean(axis=2, keepdims=True) + max(eps, 1e-3))",
        ),
    ),
]
SPATIAL_RUNNING = "default_eps running_statistics default_momentum running_var_without_eps test_mode".split() + [
    "test_mode_learns_nothing"
]

OPTIM = [
    (
        "sgd_momentum",
        ["steps"],
        (
            '- config["learning_rate"] * dw\n    next_w = w + config["velocity"]',
            '+ config["learning_rate"] * dw\n    next_w = w - 0.9 * config["velocity"]',
        ),
    ),
    (
        "sgd_momentum",
        ["continued"],
        (
            'config["velocity"] = config["momentum"] * config["velocity"]',
            'config["velocity"] = config["momentum"] * 0.5 * config["velocity"]',
        ),
    ),
    (
        "sgd_momentum",
        ["default_config"],
        ("learning_rate=1e-2, momentum=0.9)", "learning_rate=1e-2, momentum=0.99)"),
    ),
    ("rmsprop", ["continued"], ('config["cache"] = decay_rate * config["cache"]', 'config["cache"] = decay_rate')),
    ("rmsprop", ["default_config"], ("decay_rate=0.99, epsilon=1e-8", "decay_rate=0.9, epsilon=1e-8")),
    ("adam", ["steps"], ('config["t"] + 1\n', 'max(1, config["t"])\n')),
    ("adam", ["continued"], ('config["t"] + 1\n', "1\n")),
    ("adam", ["default_config"], ("beta2=0.999, epsilon=1e-8", "beta2=0.99, epsilon=1e-8")),
]
RULES = {
    "gradient_kept": lambda rule: lambda w, dw, config=None: (rule(w, dw, config), dw.__imul__(2))[0],
    "shapes": lambda rule: (
        lambda w, dw, config=None: (lambda out: (np.atleast_2d(out[0]), out[1]))(rule(w, dw, config))
    ),
    "hyperparameters_kept": lambda rule: lambda w, dw, config=None: (rule(w, dw, config)[0], {}),
}


def global_state(rule):
    """Keeps the state of all parameters in one place."""
    memory = {}

    def wrong(w, dw, config=None):
        config = {} if config is None else config
        next_w, config = rule(w, dw, config | memory)
        memory.update(
            {name: value for name, value in config.items() if name in ("velocity", "cache", "m", "v", "t")}
        )
        return next_w, config

    return wrong


RULES["own_state"] = global_state

_TWO_W2 = 'self.params["W2"] = weight_scale * np.random.randn(hidden_dim, num_classes)\n'
_FULL_HIDDEN = 'h, caches["affine", i] = affine_forward(h, params[f"W{i}"], params[f"b{i}"])\n'
_FULL_REG = 'for i in range(1, last + 1):\n            W = params[f"W{i}"]\n'
_FULL_GRAD = 'grads[f"W{i}"] += reg * W'
FC_NET = [
    (
        "two_layer_net",
        ["parameters"],
        ('self.params["b1"] = np.zeros(hidden_dim)', 'self.params["b1"] = np.ones(hidden_dim)'),
    ),
    (
        "two_layer_net",
        ["parameters"],
        (_TWO_W2, _TWO_W2.replace("hidden_dim, num_classes", "num_classes, hidden_dim")),
    ),
    ("two_layer_net", ["initial_weights"], (_TWO_W2, _TWO_W2.replace("weight_scale * ", ""))),
    (
        "two_layer_net",
        ["initial_weights"],
        (_TWO_W2, 'self.params["W2"] = weight_scale * np.random.choice([-1.0, 1.0], (hidden_dim, num_classes))\n'),
    ),
    (
        "two_layer_net",
        ["scores", "loss", "one_example"],
        (
            'scores, scores_cache = affine_forward(hidden, self.params["W2"], self.params["b2"])',
            'scores, scores_cache = affine_relu_forward(hidden, self.params["W2"], self.params["b2"])\n        scores_cache = scores_cache[0]',
        ),
    ),
    (
        "two_layer_net",
        ["gradients"],
        (
            'dhidden, grads["W2"], grads["b2"] = affine_backward(dscores, scores_cache)\n        _',
            'dhidden, grads["W2"], grads["b2"] = affine_backward(dscores, scores_cache)\n        dhidden = 2 * dhidden\n        _',
        ),
    ),
    (
        "two_layer_net",
        ["kept"],
        ("            W = self.params[name]\n", "            W = self.params[name]\n            W -= 1e-6\n"),
    ),
    (
        "fully_connected_net",
        ["initial_weights"],
        ("weight_scale * np.random.randn(fan_in, fan_out)", "np.random.randn(fan_in, fan_out) / np.sqrt(fan_in)"),
    ),
    (
        "fully_connected_net",
        ["scores", "loss", "one_example"],
        (_FULL_HIDDEN, _FULL_HIDDEN + "            h = np.tanh(h)\n"),
    ),
    (
        "fully_connected_net",
        ["penalty", "reg_is_read"],
        (_FULL_GRAD, _FULL_GRAD + '\n            grads[f"b{i}"] += reg * params[f"b{i}"]'),
    ),
    ("fully_connected_net", ["kept"], (_FULL_GRAD, _FULL_GRAD + '\n            params[f"W{i}"] *= 0.999')),
]
_NORM_BACK = 'dh, grads[f"gamma{i}"], grads[f"beta{i}"] = norm_backward(dh, caches["norm", i])'
for _kind in ("batchnorm", "layernorm"):
    _name = f"fully_connected_net_{_kind}"
    FC_NET += [
        (_name, ["gradients"], (_NORM_BACK, _NORM_BACK + "\n                dh = 2 * dh")),
        (
            _name,
            ["penalty", "reg_is_read"],
            (
                _FULL_GRAD,
                _FULL_GRAD
                + '\n            if i < last:\n                grads[f"gamma{i}"] += reg * params[f"gamma{i}"]',
            ),
        ),
        (_name, ["kept"], (_FULL_GRAD, _FULL_GRAD + '\n            params[f"W{i}"] *= 0.999')),
    ]
FC_NET += [
    (
        "fully_connected_net_layernorm",
        ["scores", "loss", "one_example"],
        ('h, caches["relu", i] = relu_forward(h)', 'h, caches["relu", i] = relu_forward(h + 0.1)'),
    ),
    (
        "fully_connected_net_batchnorm",
        ["test_scores", "trains_after_scores", "loss"],
        ('mode = "test" if y is None else "train"', 'mode = "train" if y is None else "test"'),
    ),
    (
        "fully_connected_net_batchnorm",
        ["trains_after_scores"],
        (
            '                bn_param["mode"] = mode\n',
            "                bn_param[\"mode\"] = 'test' if bn_param['mode'] == 'test' else mode\n",
        ),
    ),
    (
        "fully_connected_net_dropout",
        ["dropout_gradients"],
        (_FULL_GRAD, _FULL_GRAD.replace("reg *", "2 * reg *")),
    ),
    (
        "fully_connected_net_dropout",
        ["dropout_seed"],
        (
            'h, caches["dropout", i] = dropout_forward(h, self.dropout_param)',
            "h, caches[\"dropout\", i] = dropout_forward(h, {'seed': 0} | self.dropout_param)",
        ),
    ),
]

_CONV_W3 = 'self.params["W3"] = weight_scale * np.random.randn(hidden_dim, num_classes)'
CNN = [
    (
        "three_layer_conv_net",
        ["parameters"],
        ('self.params["b3"] = np.zeros(num_classes)', 'self.params["b3"] = np.ones(num_classes)'),
    ),
    ("three_layer_conv_net", ["initial_weights"], (_CONV_W3, _CONV_W3.replace("weight_scale", "0.5"))),
    (
        "three_layer_conv_net",
        ["scores", "loss", "one_example"],
        (
            "hidden, hidden_cache = affine_relu_forward(pooled",
            "hidden, hidden_cache = affine_relu_forward(2 * pooled",
        ),
    ),
    (
        "three_layer_conv_net",
        ["gradients"],
        ("conv_relu_pool_backward(dpooled, conv_cache", "conv_relu_pool_backward(-dpooled, conv_cache"),
    ),
    (
        "three_layer_conv_net",
        ["kept"],
        (
            "            grads[name] += reg * W\n",
            "            grads[name] += reg * W\n            params[name] *= 0.999\n",
        ),
    ),
]

_UNSHIFTED = """e = np.exp(scores)
        dscores = e / e.sum(axis=1, keepdims=True)
        loss = -np.log(dscores[np.arange(len(y)), y]).mean()
        dscores[np.arange(len(y)), y] -= 1
        dscores /= len(y)"""
_SHIFTED = "loss, dscores = softmax_loss(scores, y)"
FC_NET += [(name, ["large_scores"], (_SHIFTED, _UNSHIFTED)) for name in ("two_layer_net", "fully_connected_net")]
CNN += [("three_layer_conv_net", ["large_scores"], (_SHIFTED, _UNSHIFTED))]

REWRITTEN = [*LAYERS, *OPTIM, *FC_NET, *CNN]
