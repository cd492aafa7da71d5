"""Figures of merit of who lies near whom: whether a plane keeps it, and a place finds itself in others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError

Array = NDArray[np.float32]


def trustworthiness(latent: Array, plane: Array, neighbours: int) -> float:
    """Tell whether neighbours in the plane are neighbours in the latent space too.

    ``1 - 2 / (n k (2n - 3k - 1)) sum_i sum_{j in U_k(i)} (r(i, j) - k)``: U_k(i) are those of the k nearest
    of i in the plane that are not so in the latent space, r(i, j) the rank of j there (Venna and Kaski
    2001, ICANN, 485; computed by scikit-learn).

    Parameters
    ----------
    latent, plane
        Shapes ``(n, d)`` and ``(n, 2)``; Euclidean distances. Memory grows as n squared.
    neighbours
        k, less than n / 2.

    Returns
    -------
    float
        1: no false neighbour; `random_trustworthiness`: a plane that knows nothing.

    Raises
    ------
    BadDataError
        ``neighbours`` is not below half of the vectors.
    """
    from sklearn.manifold import trustworthiness as computed

    _check(len(latent), neighbours)
    return float(computed(latent, plane, n_neighbors=neighbours))


def continuity(latent: Array, plane: Array, neighbours: int) -> float:
    """Tell whether neighbours in the latent space stay neighbours in the plane.

    Trustworthiness with the spaces swapped (Venna and Kaski 2001); parameters as there.
    """
    return trustworthiness(plane, latent, neighbours)


def random_trustworthiness(count: int, neighbours: int) -> float:
    """Give the expected trustworthiness, and continuity, of a random plane of ``count`` vectors.

    The k neighbours then have ranks uniform on 1 to n - 1, so that r - k, where positive, has the mean
    ``(n - k - 1)(n - k) / (2 (n - 1))``; about 1/2 where k is small against n.
    """
    _check(count, neighbours)
    n, k = count, neighbours
    return 1 - (n - k) * (n - k - 1) / ((n - 1) * (2 * n - 3 * k - 1))


def neighbourhood_preservation(latent: Array, plane: Array, neighbours: int) -> float:
    """Give the mean share of a vector's k nearest in the latent space that are so in the plane too.

    Q_NX(k) of Lee and Verleysen 2009 (Neurocomputing 72:1431); by chance k / (n - 1). Parameters as
    `trustworthiness`.
    """
    _check(len(latent), neighbours)
    high, low = nearest(latent, neighbours), nearest(plane, neighbours)
    shared = [np.intersect1d(a, b).size for a, b in zip(high, low, strict=True)]
    return float(np.mean(shared)) / neighbours


def colocation(vectors: Array, neighbours: int) -> float:
    """Give the share of a vector's k nearest neighbours that come from the same place in other people.

    Precision at k of a search for the same place (Manning et al. 2008, Introduction to Information Retrieval,
    section 8.4).

    Parameters
    ----------
    vectors
        Shape ``(places, subjects, d)``.
    neighbours
        k, less than half of the number of vectors.

    Returns
    -------
    float
        At most ``(subjects - 1) / k``; by chance `random_colocation`.

    Raises
    ------
    BadDataError
        ``neighbours`` is not below half of the vectors.
    """
    places, subjects, dimensions = vectors.shape
    _check(places * subjects, neighbours)
    found = nearest(vectors.reshape(-1, dimensions), neighbours) // subjects
    own = np.repeat(np.arange(places), subjects)
    return float((found == own[:, None]).mean())


def random_colocation(places: int, subjects: int) -> float:
    """Give the expected colocation of vectors that know nothing of their place: (s - 1) / (p s - 1)."""
    return (subjects - 1) / (places * subjects - 1)


def nearest(vectors: Array, neighbours: int) -> NDArray[np.intp]:
    """Give the rows of the k nearest others of each vector, shape ``(n, k)``."""
    from sklearn.neighbors import NearestNeighbors

    found: NDArray[np.intp] = (
        NearestNeighbors(n_neighbors=neighbours).fit(vectors).kneighbors(return_distance=False)
    )
    return found


def _check(count: int, neighbours: int) -> None:
    if not 1 <= neighbours < count / 2:
        raise BadDataError(
            f"{neighbours} neighbours of {count} vectors: choose a number of 1 or more below half of them."
        )
