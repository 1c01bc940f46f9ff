"""conv_forward_naive and conv_backward_naive."""

from staff.misconceptions.catalogue import wrong

FORWARD, BACKWARD = "conv_forward_naive", "conv_backward_naive"
_PAD = "padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))"
_SUM = "np.sum(padded[n, :, top : top + HH, left : left + WW] * w[f]) + b[f]"
_PLACE = "top, left = i * stride, j * stride"
_SIZE = "1 + (H + 2 * pad - HH) // stride, 1 + (W + 2 * pad - WW) // stride"
_SWAPPED_SIZE = "1 + (W + 2 * pad - WW) // stride, 1 + (H + 2 * pad - HH) // stride"

wrong(
    "conv-bias-missing",
    FORWARD,
    "the bias is not added",
    (
        "Which of the inputs does your result not depend on?",
        "Set all filters to zero: what should come out?",
        "Each filter has one number that is added at every position.",
    ),
    (" + b[f]", ""),
)
wrong(
    "conv-flipped-filter",
    FORWARD,
    "the filters are flipped",
    (
        "Take a filter that is zero except for one corner: which pixels come out?",
        "Mathematicians flip the filter; what do deep nets do?",
        "Lay the filter on the window as it is.",
    ),
    ("* w[f])", "* w[f, :, ::-1, ::-1])"),
)
wrong(
    "conv-stride-ignored",
    FORWARD,
    "the window moves by one pixel, whatever the stride",
    (
        "With stride 1 you are right. Where does the stride enter your window?",
        "Output (i, j) looks at a window: where is its corner?",
        "Neighbouring outputs look at windows that lie a stride apart.",
    ),
    (_PLACE, "top, left = i, j"),
)
wrong(
    "conv-stride-in-one-slice",
    FORWARD,
    "the window moves by the stride in one direction, and by one pixel in the other",
    (
        "With stride 1 you are right. Move an image down by one pixel, and then to the right: what changes?",
        "The corner of a window has two coordinates. Compare how you compute them.",
        "Neighbouring outputs look at windows that lie a stride apart, in both directions.",
    ),
    (_PLACE, "top, left = i * stride, j"),
    forms=(((_PLACE, "top, left = i, j * stride"),),),
)
wrong(
    "conv-pad-one-side",
    FORWARD,
    "the padding is on one side only",
    (
        "Print the padded image of a small x.",
        "The output has the right size, but everything is shifted. By how much?",
        "There are pad rows above and pad rows below, and the same left and right.",
    ),
    (_PAD, "padded = np.pad(x, ((0, 0), (0, 0), (0, 2 * pad), (0, 2 * pad)))"),
    forms=(((_PAD, "padded = np.pad(x, ((0, 0), (0, 0), (2 * pad, 0), (2 * pad, 0)))"),),),
)
wrong(
    "conv-pad-height-only",
    FORWARD,
    "height is padded twice and width not at all",
    (
        "Print the shape of the padded image.",
        "np.pad takes a pair for each axis. Which pair belongs to which axis?",
        "The two last axes both get pad zeros before and after.",
    ),
    (_PAD, "padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (0, 2 * pad)))"),
)
wrong(
    "conv-pad-with-edge",
    FORWARD,
    "the padding repeats the edge of the image",
    (
        "Print the padded image of a small x.",
        "np.pad has several modes.",
        "What lies outside of the image counts as nothing.",
    ),
    ("(pad, pad), (pad, pad)))", '(pad, pad), (pad, pad)), mode="edge")'),
)
wrong(
    "conv-height-and-width-swapped",
    FORWARD,
    "height and width are swapped, in the size of the output or in the corner of the window",
    (
        "Take an image and a filter that are not square, and print your sizes and the corner of each window.",
        "The shape of x is (N, C, H, W). Which of the last two counts rows?",
        "The first index of a pixel is its row, in x and in the output alike.",
    ),
    (_PLACE, "left, top = i * stride, j * stride"),
    forms=(
        (("(N, _, H, W), (F", "(N, _, W, H), (F"),),
        ((_SIZE, _SWAPPED_SIZE), ("np.ndindex(out.shape)", "np.ndindex(N, F, out.shape[3], out.shape[2])")),
    ),
)
wrong(
    "conv-pad-once",
    FORWARD,
    "only one side is padded, and only once",
    (
        "Print the shape of the padded image. How many rows has the border?",
        "The size of the output counts a border that your padded image has not got.",
        "There are pad rows above and pad rows below, and the same left and right.",
    ),
    (_PAD, "padded = np.pad(x, ((0, 0), (0, 0), (pad, 0), (pad, 0)))"),
    forms=(((_PAD, "padded = np.pad(x, ((0, 0), (0, 0), (0, pad), (0, pad)))"),),),
)
wrong(
    "conv-filter-height-and-width-swapped",
    FORWARD,
    "height and width of the filter are swapped",
    (
        "With square filters you are right. And with others?",
        "The shape of w is (F, C, HH, WW). Which of the last two counts rows?",
        "Check each place where you use the size of a filter.",
    ),
    ("(F, _, HH, WW) = x.shape, w.shape", "(F, _, WW, HH) = x.shape, w.shape"),
)
wrong(
    "conv-square-filters-only",
    FORWARD,
    "the height of the filter is taken for its width, too",
    (
        "With square filters you are right. And with others?",
        "The shape of w is (F, C, HH, WW). Where do you use WW?",
        "Check each place where you use the size of a filter.",
    ),
    ("(F, _, HH, WW) = x.shape, w.shape", "(F, _, HH, WW) = x.shape, (*w.shape[:3], w.shape[2])"),
    forms=(((_SIZE, _SIZE.replace("W + 2 * pad - WW", "W + 2 * pad - HH")),),)
    + tuple(  # only the window is square, and each product complains in its own way
        ((_SUM, product.replace("SQUARE", "top : top + HH, left : left + HH") + " + b[f]"),)
        for product in (
            "np.sum(padded[n, :, SQUARE] * w[f])",
            "np.sum(padded[:, :, SQUARE] * w[f], axis=(1, 2, 3))[n]",
            "np.sum(padded[n, :, SQUARE][np.newaxis] * w, axis=(1, 2, 3))[f]",
            'np.einsum("chw,chw", padded[n, :, SQUARE], w[f])',
            'np.einsum("nchw,fchw->nf", padded[:, :, SQUARE], w)[n, f]',
            "np.tensordot(padded[n, :, SQUARE], w[f], 3)",
            "padded[n, :, SQUARE].ravel() @ w[f].ravel()",
        )
    ),
)
wrong(
    "conv-size-without-pad",
    FORWARD,
    "the output is as small as without padding",
    (
        "Compare the shape of your output with that of the docstring's formula.",
        "Which image does the window move over: x, or x with its border of zeros?",
        "The border adds to the height on both sides.",
    ),
    (
        _SIZE,
        "1 + (H - HH) // stride, 1 + (W - WW) // stride",
    ),
)
wrong(
    "conv-size-pad-once",
    FORWARD,
    "the output's size counts the padding on one side only",
    (
        "Compare the shape of your output with that of the docstring's formula.",
        "The padded image is larger than x by how many rows?",
        "There is a border above and one below.",
    ),
    (
        _SIZE,
        "1 + (H + pad - HH) // stride, 1 + (W + pad - WW) // stride",
    ),
)
wrong(
    "conv-one-output-short",
    FORWARD,
    "the output has one row and one column too few",
    (
        "Compare the shape of your output with that of the docstring's formula.",
        "A window as large as the image fits how many times?",
        "Counting steps is not counting positions.",
    ),
    (
        _SIZE,
        "max((H + 2 * pad - HH) // stride, 1), max((W + 2 * pad - WW) // stride, 1)",
    ),
)
wrong(
    "conv-first-channel-only",
    FORWARD,
    "only the first channel is looked at",
    (
        "With a single channel you are right. Change another channel: does the output change?",
        "How many numbers are in a window, and how many in a filter?",
        "A filter is as deep as the image, and its products are summed over all of it.",
    ),
    (_SUM, "np.sum(padded[n, 0, top : top + HH, left : left + WW] * w[f, 0]) + b[f]"),
)
wrong(
    "conv-bias-per-weight",
    FORWARD,
    "the bias is added to every product before the sum",
    (
        "Set x to zero: the output should be b. Which multiple of it comes out?",
        "Look at which parenthesis the bias stands in.",
        "It is added once for each output, after the sum.",
    ),
    (_SUM, "np.sum(padded[n, :, top : top + HH, left : left + WW] * w[f] + b[f])"),
)

