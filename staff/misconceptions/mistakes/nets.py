"""The four kinds of fully connected net, and the convolutional one."""

from staff.misconceptions.catalogue import wrong

_HALF = (
    "The gradients are right and the loss is not: by how much?",
    "Take the derivative of your penalty by one weight and compare it with the gradient that you add.",
    "The penalty has a factor that makes its derivative simple.",
)
_DOUBLE_GRADIENT = (
    "The loss is right and the gradients of the weights are not. Set reg to zero: which part is it?",
    "Take the derivative of the penalty in the docstring, with its factor.",
    "The factor two of the square cancels against another factor.",
)
_NO_PENALTY_GRADIENT = (
    "With reg = 0 you are right. And with reg > 0, is it the loss or the gradients?",
    "Whatever is added to the loss has a gradient too.",
    "The penalty pulls each weight towards zero: where in grads is that pull?",
)
_NO_PENALTY_LOSS = (
    "With reg = 0 you are right. And with reg > 0, is it the loss or the gradients?",
    "The gradients have the pull of the penalty; the loss has to have the penalty.",
    "The docstring of the class says what it is.",
)
_BIASES = (
    "With reg = 0 you are right. Which gradients are off otherwise?",
    "The docstring says over which parameters the penalty sums.",
    "Only matrices of weights are pulled towards zero.",
)
_STANDARD = (
    "Print the standard deviation of your weights.",
    "What is weight_scale for?",
    "Numbers from a standard normal draw have spread one: they have to be made smaller.",
)
_VARIANCE = (
    "Print the standard deviation of your weights and compare it with weight_scale.",
    "weight_scale is a standard deviation. What does your factor do with it?",
    "No root and no square is needed.",
)
_UNIFORM = (
    "Print mean and standard deviation of your weights.",
    "np.random has several distributions. Which one is it here?",
    "The weights are drawn from a bell curve around zero, not from an interval above it.",
)
_ZERO = (
    "Print your weights.",
    "If all hidden units start equal, what makes them become different?",
    "Weights start random, biases do not need to.",
)
_TWICE = (
    "With reg = 0 you are right; otherwise penalty and gradient are off by the same factor.",
    "They fit each other, so that a gradient check passes. Compare with the docstring of the class.",
    "There is a factor in front of reg. Or is the penalty added twice?",
)
_HALVED = (
    "The loss is right. Set reg to zero: which part of the gradients is off?",
    "What is the derivative of a square?",
    "A factor of two comes down and meets the half.",
)
_NONE = (
    "Does the loss depend on reg?",
    "Large weights should cost something.",
    "The docstring of the class says what; it adds to the loss, and so to the gradients.",
)
_ONE_SCALE = (
    "Print the standard deviation of each weight matrix of a new net.",
    "All but one follow weight_scale.",
    "The docstring makes no difference between hidden layers and the last.",
)
_SCALES = (
    "1",
    "1e-1",
    "1e-2",
    "1e-3",
    "weight_scale**2",
    "np.sqrt(2 / {n})",
    "np.sqrt(1 / {n})",
    "np.sqrt(2 / ({n} + {m}))",
)
_RANDOM_BIASES = (
    "Print the biases of a new net.",
    "The docstring of the class says where biases start.",
    "Random weights make the units different; the biases need not.",
)
_LAST_FREE = (
    "With reg = 0 you are right. Which gradients are off otherwise?",
    "Print the numbers of the layers that your loop visits.",
    "The last layer has weights as well.",
)
_SUMMED = (
    "Loss and gradients are too large. By which factor, and which number of this problem is that?",
    "softmax_loss has averaged over the minibatch already.",
    "Take what it returns as it is.",
)

# --- two layers ---------------------------------------------------------------------------------------------

TWO = "two_layer_net"
_W1 = 'self.params["W1"] = weight_scale * np.random.randn(input_dim, hidden_dim)'
_W2 = 'self.params["W2"] = weight_scale * np.random.randn(hidden_dim, num_classes)'
_HIDDEN = 'hidden, hidden_cache = affine_relu_forward(X, self.params["W1"], self.params["b1"])'
_SCORES = 'scores, scores_cache = affine_forward(hidden, self.params["W2"], self.params["b2"])'
_LOSS = "loss += 0.5 * reg * np.sum(W * W)"
_GRAD = "grads[name] += reg * W"
_LOOP = 'for name in ("W1", "W2"):'
_SUMMED_LOSS = (
    "loss, dscores = softmax_loss(scores, y)",
    "loss, dscores = softmax_loss(scores, y)\n        loss, dscores = loss * len(X), dscores * len(X)",
)
_TWO_LOSS = "loss += reg * np.sum(W * W)"

