"""batchnorm_forward, batchnorm_backward and batchnorm_backward_alt."""

from staff.misconceptions.catalogue import wrong

FORWARD, BACKWARD, ALT = "batchnorm_forward", "batchnorm_backward", "batchnorm_backward_alt"

# --- forward ------------------------------------------------------------------------------------------------

_VAR = "var = (centred**2).mean(axis=0)"
_MEAN = "running_mean = momentum * running_mean + (1 - momentum) * mean"
_RUNNING_VAR = "running_var = momentum * running_var + (1 - momentum) * var"
_ROOT, _TEST_ROOT = "np.sqrt(var + eps)", "np.sqrt(running_var + eps)"
_OUT = "out = gamma * xhat + beta"
_TEST = "out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta"

wrong(
    "batchnorm-unbiased-variance",
    FORWARD,
    "the variance is divided by N - 1",
    (
        "There are two common definitions of the variance of a sample. Which one does the docstring name?",
        "With a batch of one the docstring's variance is a number; what is yours?",
        "Here the minibatch is not an estimate of something larger: average the squares over all N of them.",
    ),
    (_VAR, "var = (centred**2).sum(axis=0) / (len(x) - 1)"),
    forms=(((_VAR, "var = (centred**2).sum(axis=0) / max(len(x) - 1, 1)"),),),
)
wrong(
    "batchnorm-eps-outside-root",
    FORWARD,
    "eps is added to the standard deviation instead of the variance",
    (
        "eps is there so that nothing is divided by zero. Where exactly does the formula add it?",
        "Take a feature that is the same in all examples, and compute by hand what it is divided by.",
        "Read the formula from the inside: variance, then eps, and what comes after that?",
    ),
    (_ROOT, "np.sqrt(var) + eps"),
    forms=(((_ROOT, "np.sqrt(var) + eps"), (_TEST_ROOT, "(np.sqrt(running_var) + eps)")),),
)
wrong(
    "batchnorm-eps-forgotten",
    FORWARD,
    "eps is left out",
    (
        "Is there an argument in bn_param that your result does not depend on?",
        "Take a feature that is the same in all examples: what do you divide by?",
        "A small number keeps the divisor away from zero; the formula says where it goes.",
    ),
    (_ROOT, "np.sqrt(var)"),
    forms=(((_ROOT, "np.sqrt(var)"), (_TEST_ROOT, "np.sqrt(running_var)")),),
)
wrong(
    "batchnorm-divided-by-variance",
    FORWARD,
    "the root of the variance is missing",
    (
        "After normalising, each feature should have spread one. What spread has yours?",
        "If x is in metres, what is the unit of the variance? And what should the unit of xhat be?",
        "Deviations are measured in standard deviations.",
    ),
    (_ROOT, "var + eps"),
    forms=(((_ROOT, "var + eps"), (_TEST_ROOT, "(running_var + eps)")),),
)
wrong(
    "batchnorm-one-mean-for-all",
    FORWARD,
    "mean and variance are taken over the whole array",
    (
        "How many means are there for a minibatch of shape (N, D)?",
        "NumPy averages over all axes when it is not told one.",
        "Each feature has a mean of its own, over the examples.",
    ),
    ("x.mean(axis=0)", "x.mean()"),
    (_VAR, "var = (centred**2).mean()"),
    forms=((("x.mean(axis=0)", "x.mean()"),),),
)
wrong(
    "batchnorm-over-features",
    FORWARD,
    "mean and variance are those of each example instead of each feature",
    (
        "Which axis counts examples? What does *batch* mean in batch normalisation?",
        "With a single feature your output is beta, whatever x is. Why?",
        "You normalised rows, which is what another kind of normalisation does; here it is columns.",
    ),
    ("x.mean(axis=0)", "x.mean(axis=1, keepdims=True)"),
    (_VAR, "var = (centred**2).mean(axis=1, keepdims=True)"),
    (_MEAN, "running_mean = momentum * running_mean + (1 - momentum) * mean.mean()"),
    (_RUNNING_VAR, "running_var = momentum * running_var + (1 - momentum) * var.mean()"),
    forms=(
        (
            ("x.mean(axis=0)", "x.mean(axis=1, keepdims=True)"),
            (_VAR, "var = (centred**2).mean(axis=1, keepdims=True)"),
        ),
    ),
)
wrong(
    "batchnorm-variance-not-centred",
    FORWARD,
    "the variance is the mean square of x itself",
    (
        "Add 100 to every entry of x. How should the variance change?",
        "What is squared in a variance?",
        "The mean has to be taken off before the squares, not only in the numerator.",
    ),
    (_VAR, "var = (x**2).mean(axis=0)"),
)
wrong(
    "batchnorm-without-scale-and-shift",
    FORWARD,
    "the output is the normalised x, without gamma and beta",
    (
        "Which arguments does your output not depend on?",
        "After normalising, the layer may still choose a mean and a spread: which two arguments say so?",
        "One of them multiplies each feature, the other one is added.",
    ),
    (_OUT, "out = xhat"),
    forms=(((_OUT, "out = xhat"), (_TEST, "out = (x - running_mean) / np.sqrt(running_var + eps)")),),
)
wrong(
    "batchnorm-beta-forgotten",
    FORWARD,
    "beta is not added",
    (
        "Which argument does your output not depend on?",
        "What is the mean of each feature of the output, and what should it be?",
        "There is a scale and a shift.",
    ),
    (_OUT, "out = gamma * xhat"),
    forms=(
        (
            (_OUT, "out = gamma * xhat"),
            (_TEST, "out = gamma * (x - running_mean) / np.sqrt(running_var + eps)"),
        ),
    ),
)
wrong(
    "batchnorm-scale-and-shift-swapped",
    FORWARD,
    "gamma and beta are swapped",
    (
        "Set x to a constant: the output should be one of the two parameters. Which one is it in your code?",
        "One of gamma and beta multiplies, the other one is added.",
        "The scale comes first in the list of arguments.",
    ),
    (_OUT, "out = beta * xhat + gamma"),
    forms=(
        (
            (_OUT, "out = beta * xhat + gamma"),
            (_TEST, "out = beta * (x - running_mean) / np.sqrt(running_var + eps) + gamma"),
        ),
    ),
)
wrong(
    "batchnorm-momentum-swapped",
    FORWARD,
    "the two weights of the running statistics are swapped",
    (
        "With momentum 0.9, how much of the old value should survive one step?",
        "Let momentum go to 1: should the running mean follow the last minibatch, or stay as it is?",
        "Momentum is the weight of the past.",
    ),
    (_MEAN, "running_mean = (1 - momentum) * running_mean + momentum * mean"),
    (_RUNNING_VAR, "running_var = (1 - momentum) * running_var + momentum * var"),
)
wrong(
    "batchnorm-running-not-updated",
    FORWARD,
    "the running statistics are never updated",
    (
        "Train on a minibatch and look at bn_param afterwards.",
        "Where do the numbers come from that mode 'test' uses?",
        "Each call in mode 'train' moves the running mean and variance a step towards those of the minibatch.",
    ),
    (_MEAN, "pass"),
    (_RUNNING_VAR, "pass"),
)
wrong(
    "batchnorm-running-variance-not-updated",
    FORWARD,
    "the running mean follows, the running variance does not",
    (
        "Train on a minibatch and look at both statistics in bn_param.",
        "Two of them have to move in each call, by the same rule.",
        "The rule for the mean is right: what else does mode 'test' divide by?",
    ),
    (_RUNNING_VAR, "pass"),
)
wrong(
    "batchnorm-running-replaced",
    FORWARD,
    "the running statistics are those of the last minibatch",
    (
        "Train on three minibatches: does the running mean still know of the first one?",
        "Momentum says how slowly the statistics move. Where do you use it?",
        "The new value is a weighted mean of the old one and that of the minibatch.",
    ),
    (_MEAN, "running_mean = mean"),
    (_RUNNING_VAR, "running_var = var"),
)
wrong(
    "batchnorm-running-added-up",
    FORWARD,
    "the old running statistics are not weighted: they grow without end",
    (
        "Train on the same minibatch many times: what should the running mean tend to?",
        "The two weights of an average add up to one. Do yours?",
        "What was there before has to fade, by the factor momentum.",
    ),
    (_MEAN, "running_mean = running_mean + (1 - momentum) * mean"),
    (_RUNNING_VAR, "running_var = running_var + (1 - momentum) * var"),
)
wrong(
    "batchnorm-running-standard-deviation",
    FORWARD,
    "the running variance follows the standard deviation",
    (
        "The running mean is right and the running variance is not. What do you mix into it?",
        "What is in running_var when the minibatch never changes?",
        "It is named for the thing before the root.",
    ),
    (_RUNNING_VAR, "running_var = momentum * running_var + (1 - momentum) * std"),
    forms=(
        (
            (_RUNNING_VAR, "running_var = momentum * running_var + (1 - momentum) * std"),
            (_TEST_ROOT, "(running_var)"),
        ),
    ),
)
wrong(
    "batchnorm-running-unbiased-variance",
    FORWARD,
    "the running variance follows the variance divided by N - 1, as PyTorch does it",
    (
        "The output is right and the running variance is slightly too large. By which factor?",
        "Some libraries keep another estimate of the variance for test time than they normalise with.",
        "Here the same variance serves both.",
    ),
    (_RUNNING_VAR, "running_var = momentum * running_var + (1 - momentum) * var * len(x) / max(len(x) - 1, 1)"),
)
wrong(
    "batchnorm-test-mode-uses-minibatch",
    FORWARD,
    "mode 'test' normalises with the minibatch",
    (
        "In mode 'test', change one example only: which rows of the output change?",
        "At test time there may be a single example. What is its variance?",
        "Mode 'test' uses what training has left in bn_param.",
    ),
    (_TEST, "out = gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + beta"),
)
wrong(
    "batchnorm-test-mode-learns",
    FORWARD,
    "mode 'test' updates the running statistics",
    (
        "Look at bn_param before and after a call in mode 'test'.",
        "Measuring a net should not change it.",
        "Which lines of yours run in both modes, and which should run in one of them only?",
    ),
    (
        _TEST,
        "running_mean = momentum * running_mean + (1 - momentum) * x.mean(axis=0)\n"
        "        running_var = momentum * running_var + (1 - momentum) * x.var(axis=0)\n"
        "        " + _TEST,
    ),
    forms=(
        (
            (
                _TEST,
                _TEST + "\n        running_mean = momentum * running_mean + (1 - momentum) * x.mean(axis=0)\n"
                "        running_var = momentum * running_var + (1 - momentum) * x.var(axis=0)",
            ),
        ),
    ),
)
wrong(
    "batchnorm-test-mode-eps-forgotten",
    FORWARD,
    "mode 'test' leaves out eps",
    (
        "Training is right, testing is off by a little. Compare the two formulas.",
        "What does mode 'test' divide by if a feature never varied?",
        "Both modes guard the root in the same way.",
    ),
    ("np.sqrt(running_var + eps)", "np.sqrt(running_var)"),
)
wrong(
    "batchnorm-test-mode-without-scale",
    FORWARD,
    "mode 'test' normalises, but does not scale and shift",
    (
        "Training is right, testing is not. Compare the last lines of the two branches.",
        "Which arguments does the output in mode 'test' not depend on?",
        "What was learned has to be applied at test time too.",
    ),
    (_TEST, "out = (x - running_mean) / np.sqrt(running_var + eps)"),
    forms=(((_TEST, "out = (x - running_mean) / np.sqrt(running_var)"),),),
)
wrong(
    "batchnorm-test-mode-divides-by-variance",
    FORWARD,
    "mode 'test' divides by the running variance without the root",
    (
        "Training is right, testing is not. What do you divide by in each?",
        "The running variance is a variance.",
        "Deviations are measured in standard deviations, in both modes.",
    ),
    ("np.sqrt(running_var + eps)", "(running_var + eps)"),
)

