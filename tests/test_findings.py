from pathlib import Path

import pytest

from bidsapp.errors import BadDataError, NoInputError
from bidsapp.findings import Column, Findings, Map, Score, Table
from bidsapp.status import RunStatus, Step

FINDINGS = Findings(
    analysis="toy",
    title="Toy",
    subject="01",
    session=None,
    summary="Nothing.",
    scores=(Score(name="a", value=None, description="Not given.", interval=(1.0, 2.0), reference=(0, 1, 2)),),
    maps=(Map(path=Path("a.nii.gz"), suffix="mask", title="A", entities={"desc": "brain"}),),
    tables=(
        Table(title="T", suffix="dseg", columns=(Column(name="x", description="X"),), rows=((1,), (None,))),
    ),
    warnings=("Careful.",),
    provenance={"template": "sha"},
)
STATUS = RunStatus(
    subject="01",
    session="a",
    state="done",
    version="0",
    steps=(Step(name="s", state="done"),),
    outputs={"f": "d"},
)


@pytest.mark.parametrize("noun", [FINDINGS, STATUS])
def test_what_is_written_is_read_back(tmp_path, noun):
    assert type(noun).read(noun.write(tmp_path / "noun.json")) == noun


@pytest.mark.parametrize("kind", [Findings, RunStatus])
@pytest.mark.parametrize("text", ["", "[]", "{}", '{"unknown": 1}'])
def test_what_is_damaged_is_named(tmp_path, kind, text):
    (tmp_path / "noun.json").write_text(text)
    with pytest.raises(BadDataError, match=r"noun\.json"):
        kind.read(tmp_path / "noun.json")
    with pytest.raises(NoInputError, match=r"absent\.json"):
        kind.read(tmp_path / "absent.json")


def test_the_name_of_a_session_is_its_bids_name():
    assert STATUS.name == "sub-01_ses-a"