wrong(
    "two-layer-half-forgotten",
    TWO,
    "the penalty in the loss lacks its factor 0.5",
    _HALF,
    (_LOSS, "loss += reg * np.sum(W * W)"),
    forms=(
        ((_LOSS, _TWO_LOSS), (_LOOP, 'for name in ("W1",):')),
        ((_LOSS, _TWO_LOSS), (_GRAD, "pass")),
        ((_LOSS, _TWO_LOSS), (_LOOP, 'for name in ("W1", "W2", "b1", "b2"):')),
    ),
)
wrong(
    "two-layer-penalty-gradient-doubled",
    TWO,
    "the gradient of the penalty is twice too large",
    _DOUBLE_GRADIENT,
    (_GRAD, "grads[name] += 2 * reg * W"),
)
wrong(
    "two-layer-half-forgotten-everywhere",
    TWO,
    "the penalty lacks its factor 0.5, in the loss and in its gradient",
    (
        "With reg = 0 you are right; otherwise penalty and gradient are off by the same factor.",
        "They fit each other, so that a gradient check passes. Compare with the docstring of the class.",
        "There is a factor in front of reg.",
    ),
    (_LOSS, "loss += reg * np.sum(W * W)"),
    (_GRAD, "grads[name] += 2 * reg * W"),
)
wrong(
    "two-layer-penalty-gradient-halved",
    TWO,
    "the gradient of the penalty keeps the factor 0.5",
    (
        "The loss is right. Set reg to zero: which part of the gradients is off?",
        "What is the derivative of a square?",
        "A factor of two comes down and meets the half.",
    ),
    (_GRAD, "grads[name] += 0.5 * reg * W"),
)
wrong(
    "two-layer-no-penalty-gradient",
    TWO,
    "the penalty is in the loss, but not in the gradients",
    _NO_PENALTY_GRADIENT,
    (_GRAD, "pass"),
)
wrong(
    "two-layer-no-penalty-loss",
    TWO,
    "the penalty is in the gradients, but not in the loss",
    _NO_PENALTY_LOSS,
    (_LOSS, "pass"),
)
wrong(
    "two-layer-no-penalty",
    TWO,
    "there is no penalty at all",
    (
        "Does the loss depend on reg?",
        "Large weights should cost something.",
        "The docstring of the class says what; it adds to the loss, and so to the gradients.",
    ),
    (_LOOP, "for name in ():"),
)
wrong(
    "two-layer-penalty-on-biases",
    TWO,
    "the biases are penalised too",
    _BIASES,
    (_LOOP, 'for name in ("W1", "W2", "b1", "b2"):'),
    forms=(
        ((_LOOP, 'for name in ("W1", "W2", "b1", "b2"):'), (_GRAD, _GRAD + ' * (name[0] == "W")')),
        ((_LOOP, 'for name in ("W1", "W2", "b1", "b2"):'), (_LOSS, _LOSS + ' * (name[0] == "W")')),
    ),
)
wrong(
    "two-layer-penalty-on-first-layer-only",
    TWO,
    "only the weights of the first layer are penalised",
    (
        "With reg = 0 you are right. Which gradients are off otherwise?",
        "How many matrices of weights are there?",
        "The penalty sums over all of them.",
    ),
    (_LOOP, 'for name in ("W1",):'),
)
wrong(
    "two-layer-penalty-not-squared",
    TWO,
    "the penalty sums the weights, not their squares",
    (
        "With reg = 0 you are right. Can your penalty be negative?",
        "Flip the sign of all weights: the penalty should stay.",
        "Something is missing between the weights and their sum.",
    ),
    (_LOSS, "loss += 0.5 * reg * np.sum(W)"),
)
wrong(
    "two-layer-penalty-on-last-layer-only",
    TWO,
    "only the weights of the last layer are penalised",
    (
        "With reg = 0 you are right. Which gradients are off otherwise?",
        "How many matrices of weights are there?",
        "The penalty sums over all of them.",
    ),
    (_LOOP, 'for name in ("W2",):'),
)
_TWO_FORMS = [
    ((_W2, _W2.replace("weight_scale", scale.format(n="hidden_dim", m="num_classes"))),) for scale in _SCALES
]
wrong(
    "two-layer-last-layer-not-scaled",
    TWO,
    "the weights of the last layer are drawn with a different scale",
    _ONE_SCALE,
    *_TWO_FORMS[0],
    forms=tuple(_TWO_FORMS[1:]),
)
wrong("two-layer-weights-not-scaled", TWO, "the weights are not scaled by weight_scale", _STANDARD,
      (_W1, _W1.replace("weight_scale * ", "")), (_W2, _W2.replace("weight_scale * ", "")))  # fmt: skip
wrong("two-layer-root-of-scale", TWO, "the weights are scaled by the root of weight_scale", _VARIANCE,
      (_W1, _W1.replace("weight_scale *", "weight_scale**0.5 *")),
      (_W2, _W2.replace("weight_scale *", "weight_scale**0.5 *")))  # fmt: skip
wrong(
    "two-layer-uniform-weights",
    TWO,
    "the weights are drawn between 0 and weight_scale",
    _UNIFORM,
    (_W1, _W1.replace("randn", "rand")),
    (_W2, _W2.replace("randn", "rand")),
)
_OWN_SCALE = (
    "Print the standard deviation of your weights for two values of weight_scale.",
    "Good rules for the spread are known; which one does the docstring ask for?",
    "Here the caller says what the spread is.",
)
_TWO_SCALES = [
    (
        (_W1, _W1.replace("weight_scale", scale.format(n="input_dim", m="hidden_dim"))),
        (_W2, _W2.replace("weight_scale", scale.format(n="hidden_dim", m="num_classes"))),
    )
    for scale in _SCALES[1:]
    if "weight" not in scale
]
wrong(
    "two-layer-own-scale",
    TWO,
    "the weights are random, but do not depend on weight_scale",
    _OWN_SCALE,
    *_TWO_SCALES[0],
    forms=tuple(_TWO_SCALES[1:]),
)
wrong("two-layer-zero-weights", TWO, "the weights start at zero", _ZERO,
      (_W1, 'self.params["W1"] = np.zeros((input_dim, hidden_dim))'),
      (_W2, 'self.params["W2"] = np.zeros((hidden_dim, num_classes))'))  # fmt: skip
