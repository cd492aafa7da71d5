"""Hands the volumes of one session from step to step as one small file that names each by its key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nipype.interfaces.base import (
    BaseInterfaceInputSpec,
    File,
    InputMultiObject,
    TraitedSpec,
    isdefined,
    traits,
)

from bidsapp.cohort import Member
from bidsapp.files import digest_file, write_json
from bidsapp.interfaces.base import PureInterface

PARTS = ("native", "standard", "transforms", "series")


class GatherMemberInputSpec(BaseInterfaceInputSpec):
    subject = traits.Str(mandatory=True)
    session = traits.Str("", usedefault=True)
    covariates = traits.Dict(key_trait=traits.Str, usedefault=True)
    unordered = traits.List(traits.Str, usedefault=True, desc="other sessions, if their order is unknown")
    native_keys = traits.List(traits.Str, usedefault=True)
    native = InputMultiObject(File(exists=True), desc="none in a session that has signals alone")
    standard_keys = traits.List(traits.Str, usedefault=True)
    standard = InputMultiObject(File(exists=True))
    transforms_keys = traits.List(traits.Str, usedefault=True)
    transforms = InputMultiObject(File(exists=True))
    series_keys = traits.List(traits.Str, usedefault=True)
    series = InputMultiObject(File(exists=True), desc="signals of regions, each with its JSON file beside it")


class GatherMemberOutputSpec(TraitedSpec):
    out_file = File(exists=True, desc="JSON of a bidsapp.cohort.Member, with the digest of each file")


class GatherMember(PureInterface):
    """Name every volume and transform of a session by its key.

    The digests are there for Nipype: a step that reads this file runs anew when the content of a
    volume changed, though its path is the same.
    """

    input_spec = GatherMemberInputSpec
    output_spec = GatherMemberOutputSpec

    def compute(self, folder: Path) -> dict[str, Any]:
        """Write ``member.json``."""
        content: dict[str, Any] = {
            "subject": self.inputs.subject,
            "session": self.inputs.session or None,
            "covariates": dict(self.inputs.covariates),
            "unordered": list(self.inputs.unordered),
            "digests": {},
        }
        for part in PARTS:
            paths = getattr(self.inputs, part)
            keys = getattr(self.inputs, f"{part}_keys")
            files = dict(zip(keys, paths if isdefined(paths) else (), strict=True))
            content[part] = files
            content["digests"][part] = {key: digest_file(Path(path)) for key, path in files.items()}
        content["digests"]["sidecars"] = {
            key: digest_file(Path(path).with_suffix(".json")) for key, path in content["series"].items()
        }
        return {"out_file": str(write_json(folder / "member.json", content))}


def read_member(path: Path) -> Member:
    """Read what :class:`GatherMember` wrote."""
    content = json.loads(path.read_text(encoding="utf-8"))
    parts = {part: {key: Path(file) for key, file in content[part].items()} for part in PARTS}
    return Member(
        subject=content["subject"],
        session=content["session"],
        covariates=content["covariates"],
        native=parts["native"],
        standard=parts["standard"],
        transforms=parts["transforms"],
        series=parts["series"],
        unordered=tuple(content["unordered"]),
    )