_DB = "db = dout.sum(axis=(0, 2, 3))"
_DPADDED = "dpadded[window] += dout[n, f, i, j] * w[f]"
_DW = "dw[f] += dout[n, f, i, j] * padded[window]"
_CROP = "dx = dpadded[:, :, pad : pad + H, pad : pad + W]"
_SAME_CORNER = (
    "With stride 1 you are right. Where does the stride enter your window?",
    "Each output hands its gradient to the window that it looked at in the forward pass.",
    "Use the same corner as there.",
)
_OVERWRITTEN = (
    "Which entries are reached by more than one step of your loops?",
    "Windows overlap, and a filter is used at every position. What becomes of the earlier contributions?",
    "Contributions to the same number add up.",
)

wrong(
    "conv-backward-dx-overwritten",
    BACKWARD,
    "where windows overlap, dx keeps the last contribution only",
    _OVERWRITTEN,
    (_DPADDED, _DPADDED.replace("+=", "=")),
)
wrong(
    "conv-backward-dw-overwritten",
    BACKWARD,
    "dw keeps the contribution of the last position only",
    _OVERWRITTEN,
    (_DW, _DW.replace("+=", "=")),
)
wrong(
    "conv-backward-both-overwritten",
    BACKWARD,
    "dx and dw keep the last contribution only",
    _OVERWRITTEN,
    (_DPADDED, _DPADDED.replace("+=", "=")),
    (_DW, _DW.replace("+=", "=")),
)
wrong(
    "conv-backward-padding-not-removed",
    BACKWARD,
    "dx still has the border of the padding",
    (
        "Compare the shape of dx with that of x.",
        "Whose gradient are the outermost rows?",
        "The zeros of the border are not part of x: leave out their gradients.",
    ),
    (_CROP, "dx = dpadded"),
)
wrong(
    "conv-backward-crop-from-corner",
    BACKWARD,
    "the border is cut off on one side only, so that dx is shifted",
    (
        "dx has the right shape, but its numbers are shifted. By how much?",
        "Where in the padded image does the first pixel of x lie?",
        "There is a border above and to the left as well.",
    ),
    (_CROP, "dx = dpadded[:, :, :H, :W]"),
)
wrong(
    "conv-backward-crop-negative-zero",
    BACKWARD,
    "without padding dx is empty",
    (
        "With padding you are right. What is x[0:-0]?",
        "Minus nothing is zero, and a slice that ends at zero is empty.",
        "Say where the slice ends counting from the front.",
    ),
    (_CROP, "dx = dpadded[:, :, pad:-pad, pad:-pad]"),
)
wrong(
    "conv-backward-db-averaged",
    BACKWARD,
    "db is a mean instead of a sum",
    (
        "db is off by a constant factor. How many numbers does it combine?",
        "The bias is used at every position of every image. What happens to the gradients of all these uses?",
        "If the loss is an average, dout has that already.",
    ),
    (_DB, "db = dout.mean(axis=(0, 2, 3))"),
)
wrong(
    "conv-backward-db-batch-only",
    BACKWARD,
    "db is summed over the images only",
    (
        "What shape has b, and what shape has your db?",
        "One bias serves all images and what else?",
        "Only the axis of the filters is left.",
    ),
    (_DB, "db = dout.sum(axis=0)"),
)
wrong(
    "conv-backward-db-wrong-axes",
    BACKWARD,
    "the axis of the filters is summed over, and another one is left in db",
    (
        "What shape has b, and what shape has your db?",
        "Which axis of dout counts filters?",
        "The axis that b has is the one that stays.",
    ),
    (_DB, "db = dout.sum(axis=(1, 2, 3))"),
    forms=(((_DB, "db = dout.sum(axis=(0, 1, 2))"),), ((_DB, "db = dout.sum(axis=(0, 1, 3))"),)),
)
wrong(
    "conv-backward-db-per-image",
    BACKWARD,
    "db is not summed over the images",
    (
        "What shape has b, and what shape has your db?",
        "One bias serves all positions and what else?",
        "Only the axis of the filters is left.",
    ),
    (_DB, "db = dout.sum(axis=(2, 3))"),
)
wrong(
    "conv-backward-stride-ignored",
    BACKWARD,
    "the stride is ignored",
    _SAME_CORNER,
    (_PLACE, "top, left = i, j"),
)
wrong(
    "conv-backward-stride-ignored-in-dx",
    BACKWARD,
    "the stride is ignored in dx; in dw it counts",
    _SAME_CORNER,
    (_DPADDED, _DPADDED.replace("[window]", "[n, :, i : i + HH, j : j + WW]")),
)
wrong(
    "conv-backward-stride-ignored-in-dw",
    BACKWARD,
    "the stride is ignored in dw; in dx it counts",
    _SAME_CORNER,
    (_DW, _DW.replace("[window]", "[n, :, i : i + HH, j : j + WW]")),
)
wrong(
    "conv-backward-flipped-filter",
    BACKWARD,
    "dx is made with flipped filters",
    (
        "dw is right and dx is not. Take a filter that is zero except for one corner.",
        "You have read that the gradient is a convolution with the flipped filter. Is that what your loops do?",
        "Where each output hands back to its own window, a pixel gets the weight that it was multiplied with.",
    ),
    (_DPADDED, _DPADDED.replace("w[f]", "w[f, :, ::-1, ::-1]")),
)
wrong(
    "conv-backward-dw-from-unpadded",
    BACKWARD,
    "dw is made with windows of x without padding",
    (
        "dx is right and dw is not. Without padding both are right.",
        "Which image did the forward pass take its windows from?",
        "Windows at the border contain zeros.",
    ),
    (_DW, _DW.replace("padded[window]", "np.pad(x, ((0, 0), (0, 0), (0, 2 * pad), (0, 2 * pad)))[window]")),
)
wrong(
    "conv-backward-dx-without-dout",
    BACKWARD,
    "dx does not depend on the upstream gradient",
    (
        "Double dout: every gradient should double. Which one does not?",
        "The chain rule multiplies a local slope with what arrives from above.",
        "What arrives at this output is a single number: it weights the whole filter.",
    ),
    (_DPADDED, "dpadded[window] += w[f]"),
)
wrong(
    "conv-backward-dw-averaged",
    BACKWARD,
    "dw is divided by the batch size",
    (
        "dw is off by a constant factor. Which number of this problem is that?",
        "Is there a division in the forward pass of this layer?",
        "The average over the batch belongs to the loss, and dout has it already.",
    ),
    (_DW, _DW.replace("padded[window]", "padded[window] / len(x)")),
)