wrong(
    "two-layer-weights-transposed",
    TWO,
    "the matrices of weights have rows and columns swapped",
    (
        "Compare the shapes of params with those of the docstring.",
        "An affine layer multiplies rows of x with w: which axis of w do they meet?",
        "What goes in comes first, what comes out second.",
    ),
    (_W1, _W1.replace("input_dim, hidden_dim", "hidden_dim, input_dim")),
    (_W2, _W2.replace("hidden_dim, num_classes", "num_classes, hidden_dim")),
)
wrong(
    "two-layer-random-biases",
    TWO,
    "the biases start random",
    (
        "Print the biases of a new net.",
        "The docstring of the class says where biases start.",
        "Random weights make the units different; the biases need not.",
    ),
    ('self.params["b1"] = np.zeros(hidden_dim)', 'self.params["b1"] = weight_scale * np.random.randn(hidden_dim)'),
    (
        'self.params["b2"] = np.zeros(num_classes)',
        'self.params["b2"] = weight_scale * np.random.randn(num_classes)',
    ),
)
wrong(
    "two-layer-scores-rectified",
    TWO,
    "the scores are rectified",
    (
        "Are there negative scores?",
        "Read the line of the docstring that lists the layers: what follows the second affine layer?",
        "A rectifier stands between layers, not after the last one.",
    ),
    (
        _SCORES,
        _SCORES.replace("affine_forward", "affine_relu_forward")
        + "\n        scores_cache, scores_relu = scores_cache",
    ),
    ("dhidden, grads", "dscores = dscores * (scores_relu > 0)\n        dhidden, grads"),
)
wrong(
    "two-layer-relu-forgotten",
    TWO,
    "there is no rectifier between the two layers",
    (
        "Double X, with all biases zero: the scores double. Should every net be that simple?",
        "Read the line of the docstring that lists the layers.",
        "Without something in between, two affine layers are one.",
    ),
    (_HIDDEN, _HIDDEN.replace("affine_relu_forward", "affine_forward")),
    ("affine_relu_backward(dhidden, hidden_cache)", "affine_backward(dhidden, hidden_cache)"),
)
wrong(
    "two-layer-relu-backward-forgotten",
    TWO,
    "the gradient does not pass through the rectifier",
    (
        "The loss is right, and so is the second layer. What lies between it and the first?",
        "Go through the forward pass line by line, from the end: each has its partner.",
        "A unit that was off has no gradient.",
    ),
    ("affine_relu_backward(dhidden, hidden_cache)", "affine_backward(dhidden, hidden_cache[0])"),
)
wrong(
    "two-layer-loss-summed",
    TWO,
    "loss and gradients are multiplied by the batch size",
    _SUMMED,
    (
        "loss, dscores = softmax_loss(scores, y)",
        "loss, dscores = softmax_loss(scores, y)\n        loss, dscores = loss * len(X), dscores * len(X)",
    ),
    forms=((_SUMMED_LOSS, (_LOSS, _TWO_LOSS)),),
)

# --- any number of layers -----------------------------------------------------------------------------------

FULL, BATCH, LAYER, DROP = (
    "fully_connected_net",
    "fully_connected_net_batchnorm",
    "fully_connected_net_layernorm",
    "fully_connected_net_dropout",
)
_ALL = {"also": (BATCH, LAYER, DROP)}
_WI = 'self.params[f"W{i}"] = weight_scale * np.random.randn(fan_in, fan_out)'
_FULL_LOSS = _LOSS
_FULL_GRAD = 'grads[f"W{i}"] += reg * W'
_FULL_LOOP = "for i in range(1, last + 1):"
_RELU_BACK = 'dh = relu_backward(dh, caches["relu", i])'
_LAST = 'scores, caches["affine", last] = affine_forward(h, params[f"W{last}"], params[f"b{last}"])'

wrong(
    "full-net-half-forgotten",
    FULL,
    "the penalty in the loss lacks its factor 0.5",
    _HALF,
    (_FULL_LOSS, "loss += reg * np.sum(W * W)"),
    forms=(
        ((_FULL_LOSS, _TWO_LOSS), (_FULL_LOOP, "for i in range(1, last):")),
        ((_FULL_LOSS, _TWO_LOSS), (_FULL_GRAD, "pass")),
    ),
    **_ALL,
)
wrong("full-net-penalty-gradient-doubled", FULL, "the gradient of the penalty is twice too large",
      _DOUBLE_GRADIENT,
      (_FULL_GRAD, 'grads[f"W{i}"] += 2 * reg * W'), **_ALL)  # fmt: skip
wrong(
    "full-net-half-forgotten-everywhere",
    FULL,
    "the penalty is twice as large as it should be, in the loss and in its gradient",
    _TWICE,
    (_FULL_LOSS, "loss += reg * np.sum(W * W)"),
    (_FULL_GRAD, 'grads[f"W{i}"] += 2 * reg * W'),
    **_ALL,
)
wrong(
    "full-net-penalty-gradient-halved",
    FULL,
    "the gradient of the penalty keeps the factor 0.5",
    _HALVED,
    (_FULL_GRAD, 'grads[f"W{i}"] += 0.5 * reg * W'),
    **_ALL,
)
wrong("full-net-no-penalty", FULL, "there is no penalty at all", _NONE, (_FULL_LOOP, "for i in ():"), **_ALL)
wrong("full-net-no-penalty-gradient", FULL, "the penalty is in the loss, but not in the gradients",
      _NO_PENALTY_GRADIENT, (_FULL_GRAD, "pass"), **_ALL)  # fmt: skip
wrong("full-net-no-penalty-loss", FULL, "the penalty is in the gradients, but not in the loss", _NO_PENALTY_LOSS,
      (_FULL_LOSS, "pass"), **_ALL)  # fmt: skip
wrong(
    "full-net-penalty-on-biases",
    FULL,
    "the biases are penalised too",
    _BIASES,
    (
        _FULL_GRAD,
        _FULL_GRAD + '\n            b = params[f"b{i}"]\n            loss += 0.5 * reg * np.sum(b * b)'
        '\n            grads[f"b{i}"] += reg * b',
    ),
    forms=(
        (
            (
                _FULL_GRAD,
                _FULL_GRAD + '\n            b = params[f"b{i}"]\n            loss += 0.5 * reg * np.sum(b * b)',
            ),
        ),
        ((_FULL_GRAD, _FULL_GRAD + '\n            grads[f"b{i}"] += reg * params[f"b{i}"]'),),
    ),
    **_ALL,
)
wrong(
    "full-net-last-layer-not-penalised",
    FULL,
    "the weights of the last layer are not penalised",
    (
        "With reg = 0 you are right. Which gradients are off otherwise?",
        "Print the numbers of the layers that your loop visits.",
        "range stops before its end.",
    ),
    (_FULL_LOOP, "for i in range(1, last):"),
    **_ALL,
)
wrong(
    "full-net-only-last-layer-penalised",
    FULL,
    "the weights of the first layer, or of all but the last, are not penalised",
    (
        "With reg = 0 you are right. Which gradients are off otherwise?",
        "Is your penalty inside of the loop over the layers?",
        "The penalty sums over all matrices of weights.",
    ),
    (_FULL_LOOP, "for i in (last,):"),
    **_ALL,
)
wrong(
    "full-net-penalty-gradient-not-in-every-layer",
    FULL,
    "the gradient of the penalty is not added in every layer",
    (
        "The loss is right. With reg = 0 the gradients are too; which of them are off otherwise?",
        "Does it reach the first layer, the last one, and those between?",
        "The penalty sums over all matrices of weights, so each of them feels it.",
    ),
    (_FULL_GRAD, _FULL_GRAD + " * (i == last)"),
    forms=(((_FULL_GRAD, _FULL_GRAD + " * (i < last)"),),),
    **_ALL,
)
wrong(
    "full-net-penalty-loss-misses-last-layer",
    FULL,
    "the penalty in the loss leaves out a layer that its gradient counts",
    (
        "The gradients are right. With reg = 0 the loss is too; by how much is it off otherwise?",
        "Print the numbers of the layers whose weights you add to the loss.",
        "range stops before its end, and the last layer has weights as well.",
    ),
    (_FULL_LOSS, "loss += 0.5 * reg * np.sum(W * W) * (i < last)"),
    forms=(((_FULL_LOSS, "loss += 0.5 * reg * np.sum(W * W) * (i == last)"),),),
    **_ALL,
)
wrong("full-net-weights-not-scaled", FULL, "the weights are not scaled by weight_scale", _STANDARD,
      (_WI, _WI.replace("weight_scale * ", "")), **_ALL)  # fmt: skip