# --- backward -----------------------------------------------------------------------------------------------

_THROUGH_MEAN = (
    "dx leaves out one of the paths from x to the output. How many are there?",
    "Add the same number to a column of x: the output does not change. So what must dx sum to in each column?",
    "x also moves the mean, which is taken off every example: that path carries a gradient back to all of them.",
)
_THROUGH_VARIANCE = (
    "dx leaves out one of the paths from x to the output. How many are there?",
    "Stretch a column of x around its mean: apart from eps, the output does not change. What does that "
    "say about dx?",
    "x also moves the spread that every example is divided by: that path carries a gradient back to all of them.",
)
_GAMMA_FORGOTTEN = (
    "dgamma and dbeta are right and dx is not. Double gamma: what should dx do?",
    "The last step of the forward pass is the first one of the backward pass.",
    "What stands between the output and the normalised x is one multiplication; it has a slope.",
)
_DGAMMA_FROM_X = (
    "dx and dbeta are right and dgamma is not. What does gamma multiply in the forward pass?",
    "Take beta = 0 and gamma = 1: the slope of the output by gamma is something that you have computed already.",
    "It is not x that is scaled, but what is left of it after two steps.",
)
_AXIS = (
    "What shape has gamma, and what shape have your dgamma and dbeta?",
    "Each feature has one gamma, which serves all examples.",
    "What was copied along an axis on the way forward is added up along that axis on the way back.",
)

