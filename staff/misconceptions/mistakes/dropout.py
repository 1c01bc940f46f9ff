"""dropout_forward and dropout_backward."""

from staff.misconceptions.catalogue import wrong

FORWARD, BACKWARD = "dropout_forward", "dropout_backward"
_DX = "dx = dout.copy() if mask is None else dout * mask"

wrong(
    "dropout-p-to-drop",
    FORWARD,
    "p is taken as the probability to drop",
    (
        "Count the zeros in the output for p = 0.9.",
        "Both meanings of p are in use. Which one does the docstring give?",
        "With p = 1 the layer does nothing at all.",
    ),
    ("< p) / p", ">= p) / p"),
    forms=((("< p) / p", "< 1 - p) / p"),),),
)
wrong(
    "dropout-p-to-drop-and-scaled-so",
    FORWARD,
    "p is taken as the probability to drop, in the scale too",
    (
        "Count the zeros in the output for p = 0.9.",
        "Both meanings of p are in use. Which one does the docstring give?",
        "With p = 1 the layer does nothing at all.",
    ),
    ("< p) / p", ">= p) / (1 - p)"),
)
wrong(
    "dropout-not-scaled",
    FORWARD,
    "what is kept is not scaled",
    (
        "Average the output over many masks: it should be x.",
        "At test time nothing is done here. So what has to be done in training?",
        "If only some of the units are kept, each of them has to count for more.",
    ),
    ("< p) / p", "< p) * 1.0"),
)
wrong(
    "dropout-scaled-down",
    FORWARD,
    "what is kept is multiplied by p instead of divided",
    (
        "Average the output over many masks: it should be x.",
        "Fewer units are left in training: does each have to become larger or smaller?",
        "Your scale goes the wrong way.",
    ),
    ("< p) / p", "< p) * p"),
)
wrong(
    "dropout-scaled-by-dropped-share",
    FORWARD,
    "what is kept is divided by the share that is dropped",
    (
        "Average the output over many masks: it should be x.",
        "With p = 1 nothing is dropped: what do you divide by?",
        "The scale makes up for the share of units that are left.",
    ),
    ("< p) / p", "< p) / (1 - p)"),
)
wrong(
    "dropout-scaled-at-test-time",
    FORWARD,
    "the scale is applied at test time, as in the dropout that is not inverted",
    (
        "There are two ways to make training and test agree: scale in the one, or in the other.",
        "Which of the two modes does the docstring leave alone?",
        "Inverted dropout does all it has to do in training.",
    ),
    ("< p) / p", "< p) * 1.0"),
    ("out = x.copy()", "out = x * x.dtype.type(p)"),
)
wrong(
    "dropout-scaled-twice",
    FORWARD,
    "the output is scaled in training and in test mode",
    (
        "Training is right; look at mode 'test'.",
        "The scale in training has made up for the dropped units already.",
        "At test time x passes as it is.",
    ),
    ("out = x.copy()", "out = x * x.dtype.type(p)"),
)
wrong(
    "dropout-active-in-test-mode",
    FORWARD,
    "units are dropped in mode 'test'",
    (
        "Call it twice in mode 'test'. Should a prediction be random?",
        "The two modes do two different things.",
        "In mode 'test' nothing is drawn at all.",
    ),
    ("out = x.copy()", "out = x * ((random.rand(*x.shape) < p) / p)"),
)
wrong(
    "dropout-whole-rows",
    FORWARD,
    "whole examples are dropped",
    (
        "Look for rows of the output that are zero from end to end.",
        "How many random numbers do you draw, and how many numbers has x?",
        "Each element decides for itself.",
    ),
    ("random.rand(*x.shape)", "random.rand(len(x), *[1] * (x.ndim - 1))"),
    ("out = x * mask", "mask = mask * np.ones_like(x)\n        out = x * mask"),
)
wrong(
    "dropout-same-mask-for-all",
    FORWARD,
    "all examples share one mask",
    (
        "Compare where two rows of the output are zero.",
        "How many random numbers do you draw, and how many numbers has x?",
        "Broadcasting repeats a mask that is too small; draw one of the full shape.",
    ),
    ("random.rand(*x.shape)", "random.rand(*x.shape[1:])"),
    ("out = x * mask", "mask = mask * np.ones_like(x)\n        out = x * mask"),
)
wrong(
    "dropout-normal-numbers",
    FORWARD,
    "the random numbers are normally distributed",
    (
        "Count the zeros in the output for a few values of p.",
        "How likely is it that your random number is below p?",
        "The numbers have to be spread evenly between 0 and 1.",
    ),
    ("random.rand(*x.shape)", "random.randn(*x.shape)"),
)
wrong(
    "dropout-always-the-same-mask",
    FORWARD,
    "the mask is the same in every call",
    (
        "Call it twice without a seed and compare.",
        "Where do you start a generator, and from what?",
        "Without a seed in dropout_param, each call has to draw anew.",
    ),
    ("random.rand(*x.shape)", "np.random.RandomState(0).rand(*x.shape)"),
)
wrong(
    "dropout-in-place",
    FORWARD,
    "x itself is overwritten",
    (
        "Print x before and after the call.",
        "The array belongs to the caller.",
        "Look for an operator that writes into its left side.",
    ),
    ("out = x * mask", "out = x\n        out *= mask"),
)

