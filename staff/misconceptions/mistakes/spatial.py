"""Batch and group normalisation of images."""

from staff.misconceptions.catalogue import wrong

# --- spatial batch normalisation ----------------------------------------------------------------------------

FORWARD, BACKWARD = "spatial_batchnorm_forward", "spatial_batchnorm_backward"
_TO_ROWS = "rows = x.transpose(0, 2, 3, 1).reshape(N * H * W, C)"
_FROM_ROWS = "out = rows.reshape(N, H, W, C).transpose(0, 3, 1, 2)"
_BACK_TO_ROWS = "rows = dout.transpose(0, 2, 3, 1).reshape(N * H * W, C)"
_BACK_FROM_ROWS = "dx = rows.reshape(N, H, W, C).transpose(0, 3, 1, 2)"
_NO_TRANSPOSE = (
    "Number the entries of a small x, one hundred per channel, and print the rows that you make of it.",
    "A reshape does not move numbers: it cuts the same sequence into other pieces.",
    "The channels have to be the last axis before the others are flattened into one.",
)
_NOT_BACK = (
    "The shape is right. Number the entries of a small x and print what comes back without normalising.",
    "You moved the channels to the end and flattened. What is the reverse of these two steps, in which order?",
    "First cut the rows into the axes that they were made of, then bring the channels back.",
)

wrong(
    "spatial-batchnorm-not-transposed",
    FORWARD,
    "the images are reshaped into rows without moving the channels to the end",
    _NO_TRANSPOSE,
    (_TO_ROWS, "rows = x.reshape(N * H * W, C)"),
    (_FROM_ROWS, "out = rows.reshape(N, C, H, W)"),
)
wrong(
    "spatial-batchnorm-reshaped-back",
    FORWARD,
    "the rows are reshaped into images without moving the channels back",
    _NOT_BACK,
    (_FROM_ROWS, "out = rows.reshape(N, C, H, W)"),
)
wrong(
    "spatial-batchnorm-height-and-width-swapped",
    FORWARD,
    "height and width come back swapped",
    (
        "With square images you are right. And with others?",
        "Write the order of the axes beside each step, there and back.",
        "The axes have to come apart in the order in which they were put together.",
    ),
    (_FROM_ROWS, "out = rows.reshape(N, H, W, C).transpose(0, 3, 2, 1).reshape(N, C, H, W)"),
    forms=(((_FROM_ROWS, "out = rows.reshape(N, W, H, C).transpose(0, 3, 2, 1)"),),),
)
wrong(
    "spatial-batchnorm-channels-in-wrong-place",
    FORWARD,
    "the output has its channels last",
    (
        "Compare the shape of the output with that of x.",
        "You moved the channels to the end for the normalisation. Where do they belong?",
        "One step is left to do.",
    ),
    (_FROM_ROWS, "out = rows.reshape(N, H, W, C)"),
)
wrong(
    "spatial-batchnorm-each-pixel",
    FORWARD,
    "every pixel has its own mean and variance",
    (
        "How many means are there for C channels?",
        "With a batch of one your output is beta, whatever x is. Why?",
        "All positions of a channel are samples of the same feature: average over them too.",
    ),
    (
        "rows, cache = batchnorm_forward(rows, gamma, beta, bn_param)",
        "flat = x.reshape(N, C * H * W)\n    param = dict(bn_param)\n"
        "    for name in ('running_mean', 'running_var'):\n"
        "        if name in param:\n            param[name] = np.repeat(param[name], H * W)\n"
        "    flat, cache = batchnorm_forward(flat, np.repeat(gamma, H * W), np.repeat(beta, H * W), param)\n"
        "    for name in ('running_mean', 'running_var'):\n"
        "        bn_param[name] = param[name].reshape(C, -1).mean(axis=1)\n"
        "    rows = flat.reshape(N, C, H, W).transpose(0, 2, 3, 1).reshape(N * H * W, C)",
    ),
)
wrong(
    "spatial-batchnorm-always-training",
    FORWARD,
    "the mode is set to 'train' in every call",
    (
        "Training is right; look at mode 'test'.",
        "Which of the entries of bn_param reach the batch normalisation that you call?",
        "Pass the dict on unchanged: mode, statistics and all.",
    ),
    (
        "batchnorm_forward(rows, gamma, beta, bn_param)",
        "batchnorm_forward(rows, gamma, beta, {**bn_param, 'mode': 'train'})",
    ),
)
wrong(
    "spatial-batchnorm-statistics-lost",
    FORWARD,
    "batch normalisation gets a copy of bn_param, so that the running statistics are lost",
    (
        "Look at bn_param after a call in mode 'train'.",
        "The function that you call writes into the dict that it gets. Whose dict is that?",
        "Pass on the same dict that you got.",
    ),
    ("batchnorm_forward(rows, gamma, beta, bn_param)", "batchnorm_forward(rows, gamma, beta, dict(bn_param))"),
    forms=(  # what came in is lost, too
        (
            (
                "batchnorm_forward(rows, gamma, beta, bn_param)",
                "batchnorm_forward(rows, gamma, beta, {k: bn_param[k] for k in ('mode', 'eps') if k in bn_param})",
            ),
        ),
    ),
)

