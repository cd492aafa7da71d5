"""A sweep from the command line: every value is checked first, and each gives a bundle."""

import numpy as np
import pytest

from bidsapp.bundle import Bundle
from bidsapp.cli.main import main
from bidsapp.errors import ExitCode
from bidsapp.findings import Findings, Map
from bidsapp.layout import findings_file
from bidsapp.learning.latent.tables import sweep_table
from bidsapp.reports.latent_bundles import read_sample

METRICS = ("cosine", "euclidean")

RECIPE = """
features = "latent"
representation = "siamese"
fwhm_mm = 0.0
latent = 8
steps = 4
pairs = 16
checkpoint_steps = 4
"""
KINDS = {"T1w": ({"desc": "preproc"}, "T1w"), "mask": ({"desc": "brain"}, "mask")} | {
    tissue: ({"label": tissue}, "probseg") for tissue in ("GM", "WM", "CSF")
}


@pytest.fixture
def train(controls, tmp_path):
    """Write what preprocessing says of twenty controls, and train on them."""
    (tmp_path / "bids").mkdir()
    (tmp_path / "bids" / "dataset_description.json").write_text('{"Name": "t", "BIDSVersion": "1.10.0"}')
    (tmp_path / "recipe.toml").write_text(RECIPE)
    for member in controls.members[:20]:
        maps = tuple(
            Map(
                path=member.standard[key],
                suffix=suffix,
                title=key,
                entities={"space": "MNI152NLin2009cAsym", "res": "2", **entities},
            )
            for key, (entities, suffix) in KINDS.items()
        )
        findings = Findings(
            analysis="preproc", title="", subject=member.subject, session=None, summary="", maps=maps
        )
        findings.write(findings_file(tmp_path / "out", member.subject, None, "preproc"))

    def run(*words):
        start = [str(tmp_path / "bids"), str(tmp_path / "out")]
        return main([*start, *words])

    return run


def test_no_training_starts_where_a_later_value_makes_no_sense(train, tmp_path, capfd):
    words = ["train", "--analysis", "anomaly", "--recipe", str(tmp_path / "recipe.toml")]
    assert train(*words, "--sweep", "metric=cosine,taxi") == ExitCode.BAD_DATA
    said = capfd.readouterr().err
    assert "'metric' is 'taxi'; it can be cosine, euclidean, correlation" in said
    assert train(*words, "--sweep", "latent=8,32") == ExitCode.BAD_DATA
    assert "A Gaussian of 32 learned numbers needs more controls" in capfd.readouterr().err
    assert "Training" not in said
    assert not list((tmp_path / "out").glob("bundles/*"))


def test_a_sweep_gives_a_bundle_of_each_value_whose_latent_spaces_can_be_compared(train, tmp_path):
    words = ["train", "--analysis", "anomaly", "--recipe", str(tmp_path / "recipe.toml")]
    assert train(*words, "--sweep", "metric=cosine,euclidean") == ExitCode.OK
    bundles = [Bundle.read(tmp_path / "out" / "bundles" / f"anomaly_metric-{name}") for name in METRICS]
    assert [bundle.metadata["recipe"]["metric"] for bundle in bundles] == list(METRICS)
    samples = [read_sample(bundle) for bundle in bundles]
    table = sweep_table(list(zip(METRICS, samples, strict=True)))
    assert [row[0] for row in table.rows] == list(METRICS)
    assert not np.array_equal(samples[0].vectors, samples[1].vectors)
