"""layernorm_forward and layernorm_backward."""

from staff.misconceptions.catalogue import wrong

FORWARD, BACKWARD = "layernorm_forward", "layernorm_backward"
_CENTRED = "centred = x - x.mean(axis=1, keepdims=True)"
_STD = "std = np.sqrt((centred**2).mean(axis=1, keepdims=True) + eps)"
_DX = "dx = (dxhat - dxhat.mean(axis=1, keepdims=True) - xhat * (dxhat * xhat).mean(axis=1, keepdims=True)) / std"

wrong(
    "layernorm-over-batch",
    FORWARD,
    "mean and variance are taken over the minibatch, as in batch normalisation",
    (
        "Change one example only: which rows of the output should change?",
        "With a batch of one your output is beta, whatever x is. Why?",
        "The same steps as in batch normalisation, along the other axis.",
    ),
    (_CENTRED, "centred = x - x.mean(axis=0)"),
    (_STD, "std = np.sqrt((centred**2).mean(axis=0) + eps)"),
)
wrong(
    "layernorm-only-mean-over-batch",
    FORWARD,
    "the mean is still that of the minibatch",
    (
        "What is the mean of each row after normalising? It should be zero.",
        "Two statistics had to change their axis.",
        "The variance is that of a row already; look at what is taken off before.",
    ),
    (_CENTRED, "centred = x - x.mean(axis=0)"),
)
wrong(
    "layernorm-only-variance-over-batch",
    FORWARD,
    "the variance is still that of the minibatch",
    (
        "What is the spread of each row after normalising? It should be one.",
        "Two statistics had to change their axis.",
        "The mean is that of a row already; look at what is divided by.",
    ),
    (_STD, "std = np.sqrt((centred**2).mean(axis=0) + eps)"),
)
wrong(
    "layernorm-eps-outside-root",
    FORWARD,
    "eps is added to the standard deviation instead of the variance",
    (
        "eps is there so that nothing is divided by zero. Where exactly does the formula add it?",
        "Take a row of equal numbers and compute by hand what it is divided by.",
        "Read the formula from the inside: variance, then eps, and what comes after that?",
    ),
    (".mean(axis=1, keepdims=True) + eps)", ".mean(axis=1, keepdims=True)) + eps"),
)
wrong(
    "layernorm-unbiased-variance",
    FORWARD,
    "the variance is divided by D - 1",
    (
        "There are two common definitions of a variance. Which one does the docstring name?",
        "With a single feature the docstring's variance is a number; what is yours?",
        "Average the squares over all D of them.",
    ),
    (_STD, "std = np.sqrt((centred**2).sum(axis=1, keepdims=True) / (x.shape[1] - 1) + eps)"),
    forms=(((_STD, "std = np.sqrt((centred**2).sum(axis=1, keepdims=True) / max(x.shape[1] - 1, 1) + eps)"),),),
)
wrong(
    "layernorm-eps-forgotten",
    FORWARD,
    "eps is left out",
    (
        "Is there something in ln_param that your result does not depend on?",
        "Take a row of equal numbers: what do you divide by?",
        "A small number keeps the divisor away from zero; the formula says where it goes.",
    ),
    (_STD, "std = np.sqrt((centred**2).mean(axis=1, keepdims=True))"),
)
wrong(
    "layernorm-without-scale-and-shift",
    FORWARD,
    "the output is the normalised x, without gamma and beta",
    (
        "Which arguments does your output not depend on?",
        "After normalising, the layer may still choose a mean and a spread for each feature.",
        "One of the two arguments multiplies, the other one is added.",
    ),
    ("out = gamma * xhat + beta", "out = xhat"),
)
wrong(
    "layernorm-beta-forgotten",
    FORWARD,
    "beta is not added",
    (
        "Which of the arguments does your output not depend on?",
        "Set gamma to zero: what should come out?",
        "After normalising, the layer may still choose a mean and a spread for each feature.",
    ),
    ("out = gamma * xhat + beta", "out = gamma * xhat"),
)
wrong(
    "layernorm-divided-by-variance",
    FORWARD,
    "the root of the variance is missing",
    (
        "After normalising, each row should have spread one. What spread has yours?",
        "If x is in metres, what is the unit of the variance?",
        "Deviations are measured in standard deviations.",
    ),
    (_STD, "std = (centred**2).mean(axis=1, keepdims=True) + eps"),
)

