"""What each contrast is worth to the lesion network: exact Shapley values on real patients left out.

    python benchmarks/ms_shapley.py ROWS [--out FILE]

ROWS is what ``ms_lesions.py --subsets --out ROWS`` wrote. The game of a patient is the score with each
subset of the contrasts; with none nothing is found, and the score is 0. All patients must have the same
contrasts. The values add up to the score with all contrasts, which is checked to 1e-6.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from anomaly_fitting import table
from ms_patients import write_rows

from bidsapp.explain.shapley import ContrastWorth, Game, contrast_worth, shapley_values

SCORES = {"dice": "Dice", "anima": "lesion F1 (Anima)", "shifts": "lesion F1 (Shifts)"}
EXACT = 1e-6


def read_games(rows: Sequence[Mapping[str, object]], score: str) -> dict[str, Game]:
    """Give the game of each patient."""
    games: dict[str, dict[frozenset[str], float]] = {}
    for row in rows:
        game = games.setdefault(str(row["patient"]), {frozenset(): 0.0})
        game[frozenset(str(row["contrasts"]).split("+"))] = float(str(row[score]))
    return dict(games)


def check(game: Game) -> float:
    """Give how far the values are from adding up to what all contrasts together are worth."""
    everything = game[frozenset().union(*game)]
    wrong = abs(sum(shapley_values(game).values()) - everything + game[frozenset()])
    if wrong > EXACT:
        raise SystemExit(f"The Shapley values are off by {wrong:g}.")
    return wrong


def show(title: str, games: Mapping[str, Game], worth: ContrastWorth) -> str:
    """Write the value of each contrast, patient by patient and as a mean."""
    own = {name: shapley_values(game) for name, game in games.items()}
    cells = [
        (
            contrast,
            *(f"{values[contrast]:+.3f}" for values in own.values()),
            f"{mean.value:+.3f}",
            f"{worth.cost[contrast].value:+.3f}",
        )
        for contrast, mean in worth.shapley.items()
    ]
    return table(title, ("contrast", *own, "mean", "lost without it"), cells)


def main() -> None:
    """Read, compute and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("rows", type=Path, help="JSON file of ms_lesions.py --subsets")
    parser.add_argument("--out", type=Path, help="JSON file for the values")
    arguments = parser.parse_args()
    rows = json.loads(arguments.rows.read_text(encoding="utf-8"))["subsets"]
    if not rows:
        raise SystemExit(f"{arguments.rows} has no subsets; run ms_lesions.py with --subsets.")
    values: dict[str, object] = {}
    for score, words in SCORES.items():
        games = read_games(rows, score)
        worth = contrast_worth(list(games.values()), resamples=1000, seed=0)
        wrong = max(check(game) for game in games.values())
        print(show(f"Worth in {words}; {len(games)} patients, sums right to {wrong:.0e}", games, worth))
        values[score] = {key: asdict(mean) for key, mean in worth.shapley.items()}
    write_rows(arguments.out, **values)


if __name__ == "__main__":
    main()
