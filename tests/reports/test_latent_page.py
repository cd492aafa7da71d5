"""The page of a latent space is self-contained and safe, and its points are told apart without colour."""

import base64
import hashlib
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from bidsapp.errors import BadDataError
from bidsapp.findings import Column, Table
from bidsapp.learning.latent.sample import LatentSample
from bidsapp.reports.latent_colours import colourings
from bidsapp.reports.latent_page import draw_latent_page
from bidsapp.reports.latent_sweep import draw_sweep
from bidsapp.reports.layout import read_layout
from bidsapp.reports.numbers import MINUS

from .pages import Page

EVIL = "</script><script>alert(1)</script>"


@pytest.fixture
def cloud() -> LatentSample:
    """Three places in two regions, two people; the age of the second is not known."""
    return LatentSample(
        vectors=np.random.default_rng(0).normal(size=(3, 2, 4)).astype(np.float32),
        places_mm=np.array([[-24.4, 3, 0], [38, -6, 2], [25, 5, -3]], np.float32),
        regions=("Putamen", "Insula", "Putamen"),
        tissues=("GM", "GM", "WM"),
        subjects=("sub-a", "sub-b"),
        ages=np.array([34, np.nan], np.float32),
        scores=np.arange(6, dtype=np.float32).reshape(3, 2),
    )


def _crowd(cloud: LatentSample, people: int) -> LatentSample:
    return replace(
        cloud,
        vectors=np.zeros((3, people, 2), np.float32),
        subjects=tuple(f"sub-{i:02d}" for i in range(people)),
        ages=np.full(people, np.nan, np.float32),
        scores=np.zeros((3, people), np.float32),
    )


@pytest.fixture
def planes() -> dict[str, np.ndarray]:
    plane = np.array([[0, 0], [1, 0], [2, 0], [3, 0], [4, 0], [5, -10]], np.float32)
    return {"pca": plane, "tsne": plane[::-1]}


@pytest.fixture
def merits() -> Table:
    names = ("merit", "projection", "value", "meaning")
    columns = tuple(Column(name=name, description="") for name in names)
    rows = (("kl_fit", None, 312.4, "Nats"), ("trustworthiness", "tsne", 0.987, "1: kept"))
    return Table(title="Merits", suffix="merits", columns=columns, rows=rows)


@pytest.fixture
def sweep() -> Table:
    columns = tuple(Column(name=name, description="") for name in ("setting", "kl_fit", "kl_posterior"))
    rows = (("beta 0.1", 3.0, None), (EVIL, np.inf, None))
    return Table(title="Settings", suffix="sweep", columns=columns, rows=rows)


def _content(source: str) -> dict:
    return json.loads(re.search(r'id="latent-content">(.*?)</script>', source, re.DOTALL)[1])


def test_page_needs_nothing_else(cloud, planes, merits, sweep):
    source = draw_latent_page(cloud, planes, merits, sweep=sweep)
    page = Page(source)
    assert page.faults == []
    assert not any("src" in item for _, item in page.elements)
    assert all(item["href"].startswith("#") for _, item in page.elements if "href" in item)
    policy = next(item["content"] for item in page.all("meta") if "http-equiv" in item)
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    scripts = re.findall(r"<script>(.*?)</script>", source, re.DOTALL)
    assert len(scripts) == 3
    for script in scripts:
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy
    assert 'plotlyServerURL: ""' in scripts[2]
    assert "showSendToCloud: false" in scripts[2]
    assert len(source) < 6_000_000


def test_page_says_what_it_shows(cloud, planes, merits):
    page = Page(draw_latent_page(cloud, planes, merits, title="Siamese"))
    assert "Research use only" in page.text
    assert "6 patches: 3 places in 2 regions, each in 2 subjects." in page.text
    assert [item["data-projection"] for item in page.all("button")] == ["pca", "tsne"]
    assert [item["value"] for item in page.all("option")] == ["region", "subject", "tissue", "age", "score"]
    assert "t-SNE" in page.text
    assert "0.987" in page.text
    assert "Simulated" not in page.text


