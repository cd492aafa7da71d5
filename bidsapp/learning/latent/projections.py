"""Projections of latent vectors to a plane, by name; the same seed gives the same picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bidsapp.errors import BadDataError

Array = NDArray[np.float32]
_NEIGHBOURS = 15
_FEWEST = 5


def project(vectors: Array, method: str, *, seed: int = 0) -> Array:
    """Project vectors to two dimensions.

    Parameters
    ----------
    vectors
        Shape ``(n, d)``, n of 5 or more, d of 2 or more.
    method
        One of `METHODS`:

        - ``pca``: the two principal components.
        - ``tsne``: Barnes-Hut t-SNE from the principal components (van der Maaten 2014, JMLR 15:3221);
          perplexity 30, or a third of the other vectors where that is less.
        - ``umap``: McInnes et al. 2018, arXiv:1802.03426; 15 neighbours (all where there are fewer), from the
          principal components, which keep the broad order (Kobak and Linderman 2021, Nat Biotechnol 39:156).
        - ``spectral``: Laplacian eigenmaps (Belkin and Niyogi 2003, Neural Computation 15:1373) on the graph
          of 15 nearest neighbours; the number is doubled until the graph is in one piece, because the
          eigenmaps of a graph in pieces show the pieces alone.
    seed
        Decides all that is random.

    Returns
    -------
    Array
        Shape ``(n, 2)``.

    Raises
    ------
    BadDataError
        No such method, or too few vectors or dimensions.
    """
    if method not in _METHODS:
        raise BadDataError(f"There is no projection '{method}'; choose from {', '.join(METHODS)}.")
    if vectors.ndim != 2 or vectors.shape[0] < _FEWEST or vectors.shape[1] < 2:
        raise BadDataError(
            f"A projection needs {_FEWEST} vectors of two or more dimensions; given: shape {vectors.shape}."
        )
    return np.asarray(_METHODS[method](vectors, seed), dtype=np.float32)


def project_all(vectors: Array, methods: Sequence[str], *, seed: int = 0) -> dict[str, Array]:
    """Project by several methods; as `project`, by name."""
    return {method: project(vectors, method, seed=seed) for method in methods}


def _pca(vectors: Array, seed: int) -> Array:
    from sklearn.decomposition import PCA

    plane: Array = PCA(2, svd_solver="full", random_state=seed).fit_transform(vectors)
    return plane


def _tsne(vectors: Array, seed: int) -> Array:
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(vectors) - 1) / 3)
    plane: Array = TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(vectors)
    return plane


def _umap(vectors: Array, seed: int) -> Array:
    from umap import UMAP

    neighbours = min(_NEIGHBOURS, len(vectors) - 1)
    # With several jobs UMAP does not keep to its seed.
    umap = UMAP(n_neighbors=neighbours, init="pca", random_state=seed, n_jobs=1)
    plane: Array = umap.fit_transform(vectors)
    return plane


def _spectral(vectors: Array, seed: int) -> Array:
    from sklearn.manifold import SpectralEmbedding

    graph = _connected_graph(vectors)
    embedding = SpectralEmbedding(2, affinity="precomputed", random_state=seed)
    plane: Array = embedding.fit_transform(graph)
    return plane


def _connected_graph(vectors: Array) -> NDArray[np.float64]:
    """Give the symmetric graph of nearest neighbours with the fewest (15, 30, ...) that is in one piece."""
    from scipy.sparse.csgraph import connected_components
    from sklearn.neighbors import kneighbors_graph

    most = len(vectors) - 1
    neighbours = min(_NEIGHBOURS, most)
    while True:
        graph = kneighbors_graph(vectors, neighbours)
        graph = 0.5 * (graph + graph.T)
        if neighbours == most or connected_components(graph, directed=False)[0] == 1:
            connected: NDArray[np.float64] = graph
            return connected
        neighbours = min(2 * neighbours, most)


_METHODS: Mapping[str, Callable[[Array, int], Array]] = {
    "pca": _pca,
    "tsne": _tsne,
    "umap": _umap,
    "spectral": _spectral,
}
METHODS = tuple(_METHODS)
