"""The tagger: a model folder loaded, one callable from documents to assessments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter

from triage import language
from triage.assessment import CLEAR, FLAG, Assessment, Evidence, Finding, Mention, Priority
from triage.calibration import Calibration
from triage.checks import Found, check_evidence
from triage.entities import find_entities
from triage.highlights import HighlightSettings, quote_evidence
from triage.indicators import Scheme, parse_scheme
from triage.modelfolder import CALIBRATION, SCHEME, BrokenModel, read_manifest, write_json, write_manifest
from triage.priority import PALERMO, derive_forms, rank
from triage.scoring import Array, Scorer, UnitScores, document_probability, sigmoid, unit_hazards
from triage.text import STATES, Document
from triage.wire import parse_json

MIN_WORDS = 3
"""A text with fewer words is too short to say anything about."""
LIKELY_STATE = 0.5
MENTION = 0.5
"""A unit mentions an indicator from this probability on."""
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_HIGHLIGHTS = TypeAdapter(HighlightSettings)


@dataclass(frozen=True)
class Tagger:
    """A scorer with everything that turns its scores into answers."""

    name: str
    version: str
    scheme: Scheme
    scorer: Scorer
    calibration: Calibration
    highlights: HighlightSettings = field(default_factory=HighlightSettings)
    familiarity: float = 1.0
    """Novelty beyond which a text is unfamiliar: the 99th percentile of the calibration texts."""
    about: dict[str, Any] = field(default_factory=dict)
    """Where the model comes from: run, data checksums, counts."""

    def __call__(self, documents: Sequence[Document]) -> list[Assessment]:
        """Assess documents; each answer depends on its own document alone."""
        return [
            self._assess(document, units)
            for document, units in zip(documents, self.scorer.score(documents), strict=True)
        ]

    def raw_probabilities(self, document: Document, units: Sequence[UnitScores]) -> Array:
        """Probabilities (K,) of a scored document before calibration; 0 for what cannot stand in its kind of text."""
        return document_probability(unit_hazards(units, len(self.scheme))) * applicable(self.scheme, document.kind)

    def probabilities(self, document: Document, units: Sequence[UnitScores]) -> Array:
        """Calibrated probabilities (K,) of a scored document."""
        calibrated = self.calibration.apply(self.raw_probabilities(document, units))
        return calibrated * applicable(self.scheme, document.kind)

    def abstentions(self, document: Document) -> tuple[str, ...]:
        """Reasons to say nothing about a text; empty where there are none."""
        reasons = []
        if len(_LETTERS.findall(document.text)) < MIN_WORDS:
            reasons.append("too_short")
        elif language.is_foreign(document):
            reasons.append("language")
        elif self.scorer.novelty(document) > self.familiarity:
            reasons.append("unfamiliar_text")
        return tuple(reasons)

    def _assess(self, document: Document, units: list[UnitScores]) -> Assessment:
        entities = find_entities(document.text)
        if reasons := self.abstentions(document):
            nothing = Priority("none", dict.fromkeys(PALERMO, 0.0))
            return Assessment(document.id, "abstained", reasons, nothing, (), (), (), entities)
        hazards = unit_hazards(units, len(self.scheme))
        findings = [
            self._find(document, units, hazards, index, float(probability))
            for index, probability in enumerate(self.probabilities(document, units))
        ]
        findings = self._checked(document, units, hazards, findings)
        return Assessment(
            id=document.id,
            status="tagged",
            reasons=(),
            priority=rank(findings),
            forms=derive_forms(findings, self.scheme),
            findings=tuple(sorted(findings, key=lambda x: -x.probability)),
            mentions=self._mentions(document, units, findings),
            entities=entities,
        )

    def _find(
        self, document: Document, units: list[UnitScores], hazards: Array, index: int, probability: float
    ) -> Finding:
        indicator = self.scheme.indicators[index]
        decision = self.calibration.decide(index, probability)
        evidence: tuple[Evidence, ...] = ()
        state = "stated"
        if decision != CLEAR:
            evidence = quote_evidence(document.text, units, hazards, index, self.highlights)
            if not evidence:
                decision = CLEAR  # what no words can be shown for is not put before anybody
        if decision != CLEAR:
            # The probability is that of being stated, so what is flagged is; what is unsure shows how it reads.
            state = STATES[0] if decision == FLAG else _likeliest_state(units, hazards, index)
        return Finding(
            indicator.code,
            indicator.da,
            indicator.element,
            indicator.strength,
            indicator.evidence_base,
            probability,
            decision,
            state,
            evidence,
        )

    def _checked(
        self, document: Document, units: list[UnitScores], hazards: Array, findings: list[Finding]
    ) -> list[Finding]:
        """The findings, in the scheme's order, with what is shown checked."""
        shown = [Found(k, x.decision, x.evidence) for k, x in enumerate(findings) if x.decision != CLEAR]
        checks = check_evidence(self.scorer, document, units, hazards, shown, self._decide)
        found = list(findings)
        for x, check in zip(shown, checks, strict=True):
            found[x.index] = replace(found[x.index], check=check)
        return found

    def _decide(self, index: int, hazard: float) -> str:
        """The decision for a sum of hazards of one indicator."""
        raw = np.zeros(len(self.scheme), np.float32)
        raw[index] = -np.expm1(-hazard)
        return self.calibration.decide(index, float(self.calibration.apply(raw)[index]))

    def _mentions(
        self, document: Document, units: list[UnitScores], findings: Sequence[Finding]
    ) -> tuple[Mention, ...]:
        """Units that name an indicator in another state than stated, with their strongest words.

        Words that are evidence of a flagged finding are not mentioned as something else as well.
        """
        flagged = {(x.code, y.span) for x in findings if x.decision == FLAG for y in x.evidence}
        found = []
        can_stand = applicable(self.scheme, document.kind)
        for unit in units:
            mentioned = sigmoid(unit.logits) >= MENTION
            states = unit.states.argmax(axis=1)
            for index in np.flatnonzero(mentioned & (states != 0) & can_stand).tolist():
                alone = np.zeros((1, len(self.scheme)), np.float32)
                alone[0, index] = 1
                code = self.scheme.codes[index]
                found += [
                    Mention(code, STATES[int(states[index])], quote.span, quote.quote)
                    for quote in quote_evidence(document.text, [unit], alone, index, self.highlights)
                    if (code, quote.span) not in flagged
                ]
        return tuple(sorted(found, key=lambda x: (x.span, x.code)))

    def save(self, folder: Path) -> None:
        """Write the model folder (see `triage.modelfolder`)."""
        folder.mkdir(parents=True, exist_ok=True)
        settings, files = self.scorer.save(folder)
        (folder / SCHEME).write_text(self.scheme.raw, "utf-8", newline="\n")
        write_json(folder / CALIBRATION, self.calibration.to_json(self.scheme.codes))
        manifest = {
            "name": self.name,
            "family": self.scorer.family,
            "scheme": {"version": self.scheme.version, "indicators": list(self.scheme.codes)},
            "settings": settings,
            "highlights": asdict(self.highlights),
            "familiarity": self.familiarity,
            "about": self.about,
        }
        write_manifest(folder, manifest, [*files, SCHEME, CALIBRATION])


