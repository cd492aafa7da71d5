"""The scanner as a covariate: its offset at each voxel is estimated from the controls scanned on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bidsapp.cohort import Member

COLUMNS = (
    "scanner", "scannerid", "manufacturersmodelname", "site", "siteid", "manufacturer",
    "magneticfieldstrength", "fieldstrength",
)  # fmt: skip
_FEWEST = 5


@dataclass(frozen=True)
class Scanners:
    """The scanners that a model knows: a column of ``participants.tsv``, and its values with enough controls.

    The column is the first of ``COLUMNS`` (capitals and underscores do not matter) that all controls have
    and that has at least two values of five controls each.
    """

    column: str = ""
    levels: tuple[str, ...] = ()

    def row(self, member: Member) -> list[float]:
        """Give the member's indicators of all scanners but the first, shape ``(levels - 1,)``.

        Of an unknown scanner each is one over the number of scanners: the mean of the scanners' offsets.
        """
        own = level_of(member, self.column)
        if own not in self.levels:
            return [1 / len(self.levels)] * (len(self.levels) - 1)
        return [float(own == level) for level in self.levels[1:]]

    def warnings(self, member: Member) -> tuple[str, ...]:
        """Say that a member comes from a scanner without controls; nothing else is said."""
        own = level_of(member, self.column)
        if not self.levels or own in self.levels:
            return ()
        return (
            f"The {self.column} {own or 'of the subject'} is not one of the controls' "
            f"({', '.join(self.levels)}): the subject is compared with their mean, and a deviation may be "
            "the scanner's.",
        )

    def as_metadata(self) -> dict[str, object]:
        """Give the content for a bundle's metadata."""
        return {"column": self.column, "levels": list(self.levels)}

    @classmethod
    def of_metadata(cls, content: object) -> Scanners:
        """Read what :meth:`as_metadata` gave; no scanners where a bundle says nothing."""
        if not isinstance(content, Mapping):
            return cls()
        return cls(str(content["column"]), tuple(str(level) for level in content["levels"]))

    @classmethod
    def of(cls, members: Sequence[Member]) -> tuple[Scanners, str]:
        """Find the scanners of the controls; without any, say why instead."""
        for column in _columns(members):
            counts = Counter(level_of(member, column) for member in members)
            levels = tuple(sorted(level for level, count in counts.items() if level and count >= _FEWEST))
            rare = sum(count for level, count in counts.items() if level not in levels)
            if len(levels) >= 2 and not counts[""]:
                few = f"{rare} controls of other values of {column} count as of the mean scanner."
                return cls(column, levels), few if rare else ""
        return cls(), (
            "scanner is not used: participants.tsv has no column of scanner, site, manufacturer or field "
            f"strength that all controls have, with two values of at least {_FEWEST} controls each."
        )


def level_of(member: Member, column: str) -> str:
    """Give a member's scanner as text (3.0 T is ``3``); empty where it is not known."""
    value = member.covariates.get(column, "")
    return f"{value:.15g}" if isinstance(value, int | float) else str(value).strip()


def _columns(members: Sequence[Member]) -> list[str]:
    """Give the columns that may tell the scanner, in the order of ``COLUMNS``."""
    plain = {name: name.replace("_", "").lower() for member in members for name in member.covariates}
    return sorted(
        (name for name in plain if plain[name] in COLUMNS), key=lambda name: COLUMNS.index(plain[name])
    )