_SQUARE = "[n, :, top : top + HH, left : left + HH]"
_SQUARE_ALL = "[:, :, top : top + HH, left : left + HH]"
wrong(
    "conv-backward-square-filters-only",
    BACKWARD,
    "the height of the filter is taken for its width, too",
    (
        "With square filters you are right. And with others?",
        "The shape of w is (F, C, HH, WW). Where do you use WW?",
        "Check each place where you use the size of a filter.",
    ),
    (_DPADDED, _DPADDED.replace("[window]", _SQUARE)),
    forms=(  # each product complains in its own way
        (
            (_DPADDED, f"{_DW}\n        {_DPADDED}".replace("[window]", _SQUARE)),
            (f"\n        {_DW}\n    dx", "\n    dx"),
        ),
        ((_DPADDED, f"dpadded{_SQUARE_ALL} += dout[n, f, i, j] * w[f]"),),
        ((_DPADDED, f"dpadded{_SQUARE_ALL} += dout[:, f, i, j][:, None, None, None] * w[f]"),),
        ((_DPADDED, f"dw[f] += (padded{_SQUARE_ALL} * dout[:, f, i, j][:, None, None, None]).sum(axis=0)"),),
        ((_DPADDED, f"dpadded{_SQUARE} += np.sum(w * dout[n, :, i, j][:, None, None, None], axis=0)"),),
        ((_DPADDED, f"dw += padded{_SQUARE} * dout[n, :, i, j][:, None, None, None]"),),
    ),
)
wrong(
    "conv-backward-stride-in-one-slice",
    BACKWARD,
    "the window moves by the stride in one direction, and by one pixel in the other",
    (
        "With stride 1 you are right. And with 2?",
        "The corner of a window has two coordinates. Compare how you compute them.",
        "Gradients go back to the window that the forward pass looked at.",
    ),
    (_PLACE, "top, left = i * stride, j"),
    forms=(
        ((_PLACE, "top, left = i, j * stride"),),
        ((_DPADDED, _DPADDED.replace("[window]", "[n, :, top : top + HH, j : j + WW]")),),
        ((_DPADDED, _DPADDED.replace("[window]", "[n, :, i : i + HH, left : left + WW]")),),
        ((_DW, _DW.replace("[window]", "[n, :, top : top + HH, j : j + WW]")),),
        ((_DW, _DW.replace("[window]", "[n, :, i : i + HH, left : left + WW]")),),
    ),
)
