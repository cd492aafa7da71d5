"""The solver behind the one-class machine: sequential minimal optimisation, compiled, for one small problem.

minimise 1/2 a'Ka over 0 <= a_i <= 1 with sum(a) = nu n (Schoelkopf et al. 2001,
doi:10.1162/089976601750264965, in the scale of libsvm). Pairs are chosen by second-order information (Fan,
Chen and Lin 2005, JMLR 6:1889). All arithmetic is float64 and in a fixed order: the same bytes each time.
"""

from __future__ import annotations

import numpy as np
from numba import njit

FLAT, SINGULAR = 1e-12, 1e-9


@njit(nogil=True)
def gaussian_kernel(points, gamma, kernel):  # type: ignore[no-untyped-def]
    """Fill ``kernel[i, j] = exp(-gamma |x_i - x_j|^2)``; points of shape ``(dimensions, n)``."""
    dimensions, n = points.shape
    for i in range(n):
        row = kernel[i]
        for j in range(i):
            row[j] = 0.0
        for k in range(dimensions):
            own = np.float64(points[k, i])
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
    """Improve pairs until the largest violation of the optimality conditions is below ``tolerance``.

    ``alpha`` (feasible) and ``gradient`` are changed in place; the point ``left_out`` (-1: none) takes no
    part. Returns the violation at the end and the number of steps.
    """
    n = alpha.size
    for step in range(most_steps):
        low, i = np.inf, -1
        for t in range(n):
            if alpha[t] < 1.0 and gradient[t] < low and t != left_out:
                low, i = gradient[t], t
        high, gain, j = -np.inf, 0.0, -1
        if i >= 0:
            row = kernel[i]
            for t in range(n):
                if alpha[t] > 0.0 and t != left_out:
                    excess = gradient[t] - low
                    high = max(high, gradient[t])
                    if excess > 0.0:
                        here = excess * excess / max(2.0 - 2.0 * row[t], FLAT)
                        if here > gain:
                            gain, j = here, t
        if j < 0 or high - low < tolerance:
            return max(high - low, 0.0), step
        curvature = max(2.0 - 2.0 * kernel[i, j], FLAT)
        room = 1.0 - alpha[i]
        move = min((gradient[j] - low) / curvature, room, alpha[j])
        alpha[i] = 1.0 if move == room else alpha[i] + move
        alpha[j] -= move
        for t in range(n):
            gradient[t] += move * (kernel[i, t] - kernel[j, t])
    return high - low, most_steps


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


@njit(nogil=True)
def spread(kernel, alpha, gradient, left_out, missing):  # type: ignore[no-untyped-def]
    """Add ``missing`` (or take it, if negative) where the gradient says it costs least; in place."""
    n = alpha.size
    while missing != 0.0:
        best, chosen = np.inf, -1
        for t in range(n):
            if t != left_out and ((alpha[t] < 1.0) if missing > 0 else (alpha[t] > 0.0)):
                value = gradient[t] if missing > 0 else -gradient[t]
                if value < best:
                    best, chosen = value, t
        if chosen < 0:
            break
        before = alpha[chosen]
        alpha[chosen] = min(before + missing, 1.0) if missing > 0 else max(before + missing, 0.0)
        change = alpha[chosen] - before
        missing = 0.0 if 0.0 < alpha[chosen] < 1.0 else missing - change
        for t in range(n):
            gradient[t] += change * kernel[chosen, t]


@njit(nogil=True)
def exchange(kernel, alpha, free, table):  # type: ignore[no-untyped-def]
    """Fill ``table`` with how the free points answer to each other while sum and gradients stay equal.

    It is the inverse of the kernel K of the free points, less its part along the sum:
    K^-1 - K^-1 1 1' K^-1 / (1' K^-1 1). ``free`` gets their indices. Returns their number; 0 where the kernel
    is too close to singular (points that are alike).
    """
    count = 0
    for t in range(alpha.size):
        if 0.0 < alpha[t] < 1.0:
            free[count] = t
            count += 1
    for a in range(count):
        for b in range(count):
            table[a, b] = kernel[free[a], free[b]]
    if not invert(table, count):
        return 0
    sums = np.zeros(count)
    for a in range(count):
        for b in range(count):
            sums[a] += table[a, b]
    whole = sums.sum()
    for a in range(count):
        for b in range(count):
            table[a, b] -= sums[a] * sums[b] / whole
    return count


@njit(nogil=True)
def invert(table, count):  # type: ignore[no-untyped-def]
    """Invert the first ``count`` rows and columns in place (Gauss, Jordan); False where close to singular."""
    for pivot in range(count):
        head = table[pivot, pivot]
        if head < SINGULAR:
            return False
        table[pivot, pivot] = 1.0
        for b in range(count):
            table[pivot, b] /= head
        for a in range(count):
            if a != pivot:
                factor = table[a, pivot]
                table[a, pivot] = 0.0
                for b in range(count):
                    table[a, b] -= factor * table[pivot, b]
    return True


@njit(nogil=True)
def withdraw(kernel, alpha, gradient, point, free, table, count):  # type: ignore[no-untyped-def]
    """Take the weight off ``point``: along ``table`` as far as all stay feasible, the rest by `spread`."""
    place = -1
    for a in range(count):
        if free[a] == point:
            place = a
    if place >= 0 and table[place, place] > FLAT:
        reach = alpha[point]
        for a in range(count):
            slope = table[a, place] / table[place, place]
            if a != place and slope > 0.0:
                reach = min(reach, alpha[free[a]] / slope)
            elif a != place and slope < 0.0:
                reach = min(reach, (alpha[free[a]] - 1.0) / slope)
        for a in range(count):
            change = reach * table[a, place] / table[place, place]
            t = free[a]
            alpha[t] = min(max(alpha[t] - change, 0.0), 1.0)
            for u in range(alpha.size):
                gradient[u] -= change * kernel[t, u]
    rest = alpha[point]
    alpha[point] = 0.0
    if rest > 0.0:
        for t in range(alpha.size):
            gradient[t] -= rest * kernel[point, t]
        spread(kernel, alpha, gradient, point, rest)
