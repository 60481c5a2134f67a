"""Decisions and priority: rules that can be checked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.calibrate import fit_calibration, misses_allowed
from training.experiment import CalibrationConfig
from triage.assessment import Finding
from triage.calibration import Calibration
from triage.priority import derive_forms, rank


@pytest.mark.parametrize(("positives", "allowed"), [(21, -1), (22, 0), (37, 0), (38, 1), (51, 1), (52, 2)])
def test_recall_of_nine_tenths_at_nine_tenths_needs_22_38_52_positives(positives, allowed):
    assert misses_allowed(positives, 0.9, 0.9) == allowed


def _made_up(positives: int, rows: int = 200):
    generator = np.random.default_rng(1)
    truth = np.zeros((rows, 2), bool)
    truth[:positives, 0] = truth[:60, 1] = True
    raw = np.clip(generator.normal(0.2, 0.1, (rows, 2)) + 0.5 * truth, 0.001, 0.999).astype(np.float32)
    return fit_calibration(raw, truth, np.ones_like(truth), CalibrationConfig()), raw, truth


def test_a_guaranteed_look_catches_nine_of_ten_calibration_positives():
    calibration, raw, truth = _made_up(60)
    probability = calibration.apply(raw)
    for k in range(2):
        assert calibration.thresholds[k].status == "guaranteed"
        assert (probability[truth[:, k], k] >= calibration.thresholds[k].look).mean() >= 0.9


def test_too_few_positives_promise_nothing():
    calibration, _, _ = _made_up(3)
    assert calibration.thresholds[0].status == "no_guarantee"
    assert calibration.thresholds[0].positives == 3


@given(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=20))
def test_calibration_keeps_the_order(values):
    calibration, _, _ = _made_up(30)
    raw = np.array(sorted(values), np.float32)
    assert (np.diff(calibration.apply(np.stack([raw, raw], axis=1)), axis=0) >= 0).all()


def test_calibration_survives_its_file():
    calibration, raw, _ = _made_up(30)
    again = Calibration.from_json(calibration.to_json(("a", "b")), ("a", "b"))
    np.testing.assert_array_equal(again.apply(raw), calibration.apply(raw))
    assert again.thresholds == calibration.thresholds


def _finding(scheme, code: str, probability: float = 0.9, decision: str = "flag", state: str = "stated") -> Finding:
    x = scheme[code]
    return Finding(code, x.da, x.element, x.strength, x.evidence_base, probability, decision, state)


@pytest.mark.parametrize(
    ("codes", "level", "reason"),
    [
        ([], "none", None),
        (["poor_health"], "low", "flagged"),
        (["debt_bondage"], "medium", "one_strong"),
        (["arranged_travel", "surveillance"], "medium", "two_elements"),
        (["debt_bondage", "withheld_wages"], "high", "purpose_and_means"),
        (["minor_at_risk", "forced_begging"], "high", "minor_and_purpose"),
        (["violence", "minor_at_risk"], "high", "urgent_combination"),
        (["threats", "deceptive_recruitment"], "high", "urgent_combination"),
        (["city_rotation"], "none", None),
    ],
)
def test_priority_follows_the_written_rule(scheme, codes, level, reason):
    priority = rank([_finding(scheme, code) for code in codes])
    assert priority.level == level
    assert (reason in priority.reasons) if reason else not priority.reasons


def test_what_is_denied_or_clear_has_no_part_in_the_priority(scheme):
    findings = [_finding(scheme, "debt_bondage", state="denied"), _finding(scheme, "withheld_wages", decision="clear")]
    assert rank(findings).level == "none"


def test_an_element_is_a_fraction_also_where_nothing_takes_part(scheme):
    """JSON tells 0 from 0.0, and readers with strict types do too."""
    assert [type(x) for x in rank([]).elements.values()] == [float] * 3


def test_elements_are_noisy_or(scheme):
    priority = rank([_finding(scheme, "threats", 0.5), _finding(scheme, "violence", 0.5, "look")])
    assert priority.elements["means"] == pytest.approx(0.75)


def test_contested_ad_indicators_point_to_no_form(scheme):
    assert derive_forms([_finding(scheme, "city_rotation")], scheme) == ()


def test_forms_name_what_they_rest_on(scheme):
    (form,) = derive_forms([_finding(scheme, "forced_begging"), _finding(scheme, "debt_bondage")], scheme)
    assert (form.code, form.because) == ("begging", ("forced_begging",))


def test_a_mere_look_points_to_no_form(scheme):
    assert derive_forms([_finding(scheme, "forced_begging", decision="look")], scheme) == ()
