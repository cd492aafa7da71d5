"""Turns planes into small pictures that a page can carry inside itself: grey WebP, coloured PNG."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray

RARE = 0.1
"""Share of voxels below 0 from which on they are shown as more than black."""


def grey_window(data: NDArray[np.float32], percentiles: tuple[float, float]) -> tuple[float, float]:
    """Choose black and white from the non-zero voxels; (0, 1) for an image without any.

    Black is 0, unless all of an image is far brighter or a good part of it is below: a few negative voxels,
    as noise gives them to a map of flow, do not make the background grey.
    """
    values = data[::2, ::2, ::2]
    values = values[np.isfinite(values) & (values != 0)]
    if values.size == 0:
        return 0.0, 1.0
    low, high = (float(item) for item in np.percentile(values, percentiles))
    if low < 0.2 * high and (low > 0 or (values < 0).mean() < RARE):
        low = 0.0
    return (low, high) if high > low else (low, low + 1.0)


def to_grey(plane: NDArray[np.float32], window: tuple[float, float]) -> NDArray[np.uint8]:
    """Scale a plane to 0..255 within a window."""
    low, high = window
    scaled = (np.nan_to_num(plane) - low) / (high - low)
    return np.asarray(np.clip(scaled, 0, 1) * 255 + 0.5).astype(np.uint8)


def colour_table(stops: tuple[str, ...], size: int = 64) -> NDArray[np.uint8]:
    """Interpolate hexadecimal colours to a table of shape (size, 3)."""
    rgb = np.array([[int(stop[place : place + 2], 16) for place in (1, 3, 5)] for stop in stops], float)
    where = np.linspace(0, len(stops) - 1, size)
    columns = [np.interp(where, np.arange(len(stops)), rgb[:, channel]) for channel in range(3)]
    return np.asarray(np.stack(columns, axis=1) + 0.5).astype(np.uint8)


def to_colours(
    plane: NDArray[np.float32],
    *,
    threshold: float,
    maximum: float,
    hot: tuple[str, ...],
    cold: tuple[str, ...],
) -> NDArray[np.uint8]:
    """Colour what lies beyond ``threshold`` on either side of zero; RGBA, transparent elsewhere."""
    plane = np.nan_to_num(plane)
    span = max(maximum - threshold, 1e-12)
    rgba = np.zeros((*plane.shape, 4), np.uint8)
    for stops, values in ((hot, plane), (cold, -plane)):
        table = colour_table(stops)
        chosen = (values >= threshold) & (values > 0)
        level = np.clip((values[chosen] - threshold) / span, 0, 1) * (len(table) - 1)
        rgba[chosen, :3] = table[level.astype(int)]
        rgba[chosen, 3] = 225
    return rgba


def lay_over(grey: NDArray[np.uint8], rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blend colours onto a grey plane; RGB."""
    alpha = rgba[..., 3:].astype(np.float32) / 255
    mixed = grey[..., None] * (1 - alpha) + rgba[..., :3] * alpha
    return np.asarray(mixed + 0.5).astype(np.uint8)


def webp(pixels: NDArray[np.uint8], quality: int) -> str:
    """Encode a grey or RGB picture as a data URI."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels).convert("RGB").save(stream, "WEBP", quality=quality, method=5)
    return _uri(stream, "webp")


def png(rgba: NDArray[np.uint8]) -> str:
    """Encode a sparse RGBA picture as a data URI; empty when nothing of it is visible."""
    from PIL import Image

    if not rgba[..., 3].any():
        return ""
    stream = io.BytesIO()
    Image.fromarray(rgba).save(stream, "PNG", optimize=True)
    return _uri(stream, "png")


def _uri(stream: io.BytesIO, kind: str) -> str:
    return f"data:image/{kind};base64," + base64.b64encode(stream.getvalue()).decode("ascii")
