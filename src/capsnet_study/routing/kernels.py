"""Routing of one batch on the CPU, compiled by Numba: votes are computed, used and forgotten.

The votes û_{j|i} = W_ij u_i are by far the largest tensor of a routed layer. Here those of one
lower capsule at a time are formed by a matrix product, stay in cache while they are used, and are
formed again in the next iteration: that costs less than to write and read them. One pass over the
lower capsules is then enough for each iteration, because

- a logit is b_ij = <û_{j|i}, v_j of all iterations so far, added up>: eq. 1 unrolled;
- the gradient of c_ij is <û_{j|i}, ds_j of all later iterations, added up with decay 1 - eta>;
- the gradients of weights and lower capsules are linear in the gradient of the votes, so they are
  formed once, after the last of the backward iterations.

Shapes: I lower capsules of dimension K, J upper ones of dimension D, batch B. The batch is the last
axis of every array, so that each inner loop runs over contiguous samples, which never mix.

All compiled functions live in this one file: Numba's cache on disk does not see a change elsewhere.
"""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from numba import njit

from capsnet_study.routing.cache import ForgivingCache

# Infinities and NaN are left out of the fast mathematics: they must come out as they are.
FAST = {"contract", "reassoc", "nsz", "arcp"}


def compiled(function, fastmath=FAST):
    """Compile with Numba, and keep the result on disk."""
    dispatcher = njit(nogil=True, error_model="numpy", fastmath=fastmath)(function)
    with suppress(RuntimeError):  # no folder can be written to
        dispatcher._cache = ForgivingCache(function)  # what cache=True does with Numba's own
    return dispatcher


def compiled_to_the_letter(function):
    """Compile without fast mathematics, for numbers near the ends of their range."""
    return compiled(function, fastmath=False)


@compiled
def forward(u, weight, bias, n_iter, eta, proposed):
    """Route (eq. 1-3).

    Parameters
    ----------
    u, weight, bias
        Lower capsules [I, K, B], W_ij [I, J, D, K], and what is added to every s_j [J, D].
    n_iter, eta
        As in `route`.
    proposed
        Filled with ĉ of eq. 2, [n_iter - 1, I, J, B], for `backward_full`; left alone if empty.

    Returns
    -------
    s
        Total inputs of all iterations [n_iter, J, D, B].
    c
        Couplings of the last iteration [I, J, B].
    """
    in_caps, out_caps, dim, _ = weight.shape
    batch = u.shape[2]
    number = u.dtype.type
    rate = number(eta)
    s = np.empty((n_iter, out_caps, dim, batch), u.dtype)
    c = np.full((in_caps, out_caps, batch), number(1) / number(out_caps), u.dtype)
    v_sum = np.zeros((out_caps, dim, batch), u.dtype)
    votes = np.empty((out_caps, dim, batch), u.dtype)
    b = np.empty((out_caps, batch), u.dtype)
    for t in range(n_iter):
        for j in range(out_caps):
            for d in range(dim):
                s[t, j, d] = bias[j, d]
        for i in range(in_caps):
            _votes(weight[i], u[i], votes)
            if t > 0:
                _inner(v_sum, votes, b)
                _softmax(b)
                _blend(rate, b, c[i])
                if len(proposed) > 0:
                    proposed[t - 1, i] = b
            _add_scaled(c[i], votes, s[t])
        if t < n_iter - 1:
            _add_squashed(s[t], v_sum)
    return s, c


@compiled
def backward_last(u, weight, c, ds):
    """Return du [I, K, B] and dW [I, J, D, K] with the couplings c [I, J, B] as constants."""
    du, dweight = np.empty_like(u), np.empty_like(weight)
    dvotes = np.empty_like(ds)
    turned = np.empty((u.shape[2], u.shape[1]), u.dtype)
    for i in range(len(u)):
        dvotes[:] = 0
        _add_scaled(c[i], ds, dvotes)
        _pull(weight[i], u[i], dvotes, turned, du[i], dweight[i])
    return du, dweight


