"""Lesion masks and anomaly maps: 0 nearly everywhere, and where they are not 0 is what they tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from bidsapp.analyses.coma.encoding import LESION
from bidsapp.analyses.coma.features.protocol import Arrays
from bidsapp.analyses.coma.models.scales import Image, check_shape
from bidsapp.analyses.coma.patient import ANOMALY


def is_sparse(key: str) -> bool:
    """Tell whether volumes of this key are 0 nearly everywhere.

    >>> is_sparse("lesion"), is_sparse("anomaly-T1w"), is_sparse("T1w")
    (True, True, False)
    """
    return key == LESION or key.startswith(ANOMALY)


@dataclass(frozen=True, eq=False)
class SparseScale:
    """Divides by the training patients' size of what is not 0; nothing is taken away, so that 0 stays 0.

    The mean image of lesions says where lesions are frequent. Taken away, as that of heads is, it would leave
    of a lesion only how it differs from other lesions there.

    Attributes
    ----------
    shape
        Grid of the training patients.
    spread
        Root mean square of their voxels that are not 0; 1 where none is.
    """

    shape: tuple[int, ...]
    spread: float

    @classmethod
    def of(cls, images: Sequence[Image]) -> Self:
        """Learn from images of one grid."""
        values = np.concatenate([image[image != 0] for image in images]).astype(np.float64)
        return cls(images[0].shape, float(np.sqrt(np.mean(values**2))) if values.size else 1.0)

    def __call__(self, image: Image) -> Image:
        """Give the image in units of ``spread``.

        Raises
        ------
        BadDataError
            It is of another shape than those of the training patients.
        """
        check_shape(image, self.shape)
        return np.asarray(image / self.spread, dtype=np.float32)

    def arrays(self) -> Arrays:
        """Give all that was learned."""
        return {"shape": np.array(self.shape), "spread": np.array([self.spread])}

    @classmethod
    def restore(cls, arrays: Arrays) -> Self:
        """Take what :meth:`arrays` gave."""
        return cls(tuple(arrays["shape"].astype(int).tolist()), float(arrays["spread"][0]))
