"""max_pool_forward_naive and max_pool_backward_naive."""

from staff.misconceptions.catalogue import wrong

FORWARD, BACKWARD = "max_pool_forward_naive", "max_pool_backward_naive"
_MAX = "x[n, c, top : top + height, left : left + width].max()"
_PLACE = "top, left = i * stride, j * stride"
_GIVE = "dx[n, c, top + row, left + column] += dout[n, c, i, j]"
_WHERE = "row, column = np.unravel_index(window.argmax(), window.shape)"

wrong(
    "pool-average",
    FORWARD,
    "the mean of each window is taken",
    (
        "Take the window 0, 0, 0, 4. What should come out, and what does?",
        "There are two common kinds of pooling.",
        "Which one is in the name of the function?",
    ),
    (_MAX, _MAX.replace(".max()", ".mean()")),
)
wrong(
    "pool-never-negative",
    FORWARD,
    "zero wins over negative numbers",
    (
        "Try an image of negative numbers only.",
        "What do your maxima start from?",
        "A maximum starts from the numbers themselves, not from zero.",
    ),
    (_MAX, _MAX.replace(".max()", ".max(initial=0)")),
)
wrong(
    "pool-stride-ignored",
    FORWARD,
    "the window moves by its own size, whatever the stride",
    (
        "With windows that lie side by side you are right. And with those that overlap?",
        "Output (i, j) looks at a window: where is its corner?",
        "How far a window moves and how large it is are two different numbers.",
    ),
    (_PLACE, "top, left = i * height, j * width"),
)
wrong(
    "pool-window-square",
    FORWARD,
    "the window is as wide as it is high",
    (
        "With square windows you are right. And with others?",
        "pool_param has three numbers. Which of them does your window not depend on?",
        "Rows and columns of a window are counted by two different numbers.",
    ),
    (_MAX, _MAX.replace("left + width", "left + height")),
)
wrong(
    "pool-height-and-width-swapped",
    FORWARD,
    "height and width of the window are swapped",
    (
        "With square windows you are right. And with others?",
        "The third axis of x counts rows. Is a window's height a number of rows?",
        "Check each place where you use the size of the window.",
    ),
    ("N, C, H, W = x.shape", "N, C, H, W = x.shape\n    height, width = width, height"),
)
wrong(
    "pool-window-of-stride",
    FORWARD,
    "the window is as large as the stride",
    (
        "With windows that lie side by side you are right. And with those that overlap?",
        "How far a window moves and how large it is are two different numbers.",
        "pool_param has three numbers. Which of them does your window depend on?",
    ),
    (_MAX, _MAX.replace("top + height", "top + stride").replace("left + width", "left + stride")),
)
wrong(
    "pool-over-channels",
    FORWARD,
    "the maximum is taken over all channels",
    (
        "Compare the channels of your output with each other.",
        "With a single channel you are right.",
        "A window lies in one channel; the others have windows of their own.",
    ),
    (_MAX, _MAX.replace("n, c,", "n, :,")),
)
wrong(
    "pool-one-output-short",
    FORWARD,
    "the output has one row and one column too few",
    (
        "Compare the shape of your output with that of the docstring's formula.",
        "A window as large as the image fits how many times?",
        "Counting steps is not counting positions.",
    ),
    (
        "1 + (H - height) // stride, 1 + (W - width) // stride",
        "max((H - height) // stride, 1), max((W - width) // stride, 1)",
    ),
)
wrong(
    "pool-size-by-stride",
    FORWARD,
    "the output's size is the image's size divided by the stride",
    (
        "Compare the shape of your output with that of the docstring's formula.",
        "With windows that lie side by side you are right. And with those that overlap?",
        "The last window has to lie inside of the image.",
    ),
    ("1 + (H - height) // stride, 1 + (W - width) // stride", "H // stride, W // stride"),
)

