"""Where the truth about a run lies in an output folder; every floor that reads or writes it asks here."""

from __future__ import annotations

from pathlib import Path


def log_dir(output_dir: Path, subject: str, session: str | None = None) -> Path:
    """Folder of logs, status and findings of a subject, or of one of its sessions."""
    folder = output_dir / "logs" / f"sub-{subject}"
    return folder / f"ses-{session}" if session else folder


def status_file(output_dir: Path, subject: str, session: str | None) -> Path:
    """File of the :class:`~bidsapp.status.RunStatus` of one subject and session."""
    return log_dir(output_dir, subject, session) / "status.json"


def findings_file(output_dir: Path, subject: str, session: str | None, analysis: str) -> Path:
    """File of the :class:`~bidsapp.findings.Findings` of one analysis."""
    return log_dir(output_dir, subject, session) / f"findings-{analysis}.json"
