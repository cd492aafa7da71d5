"""The report of a subject: one self-contained HTML file with all sessions inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bidsapp
from bidsapp.errors import BadDataError
from bidsapp.files import write_text
from bidsapp.findings import Findings
from bidsapp.reports.album import Album
from bidsapp.reports.articles import Article, anchor_of, make_article
from bidsapp.reports.citation import compose_methods
from bidsapp.reports.collect import (
    PREPARATION,
    Visit,
    find_visits,
    read_dataset_name,
    read_participants,
)
from bidsapp.reports.layout import Layout, Section, Tier, read_layout
from bidsapp.reports.numbers import decimals_of, write_name, write_number, write_seconds
from bidsapp.reports.page import render
from bidsapp.reports.scene import Scene
from bidsapp.reports.summary import quality_sentence, sentence

STATES = {"done": "Finished", "failed": "Failed", "unfinished": "Did not finish", "unknown": "No status"}


@dataclass(frozen=True)
class SectionView:
    """A section of a session with its articles."""

    anchor: str
    title: str
    articles: tuple[Article, ...]


@dataclass(frozen=True)
class StepRow:
    """One step of the run as text."""

    name: str
    state: str
    seconds: str
    cpu_seconds: str
    memory: str
    device: str


@dataclass(frozen=True)
class VisitView:
    """One session of the page."""

    anchor: str
    title: str
    state: str
    state_text: str
    error: str
    problems: tuple[str, ...]
    brief: tuple[tuple[str, str, str], ...]
    light: str
    light_text: str
    sections: tuple[SectionView, ...]
    skipped: tuple[tuple[str, str], ...]
    steps: tuple[StepRow, ...]
    total: str
    provenance: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def write_report(output_dir: Path, subject: str) -> Path:
    """Write ``sub-<subject>.html`` from the derivatives and logs of a subject.

    Pictures are made smaller, tier by tier, until the page keeps the declared limit; the page says
    so when that was needed.

    Raises
    ------
    NoInputError
        The subject left no logs.
    BadDataError
        ``subject`` is no BIDS label, or the page is too large even with the smallest pictures.
    CannotWriteError, InputOutputError
        The page cannot be written.
    """
    layout = read_layout()
    visits = find_visits(output_dir, subject)
    for tier in layout.tiers:
        page = _render(output_dir, visits, layout, tier)
        if len(page.encode("utf-8")) <= layout.limits.subject_bytes:
            return write_text(output_dir / f"sub-{subject}.html", page)
    limit = layout.limits.subject_bytes / 1e6
    raise BadDataError(
        f"The report of sub-{subject} is larger than {limit:.0f} MB with the smallest pictures; "
        "its findings hold too many maps or rows."
    )


def _render(output_dir: Path, visits: Sequence[Visit], layout: Layout, tier: Tier) -> str:
    subject = visits[0].subject
    name = read_dataset_name(output_dir)
    facts = read_participants(output_dir).get(subject, {})
    findings = [each for visit in visits for each in visit.findings]
    versions = sorted({visit.status.version for visit in visits if visit.status}) or [bidsapp.__version__]
    return render(
        "subject.html.j2",
        subject=f"sub-{subject}",
        dataset=name,
        simulated="simulated" in name.lower(),
        facts=[(write_name(key, layout.words), value) for key, value in facts.items()],
        versions=versions,
        sentence=sentence(visits),
        visits=[_view(output_dir, visit, layout, tier) for visit in visits],
        trends=_trends(visits, layout),
        methods=compose_methods(findings, ", ".join(versions)),
        reduced=tier != layout.tiers[0],
        limits=layout.limits,
    )


def _view(output_dir: Path, visit: Visit, layout: Layout, tier: Tier) -> VisitView:
    album = Album(output_dir, Scene.of(visit.findings), layout, tier)
    anchor = anchor_of(visit.name)
    light, light_text = quality_sentence(visit.findings)
    status = visit.status
    steps = status.steps if status else ()
    return VisitView(
        anchor=anchor,
        title=f"Session {visit.session}" if visit.session else "Session",
        state=visit.state,
        state_text=STATES[visit.state],
        error=_error(visit),
        problems=visit.problems,
        brief=_brief(visit, layout, anchor),
        light=light,
        light_text=light_text,
        sections=tuple(_section(section, visit, album, anchor) for section in layout.sections),
        skipped=tuple(sorted(status.skipped.items())) if status else (),
        steps=tuple(
            StepRow(
                name=step.name,
                state=step.state,
                seconds=write_seconds(step.seconds),
                cpu_seconds=write_seconds(step.cpu_seconds),
                memory=f"{step.peak_memory_mb / 1024:.2f} GB" if step.peak_memory_mb else "n/a",
                device=step.device,
            )
            for step in steps
        ),
        total=write_seconds(sum(step.seconds for step in steps)),
        provenance=tuple(
            (each.title, tuple(each.provenance.items())) for each in visit.findings if each.provenance
        ),
    )


def _brief(visit: Visit, layout: Layout, anchor: str) -> tuple[tuple[str, str, str], ...]:
    """Give anchor, title and summary of each result, and of what was done before."""
    return tuple(
        (anchor_of(anchor, section.id, each.analysis), each.title, each.summary)
        for section in layout.sections
        for each in visit.findings
        if "summary" in section.parts and layout.holds(section, each.analysis)
    )


def _error(visit: Visit) -> str:
    """Give the sentence that the user saw, and the step that failed."""
    if visit.status is None or not visit.status.error:
        return ""
    steps = [step.name for step in visit.status.steps if step.state == "failed"]
    return visit.status.error + (f" (In step {', '.join(steps)}.)" if steps else "")


def _section(section: Section, visit: Visit, album: Album, anchor: str) -> SectionView:
    layout = album.layout
    chosen = [each for each in visit.findings if layout.holds(section, each.analysis)]
    articles = [
        make_article(each, section, album, anchor_of(anchor, section.id, each.analysis)) for each in chosen
    ]
    shown = tuple(article for article in articles if not article.empty)
    return SectionView(anchor_of(anchor, section.id), section.title, shown)


def _trends(visits: Sequence[Visit], layout: Layout) -> list[tuple[str, str, str, list[str]]]:
    """Give (analysis, score, unit, value in each session) of results that several sessions have."""
    by_score: dict[tuple[str, str, str], dict[str, float | None]] = {}
    for visit in visits:
        for each in visit.findings:
            for score in each.scores if _is_result(each) else ():
                by_score.setdefault((each.title, score.name, score.unit), {})[visit.name] = score.value
    rows = []
    for (title, name, unit), values in by_score.items():
        if sum(value is not None for value in values.values()) > 1:
            places = decimals_of(list(values.values()))
            cells = [write_number(values.get(visit.name), places) for visit in visits]
            rows.append((title, write_name(name, layout.words), unit, cells))
    return rows


def _is_result(findings: Findings) -> bool:
    return findings.analysis != PREPARATION
