import os
import shutil
from pathlib import Path

import pytest

from bidsapp.bundle import Bundle
from bidsapp.bundle_checks import REQUIRED
from bidsapp.errors import ExitCode, UsageError
from bidsapp.findings import Findings, Score
from bidsapp.reports import group
from bidsapp.settings import Settings
from bidsapp.workflows.progress import Silent
from bidsapp.workflows.run import READ_FOR_EACH, cite, run_group


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


def test_a_damaged_bundle_is_named_and_the_others_are_shown(tmp_path: Path) -> None:
    Findings(analysis="tea", title="Tea leaves", subject="1", session=None, summary="").write(
        tmp_path / "logs" / "sub-1" / "findings-tea.json"
    )
    for name in ("sound", "broken", ".sound.draft"):
        metadata = {**dict.fromkeys(REQUIRED, "test"), "learning_curve": [[1, 2.0], [2, 1.0]]}
        folder = tmp_path / "bundles" / name
        Bundle.write(folder, metadata=metadata, tensors={}, card="", licence="")
    (tmp_path / "bundles" / "broken" / "configs" / "metadata.json").write_text("{")
    shutil.copytree(tmp_path / "bundles" / "sound" / "models", tmp_path / "bundles" / "headless" / "models")
    progress = Lines()
    settings = Settings(bids_dir=tmp_path, output_dir=tmp_path, levels=("group",))
    assert run_group(settings, progress) == ExitCode.OK
    page = (tmp_path / "group_report.html").read_text()
    warned = [line for line in progress.said if "is left out" in line]
    assert [line.split()[1] for line in warned] == ["broken", "headless"]
    assert "metadata.json is not valid JSON" in warned[0]
    for name in ("broken", "headless"):
        assert f"<li>Bundle {name} is left out." in page
    assert "sound: loss from 2 to 1 in 2 steps" in page
    assert ".sound.draft" not in page


def test_a_task_of_a_large_cohort_does_not_read_what_all_others_wrote(tmp_path: Path) -> None:
    for number in range(READ_FOR_EACH):
        (tmp_path / f"sub-{number}").mkdir()
    Findings(analysis="tea", title="Tea", subject="0", session=None, summary="", methods="Leaves.").write(
        tmp_path / "logs" / "sub-0" / "findings-tea.json"
    )
    text = tmp_path / "logs" / "CITATION.md"
    progress = Lines()
    cite(tmp_path, 1, progress)
    assert "Leaves." in text.read_text()
    assert progress.said == []

    text.unlink()
    (tmp_path / "sub-more").mkdir()
    cite(tmp_path, 1, progress)
    assert not text.exists()
    assert "101 subjects, of which this run had 1: the group level writes" in progress.said[0]
    cite(tmp_path, 2, progress)
    assert text.exists()
    settings = Settings(bids_dir=tmp_path, output_dir=tmp_path, levels=("group",))
    text.unlink()
    run_group(settings, progress)
    assert "Leaves." in text.read_text()


@pytest.mark.parametrize("error", [None, UsageError("--controls is wrong.")])
def test_libraries_write_into_the_work_folder_which_is_gone_afterwards(
    error: Exception | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(bids_dir=tmp_path, output_dir=tmp_path, levels=("group",))
    names = ("NUMBA_CACHE_DIR", "MPLCONFIGDIR", "TMPDIR")
    for name in names:
        monkeypatch.setenv(name, "/removed/by/participant")
    seen: list[Path] = []

    def write_group(*_: object, **__: object) -> tuple[Path, ...]:
        seen.extend(Path(os.environ[name]) for name in names)
        assert all(folder.is_dir() for folder in seen)
        if error:
            raise error
        return ()

    monkeypatch.setattr(group, "write_group", write_group)
    if error:
        with pytest.raises(UsageError):
            run_group(settings, Silent())
    else:
        assert run_group(settings, Silent()) == ExitCode.OK
    assert len(seen) == len(names)
    assert all(folder.is_relative_to(settings.work_root) for folder in seen)
    assert not settings.work_root.exists()
