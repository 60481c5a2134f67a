"""The scheme is complete and is the one of the design."""

import pytest

from triage.indicators import InvalidScheme, load_scheme, parse_scheme


def test_there_are_32_indicators_with_names_and_definitions_in_both_languages(scheme):
    assert len(scheme) == 32
    assert len(set(scheme.codes)) == 32
    for x in scheme:
        assert x.da != x.definition_da
        assert x.en != x.definition_en
        assert x.sources
        assert set(x.sources) <= set(scheme.sources)
        assert set(x.forms) <= set(scheme.forms)


def test_elements_strengths_and_bases_are_counted(scheme):
    elements = [x.element for x in scheme]
    assert {e: elements.count(e) for e in set(elements)} == {"act": 3, "means": 10, "purpose": 9, "sign": 3, "ad": 7}
    assert [x.code for x in scheme if x.contested] == ["city_rotation"]
    assert [x.code for x in scheme if x.evidence_base == "tested"] == [
        "obscured_contact", "ethnic_marketing", "youth_marketing", "trust_assurance",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [("element = ", "elemnt = "), ('strength = "strong"', 'strength = "huge"'), ("[[indicator]]", "[[indicators]]")],
)
def test_a_wrong_scheme_is_refused(scheme, change):
    with pytest.raises(InvalidScheme):
        parse_scheme(scheme.raw.replace(*change))


def test_a_scheme_of_ones_own_can_be_loaded(tmp_path, scheme):
    path = tmp_path / "mine.toml"
    path.write_text(scheme.raw.replace('version = "2026.1"', 'version = "mine"'), "utf-8")
    assert load_scheme(path).version == "mine"


def test_a_file_that_is_nested_without_end_is_refused():
    with pytest.raises(InvalidScheme, match="nested"):
        parse_scheme("version = " + "[" * 10_000)