wrong(
    "spatial-batchnorm-backward-not-transposed",
    BACKWARD,
    "dout is reshaped into rows without moving the channels to the end",
    _NO_TRANSPOSE,
    (_BACK_TO_ROWS, "rows = dout.reshape(N * H * W, C)"),
    (_BACK_FROM_ROWS, "dx = rows.reshape(N, C, H, W)"),
)
wrong(
    "spatial-batchnorm-backward-reshaped-back",
    BACKWARD,
    "the rows are reshaped into images without moving the channels back",
    _NOT_BACK,
    (_BACK_FROM_ROWS, "dx = rows.reshape(N, C, H, W)"),
)
wrong(
    "spatial-batchnorm-backward-dout-reshaped",
    BACKWARD,
    "only dout is reshaped without moving the channels; dx is moved back",
    _NO_TRANSPOSE,
    (_BACK_TO_ROWS, "rows = dout.reshape(N * H * W, C)"),
)
wrong(
    "spatial-batchnorm-backward-channels-in-wrong-place",
    BACKWARD,
    "dx has its channels last",
    (
        "Compare the shape of dx with that of x.",
        "You moved the channels to the end for the normalisation. Where do they belong?",
        "One step is left to do.",
    ),
    (_BACK_FROM_ROWS, "dx = rows.reshape(N, H, W, C)"),
)
wrong(
    "spatial-batchnorm-backward-parameters-averaged",
    BACKWARD,
    "dgamma and dbeta are divided by the number of pixels",
    (
        "dgamma and dbeta are off by a constant factor. Which number of this problem is that?",
        "What batch normalisation returns has been added up over all its rows. Is there anything left to do?",
        "Sums, not means: if the loss is an average, dout has that already.",
    ),
    (_BACK_FROM_ROWS, "dgamma, dbeta = dgamma / (H * W), dbeta / (H * W)\n    " + _BACK_FROM_ROWS),
)
wrong(
    "spatial-batchnorm-backward-parameters-swapped",
    BACKWARD,
    "dgamma and dbeta are swapped",
    (
        "dx is right. Compare your dgamma with the right dbeta.",
        "Three arrays come back from batch normalisation, in a certain order.",
        "Look at how you name them.",
    ),
    ("rows, dgamma, dbeta =", "rows, dbeta, dgamma ="),
)

# --- group normalisation ------------------------------------------------------------------------------------

GROUP, GROUP_BACKWARD = "spatial_groupnorm_forward", "spatial_groupnorm_backward"
_GROUPS = "groups = x.reshape(N, G, C // G * H * W)"
_STD = "std = np.sqrt((centred**2).mean(axis=2, keepdims=True) + eps)"
_DX = "dx = (dxhat - dxhat.mean(axis=2, keepdims=True) - xhat * (dxhat * xhat).mean(axis=2, keepdims=True)) / std"

