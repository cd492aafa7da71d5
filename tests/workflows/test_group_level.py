from pathlib import Path

from bidsapp.errors import ExitCode
from bidsapp.findings import Findings, Score
from bidsapp.settings import Settings
from bidsapp.workflows.progress import Silent
from bidsapp.workflows.run import run_group


class Lines(Silent):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def log(self, line: str) -> None:
        self.said.append(line)


def test_controls_of_the_command_line_reach_the_tables(tmp_path: Path) -> None:
    ages = ["participant_id\tage"]
    for number in range(10):
        Findings(
            analysis="tea",
            title="Tea leaves",
            subject=f"{number}",
            session=None,
            summary="",
            scores=(Score(name="leaves", value=float(number), description=""),),
        ).write(tmp_path / "logs" / f"sub-{number}" / "findings-tea.json")
        ages.append(f"sub-{number}\t{20 + number}")
    (tmp_path / "participants.tsv").write_text("\n".join(ages) + "\n")
    settings = Settings(bids_dir=tmp_path, output_dir=tmp_path, levels=("group",), controls="age < 25")
    progress = Lines()
    assert run_group(settings, progress) == ExitCode.OK
    assert f"Wrote {tmp_path / 'group_tea_roc.tsv'}" in progress.said
    header, row = (line.split("\t") for line in (tmp_path / "group_tea_roc.tsv").read_text().splitlines())
    found = dict(zip(header, row, strict=True))
    assert (found["n_patients"], found["n_controls"], found["auc"]) == ("5", "5", "1")
    # The controls' 98 % quantile is 3.92; judged by the others' quantile, only the highest exceeds it.
    assert (found["threshold"], found["sensitivity"], found["specificity"]) == ("3.92", "1", "0.8")
