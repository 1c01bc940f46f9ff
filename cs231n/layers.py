"""Forward and backward passes of the layers a network is built from.

Every `*_forward` returns `(out, cache)`; the matching `*_backward` takes the upstream gradient `dout`, of the
shape of `out`, and that cache, and returns the gradients with respect to the inputs. Arrays are float32 or
float64, results keep their dtype, and no argument is changed except where a docstring says so.

The lines around an exercise bring arguments and results into the promised form: `_results.like(out, x)` is `out`
in the dtype of `x`. Dtypes are not part of any exercise; shapes and values are.

Functions with a matrix product ignore NumPy's invalid flag: for infinite inputs it depends on the processor, the
result does not. Some kernels of BLAS multiply infinity by zero in places that they leave out of the result.
"""

import numpy as np

from cs231n import results as _results
from cs231n import validation as _valid


@np.errstate(invalid="ignore")  # see above
def affine_forward(x, w, b):
    """Flatten each input and map it linearly.

        out[n] = x[n].ravel() @ w + b

    Args:
        x: minibatch, shape (N, d1, ..., dk).
        w: weights, shape (D, M) with D = d1 * ... * dk.
        b: biases, shape (M,).

    Returns:
        out: shape (N, M).
        cache: (x, w, b).

    Raises:
        ValueError: wrong shape or dtype.

    Source: CS231n lecture 4, "Neural networks".
    """
    x, w, b = _valid.affine(x, w, b)
    ### BEGIN SOLUTION
    rows = x.reshape(x.shape[0], w.shape[0])  # (N, d1, ..., dk) -> (N, D)
    out = rows @ w + b
    ### END SOLUTION
    cache = (x, w, b)
    return _results.like(out, x, w, b), cache


@np.errstate(invalid="ignore")  # see above
def affine_backward(dout, cache):
    """Backward pass of an affine layer: the gradients of x, w and b.

    ### BEGIN ANSWER
        dx = dout @ w.T,  dw = x.T @ dout,  db = sum over n of dout[n]
    ### END ANSWER

    Args:
        dout: upstream gradient, shape (N, M).
        cache: (x, w, b) from affine_forward.

    Returns:
        dx: shape of x, (N, d1, ..., dk).
        dw: shape (D, M).
        db: shape (M,).

    Raises:
        ValueError: dout does not have the shape of the output.

    Source: CS231n lecture 4, "Backpropagation".
    """
    x, w, b = cache
    dout = _valid.upstream(dout, (x.shape[0], w.shape[1]))
    ### BEGIN SOLUTION
    rows = x.reshape(x.shape[0], w.shape[0])  # (N, d1, ..., dk) -> (N, D)
    dx = (dout @ w.T).reshape(x.shape)  # (N, D) -> (N, d1, ..., dk)
    dw = rows.T @ dout
    db = dout.sum(axis=0)
    ### END SOLUTION
    return _results.like(dx, dout, w), _results.like(dw, dout, x), _results.like(db, dout)


def relu_forward(x):
    """Rectify each element: out = max(0, x).

    Args:
        x: any shape.

    Returns:
        out: shape of x.
        cache: x.

    Raises:
        ValueError: x is not float32 or float64.

    Source: Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines", 2010.
    """
    x = _valid.float_array("x", x)
    ### BEGIN SOLUTION
    out = np.maximum(x, 0)
    ### END SOLUTION
    cache = x
    return _results.like(out, x), cache


def relu_backward(dout, cache):
    """Backward pass of a rectifier, whose slope is taken to be 0 at x = 0.

    ### BEGIN ANSWER
        dx = dout where x > 0, and 0 elsewhere
    ### END ANSWER

    Args:
        dout: upstream gradient, shape of x.
        cache: x from relu_forward.

    Returns:
        dx: shape of x.

    Raises:
        ValueError: dout does not have the shape of x.
    """
    x = cache
    dout = _valid.upstream(dout, x.shape)
    ### BEGIN SOLUTION
    dx = dout * (x > 0)
    ### END SOLUTION
    return _results.like(dx, dout)