@compiled
def backward_full(u, weight, s, proposed, ds_last, dc, eta):
    """Differentiate through every iteration.

    Parameters
    ----------
    u, weight, s, proposed, eta
        As in `forward`, with what it returned and filled.
    ds_last
        Gradient of the last iteration's s, [J, D, B].
    dc
        Gradient of the couplings that `forward` returned, [I, J, B]; empty where they are not used.

    Returns
    -------
    du, dweight
        Gradients of lower capsules and weights.
    ds
        Gradients of all total inputs [n_iter, J, D, B]; their sum is that of the bias.
    """
    ds, db = _backward_iterations(u, weight, s, proposed, ds_last, dc, eta)
    du, dweight = _pull_iterations(u, weight, s, proposed, ds, db, eta)
    return du, dweight, ds


@compiled
def _backward_iterations(u, weight, s, proposed, ds_last, dc, eta):
    """Return the gradients of s [n_iter, J, D, B] and b [n_iter - 1, I, J, B], last to first."""
    in_caps, out_caps, dim, _ = weight.shape
    number = u.dtype.type
    rate, rest, decay = number(eta), number(1) - number(eta), number(1)
    votes = np.empty((out_caps, dim, u.shape[2]), u.dtype)
    later = np.empty((out_caps, u.shape[2]), u.dtype)  # gradient of c_ij of the next iteration
    ds, ds_sum = np.empty_like(s), ds_last.copy()
    ds[-1] = ds_last
    db, dv = np.empty_like(proposed), np.zeros_like(ds_last)
    for t in range(len(s) - 2, -1, -1):
        for i in range(in_caps):
            _votes(weight[i], u[i], votes)
            _inner(ds_sum, votes, later)
            if len(dc) > 0:
                for j in range(out_caps):
                    later[j] += decay * dc[i, j]
            _softmax_gradient(rate, proposed[t, i], later, db[t, i])
            _add_scaled(db[t, i], votes, dv)
        _squash_gradient(s[t], dv, ds[t])
        for j in range(out_caps):
            _blend_sum(rest, ds[t, j], ds_sum[j])
        decay *= rest
    return ds, db


@compiled
def _pull_iterations(u, weight, s, proposed, ds, db, eta):
    """Return du and dW: the votes' gradients of all iterations, added up, then pulled through W."""
    in_caps, out_caps, dim, _ = weight.shape
    number = u.dtype.type
    rate = number(eta)
    v_sum = np.zeros_like(s)
    for t in range(1, len(s)):
        v_sum[t] = v_sum[t - 1]
        _add_squashed(s[t - 1], v_sum[t])
    du, dweight = np.empty_like(u), np.empty_like(weight)
    dvotes = np.empty((out_caps, dim, u.shape[2]), u.dtype)
    turned = np.empty((u.shape[2], u.shape[1]), u.dtype)
    c = np.empty((out_caps, u.shape[2]), u.dtype)
    for i in range(in_caps):
        c[:] = number(1) / number(out_caps)
        dvotes[:] = 0
        _add_scaled(c, ds[0], dvotes)
        for t in range(1, len(s)):
            _blend(rate, proposed[t - 1, i], c)
            _add_scaled(db[t - 1, i], v_sum[t], dvotes)
            _add_scaled(c, ds[t], dvotes)
        _pull(weight[i], u[i], dvotes, turned, du[i], dweight[i])
    return du, dweight


@compiled
def _votes(weight, u, votes):
    """Votes of one lower capsule: [J, D, K] times [K, B]."""
    out_caps, dim, in_dim = weight.shape
    size = out_caps * dim
    np.dot(weight.reshape(size, in_dim), u, votes.reshape(size, u.shape[1]))


@compiled
def _pull(weight, u, dvotes, turned, du, dweight):
    """Gradients of one lower capsule [K, B] and its weights [J, D, K] from that of its votes."""
    out_caps, dim, in_dim = weight.shape
    size = out_caps * dim
    flat = dvotes.reshape(size, u.shape[1])
    turned[:] = u.T
    np.dot(weight.reshape(size, in_dim).T, flat, du)
    np.dot(flat, turned, dweight.reshape(size, in_dim))


