"""Findings become BIDS derivatives: each file under its name, with its sidecar, whole or not at all."""

from __future__ import annotations

import gzip
import logging
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from bidsapp.bids.naming import derivative_path
from bidsapp.bids.sidecars import column_metadata, map_metadata, tsv_text, with_gaps
from bidsapp.errors import BadDataError, BidsAppError
from bidsapp.files import write_atomically, write_json, write_text
from bidsapp.findings import Findings, Map, Table
from bidsapp.inputs import Inputs
from bidsapp.layout import findings_file

_LOG = logging.getLogger(__name__)


def write_findings(findings: Findings, inputs: Inputs | None, output_dir: Path) -> Findings:
    """Write the maps, tables and findings of one analysis of one subject and session.

    Parameters
    ----------
    findings
        Maps' paths say where the files are now; they are copied and stay there. Cells that are no
        finite number become gaps; scores must be finite or ``None``.
    inputs
        The images that the findings came from, for ``Sources``; ``None`` when they are not at hand.
    output_dir
        The derivative dataset.

    Returns
    -------
    Findings
        The same with paths relative to ``output_dir`` and the sidecars' metadata, as written to ``logs/``;
        that file is written last, so findings never name a file that is not there. Files of an earlier
        run of this analysis that are no longer among its findings are removed.

    Raises
    ------
    BadDataError
        A map has no file, an impossible name, the name of another one, or lacks metadata that BIDS requires.
    CannotWriteError, InputOutputError
        The output folder cannot be written.
    """
    findings = _complete(findings, inputs, output_dir)
    maps = findings.maps
    names = {index: map_path(findings, item) for index, item in enumerate(maps)}
    if len(set(names.values())) < len(names):
        twice = next(name for name in names.values() if list(names.values()).count(name) > 1)
        raise BadDataError(f"Analysis {findings.analysis} gave two maps of the name {twice}.")
    sidecars: dict[PurePosixPath, dict[str, object]] = {}
    for index, item in enumerate(maps):
        _copy(item, output_dir / names[index], findings.analysis)
        sidecars.setdefault(_json(names[index]), {}).update(item.metadata)
    for table in findings.tables:
        name = table_path(findings, table)
        write_text(output_dir / name, tsv_text(table))
        sidecars.setdefault(_json(name), {}).update(column_metadata(table))
    for name, content in sidecars.items():
        if content:
            _write_sidecar(output_dir / name, content)
    placed = tuple(replace(item, path=Path(names[index])) for index, item in enumerate(maps))
    result = replace(findings, maps=placed)
    _finish(result, output_dir, {name for name, content in sidecars.items() if content})
    return result


def map_path(findings: Findings, item: Map) -> PurePosixPath:
    """Give the BIDS path of a map, relative to the output folder."""
    return derivative_path(
        findings.subject, findings.session, item.datatype, item.entities, item.suffix, item.extension
    )


def table_path(findings: Findings, table: Table) -> PurePosixPath:
    """Give the BIDS path of a table, relative to the output folder."""
    return derivative_path(
        findings.subject, findings.session, table.datatype, table.entities, table.suffix, ".tsv"
    )


def outputs(findings: Findings, output_dir: Path) -> tuple[PurePosixPath, ...]:
    """List the files that :func:`write_findings` wrote for these findings, relative to ``output_dir``."""
    names = [map_path(findings, item) for item in findings.maps]
    names += [table_path(findings, table) for table in findings.tables]
    names += [_json(name) for name in names]
    own = findings_file(output_dir, findings.subject, findings.session, findings.analysis)
    names.append(PurePosixPath(own.relative_to(output_dir).as_posix()))
    return tuple(sorted(name for name in set(names) if (output_dir / name).is_file()))


def remove_findings(output_dir: Path, subject: str, session: str | None, analysis: str) -> None:
    """Remove the findings of an analysis and all their files: its images are no longer in the dataset.

    Raises
    ------
    BadDataError
        The findings are damaged, so that it is not known which files are theirs.
    """
    own = findings_file(output_dir, subject, session, analysis)
    if own.exists():
        for name in outputs(Findings.read(own), output_dir):
            if output_dir / name != own:
                (output_dir / name).unlink(missing_ok=True)
        own.unlink(missing_ok=True)


def _json(name: PurePosixPath) -> PurePosixPath:
    return name.with_name(name.name.split(".", 1)[0] + ".json")


def _complete(findings: Findings, inputs: Inputs | None, output_dir: Path) -> Findings:
    maps = tuple(_with_tracer(item, inputs) for item in findings.maps)
    return replace(
        findings,
        maps=tuple(replace(item, metadata=map_metadata(item, findings, inputs, output_dir)) for item in maps),
        tables=tuple(with_gaps(table) for table in findings.tables),
    )


def _with_tracer(item: Map, inputs: Inputs | None) -> Map:
    """Add the tracer to the name of a PET map: BIDS wants it where the source has it."""
    pet = inputs.images.get("pet") if inputs else None
    if item.suffix != "pet" or "trc" in item.entities or pet is None or "trc" not in pet.entities:
        return item
    return replace(item, entities={"trc": pet.entities["trc"], **item.entities})


def _copy(item: Map, target: Path, analysis: str) -> None:
    if not item.path.is_file():
        raise BadDataError(f"Analysis {analysis} names a map that does not exist: {item.path}.")
    if target.exists() and target.samefile(item.path):
        return
    packed = item.path.name.endswith(item.extension)
    if not packed and not (item.extension == ".nii.gz" and item.path.suffix == ".nii"):
        raise BadDataError(f"Analysis {analysis}: map {item.path} is not a file of type {item.extension}.")

    def write(stream: BinaryIO) -> None:
        with item.path.open("rb") as source:
            if packed:
                shutil.copyfileobj(source, stream, 1 << 20)
                return
            with gzip.GzipFile(
                filename="", mode="wb", fileobj=stream, mtime=0, compresslevel=6
            ) as compressed:
                shutil.copyfileobj(source, compressed, 1 << 20)

    write_atomically(target, write)


def _write_sidecar(path: Path, content: Mapping[str, object]) -> None:
    try:
        write_json(path, content)
    except (TypeError, ValueError) as error:
        raise BadDataError(f"{path.name} cannot be written as JSON ({error}); mend the analysis.") from error


def _finish(findings: Findings, output_dir: Path, sidecars: set[PurePosixPath]) -> None:
    """Write the findings, then remove what an earlier run left and these findings do not have."""
    own = findings_file(output_dir, findings.subject, findings.session, findings.analysis)
    before: tuple[PurePosixPath, ...] = ()
    if own.exists():
        try:
            before = outputs(Findings.read(own), output_dir)
        except BidsAppError as error:
            _LOG.warning("%s Files of the earlier run are kept.", error)
    try:
        findings.write(own)
    except (TypeError, ValueError) as error:
        raise BadDataError(f"{own.name} cannot be written as JSON ({error}); mend the analysis.") from error
    kept = {map_path(findings, item) for item in findings.maps} | sidecars
    kept |= {table_path(findings, table) for table in findings.tables}
    for name in set(before) - kept - {PurePosixPath(own.relative_to(output_dir).as_posix())}:
        (output_dir / name).unlink(missing_ok=True)