def test_hover_names_subject_region_and_position(cloud, planes, merits):
    content = _content(draw_latent_page(cloud, planes, merits))
    assert content["places"][0] == f"Putamen, GM<br>{MINUS}24, 3, 0 mm"
    assert content["subjects"] == ["sub-a, 34 years", "sub-b"]
    assert content["projections"]["pca"] == {"x": [0, 1000, 2000, 3000, 4000, 5000], "y": [0] * 5 + [-10000]}


def test_names_cannot_inject_markup(cloud, planes, merits, sweep):
    named = replace(cloud, regions=(EVIL, "Insula", EVIL), subjects=(EVIL, "sub-b"))
    source = draw_latent_page(named, planes, replace(merits, title=EVIL), sweep=sweep, title=EVIL)
    assert len(Page(source).all("script")) == 4
    assert "&lt;/script&gt;" in _content(source)["places"][0]


def test_each_colouring_has_each_point_once(cloud):
    for colouring in colourings(cloud):
        assert sorted(i for trace in colouring.traces for i in trace.customdata) == list(range(6))
    by_name = {colouring.name: colouring.traces for colouring in colourings(cloud)}
    assert {trace.name: list(trace.customdata) for trace in by_name["region"]} == {
        "Insula": [2, 3],
        "Putamen": [0, 1, 4, 5],
    }
    assert list(by_name["subject"][1].customdata) == [1, 3, 5]
    assert [list(trace.customdata) for trace in by_name["age"]] == [[0, 2, 4], [1, 3, 5]]
    assert list(by_name["score"][0].marker.color) == [0, 1, 2, 3, 4, 5]


def test_groups_differ_in_shape_where_they_share_a_colour(cloud):
    by_subject = colourings(_crowd(cloud, 98))[1]
    looks = {(trace.marker.color, trace.marker.symbol) for trace in by_subject.traces}
    assert len(looks) == 98


def test_what_is_not_known_is_not_offered(cloud):
    bare = replace(cloud, ages=np.full(2, np.nan), scores=None)
    assert [colouring.name for colouring in colourings(bare)] == ["region", "subject", "tissue"]


def test_sweep_leaves_gaps_and_skips_what_no_setting_has(sweep):
    figure = draw_sweep(sweep, read_layout())
    assert [list(trace.y) for trace in figure.data] == [[3.0, None]]
    assert figure.layout.annotations[0].text == "KL fit"
    with pytest.raises(BadDataError, match="no figure of merit is a finite number"):
        draw_sweep(replace(sweep, rows=sweep.rows[1:]), read_layout())


@pytest.mark.parametrize(
    ("names", "shared", "ticks"),
    [
        (("anomaly_beta-1e-05", "anomaly_beta-1e-04"), "anomaly_beta", ("1e-05", "1e-04")),
        (("anomaly_alpha-1", "anomaly_beta-1"), "", ("anomaly_alpha-1", "anomaly_beta-1")),
        (("siamese", "slices"), "", ("siamese", "slices")),
    ],
)
def test_what_all_settings_share_is_no_part_of_their_ticks(sweep, names, shared, ticks):
    rows = tuple((name, 1.0, None) for name in names)
    figure = draw_sweep(replace(sweep, rows=rows), read_layout())
    assert figure.data[0].x == ticks
    assert (figure.layout.xaxis.title.text or "") == shared


def test_what_does_not_fit_is_refused(cloud, planes, merits):
    with pytest.raises(BadDataError, match="at least one projection"):
        draw_latent_page(cloud, {}, merits)
    with pytest.raises(BadDataError, match=r"Projection pca is not of finite numbers of shape \(6, 2\)"):
        draw_latent_page(cloud, {"pca": planes["pca"][:5]}, merits)


def test_a_page_that_would_be_too_large_is_refused(cloud, merits, monkeypatch):
    layout = read_layout()
    small = replace(layout, limits=replace(layout.limits, latent_bytes=4_900_000))
    monkeypatch.setattr("bidsapp.reports.latent_page.read_layout", lambda: small)
    crowd = _crowd(cloud, 1500)
    with pytest.raises(BadDataError, match=r"more than 4\.9; sample fewer places or subjects"):
        draw_latent_page(crowd, {"pca": np.zeros((4500, 2), np.float32)}, merits)
