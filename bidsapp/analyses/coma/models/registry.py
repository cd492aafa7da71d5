"""The models by name, from small to large, and which of them a cohort has the material for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType

from bidsapp.analyses.coma.features.amplitude import Amplitude
from bidsapp.analyses.coma.features.clinical import Clinical
from bidsapp.analyses.coma.features.connectivity import Connectivity
from bidsapp.analyses.coma.features.networks import Networks, network_of
from bidsapp.analyses.coma.features.protocol import Features
from bidsapp.analyses.coma.features.regional import Regional
from bidsapp.analyses.coma.models.boosting import Boosting
from bidsapp.analyses.coma.models.fusion import Fusion
from bidsapp.analyses.coma.models.kernel import Kernel
from bidsapp.analyses.coma.models.linear import Linear
from bidsapp.analyses.coma.models.median import Median
from bidsapp.analyses.coma.models.ordinal import Ordinal
from bidsapp.analyses.coma.models.protocol import Model
from bidsapp.analyses.coma.models.settings import Learning
from bidsapp.analyses.coma.models.sparse_scale import is_sparse
from bidsapp.analyses.coma.models.stacked import Stacked
from bidsapp.analyses.coma.models.volumes import dense_network, sparse_network
from bidsapp.analyses.coma.patient import ANOMALY, Patient

SHARE = 0.5


@dataclass(frozen=True)
class Part:
    """Something that a model needs of a patient, in words, and how to tell that it is there."""

    words: str
    there: Callable[[Patient], bool]


def _has_networks(patient: Patient) -> bool:
    return "bold" in patient.series and any(map(network_of, patient.series["bold"].regions))


PARTS: Mapping[str, Part] = MappingProxyType({
    "clinical": Part("clinical covariates", lambda patient: bool(patient.clinical)),
    "regions": Part(
        "regional means of an image",
        lambda patient: any(not key.startswith(ANOMALY) for key in patient.regions),
    ),
    "anomaly": Part(
        "regional shares of an anomaly map",
        lambda patient: any(key.startswith(ANOMALY) for key in patient.regions),
    ),
    "bold": Part("a resting-state series", lambda patient: "bold" in patient.series),
    "networks": Part("a resting-state series of regions named by network", _has_networks),
    "lesions": Part(
        "a lesion mask or an anomaly map in standard space", lambda p: any(map(is_sparse, p.volumes))
    ),
    "images": Part(
        "an image in standard space", lambda p: not all(map(is_sparse, p.volumes))
    ),
    "seen": Part("a volume, a series or covariates", lambda p: bool(p.volumes or p.series or p.clinical)),
    "any": Part("covariates, regions or series", lambda p: bool(p.clinical or p.regions or p.series)),
})  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A kind of model: what it needs, and how a fresh one is made (by calling the entry).

    Attributes
    ----------
    needs
        Keys of ``PARTS``.
    make
        Makes one from what the recipe says of learning; most models do not ask.
    volumes
        Whether it reads whole volumes, not only means of regions.
    learning
        What the recipe says of learning.
    """

    needs: tuple[str, ...]
    make: Callable[[Learning], Model]
    volumes: bool = False
    learning: Learning = field(default_factory=Learning)

    def __call__(self) -> Model:
        """Make a fresh model."""
        return self.make(self.learning)

    @property
    def title(self) -> str:
        """What tables call it."""
        return self().title


def _linear(name: str, title: str, *features: Callable[[], Features]) -> Callable[[], Model]:
    return lambda: Linear(name, title, [make() for make in features])


_TANGENT = partial(Connectivity, "tangent")
_ANOMALY = partial(Regional, anomaly=True)
_BEDSIDE = _linear("clinical", "Clinical data, ridge", Clinical)

_PAIRS = _linear("tangent", "Connectivity in tangent space, ridge", _TANGENT)


def _kernel() -> Model:
    return Kernel("regions-kernel", "Regions, Gaussian kernel", [Regional()])


def _stacked() -> Model:
    members = (Median, _BEDSIDE, _PAIRS)
    return Stacked("stacked", "Median, clinical data and connectivity, stacked", members)


def _everything() -> list[Features]:
    return [Clinical(), Regional(), _ANOMALY(), Networks()]


def _boosting() -> Model:
    return Boosting("boosting", "Clinical data, regions and networks, boosted trees", _everything())


def _ordinal(learning: Learning) -> Model:
    title = f"Clinical data, regions and networks, linear, {learning.loss}"
    return Ordinal("ordinal", title, _everything(), learning)


def _entry(needs: tuple[str, ...], make: Callable[[], Model]) -> Entry:
    """Give the entry of a model to which the recipe has nothing to say."""
    return Entry(needs, lambda _: make())


_ENTRIES = (
    _entry((), Median),
    _entry(("clinical",), _BEDSIDE),
    _entry(("networks",), _linear("networks", "Connectivity of networks, ridge", Networks)),
    _entry(("bold",), _linear("amplitude", "Slow amplitude, ridge", Amplitude)),
    _entry(("regions",), _linear("regions", "Regions, ridge", Regional)),
    _entry(("anomaly",), _linear("anomaly", "Anomaly map by region, ridge", _ANOMALY)),
    _entry(("bold",), _linear("correlation", "Correlations, ridge", Connectivity)),
    _entry(("bold",), _PAIRS),
    _entry(("clinical", "regions"), _linear(
        "clinical-regions", "Clinical data and regions, ridge", Clinical, Regional
    )),
    _entry(("clinical", "bold"), _linear(
        "clinical-tangent", "Clinical data and tangent space, ridge", Clinical, _TANGENT
    )),
    _entry(("clinical", "bold"), _stacked),
    _entry(("regions",), _kernel),
    _entry(("any",), _boosting),
    Entry(("any",), _ordinal),
    Entry(("lesions",), sparse_network, volumes=True),
    Entry(("images",), dense_network, volumes=True),
    Entry(("seen",), Fusion, volumes=True),
)  # fmt: skip
MODELS: Mapping[str, Entry] = MappingProxyType({entry().name: entry for entry in _ENTRIES})


def models_with(learning: Learning) -> Mapping[str, Entry]:
    """Give the models by name, which learn as a recipe says."""
    return {name: replace(entry, learning=learning) for name, entry in MODELS.items()}


@dataclass(frozen=True)
class Applicable:
    """Names of the models that a cohort has the material for, and why each other one is left out."""

    names: tuple[str, ...]
    reasons: Mapping[str, str]


def applicable(patients: Sequence[Patient]) -> Applicable:
    """Tell which models apply: at least half of the patients must have each part that a model needs."""
    names, reasons = [], {}
    for name, entry in MODELS.items():
        counts = {need: sum(map(PARTS[need].there, patients)) for need in entry.needs}
        short = [need for need, count in counts.items() if count < SHARE * len(patients) or not count]
        if short:
            words, count = PARTS[short[0]].words, counts[short[0]]
            reasons[name] = f"{count} of {len(patients)} patients have {words}; at least half must."
        else:
            names.append(name)
    return Applicable(tuple(names), reasons)
