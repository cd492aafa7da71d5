"""Findings of a simulated study, as the anomaly analysis writes them; one region differs in patients."""

from pathlib import Path

import numpy as np

from bidsapp.findings import Column, Findings, Score, Table

REGIONS = ("Putamen", "Caudate", "Thalamus", "Insula")
PLANTED = "Putamen (left)"
_COLUMNS = ("region", "hemisphere", "value", "q05", "q50", "q95", "mean_z")


def findings(
    subject: str, patient: bool, session: str | None = None, *, shift: float = 6.0, bundle: str = "1"
) -> Findings:
    """Shares of abnormal voxels: skewed, often zero, and ``shift`` more in a patient's left putamen."""
    rng = np.random.default_rng([int(subject), int(session or 0)])
    names = [(f"{name} ({side})", side) for name in REGIONS for side in ("left", "right")]
    shares = np.maximum(rng.normal(0.5, 1.0, len(names)), 0)
    shares[[name for name, _ in names].index(PLANTED)] += shift * patient
    rows = tuple(
        (name, side, round(float(value), 2), 0.0, 0.5, 2.1, 0.0)
        for (name, side), value in zip(names, shares, strict=True)
    )
    share = Score(name="abnormal_share", value=float(shares.mean()), unit="%", description="Share")
    clusters = Score(name="anomalous_clusters", value=float(patient), description="Clusters")
    return Findings(
        analysis="anomaly",
        title="Anomaly",
        subject=subject,
        session=session,
        summary="Simulated.",
        scores=(clusters, share),
        tables=(
            Table(
                title="Share of abnormal voxels by region",
                suffix="dseg",
                columns=tuple(
                    Column(name=name, description="", unit="%" if name == "value" else "")
                    for name in _COLUMNS
                ),
                rows=rows,
                display="regions",
            ),
        ),
        provenance={"bundle": "anomaly-t1w", "bundle_sha256": bundle},
    )


def write_study(folder: Path, patients: int, controls: int, **changes: float) -> None:
    """Write findings and ``participants.tsv`` of patients (from 01 on) and controls (from 51 on)."""
    (folder / "dataset_description.json").write_text('{"Name": "Study (simulated)"}')
    people = [(number, "PD") for number in range(1, patients + 1)]
    people += [(number, "control") for number in range(51, 51 + controls)]
    lines = ["participant_id\tage\tsex\tgroup"]
    for number, group in people:
        subject = f"{number:02d}"
        write(folder, findings(subject, group == "PD", **changes))
        lines.append(f"sub-{subject}\t{60 + number % 7}\t{'FM'[number % 2]}\t{group}")
    (folder / "participants.tsv").write_text("\n".join(lines) + "\n")


def write(folder: Path, item: Findings) -> None:
    """Write findings where the participant level would."""
    logs = folder / "logs" / f"sub-{item.subject}" / (f"ses-{item.session}" if item.session else "")
    item.write(logs / f"findings-{item.analysis}.json")