wrong(
    "groupnorm-interleaved",
    GROUP,
    "the channels of a group are interleaved with those of the others",
    (
        "With one group, or as many groups as channels, you are right. Which channels make up the first group?",
        "Number the channels of a small x and print your groups.",
        "Neighbouring channels belong together: of the two axes that you cut the channels into, G comes first.",
    ),
    (_GROUPS, "groups = x.reshape(N, C // G, G, H * W).swapaxes(1, 2).reshape(N, G, C // G * H * W)"),
    (
        "xhat = (centred / std).reshape(N, C, H, W)",
        "xhat = (centred / std).reshape(N, G, C // G, H * W).swapaxes(1, 2).reshape(N, C, H, W)",
    ),
)
wrong(
    "groupnorm-interleaved-there-only",
    GROUP,
    "the channels of a group are interleaved, and come back in another order",
    (
        "Number the channels of a small x and print your groups, and then what comes back.",
        "What you do to the axes on the way in has to be undone in reverse on the way out.",
        "Neighbouring channels belong together, so that no axis needs to be moved at all.",
    ),
    (_GROUPS, "groups = x.reshape(N, C // G, G, -1).swapaxes(1, 2).reshape(N, G, C // G * H * W)"),
)
wrong(
    "groupnorm-over-batch",
    GROUP,
    "mean and variance are taken over the minibatch too",
    (
        "Change one image only: which images of the output should change?",
        "This layer was made for small batches, a batch of one included.",
        "Each image has means of its own, one for each group.",
    ),
    ("groups.mean(axis=2, keepdims=True)", "groups.mean(axis=(0, 2), keepdims=True)"),
    (_STD, "std = np.sqrt((centred**2).mean(axis=(0, 2), keepdims=True) + eps) * np.ones((N, 1, 1), x.dtype)"),
)
wrong(
    "groupnorm-as-layernorm",
    GROUP,
    "all channels are one group",
    (
        "Is there an argument that your output does not depend on?",
        "With G = 1 you are right.",
        "An image has G means, each over its share of the channels.",
    ),
    (_GROUPS, "groups = x.reshape(N, 1, C * H * W)"),
)
wrong(
    "groupnorm-as-instance-norm",
    GROUP,
    "each channel is normalised by itself",
    (
        "Is there an argument that your output does not depend on?",
        "With as many groups as channels you are right.",
        "The channels of a group share one mean and one variance.",
    ),
    (_GROUPS, "groups = x.reshape(N, C, H * W)"),
)
wrong(
    "groupnorm-of-size-g",
    GROUP,
    "G is taken as the number of channels in a group",
    (
        "With six channels and G = 2, how many means has an image?",
        "Is G a number of groups, or of channels?",
        "Each group has C / G channels.",
    ),
    (_GROUPS, "groups = x.reshape(N, C // G, G * H * W)"),
)
wrong(
    "groupnorm-positions-apart",
    GROUP,
    "each position is normalised by itself, over the channels of a group",
    (
        "How many means has an image of G groups?",
        "With a single pixel you would be right.",
        "Average over the positions as well as over the channels of a group.",
    ),
    (
        _GROUPS,
        "groups = x.reshape(N, G, C // G, H * W)",
    ),
)
wrong(
    "groupnorm-channels-and-pixels-mixed",
    GROUP,
    "the channels are moved to the end before the images are cut into groups",
    (
        "Number the channels of a small x and print your groups.",
        "A reshape cuts a sequence into pieces. What comes first in yours: the channels, or the positions?",
        "Neighbouring channels belong together, so that no axis needs to be moved at all.",
    ),
    (_GROUPS, "groups = x.transpose(0, 2, 3, 1).reshape(N, G, C // G * H * W)"),
    (
        "xhat = (centred / std).reshape(N, C, H, W)",
        "xhat = (centred / std).reshape(N, H, W, C).transpose(0, 3, 1, 2)",
    ),
)
wrong(
    "groupnorm-eps-outside-root",
    GROUP,
    "eps is added to the standard deviation instead of the variance",
    (
        "eps is there so that nothing is divided by zero. Where exactly does the formula add it?",
        "Take an image of equal numbers and compute by hand what it is divided by.",
        "Read the formula from the inside: variance, then eps, and what comes after that?",
    ),
    (".mean(axis=2, keepdims=True) + eps)", ".mean(axis=2, keepdims=True)) + eps"),
)
wrong(
    "groupnorm-unbiased-variance",
    GROUP,
    "the variance is divided by one less than the number of values",
    (
        "There are two common definitions of a variance. Which one does the docstring name?",
        "Your output is slightly too small everywhere.",
        "Average the squares over all values of the group.",
    ),
    (_STD, "std = np.sqrt((centred**2).sum(axis=2, keepdims=True) / (groups.shape[2] - 1) + eps)"),
)
wrong(
    "groupnorm-without-scale-and-shift",
    GROUP,
    "the output is the normalised x, without gamma and beta",
    (
        "Which arguments does your output not depend on?",
        "The groups share their statistics; what does each channel have for itself?",
        "One of the two arguments multiplies, the other one is added.",
    ),
    ("out = gamma * xhat + beta", "out = xhat"),
)
wrong(
    "groupnorm-eps-forgotten",
    GROUP,
    "eps is left out",
    (
        "Is there something in gn_param that your result does not depend on?",
        "Take an image of equal numbers: what do you divide by?",
        "A small number keeps the divisor away from zero; the formula says where it goes.",
    ),
    (_STD, "std = np.sqrt((centred**2).mean(axis=2, keepdims=True))"),
)