def applicable(scheme: Scheme, kind: str) -> npt.NDArray[np.bool_]:
    """(K,): whether each indicator can stand in a text of a kind; signs of an ad cannot stand in a note."""
    return np.array([kind == "ad" or indicator.element != "ad" for indicator in scheme], bool)


def _likeliest_state(units: Sequence[UnitScores], hazards: Array, index: int) -> str:
    """The state that the strongest unit most likely has; `stated` unless another is likelier than all else together."""
    states = units[int(hazards[:, index].argmax())].states[index]
    likeliest = int(states.argmax())
    return STATES[likeliest if states[likeliest] > LIKELY_STATE else 0]


def load_scorer(folder: Path, family: str, settings: dict[str, Any]) -> Scorer:
    """The scorer of a family; torch is imported only for the family that needs it.

    Raises:
        BrokenModel: the family is not known.
    """
    if family == "linear":
        from triage.linear import LinearScorer

        return LinearScorer.load(folder, settings)
    if family == "encoder":
        from triage.encoder import EncoderScorer

        return EncoderScorer.load(folder, settings)
    raise BrokenModel(f"{folder} holds a model of the unknown family {family!r}; use the Tegn version that made it")


def load(folder: Path) -> Tagger:
    """The tagger of a model folder.

    Raises:
        BrokenModel: the folder is missing, incomplete, changed or of another format.
    """
    manifest = read_manifest(folder)
    try:
        scheme = parse_scheme((folder / SCHEME).read_text("utf-8"))
        if list(scheme.codes) != manifest["scheme"]["indicators"]:
            raise BrokenModel(f"{folder}: indicator order of {SCHEME} and model.json differ; restore the model folder")
        calibration = Calibration.from_json(parse_json((folder / CALIBRATION).read_bytes()), scheme.codes)
        scorer = load_scorer(folder, manifest["family"], manifest["settings"])
        return Tagger(
            name=manifest["name"],
            version=manifest["version"],
            scheme=scheme,
            scorer=scorer,
            calibration=calibration,
            highlights=_HIGHLIGHTS.validate_python(asdict(HighlightSettings(**manifest["highlights"]))),
            familiarity=manifest["familiarity"],
            about=manifest.get("about", {}),
        )
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise BrokenModel(f"{folder} cannot be loaded ({type(error).__name__}: {error}); restore it") from error