_LAST_SCALES = [
    ((_WI, _WI.replace("weight_scale *", f"(weight_scale if i < self.num_layers else {scale}) *")),)
    for scale in (scale.format(n="fan_in", m="fan_out") for scale in _SCALES)
]
wrong(
    "full-net-last-layer-not-scaled",
    FULL,
    "the weights of the last layer are drawn with a different scale",
    (
        "Print the standard deviation of each weight matrix of a new net.",
        "All but one follow weight_scale.",
        "The docstring makes no difference between hidden layers and the last.",
    ),
    *_LAST_SCALES[0],
    forms=tuple(_LAST_SCALES[1:]),
    **_ALL,
)
wrong(
    "full-net-random-biases",
    FULL,
    "the biases start random",
    (
        "Print the biases of a new net.",
        "The docstring of the class says where biases start.",
        "Random weights make the units different; the biases need not.",
    ),
    ('self.params[f"b{i}"] = np.zeros(fan_out)', 'self.params[f"b{i}"] = weight_scale * np.random.randn(fan_out)'),
    **_ALL,
)
wrong("full-net-root-of-scale", FULL, "the weights are scaled by the root of weight_scale", _VARIANCE,
      (_WI, _WI.replace("weight_scale *", "weight_scale**0.5 *")), **_ALL)  # fmt: skip
wrong(
    "full-net-uniform-weights",
    FULL,
    "the weights are drawn between 0 and weight_scale",
    _UNIFORM,
    (_WI, _WI.replace("randn", "rand")),
    **_ALL,
)
wrong(
    "full-net-he-weights",
    FULL,
    "the weights are random, but do not depend on weight_scale",
    (
        "Print the standard deviation of your weights for two values of weight_scale.",
        "Good rules for the spread are known; which one does the docstring ask for?",
        "Here the caller says what the spread is.",
    ),
    (_WI, 'self.params[f"W{i}"] = np.random.randn(fan_in, fan_out) * np.sqrt(2 / fan_in)'),
    forms=(
        *(
            ((_WI, _WI.replace("weight_scale", scale.format(n="fan_in", m="fan_out"))),)
            for scale in _SCALES[1:]
            if "weight" not in scale
        ),
    ),
    **_ALL,
)
wrong(
    "full-net-scores-rectified",
    FULL,
    "the scores are rectified",
    (
        "Are there negative scores?",
        "Read the line of the docstring that lists the layers: what follows the last affine layer?",
        "A rectifier stands between layers, not after the last one.",
    ),
    (_LAST, _LAST + '\n        scores, caches["relu", last] = relu_forward(scores)'),
    (
        'dh, grads[f"W{last}"]',
        'dscores = relu_backward(dscores, caches["relu", last])\n        dh, grads[f"W{last}"]',
    ),
    **_ALL,
)
wrong(
    "full-net-relu-forgotten",
    FULL,
    "there are no rectifiers between the layers",
    (
        "Double X, with all biases zero: the scores double. Should every net be that simple?",
        "Read the line of the docstring that lists the layers.",
        "Without something in between, many affine layers are one.",
    ),
    ('h, caches["relu", i] = relu_forward(h)', "pass"),
    (_RELU_BACK, "pass"),
    **_ALL,
)
wrong(
    "full-net-relu-backward-forgotten",
    FULL,
    "the gradient does not pass through the rectifiers",
    (
        "The loss is right, and so is the last layer. What lies below it?",
        "Go through the forward pass line by line, from the end: each has its partner.",
        "A unit that was off has no gradient.",
    ),
    (_RELU_BACK, "pass"),
    **_ALL,
)
wrong(
    "full-net-cache-of-last-hidden-layer",
    FULL,
    "every rectifier gets the cache of the last hidden layer",
    (
        "With one hidden layer you are right. And with layers of different sizes?",
        "How many caches are there, and how do you tell them apart?",
        "Going back, each layer needs what it saw itself on the way forward.",
    ),
    (_RELU_BACK, 'dh = relu_backward(dh, caches["relu", last - 1])'),
    **_ALL,
)
wrong(
    "full-net-biases-of-input-size",
    FULL,
    "the biases have the size of the layer's input",
    (
        "Compare the shapes of params with those of the docstring.",
        "A bias is added to what comes out of the product.",
        "One bias for each unit of the layer, however many numbers it looks at.",
    ),
    ('self.params[f"b{i}"] = np.zeros(fan_out)', 'self.params[f"b{i}"] = np.zeros(fan_in)'),
    **_ALL,
)
wrong(
    "full-net-gradients-overwritten-by-penalty",
    FULL,
    "the gradients of the weights are replaced by those of the penalty",
    (
        "With reg = 0 the gradients of the weights are zero. Why?",
        "Two things pull at each weight.",
        "Look for an assignment where something should be added.",
    ),
    (_FULL_GRAD, 'grads[f"W{i}"] = reg * W'),
    **_ALL,
)
wrong(
    "full-net-loss-summed",
    FULL,
    "loss and gradients are multiplied by the batch size",
    _SUMMED,
    (
        "loss, dscores = softmax_loss(scores, y)",
        "loss, dscores = softmax_loss(scores, y)\n        loss, dscores = loss * len(X), dscores * len(X)",
    ),
    forms=((_SUMMED_LOSS, (_FULL_LOSS, _TWO_LOSS)),),
    **_ALL,
)

