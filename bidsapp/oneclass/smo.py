"""The solver behind the one-class machine: sequential minimal optimisation, compiled, for one small problem.

minimise 1/2 a'Ka over 0 <= a_i <= 1 with sum(a) = nu n (Schoelkopf et al. 2001,
doi:10.1162/089976601750264965, in the scale of libsvm). Pairs are chosen by second-order information (Fan,
Chen and Lin 2005, JMLR 6:1889). All arithmetic is float64 and in a fixed order: the same bytes each time.
"""

from __future__ import annotations

import numpy as np
from numba import njit

FLAT = 1e-12


@njit(nogil=True)
def gaussian_kernel(points, gamma, kernel):  # type: ignore[no-untyped-def]
    """Fill ``kernel[i, j] = exp(-gamma |x_i - x_j|^2)``; float64 points, shape ``(dimensions, n)``."""
    dimensions, n = points.shape
    for i in range(n):
        row = kernel[i]
        for j in range(i):
            row[j] = 0.0
        for k in range(dimensions):
            own = points[k, i]
            for j in range(i):
                difference = points[k, j] - own
                row[j] += difference * difference
        for j in range(i):
            row[j] = np.exp(-gamma * row[j])
        row[i] = 1.0
    for i in range(n):
        for j in range(i):
            kernel[j, i] = kernel[i, j]


@njit(nogil=True)
def start(kernel, total, alpha, gradient):  # type: ignore[no-untyped-def]
    """Put the whole sum on the first points, as libsvm does, and compute the gradient Ka."""
    n = alpha.size
    left = total
    for i in range(n):
        alpha[i] = min(1.0, left)
        left -= alpha[i]
        gradient[i] = 0.0
    for i in range(n):
        if alpha[i] > 0:
            for j in range(n):
                gradient[j] += alpha[i] * kernel[i, j]


@njit(nogil=True)
def solve(kernel, alpha, gradient, left_out, tolerance, most_steps):  # type: ignore[no-untyped-def]
    """Improve pairs until the largest violation of the optimality conditions is at most ``tolerance``.

    ``alpha`` (feasible) and ``gradient`` are changed in place; the point ``left_out`` (-1: none) takes no
    part. Returns the violation at the end. A pair that violates by v gains at least v^2 / 2, for no curvature
    is above 2: so the best gain alone tells when to stop. Loops are kept free of branches where they can be.
    """
    n = alpha.size
    gains = np.empty(n)
    least = 0.5 * tolerance * tolerance
    for _ in range(most_steps):
        low, i = np.inf, -1
        for t in range(n):
            if gradient[t] < low and alpha[t] < 1.0 and t != left_out:
                low, i = gradient[t], t
        row = kernel[i]
        for t in range(n):
            excess = max(gradient[t] - low, 0.0)
            gain = excess * excess / max(2.0 - 2.0 * row[t], FLAT)
            gains[t] = gain if alpha[t] > 0.0 else 0.0
        best, j = least, -1
        for t in range(n):
            if gains[t] > best and t != left_out:
                best, j = gains[t], t
        if j < 0:
            break
        room = 1.0 - alpha[i]
        move = min((gradient[j] - low) / max(2.0 - 2.0 * row[j], FLAT), room, alpha[j])
        alpha[i] = 1.0 if move == room else alpha[i] + move
        alpha[j] -= move
        for t in range(n):
            gradient[t] += move * (row[t] - kernel[j, t])
    return violation(alpha, gradient, left_out)


@njit(nogil=True)
def violation(alpha, gradient, left_out):  # type: ignore[no-untyped-def]
    """Give by how much the gradient of a point with weight exceeds that of one with room; 0 at best."""
    low, high = np.inf, -np.inf
    for t in range(alpha.size):
        if alpha[t] < 1.0 and t != left_out:
            low = min(low, gradient[t])
        if alpha[t] > 0.0 and t != left_out:
            high = max(high, gradient[t])
    return max(high - low, 0.0)


@njit(nogil=True)
def offset(alpha, gradient, left_out):  # type: ignore[no-untyped-def]
    """Give rho: the mean gradient of the free points; with none, the middle of what is allowed."""
    total, free = 0.0, 0
    below, above = -np.inf, np.inf
    for t in range(alpha.size):
        if t == left_out:
            continue
        if alpha[t] >= 1.0:
            below = max(below, gradient[t])
        elif alpha[t] <= 0.0:
            above = min(above, gradient[t])
        else:
            total += gradient[t]
            free += 1
    return total / free if free > 0 else 0.5 * (below + above)
