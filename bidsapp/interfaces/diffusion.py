"""Nipype interfaces of diffusion: a series becomes FA and ADC; a map of the scanner is taken as it is."""

from __future__ import annotations

from pathlib import Path

from nipype.interfaces.base import File, isdefined

from bidsapp.errors import BadDataError
from bidsapp.interfaces.extra import ExtraInputSpec, Prepared, PrepareExtra


class PrepareDiffusionInputSpec(ExtraInputSpec):
    bval = File(exists=True, desc="b-values, where there are any")
    bvec = File(exists=True, desc="vectors, where there are any")
    reference = File(exists=True, mandatory=True, desc="reference image of the session")
    mask = File(exists=True, mandatory=True, desc="brain mask on its grid")


class PrepareDiffusion(PrepareExtra):
    """Denoise a series, undo motion and eddy currents, fit a tensor or an ADC, bring it to the T1w."""

    input_spec = PrepareDiffusionInputSpec

    def prepare(self, folder: Path) -> Prepared:
        """Write ``ADC.nii.gz``, and ``FA.nii.gz`` where the directions give a tensor."""
        from bidsapp.images.checks import check_series
        from bidsapp.images.diffusion_series import map_diffusion, mean_unweighted
        from bidsapp.images.gradients import read_gradients
        from bidsapp.interfaces.laid_on import lay_on

        if not isdefined(self.inputs.bval):
            raise BadDataError("it has no b-values (.bval); add them beside the image.")
        bvec = Path(self.inputs.bvec) if isdefined(self.inputs.bvec) else None
        frames, notes = check_series(Path(self.inputs.in_file))
        gradients = read_gradients(Path(self.inputs.bval), bvec, len(frames), frames[0].affine)
        shown = mean_unweighted(frames, gradients)
        laid = lay_on(Path(self.inputs.reference), Path(self.inputs.mask), shown)
        found = map_diffusion(frames, gradients, laid.own_brain)
        volumes = {"ADC": laid.write(folder / "ADC.nii.gz", found.adc)}
        if found.fa is not None:
            volumes["FA"] = laid.write(folder / "FA.nii.gz", found.fa)
        figures = {
            "motion_mm": found.motion_mm,
            "outlier_slices": found.outlier_slices,
            "b0_snr": found.b0_snr,
        }
        return Prepared(volumes=volumes, figures=figures, notes=[*notes, *found.notes])


class TakeMapInputSpec(ExtraInputSpec):
    reference = File(exists=True, mandatory=True, desc="reference image of the session")
    mask = File(exists=True, mandatory=True, desc="brain mask on its grid")


class TakeMap(PrepareExtra):
    """Take a map that the dataset gives (FA, ADC, CBF) as it is, and bring it to the T1w."""

    input_spec = TakeMapInputSpec

    def prepare(self, folder: Path) -> Prepared:
        """Write the map under the name of its modality."""
        from bidsapp.images.checks import check_image
        from bidsapp.images.given_maps import in_unit
        from bidsapp.interfaces.laid_on import lay_on

        name = self.inputs.modality
        given, notes = check_image(Path(self.inputs.in_file))
        laid = lay_on(Path(self.inputs.reference), Path(self.inputs.mask), given)
        volume, said = in_unit(name, given, laid.own_brain)
        path = laid.write(folder / f"{name}.nii.gz", volume)
        return Prepared(volumes={name: path}, notes=[*notes, *said, "the map was given, and used as it is"])