wrong(
    "batchnorm-backward-mean-forgotten",
    BACKWARD,
    "the gradient through the mean is forgotten",
    _THROUGH_MEAN,
    ("dx = dcentred + dmean / N", "dx = dcentred"),
)
wrong(
    "batchnorm-backward-variance-forgotten",
    BACKWARD,
    "the gradient through the variance is forgotten",
    _THROUGH_VARIANCE,
    ("dcentred = dxhat / std + dvar * 2 * centred / N", "dcentred = dxhat / std"),
)
wrong(
    "batchnorm-backward-statistics-as-constants",
    BACKWARD,
    "mean and variance are treated as constants",
    (
        "dgamma and dbeta are right. For dx, count the places in the forward pass where x enters.",
        "Change one example: do only its own outputs change?",
        "Mean and variance are made from x too, so that each example moves the outputs of all others.",
    ),
    ("dx = dcentred + dmean / N", "dx = dxhat / std"),
)
wrong(
    "batchnorm-backward-variance-root-forgotten",
    BACKWARD,
    "the slope of the root is off by its factor of a half",
    (
        "One of the paths into dx is twice too strong.",
        "Check the slope of each node by itself, with numbers: subtract, square, average, root, divide.",
        "What is the derivative of the square root?",
    ),
    ("dvar = dstd / (2 * std)", "dvar = dstd / std"),
)
wrong(
    "batchnorm-backward-gamma-forgotten",
    BACKWARD,
    "dx does not depend on gamma",
    _GAMMA_FORGOTTEN,
    ("dxhat = dout * gamma", "dxhat = dout"),
)
wrong(
    "batchnorm-backward-dgamma-from-x",
    BACKWARD,
    "dgamma is made from x less its mean instead of the normalised x",
    _DGAMMA_FROM_X,
    ("dgamma = (dout * xhat).sum(axis=0)", "dgamma = (dout * centred).sum(axis=0)"),
)
wrong(
    "batchnorm-backward-dgamma-without-xhat",
    BACKWARD,
    "dgamma is the sum of dout",
    (
        "Your dgamma and dbeta are equal. Do gamma and beta do the same in the forward pass?",
        "The slope by a factor is what it multiplies.",
        "dbeta is right. For dgamma each term has a weight.",
    ),
    ("dgamma = (dout * xhat).sum(axis=0)", "dgamma = dout.sum(axis=0)"),
)
wrong(
    "batchnorm-backward-parameters-averaged",
    BACKWARD,
    "dgamma and dbeta are means over the batch instead of sums",
    (
        "dgamma and dbeta are off by a constant factor. Which number of this problem is that?",
        "gamma serves each example once: what happens to gradients where one value is used several times?",
        "If the loss is an average, dout has that already.",
    ),
    ("dbeta = dout.sum(axis=0)", "dbeta = dout.mean(axis=0)"),
    ("dgamma = (dout * xhat).sum(axis=0)", "dgamma = (dout * xhat).mean(axis=0)"),
)
wrong(
    "batchnorm-backward-parameters-wrong-axis",
    BACKWARD,
    "dgamma and dbeta are summed over the features",
    _AXIS,
    ("dbeta = dout.sum(axis=0)", "dbeta = dout.sum(axis=1)"),
    ("dgamma = (dout * xhat).sum(axis=0)", "dgamma = (dout * xhat).sum(axis=1)"),
)
wrong(
    "batchnorm-backward-mean-not-divided",
    BACKWARD,
    "the gradient through the mean lacks the division by N",
    (
        "One of the paths into dx is too strong, by the number of examples.",
        "What is the slope of a mean by one of its terms?",
        "The gradients that reach the mean add up, which you do; then each example gets only a share of that.",
    ),
    ("dx = dcentred + dmean / N", "dx = dcentred + dmean"),
)
wrong(
    "batchnorm-backward-variance-not-divided",
    BACKWARD,
    "the gradient through the variance lacks the division by N",
    (
        "One of the paths into dx is too strong, by the number of examples.",
        "The variance is a mean of squares. What is its slope by one of the deviations?",
        "A factor comes from the square, and another one from the averaging.",
    ),
    ("dcentred = dxhat / std + dvar * 2 * centred / N", "dcentred = dxhat / std + dvar * 2 * centred"),
)
wrong(
    "batchnorm-backward-never-divided",
    BACKWARD,
    "the gradients through mean and variance both lack the division by N",
    (
        "dx is right for a batch of one, and gets worse the larger the batch is.",
        "Mean and variance are averages. What is the slope of an average by one of its terms?",
        "Two of the paths into dx are too strong, by the number of examples.",
    ),
    ("dvar * 2 * centred / N", "dvar * 2 * centred"),
    ("dmean / N", "dmean"),
)
wrong(
    "batchnorm-backward-square-factor-forgotten",
    BACKWARD,
    "the slope of the square is off by its factor of two",
    (
        "One of the paths into dx is half as strong as it should be.",
        "Check the slope of each node by itself, with numbers: subtract, square, average, root, divide.",
        "What is the derivative of a square?",
    ),
    ("dvar * 2 * centred / N", "dvar * centred / N"),
)
wrong(
    "batchnorm-backward-quotient-sign",
    BACKWARD,
    "the gradient by the divisor has the wrong sign",
    (
        "One of the paths into dx points the wrong way.",
        "If the standard deviation grows, does the normalised x grow or shrink?",
        "Look at the derivative of 1 / s once more.",
    ),
    ("dstd = -(dxhat", "dstd = (dxhat"),
)

