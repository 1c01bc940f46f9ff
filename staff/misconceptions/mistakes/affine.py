"""affine_forward and affine_backward."""

from staff.misconceptions.catalogue import wrong

wrong(
    "affine-bias-missing",
    "affine_forward",
    "the bias is not added",
    (
        "Which of the three inputs does your result not depend on?",
        "Set all weights to zero: what should come out then, for each example?",
        "Each of the M outputs has a number of its own that is there even when x is zero.",
    ),
    (" + b", ""),
)
wrong(
    "affine-bias-subtracted",
    "affine_forward",
    "the bias is subtracted",
    (
        "The difference to the right output is the same for every example. Where does it come from?",
        "Set the weights to zero and compare the output with b.",
        "Look at the sign in front of the last term of the formula.",
    ),
    ("@ w + b", "@ w - b"),
)
wrong(
    "affine-bias-before-weights",
    "affine_forward",
    "the bias is added once to the sum of all weighted biases instead of to each output",
    (
        "Set x to zero: the output should be b, and it should not depend on w.",
        "Write the formula for a single output m as a sum over d. Which terms stand inside of that sum?",
        "The bias is not weighted: it comes in after the product, one number for each output.",
    ),
    ("@ w + b", "@ (w + b)"),
)
wrong(
    "affine-not-flattened",
    "affine_forward",
    "x is multiplied as it is, with all its axes",
    (
        "Print the shape of x and that of w. Which axes does the product sum over?",
        "An example may be an image. How many numbers is it, whatever its axes are called?",
        "Each example has to be one long row before the product; the first axis stays.",
    ),
    ("rows = x.reshape(x.shape[0], w.shape[0])", "rows = x"),
    forms=((("rows = x.reshape(x.shape[0], w.shape[0])", "rows = x"), ("rows @ w", "np.dot(rows, w)")),),
)
wrong(
    "affine-flattened-across-examples",
    "affine_forward",
    "the rows mix numbers of several examples",
    (
        "Change one example of the batch only. Which rows of your output change?",
        "After flattening, print the first row and compare it with the first example.",
        "A reshape reads the numbers in order of the last axis first; which axis has to stay in front for that?",
    ),
    ("rows = x.reshape(x.shape[0], w.shape[0])", "rows = x.reshape(w.shape[0], x.shape[0]).T"),
)
wrong(
    "affine-fortran-flattened",
    "affine_forward",
    "the axes of an example are flattened in the wrong order",
    (
        "For rows of plain numbers you are right, for images you are not. What differs between them?",
        "Number the pixels of a small image and print the row that you make of it.",
        "The row has to run over the last axis fastest, as NumPy does if you do not tell it otherwise.",
    ),
    ("rows = x.reshape(x.shape[0], w.shape[0])", "rows = x.reshape(x.shape[0], w.shape[0], order='F')"),
)

wrong(
    "affine-backward-dx-flat",
    "affine_backward",
    "dx is left flat",
    (
        "Compare the shape of dx with that of x.",
        "The forward pass began by changing the shape of x. What undoes that?",
        "The numbers are right: give dx the axes that x came with.",
    ),
    ("(dout @ w.T).reshape(x.shape)", "dout @ w.T"),
)
wrong(
    "affine-backward-db-averaged",
    "affine_backward",
    "db is the mean over the batch instead of the sum",
    (
        "db is off by a constant factor. Which number of this problem is that?",
        "b is used once for each example. What happens to gradients where one value is used several times?",
        "The loss may be an average; that is already in dout. A layer only adds up what arrives.",
    ),
    ("db = dout.sum(axis=0)", "db = dout.mean(axis=0)"),
)
wrong(
    "affine-backward-dw-averaged",
    "affine_backward",
    "the gradients of the parameters are divided by the batch size",
    (
        "dw and db are off by a constant factor. Which number of this problem is that?",
        "Is there a division in the forward pass of this layer?",
        "The average over the batch belongs to the loss, and dout has it already.",
    ),
    ("dw = rows.T @ dout", "dw = rows.T @ dout / len(x)"),
    ("db = dout.sum(axis=0)", "db = dout.mean(axis=0)"),
    forms=((("dw = rows.T @ dout", "dw = rows.T @ dout / len(x)"),),),
)
wrong(
    "affine-backward-db-wrong-axis",
    "affine_backward",
    "db is summed over the outputs instead of the examples",
    (
        "What shape does b have, and what shape has your db?",
        "Which axis of dout counts examples, which one outputs?",
        "One bias serves one output and all examples: the axis to sum over is the one that b does not have.",
    ),
    ("db = dout.sum(axis=0)", "db = dout.sum(axis=1)"),
)
wrong(
    "affine-backward-db-not-summed",
    "affine_backward",
    "db has a row for each example",
    (
        "What shape does b have, and what shape has your db?",
        "In the forward pass broadcasting repeated b for each example. What does that mean on the way back?",
        "Whatever was copied forward is added up backward.",
    ),
    ("db = dout.sum(axis=0)", "db = dout.copy()"),
)
wrong(
    "affine-backward-db-one-number",
    "affine_backward",
    "db is the sum of all of dout",
    (
        "What shape does b have, and what shape has your db?",
        "NumPy sums over everything when it is not told an axis.",
        "Keep the outputs apart; only the examples are added up.",
    ),
    ("db = dout.sum(axis=0)", "db = dout.sum()"),
)
wrong(
    "affine-backward-dw-transposed",
    "affine_backward",
    "dw is transposed",
    (
        "Write the shapes of w and of your dw next to each other.",
        "Each entry of dw belongs to the entry of w at the same place.",
        "In a product of two matrices the outer sizes stay: which one has to come first to end up as the rows?",
    ),
    ("dw = rows.T @ dout", "dw = dout.T @ rows"),
)
wrong(
    "affine-backward-dx-without-weights",
    "affine_backward",
    "dx is computed with the weights the wrong way round",
    (
        "Which shapes does your product for dx multiply? They only fit when w happens to be the right size.",
        "Take one example and one output: by how much does the output grow when x[d] grows?",
        "The way back through a matrix uses the same numbers, with rows and columns exchanged.",
    ),
    ("(dout @ w.T).reshape(x.shape)", "(dout @ w.reshape(w.T.shape)).reshape(x.shape)"),
)
wrong(
    "affine-backward-ignores-dout-in-dw",
    "affine_backward",
    "dw does not depend on the upstream gradient's values",
    (
        "Double dout: every gradient should double. Which one does not?",
        "The chain rule multiplies a local slope with what arrives from above.",
        "The slope by a weight is the input that it multiplies; what arrives from above is one number per example"
        " and output.",
    ),
    ("dw = rows.T @ dout", "dw = rows.T @ np.ones_like(dout)"),
)