wrong(
    "groupnorm-backward-parameters-flat",
    GROUP_BACKWARD,
    "dgamma and dbeta have shape (C,) even where gamma and beta have four axes",
    (
        "Compare the shapes of gamma and dgamma.",
        "A gradient has the shape of what it belongs to.",
        "Sums drop axes: there are two ways to get them back.",
    ),
    ("dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)", "dbeta = dout.sum(axis=(0, 2, 3))"),
    ("(dout * xhat).sum(axis=(0, 2, 3), keepdims=True)", "(dout * xhat).sum(axis=(0, 2, 3))"),
)
wrong(
    "groupnorm-backward-means-of-channels",
    GROUP_BACKWARD,
    "the sums over a group are divided by the pixels of one channel",
    (
        "With as many groups as channels you are right. What differs otherwise?",
        "How many numbers does one mean of this layer average?",
        "A group has as many numbers as its channels have pixels together.",
    ),
    (_DX, _DX.replace(".mean(axis=2, keepdims=True)", ".sum(axis=2, keepdims=True) / (H * W)")),
)
wrong(
    "groupnorm-backward-parameters-per-image",
    GROUP_BACKWARD,
    "dgamma and dbeta are not summed over the minibatch",
    (
        "Compare the shapes of gamma and dgamma.",
        "gamma is shared by all positions and by what else?",
        "Only the axis of the channels is left over.",
    ),
    ("dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)", "dbeta = dout.sum(axis=(2, 3), keepdims=True)"),
    (
        "dgamma = (dout * xhat).sum(axis=(0, 2, 3), keepdims=True)",
        "dgamma = (dout * xhat).sum(axis=(2, 3), keepdims=True)",
    ),
)
wrong(
    "groupnorm-backward-mean-forgotten",
    GROUP_BACKWARD,
    "the gradient through the mean is forgotten",
    (
        "dx leaves out one of the paths from x to the output. How many are there?",
        "Add the same number to a whole group: the output does not change. So what must dx sum to in a group?",
        "Each number of a group also moves the mean that is taken off the whole group.",
    ),
    (_DX, _DX.replace("dxhat - dxhat.mean(axis=2, keepdims=True) - ", "dxhat - ")),
)
wrong(
    "groupnorm-backward-variance-forgotten",
    GROUP_BACKWARD,
    "the gradient through the variance is forgotten",
    (
        "dx leaves out one of the paths from x to the output. How many are there?",
        "Stretch a group around its mean: apart from eps and gamma, nothing changes. What does that say about dx?",
        "Each number of a group also moves the spread that the whole group is divided by.",
    ),
    (_DX, "dx = (dxhat - dxhat.mean(axis=2, keepdims=True)) / std"),
)
wrong(
    "groupnorm-backward-gamma-late",
    GROUP_BACKWARD,
    "gamma is multiplied after the means instead of before",
    (
        "With equal numbers in gamma you are right, and with as many groups as channels. What differs otherwise?",
        "The channels of a group have different gammas, but are averaged together.",
        "Scale first, average then.",
    ),
    (
        "dxhat = (dout * gamma).reshape(N, G, C // G * H * W)",
        "dxhat = dout.reshape(N, G, C // G * H * W)",
    ),
    ("dx = dx.reshape(N, C, H, W)", "dx = dx.reshape(N, C, H, W) * gamma"),
)
wrong(
    "groupnorm-backward-gamma-forgotten",
    GROUP_BACKWARD,
    "dx does not depend on gamma",
    (
        "dgamma and dbeta are right and dx is not. Double gamma: what should dx do?",
        "The last step of the forward pass is the first one of the backward pass.",
        "What stands between the output and the normalised x is one multiplication; it has a slope.",
    ),
    (
        "dxhat = (dout * gamma).reshape(N, G, C // G * H * W)",
        "dxhat = dout.reshape(N, G, C // G * H * W)",
    ),
)
wrong(
    "groupnorm-backward-means-over-image",
    GROUP_BACKWARD,
    "the means in dx are taken over all groups of an image",
    (
        "With a single group you are right.",
        "Change dout in one group: in which groups should dx change?",
        "The corrections are averages over what the forward pass normalised together.",
    ),
    (_DX, _DX.replace("axis=2", "axis=(1, 2)")),
)
wrong(
    "groupnorm-backward-interleaved",
    GROUP_BACKWARD,
    "the channels of a group are interleaved with those of the others",
    (
        "With one group, or as many groups as channels, you are right. Which channels make up the first group?",
        "The groups of the backward pass have to be those of the forward pass.",
        "Neighbouring channels belong together: of the two axes that you cut the channels into, G comes first.",
    ),
    (
        "dxhat = (dout * gamma).reshape(N, G, C // G * H * W)",
        "dxhat = (dout * gamma).reshape(N, C // G, G, H * W).swapaxes(1, 2).reshape(N, G, C // G * H * W)",
    ),
    (
        "xhat = xhat.reshape(dxhat.shape)",
        "xhat = xhat.reshape(N, C // G, G, H * W).swapaxes(1, 2).reshape(dxhat.shape)",
    ),
    ("dx = dx.reshape(N, C, H, W)", "dx = dx.reshape(N, G, C // G, H * W).swapaxes(1, 2).reshape(N, C, H, W)"),
)
