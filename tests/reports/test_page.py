"""Both pages are self-contained, safe and accessible, whatever the findings hold."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bidsapp.bids.query import find_inputs
from bidsapp.bundle import Bundle
from bidsapp.bundle_checks import REQUIRED
from bidsapp.reports.group import write_group
from bidsapp.reports.layout import FOLDER
from bidsapp.reports.subject import write_report
from bidsapp.settings import Settings

from .conftest import Fixture
from .pages import Page

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def _pages(output: Fixture) -> Iterator[str]:
    yield write_report(output.path, "01").read_text()
    yield write_group(output.path)[0].read_text()


@pytest.fixture
def sources(output: Fixture) -> list[str]:
    output.add("01", "a")
    output.add("01", "b")
    output.add("02")
    return list(_pages(output))


def test_nothing_is_loaded_from_elsewhere(sources: list[str]) -> None:
    for source in sources:
        page = Page(source)
        assert all(image["src"].startswith("data:image/") for image in page.all("img"))
        assert not page.all("link")
        assert not page.all("iframe")
        assert all("src" not in script for script in page.all("script"))
        assert "url(" not in source
        assert "@import" not in source
        outward = [anchor["href"] for anchor in page.all("a") if ":" in anchor.get("href", "")]
        assert all(href.startswith("https://doi.org/") for href in outward)


def test_policy_admits_exactly_the_style_and_script_inside(sources: list[str]) -> None:
    for source in sources:
        policy = next(item["content"] for item in Page(source).all("meta") if "http-equiv" in item)
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        for tag in ("style", "script"):
            inside = re.findall(rf"<{tag}>(.*?)</{tag}>", source, re.DOTALL)
            assert len(inside) == 1
            digest = base64.b64encode(hashlib.sha256(inside[0].encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in policy
        assert not re.search(r'\s(style|on\w+)="', source)


def test_page_is_well_formed_and_its_ids_are_unique(sources: list[str]) -> None:
    for source in sources:
        page = Page(source)
        assert page.faults == []
        ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        wanted = {item["aria-labelledby"] for _, item in page.elements if "aria-labelledby" in item}
        wanted |= {item["href"][1:] for item in page.all("a") if item.get("href", "").startswith("#")}
        assert wanted <= set(ids)


def test_page_is_accessible(sources: list[str]) -> None:
    for source in sources:
        page = Page(source)
        assert page.all("html")[0]["lang"] == "en"
        assert all("alt" in image for image in page.all("img"))
        assert all(item.get("aria-label") or item.get("aria-hidden") for item in page.all("svg"))
        assert page.headings[0] == 1
        assert page.headings.count(1) == 1
        assert all(
            after <= before + 1 for before, after in zip(page.headings, page.headings[1:], strict=False)
        )
        assert {"main", "nav", "header", "footer"} <= {tag for tag, _ in page.elements}
        assert "Research use only" in page.text
        assert "Simulated data" in page.text


def test_findings_and_participants_cannot_inject_markup(output: Fixture) -> None:
    folder = output.logs("01")
    output.preproc("01", title=EVIL, summary=EVIL, warnings=(EVIL,), provenance={EVIL: EVIL}).write(
        folder / "findings-preproc.json"
    )
    output.stranger("01", title=EVIL, summary=EVIL, methods=EVIL).write(folder / "findings-tea.json")
    output.status("01", state="failed", error=EVIL, skipped={EVIL: EVIL}).write(folder / "status.json")
    (output.path / "participants.tsv").write_text(f"participant_id\tage\t{EVIL}\nsub-01\t{EVIL}\t{EVIL}\n")
    for source in _pages(output):
        page = Page(source)
        assert len(page.all("script")) == 1
        assert all("onerror" not in item for _, item in page.elements)
        assert EVIL in page.text


def test_sidecars_and_bundles_cannot_inject_markup(output: Fixture, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    image = raw / "sub-01" / "anat" / "sub-01_T1w.nii.gz"
    image.parent.mkdir(parents=True)
    image.write_bytes(b"no image")
    (raw / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.10.0"}')
    image.with_name("sub-01_T1w.json").write_text(json.dumps({"ContrastBolusIngredient": EVIL}))
    settings = Settings(bids_dir=raw, output_dir=output.path, levels=("participant",))
    notes = find_inputs(settings, "01", None).notes
    output.preproc("01", warnings=notes).write(output.logs("01") / "findings-preproc.json")
    metadata = dict.fromkeys(REQUIRED, "test") | {"description": EVIL, "learning_curve": [[1, 2.0], [2, 1.0]]}
    folder = output.path / "bundles" / "<img src=x onerror=alert(2)>"
    Bundle.write(folder, metadata=metadata, tensors={}, card=EVIL, licence=EVIL)
    subject, group = (Page(source) for source in _pages(output))
    assert EVIL in subject.text
    assert folder.name in group.text
    for page in (subject, group):
        assert len(page.all("script")) == 1
        assert all("onerror" not in item for _, item in page.elements)


def test_same_findings_give_same_bytes(output: Fixture) -> None:
    output.add("01")
    assert [source.encode() for source in _pages(output)] == [source.encode() for source in _pages(output)]


def _colours() -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", (FOLDER / "style.css").read_text()))


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("text", ["ink", "soft", "blue", "green", "amber", "red"])
@pytest.mark.parametrize("ground", ["paper", "card"])
def test_text_has_enough_contrast(text: str, ground: str) -> None:
    """WCAG 2.2, success criterion 1.4.3: at least 4.5 to 1."""
    colours = _colours()
    light, dark = sorted((_luminance(colours[text]), _luminance(colours[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_style_honours_print_small_screens_and_reduced_motion() -> None:
    style = Path(FOLDER / "style.css").read_text()
    assert "@media print" in style
    assert "@media screen and (max-width: 47rem)" in style
    assert "prefers-reduced-motion" in style
