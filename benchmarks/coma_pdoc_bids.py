"""Writes real resting-state signals of 50 patients and 30 controls (pdoc) as a BIDS dataset.

    python benchmarks/coma_pdoc_bids.py FOLDER
    bidsapp FOLDER OUT participant --analysis coma
    bidsapp FOLDER OUT train --analysis coma --target crs_r
    bidsapp FOLDER OUT group

The command line then sees what it would see of a user's own signals: a table of regions for each subject,
the repetition time beside it, and the bedside in ``participants.tsv``. Signals are those of Song et al.,
eLife 2018 (https://doi.org/10.7554/eLife.36173), found below the folder that BIDSAPP_REALDATA names.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from coma_patients import REPETITION_TIME, real_data

DESCRIPTION: Mapping[str, object] = {
    "Name": "Disorders of consciousness: resting-state signals of 22 regions",
    "BIDSVersion": "1.10.0",
    "DatasetType": "raw",
    "License": "MIT",
    "Authors": ["Ming Song", "Tianzi Jiang", "and others"],
    "ReferencesAndLinks": ["https://doi.org/10.7554/eLife.36173", "https://github.com/realmsong504/pDOC"],
}
COLUMNS: Mapping[str, Mapping[str, object]] = {
    "group": {
        "Description": "Who this is",
        "Levels": {"doc": "Disorder of consciousness", "control": "Healthy"},
    },
    "age": {"Description": "Age at the scan", "Units": "year"},
    "months_since_injury": {"Description": "From injury to the scan", "Units": "month"},
    "etiology": {"Description": "Cause of the injury"},
    "crs_r": {"Description": "Coma Recovery Scale-Revised at follow-up, 12 months or more after the scan"},
    "gos": {"Description": "Glasgow Outcome Scale at follow-up"},
}
_SIGNALS: Mapping[str, object] = {
    "TaskName": "rest",
    "RepetitionTime": REPETITION_TIME,
    "Description": "Mean of each region; frames of motion were cut out before the band-pass",
}


def main() -> None:
    """Write the dataset into the folder that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="new folder of the dataset")
    folder: Path = parser.parse_args().folder
    count = write_dataset(real_data("pdoc"), folder)
    print(f"{count} subjects in {folder}")


def write_dataset(source: Path, folder: Path) -> int:
    """Write the dataset; give the number of subjects."""
    folder.mkdir(parents=True)
    _write_json(folder / "dataset_description.json", DESCRIPTION)
    shutil.copyfile(source / "README", folder / "README")
    shutil.copyfile(source / "participants.tsv", folder / "participants.tsv")
    _write_json(folder / "participants.json", COLUMNS)
    tables = sorted(source.glob("sub-*_task-rest_timeseries.tsv"))
    for table in tables:
        subject = table.name.partition("_")[0]
        own = folder / subject / "func"
        own.mkdir(parents=True)
        shutil.copyfile(table, own / table.name)
        _write_json((own / table.name).with_suffix(".json"), _SIGNALS)
    return len(tables)


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