def batchnorm_forward(x, gamma, beta, bn_param):
    """Normalise each feature over the minibatch, then scale and shift.

        y = γ (x - μ) / √(σ² + ε) + β

    In mode 'train' mean μ and (biased) variance σ² are those of the minibatch, and the running statistics r follow
    them, r ← m r + (1 - m) batch with m the momentum. In mode 'test' the running statistics are used.

    Args:
        x: minibatch, shape (N, D).
        gamma: scale, shape (D,).
        beta: shift, shape (D,).
        bn_param: dict; `mode`, 'train' or 'test'; `eps` (1e-5); `momentum` (0.9); `running_mean` and
            `running_var`, shape (D,) (zeros at first), which are written back in both modes.

    Returns:
        out: shape (N, D).
        cache: what batchnorm_backward and batchnorm_backward_alt need; None in mode 'test'.

    Raises:
        KeyError: bn_param has no mode.
        ValueError: wrong shape, dtype, mode or number, or an empty minibatch in mode 'train'.

    Source: Ioffe and Szegedy, "Batch normalization", 2015, algorithm 1.
    """
    x, gamma, beta = _valid.normalisation(x, gamma, beta)
    mode, eps, momentum, running_mean, running_var = _valid.batchnorm(x, bn_param)
    cache = None
    ### BEGIN SOLUTION
    if mode == "train":
        mean = x.mean(axis=0)
        centred = x - mean
        var = (centred**2).mean(axis=0)
        std = np.sqrt(var + eps)
        xhat = centred / std
        out = gamma * xhat + beta
        running_mean = momentum * running_mean + (1 - momentum) * mean
        running_var = momentum * running_var + (1 - momentum) * var
        cache = (centred, std, xhat, gamma)
    else:
        out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta
    ### END SOLUTION
    bn_param["running_mean"] = _results.like(running_mean, x)
    bn_param["running_var"] = _results.like(running_var, x)
    return _results.like(out, x, gamma, beta), (x.shape, cache)


def batchnorm_backward(dout, cache):
    """Backward pass of batch normalisation, node by node through its graph.

    Draw the graph of the forward pass first: mean, x minus it, variance, its root, the quotient, scale and shift.
    Where a node feeds two others, their gradients add.

    Args:
        dout: upstream gradient, shape (N, D).
        cache: from batchnorm_forward in mode 'train'.

    Returns:
        dx: shape (N, D).
        dgamma: shape (D,).
        dbeta: shape (D,).

    Raises:
        ValueError: dout does not have the shape of the output, or the cache is of mode 'test'.

    Source: Ioffe and Szegedy, "Batch normalization", 2015, section 3.
    """
    dout, cache = _valid.backward("batchnorm", dout, cache)
    ### BEGIN SOLUTION
    centred, std, xhat, gamma = cache
    N = len(xhat)
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
    dstd = -(dxhat * centred).sum(axis=0) / std**2
    dvar = dstd / (2 * std)
    dcentred = dxhat / std + dvar * 2 * centred / N
    dmean = -dcentred.sum(axis=0)
    dx = dcentred + dmean / N
    ### END SOLUTION
    return _results.like(dx, dout), _results.like(dgamma, dout), _results.like(dbeta, dout)


def batchnorm_backward_alt(dout, cache):
    """Backward pass of batch normalisation in closed form: what the graph gives, simplified on paper.

    ### BEGIN ANSWER
        dx = gamma / std * (dout - mean(dout) - xhat * mean(dout * xhat)),  means over the minibatch
    ### END ANSWER

    Args and Raises: as batchnorm_backward, with the same cache.

    Returns:
        dx: shape (N, D).
        dgamma: shape (D,).
        dbeta: shape (D,).

    Source: batchnorm_backward, simplified on paper.
    """
    dout, cache = _valid.backward("batchnorm", dout, cache)
    ### BEGIN SOLUTION
    _, std, xhat, gamma = cache
    N = len(xhat)
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dx = gamma / std * (dout - dbeta / N - xhat * (dgamma / N))
    ### END SOLUTION
    return _results.like(dx, dout), _results.like(dgamma, dout), _results.like(dbeta, dout)


