"""Writes numbers and machine names the way that people read them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from bidsapp.findings import Cell

MINUS = "\N{MINUS SIGN}"
THIN = "\N{NARROW NO-BREAK SPACE}"
ROUNDING = 1e-12
"""What is nearer to 0 is the rounding of sums, and is written as 0."""


def decimals_of(values: Iterable[Cell]) -> int:
    """Choose one number of decimals for a column, so that its largest value shows three or four digits."""
    numbers = [abs(float(value)) for value in values if _is_number(value) and value is not None]
    if not numbers or all(number.is_integer() for number in numbers):
        return 0
    largest = max(numbers)
    magnitude = math.floor(math.log10(largest)) if largest > 0 else 0
    return min(max(2 - magnitude, 0), 5)


def write_number(value: Cell, decimals: int | None = None) -> str:
    """Write a cell: ``n/a`` for nothing, a real minus sign, thin spaces between thousands.

    >>> write_number(-0.04217), write_number(None), write_number(True)
    ('−0.0422', 'n/a', 'yes')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "n/a"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, float) and math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    if abs(value) < ROUNDING:
        value = 0
    if 0 < abs(value) < 0.5 * 10 ** -(5 if decimals is None else max(decimals, 5)):
        return f"{value:.1e}".replace("-", MINUS)
    places = decimals_of([value]) if decimals is None else decimals
    text = f"{value:,.{places}f}".replace(",", THIN if abs(value) >= 10_000 else "")
    return text.replace("-", MINUS) if float(f"{value:.{places}f}") else text.replace("-", "")


def write_cells(rows: Iterable[tuple[Cell, ...]]) -> list[list[str]]:
    """Write a table's cells with one number of decimals for each column."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    written = [[write_number(cell, decimals_of(column)) for cell in column] for column in columns]
    return [list(row) for row in zip(*written, strict=True)]


def is_numeric(column: Iterable[Cell]) -> bool:
    """Tell whether a column holds numbers (and gaps) only."""
    cells = [cell for cell in column if cell is not None]
    return bool(cells) and all(_is_number(cell) for cell in cells)


def write_seconds(seconds: float) -> str:
    """Write a duration.

    >>> write_seconds(75), write_seconds(3.21)
    ('1 min 15 s', '3.2 s')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def write_name(name: str, words: Mapping[str, str]) -> str:
    """Turn a machine name into words.

    >>> write_name("T1w_snr", {"t1w": "T1w", "snr": "SNR"})
    'T1w SNR'
    """
    for known in words:
        if "_" in known:
            name = re.sub(rf"(?<![A-Za-z]){known}(?![A-Za-z])", words[known], name)
    parts = [part for part in re.split(r"[_\s]+", name) if part]
    text = " ".join(words.get(part.lower(), part) for part in parts)
    return text[:1].upper() + text[1:] if len(text) > 1 else text


def count(number: int, noun: str, plural: str = "") -> str:
    """Write a count with its noun.

    >>> count(1, "session"), count(2, "analysis", "analyses")
    ('1 session', '2 analyses')
    """
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def join(items: Iterable[str]) -> str:
    """Join with commas and a final "and"."""
    parts = list(items)
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def _is_number(value: Cell) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
