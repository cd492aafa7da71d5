"""Compares one subject with the controls of a bundle and says what was found."""

from __future__ import annotations

from pathlib import Path

from bidsapp.analyses.anomaly.asymmetry import asymmetry_table
from bidsapp.analyses.anomaly.judge import judge
from bidsapp.analyses.anomaly.lobes import lobe_tables
from bidsapp.analyses.anomaly.maps import write_maps
from bidsapp.analyses.anomaly.measure import Parcels
from bidsapp.analyses.anomaly.native import native_space
from bidsapp.analyses.anomaly.parcels import on_space
from bidsapp.analyses.anomaly.store import Trained, read_trained
from bidsapp.analyses.anomaly.tables import cluster_table, region_table
from bidsapp.analyses.anomaly.words import methods, scores, summary
from bidsapp.bundle import Bundle
from bidsapp.cohort import Member
from bidsapp.errors import BadDataError
from bidsapp.findings import Findings
from bidsapp.images.templates import load_atlas


def predict(member: Member, bundle: Bundle, out_dir: Path, *, device: str = "cpu") -> Findings:
    """Score a subject; see :meth:`bidsapp.analyses.protocol.Analysis.predict`.

    Raises
    ------
    BadDataError
        Bundle and subject do not match: a volume or transform is missing or on another grid, intensities
        cannot be scaled, or the installed atlas is not the one of the training.
    """
    trained = read_trained(bundle, device)
    parcels = _parcels(trained)
    native = native_space(member)
    judgement = judge(member, trained, parcels)
    clusters = cluster_table(judgement, trained, parcels, native)
    origin: dict[str, object] = {"Bundle": f"{bundle.name} {bundle.version}", "IntendedUse": "research only"}
    return Findings(
        analysis="anomaly",
        title="Anomaly map against healthy controls",
        subject=member.subject,
        session=member.session,
        summary=summary(judgement, trained, clusters),
        scores=scores(judgement, trained),
        maps=write_maps(judgement, trained, native, out_dir, origin),
        tables=(
            clusters,
            region_table(judgement, trained, parcels),
            *lobe_tables(judgement, trained, parcels),
            asymmetry_table(judgement, trained, parcels),
        ),
        warnings=judgement.warnings,
        provenance={"bundle": bundle.name, "bundle_version": bundle.version, "bundle_sha256": bundle.digest},
        methods=methods(judgement, trained, bundle.name, bundle.version),
    )


def _parcels(trained: Trained) -> Parcels:
    parcels = on_space(load_atlas(2, name=trained.options.atlas), trained.space)
    if parcels.index != trained.regions:
        raise BadDataError(
            f"The installed atlas {trained.options.atlas} is not the one of the training; "
            "train the bundle again."
        )
    return parcels