@compiled
def _inner(a, b, out):
    """out_j = <a_j, b_j>: [J, D, B], [J, D, B] -> [J, B]."""
    dim = a.shape[1]
    whole = dim - dim % 4
    for j in range(len(a)):
        total = out[j]
        total[:] = 0
        for d in range(0, whole, 4):  # four at once: `total` is read and written less often
            a0, a1, a2, a3 = a[j, d], a[j, d + 1], a[j, d + 2], a[j, d + 3]
            b0, b1, b2, b3 = b[j, d], b[j, d + 1], b[j, d + 2], b[j, d + 3]
            for n in range(len(total)):
                total[n] += (a0[n] * b0[n] + a1[n] * b1[n]) + (a2[n] * b2[n] + a3[n] * b3[n])
        for d in range(whole, dim):
            a0, b0 = a[j, d], b[j, d]
            for n in range(len(total)):
                total[n] += a0[n] * b0[n]


@compiled
def _add_scaled(c, x, out):
    """out_j += c_j x_j: [J, B], [J, D, B] -> [J, D, B]."""
    for j in range(len(x)):
        scale = c[j]
        for d in range(x.shape[1]):
            added, total = x[j, d], out[j, d]
            for n in range(len(scale)):
                total[n] += scale[n] * added[n]


@compiled
def _blend(rate, proposed, c):
    """Eq. 3 in place: c <- rate ĉ + (1 - rate) c, both [J, B]."""
    one = c.dtype.type(1)
    if rate == one:  # regrouped sums would cost the smallest couplings their digits
        c[:] = proposed
        return
    rest = one - rate
    for j in range(len(c)):
        new, old = proposed[j], c[j]
        for n in range(len(new)):
            old[n] = rate * new[n] + rest * old[n]


@compiled
def _blend_sum(rest, ds, total):
    """total <- ds + rest total, both [D, B]."""
    for d in range(len(ds)):
        new, old = ds[d], total[d]
        for n in range(len(new)):
            old[n] = new[n] + rest * old[n]


@compiled
def _softmax(b):
    """Eq. 2 in place: softmax over the upper capsules, [J, B]."""
    top, total = b[0].copy(), np.zeros_like(b[0])
    for j in range(1, len(b)):
        row = b[j]
        for n in range(len(top)):
            top[n] = row[n] if row[n] > top[n] else top[n]
    for j in range(len(b)):
        row = b[j]
        _exp_below(top, row)
        for n in range(len(top)):
            total[n] += row[n]
    for j in range(len(b)):
        row = b[j]
        for n in range(len(top)):
            row[n] /= total[n]


@compiled
def _exp_below(top, x):
    """x <- exp(x - top) in place for x <= top, to the last digit or two.

    exp(y) = 2^k exp(y - k log 2) with a Taylor polynomial on (-log 2, 0]. A call of the C library
    for each number would take most of a routing iteration. Below -80 the result stays at exp(-80),
    which is nothing to a softmax, and NaN stays NaN.
    """
    number = x.dtype.type
    one = number(1)
    lowest, per_log2 = number(-80), number(1.4426950408889634)
    log2_high, log2_low = number(0.693359375), number(-2.12194440054690583e-4)
    c2, c3, c4, c5 = number(1 / 2), number(1 / 6), number(1 / 24), number(1 / 120)
    c6, c7, c8, c9 = number(1 / 720), number(1 / 5040), number(1 / 40320), number(1 / 362880)
    c10, c11 = number(1 / 3628800), number(1 / 39916800)
    c12, c13 = number(1 / 479001600), number(1 / 6227020800)
    c14, c15, c16 = number(1 / 87178291200), number(1 / 1307674368000), number(1 / 20922789888000)
    for n in range(len(x)):
        y = x[n] - top[n]
        y = lowest if y < lowest else y
        k = np.int32(y * per_log2)
        r = (y - k * log2_high) - k * log2_low
        p = c9
        if x.itemsize == 8:
            p = ((((((c16 * r + c15) * r + c14) * r + c13) * r + c12) * r + c11) * r + c10) * r + c9
        p = (((((((p * r + c8) * r + c7) * r + c6) * r + c5) * r + c4) * r + c3) * r + c2) * r + one
        power = np.int32((k + np.int32(127)) << np.int32(23)).view(np.float32)  # 2^k by its bits
        x[n] = (p * r + one) * number(power)


