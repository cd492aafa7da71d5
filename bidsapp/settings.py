"""Every option of a run, parsed once and passed on explicitly; there is no global configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the user asked for, after the command line and the configuration file were merged.

    Labels are without their prefix (``01``, not ``sub-01``). An empty tuple of labels, analyses
    or bundles means "all that there are". ``docs/options.md`` describes each field as an option. Only
    ``asked_device`` is none: a run keeps there what ``device`` was, and puts in its place where it computes.
    """

    bids_dir: Path
    output_dir: Path
    levels: tuple[str, ...]
    participant_label: tuple[str, ...] = ()
    exclude_participant_label: tuple[str, ...] = ()
    session_label: tuple[str, ...] = ()
    bids_filters: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    bids_database_dir: Path | None = None
    skip_bids_validation: bool = False
    derivatives: tuple[Path, ...] = ()
    work_dir: Path | None = None
    clean_workdir: bool = False
    nprocs: int = 1
    omp_nthreads: int = 1
    mem_gb: float | None = None
    nipype_plugin_file: Path | None = None
    reports_only: bool = False
    dry_run: bool = False
    stop_on_first_crash: bool = False
    resource_monitor: bool = False
    write_graph: bool = False
    random_seed: int = 0
    explain: bool = False
    output_resolution: int = 2
    device: str = "auto"
    asked_device: str = ""
    verbose: int = 0
    analyses: tuple[str, ...] = ()
    bundles: tuple[Path, ...] = ()
    recipe: Path | None = None
    sweep: str | None = None
    controls: str | None = None
    target: str | None = None
    reference: Path | None = None

    @property
    def work_root(self) -> Path:
        """Folder of intermediate results; under the output folder unless the user names one."""
        return self.work_dir if self.work_dir is not None else self.output_dir / "work"