# --- with normalisation -------------------------------------------------------------------------------------

_IF_NORM = "if self.normalization and i < self.num_layers:"
_ONES = 'self.params[f"gamma{i}"] = np.ones(fan_out)'
_NORM_BACK = 'dh, grads[f"gamma{i}"], grads[f"beta{i}"] = norm_backward(dh, caches["norm", i])'
_CHOOSE = 'norm_forward = batchnorm_forward if self.normalization == "batchnorm" else layernorm_forward'
_CHOOSE_BACK = (
    'norm_backward = batchnorm_backward_alt if self.normalization == "batchnorm" else layernorm_backward'
)
_RELU = 'h, caches["relu", i] = relu_forward(h)'
_NORM = """            if self.normalization:
                norm_forward = batchnorm_forward if self.normalization == "batchnorm" else layernorm_forward
                h, caches["norm", i] = norm_forward(
                    h, params[f"gamma{i}"], params[f"beta{i}"], self.bn_params[i - 1]
                )
"""
_NORM_AND_BACK = f"""            if self.normalization:
                {_CHOOSE_BACK}
                {_NORM_BACK}
"""


def _only(kind, new, old):
    """Return source that does one thing with a kind of normalisation and another one otherwise."""
    return f'({new}) if self.normalization == "{kind}" else ({old})'


for _kind, _exercise, _prefix in (("batchnorm", BATCH, "batchnorm-net"), ("layernorm", LAYER, "layernorm-net")):
    _this = f'self.normalization == "{_kind}"'
    wrong(
        f"{_prefix}-last-layer-normalised",
        _exercise,
        "the last layer has a gamma and a beta too",
        (
            "Compare the keys of params with those of the docstring.",
            "Is there a normalisation after the last affine layer?",
            "The scores are left as they are: the normalisation belongs to the hidden layers.",
        ),
        (_IF_NORM, f"if self.normalization and (i < self.num_layers or {_this}):"),
    )
    wrong(
        f"{_prefix}-gamma-starts-at-zero",
        _exercise,
        "gamma starts at zero",
        (
            "What are the hidden units of a new net?",
            "A scale of zero wipes out everything.",
            "At the start the layer should only normalise, and change nothing else.",
        ),
        (_ONES, f'self.params[f"gamma{{i}}"] = {_only(_kind, "np.zeros(fan_out)", "np.ones(fan_out)")}'),
    )
    wrong(
        f"{_prefix}-gamma-starts-random",
        _exercise,
        "gamma starts random, like a weight",
        (
            "Print the gammas of a new net.",
            "The weights make the units different; what should the scale do at the start?",
            "The docstring of the class says where scales start.",
        ),
        (
            _ONES,
            f'self.params[f"gamma{{i}}"] = '
            f"{_only(_kind, 'weight_scale * np.random.randn(fan_out)', 'np.ones(fan_out)')}",
        ),
    )
    wrong(
        f"{_prefix}-gamma-penalised",
        _exercise,
        "gamma and beta are penalised too",
        _BIASES,
        (
            _FULL_GRAD,
            f"""{_FULL_GRAD}
            if {_this} and i < last:
                for name in (f"gamma{{i}}", f"beta{{i}}"):
                    loss += 0.5 * reg * np.sum(params[name] ** 2)
                    grads[name] += reg * params[name]""",
        ),
    )
    wrong(
        f"{_prefix}-normalised-after-relu",
        _exercise,
        "the normalisation comes after the rectifier",
        (
            "Read the line of the docstring that lists the layers, and your loop, side by side.",
            "Two layers of the sandwich have changed places.",
            "What the affine layer returns is normalised first.",
        ),
        (
            _NORM + "            " + _RELU,
            _NORM.replace("if self", f"if not {_this} and self")
            + f"            {_RELU}\n"
            + _NORM.replace("if self.normalization", f"if {_this}").rstrip("\n"),
        ),
        (
            "            " + _RELU_BACK + "\n" + _NORM_AND_BACK,
            _NORM_AND_BACK.replace("if self.normalization", f"if {_this}", 1)
            + f"            {_RELU_BACK}\n"
            + _NORM_AND_BACK.replace("if self", f"if not {_this} and self", 1),
        ),
    )
    wrong(
        f"{_prefix}-backward-forgotten",
        _exercise,
        "the gradient does not pass through the normalisation",
        (
            "Which keys are missing in grads, or wrong?",
            "Go through the forward pass line by line, from the end: each has its partner.",
            "Between the rectifier and the affine layer there was something more.",
        ),
        (
            _NORM_BACK,
            f"""before = dh
                {_NORM_BACK}
                dh = before if {_this} else dh""",
        ),
    )  # fmt: skip

