"""Signals of regions over time: resting BOLD that loses its network, and FDG that is taken up more slowly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from bidsapp.simulate.fields import Array

Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]

#: Correlation of two healthy regions within the network, and of two others.
NETWORK_CORRELATION, OTHER_CORRELATION = 0.6, 0.4
#: Influx of FDG in healthy grey matter (mL/mL/s) and volume in which it is seen at once.
HEALTHY_INFLUX, VOLUME = 0.035 / 60, 0.3
_MEMORY_SECONDS = 6.0
#: Plasma after a bolus (Feng et al., Int J Biomed Comput 1993): amplitudes, and rates per second.
_FENG = ((851.1, 21.88, 20.81), (4.134 / 60, 0.1191 / 60, 0.01043 / 60))


@dataclass(frozen=True, kw_only=True, eq=False)
class Signals:
    """Signals over time.

    Attributes
    ----------
    regions
        Name of each column.
    values
        Shape (frames, regions).
    times, durations
        Shape (frames,): middle and length of each frame in seconds.
    """

    regions: tuple[str, ...]
    values: Array
    times: NDArray[np.float64]
    durations: NDArray[np.float64]


def bold(
    injuries: Mapping[str, float],
    in_network: Mapping[str, bool],
    network_injury: float,
    *,
    frames: int,
    repetition_time: float,
    strength: float = 1.0,
    rng: np.random.Generator,
) -> Signals:
    """Draw resting signals of unit variance.

    Regions of the network share one slow fluctuation and all others another one. The correlation of two
    regions is ``sqrt(c_i c_j)``: ``c`` is ``NETWORK_CORRELATION (1 - injury of the region) (1 - injury of the
    network)`` or ``OTHER_CORRELATION (1 - injury of the region)``; and 0 between the groups.

    Parameters
    ----------
    injuries, in_network
        Injury (0-1) of each region, and whether it belongs to the network; the same keys.
    network_injury
        Of the whole network, 0-1.
    frames, repetition_time
        Number of frames and their distance in seconds.
    strength
        Factor of both correlations, which differ between people; at most 1.5.
    rng
        Source of randomness.
    """
    names = tuple(injuries)
    shared = np.array(
        [
            strength
            * (1 - injuries[name])
            * (NETWORK_CORRELATION * (1 - network_injury) if in_network[name] else OTHER_CORRELATION)
            for name in names
        ]
    )
    group = np.array([0 if in_network[name] else 1 for name in names])
    common = _slow(rng, frames, 2, repetition_time)[:, group]
    values = np.sqrt(shared) * common + np.sqrt(1 - shared) * _slow(rng, frames, len(names), repetition_time)
    times = np.asarray((np.arange(frames) + 0.5) * repetition_time, dtype=np.float64)
    return Signals(
        regions=names,
        values=values.astype(np.float32),
        times=times,
        durations=np.full(frames, repetition_time),
    )


def fdg_curves(
    injuries: Mapping[str, float],
    *,
    frames: tuple[float, ...],
    loss: float,
    noise: float,
    rng: np.random.Generator,
) -> Signals:
    """Draw the activity of regions after a bolus of FDG: irreversible uptake, means over frames.

    A region's curve is ``Ki integral(Cp) + V Cp``, which is a line of slope ``Ki`` in Patlak's plot
    (J Cereb Blood Flow Metab 1983) at all times; ``Ki`` falls by ``loss`` times the injury.

    Parameters
    ----------
    injuries
        Injury (0-1) of each region.
    frames
        Lengths in seconds, one after the other from the injection.
    loss
        Share of the influx that a full injury takes.
    noise
        Relative standard deviation in a frame of a minute; it falls with the root of the length.
    rng
        Source of randomness.
    """
    durations = np.array(frames, dtype=np.float64)
    times = np.cumsum(durations) - durations / 2
    influx = HEALTHY_INFLUX * (1 - loss * np.array(list(injuries.values())))
    clean = np.outer(frame_means(integrated_plasma, durations), influx)
    clean += VOLUME * frame_means(plasma, durations)[:, None]
    relative = noise * np.sqrt(60.0 / durations)[:, None]
    values = clean * (1 + relative * rng.standard_normal(clean.shape))
    return Signals(
        regions=tuple(injuries), values=values.astype(np.float32), times=times, durations=durations
    )


def plasma(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the activity of plasma after a bolus (kBq/mL) at times since the injection."""
    (a, b, c), (k1, k2, k3) = _FENG
    rise = (a / 60 * seconds - b - c) * np.exp(-k1 * seconds)
    return np.asarray(rise + b * np.exp(-k2 * seconds) + c * np.exp(-k3 * seconds))


def integrated_plasma(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the integral of :func:`plasma` from the injection on (kBq s/mL), in closed form."""
    (a, b, c), (k1, k2, k3) = _FENG
    fast = np.exp(-k1 * seconds)
    ramp = a / 60 * (1 - fast * (1 + k1 * seconds)) / k1**2 - (b + c) * (1 - fast) / k1
    return np.asarray(ramp + b * (1 - np.exp(-k2 * seconds)) / k2 + c * (1 - np.exp(-k3 * seconds)) / k3)


def frame_means(curve: Curve, durations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the mean of a curve of time within each of successive frames (Gauss-Legendre, 16 points each)."""
    nodes, weights = np.polynomial.legendre.leggauss(16)
    middle = np.cumsum(durations) - durations / 2
    seconds = middle[:, None] + durations[:, None] / 2 * nodes
    return np.asarray(curve(seconds) @ weights / 2)


def _slow(rng: np.random.Generator, frames: int, count: int, repetition_time: float) -> NDArray[np.float64]:
    """Draw signals of unit variance with a memory of some seconds, shape (frames, count)."""
    memory = np.exp(-repetition_time / _MEMORY_SECONDS)
    white = rng.standard_normal((frames, count))
    white[1:] *= np.sqrt(1 - memory**2)
    return np.asarray(lfilter([1.0], [1.0, -memory], white, axis=0))
