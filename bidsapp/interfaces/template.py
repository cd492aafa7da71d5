"""The template's own brain mask and tissues, by the same network as the subjects', once for a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from nipype.interfaces.base import BaseInterfaceInputSpec, File, TraitedSpec, traits

from bidsapp.interfaces.base import PureInterface


class SegmentTemplateInputSpec(BaseInterfaceInputSpec):
    bundle = traits.Directory(exists=True, mandatory=True, desc="bundle of the brain network")
    digest = traits.Str(mandatory=True, desc="digest of the bundle")
    cache = traits.Str(mandatory=True, desc="folder that the subjects of a run share")


class SegmentTemplateOutputSpec(TraitedSpec):
    out_file = File(exists=True, desc="JSON: paths of image, mask, gm, wm, csf at 2 mm; the source's digest")


class SegmentTemplate(PureInterface):
    """Find the template, and its tissues as the network sees them.

    The files lie in a folder named after everything they depend on. Who comes first writes them, each
    whole; the JSON, written last, says that all are there.
    """

    input_spec = SegmentTemplateInputSpec
    output_spec = SegmentTemplateOutputSpec

    def compute(self, folder: Path) -> dict[str, Any]:
        """Write ``template.json``, and the volumes where another subject has not yet."""
        from bidsapp.files import digest_json, write_json
        from bidsapp.images.templates import find_template

        source = find_template()
        shared = Path(self.inputs.cache) / f"template-{digest_json([source.sha256, self.inputs.digest])[:16]}"
        ready = shared / "template.json"
        if not ready.is_file():
            files = _segment(shared, Path(self.inputs.bundle))
            origin = {"file": source.path.name, "origin": source.origin, "sha256": source.sha256}
            write_json(ready, {**files, **origin, "name": "MNI152NLin2009cAsym"})
        content = json.loads(ready.read_text(encoding="utf-8"))
        return {"out_file": str(write_json(folder / "template.json", content))}


def _segment(folder: Path, bundle: Path) -> dict[str, str]:
    from bidsapp.analyses.brain.predict import segment
    from bidsapp.bundle import Bundle
    from bidsapp.images.templates import brain_of, load_template
    from bidsapp.images.volume import write_volume

    image, _ = load_template(2)
    mask = brain_of(image)
    found = segment(image.data, image.affine, Bundle.read(bundle))
    inside = mask.data > 0.5
    parts = {"image": image.data, "mask": mask.data, "gm": found.gm, "wm": found.wm, "csf": found.csf}
    volumes = {name: image.with_data(np.where(inside, data, 0)) for name, data in parts.items()}
    return {name: str(write_volume(folder / f"{name}.nii.gz", volume)) for name, volume in volumes.items()}
