"""Every parser on its seeds and on a few mutations of them; and that atheris finds, keeps and tells what fails."""

from __future__ import annotations

import importlib.util
import json
import logging
import random
import subprocess
import sys

import pytest

from tests.fuzz import __main__ as fuzz
from tests.fuzz import files, seeds, stored, targets
from tests.fuzz.conftest import SEED
from tests.fuzz.mutations import mutate, swaps

NAMES = sorted(targets.all_targets())
MUTATIONS = 40


@pytest.fixture(autouse=True)
def quiet():
    """As in the sandbox: libraries quote a file in their warnings."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NAMES)
def test_nothing_comes_out_but_what_is_documented(name):
    target = targets.all_targets()[name]
    seeds = target.seeds()
    numbers = random.Random(f"{SEED} {name}")
    for data in [*seeds, b"", *(mutate(numbers, seeds, target.largest) for _ in range(MUTATIONS))]:
        try:
            target.check(data)
        except Exception as error:
            error.add_note(f"{name}: {data!r}")
            raise


PARTS = {
    "stored.calibration": lambda: {
        stored.load_scheme().codes[0]: {"slope": 1.0, "look": 0.1, "positives": 3, "status": "x"}
    },
    "stored.model": lambda: {
        "files": {"a": "b"},
        "highlights": {"gap": 2},
        "familiarity": 0.7,
        "settings": {"ngrams": {"word_max": 2}},
    },
    "stored.journal": lambda: {"model": "a", "all_indicators": False, "records": 3, "digest": ""},
    "requests.claims": lambda: {
        "sub": "7",
        "name": "Anna",
        "groups": ["staff"],
        "aud": ["tegn"],
        "exp": 1,
        "auth_time": 1,
        "azp": "x",
    },
    "requests.provider": lambda: {"issuer": "x", "token_endpoint": "x", "token_endpoint_auth_methods_supported": ["x"]},
}
"""Targets whose inputs are laid over honest JSON, each with parts that there may be."""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PARTS)
def test_every_part_of_json_may_be_anything(name):
    target = targets.all_targets()[name]
    for value in swaps(PARTS[name]()):
        data = json.dumps(value).encode()
        try:
            target.check(data)
        except Exception as error:
            error.add_note(f"{name}: {data!r}")
            raise


def test_the_seeds_are_files_that_are_read():
    """Else mutations would be of what is refused at once."""
    for suffix, made in (
        ("docx", seeds.docx_files), ("pdf", seeds.pdf_files), ("eml", seeds.eml_files), ("msg", seeds.msg_files),
        ("txt", seeds.text_files),
    ):  # fmt: skip
        for data in made():
            assert files.read(f"a.{suffix}", data).parts, suffix
    for suffix, made in (("csv", seeds.csv_files), ("xlsx", seeds.xlsx_files)):
        for data in made():
            columns = files.read(f"a.{suffix}", data).columns
            assert files.read(f"a.{suffix}", data, columns[-1]).parts, suffix
    for xml in map(seeds.document_xml, seeds.docx_files()):
        assert files.read("a.docx", seeds.least_docx(xml)).parts


def test_every_kind_of_file_that_is_read_has_a_target():
    from serving.extract import kinds

    read = {"docx", "xlsx", "pdf", "eml", "msg", "csv", "txt"}
    assert {f"files.{x}" for x in read} <= set(NAMES)
    assert set(kinds.TABLES) <= read


def test_mutations_are_the_same_every_time_and_differ():
    made = [
        [mutate(numbers, [b"abcdef", b"123"], 20) for _ in range(50)]
        for numbers in (random.Random(1), random.Random(1))
    ]
    assert made[0] == made[1]
    assert len(set(made[0])) > 25
    assert max(map(len, made[0])) <= 20


def test_an_error_that_repeats_the_input_is_found():
    from tests.fuzz.seeds import CANARY

    with pytest.raises(targets.Finding), targets.refusing(ValueError):
        raise ValueError(f"cannot read {CANARY}")
    with targets.refusing(ValueError):
        raise ValueError("cannot read it")
    with pytest.raises(KeyError), targets.refusing(ValueError):
        raise KeyError("not documented")


FAILING = """
import sys
from tests.fuzz import stored, targets
def fail(data):
    if data[:1] == b"!":
        raise KeyError("found")
stored.targets = lambda: [targets.Target("journal", fail, lambda: [b"a"], 8)]
from tests.fuzz import instrumented
sys.argv = ["x", "stored.journal", *sys.argv[1:]]
instrumented.main()
"""


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")
def test_atheris_keeps_what_it_finds_and_ends_with_a_status(tmp_path):
    more = fuzz.command("stored.journal", 100, SEED, tmp_path)[4:]
    found = subprocess.run([sys.executable, "-c", FAILING, *more], capture_output=True, timeout=300, check=False)
    assert found.returncode != 0
    assert b"KeyError: 'found'" in found.stdout + found.stderr
    (kept,) = (tmp_path / "found" / "stored.journal").iterdir()
    assert kept.read_bytes().startswith(b"!")


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")
def test_fuzzing_says_its_seed_and_what_it_found(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(fuzz, "run", lambda part, *_: 0 if part == "texts" else 77)
    monkeypatch.setattr(sys, "argv", ["fuzz", "--place", str(tmp_path), "--seed", "7", "texts", "stored.keys"])
    assert fuzz.main() == 1
    said = capsys.readouterr().out
    assert "seed 7" in said
    assert "--seed 7 stored.keys" in said
    monkeypatch.setattr(sys, "argv", ["fuzz", "--place", str(tmp_path), "texts"])
    assert fuzz.main() == 0
