"""Leaving one control out of a machine, exactly: its weight is taken off, the others' optimum searched again.

Where the free points alone can take up the weight, they do so along the line on which they stay optimal
(after Cauwenberghs and Poggio 2001, Advances in Neural Information Processing Systems 13); what is left to
search is then short.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from bidsapp.oneclass.smo import FLAT, offset, solve

SINGULAR = 1e-9


@njit(nogil=True)
def score_left_out(kernel, alpha, gradient, nu, tolerance, most_steps, out):  # type: ignore[no-untyped-def]
    """Score each control by the machine of the others; ``alpha`` and ``gradient`` are used up.

    The machine of n - 1 controls has the sum nu (n - 1). Solved once over all n with that sum, it is already
    the machine without any control whose weight is zero; only the others need a search of their own.
    """
    n = alpha.size
    spread(kernel, alpha, gradient, -1, -nu)
    worst = solve(kernel, alpha, gradient, -1, tolerance, most_steps)
    rho = offset(alpha, gradient, -1)
    free, table = np.empty(n, dtype=np.int64), np.empty((n, n))
    count = exchange(kernel, alpha, free, table)
    other_alpha, other_gradient = np.empty(n), np.empty(n)
    for i in range(n):
        if alpha[i] == 0.0:
            out[i] = gradient[i] - rho
            continue
        other_alpha[:] = alpha
        other_gradient[:] = gradient
        withdraw(kernel, other_alpha, other_gradient, i, free, table, count)
        violation = solve(kernel, other_alpha, other_gradient, i, tolerance, most_steps)
        worst = max(worst, violation)
        out[i] = other_gradient[i] - offset(other_alpha, other_gradient, i)
    return worst


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