def layernorm_forward(x, gamma, beta, ln_param):
    """Normalise each row over its features, then scale and shift.

        y = γ (x - μ) / √(σ² + ε) + β,  mean μ and variance σ² of each row

    Args:
        x: minibatch, shape (N, D).
        gamma: scale, shape (D,).
        beta: shift, shape (D,).
        ln_param: dict; `eps` (1e-5) is added to the biased variance. Train and test mode do not differ.

    Returns:
        out: shape (N, D).
        cache: what layernorm_backward needs.

    Raises:
        ValueError: wrong shape, dtype or eps, or rows without features.

    Source: Ba, Kiros and Hinton, "Layer normalization", 2016, section 3.
    """
    x, gamma, beta, eps = _valid.layernorm(x, gamma, beta, ln_param)
    ### BEGIN SOLUTION
    centred = x - x.mean(axis=1, keepdims=True)
    std = np.sqrt((centred**2).mean(axis=1, keepdims=True) + eps)
    xhat = centred / std
    out = gamma * xhat + beta
    cache = (xhat, std, gamma)
    ### END SOLUTION
    return _results.like(out, x, gamma, beta), (x.shape, cache)


def layernorm_backward(dout, cache):
    """Backward pass of layer normalisation: that of batch normalisation holds, with the axes exchanged where due.

    ### BEGIN ANSWER
        dx[n] = (dxhat[n] - mean(dxhat[n]) - xhat[n] * mean(dxhat[n] * xhat[n])) / std[n]
        with dxhat = dout * gamma
    ### END ANSWER

    Args:
        dout: upstream gradient, shape (N, D).
        cache: from layernorm_forward.

    Returns:
        dx: shape (N, D).
        dgamma: shape (D,).
        dbeta: shape (D,).

    Raises:
        ValueError: dout does not have the shape of the output.

    Source: Ba, Kiros and Hinton, "Layer normalization", 2016, section 3.
    """
    dout, cache = _valid.backward("layernorm", dout, cache)
    ### BEGIN SOLUTION
    xhat, std, gamma = cache
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
    dx = (dxhat - dxhat.mean(axis=1, keepdims=True) - xhat * (dxhat * xhat).mean(axis=1, keepdims=True)) / std
    ### END SOLUTION
    return _results.like(dx, dout), _results.like(dgamma, dout), _results.like(dbeta, dout)


@_results.own_random_numbers
def dropout_forward(x, dropout_param):
    """Keep each element with probability p and scale it by 1 / p (inverted dropout).

        y = x / p with probability p, else 0   in mode 'train';   y = x   in mode 'test'

    Args:
        x: any shape with at least one axis.
        dropout_param: dict; `p`, the probability to keep, 0 < p <= 1; `mode`, 'train' or 'test'; `seed`,
            optional, makes the mask repeatable and leaves NumPy's global stream alone.

    Returns:
        out: shape of x.
        cache: (dropout_param, mask); mask is None in mode 'test'.

    Raises:
        KeyError: dropout_param has no p or no mode.
        ValueError: p outside (0, 1], unknown mode or seed, or x has no axis or is not float32 or float64.

    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014.
    """
    x, p, mode, random = _valid.dropout(x, dropout_param)
    mask = None
    ### BEGIN SOLUTION
    if mode == "train":
        mask = (random.rand(*x.shape) < p) / p
        out = x * mask
    else:
        out = x.copy()
    ### END SOLUTION
    cache = (dropout_param, _results.like(mask, x))
    return _results.like(out, x), cache


def dropout_backward(dout, cache):
    """Backward pass of inverted dropout, in the mode of the forward pass.

    ### BEGIN ANSWER
        dx = dout * mask in mode 'train', dx = dout in mode 'test'
    ### END ANSWER

    Args:
        dout: upstream gradient, shape of the output.
        cache: (dropout_param, mask) from dropout_forward.

    Returns:
        dx: shape of dout.

    Raises:
        ValueError: dout does not have the shape of the output.
    """
    _, mask = cache
    dout = _valid.float_array("dout", dout) if mask is None else _valid.upstream(dout, mask.shape)
    ### BEGIN SOLUTION
    dx = dout.copy() if mask is None else dout * mask
    ### END SOLUTION
    return _results.like(dx, dout)