wrong(
    "layernorm-gamma-on-wrong-axis",
    FORWARD,
    "gamma and beta are applied to the transpose, where they meet the minibatch",
    (
        "Write the shapes of all factors beside the line that fails.",
        "gamma has a number for each feature. Which axis of your array is that of the features just then?",
        "Transposing helps with mean and variance. When is the moment to go back?",
    ),
    ("out = gamma * xhat + beta", "out = (gamma * xhat.T + beta).T"),
    forms=(
        (("out = gamma * xhat + beta", "out = (gamma.reshape(1, -1) * xhat.T + beta.reshape(1, -1)).T"),),
        (
            (
                "out = gamma * xhat + beta",
                'out = batchnorm_forward(x.T, gamma, beta, {"mode": "train", "eps": eps})[0].T',
            ),
        ),
    ),
)

wrong(
    "layernorm-backward-over-batch",
    BACKWARD,
    "the means in dx are taken over the minibatch",
    (
        "dgamma and dbeta are right. Change one row of dout: which rows of dx should change?",
        "In batch normalisation examples meet each other. Here it is features that do.",
        "The corrections are averages along the axis that the forward pass normalised.",
    ),
    (_DX, "dx = (dxhat - dxhat.mean(axis=0) - xhat * (dxhat * xhat).mean(axis=0)) / std"),
    forms=(
        (
            ("dxhat = dout * gamma", "dxhat = dout * gamma\n    D = dxhat.shape[1]"),
            (_DX, "dx = (dxhat - dxhat.sum(axis=0) / D - xhat * (dxhat * xhat).sum(axis=0) / D) / std"),
        ),
    ),
)
wrong(
    "layernorm-backward-gamma-late",
    BACKWARD,
    "gamma is multiplied after the means instead of before",
    (
        "With equal numbers in gamma you are right. What differs otherwise?",
        "In batch normalisation gamma is constant along the axis of the means, and can be taken out. And here?",
        "Each feature has its own gamma, so that it has to be in before features are averaged.",
    ),
    ("dxhat = dout * gamma", "dxhat = dout"),
    (
        _DX,
        "dx = gamma * (dxhat - dxhat.mean(axis=1, keepdims=True)"
        " - xhat * (dxhat * xhat).mean(axis=1, keepdims=True)) / std",
    ),
)
wrong(
    "layernorm-backward-gamma-forgotten",
    BACKWARD,
    "dx does not depend on gamma",
    (
        "dgamma and dbeta are right and dx is not. Double gamma: what should dx do?",
        "The last step of the forward pass is the first one of the backward pass.",
        "What stands between the output and the normalised x is one multiplication; it has a slope.",
    ),
    ("dxhat = dout * gamma", "dxhat = dout"),
)
wrong(
    "layernorm-backward-parameters-over-features",
    BACKWARD,
    "dgamma and dbeta are summed over the features",
    (
        "What shape has gamma, and what shape have your dgamma and dbeta?",
        "The normalisation went along rows. Does gamma belong to a row or to a column?",
        "Each feature has one gamma that serves all examples, just as in batch normalisation.",
    ),
    ("dbeta = dout.sum(axis=0)", "dbeta = dout.sum(axis=1)"),
    ("dgamma = (dout * xhat).sum(axis=0)", "dgamma = (dout * xhat).sum(axis=1)"),
)
wrong(
    "layernorm-backward-variance-forgotten",
    BACKWARD,
    "the gradient through the variance is forgotten",
    (
        "dx leaves out one of the paths from x to the output. How many are there?",
        "Stretch a row around its mean: apart from eps and gamma, nothing changes. What does that say about dx?",
        "Each number of a row also moves the spread that the whole row is divided by.",
    ),
    (_DX, "dx = (dxhat - dxhat.mean(axis=1, keepdims=True)) / std"),
)
wrong(
    "layernorm-backward-mean-forgotten",
    BACKWARD,
    "the gradient through the mean is forgotten",
    (
        "dx leaves out one of the paths from x to the output. How many are there?",
        "Add the same number to a whole row of x: the output does not change. So what must dx sum to in a row?",
        "Each number of a row also moves the mean that is taken off the whole row.",
    ),
    (_DX, "dx = (dxhat - xhat * (dxhat * xhat).mean(axis=1, keepdims=True)) / std"),
)
wrong(
    "layernorm-backward-batch-size-for-features",
    BACKWARD,
    "the sums over a row are divided by the number of examples",
    (
        "Your dx is right where a minibatch has as many examples as features.",
        "How many numbers does one mean of this layer average?",
        "N and D change places when you come from batch normalisation, and not only in the axis.",
    ),
    (
        _DX,
        "N = len(dout)\n    dx = (dxhat - dxhat.sum(axis=1, keepdims=True) / N"
        " - xhat * (dxhat * xhat).sum(axis=1, keepdims=True) / N) / std",
    ),
)
