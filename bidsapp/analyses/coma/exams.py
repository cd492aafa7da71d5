"""Repeated bedside exams become one label: the best exam within a window, and how sure that is.

Patients fluctuate, and one exam alone misses signs of consciousness: against six exams, it misdiagnoses 36 %
(Wannez et al., Ann Neurol 2017, doi:10.1002/ana.24962).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bidsapp.analyses.coma.crsr import State, check_subscales, check_sum, check_total, diagnose
from bidsapp.bids.phenotype import ExamRow
from bidsapp.errors import BadDataError

ENOUGH_EXAMS = 6
MISDIAGNOSED_BY_ONE_EXAM = 0.36
WINDOW_DAYS = 14.0
#: Points; amid the 1.2 (retest r 0.94) to 1.9 (raters r 0.84; Giacino 2004) that sd sqrt(1 - r) gives for the
#: standard deviation of 4.9 points among the patients of Song et al., eLife 2018.
ONE_EXAM_ERROR = 1.6


@dataclass(frozen=True, kw_only=True)
class Exam:
    """One exam whose numbers were checked.

    Attributes
    ----------
    total
        0 to 23.
    subscales
        Scores of the subscales that are known.
    days
        Days since injury, or ``None``.
    where
        Subject, row and file, for messages.
    """

    total: int
    subscales: Mapping[str, int] = field(default_factory=dict)
    days: float | None = None
    where: str = ""

    @property
    def state(self) -> State | None:
        """What the subscales show; a total alone cannot diagnose."""
        return diagnose(self.subscales)


@dataclass(frozen=True, kw_only=True)
class Label:
    """What the exams of one patient in one window say together.

    Attributes
    ----------
    total
        Of the best exam.
    state
        Highest state that any exam shows, or ``None`` where none tells.
    exams
        How many were combined.
    days
        Day of the best exam since injury, or ``None``.
    error
        Standard error of ``total`` in points.
    """

    total: int
    state: State | None
    exams: int
    days: float | None
    error: float


def check_exam(row: ExamRow) -> Exam:
    """Check the numbers of a row.

    Raises
    ------
    BadDataError
        A number is out of range, the subscales do not add up to the total, or too many are missing.
    """
    subscales = check_subscales(row.subscales, row.where)
    total = None if row.total is None else check_total(row.total, row.where)
    return Exam(
        total=check_sum(total, subscales, row.where), subscales=subscales, days=row.days, where=row.where
    )


def combine(
    exams: Sequence[Exam],
    *,
    day: float | None = None,
    window_days: float = WINDOW_DAYS,
    one_exam_error: float = ONE_EXAM_ERROR,
) -> Label | None:
    """Combine the exams of one patient: the best within a window counts.

    Parameters
    ----------
    exams
        At least one.
    day
        Day of imaging since injury: exams up to ``window_days`` before or after it count. Without it, those
        of the last ``window_days`` up to the last exam. Exams without days all count.
    window_days
        Length of the window in days.
    one_exam_error
        Standard error of one exam's total in points.

    Returns
    -------
    Label or None
        ``None`` where no exam lies within the window.

    Raises
    ------
    BadDataError
        Some exams have a day and others have none.
    """
    kept = _within(exams, day, window_days)
    if not kept:
        return None
    best = max(kept, key=lambda exam: exam.total)
    states = [exam.state for exam in kept if exam.state is not None]
    _, spread = best_of(len(kept))
    return Label(
        total=best.total,
        state=max(states, default=None),
        exams=len(kept),
        days=best.days,
        error=one_exam_error * spread,
    )


def exams_by_patient(rows: Sequence[ExamRow]) -> dict[tuple[str, str | None], tuple[Exam, ...]]:
    """Check all exams; by subject and session (``None`` where the rows name no session)."""
    exams: dict[tuple[str, str | None], tuple[Exam, ...]] = {}
    for row in rows:
        key = row.subject, row.session
        exams[key] = (*exams.get(key, ()), check_exam(row))
    return exams


def far_apart(exams: Sequence[Exam], day: float | None, *, window_days: float = WINDOW_DAYS) -> bool:
    """Tell whether nothing says which of several exams are near the scan.

    So it is where the exams have no days, and where the day of imaging is not known and the exams span more
    than ``window_days``.
    """
    days = [exam.days for exam in exams if exam.days is not None]
    if not days:
        return len(exams) > 1
    return day is None and max(days) - min(days) > window_days


def best_of(exams: int) -> tuple[float, float]:
    """Give mean and standard deviation of the best of independent exams, in units of one exam's error.

    The best of ``n`` standard normal numbers has the density ``n phi(x) Phi(x)**(n - 1)``: it is less
    uncertain than one exam, and lies above the patient's mean (0.56 errors for two exams, 1.27 for six).
    """
    from scipy import stats

    x = np.linspace(-9.0, 9.0, 4001)
    density = exams * stats.norm.pdf(x) * stats.norm.cdf(x) ** (exams - 1)
    mean = float(np.trapezoid(x * density, x))
    return mean, float(np.sqrt(np.trapezoid((x - mean) ** 2 * density, x)))


def _within(exams: Sequence[Exam], day: float | None, window_days: float) -> list[Exam]:
    dated = [(exam, exam.days) for exam in exams if exam.days is not None]
    undated = [exam for exam in exams if exam.days is None]
    if undated and dated:
        raise BadDataError(
            f"The CRS-R exam of {undated[0].where} has no day; fill the column of days since injury "
            "in all rows."
        )
    if undated:
        return undated
    if day is not None:
        return [exam for exam, of in dated if abs(of - day) <= window_days]
    last = max((of for _, of in dated), default=0.0)
    return [exam for exam, of in dated if last - of <= window_days]
