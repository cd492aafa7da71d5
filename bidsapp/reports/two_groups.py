"""Tells who of a cohort is a control and who a patient, and says how; nobody is guessed into a group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bidsapp.bids.controls import parse_query, select
from bidsapp.bids.tables import as_value
from bidsapp.errors import NothingSelectedError
from bidsapp.reports.layout import ComparisonRules
from bidsapp.reports.numbers import count, join

People = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Groups:
    """Two groups of subjects.

    Attributes
    ----------
    patients, controls
        Labels of the subjects; both empty when nothing is compared.
    how
        A sentence: how the groups were told, or why there are none and how to get them.
    notes
        Who was left out, and why.
    """

    patients: frozenset[str]
    controls: frozenset[str]
    how: str
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.patients and self.controls)


def tell_groups(people: People, subjects: Sequence[str], query: str | None, rules: ComparisonRules) -> Groups:
    """Tell controls from patients.

    Parameters
    ----------
    people
        What ``participants.tsv`` says, by subject.
    subjects
        Labels of all subjects with results.
    query
        Of ``--controls``; without it, a column of ``rules.columns`` decides that names controls.

    Raises
    ------
    UsageError
        The query is wrong, or names a column that there is not.
    NothingSelectedError
        The query leaves no control or no patient.
    """
    known = {
        subject: {name: text for name, text in people.get(subject, {}).items() if not _is_gap(text)}
        for subject in subjects
    }
    return _by_query(known, query, rules) if query else _by_column(known, rules)


def _by_query(people: People, query: str, rules: ComparisonRules) -> Groups:
    asked = f'--controls "{query}"'
    if not any(people.values()):
        raise NothingSelectedError(f"{asked} needs participants.tsv in OUTPUT_DIR with rows of its subjects.")
    rows = [_values(entry) for entry in people.values()]
    admitted = select(rows, query)
    columns = set(parse_query(query).columns.values())
    controls, unknown, declined, patients = set(), set(), set(), set()
    for subject, row, fits in zip(people, rows, admitted, strict=True):
        if fits:
            controls.add(subject)
        elif not columns <= set(row):
            unknown.add(subject)
        elif _called_control(people[subject], rules):
            declined.add(subject)
        else:
            patients.add(subject)
    if not controls:
        raise NothingSelectedError(f"{asked} fits none of {count(len(people), 'subject')}; mend the query.")
    if not patients:
        raise NothingSelectedError(f"{asked} leaves no patient among {count(len(people), 'subject')}.")
    notes = (
        _left_out(unknown, "participants.tsv does not give what the query asks for"),
        _left_out(declined, "called controls in participants.tsv, but not by the query"),
    )
    how = f"Controls are those of {asked} ({len(controls)}); patients are the others ({len(patients)})."
    return Groups(frozenset(patients), frozenset(controls), how, tuple(note for note in notes if note))


def _by_column(people: People, rules: ComparisonRules) -> Groups:
    for column in columns_of(people, rules.columns):
        given = {subject: entry[column] for subject, entry in people.items() if column in entry}
        controls = frozenset(subject for subject, text in given.items() if _is_control(text, rules))
        patients = frozenset(given) - controls
        if not controls:
            continue
        start = f'without --controls, column "{column}" of participants.tsv tells'
        if not patients:
            return Groups(
                frozenset(), frozenset(), f"Nothing is compared: {start} that all subjects are controls."
            )
        note = _left_out(set(people) - set(given), f'participants.tsv gives no "{column}"')
        return Groups(
            patients,
            controls,
            f"{start[0].upper()}{start[1:]} the groups: controls ({_tally(given, controls)}) "
            f"and patients ({_tally(given, patients)}).",
            (note,) if note else (),
        )
    return Groups(
        frozenset(),
        frozenset(),
        f"Nothing is compared: no column {' or '.join(rules.columns)} of participants.tsv names controls. To "
        "compare, run the group level again and say who they are: --controls \"group == 'control'\".",
    )


def columns_of(people: People, names: Sequence[str]) -> list[str]:
    """Give the columns that there are of the lower-case ``names``, in their order, as they are written."""
    present = dict.fromkeys(name for entry in people.values() for name in entry)
    return [name for wanted in names for name in present if name.lower() == wanted]


def _is_gap(text: str) -> bool:
    return as_value(text.strip())[0] is None


def _is_control(text: str, rules: ComparisonRules) -> bool:
    return " ".join(text.lower().replace("_", " ").replace("-", " ").split()) in rules.controls


def _called_control(entry: Mapping[str, str], rules: ComparisonRules) -> bool:
    return any(_is_control(entry[column], rules) for column in columns_of({"": entry}, rules.columns))


def _values(entry: Mapping[str, str]) -> dict[str, str | float]:
    values = {name: as_value(text.strip())[0] for name, text in entry.items()}
    return {name: value for name, value in values.items() if value is not None}


def _tally(given: Mapping[str, str], members: Iterable[str]) -> str:
    counts = Counter(given[subject].strip() for subject in members)
    return ", ".join(f"{name} {number}" for name, number in sorted(counts.items()))


def _left_out(subjects: set[str], why: str) -> str:
    if not subjects:
        return ""
    names = join(f"sub-{subject}" for subject in sorted(subjects)[:10])
    more = f" and {len(subjects) - 10} more" if len(subjects) > 10 else ""
    return f"Left out of the comparison: {names}{more} ({why})."
