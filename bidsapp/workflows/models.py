"""Pairs each analysis that is to run with the bundle it runs with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bidsapp.analyses import registry
from bidsapp.analyses.protocol import Analysis
from bidsapp.bundle import Bundle
from bidsapp.errors import UnavailableError, UsageError
from bidsapp.inputs import Inputs
from bidsapp.settings import Settings


@dataclass(frozen=True)
class Model:
    """An analysis, by its entry point's name, and the bundle that it predicts with."""

    name: str
    bundle: Bundle

    def missing(self, inputs: Inputs) -> str:
        """Say which modalities this session lacks for the analysis; empty when it lacks none."""
        absent = [modality for modality in self.bundle.modalities if modality not in inputs.images]
        any_of = self.bundle.any_modality_of
        if any_of and not set(any_of) & set(inputs.images):
            return f"{self.name} needs one of {', '.join(any_of)}, and {inputs.name} has none."
        if not absent:
            return ""
        return f"{self.name} needs {', '.join(absent)}, which {inputs.name} does not have."


def resolve_models(settings: Settings) -> tuple[Model, ...]:
    """Give the models of a run: those asked for, or all that have a bundle.

    A bundle given by the user goes before the packaged one of its analysis.

    Raises
    ------
    UnavailableError
        An analysis that was asked for is not installed, or has no bundle. One that only serves preprocessing
        (``brain``) adds nothing: with it alone, subjects are preprocessed.
    UsageError
        A bundle is of no use: another one is for the same analysis, or the analysis was not asked for.
    BadDataError
        A bundle is damaged.
    """
    given = _given(settings)
    models: list[Model] = []
    for name in settings.analyses or registry.names():
        analysis = registry.load(name)
        if not isinstance(analysis, Analysis):
            continue  # a network that preprocessing uses can be trained, but says nothing of a subject
        if name in given:
            models.append(Model(name, given[name]))
        elif analysis.bundle is not None:
            models.append(Model(name, Bundle.read(analysis.bundle)))
        elif settings.analyses:
            raise UnavailableError(f"Analysis '{name}' has no packaged bundle; train one or give --bundle.")
    return tuple(models)


def _given(settings: Settings) -> dict[str, Bundle]:
    """Read the user's bundles, by analysis; every one of them must be of use."""
    given: dict[str, Bundle] = {}
    for path in settings.bundles:
        bundle = Bundle.read(path)
        name = bundle.analysis
        if name not in registry.names():
            raise UnavailableError(f"--bundle is for '{name}', which is not installed; install it first.")
        if name in given:
            raise UsageError(
                f"--bundle: {given[name].path} and {path} are both for {name}; give one of them."
            )
        if settings.analyses and name not in {"brain", *settings.analyses}:
            raise UsageError(f"--bundle {path} is for {name}, which --analysis does not name; add it there.")
        given[name] = bundle
    return given


def brain_bundle(settings: Settings) -> Bundle:
    """Give the bundle of the brain mask: the user's, else the packaged one."""
    for path in settings.bundles:
        bundle = Bundle.read(path)
        if bundle.analysis == "brain":
            return bundle
    packaged = registry.load("brain").bundle
    if packaged is None:
        raise UnavailableError("The packaged brain bundle is missing; install the package again.")
    return Bundle.read(packaged)


def bundle_digests(models: Sequence[Model], brain: Bundle) -> dict[str, str]:
    """Give the digest of every bundle of a run, by analysis."""
    return {"brain": brain.digest} | {model.name: model.bundle.digest for model in models}
