"""One simulated examination: all contrasts in one geometry, the earlier FLAIR, and the truth."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from bidsapp.simulate.sclerosis.acquisition import Degradation, draw_degradation, scan
from bidsapp.simulate.sclerosis.anatomy import Anatomy
from bidsapp.simulate.sclerosis.contrasts import LEVELS, Contrast, draw_contrast, paint
from bidsapp.simulate.sclerosis.course import Course, draw_course
from bidsapp.simulate.sclerosis.neighbourhood import largest_around, mean_around
from bidsapp.simulate.sclerosis.normal import NormalContrast
from bidsapp.simulate.sclerosis.outlines import LesionMasks, scatter, spread, transfer
from bidsapp.simulate.sclerosis.traps import Traps, draw_traps
from bidsapp.simulate.warp import smooth_field

PRIOR = "prior_FLAIR"
POST = "ce-gadolinium_T1w"
CONFLUENT = 0.3
"""Share of patients with outlines of real ones whose lesions have grown together."""
FADING = 0.75
"""Share of patients whose lesions fade towards their border."""


@dataclass(frozen=True, eq=False)
class Examination:
    """What an example teaches from; all tensors of shape ``(x, y, z)``.

    Attributes
    ----------
    images
        By kind (``T1w``, ``T2w``, ``FLAIR``, ``PDw``, ``prior_FLAIR``); white matter is about 1, 0 outside of
        the brain.
    brain
        True inside of the brain.
    lesion, active
        True in lesions, in active lesions; ``None`` where nobody marked them.
    post
        T1w after contrast agent on the scale of the T1w; ``None`` where there is none.
    unsure
        True where lesions may be that nobody marked; ``None`` where the truth is whole.
    """

    images: dict[str, Tensor]
    brain: Tensor
    lesion: Tensor | None
    active: Tensor | None
    post: Tensor | None
    unsure: Tensor | None = None


@dataclass(frozen=True, kw_only=True)
class Severity:
    """How ill simulated patients are; probabilities for one example.

    Attributes
    ----------
    healthy
        No lesion at all.
    real_outlines
        Lesions of a real patient are moved in (if masks are given); else outlines are drawn.
    some_active
        Some lesions are active.
    """

    healthy: float = 0.08
    real_outlines: float = 0.75
    some_active: float = 0.6


def examine(
    rng: np.random.Generator,
    anatomy: Anatomy,
    masks: LesionMasks | None,
    severity: Severity,
    wanted: Collection[str],
    normal: NormalContrast | None = None,
) -> Examination:
    """Make a healthy head ill and scan it.

    Parameters
    ----------
    rng
        Source of randomness.
    anatomy
        The healthy head.
    masks
        Lesions of real patients, or ``None`` to draw all outlines.
    severity
        How ill.
    wanted
        Kinds of images; ``post`` is made with the T1w. A head with scans shows those that it has.
    normal
        Regional differences of normal tissue, laid over some of the painted images.
    """
    fraction = _lesions(rng, anatomy, masks, severity)
    share = float(rng.uniform(0.05, 0.5)) if rng.random() < severity.some_active else 0.0
    course = draw_course(rng, fraction, share=share)
    traps = draw_traps(rng, anatomy)
    today, then = _diseases(rng, anatomy, fraction, course)
    images, post = {}, None
    for name in LEVELS:
        if name not in wanted or (anatomy.scans and name not in anatomy.scans):
            continue
        contrast = draw_contrast(rng, name, normal)
        ill = _add_lesions(rng, _healthy(rng, anatomy, name, contrast, normal), contrast, today)
        if not anatomy.scans:
            ill = traps.show(rng, ill, name, contrast.csf[0])
        quality = _quality(rng, anatomy, name)
        images[name] = scan(rng, ill, quality)
        if name == "T1w":
            post = _after_contrast(rng, ill, course, traps) * quality.level
    if PRIOR in wanted:
        images[PRIOR] = _earlier(rng, anatomy, then, traps, normal)
    brain = anatomy.brain
    return Examination(
        images={name: image * brain for name, image in images.items()},
        brain=brain,
        lesion=(fraction >= 0.5) & brain,
        active=(course.active >= 0.5) & brain,
        post=post * brain if post is not None else None,
        unsure=anatomy.unsure,
    )


def _healthy(
    rng: np.random.Generator,
    anatomy: Anatomy,
    name: str,
    contrast: Contrast,
    normal: NormalContrast | None,
) -> Tensor:
    """Give an image without simulated lesions: a real one with another gamma, or a painted one."""
    if anatomy.scans:
        return anatomy.scans[name].clamp_min(0) ** float(np.exp(rng.normal(0, 0.2)))
    deviation = normal.at(name, anatomy.position) if normal is not None and contrast.regional else None
    return paint(rng, anatomy, contrast, scanned=_texture(rng, name), deviation=deviation)


def _quality(rng: np.random.Generator, anatomy: Anatomy, name: str) -> Degradation:
    """Draw how an image was scanned; a real one has its noise, slices and position already."""
    drawn = draw_degradation(rng, name)
    if not anatomy.scans:
        return drawn
    thick = (1.0, 1.0, 3.0) if rng.random() < 0.7 else (1.0, 1.0, 1.0)
    return replace(drawn, noise=drawn.noise / 3, shift=(0.0, 0.0, 0.0), thickness=thick, ghost=0.0)


def _lesions(
    rng: np.random.Generator, anatomy: Anatomy, masks: LesionMasks | None, severity: Severity
) -> Tensor:
    if rng.random() < severity.healthy:
        return torch.zeros(anatomy.shape)
    if masks is None or rng.random() >= severity.real_outlines:
        return scatter(rng, anatomy, int(rng.integers(1, 40)))
    few = int(rng.integers(0, 10))
    fraction = torch.maximum(transfer(rng, anatomy, masks), scatter(rng, anatomy, few))
    return spread(rng, anatomy, fraction) if rng.random() < CONFLUENT else fraction


@dataclass(frozen=True, eq=False)
class Disease:
    """What is laid over a healthy image: lesions, their contrast (about 1), cores, oedema, diffuse change."""

    fraction: Tensor
    strength: Tensor
    core: Tensor
    halo: Tensor
    dirty: Tensor


def _diseases(
    rng: np.random.Generator, anatomy: Anatomy, fraction: Tensor, course: Course
) -> tuple[Disease, Disease]:
    """Give the disease of today and of the earlier visit: where a lesion is in both, it looks alike."""
    shape = anatomy.shape
    strength = (1 + 0.45 * smooth_field(rng, 1, int(rng.integers(6, 20)), shape)[0]).clamp(0.2, 1.8)
    if rng.random() < FADING:
        strength = strength * (
            1 - float(rng.uniform(0, 1)) * (1 - _rim(fraction, int(rng.choice([5, 7, 9]))))
        )
    chosen = smooth_field(rng, 1, 10, shape)[0] > 0.3
    core = ((mean_around(fraction, 5) - 0.6) / 0.4).clamp(0, 1) * chosen
    field = smooth_field(rng, 1, int(rng.integers(4, 8)), shape)[0].clamp(0, 1.5)
    around = mean_around(fraction, 9) * float(rng.uniform(0, 0.3))
    dirty = (field * float(rng.uniform(0, 0.25)) + around) * anatomy.wm
    livelier = strength * (1 + course.active * float(rng.uniform(0, 0.25)))
    halo = course.halo * (1 - fraction)
    today = Disease(fraction, livelier, core * (1 - 0.7 * course.active), halo, dirty)
    return today, Disease(course.before, strength, core, torch.zeros(shape), dirty)


def _rim(fraction: Tensor, size: int) -> Tensor:
    """Give 1 in the middle of each lesion, less towards its border, 0.2 at least: raters draw it outside."""
    depth = mean_around(fraction, size)
    ratio = depth / largest_around(depth, 9).clamp_min(1e-3)
    return ((ratio - 0.4) / 0.6).clamp(0.2, 1)


def _texture(rng: np.random.Generator, name: str) -> float:
    """How much of the scanned T1w's own texture an image shows; inverted where water is bright."""
    if name == "T1w":
        return 1.0 if rng.random() < 0.6 else float(rng.uniform(0, 1))
    return float(rng.uniform(-0.8, 0.3))


