"""Priority and forms: rules that everybody can read, never learned. They order the queue and decide nothing.

The elements are those of the Palermo Protocol. For a minor no means are needed, as in the Protocol's article 3 c.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from triage.assessment import CLEAR, FLAG, Finding, Form, Priority
from triage.indicators import Scheme

LIKELY = 0.5
"""An element is likely from this probability on."""
PALERMO = ("act", "means", "purpose")
URGENT = frozenset({"violence", "threats", "restricted_movement"})
MINOR = "minor_at_risk"


def rank(findings: Sequence[Finding]) -> Priority:
    """The priority of a text from its findings.

    Only findings stated of the case and not contested take part. An element's probability is that at least one of its
    indicators is present: a noisy-or of calibrated probabilities, which assumes they fail independently.
    """
    taking_part = [
        x for x in findings if x.decision != CLEAR and x.state == "stated" and x.evidence_base != "contested"
    ]
    elements = {
        element: 1.0 - prod(1 - x.probability for x in taking_part if x.element == element) for element in PALERMO
    }
    likely = {element for element, probability in elements.items() if probability >= LIKELY}
    flagged = [x for x in taking_part if x.decision == FLAG]
    strong = [x for x in flagged if x.strength == "strong"]
    strong_codes = {x.code for x in strong}
    high = []
    if {"purpose", "means"} <= likely:
        high.append("purpose_and_means")
    if MINOR in strong_codes and "purpose" in likely:
        high.append("minor_and_purpose")
    if strong_codes & URGENT and len(strong_codes) > 1:
        high.append("urgent_combination")
    if high:
        return Priority("high", elements, tuple(high))
    medium = []
    if len(likely) >= 2:
        medium.append("two_elements")
    if strong:
        medium.append("one_strong")
    if medium:
        return Priority("medium", elements, tuple(medium))
    return Priority("low", elements, ("flagged",)) if flagged else Priority("none", elements)


def derive_forms(findings: Sequence[Finding], scheme: Scheme) -> tuple[Form, ...]:
    """Forms of exploitation that flagged purpose and ad indicators point to, those with most reasons first.

    Contested indicators point to nothing. `other` stands where something is flagged about a purpose but no form is named.
    """
    because: dict[str, list[str]] = {}
    for finding in findings:
        indicator = scheme[finding.code]
        if (
            finding.decision == FLAG
            and finding.state == "stated"
            and finding.element in ("purpose", "ad")
            and not indicator.contested
        ):
            for form in indicator.forms or ("other",):
                because.setdefault(form, []).append(finding.code)
    forms = [Form(code, scheme.forms[code].da, tuple(because[code])) for code in scheme.forms if code in because]
    return tuple(sorted(forms, key=lambda form: -len(form.because)))
