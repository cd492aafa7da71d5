"""Compiled loops over voxels, in parallel; each voxel's result depends on that voxel alone."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from bidsapp.oneclass.leaving import score_left_out
from bidsapp.oneclass.smo import gaussian_kernel, offset, solve, start

CHUNK = 64


@njit(nogil=True)
def squared_distance(first, second):  # type: ignore[no-untyped-def]
    """Squared Euclidean distance of two vectors, summed in float64."""
    total = 0.0
    for k in range(first.size):
        difference = np.float64(first[k]) - np.float64(second[k])
        total += difference * difference
    return total


@njit(nogil=True)
def kernel_sum(vectors, weights, gamma, point):  # type: ignore[no-untyped-def]
    """Sum the weighted kernels of support vectors at a point."""
    total = 0.0
    for s in range(weights.size):
        total += weights[s] * np.exp(-gamma * squared_distance(vectors[s], point))
    return total


@njit(parallel=True)
def fit_block(features, gamma, nu, tolerance, most_steps, alpha, rho, violation, left_out):  # type: ignore[no-untyped-def]
    """Fit the machines of a block of voxels; see `bidsapp.oneclass.svm.fit_svm`.

    ``features`` has shape ``(controls, voxels, dimensions)``; ``alpha``, ``rho``, ``violation`` and
    ``left_out`` (shape ``(controls, voxels)``; no rows: not wanted) are written.
    """
    n, voxels, dimensions = features.shape
    for chunk in prange((voxels + CHUNK - 1) // CHUNK):
        kernel, gradient, spare, scores = np.empty((n, n)), np.empty(n), np.empty(n), np.empty(n)
        points = np.empty((dimensions, n))
        for v in range(chunk * CHUNK, min((chunk + 1) * CHUNK, voxels)):
            for i in range(n):
                points[:, i] = features[i, v]
            gaussian_kernel(points, gamma[v], kernel)
            start(kernel, nu * n, alpha[v], gradient)
            violation[v] = solve(kernel, alpha[v], gradient, -1, tolerance, most_steps)
            rho[v] = offset(alpha[v], gradient, -1)
            if left_out.shape[0]:
                spare[:] = alpha[v]
                worst = score_left_out(kernel, spare, gradient, nu, tolerance, most_steps, scores)
                violation[v] = max(violation[v], worst)
                left_out[:, v] = scores


@njit(parallel=True)
def variance_sum(features):  # type: ignore[no-untyped-def]
    """Sum the variances of the dimensions at each voxel; ``features`` as in `fit_block`."""
    n, voxels, dimensions = features.shape
    result = np.zeros(voxels)
    for v in prange(voxels):
        mean = np.zeros(dimensions)
        for i in range(n):
            mean += features[i, v]
        mean /= n
        for i in range(n):
            for k in range(dimensions):
                difference = features[i, v, k] - mean[k]
                result[v] += difference * difference
        result[v] /= n
    return result


@njit(parallel=True)
def decide(first, vectors, weights, rho, gamma, features):  # type: ignore[no-untyped-def]
    """Give the decision value at each voxel; see `bidsapp.oneclass.svm.SupportVectors`."""
    result = np.empty(rho.size, dtype=np.float32)
    for v in prange(rho.size):
        own = slice(first[v], first[v + 1])
        result[v] = kernel_sum(vectors[own], weights[own], gamma[v], features[v]) - rho[v]
    return result


@njit(parallel=True)
def decide_places(vectors, weights, rho, gamma, features):  # type: ignore[no-untyped-def]
    """Give the decision values of one machine for many places."""
    result = np.empty(features.shape[0], dtype=np.float32)
    for p in prange(features.shape[0]):
        result[p] = kernel_sum(vectors, weights, gamma, features[p]) - rho
    return result


@njit(parallel=True)
def log_density(controls, gamma, features, left_out):  # type: ignore[no-untyped-def]
    """Give the logarithm of the mean kernel to the controls, but for ``left_out`` (-1: to all)."""
    voxels, n, _ = controls.shape
    result = np.empty(voxels, dtype=np.float32)
    for v in prange(voxels):
        exponents = np.empty(n)
        largest, count = -np.inf, 0
        for i in range(n):
            exponents[i] = -np.inf
            if i != left_out:
                exponents[i] = -gamma[v] * squared_distance(controls[v, i], features[v])
                largest = max(largest, exponents[i])
                count += 1
        total = 0.0
        for i in range(n):
            total += np.exp(exponents[i] - largest)
        result[v] = largest + np.log(total / count)
    return result


@njit(parallel=True)
def nearness(controls, count, features, left_out):  # type: ignore[no-untyped-def]
    """Give minus the mean distance to the ``count`` nearest controls, but for ``left_out`` (-1: of all)."""
    voxels, n, _ = controls.shape
    result = np.empty(voxels, dtype=np.float32)
    for v in prange(voxels):
        distances = np.empty(n)
        for i in range(n):
            distances[i] = np.inf
            if i != left_out:
                distances[i] = np.sqrt(squared_distance(controls[v, i], features[v]))
        result[v] = -np.sort(distances)[:count].mean()
    return result
