from bidsapp.reports.layout import read_layout


def test_each_analysis_is_shown_and_a_strangers_among_the_results() -> None:
    layout = read_layout()
    for analysis in ("preproc", "anomaly", "a-stranger"):
        assert [section.id for section in layout.sections if layout.holds(section, analysis)]
    results = layout.sections[0]
    assert layout.holds(results, "a-stranger")
    assert not layout.holds(results, "preproc")


def test_all_parts_of_preprocessing_are_shown_once() -> None:
    layout = read_layout()
    parts = [part for item in layout.sections if layout.holds(item, "preproc") for part in item.parts]
    assert sorted(parts) == ["figures", "scores", "summary", "tables", "warnings"]


def test_tiers_become_smaller() -> None:
    tiers = read_layout().tiers
    assert [tier.pixel_mm for tier in tiers] == sorted(tier.pixel_mm for tier in tiers)
    assert [tier.quality for tier in tiers] == sorted((tier.quality for tier in tiers), reverse=True)
