"""The losses by the names that a recipe uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from bidsapp.errors import UsageError
from bidsapp.learning.ordinal.base import OrdinalLoss
from bidsapp.learning.ordinal.coral import Coral
from bidsapp.learning.ordinal.corn import Corn
from bidsapp.learning.ordinal.cross_entropy import CrossEntropy
from bidsapp.learning.ordinal.cumulative_link import CumulativeLink
from bidsapp.learning.ordinal.huber import Huber
from bidsapp.learning.ordinal.kappa import Kappa
from bidsapp.learning.ordinal.pairwise import HingeRank, RankNet
from bidsapp.learning.ordinal.spearman import Spearman

LOSSES: Mapping[str, Callable[[int], OrdinalLoss]] = MappingProxyType(
    {
        "cross-entropy": CrossEntropy,
        "coral": Coral,
        "corn": Corn,
        "cumulative-link": CumulativeLink,
        "kappa": Kappa,
        "huber": Huber,
        "ranknet": RankNet,
        "hinge-rank": HingeRank,
        "spearman": Spearman,
    }
)


def ordinal_loss(name: str, levels: int) -> OrdinalLoss:
    """Make a loss with its default settings.

    Parameters
    ----------
    name
        A key of `LOSSES`.
    levels
        K: 24 for the CRS-R, 43 for the NIHSS.

    Raises
    ------
    UsageError
        There is no such loss.
    """
    if name not in LOSSES:
        raise UsageError(f"There is no loss {name!r}; there are {', '.join(LOSSES)}.")
    return LOSSES[name](levels)
