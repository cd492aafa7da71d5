from dataclasses import replace

import numpy as np
import pytest

from bidsapp.analyses.anomaly.covariates import Design, usable_design
from bidsapp.analyses.anomaly.scanner import Scanners
from bidsapp.cohort import Member
from bidsapp.oneclass.normative import fit_normative

WANTED = ("age", "age_squared", "sex", "scanner")


def member(number, **covariates):
    return Member(
        subject=f"{number:02d}", covariates={"age": 20.0 + number, "sex": "FM"[number % 2], **covariates}
    )


@pytest.fixture
def members():
    """Three scanners of ten controls each, and two controls of a fourth."""
    return [member(i, site="ABCD"[i // 10]) for i in range(32)]


def test_scanners_with_enough_controls_are_a_covariate_and_the_others_are_counted(members):
    design, notes = usable_design(members, WANTED)
    assert design.terms == WANTED
    assert design.scanners == Scanners("site", ("A", "B", "C"))
    assert notes == ["2 controls of other values of site count as of the mean scanner."]
    assert design.matrix(members).shape == (32, 6)


def test_it_is_off_unless_asked_for(members):
    assert usable_design(members, ("age", "sex"))[0].terms == ("age", "sex")


def test_an_unknown_scanner_is_the_mean_of_the_known_ones_and_is_told(members):
    design, _ = usable_design(members, WANTED)
    known = [replace(members[0], covariates={**members[0].covariates, "site": site}) for site in "ABC"]
    other = replace(members[0], covariates={**members[0].covariates, "site": "Z"})
    assert np.allclose(design.row(other), np.mean([design.row(each) for each in known], axis=0))
    assert "The site Z is not one of the controls' (A, B, C)" in design.scanners.warnings(other)[0]
    assert "The site of the subject" in design.scanners.warnings(member(0))[0]
    assert design.scanners.warnings(known[1]) == ()


def test_the_offset_of_a_scanner_falls_away(members):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(30, 200, 1)).astype(np.float32)
    features[10:20] += 6
    design, _ = usable_design(members[:30], ("scanner",))
    for known, least, most in ((design, 0.0, 0.5), (Design(), 1.0, 9.0)):
        _, left_out = fit_normative(
            features,
            known.matrix(members[:30]),
            prior_weight=20.0,
            tail_power=0.0,
            spread=lambda values: values,
        )
        assert least <= abs(left_out[10:20].mean()) <= most


def test_the_bundle_keeps_the_scanners(members):
    design, _ = usable_design(members, WANTED)
    assert Design.of_metadata(design.as_metadata()) == design
    assert Design.of_metadata({"terms": ["age"], "age_range": [1, 2]}).scanners == Scanners()


def test_the_first_column_that_tells_scanners_apart_is_taken():
    members = [member(i, Manufacturer="Acme", MagneticFieldStrength=1.5 * (1 + i % 3 % 2)) for i in range(20)]
    assert Scanners.of(members)[0] == Scanners("MagneticFieldStrength", ("1.5", "3"))
    named = [
        replace(each, covariates={**each.covariates, "scanner_id": f"s{i % 2}"})
        for i, each in enumerate(members)
    ]
    assert Scanners.of(named)[0].column == "scanner_id"


def test_scanners_with_long_numbers_are_told_apart():
    members = [member(i, scanner_id=40_123_456.0 + i % 2) for i in range(10)]
    assert Scanners.of(members)[0].levels == ("40123456", "40123457")


def test_scanners_that_cannot_be_used_are_left_out_and_said(members):
    few = [member(i, site="A" if i < 28 else "B") for i in range(32)]
    gap = [*members, member(40)]
    for each in (few, gap):
        design, notes = usable_design(each, WANTED)
        assert "scanner" not in design.terms
        assert "scanner is not used: participants.tsv has no column" in notes[-1]


def test_scanners_that_go_along_with_sex_are_left_out_and_said():
    members = [member(i, site="AB"[i % 2]) for i in range(32)]
    design, notes = usable_design(members, WANTED)
    assert design.terms == ("age", "age_squared", "sex")
    assert "goes along with the other covariates" in notes[-1]
