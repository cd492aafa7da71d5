"""Compares age and sex of patients and controls: what differs between the groups may be due to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from bidsapp.bids.tables import as_value
from bidsapp.learning.group_tests import Array, rank_sum_p, share_p
from bidsapp.reports.layout import ComparisonRules
from bidsapp.reports.numbers import write_number
from bidsapp.reports.two_groups import People


@dataclass(frozen=True)
class Balance:
    """Sentences on age and sex of both groups, and warnings where they differ or are not known."""

    facts: tuple[str, ...]
    warnings: tuple[str, ...]


def check_balance(
    people: People, patients: Iterable[str], controls: Iterable[str], rules: ComparisonRules
) -> Balance:
    """Compare age (Mann-Whitney) and sex (Fisher's exact test) of two groups of subjects."""
    groups = sorted(patients), sorted(controls)
    facts, warnings = [], []
    for name, check in (("Age", _age), ("Sex", _sex)):
        fact, p, unknown = check(people, groups, rules)
        if fact:
            facts.append(fact)
        if unknown:
            warnings.append(
                f"{name} is not known of {unknown} of {len(groups[0]) + len(groups[1])} subjects."
            )
        if p < rules.level:
            warnings.append(
                f"{name} differs between patients and controls (p = {write_number(p, 3)}): what differs in "
                f"their brains may be due to {name.lower()}."
            )
    return Balance(tuple(facts), tuple(warnings))


def _age(people: People, groups: tuple[list[str], list[str]], _: ComparisonRules) -> tuple[str, float, int]:
    first, second = (_numbers(people, group) for group in groups)
    unknown = len(groups[0]) + len(groups[1]) - first.size - second.size
    if not first.size or not second.size:
        return "", 1.0, unknown
    p = rank_sum_p(first, second)
    return (
        f"Age: median {_spread(first)} in patients, {_spread(second)} in controls "
        f"(Mann-Whitney p = {write_number(p, 3)}).",
        p,
        unknown,
    )


def _numbers(people: People, group: Iterable[str]) -> Array:
    values = [as_value(people.get(subject, {}).get("age", "").strip())[0] for subject in group]
    return np.array([value for value in values if isinstance(value, float)], dtype=np.float64)


def _spread(ages: Array) -> str:
    median, low, high = (
        write_number(float(item), 0 if float(item).is_integer() else 1)
        for item in (np.median(ages), ages.min(), ages.max())
    )
    return f"{median} ({low} to {high})"


def _sex(
    people: People, groups: tuple[list[str], list[str]], rules: ComparisonRules
) -> tuple[str, float, int]:
    texts = [
        [people.get(subject, {}).get("sex", "").strip().lower() for subject in group] for group in groups
    ]
    counts = [
        (sum(text in rules.female for text in group), sum(text in rules.male for text in group))
        for group in texts
    ]
    unknown = sum(map(len, texts)) - sum(map(sum, counts))
    if not all(map(sum, counts)):
        return "", 1.0, unknown
    p = share_p(counts[0], counts[1])
    first, second = (f"{women} of {women + men} ({women / (women + men):.0%})" for women, men in counts)
    return (
        f"Sex: {first} of the patients are female, {second} of the controls (Fisher's exact "
        f"p = {write_number(p, 3)}).",
        p,
        unknown,
    )
