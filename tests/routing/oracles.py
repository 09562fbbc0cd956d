"""Every routing of one sample in NumPy, capsule by capsule, written from its equations alone.

Each function takes votes [in_caps, out_caps, out_dim], u [in_caps, in_dim], n_iter, bias
[out_caps, out_dim] or None, and the tensors of its algorithm. It returns v and the couplings c.
"""

import numpy as np


def squash(s):
    length = np.linalg.norm(s)
    return s * length / (1 + length**2)


def softmax(b):
    power = np.exp(b - max(b))
    return power / power.sum()


def each_softmax(b):
    return np.array([softmax(row) for row in b])


def uniform(votes):
    return np.full(votes.shape[:2], 1 / votes.shape[1])


def inputs(weight, votes, bias):
    """Return s_j, the weighted sum of the votes for j plus its bias, for each j."""
    in_caps, out_caps, dim = votes.shape
    bias = np.zeros((out_caps, dim)) if bias is None else bias
    return np.array(
        [bias[j] + sum(weight[i, j] * votes[i, j] for i in range(in_caps)) for j in range(out_caps)]
    )


def squashed(weight, votes, bias):
    return np.array([squash(s) for s in inputs(weight, votes, bias)])


def agreements(votes, a):
    """Return the inner product of each vote for j with a_j."""
    return np.array([[vote @ a[j] for j, vote in enumerate(row)] for row in votes])


def dynamic(votes, u, n_iter, bias, eta=1.0, temperature=1.0):
    b, c = np.zeros(votes.shape[:2]), uniform(votes)
    for _ in range(n_iter - 1):
        b += agreements(votes, squashed(c, votes, bias))
        c = eta * each_softmax(b / temperature) + (1 - eta) * c
    return squashed(c, votes, bias), c


def not_accumulated(votes, n_iter, bias, compared_with):
    c = uniform(votes)
    for _ in range(n_iter - 1):
        c = each_softmax(agreements(votes, [compared_with(s) for s in inputs(c, votes, bias)]))
    return squashed(c, votes, bias), c


def attention(votes, u, n_iter, bias):
    def layer_norm(s):
        return (s - s.mean()) / np.sqrt(s.var() + 1e-5)

    return not_accumulated(votes, n_iter, bias, lambda s: layer_norm(s) / np.sqrt(len(s)))


def kmeans(votes, u, n_iter, bias):
    return not_accumulated(votes, n_iter, bias, lambda s: s / np.linalg.norm(s))


def self_attention(votes, u, n_iter, bias, beta):
    in_caps, _, dim = votes.shape
    c = uniform(votes)
    if n_iter == 2:
        c = each_softmax(sum(agreements(votes, votes[k]) for k in range(in_caps)) / np.sqrt(dim))
    s = inputs(c + beta, votes, bias)
    length = np.linalg.norm(s, axis=1, keepdims=True)
    return (1 - np.exp(-length)) * s / length, c


def self_routing(votes, u, n_iter, bias, route_weight, route_bias):
    c = uniform(votes)
    if n_iter == 2:
        logits = [w @ one for w, one in zip(route_weight, u, strict=True)]
        c = each_softmax(np.array(logits) + route_bias)
    return squashed(np.linalg.norm(u, axis=1, keepdims=True) * c, votes, bias), c


def accumulated(votes, n_iter, bias, weight_of):
    b = np.zeros(votes.shape[:2])
    for _ in range(n_iter - 1):
        b += agreements(votes, squashed(weight_of(b), votes, bias))
    return squashed(weight_of(b), votes, bias), weight_of(b), b


def max_min(votes, u, n_iter, bias):
    def scaled(b):
        return np.array(
            [(row - min(row)) / np.ptp(row) if np.ptp(row) else np.ones_like(row) for row in b]
        )

    v, weight, _ = accumulated(votes, n_iter, bias, scaled)
    return v, weight / weight.sum(axis=1, keepdims=True)


def leaky(votes, u, n_iter, bias):
    def leaking(b):
        return np.exp(b) / (1 + np.exp(b).sum(axis=1, keepdims=True))

    v, weight, b = accumulated(votes, n_iter, bias, leaking)
    return v, np.column_stack([weight, 1 / (1 + np.exp(b).sum(axis=1))])


def over_lower(votes, u, n_iter, bias):
    in_caps, out_caps, _ = votes.shape
    v, weight, _ = accumulated(
        votes, n_iter, bias, lambda b: each_softmax(b.T).T * in_caps / out_caps
    )
    return v, weight / weight.sum(axis=1, keepdims=True)


def fixed_random(votes, u, n_iter, bias, route_logits):
    c = uniform(votes) if n_iter == 1 else each_softmax(route_logits)
    return squashed(c, votes, bias), c


def em(votes, u, n_iter, bias, beta_u, beta_a):
    in_caps, out_caps, dim = votes.shape
    r = uniform(votes)
    mean, variance = np.zeros((2, out_caps, dim))
    alpha = np.zeros(out_caps)
    for iteration in range(1, n_iter + 1):
        for j in range(out_caps):
            weight = r[:, j] * np.linalg.norm(u, axis=1)
            mean[j] = weight @ votes[:, j] / weight.sum()
            variance[j] = weight @ (votes[:, j] - mean[j]) ** 2 / weight.sum() + 1e-4
            mass = 100 * weight.sum() * out_caps / in_caps
            cost = mass * (beta_u[j] + np.log(variance[j]) / 2).sum()
            alpha[j] = 1 / (1 + np.exp(-0.01 * (1 - 0.95**iteration) * (beta_a[j] - cost)))
        if iteration < n_iter:
            for i in range(in_caps):
                far = np.log(variance) + (votes[i] - mean) ** 2 / variance
                r[i] = softmax(np.log(alpha) - far.sum(axis=1) / 2)
    shown = mean if bias is None else mean + bias
    return alpha[:, None] * shown / np.linalg.norm(shown, axis=1, keepdims=True), r
