"""The methods by name, and a map together with the checks that decide whether it may be shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn

from bidsapp.explain.attribution import Attribute, Attribution, Target
from bidsapp.explain.checks import Check, completeness, conservation
from bidsapp.explain.curves import deletion, insertion
from bidsapp.explain.gradcam import guided_gradcam
from bidsapp.explain.gradients import integrated_gradients
from bidsapp.explain.lrp import layerwise_relevance
from bidsapp.explain.occlusion import occlusion
from bidsapp.explain.randomisation import randomisation
from bidsapp.explain.ruled import Rules
from bidsapp.explain.rules import AlphaBeta, Epsilon


@dataclass(frozen=True)
class Method:
    """A way to explain.

    Attributes
    ----------
    title
        Name for people.
    attribute
        Network, image and target give the attribution.
    balance
        Check of the sum that the method promises; ``None`` if it promises none.
    """

    title: str
    attribute: Attribute
    balance: Callable[[Attribution], Check] | None = None


METHODS: Mapping[str, Method] = {
    "lrp": Method("layer-wise relevance propagation (gamma rule)", layerwise_relevance, conservation),
    "lrp-epsilon": Method(
        "layer-wise relevance propagation (epsilon rule)",
        partial(layerwise_relevance, rules=Rules(Epsilon(), Epsilon())),
        conservation,
    ),
    "lrp-zplus": Method(
        "layer-wise relevance propagation (z+ rule)",
        partial(layerwise_relevance, rules=Rules(AlphaBeta(), AlphaBeta())),
        conservation,
    ),
    "integrated-gradients": Method("integrated gradients", integrated_gradients, completeness),
    "guided-gradcam": Method("guided Grad-CAM", guided_gradcam),
    "occlusion": Method("occlusion", occlusion),
}


@dataclass(frozen=True, eq=False)
class Explanation:
    """A map with its checks; a report shows the sentences of the failed ones in place of the map."""

    method: Method
    attribution: Attribution
    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that the map did not pass; none means that it may be shown."""
        return tuple(check for check in self.checks if not check.passed)


def explain(
    network: nn.Module, image: Tensor, target: Target, *, method: Method, seed: int, curves: bool = True
) -> Explanation:
    """Explain a lesion and check the map.

    Parameters
    ----------
    network
        A segmentation network, ``(1, channels, x, y, z)`` to logits of the same grid. It is not changed.
    image
        Shape ``(1, channels, x, y, z)``, best a crop around the lesion.
    target
        What is explained.
    method
        One of `METHODS`, or one's own.
    seed
        Of random weights and random orders.
    curves
        With deletion and insertion, which take 60 forward passes.

    Returns
    -------
    Explanation
        With the checks of conservation or completeness (where the method promises a sum), weight
        randomisation (where each draw costs a map), deletion and insertion.
    """
    attribution = method.attribute(network, image, target)
    relevance = attribution.relevance
    checks = [method.balance(attribution)] if method.balance else []
    checks.append(randomisation(method.attribute, network, image, target, relevance=relevance, seed=seed))
    if curves:
        checks.extend(
            check(network, image, target, relevance=relevance, seed=seed) for check in (deletion, insertion)
        )
    return Explanation(method, attribution, tuple(checks))
