"""Writes the methods paragraph and its references, from declared pieces and from what the findings say."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import bidsapp
from bidsapp.files import write_text
from bidsapp.findings import Findings
from bidsapp.reports.collect import PREPARATION
from bidsapp.reports.layout import FOLDER

_CITED = re.compile(r"\[((?:@[\w-]+;?\s*)+)\]")
_ENTRY = re.compile(r"^@(\w+)\{([\w-]+),\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^\s*(\w+) = \{(.*)\},?$", re.MULTILINE)
_ACCENTS = {r"{\'a}": "á", r"{\'e}": "é", r"{\~n}": "ñ", r"{\"o}": "ö", r"{\"u}": "ü", r"\&": "&"}


@dataclass(frozen=True)
class Reference:
    """An entry of ``references.bib``: its text for people, its DOI, and the entry as it is."""

    key: str
    text: str
    doi: str
    entry: str


@dataclass(frozen=True)
class Methods:
    """Paragraphs with numbers in brackets, and the references in order of citation."""

    paragraphs: tuple[str, ...]
    references: tuple[Reference, ...]


def compose_methods(findings: Iterable[Findings], version: str = bidsapp.__version__) -> Methods:
    """Put the methods text together: opening, one piece for each analysis, closing.

    Equal texts of several sessions appear once. ``[@key]`` becomes a number when the key is known;
    an unknown key stays as it is.
    """
    pieces, everything = _pieces(), list(findings)
    several = len({(each.subject, each.session) for each in everything}) > len(
        {each.subject for each in everything}
    )
    paragraphs = [pieces["opening"].replace("{version}", version)]
    for each in everything:
        text = each.methods.strip() or _standard_text(each, several)
        paragraphs += [part.strip() for part in text.split("\n\n") if part.strip()]
    paragraphs.append(pieces["closing"])
    return _number(list(dict.fromkeys(paragraphs)))


def _standard_text(findings: Findings, several_sessions: bool) -> str:
    """Give the declared piece of an analysis; for preprocessing, with what was done beyond the usual."""
    pieces = _pieces()
    text = pieces.get(findings.analysis, "")
    if findings.analysis != PREPARATION:
        return text
    names = {"sessions"} if several_sessions else set()
    for item in findings.maps:
        names |= {item.suffix, f"{item.datatype}-{item.suffix}", item.entities.get("desc", "")}
    return " ".join([text, *(added for name, added in _additions().items() if name in names)])


def write_citation(output_dir: Path, findings: Sequence[Findings]) -> tuple[Path, Path]:
    """Write ``logs/CITATION.md`` and ``logs/CITATION.bib``; give their paths."""
    methods = compose_methods(findings)
    lines = [f"{place}. {reference.text}" for place, reference in enumerate(methods.references, 1)]
    text = "\n\n".join(("# Methods", *methods.paragraphs, "# References", "\n".join(lines))) + "\n"
    entries = "\n\n".join(reference.entry for reference in methods.references) + "\n"
    logs = output_dir / "logs"
    return write_text(logs / "CITATION.md", text), write_text(logs / "CITATION.bib", entries)


@cache
def read_references(path: Path = FOLDER / "references.bib") -> Mapping[str, Reference]:
    """Read the packaged references, by key."""
    entries = _ENTRY.finditer(path.read_text(encoding="utf-8"))
    return {match[2]: _reference(match[2], dict(_FIELD.findall(match[3])), match[0]) for match in entries}


def _reference(key: str, fields: Mapping[str, str], entry: str) -> Reference:
    plain = {name: _plain(value) for name, value in fields.items()}
    authors = [_author(name) for name in plain["author"].split(" and ")]
    people = ", ".join(authors[:-1]) + (" et al." if authors[-1] == "others" else f", {authors[-1]}")
    people = people.lstrip(", ")
    source = next((plain[name] for name in ("journal", "howpublished", "publisher") if name in plain), "")
    place = plain.get("volume", "") + (f"({plain['number']})" if "number" in plain else "")
    where = ":".join(part for part in (place, plain.get("pages", "")) if part)
    ending = f"; {where}." if where else "."
    people = people if people.endswith(".") else f"{people}."
    return Reference(
        key, f"{people} {plain['title']}. {source}. {plain['year']}{ending}", plain.get("doi", ""), entry
    )


def _author(name: str) -> str:
    if "," not in name:
        return name
    family, given = (part.strip() for part in name.split(",", 1))
    return f"{family} {''.join(part[0] for part in re.split(r'[ -]', given) if part)}"


def _plain(text: str) -> str:
    for code, letter in _ACCENTS.items():
        text = text.replace(code, letter)
    return text.replace("--", "\N{EN DASH}")


def _number(paragraphs: Sequence[str]) -> Methods:
    known, order = read_references(), list[str]()

    def replace(match: re.Match[str]) -> str:
        keys = re.findall(r"@([\w-]+)", match[1])
        if not all(key in known for key in keys):
            return match[0]
        order.extend(key for key in dict.fromkeys(keys) if key not in order)
        return f"[{', '.join(str(order.index(key) + 1) for key in keys)}]"

    numbered = tuple(_CITED.sub(replace, paragraph) for paragraph in paragraphs)
    return Methods(numbered, tuple(known[key] for key in order))


def _pieces() -> dict[str, str]:
    content = _boilerplate()
    return {"opening": content["opening"], "closing": content["closing"], **content["pieces"]}


def _additions() -> dict[str, str]:
    additions: dict[str, str] = _boilerplate()["additions"]
    return additions


@cache
def _boilerplate() -> dict[str, Any]:
    return tomllib.loads((FOLDER / "boilerplate.toml").read_text(encoding="utf-8"))