wrong(
    "batchnorm-net-shared-statistics",
    BATCH,
    "all layers share one dict of running statistics",
    (
        "With one hidden layer you are right. And with two?",
        "Each layer has a mean of its own to remember.",
        "self.bn_params is a list: how long is it, and which of its entries does each layer get?",
    ),
    ("self.bn_params[i - 1]", "self.bn_params[0] if self.normalization == 'batchnorm' else {}"),
    forms=(
        (
            (
                "self.bn_params[i - 1]",
                "{k: v for k, v in self.bn_params[0].items() if k == 'mode'}",
            ),
        ),
    ),
)
wrong(
    "batchnorm-net-mode-ignored",
    BATCH,
    "the net normalises with the minibatch even when it is asked for scores",
    (
        "Train a few steps, then ask for the scores of one example, and of that example in a larger batch.",
        "The mode is in the dicts. Do they reach the layers?",
        "Pass each layer its dict unchanged.",
    ),
    (
        "self.bn_params[i - 1]",
        "{**self.bn_params[i - 1], 'mode': 'train'} if self.normalization == 'batchnorm' else {}",
    ),
)
wrong(
    "layernorm-net-batchnorm-called",
    LAYER,
    "the net calls batch normalisation",
    (
        "Change one example: do the scores of the others change?",
        "Which function do you call for which value of normalization?",
        "There are two kinds, and two pairs of functions.",
    ),
    (_CHOOSE, "norm_forward = batchnorm_forward"),
    (_CHOOSE_BACK, "norm_backward = batchnorm_backward_alt"),
    ("self.bn_params[i - 1]", 'self.bn_params[i - 1] if "mode" in self.bn_params[i - 1] else {"mode": "train"}'),
)
wrong(
    "layernorm-net-not-normalised",
    LAYER,
    "nothing is normalised where normalization is 'layernorm'",
    (
        "Do the scores depend on gamma?",
        "Print the value of normalization where your loop decides.",
        "There are two kinds; which of them does your condition know?",
    ),
    (
        "            if self.normalization:\n                norm_forward",
        '            if self.normalization == "batchnorm":\n                norm_forward',
    ),
    (
        "            if self.normalization:\n                norm_backward",
        '            if self.normalization == "batchnorm":\n                norm_backward',
    ),
)


def _is(kind):
    return f'self.normalization == "{kind}"'


def _without(kind, gamma="", beta=""):
    """Return edits: a kind of normalisation has no scale and shift, but `gamma` and `beta` in their places."""
    return (
        (_IF_NORM, _IF_NORM[:-1] + f" and not ({_is(kind)}):"),
        (
            'h, params[f"gamma{i}"], params[f"beta{i}"], self.bn_params[i - 1]',
            f"h, {gamma}, {beta}, self.bn_params[i - 1]",
        ),
        (
            _NORM_BACK,
            f"""{_NORM_BACK}
                if {_is(kind)}:
                    del grads[f"gamma{{i}}"], grads[f"beta{{i}}"]""",
        ),
    )


for _kind, _exercise, _prefix in (("batchnorm", BATCH, "batchnorm-net"), ("layernorm", LAYER, "layernorm-net")):
    wrong(
        f"{_prefix}-without-scale-and-shift",
        _exercise,
        f"there are no gamma and beta where normalization is '{_kind}'",
        (
            "Compare the keys of params with those of the docstring.",
            "After normalising, each unit may still choose a mean and a spread.",
            "Scale and shift are learned, so that they belong to params and to grads.",
        ),
        *_without(
            _kind,
            f'(np.ones(h.shape[1]) if {_is(_kind)} else params[f"gamma{{i}}"])',
            f'(np.zeros(h.shape[1]) if {_is(_kind)} else params[f"beta{{i}}"])',
        ),
        forms=(
            _without(
                _kind,
                'params.get(f"gamma{i}", np.ones(h.shape[1]))',
                'params.get(f"beta{i}", np.zeros(h.shape[1]))',
            ),
            _without(_kind)[:1],  # the layers are left with what params does not hold
        ),
    )
wrong(
    "layernorm-net-batchnorms-dict",
    LAYER,
    "batch normalisation is called with the dict of layer normalisation, which has no mode",
    (
        "Read the name of the function in the last lines of the traceback. Should it be called at all?",
        "Which function do you call for which value of normalization?",
        "There are two kinds, and two pairs of functions.",
    ),
    (_CHOOSE, "norm_forward = batchnorm_forward"),
    (_CHOOSE_BACK, "norm_backward = batchnorm_backward_alt"),
)
wrong(
    "layernorm-net-only-in-training",
    LAYER,
    "nothing is normalised when the net is asked for scores",
    (
        "The loss is right. Compare the scores with those that the loss is made of.",
        "Batch normalisation knows two modes. And this one?",
        "Layer normalisation does the same in both.",
    ),
    (
        "            if self.normalization:\n                norm_forward",
        '            if self.normalization == "batchnorm" or (self.normalization and mode == "train"):\n'
        "                norm_forward",
    ),
)
wrong(
    "layernorm-net-only-for-scores",
    LAYER,
    "nothing is normalised in training",
    (
        "The scores are right. Compare them with those that the loss is made of.",
        "Batch normalisation knows two modes. And this one?",
        "Layer normalisation does the same in both.",
    ),
    (
        "            if self.normalization:\n                norm_forward",
        '            if self.normalization == "batchnorm" or (self.normalization and mode == "test"):\n'
        "                norm_forward",
    ),
    (
        "            if self.normalization:\n                norm_backward",
        '            if self.normalization == "batchnorm":\n                norm_backward',
    ),
    forms=(
        (
            (
                "            if self.normalization:\n                norm_forward",
                '            if self.normalization == "batchnorm" or (self.normalization and mode == "test"):\n'
                "                norm_forward",
            ),
        ),
    ),
)
wrong(
    "batchnorm-net-not-normalised",
    BATCH,
    "nothing is normalised where normalization is 'batchnorm'",
    (
        "Do the scores depend on gamma?",
        "Print the value of normalization where your loop decides.",
        "There are two kinds; which of them does your condition know?",
    ),
    (
        "            if self.normalization:\n                norm_forward",
        '            if self.normalization == "layernorm":\n                norm_forward',
    ),
    (
        "            if self.normalization:\n                norm_backward",
        '            if self.normalization == "layernorm":\n                norm_backward',
    ),
)

# --- with dropout -------------------------------------------------------------------------------------------

_DROP = """            if self.use_dropout:
                h, caches["dropout", i] = dropout_forward(h, self.dropout_param)
"""
_DROP_BACK = """            if self.use_dropout:
                dh = dropout_backward(dh, caches["dropout", i])
"""

