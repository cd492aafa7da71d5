"""What lies in the folder named by ``--work-dir`` and is not of the program stays there."""

from __future__ import annotations

from pathlib import Path

import pytest

from bidsapp.workflows.environment import occupy

OURS = ("bidsapp-0.1.0/template-0123456789abcdef/gm.nii.gz", "bidsapp-0.1.0-89abcdef/.sub-01.lock")
THEIRS = (
    "bidsapp-thesis/chapter1.md",
    "bidsapp-0.1.0-notes/today.md",
    "bidsapp-0.1.0/README",
    "bidsapp-0.1.0/template-mine/head.nii.gz",
    ".libraries/books.bib",
)


@pytest.mark.parametrize("theirs", [THEIRS, ()])
def test_a_run_removes_its_own_files_and_nobody_elses(
    theirs: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "TMPDIR", "OMP_NUM_THREADS", "MPLCONFIGDIR", "NIPYPE_CONFIG_DIR", "NUMBA_CACHE_DIR"):
        monkeypatch.setenv(name, "/nonexistent")
    work = tmp_path / "work"
    for name in (*OURS, *theirs):
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text("kept")
    with occupy(work, threads=1):
        (work / ".libraries" / "tmp" / "cache").write_text("")
    assert {path.relative_to(work).as_posix() for path in work.rglob("*") if path.is_file()} == set(theirs)
    assert work.exists() == bool(theirs)
