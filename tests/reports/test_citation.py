import re
from dataclasses import replace
from pathlib import Path

from bidsapp.findings import Map
from bidsapp.reports.citation import compose_methods, read_references, write_citation
from bidsapp.reports.layout import FOLDER

from .conftest import Fixture


def test_citations_are_numbered_in_order_and_the_same_text_appears_once(output: Fixture) -> None:
    first, second = output.stranger("01", "a"), output.stranger("01", "b")
    methods = compose_methods([first, second], "9.9")
    assert sum("Leaves" in paragraph for paragraph in methods.paragraphs) == 1
    assert "bidsapp 9.9" in methods.paragraphs[0]
    assert [reference.key for reference in methods.references] == ["bids", "bidsapps", "nipype", "n4"]
    assert "Leaves were read [4, 1]." in methods.paragraphs


def test_unknown_keys_stay_readable(output: Fixture) -> None:
    methods = compose_methods([output.stranger("01", methods="As usual [@nobody2099].")])
    assert "As usual [@nobody2099]." in methods.paragraphs


def test_every_packaged_citation_has_its_reference() -> None:
    cited = re.findall(r"@([\w-]+)", (FOLDER / "boilerplate.toml").read_text().split("\n", 2)[2])
    assert set(cited) <= set(read_references())
    assert all(re.fullmatch(r"10\.\d{4,}/\S+|", item.doi) for item in read_references().values())


def test_files_hold_what_was_cited(output: Fixture) -> None:
    text, bib = write_citation(output.path, [output.stranger("01")])
    assert "Tustison NJ" in text.read_text()
    assert "research use only" in text.read_text()
    assert bib.read_text().count("@article{") == 4
    assert "{" not in read_references()["simpleitk"].text


def test_sessions_and_pet_are_described_only_where_there_are_any(output: Fixture) -> None:
    one = output.preproc("01", maps=())
    pet = output.preproc("01", "b", maps=(Map(path=Path("pet.nii.gz"), suffix="pet", title="PET"),))
    alone = " ".join(compose_methods([one]).paragraphs)
    both = " ".join(compose_methods([replace(one, session="a"), pet]).paragraphs)
    for word in ("SUVR", "midpoint"):
        assert word not in alone
        assert word in both
    assert "SUVR" not in " ".join(compose_methods([one, output.preproc("02", maps=())]).paragraphs)