wrong(
    "pool-backward-every-tie",
    BACKWARD,
    "every pixel that equals the maximum gets the whole gradient",
    (
        "Try a window of equal numbers: add up the gradients that it hands out.",
        "After a rectifier many windows are all zero, so ties are not rare.",
        "One gradient came in; the docstring says which single pixel gets it.",
    ),
    (_WHERE, "hit = window == window.max()"),
    (_GIVE, "dx[n, c, top : top + height, left : left + width] += hit * dout[n, c, i, j]"),
)
wrong(
    "pool-backward-ties-share",
    BACKWARD,
    "pixels that are equal share the gradient",
    (
        "Try a window of equal numbers: where does the gradient go?",
        "Several conventions are possible for ties; the docstring names the one used here.",
        "A single pixel of each window gets it all.",
    ),
    (_WHERE, "hit = window == window.max()"),
    (_GIVE, "dx[n, c, top : top + height, left : left + width] += hit * dout[n, c, i, j] / hit.sum()"),
)
wrong(
    "pool-backward-last-tie",
    BACKWARD,
    "where several pixels are equal, the last one gets the gradient",
    (
        "Try a window of equal numbers: where does the gradient go?",
        "Several conventions are possible for ties; the docstring names the one used here.",
        "Read the window as a text: the first maximum that you meet.",
    ),
    (_WHERE, "row, column = np.argwhere(window == window.max())[-1]"),
)
wrong(
    "pool-backward-overwritten",
    BACKWARD,
    "where windows overlap, the last gradient replaces the earlier ones",
    (
        "With windows that lie side by side you are right. And with those that overlap?",
        "A pixel may be the maximum of several windows.",
        "Contributions to the same number add up.",
    ),
    (_GIVE, _GIVE.replace("+=", "=")),
    forms=(((_GIVE, f"dx[n, c, top : top + height, left : left + width] = 0\n        {_GIVE}"),),),
)
wrong(
    "pool-backward-spread-evenly",
    BACKWARD,
    "the gradient is spread evenly over the window",
    (
        "Move a pixel that is not the maximum a little: does the output change?",
        "You wrote the backward pass of another kind of pooling.",
        "Only the pixel that won has a gradient.",
    ),
    (_GIVE, "dx[n, c, top : top + height, left : left + width] += dout[n, c, i, j] / window.size"),
)
wrong(
    "pool-backward-to-all",
    BACKWARD,
    "every pixel of the window gets the whole gradient",
    (
        "Move a pixel that is not the maximum a little: does the output change?",
        "The forward pass picked one pixel out of each window.",
        "Find out which one, and hand the gradient to that one alone.",
    ),
    (_GIVE, "dx[n, c, top : top + height, left : left + width] += dout[n, c, i, j]"),
)
wrong(
    "pool-backward-in-window-coordinates",
    BACKWARD,
    "the place of the maximum is taken as a place in the image",
    (
        "Look at where in dx the numbers are: which corner?",
        "argmax counts inside of the window.",
        "Where does the window begin in the image?",
    ),
    (_GIVE, "dx[n, c, row, column] += dout[n, c, i, j]"),
)
wrong(
    "pool-backward-stride-ignored",
    BACKWARD,
    "the window moves by its own size, whatever the stride",
    (
        "With windows that lie side by side you are right. And with those that overlap?",
        "Each output hands its gradient into the window that it looked at in the forward pass.",
        "How far a window moves and how large it is are two different numbers.",
    ),
    (
        _PLACE,
        "top, left = min(i * height, x.shape[2] - 1), min(j * width, x.shape[3] - 1)",
    ),
)
wrong(
    "pool-backward-times-maximum",
    BACKWARD,
    "the gradient is multiplied by the maximum",
    (
        "Double x: should dx double?",
        "Move the largest pixel of a window by one: by how much does the output move?",
        "The slope of a maximum by the number that wins is one.",
    ),
    (_GIVE, "dx[n, c, top + row, left + column] += window.max() * dout[n, c, i, j]"),
)
