"""Where the traffic lights of quality figures come from: their quantiles over preprocessed healthy controls.

    python benchmarks/quality_limits.py OUTPUT_DIR --cohort "IXI, 3 T T1w at 2 mm"

reads the findings of preprocessing in OUTPUT_DIR and writes the quantiles 1, 5, 50, 95 and 99 % of each
figure, and the number of subjects, into ``bidsapp/data/quality.json``.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path

import numpy as np

from bidsapp.bids.collect import collect_findings
from bidsapp.files import write_text

DATA = Path(__file__).parents[1] / "bidsapp" / "data" / "quality.json"
LEVELS = (1, 5, 50, 95, 99)
FEWEST = 20


def quantiles(output_dir: Path) -> tuple[dict[str, dict[str, list[float]]], int]:
    """Give the quantiles of each figure by modality, and the number of subjects."""
    figures = json.loads(DATA.read_text(encoding="utf-8"))["figures"]
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    subjects = set()
    for findings in collect_findings(output_dir):
        if findings.analysis != "preproc":
            continue
        subjects.add(findings.subject)
        for score in findings.scores:
            for name in figures:
                modality = score.name.removesuffix(f"_{name}")
                if modality != score.name and score.value is not None:
                    values[modality, name].append(score.value)
    found: dict[str, dict[str, list[float]]] = defaultdict(dict)
    for (modality, name), numbers in sorted(values.items()):
        if len(numbers) >= FEWEST:
            found[modality][name] = [float(f"{q:.5g}") for q in np.percentile(numbers, LEVELS)]
    return dict(found), len(subjects)


def main() -> None:
    """Write the quantiles into the packaged declaration."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output_dir", type=Path)
    parser.add_argument("--cohort", required=True, help="what the report says of these subjects")
    options = parser.parse_args()
    found, subjects = quantiles(options.output_dir)
    content = json.loads(DATA.read_text(encoding="utf-8"))
    content["reference"] = {"cohort": options.cohort, "subjects": subjects, "quantiles": found}
    write_text(DATA, json.dumps(content, indent=2) + "\n")
    print(json.dumps(content["reference"], indent=2))


if __name__ == "__main__":
    main()