wrong(
    "dropout-backward-not-scaled",
    BACKWARD,
    "the gradient passes where units were kept, but without the scale",
    (
        "Your gradient is off by a constant factor where it is not zero. Which number is that?",
        "The forward pass did two things to an element: keep it, and something else.",
        "What an element was multiplied with on the way forward, its gradient is multiplied with on the way back.",
    ),
    ("dout * mask", "dout * (mask > 0)"),
)
wrong(
    "dropout-backward-scaled-twice",
    BACKWARD,
    "the scale is applied twice",
    (
        "Your gradient is off by a constant factor where it is not zero. Which number is that?",
        "Print the mask: which values does it have?",
        "The mask in the cache is scaled already.",
    ),
    ("dout * mask", "(dout * mask / cache[0]['p']).astype(dout.dtype)"),
)
wrong(
    "dropout-backward-without-mask",
    BACKWARD,
    "the mask is ignored",
    (
        "Does your result depend on the cache?",
        "A unit that was dropped has no influence on the loss. What is its gradient?",
        "The backward pass goes through the same mask as the forward pass.",
    ),
    ("dout * mask", "dout.copy()"),
)
wrong(
    "dropout-backward-new-mask",
    BACKWARD,
    "a new mask is drawn for the backward pass",
    (
        "Call the backward pass twice with the same cache.",
        "Which units were dropped has been decided in the forward pass.",
        "The mask is in the cache: nothing is drawn here.",
    ),
    ("dout * mask", "dout * ((np.random.rand(*dout.shape) < cache[0]['p']) / cache[0]['p']).astype(dout.dtype)"),
)
wrong(
    "dropout-backward-scaled-in-test-mode",
    BACKWARD,
    "in mode 'test' the gradient is scaled",
    (
        "In training you are right; look at mode 'test'.",
        "What does the forward pass do in mode 'test'?",
        "What did nothing forward does nothing backward.",
    ),
    ("dout.copy() if mask", "(dout * cache[0]['p']).astype(dout.dtype) if mask"),
)
wrong(
    "dropout-backward-divided-by-mask",
    BACKWARD,
    "the gradient is divided by the mask",
    (
        "Look for NaN and infinity in your result.",
        "The backward pass of a product is not a division.",
        "The slope of m * x by x is m.",
    ),
    ("dout * mask", "dout / mask"),
)
wrong(
    "dropout-backward-inverted-mask",
    BACKWARD,
    "the gradient passes where units were dropped",
    (
        "Compare where the output of the forward pass is zero with where your gradient is.",
        "A unit that was dropped has no influence on the loss.",
        "You kept the complement.",
    ),
    ("dout * mask", "dout * (mask == 0)"),
)
wrong(
    "dropout-backward-in-place",
    BACKWARD,
    "dout is overwritten",
    (
        "Print dout before and after the call.",
        "The array belongs to the caller.",
        "Look for an operator that writes into its left side.",
    ),
    (_DX, "dx = dout.copy() if mask is None else np.multiply(dout, mask, out=dout)"),
)
