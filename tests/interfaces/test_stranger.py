"""An analysis of another package is found, run, written, reported and tabulated; the house is not touched."""

import json
import os
import subprocess
import sys
import textwrap

import nibabel as nib
import numpy as np
import pytest

MODULE = """
from pathlib import Path
from bidsapp.findings import Column, Findings, Map, Score, Table
import nibabel as nib
import numpy as np


class Mean:
    name, title, learns_from = "mean", "Mean of the image", "derivatives"
    recipe, bundle = Path("recipe.toml"), None

    def train(self, cohort, recipe, *, path, device, seed, options):
        raise NotImplementedError

    def predict(self, member, bundle, *, out_dir, device, seed, explain):
        image = nib.load(member.native["T1w"])
        mean = float(np.mean(image.dataobj))
        path = out_dir / "map.nii.gz"
        nib.save(nib.Nifti1Image(np.asarray(image.dataobj) - mean, image.affine), path)
        return Findings(
            analysis="mean", title=self.title, subject=member.subject, session=member.session,
            summary=f"The mean is {mean:.2f}.",
            scores=(Score(name="mean", value=mean, description="Mean of all voxels."),),
            maps=(
                Map(
                    path=path,
                    suffix="T1w",
                    entities={"space": "T1w", "desc": "demeaned"},
                    title="Demeaned",
                    metadata={"SkullStripped": False},
                    display="overlay",
                ),
            ),
            tables=(
                Table(
                    title="Moments",
                    suffix="stats",
                    columns=(Column(name="order", description="Order"),),
                    rows=((1,),),
                ),
            ),
        )


ANALYSIS = Mean()
"""

SCRIPT = """
import json, os, sys
from pathlib import Path
from bidsapp.bundle import Bundle
from bidsapp.interfaces.findings import Analyse, WriteFindings
from bidsapp.reports.group import write_group
from bidsapp.reports.subject import write_report
root = Path(sys.argv[1])
keys = ("version", "description", "authors", "copyright", "data_source", "task")
metadata = {key: "test" for key in keys} | {"name": "mean", "analysis": "mean", "modalities": ["T1w"]}
texts = {"card": "Research use only.", "licence": "none"}
bundle = Bundle.write(root / "bundle", metadata=metadata, tensors={}, **texts)
(root / "node").mkdir()
os.chdir(root / "node")
analyse = Analyse(analysis="mean", bundle=str(bundle.path), digest=bundle.digest)
found = analyse.run(member=str(root / "member.json"))
WriteFindings(findings=found.outputs.out_file, output_dir=str(root / "out")).run()
print(write_report(root / "out", "01"))
for path in write_group(root / "out"):
    print(path)
"""


@pytest.fixture
def stranger(tmp_path):
    """Install a package with one analysis, as pip lays it out."""
    site = tmp_path / "site"
    info = site / "stranger-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "stranger.py").write_text(textwrap.dedent(MODULE))
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[bidsapp.analyses]\nmean = stranger:ANALYSIS\n")
    return site


def test_a_strangers_analysis_goes_all_the_way(tmp_path, stranger):
    image = nib.Nifti1Image(np.full((20, 20, 20), 3, dtype=np.float32), np.diag([8.0, 8.0, 8.0, 1.0]))
    nib.save(image, tmp_path / "t1.nii.gz")
    member = {
        "subject": "01",
        "session": None,
        "covariates": {},
        "unordered": [],
        "standard": {},
        "transforms": {},
        "series": {},
    }
    member["native"] = {"T1w": str(tmp_path / "t1.nii.gz")}
    (tmp_path / "member.json").write_text(json.dumps(member))
    (tmp_path / "out").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(stranger)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out"
    assert (out / "sub-01" / "anat" / "sub-01_space-T1w_desc-demeaned_T1w.nii.gz").is_file()
    assert "The mean is 3.00." in (out / "sub-01.html").read_text()
    assert "sub-01\tn/a\t3" in (out / "group_mean.tsv").read_text()
    assert "Mean of the image" in next(out.glob("group*.html")).read_text()