wrong(
    "batchnorm-alt-variance-forgotten",
    ALT,
    "the gradient through the variance is forgotten",
    _THROUGH_VARIANCE,
    ("dout - dbeta / N - xhat * (dgamma / N)", "dout - dbeta / N"),
)
wrong(
    "batchnorm-alt-mean-forgotten",
    ALT,
    "the gradient through the mean is forgotten",
    _THROUGH_MEAN,
    ("dout - dbeta / N - xhat * (dgamma / N)", "dout - xhat * (dgamma / N)"),
)
wrong(
    "batchnorm-alt-sums-for-means",
    ALT,
    "sums over the batch stand where means belong",
    (
        "dx is right for a batch of one, and gets worse the larger the batch is.",
        "In the simplified formula the paths through mean and variance are averages of gradients.",
        "Where does the N of the mean go? It does not cancel.",
    ),
    ("dout - dbeta / N - xhat * (dgamma / N)", "dout - dbeta - xhat * dgamma"),
)
wrong(
    "batchnorm-alt-not-divided",
    ALT,
    "dx is N times too large",
    (
        "dx is off by a constant factor. Which number of this problem is that?",
        "If you multiply the simplified formula by N to be rid of fractions, what has to happen in the end?",
        "dgamma and dbeta are sums, but in dx they stand for averages.",
    ),
    ("gamma / std * (dout - dbeta / N - xhat * (dgamma / N))", "gamma / std * (N * dout - dbeta - xhat * dgamma)"),
)
wrong(
    "batchnorm-alt-dout-not-multiplied",
    ALT,
    "the upstream gradient is N times too small beside the two corrections",
    (
        "dx is right for a batch of one. What weighs too little in larger ones?",
        "If all the formula is divided by N in the end, what about the term that is no average?",
        "Of the three terms two are sums over the batch; the third one has to be made as large.",
    ),
    ("dout - dbeta / N", "dout / N - dbeta / N"),
)
wrong(
    "batchnorm-alt-gamma-forgotten",
    ALT,
    "dx does not depend on gamma",
    _GAMMA_FORGOTTEN,
    ("gamma / std", "1 / std"),
)
wrong(
    "batchnorm-alt-std-forgotten",
    ALT,
    "dx is not divided by the standard deviation",
    (
        "dx is off by a factor for each feature. Which quantity has one value per feature?",
        "Multiply x by ten: the output does not change. So how must dx change?",
        "The wider a feature is spread, the less the output moves when x does.",
    ),
    ("gamma / std", "gamma"),
)
wrong(
    "batchnorm-alt-divided-by-variance",
    ALT,
    "dx is divided by the variance",
    (
        "dx is off by a factor for each feature. Which quantity has one value per feature?",
        "Check the unit: if x is in metres, what is the unit of a gradient by x?",
        "One root is missing in what you divide by.",
    ),
    ("gamma / std", "gamma / std**2"),
)
wrong(
    "batchnorm-alt-second-term-sign",
    ALT,
    "the term of the variance has the wrong sign",
    (
        "One of the paths into dx points the wrong way.",
        "Stretch a column of x around its mean: apart from eps, the output stays the same. So dx has no "
        "part along xhat.",
        "Both corrections are taken off the upstream gradient.",
    ),
    ("- xhat * (dgamma / N)", "+ xhat * (dgamma / N)"),
)
wrong(
    "batchnorm-alt-second-term-without-xhat",
    ALT,
    "the term of the variance lacks its factor xhat",
    (
        "Your correction for the variance is the same for all examples.",
        "An example at the mean does not change the variance; one far out does. Where does that enter?",
        "Each example gets a share that grows with its own distance from the mean.",
    ),
    ("- xhat * (dgamma / N)", "- dgamma / N"),
)
wrong(
    "batchnorm-alt-unbiased",
    ALT,
    "means over the batch are divided by N - 1",
    (
        "Two terms of dx are slightly too strong. By which factor?",
        "The forward pass averages over N.",
        "Look for where one less than the batch size comes in.",
    ),
    ("N = len(xhat)", "N = max(len(xhat) - 1, 1)"),
)
wrong(
    "batchnorm-alt-gamma-twice",
    ALT,
    "gamma enters dx twice",
    (
        "Double gamma: dx should double. What does yours do?",
        "In the simplified formula gamma can stand in front of everything, or at dout, but not at both.",
        "Follow it: it enters once, at the last step of the forward pass.",
    ),
    ("gamma / std", "gamma**2 / std"),
)
