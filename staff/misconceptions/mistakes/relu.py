"""relu_forward and relu_backward."""

from staff.misconceptions.catalogue import wrong

wrong(
    "relu-absolute-value",
    "relu_forward",
    "negative numbers change their sign instead of becoming zero",
    (
        "Try the numbers -2, 0 and 3 one by one.",
        "Draw the function that you computed and the one in the docstring.",
        "To the left of zero the rectifier is flat.",
    ),
    ("np.maximum(x, 0)", "np.abs(x)"),
)
wrong(
    "relu-largest-of-all",
    "relu_forward",
    "the largest entry of the whole array is taken, instead of a comparison for each entry",
    (
        "What shape has the output, and what shape has x?",
        "NumPy has one function for the largest of an array and another one that compares element by element.",
        "Look up the difference between max and maximum.",
    ),
    ("np.maximum(x, 0)", "np.max(x, 0)"),
    forms=((("np.maximum(x, 0)", "np.maximum(x.max(), 0)"),),),
)
wrong(
    "relu-leaky",
    "relu_forward",
    "a part of the negative numbers gets through",
    (
        "Look at the output for negative inputs only.",
        "There is a relative of this function with a slope on the left. Which one is asked for here?",
        "On the left the output is one constant, whatever the input.",
    ),
    ("np.maximum(x, 0)", "np.where(x > 0, x, (0.01 * x).astype(x.dtype))"),
)
wrong(
    "relu-step",
    "relu_forward",
    "the output is the mask of the positive numbers, without their values",
    (
        "Try the numbers -2, 0 and 3 one by one.",
        "Your output has only two different values. How many should there be?",
        "Knowing where x is positive is half of it; what passes there is x itself.",
    ),
    ("np.maximum(x, 0)", "(x > 0).astype(x.dtype)"),
)
wrong(
    "relu-minimum",
    "relu_forward",
    "the negative numbers are kept instead of the positive ones",
    (
        "Try the numbers -2, 0 and 3 one by one.",
        "Which side of zero should survive?",
        "You kept the smaller one of the two.",
    ),
    ("np.maximum(x, 0)", "np.minimum(x, 0)"),
)
wrong(
    "relu-in-place",
    "relu_forward",
    "x itself is overwritten",
    (
        "Print x before and after the call.",
        "The backward pass needs to know where x was negative. Is that still in the cache?",
        "Assigning to a part of x changes the caller's array: work on a new one.",
    ),
    ("out = np.maximum(x, 0)", "x[x < 0] = 0\n    out = x"),
)

wrong(
    "relu-backward-kink",
    "relu_backward",
    "at exactly zero the gradient passes",
    (
        "Everything is right except for a few special inputs. Which value of x is special for this function?",
        "At zero the function has no slope; there is a convention, and the docstring says it.",
        "Compare strictly.",
    ),
    ("dout * (x > 0)", "dout * (x >= 0)"),
)
wrong(
    "relu-backward-half-at-kink",
    "relu_backward",
    "at exactly zero half of the gradient passes",
    (
        "Everything is right except for a few special inputs. Which value of x is special for this function?",
        "Several conventions are possible at the kink; the docstring names the one used here.",
        "At zero nothing passes.",
    ),
    ("dout * (x > 0)", "dout * np.where(x == 0, 0.5, x > 0)"),
)
wrong(
    "relu-backward-mask-from-dout",
    "relu_backward",
    "the upstream gradient is rectified",
    (
        "Which argument decides where gradients pass?",
        "Take x = 2 and dout = -1. What is the gradient?",
        "A gradient may well be negative; what counts is the sign of the input that came in on the way forward.",
    ),
    ("dout * (x > 0)", "dout * (dout > 0)"),
    forms=((("dout * (x > 0)", "np.maximum(dout, 0) * (x > 0)"),),),
)
wrong(
    "relu-backward-without-mask",
    "relu_backward",
    "the gradient passes everywhere",
    (
        "Does your result depend on the cache?",
        "Where the forward pass cut off, a small change of x changes nothing. What is the gradient there?",
        "Set the gradient to zero wherever the input was not positive.",
    ),
    ("dout * (x > 0)", "dout.copy()"),
)
wrong(
    "relu-backward-times-x",
    "relu_backward",
    "the gradient is multiplied by the output instead of by the slope",
    (
        "Take x = 5: what is the slope of the function there? And at x = 50?",
        "You multiplied with what the forward pass returned.",
        "The slope on the right of zero is the same everywhere.",
    ),
    ("dout * (x > 0)", "dout * np.maximum(x, 0)"),
)
wrong(
    "relu-backward-ignores-dout",
    "relu_backward",
    "only the slope is returned, without the upstream gradient",
    (
        "Double dout: the result should double.",
        "The chain rule has two factors.",
        "Multiply your mask with what arrives from above.",
    ),
    ("dout * (x > 0)", "(x > 0).astype(dout.dtype)"),
)
wrong(
    "relu-backward-in-place",
    "relu_backward",
    "dout is overwritten",
    (
        "Print dout before and after the call.",
        "The caller may need dout again.",
        "Assigning to a part of an array changes it for everyone: start from a copy.",
    ),
    ("dx = dout * (x > 0)", "dx = dout\n    dx[x <= 0] = 0"),
)
wrong(
    "relu-backward-inverted-mask",
    "relu_backward",
    "the gradient passes where x is negative",
    (
        "Take x = 2 and dout = 1, then x = -2.",
        "On which side did the forward pass let numbers through?",
        "Your comparison points the other way.",
    ),
    ("(x > 0)", "(x < 0)"),
    forms=((("(x > 0)", "(x <= 0)"),),),
)
