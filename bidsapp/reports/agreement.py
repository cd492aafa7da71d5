"""Measures how near predictions came to what was observed: of all, and of each site and etiology."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bidsapp.bids.tables import as_value
from bidsapp.learning.confidence.coverage import Coverage, measure_coverage
from bidsapp.learning.confidence.interval import Interval
from bidsapp.learning.discrimination import Estimate
from bidsapp.learning.validation.bootstrap import intervals
from bidsapp.learning.validation.estimator import Array
from bidsapp.learning.validation.measures import OF_OUTCOMES, OF_SCORES, mae
from bidsapp.reports.layout import AgreementRules
from bidsapp.reports.outcome_curves import NetBenefit, RiskBin, measure_net_benefit, risk_bins
from bidsapp.reports.pairs import Pairs
from bidsapp.reports.two_groups import People, columns_of

_OF_OUTCOMES = {name: OF_OUTCOMES[name] for name in ("auc", "brier")}  # calibration is drawn


@dataclass(frozen=True)
class GroupAgreement:
    """People who share a site or an etiology.

    Attributes
    ----------
    mean_error
        Predicted less observed: above 0 where predictions are too high.
    """

    name: str
    people: int
    visits: int
    mae: Estimate
    mean_error: Estimate


@dataclass(frozen=True)
class Breakdown:
    """The groups of one column that are large enough, and how many people are in none of them."""

    column: str
    groups: tuple[GroupAgreement, ...]
    unlisted: int


@dataclass(frozen=True, eq=False)
class Agreement:
    """What is measured of pairs; everything is empty with too few people.

    Attributes
    ----------
    measures
        By name, with intervals over people.
    coverage
        How often intervals hold the observed score, of all and of thirds by score; empty of an outcome.
    calibration, decision
        Of an outcome only.
    """

    pairs: Pairs
    measures: Mapping[str, Estimate]
    coverage: Mapping[str, Coverage]
    calibration: tuple[RiskBin, ...]
    decision: NetBenefit | None
    breakdowns: tuple[Breakdown, ...]


def agree(pairs: Pairs, people: People, rules: AgreementRules, seed: int) -> Agreement:
    """Compare predictions with what was observed.

    Parameters
    ----------
    pairs
        A person's visits are drawn together, and counts take the first of them.
    people
        What ``participants.tsv`` says, by subject.
    seed
        Of the bootstrap.
    """
    if pairs.people < rules.fewest:
        return Agreement(pairs, {}, {}, (), None, ())
    outcome = pairs.is_outcome
    measures = intervals(
        _OF_OUTCOMES if outcome else OF_SCORES,
        pairs.observed,
        pairs.predicted,
        pairs.subjects,
        resamples=rules.resamples,
        seed=seed,
    )
    return Agreement(
        pairs=pairs,
        measures=measures,
        coverage={} if outcome else _coverage(pairs.once()),
        calibration=risk_bins(pairs.once(), rules) if outcome else (),
        decision=measure_net_benefit(pairs, rules, seed) if outcome else None,
        breakdowns=tuple(
            _breakdown(pairs, people, column, rules, seed)
            for column in columns_of(people, rules.columns)
            if len(set(_members(pairs, people, column).values())) > 1
        ),
    )


def _coverage(pairs: Pairs) -> Mapping[str, Coverage]:
    known = [item for item in pairs.items if item.interval]
    if not known:
        return {}
    ends = np.array([item.interval for item in known], dtype=np.float64)
    truth = np.array([item.observed for item in known], dtype=np.float64)
    return measure_coverage(truth, Interval(ends[:, 0], ends[:, 1]), [item.subject for item in known])


def _members(pairs: Pairs, people: People, column: str) -> dict[str, str]:
    """Give the group of each person of whom it is known, in order."""
    texts = {subject: people.get(subject, {}).get(column, "").strip() for subject in pairs.subjects}
    return {subject: text for subject, text in texts.items() if as_value(text)[0] is not None}


def _breakdown(pairs: Pairs, people: People, column: str, rules: AgreementRules, seed: int) -> Breakdown:
    members = _members(pairs, people, column)
    parts = {name: pairs.of(who for who in members if members[who] == name) for name in members.values()}
    large = {name: part for name, part in parts.items() if part.people >= rules.fewest_in_group}
    groups = tuple(_group(name, large[name], rules, seed) for name in sorted(large))
    return Breakdown(column, groups, pairs.people - sum(group.people for group in groups))


def _group(name: str, pairs: Pairs, rules: AgreementRules, seed: int) -> GroupAgreement:
    found = intervals(
        {"mae": mae, "mean_error": _mean_error},
        pairs.observed,
        pairs.predicted,
        pairs.subjects,
        resamples=rules.resamples,
        seed=seed,
    )
    return GroupAgreement(name, pairs.people, len(pairs.items), found["mae"], found["mean_error"])


def _mean_error(truth: Array, predicted: Array) -> Array:
    return np.asarray((predicted - truth).mean(axis=-1))