@compiled
def _softmax_gradient(rate, proposed, dc, db):
    """Gradient of the logits from that of c = rate softmax(b) + ..., all [J, B]."""
    mean = np.zeros_like(proposed[0])
    for j in range(len(proposed)):
        share, slope = proposed[j], dc[j]
        for n in range(len(mean)):
            mean[n] += share[n] * slope[n]
    for j in range(len(proposed)):
        share, slope, out = proposed[j], dc[j], db[j]
        for n in range(len(mean)):
            out[n] = rate * share[n] * (slope[n] - mean[n])


@compiled
def _add_squashed(s, total):
    """total_j += squash(s_j), both [J, D, B]."""
    one = s.dtype.type(1)
    for j in range(len(s)):
        scale = np.zeros_like(s[j, 0])
        for d in range(s.shape[1]):
            for n in range(len(scale)):
                scale[n] += s[j, d, n] * s[j, d, n]
        if _any_rare(scale):
            _add_rare(s[j], scale, total[j])
        for n in range(len(scale)):
            scale[n] = np.sqrt(scale[n]) / (one + scale[n])
        for d in range(s.shape[1]):
            for n in range(len(scale)):
                total[j, d, n] += scale[n] * s[j, d, n]


@compiled
def _squash_gradient(s, dv, ds):
    """Gradient of s from that of v = squash(s), all [J, D, B]; 0 where s is 0.

    With q = |s|^2 and v = g s, g = sqrt(q) / (1 + q):
    ds = g dv + <s, dv> (1 - q) / (sqrt(q) (1 + q)^2) s.
    """
    one = s.dtype.type(1)
    for j in range(len(s)):
        q, along = np.zeros_like(s[j, 0]), np.zeros_like(s[j, 0])
        for d in range(s.shape[1]):
            for n in range(len(q)):
                q[n] += s[j, d, n] * s[j, d, n]
                along[n] += s[j, d, n] * dv[j, d, n]
        square = q.copy() if _any_rare(q) else q[:0]
        for n in range(len(q)):
            root, more = np.sqrt(q[n]), one + q[n]
            along[n] *= (one - q[n]) / (root * more * more) if root > 0 else 0 * root
            q[n] = root / more
        for d in range(s.shape[1]):
            for n in range(len(q)):
                ds[j, d, n] = q[n] * dv[j, d, n] + along[n] * s[j, d, n]
        if len(square) > 0:
            _rare_gradient(s[j], square, dv[j], ds[j])


@compiled
def _is_rare(square):
    """Whether a vector is too short or too long for the square of its length: as in `squash`."""
    number = np.finfo(square)
    return not (number.tiny <= square < (2 / number.eps) ** 2)


@compiled
def _any_rare(square):
    """Whether one of the squares [B] is rare."""
    rare = False
    for n in range(len(square)):
        rare |= _is_rare(square[n])
    return rare


@compiled
def _add_rare(s, square, total):
    """total += squash(s) for rare samples of [D, B], whose squares are set to 0."""
    unit = np.empty_like(s[:, 0])
    for n in range(len(square)):
        if _is_rare(square[n]):
            length = _direction(s, n, unit)
            square[n] = 0
            for d in range(len(s)):
                total[d, n] += unit[d] * min(length * length, 1)


@compiled_to_the_letter
def _rare_gradient(s, square, dv, ds):
    """Gradient of s for rare samples of [D, B]: squash(s) is |s| s of short ones, else s / |s|."""
    number = s.dtype.type
    unit = np.empty_like(s[:, 0])
    for n in range(len(square)):
        if _is_rare(square[n]):
            length, along = _direction(s, n, unit), number(0)
            for d in range(len(s)):
                along += unit[d] * dv[d, n]
            along, slope = (along, length) if length < 1 else (-along, number(1) / length)
            for d in range(len(s)):
                ds[d, n] = slope * (dv[d, n] + along * unit[d])


@compiled_to_the_letter
def _direction(s, n, unit):
    """unit <- s / |s| of sample n of [D, B], 0 where s is 0; return |s|."""
    size = square = s.dtype.type(0)
    for d in range(len(s)):
        size = np.maximum(size, np.abs(s[d, n]))
    if size == 0:
        unit[:] = 0
        return size
    for d in range(len(s)):
        unit[d] = s[d, n] / size
        square += unit[d] * unit[d]
    root = np.sqrt(square)
    for d in range(len(s)):
        unit[d] /= root
    return size * root