def _add_lesions(rng: np.random.Generator, image: Tensor, contrast: Contrast, ill: Disease) -> Tensor:
    """Lay lesions, their oedema, their cores and dirty white matter over a healthy image."""
    level = 1.0 + contrast.lesion * ill.strength
    level = torch.lerp(level, torch.full_like(level, contrast.csf[0]), ill.core * contrast.hole)
    around = ill.dirty * 0.5 + ill.halo * float(rng.uniform(0, 0.5))
    return torch.lerp(image + around * contrast.lesion, level, ill.fraction.clamp(0, 1))


def _after_contrast(rng: np.random.Generator, image: Tensor, course: Course, traps: Traps) -> Tensor:
    """Give the T1w after contrast agent, without noise: a truth to synthesise, not a scan."""
    lit = image + course.enhancement * float(rng.uniform(0.3, 1.0))
    return lit + traps.enhance(rng)


def _earlier(
    rng: np.random.Generator, anatomy: Anatomy, then: Disease, traps: Traps, normal: NormalContrast | None
) -> Tensor:
    """Scan the FLAIR of the visit before, with a sequence, noise and position of its own."""
    used = draw_contrast(rng, "FLAIR", normal)
    image = _add_lesions(rng, _healthy(rng, anatomy, "FLAIR", used, normal), used, then)
    if not anatomy.scans:
        image = traps.show(rng, image, "FLAIR", used.csf[0])
    return scan(rng, image, _quality(rng, anatomy, "FLAIR"))
