"""The program ``bidsapp-hpc``: write, and submit, scripts for a cluster, one subject an array task.

Not submitit or dask-jobqueue: what these submit is a pickle that a waiting Python process watches over, while
an array script can be read, changed and submitted again by anybody who knows the scheduler.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bidsapp.cli.boundary import run_program
from bidsapp.cli.hpc.request import Request, read_request
from bidsapp.errors import ExitCode, UnavailableError
from bidsapp.settings import Settings

COMMANDS = {"slurm": "sbatch", "pbs": "qsub", "sge": "qsub"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program.

    Parameters
    ----------
    argv
        Words of the command line without the program's name; by default those of the process.

    Returns
    -------
    int
        Exit code; see :func:`bidsapp.cli.boundary.run_program`.
    """
    return run_program("bidsapp-hpc", lambda: _run(*read_request(sys.argv[1:] if argv is None else argv)))


def _run(request: Request, settings: Settings) -> int:
    from bidsapp.bids.dataset import check_dataset
    from bidsapp.cli.hpc.program import check_binds
    from bidsapp.cli.hpc.scripts import write_scripts
    from bidsapp.cli.hpc.subjects import select, unfinished

    check_binds(request, settings)
    check_dataset(settings)
    selected = select(settings, request.subjects_from)
    if request.unfinished or request.resubmit:
        reasons = unfinished(settings.output_dir, selected)
        _tell(reasons, len(selected))
        if request.unfinished:
            return ExitCode.SUBJECT_FAILED if reasons else ExitCode.OK
        if not reasons:
            return ExitCode.OK
        selected = {subject: selected[subject] for subject in reasons}
    folder = write_scripts(request, settings, selected)
    print(f"{len(selected)} subjects: scripts in {folder}")
    if request.submit:
        return _submit(request, folder)
    print(f"To submit them: bash {shlex.quote(str(folder / 'submit.sh'))}")
    return ExitCode.OK


def _tell(reasons: Mapping[str, str], total: int) -> None:
    for subject, reason in reasons.items():
        print(f"sub-{subject}: {reason}")
    print(f"{total - len(reasons)} of {total} subjects are finished, {len(reasons)} are not.", flush=True)


def _submit(request: Request, folder: Path) -> int:
    command = COMMANDS[request.scheduler]
    if shutil.which(command) is None:
        raise UnavailableError(
            f"{command} is not on the PATH, so nothing was submitted; "
            f"where it is, run bash {shlex.quote(str(folder / 'submit.sh'))}."
        )
    done = subprocess.run(["/bin/bash", folder / "submit.sh"], capture_output=True, text=True, check=False)
    jobs = ", ".join(done.stdout.split())
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"exit status {done.returncode}"
        if jobs:
            raise UnavailableError(
                f"{command} took only {jobs} of the scripts of {folder} ({said}); these jobs, which "
                f"{folder / 'jobs.txt'} lists, run: when they have ended, mend the options and --resubmit."
            )
        raise UnavailableError(f"{command} refused the scripts of {folder} ({said}); mend the options.")
    print(f"Submitted as {jobs}")
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