wrong(
    "dropout-net-only-first-layer",
    DROP,
    "only the first hidden layer drops units",
    (
        "In which layers do you find zeros?",
        "Read the line of the docstring that lists the layers: what does L - 1 times mean?",
        "Every hidden layer hands on its units through dropout.",
    ),
    (_DROP, _DROP.replace("use_dropout:", "use_dropout and i == 1:")),
    (_DROP_BACK, _DROP_BACK.replace("use_dropout:", "use_dropout and i == 1:")),
)
wrong(
    "dropout-net-only-last-hidden-layer",
    DROP,
    "only the last hidden layer drops units",
    (
        "In which layers do you find zeros?",
        "Is dropout inside of the loop over the layers?",
        "Every hidden layer hands on its units through dropout.",
    ),
    (_DROP, _DROP.replace("use_dropout:", "use_dropout and i == last - 1:")),
    (_DROP_BACK, _DROP_BACK.replace("use_dropout:", "use_dropout and i == last - 1:")),
)
wrong(
    "dropout-net-backward-forgotten",
    DROP,
    "the gradient does not pass through dropout",
    (
        "The loss is right. Which gradients are not?",
        "Go through the forward pass line by line, from the end: each has its partner.",
        "A unit that was dropped has no gradient.",
    ),
    (_DROP_BACK, ""),
)
wrong(
    "dropout-net-scores-dropped-too",
    DROP,
    "the scores go through dropout",
    (
        "In training, are there scores of exactly zero?",
        "Read the line of the docstring that lists the layers: what follows the last affine layer?",
        "Dropout belongs to the hidden layers.",
    ),
    (
        _LAST,
        _LAST + "\n        if self.use_dropout:\n            "
        'scores, caches["dropout", last] = dropout_forward(scores, self.dropout_param)',
    ),
    (
        "loss, dscores = softmax_loss(scores, y)",
        "loss, dscores = softmax_loss(scores, y)\n        if self.use_dropout:\n            "
        "dscores = dropout_backward(dscores, caches['dropout', last])",
    ),
)
wrong(
    "dropout-net-active-for-scores",
    DROP,
    "units are dropped even when the net is asked for scores",
    (
        "Ask for the scores of the same examples twice.",
        "The mode is in self.dropout_param. Does it reach the layers?",
        "Pass the dict on unchanged.",
    ),
    ("dropout_forward(h, self.dropout_param)", "dropout_forward(h, {**self.dropout_param, 'mode': 'train'})"),
)
wrong(
    "dropout-net-seed-lost",
    DROP,
    "the seed does not reach the layers",
    (
        "Make a net with a seed and compute the loss twice.",
        "Where does the seed live, and who has to see it?",
        "Pass the dict on unchanged, with all its entries.",
    ),
    (
        "dropout_forward(h, self.dropout_param)",
        "dropout_forward(h, {'mode': self.dropout_param['mode'], 'p': self.dropout_param['p']})",
    ),
)
wrong(
    "dropout-net-same-cache-for-all",
    DROP,
    "every layer goes back through the same mask",
    (
        "With one hidden layer you are right. And with two?",
        "How many masks are there, and how do you tell them apart?",
        "Going back, each layer needs the mask that it used itself.",
    ),
    (_DROP_BACK, _DROP_BACK.replace('caches["dropout", i]', 'caches["dropout", last - 1]')),
)

# --- convolution --------------------------------------------------------------------------------------------

CONV = "three_layer_conv_net"
_CW = {
    1: 'self.params["W1"] = weight_scale * np.random.randn(num_filters, C, filter_size, filter_size)',
    2: 'self.params["W2"] = weight_scale * np.random.randn(pooled_size, hidden_dim)',
    3: 'self.params["W3"] = weight_scale * np.random.randn(hidden_dim, num_classes)',
}
_CONV_LOOP = 'for name in ("W1", "W2", "W3"):'
_SIZE = "pooled_size = num_filters * pooled_height * pooled_width"

wrong(
    "conv-net-half-forgotten",
    CONV,
    "the penalty in the loss lacks its factor 0.5",
    _HALF,
    (_LOSS, "loss += reg * np.sum(W * W)"),
    forms=(
        ((_LOSS, _TWO_LOSS), (_CONV_LOOP, 'for name in ("W1", "W2"):')),
        ((_LOSS, _TWO_LOSS), (_GRAD, "pass")),
        ((_LOSS, _TWO_LOSS), (_CONV_LOOP, 'for name in ("W1", "W2", "W3", "b1", "b2", "b3"):')),
    ),
)
wrong("conv-net-penalty-gradient-doubled", CONV, "the gradient of the penalty is twice too large",
      _DOUBLE_GRADIENT,
      (_GRAD, "grads[name] += 2 * reg * W"))  # fmt: skip
wrong(
    "conv-net-half-forgotten-everywhere",
    CONV,
    "the penalty is twice as large as it should be, in the loss and in its gradient",
    _TWICE,
    (_LOSS, "loss += reg * np.sum(W * W)"),
    (_GRAD, "grads[name] += 2 * reg * W"),
)
wrong(
    "conv-net-penalty-gradient-halved",
    CONV,
    "the gradient of the penalty keeps the factor 0.5",
    _HALVED,
    (_GRAD, "grads[name] += 0.5 * reg * W"),
)
wrong("conv-net-no-penalty", CONV, "there is no penalty at all", _NONE, (_CONV_LOOP, "for name in ():"))
wrong(
    "conv-net-last-layer-not-penalised",
    CONV,
    "the weights of the last layer are not penalised",
    _LAST_FREE,
    (_CONV_LOOP, 'for name in ("W1", "W2"):'),
)
wrong(
    "conv-net-random-biases",
    CONV,
    "the biases start random",
    _RANDOM_BIASES,
    *(
        (f'self.params["b{k}"] = np.zeros({n})', f'self.params["b{k}"] = weight_scale * np.random.randn({n})')
        for k, n in ((1, "num_filters"), (2, "hidden_dim"), (3, "num_classes"))
    ),
)
wrong(
    "conv-net-loss-summed",
    CONV,
    "loss and gradients are multiplied by the batch size",
    _SUMMED,
    (
        "loss, dscores = softmax_loss(scores, y)",
        "loss, dscores = softmax_loss(scores, y)\n        loss, dscores = loss * len(X), dscores * len(X)",
    ),
    forms=((_SUMMED_LOSS, (_LOSS, _TWO_LOSS)),),
)
_CONV_SCALES = [
    ((_CW[3], _CW[3].replace("weight_scale", scale.format(n="hidden_dim", m="num_classes"))),) for scale in _SCALES
]
wrong(
    "conv-net-last-layer-not-scaled",
    CONV,
    "the weights of the last layer are drawn with a different scale",
    _ONE_SCALE,
    *_CONV_SCALES[0],
    forms=tuple(_CONV_SCALES[1:]),
)
wrong("conv-net-no-penalty-gradient", CONV, "the penalty is in the loss, but not in the gradients",
      _NO_PENALTY_GRADIENT, (_GRAD, "pass"))  # fmt: skip
