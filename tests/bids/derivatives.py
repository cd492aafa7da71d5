"""Findings with every map and table of the list of derivatives."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np

from bidsapp.findings import Column, Findings, Map, Table

MNI = "MNI152NLin2009cAsym"
PREPROC = [
    ("anat", {"desc": "preproc"}, "T1w", {"SkullStripped": False}),
    ("anat", {"space": "T1w", "desc": "preproc"}, "FLAIR", {"SkullStripped": False}),
    ("anat", {"space": "T1w", "desc": "preproc"}, "T2w", {"SkullStripped": False}),
    ("anat", {"ce": "gadolinium", "space": "T1w", "desc": "preproc"}, "T1w", {"SkullStripped": False}),
    ("anat", {"desc": "brain"}, "mask", {"Type": "Brain"}),
    ("anat", {}, "dseg", {}),
    ("anat", {"label": "GM"}, "probseg", {}),
    ("anat", {"label": "WM"}, "probseg", {}),
    ("anat", {"label": "CSF"}, "probseg", {}),
    ("anat", {"space": MNI, "res": "1", "desc": "preproc"}, "T1w", {"SkullStripped": True}),
    ("anat", {"space": MNI, "res": "2", "desc": "preproc"}, "T1w", {"SkullStripped": True}),
    ("anat", {"space": MNI, "res": "2", "desc": "preproc"}, "FLAIR", {"SkullStripped": True}),
    ("anat", {"space": MNI, "res": "2", "desc": "brain"}, "mask", {"Type": "Brain"}),
    ("anat", {"space": MNI, "res": "2", "label": "GM"}, "probseg", {}),
    ("pet", {"space": "T1w", "desc": "suvr"}, "pet", {"SkullStripped": False}),
    ("pet", {"space": MNI, "res": "2", "desc": "suvr"}, "pet", {"SkullStripped": False}),
]
ANALYSES = [
    ("anat", {"space": "T1w", "label": "L", "desc": "lesion"}, "mask", {"Type": "Lesion"}),
    ("anat", {"space": "T1w", "label": "L", "desc": "lesion"}, "probseg", {}),
    ("anat", {"space": "T1w", "label": "L", "desc": "active"}, "mask", {"Type": "Lesion"}),
    ("anat", {"space": "T1w", "seg": "lesions"}, "dseg", {}),
    ("anat", {"space": "T1w", "desc": "synthgd"}, "T1w", {"SkullStripped": True}),
    ("anat", {"space": "T1w", "label": "anomaly"}, "mask", {"Type": "Lesion"}),
    ("anat", {"space": "T1w", "label": "anomaly"}, "probseg", {}),
    ("anat", {"space": MNI, "desc": "anomaly", "stat": "z"}, "statmap", {}),
    ("anat", {"seg": "anomaly"}, "dseg", {}),
    ("anat", {"seg": "neuromorphometrics", "desc": "lobes"}, "dseg", {}),
    ("anat", {"seg": "neuromorphometrics", "desc": "asymmetry"}, "dseg", {}),
]
ROWS = (Column(name="index", description="Number"), Column(name="name", description="Name"))
VOLUME = Column(name="volume", description="Volume", unit="mm3")


def _image(folder: Path, number: int) -> Path:
    path = folder / f"map{number}.nii.gz"
    folder.mkdir(parents=True, exist_ok=True)
    image = nib.Nifti1Image(np.ones((4, 4, 4), np.uint8), np.diag([2.0, 2.0, 2.0, 1.0]))
    image.header.set_xyzt_units("mm", "sec")
    nib.save(image, path)
    return path


def make_maps(folder: Path, entries) -> tuple[Map, ...]:
    return tuple(
        Map(
            path=_image(folder, number),
            suffix=suffix,
            title=suffix,
            entities=entities,
            datatype=datatype,
            metadata=metadata,
        )
        for number, (datatype, entities, suffix, metadata) in enumerate(entries)
    )


def make_transforms(folder: Path) -> tuple[Map, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "x.h5").write_bytes(b"transform")
    ways = [{"from": "T1w", "to": MNI}, {"from": MNI, "to": "T1w"}]
    return tuple(
        Map(
            path=folder / "x.h5",
            suffix="xfm",
            title="x",
            entities={**way, "mode": "image"},
            extension=".h5",
            metadata={"Invertible": True},
        )
        for way in ways
    )


def make_findings(maps: tuple[Map, ...] = (), **more) -> Findings:
    fields = {"analysis": "preproc", "title": "P", "subject": "01", "session": None, "summary": "s"}
    return Findings(**{**fields, **more}, maps=maps)


TABLES = (
    Table(
        title="Clusters",
        suffix="dseg",
        entities={"seg": "anomaly"},
        columns=(*ROWS, VOLUME, Column(name="peak_z", description="Largest z")),
        rows=((1, "frontal pole\tleft", 12.5, None), (2, "b", float("nan"), 3.0)),
        display="clusters",
    ),
    Table(
        title="Lesions",
        suffix="dseg",
        entities={"space": "T1w", "seg": "lesions"},
        columns=(*ROWS, VOLUME),
        rows=((1, "a", 3.0),),
    ),
    Table(
        title="Regions",
        suffix="dseg",
        entities={"seg": "AAL"},
        columns=(*ROWS, VOLUME),
        rows=((1, "a", 3.0),),
    ),
    Table(
        title="CRS-R",
        suffix="beh",
        datatype="beh",
        entities={"task": "crsr", "desc": "predicted"},
        columns=(Column(name="score", description="Predicted total"),),
        rows=((11.0,),),
    ),
)
