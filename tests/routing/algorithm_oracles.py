"""The other routings with plain loops over capsules, written from their equations alone.

Each takes one sample: votes [in_caps, out_caps, out_dim], u [in_caps, in_dim], n_iter, bias
[out_caps, out_dim] or none, and its tensors, and returns v and the distributions c.
"""

import math

import numpy as np

from tests.routing.reference import softmax, squash


def norm(x):
    return math.sqrt(sum(value * value for value in x))


def inner(x, y):
    return sum(a * b for a, b in zip(x, y, strict=True))


def weighted_sums(weight, votes, bias):
    in_caps, out_caps, dim = votes.shape
    s = np.zeros((out_caps, dim))
    for j in range(out_caps):
        for d in range(dim):
            s[j, d] = 0.0 if bias is None else bias[j, d]
            for i in range(in_caps):
                s[j, d] += weight[i, j] * votes[i, j, d]
    return s


def squashed(s):
    return np.array([squash(row) for row in s])


def each_softmax(b):
    return np.array([softmax(row) for row in b])


def uniform(votes):
    return np.full(votes.shape[:2], 1 / votes.shape[1])


def agreements(votes, a):
    in_caps, out_caps, _ = votes.shape
    return np.array([[inner(votes[i, j], a[j]) for j in range(out_caps)] for i in range(in_caps)])


def attention(votes, u, n_iter, bias):
    c = uniform(votes)
    for _ in range(n_iter - 1):
        a = []
        for row in weighted_sums(c, votes, bias):
            mean = sum(row) / len(row)
            variance = sum((x - mean) ** 2 for x in row) / len(row)
            normal = [(x - mean) / math.sqrt(variance + 1e-5) for x in row]
            a.append([x / math.sqrt(len(row)) for x in normal])
        c = each_softmax(agreements(votes, a))
    return squashed(weighted_sums(c, votes, bias)), c


def kmeans(votes, u, n_iter, bias):
    c = uniform(votes)
    for _ in range(n_iter - 1):
        a = [row / norm(row) for row in weighted_sums(c, votes, bias)]
        c = each_softmax(agreements(votes, a))
    return squashed(weighted_sums(c, votes, bias)), c


def self_attention(votes, u, n_iter, bias, beta):
    in_caps, out_caps, dim = votes.shape
    c = uniform(votes)
    if n_iter == 2:
        b = np.zeros((in_caps, out_caps))
        for i in range(in_caps):
            for j in range(out_caps):
                for k in range(in_caps):
                    b[i, j] += inner(votes[i, j], votes[k, j]) / math.sqrt(dim)
        c = each_softmax(b)
    s = weighted_sums(c + beta, votes, bias)
    return np.array([(1 - math.exp(-norm(row))) * row / norm(row) for row in s]), c


def self_routing(votes, u, n_iter, bias, route_weight, route_bias):
    in_caps, out_caps, _ = votes.shape
    c = uniform(votes)
    if n_iter == 2:
        for i in range(in_caps):
            c[i] = softmax(
                [inner(route_weight[i, j], u[i]) + route_bias[i, j] for j in range(out_caps)]
            )
    weight = np.array([norm(u[i]) * c[i] for i in range(in_caps)])
    return squashed(weighted_sums(weight, votes, bias)), c


def max_min(votes, u, n_iter, bias):
    weight = np.ones(votes.shape[:2])
    b = np.zeros(votes.shape[:2])
    for _ in range(n_iter - 1):
        b += agreements(votes, squashed(weighted_sums(weight, votes, bias)))
        for i, row in enumerate(b):
            if max(row) > min(row):
                weight[i] = [(x - min(row)) / (max(row) - min(row)) for x in row]
    v = squashed(weighted_sums(weight, votes, bias))
    return v, np.array([row / sum(row) for row in weight])


def leaky(votes, u, n_iter, bias):
    in_caps, out_caps, _ = votes.shape
    b = np.zeros((in_caps, out_caps))
    for iteration in range(n_iter):
        c = np.zeros((in_caps, out_caps + 1))
        for i in range(in_caps):
            total = 1 + sum(math.exp(x) for x in b[i])
            for j in range(out_caps):
                c[i, j] = math.exp(b[i, j]) / total
            c[i, out_caps] = 1 / total
        v = squashed(weighted_sums(c[:, :out_caps], votes, bias))
        if iteration < n_iter - 1:
            b += agreements(votes, v)
    return v, c


def over_lower(votes, u, n_iter, bias):
    in_caps, out_caps, _ = votes.shape
    b = np.zeros((in_caps, out_caps))
    for iteration in range(n_iter):
        weight = np.zeros((in_caps, out_caps))
        for j in range(out_caps):
            weight[:, j] = softmax(b[:, j]) * in_caps / out_caps
        v = squashed(weighted_sums(weight, votes, bias))
        if iteration < n_iter - 1:
            b += agreements(votes, v)
    return v, np.array([row / sum(row) for row in weight])


def fixed_random(votes, u, n_iter, bias, route_logits):
    c = uniform(votes) if n_iter == 1 else each_softmax(route_logits)
    return squashed(weighted_sums(c, votes, bias)), c


def em(votes, u, n_iter, bias, beta_u, beta_a):
    in_caps, out_caps, dim = votes.shape
    r = uniform(votes)
    mean, variance = np.zeros((2, out_caps, dim))
    alpha = np.zeros(out_caps)
    for iteration in range(1, n_iter + 1):
        inverse_temperature = 0.01 * (1 - 0.95**iteration)
        for j in range(out_caps):
            weight = [r[i, j] * norm(u[i]) for i in range(in_caps)]
            mass = sum(weight)
            cost = 0.0
            for d in range(dim):
                mean[j, d] = sum(weight[i] * votes[i, j, d] for i in range(in_caps)) / mass
                squares = [weight[i] * (votes[i, j, d] - mean[j, d]) ** 2 for i in range(in_caps)]
                variance[j, d] = sum(squares) / mass + 1e-4
                cost += 100 * mass * out_caps / in_caps * (beta_u[j] + math.log(variance[j, d]) / 2)
            alpha[j] = 1 / (1 + math.exp(-inverse_temperature * (beta_a[j] - cost)))
        if iteration == n_iter:
            break
        for i in range(in_caps):
            logits = [math.log(alpha[j]) for j in range(out_caps)]
            for j in range(out_caps):
                for d in range(dim):
                    far = (votes[i, j, d] - mean[j, d]) ** 2 / variance[j, d]
                    logits[j] -= (math.log(variance[j, d]) + far) / 2
            r[i] = softmax(logits)
    shown = mean if bias is None else mean + bias
    return np.array([alpha[j] * shown[j] / norm(shown[j]) for j in range(out_caps)]), r
