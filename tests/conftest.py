"""Shared fixtures: a small data set made here, and a tagger trained on it once per session."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from pathlib import Path

if "PYTEST_XDIST_WORKER" in os.environ:  # before torch: threads of several processes would wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

from training.baseline import fit_linear
from training.experiment import CalibrationConfig, DataConfig, Experiment, LinearConfig
from training.markup import parse_marked
from training.pipeline import calibrated
from triage.indicators import Scheme, load_scheme
from triage.loading import load
from triage.tagger import Tagger
from triage.text import Document

settings.register_profile("tegn", deadline=None)  # a busy machine is no failure
settings.load_profile("tegn")

ROOT = Path(__file__).resolve().parent.parent
CASES = """### negation-01a
kind: note
source: police
function: negation
target: debt_bondage
pair: 1
---
Manden {debt_bondage|skylder 30.000 kr. for rejsen} til den der kørte bilen.

### negation-01b
kind: note
source: police
function: negation
target: debt_bondage
pair: 1
---
Manden har {debt_bondage:denied|ingen gæld til nogen} og har selv betalt turen.
"""
"""One pair of the functional suite, in its markup."""

_WHO = ("Manden", "Kvinden", "Han", "Hun", "Borgeren", "Pigen", "Drengen", "Naboen")
_SIGNS = (
    "skylder {{debt_bondage|{n}.000 kr. for rejsen}} til den der kørte bilen",
    "fortæller at {{withheld_documents|formanden har taget passet}} og gemt det",
    "blev {{threats|truet med at familien får besøg}} hvis der bliver talt",
    "arbejder {{excessive_hours|{n} timer i døgnet uden fridage}} på gården",
    "har {{debt_bondage:denied|ingen gæld til nogen}} og har selv betalt turen",
    "viste {{withheld_documents:denied|sit pas frem fra egen lomme}} ved disken",
    "skal spørges om {{threats:hypothetical|nogen har truet familien hjemme}} næste gang",
    "hørte om en anden hvor {{debt_bondage:other_person|fætteren skyldte en formue for turen}}",
)
_PLAIN = (
    "kom ind for at få en ny tid hos lægen i næste uge",
    "skal flytte til en større lejlighed tæt på skolen",
    "har søgt om tilskud til briller og venter på svar",
    "fik udleveret madpakke og varmt tøj på herberget",
)


def make_documents(count: int, offset: int = 0) -> list[Document]:
    """Mechanical notes for tests of the machinery; nothing is measured on them that is reported anywhere."""
    documents = []
    signs = itertools.cycle(itertools.product(_SIGNS, _WHO))
    for number in range(offset, offset + count):
        sign, who = next(signs)
        marked = f"{_WHO[number % 8]} {_PLAIN[number % 4]}. {who} " + sign.format(n=8 + number % 60)
        marked += f". {_WHO[(number + 3) % 8]} {_PLAIN[(number + 1) % 4]}. Sag nr. {number}."
        text, labels = parse_marked(marked)
        documents.append(Document(f"t-{number}", "note", text, "police", "da", labels))
    return documents


@pytest.fixture(scope="session")
def scheme() -> Scheme:
    return load_scheme()


@pytest.fixture(scope="session")
def documents() -> list[Document]:
    return make_documents(192)


TINY = Experiment(
    name="tiny",
    description="a test",
    data=DataConfig(),
    model=LinearConfig(family="linear", max_features=4000, min_count=1),
    calibration=CalibrationConfig(),
)


def save_tiny(folder: Path) -> None:
    """Train a model in about a second and save it."""
    scheme = load_scheme()
    scorer = fit_linear(make_documents(192), scheme, TINY.model, seed=1)
    about = {"texts": {"train": 192, "calibration": 64, "test": 0}, "experiment": {}, "data": {}, "run": "none"}
    tagger = calibrated(TINY, scheme, scorer, make_documents(64, offset=1000), about)
    # These texts are so alike that every other text would be unfamiliar.
    replace(tagger, familiarity=0.7).save(folder)


@pytest.fixture(scope="session")
def experiment() -> Experiment:
    return TINY


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved model folder."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_tiny(folder)
    return folder


@pytest.fixture(scope="session")
def tagger(model_folder: Path) -> Tagger:
    return load(model_folder)
