"""Decides which image lies under which: the one place that knows how spaces and backgrounds go together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bidsapp.findings import Findings, Map

NATIVE = ""
COLOURED = ("overlay", "projection")


def modality(item: Map) -> str:
    """Name the contrast of a map: its suffix, with the contrast agent before it."""
    agent = item.entities.get("ce")
    return f"ce-{agent}_{item.suffix}" if agent else item.suffix


@dataclass(frozen=True)
class Scene:
    """The maps of one session.

    The subject's own space is that of the background without a ``space`` entity; maps whose
    ``space`` is that background's modality (``space-T1w``) lie in it too.
    """

    maps: tuple[Map, ...]

    @classmethod
    def of(cls, findings: Iterable[Findings]) -> Scene:
        """Gather the maps of all findings of a session."""
        return cls(tuple(item for each in findings for item in each.maps))

    @property
    def reference(self) -> Map | None:
        """The background of the subject's own space."""
        return next(
            (item for item in self.maps if item.display == "background" and "space" not in item.entities),
            None,
        )

    def space(self, item: Map) -> str:
        """Name the space of a map; empty for the subject's own."""
        space = item.entities.get("space", NATIVE)
        return NATIVE if self.reference and space == modality(self.reference) else space

    def background(self, item: Map) -> Map | None:
        """Give what a blend is compared with: the background of its space."""
        return next((other for other in self._in(self.space(item)) if other.display == "background"), None)

    def backdrop(self, item: Map) -> Map | None:
        """Give what an overlay or contour is drawn on.

        In order: the modality that the map asks for; the subject's own reference image, as it lies
        in that space; the background of the space (a template).
        """
        return self.backdrop_in(self.space(item), item.backdrop)

    def backdrop_in(self, space: str, wanted: str = "") -> Map | None:
        """Give the backdrop of a space; see :meth:`backdrop`."""
        images = [other for other in self._in(space) if other.display in {"background", "blend"}]
        own = modality(self.reference) if self.reference else ""
        blends_first = sorted(images, key=lambda other: other.display == "background" and space != NATIVE)
        for name in (wanted, own):
            match = [other for other in blends_first if name and modality(other) == name]
            if match:
                return match[0]
        return next((other for other in images if other.display == "background"), None)

    def mask(self, space: str) -> Map | None:
        """Give the brain mask of a space, shown or not."""
        return next(
            (
                other
                for other in self._in(space)
                if other.suffix == "mask" and other.entities.get("desc") == "brain"
            ),
            None,
        )

    def is_registration(self, item: Map) -> bool:
        """Tell whether a blend shows a registration of its own.

        In a standard space, only the reference image does: the others came there through it.
        """
        if item.display != "blend":
            return False
        space = self.space(item)
        same_space = [modality(other) for other in self._in(space) if other.display == "blend"]
        own = modality(self.reference) if self.reference else ""
        return space == NATIVE or own not in same_space or modality(item) == own

    def overlay(self, space: str, maps: Iterable[Map]) -> Map | None:
        """Give the first overlay among ``maps`` that lies in a space."""
        return next((item for item in maps if item.display in COLOURED and self.space(item) == space), None)

    def _in(self, space: str) -> tuple[Map, ...]:
        return tuple(other for other in self.maps if self.space(other) == space)