def conv_forward_naive(x, w, b, conv_param):
    """Convolve a minibatch with F filters, in plain loops.

        out[n, f, i, j] = b[f] + sum(w[f] * window of the zero-padded x[n] whose corner is (i, j) * stride)

    Args:
        x: images, shape (N, C, H, W).
        w: filters, shape (F, C, HH, WW).
        b: biases, shape (F,).
        conv_param: dict; `stride`, pixels between windows; `pad`, zeros added on each side of H and W.

    Returns:
        out: shape (N, F, H', W') with H' = 1 + (H + 2 * pad - HH) // stride, and W' likewise.
        cache: (x, w, b, conv_param).

    Raises:
        KeyError: conv_param has no stride or no pad.
        ValueError: wrong shape, dtype, stride or pad, or a filter larger than the padded image.

    Source: CS231n lecture 5, "Convolutional neural networks".
    """
    x, w, b, stride, pad = _valid.convolution(x, w, b, conv_param)
    ### BEGIN SOLUTION
    (N, _, H, W), (F, _, HH, WW) = x.shape, w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = np.zeros((N, F, 1 + (H + 2 * pad - HH) // stride, 1 + (W + 2 * pad - WW) // stride))
    for n, f, i, j in np.ndindex(out.shape):
        top, left = i * stride, j * stride
        out[n, f, i, j] = np.sum(padded[n, :, top : top + HH, left : left + WW] * w[f]) + b[f]
    ### END SOLUTION
    cache = (x, w, b, conv_param)
    return _results.like(out, x, w, b), cache


def conv_backward_naive(dout, cache):
    """Backward pass of a convolution, in plain loops.

    Pixels that no window reaches get gradient zero.

    ### BEGIN ANSWER
    Each output element hands its gradient to the window it looked at, weighted by the filter, and to the filter,
    weighted by the window.
    ### END ANSWER

    Args:
        dout: upstream gradient, shape (N, F, H', W').
        cache: (x, w, b, conv_param) from conv_forward_naive.

    Returns:
        dx: shape (N, C, H, W).
        dw: shape (F, C, HH, WW).
        db: shape (F,).

    Raises:
        ValueError: dout does not have the shape of the output.

    Source: CS231n lecture 5, "Convolutional neural networks".
    """
    x, w, b, conv_param = cache
    dout, stride, pad = _valid.convolution_backward(dout, x, w, conv_param)
    ### BEGIN SOLUTION
    (H, W), (HH, WW) = x.shape[2:], w.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dpadded = np.zeros(padded.shape)
    dw = np.zeros(w.shape)
    for n, f, i, j in np.ndindex(dout.shape):
        top, left = i * stride, j * stride
        window = (n, slice(None), slice(top, top + HH), slice(left, left + WW))
        dpadded[window] += dout[n, f, i, j] * w[f]
        dw[f] += dout[n, f, i, j] * padded[window]
    dx = dpadded[:, :, pad : pad + H, pad : pad + W]
    db = dout.sum(axis=(0, 2, 3))
    ### END SOLUTION
    return _results.like(dx, dout, w), _results.like(dw, dout, x), _results.like(db, dout)


def max_pool_forward_naive(x, pool_param):
    """Take the maximum of each window of each channel, in plain loops.

        out[n, c, i, j] = max(window of x[n, c] whose corner is (i, j) * stride)

    Args:
        x: images, shape (N, C, H, W).
        pool_param: dict; `pool_height`, `pool_width` and `stride` in pixels.

    Returns:
        out: shape (N, C, H', W') with H' = 1 + (H - pool_height) // stride, and W' likewise.
        cache: (x, pool_param).

    Raises:
        KeyError: pool_param lacks one of the three.
        ValueError: wrong rank, dtype or size, or a window larger than the image.

    Source: CS231n lecture 5, "Convolutional neural networks".
    """
    x, height, width, stride = _valid.pooling(x, pool_param)
    ### BEGIN SOLUTION
    N, C, H, W = x.shape
    out = np.zeros((N, C, 1 + (H - height) // stride, 1 + (W - width) // stride))
    for n, c, i, j in np.ndindex(out.shape):
        top, left = i * stride, j * stride
        out[n, c, i, j] = x[n, c, top : top + height, left : left + width].max()
    ### END SOLUTION
    cache = (x, pool_param)
    return _results.like(out, x), cache


def max_pool_backward_naive(dout, cache):
    """Backward pass of max pooling: each gradient goes to the first maximum of its window, in row order.

    Args:
        dout: upstream gradient, shape (N, C, H', W').
        cache: (x, pool_param) from max_pool_forward_naive.

    Returns:
        dx: shape (N, C, H, W).

    Raises:
        ValueError: dout does not have the shape of the output.

    Source: CS231n lecture 5, "Convolutional neural networks".
    """
    x, pool_param = cache
    dout, height, width, stride = _valid.pooling_backward(dout, x, pool_param)
    ### BEGIN SOLUTION
    dx = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(dout.shape):
        top, left = i * stride, j * stride
        window = x[n, c, top : top + height, left : left + width]
        row, column = np.unravel_index(window.argmax(), window.shape)
        dx[n, c, top + row, left + column] += dout[n, c, i, j]
    ### END SOLUTION
    return _results.like(dx, dout)


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """Batch normalisation of images: one mean and variance per channel, over minibatch and positions.

    Args:
        x: images, shape (N, C, H, W).
        gamma: scale, shape (C,).
        beta: shift, shape (C,).
        bn_param: as in batchnorm_forward; the running statistics have shape (C,).

    Returns:
        out: shape (N, C, H, W).
        cache: what spatial_batchnorm_backward needs; empty in mode 'test'.

    Raises:
        KeyError: bn_param has no mode.
        ValueError: wrong shape, dtype, mode or number, or nothing to average in mode 'train'.

    Source: Ioffe and Szegedy, "Batch normalization", 2015, section 3.2.
    """
    x, gamma, beta = _valid.spatial_normalisation(x, gamma, beta)
    ### BEGIN SOLUTION
    N, C, H, W = x.shape
    rows = x.transpose(0, 2, 3, 1).reshape(N * H * W, C)  # (N, C, H, W) -> (N*H*W, C)
    rows, cache = batchnorm_forward(rows, gamma, beta, bn_param)
    out = rows.reshape(N, H, W, C).transpose(0, 3, 1, 2)  # (N*H*W, C) -> (N, C, H, W)
    ### END SOLUTION
    return _results.like(out, x, gamma, beta), (x.shape, cache)


def spatial_batchnorm_backward(dout, cache):
    """Backward pass of spatial batch normalisation.

    Args:
        dout: upstream gradient, shape (N, C, H, W).
        cache: from spatial_batchnorm_forward in mode 'train'.

    Returns:
        dx: shape (N, C, H, W).
        dgamma: shape (C,).
        dbeta: shape (C,).

    Raises:
        ValueError: dout does not have the shape of the output, or the cache is of mode 'test'.

    Source: Ioffe and Szegedy, "Batch normalization", 2015, section 3.2.
    """
    dout, cache = _valid.backward("spatial_batchnorm", dout, cache)
    ### BEGIN SOLUTION
    N, C, H, W = dout.shape
    rows = dout.transpose(0, 2, 3, 1).reshape(N * H * W, C)  # (N, C, H, W) -> (N*H*W, C)
    rows, dgamma, dbeta = batchnorm_backward_alt(rows, cache)
    dx = rows.reshape(N, H, W, C).transpose(0, 3, 1, 2)  # (N*H*W, C) -> (N, C, H, W)
    ### END SOLUTION
    return _results.like(dx, dout), _results.like(dgamma, dout), _results.like(dbeta, dout)


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """Normalise each image over G groups of neighbouring channels, then scale and shift each channel.

        y = γ (x - μ) / √(σ² + ε) + β,  mean μ and variance σ² over the C/G channels and all positions of a group

    Args:
        x: images, shape (N, C, H, W).
        gamma: scale, shape (C,) or (1, C, 1, 1).
        beta: shift, shape (C,) or (1, C, 1, 1).
        G: number of groups, divides C. 1 is layer normalisation, C instance normalisation.
        gn_param: dict; `eps` (1e-5) is added to the biased variance.

    Returns:
        out: shape (N, C, H, W).
        cache: what spatial_groupnorm_backward needs.

    Raises:
        ValueError: wrong shape, dtype, G or eps.

    Source: Wu and He, "Group normalization", 2018, section 3.
    """
    x, gamma, beta, G, eps = _valid.groupnorm(x, gamma, beta, G, gn_param)
    shapes = gamma.shape, beta.shape
    gamma, beta = gamma.reshape(1, -1, 1, 1), beta.reshape(1, -1, 1, 1)  # (C,) -> (1, C, 1, 1)
    ### BEGIN SOLUTION
    N, C, H, W = x.shape
    groups = x.reshape(N, G, C // G * H * W)  # (N, C, H, W) -> (N, G, C/G*H*W)
    centred = groups - groups.mean(axis=2, keepdims=True)
    std = np.sqrt((centred**2).mean(axis=2, keepdims=True) + eps)
    xhat = (centred / std).reshape(N, C, H, W)  # (N, G, C/G*H*W) -> (N, C, H, W)
    out = gamma * xhat + beta
    cache = (xhat, std, gamma)
    ### END SOLUTION
    return _results.like(out, x, gamma, beta), (x.shape, (shapes, cache))


def spatial_groupnorm_backward(dout, cache):
    """Backward pass of group normalisation.

    ### BEGIN ANSWER
    It is layer normalisation's, with a group for a row.
    ### END ANSWER

    Args:
        dout: upstream gradient, shape (N, C, H, W).
        cache: from spatial_groupnorm_forward.

    Returns:
        dx: shape (N, C, H, W).
        dgamma: shape of gamma.
        dbeta: shape of beta.

    Raises:
        ValueError: dout does not have the shape of the output.

    Source: Wu and He, "Group normalization", 2018, section 3.
    """
    dout, (shapes, cache) = _valid.backward("spatial_groupnorm", dout, cache)
    ### BEGIN SOLUTION
    xhat, std, gamma = cache
    N, C, H, W = dout.shape
    G = std.shape[1]
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = (dout * xhat).sum(axis=(0, 2, 3), keepdims=True)
    dxhat = (dout * gamma).reshape(N, G, C // G * H * W)  # (N, C, H, W) -> (N, G, C/G*H*W)
    xhat = xhat.reshape(dxhat.shape)  # (N, C, H, W) -> (N, G, C/G*H*W)
    dx = (dxhat - dxhat.mean(axis=2, keepdims=True) - xhat * (dxhat * xhat).mean(axis=2, keepdims=True)) / std
    dx = dx.reshape(N, C, H, W)  # (N, G, C/G*H*W) -> (N, C, H, W)
    ### END SOLUTION
    dgamma, dbeta = _results.as_given(dgamma, dbeta, shapes)  # (1, C, 1, 1) -> (C,) where they were given so
    return _results.like(dx, dout), _results.like(dgamma, dout), _results.like(dbeta, dout)


def svm_loss(x, y):
    """Multiclass hinge loss with margin 1 and its gradient.

        loss = mean over n of sum over c != y[n] of max(0, x[n, c] - x[n, y[n]] + 1)

    Args:
        x: scores, shape (N, C).
        y: labels, shape (N,), integers with 0 <= y[n] < C.

    Returns:
        loss: scalar.
        dx: shape (N, C).

    Raises:
        ValueError: wrong shape, dtype or label, or an empty minibatch.

    Source: Weston and Watkins, "Support vector machines for multi-class pattern recognition", 1999.
    """
    x, y = _valid.scores(x, y)
    N = len(x)
    rows = np.arange(N)
    margins = np.maximum(0, x - x[rows, y][:, np.newaxis] + 1)
    margins[rows, y] = 0
    loss = margins.sum() / N
    dx = (margins > 0).astype(x.dtype)
    dx[rows, y] = -dx.sum(axis=1)
    return loss, dx / N


def softmax_loss(x, y):
    """Cross-entropy loss of the softmax and its gradient.

        loss = mean over n of -log p[n, y[n]],  p[n] = exp(x[n]) / sum(exp(x[n]))

    Args:
        x: scores (logits), shape (N, C).
        y: labels, shape (N,), integers with 0 <= y[n] < C.

    Returns:
        loss: scalar.
        dx: shape (N, C).

    Raises:
        ValueError: wrong shape, dtype or label, or an empty minibatch.

    Source: CS231n lecture 3, "Loss functions and optimization".
    """
    x, y = _valid.scores(x, y)
    N = len(x)
    rows = np.arange(N)
    shifted = x - x.max(axis=1, keepdims=True)  # the same softmax, but exp cannot overflow
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_p[rows, y].sum() / N
    dx = np.exp(log_p)
    dx[rows, y] -= 1
    return loss, dx / N