wrong("conv-net-no-penalty-loss", CONV, "the penalty is in the gradients, but not in the loss", _NO_PENALTY_LOSS,
      (_LOSS, "pass"))  # fmt: skip
wrong(
    "conv-net-penalty-on-biases",
    CONV,
    "the biases are penalised too",
    _BIASES,
    (_CONV_LOOP, 'for name in ("W1", "W2", "W3", "b1", "b2", "b3"):'),
    forms=(
        (
            (_CONV_LOOP, 'for name in ("W1", "W2", "W3", "b1", "b2", "b3"):'),
            (_GRAD, _GRAD + ' * (name[0] == "W")'),
        ),
        (
            (_CONV_LOOP, 'for name in ("W1", "W2", "W3", "b1", "b2", "b3"):'),
            (_LOSS, _LOSS + ' * (name[0] == "W")'),
        ),
    ),
)
wrong(
    "conv-net-filters-not-penalised",
    CONV,
    "the filters are not penalised",
    (
        "With reg = 0 you are right. Which gradients are off otherwise?",
        "How many arrays of weights are there?",
        "The filters are weights too.",
    ),
    (_CONV_LOOP, 'for name in ("W2", "W3"):'),
    forms=(
        ((_LOSS, _LOSS + ' * (name != "W1")'),),
        ((_GRAD, _GRAD + ' * (name != "W1")'),),
    ),
)
wrong("conv-net-weights-not-scaled", CONV, "the weights are not scaled by weight_scale", _STANDARD,
      *((line, line.replace("weight_scale * ", "")) for line in _CW.values()))  # fmt: skip
wrong("conv-net-root-of-scale", CONV, "the weights are scaled by the root of weight_scale", _VARIANCE,
      *((line, line.replace("weight_scale *", "weight_scale**0.5 *")) for line in _CW.values()))  # fmt: skip
wrong(
    "conv-net-size-without-pooling",
    CONV,
    "the second layer has the size of the image before pooling",
    (
        "Compare the shape of W2 with that of the docstring.",
        "Follow an image through the net and write its shape beside each layer.",
        "Pooling halves height and width.",
    ),
    (_SIZE, "pooled_size = num_filters * input_dim[1] * input_dim[2]"),
)
wrong(
    "conv-net-size-halved-once",
    CONV,
    "the size of the second layer is halved once instead of in each direction",
    (
        "Compare the shape of W2 with that of the docstring.",
        "A window of the pooling holds how many pixels?",
        "Height and width both become half of what they were.",
    ),
    (_SIZE, "pooled_size = num_filters * input_dim[1] * input_dim[2] // 2"),
)
wrong(
    "conv-net-size-rounded-up-late",
    CONV,
    "the size of the second layer is a fourth of the image, which is wrong for odd sizes",
    (
        "With even height and width you are right. And with odd ones?",
        "What does pooling do with a last row that has no partner?",
        "Round each of the two lengths down before you multiply.",
    ),
    (_SIZE, "pooled_size = num_filters * (input_dim[1] * input_dim[2] // 4)"),
)
wrong(
    "conv-net-filters-without-channels",
    CONV,
    "the filters have the wrong number of channels",
    (
        "Compare the shape of W1 with that of the docstring.",
        "How deep is a filter?",
        "A filter looks at all channels of the image.",
    ),
    (_CW[1], _CW[1].replace("num_filters, C,", "C, num_filters,")),
)
wrong(
    "conv-net-hidden-relu-forgotten",
    CONV,
    "there is no rectifier after the hidden layer",
    (
        "Read the line of the docstring that lists the layers, and your code, side by side.",
        "There are two rectifiers.",
        "Two affine layers without anything in between are one.",
    ),
    ("hidden, hidden_cache = affine_relu_forward(", "hidden, hidden_cache = affine_forward("),
    ("affine_relu_backward(dhidden, hidden_cache)", "affine_backward(dhidden, hidden_cache)"),
)
wrong(
    "conv-net-scores-rectified",
    CONV,
    "the scores are rectified",
    (
        "Are there negative scores?",
        "Read the line of the docstring that lists the layers: what follows the last affine layer?",
        "A rectifier stands between layers, not after the last one.",
    ),
    (
        'scores, scores_cache = affine_forward(hidden, params["W3"], params["b3"])',
        'scores, (scores_cache, scores_relu) = affine_relu_forward(hidden, params["W3"], params["b3"])',
    ),
    ("dhidden, grads", "dscores = dscores * (scores_relu > 0)\n        dhidden, grads"),
)

# --- the loss -----------------------------------------------------------------------------------------------

_UNSHIFTED = """e = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        rows = np.arange(len(e))
        loss = -np.log(e[rows, y]).mean()
        e[rows, y] -= 1
        dscores = e / len(e)"""
_SHIFT = (
    "Add a thousand to the biases of the last layer. What is the loss?",
    "The exponential of a thousand is infinite, and infinity divided by infinity is no number.",
    "Take the same number off all scores of a row: the probabilities stay what they are.",
)
for _exercise, _prefix, _more in ((TWO, "two-layer", {}), (FULL, "full-net", _ALL), (CONV, "conv-net", {})):
    wrong(
        f"{_prefix}-softmax-without-shift",
        _exercise,
        "the softmax overflows for large scores",
        _SHIFT,
        ("loss, dscores = softmax_loss(scores, y)", _UNSHIFTED),
        **_more,
    )
