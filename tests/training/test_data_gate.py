"""`data check` fails on a planted error of each kind."""

import shutil

import pytest
from typer.testing import CliRunner

from tests.conftest import ROOT
from training.cli import app
from training.contentrules import broken_rules
from training.datacheck import check_folders

TEXTS = {
    "a.md": "### a-1\nkind: note\nsource: police\nscenario: one\n---\nManden {debt_bondage|skylder for rejsen hertil} og tier.\n",
    "b.md": "### b-1\nkind: note\nsource: health\nscenario: two\n---\nKvinden {poor_health|hoster og er meget træt} i dag.\n",
    "c.md": "### c-1\nkind: ad\nsource: sex_ad\nscenario: three\n---\n{city_rotation|Kun til søndag} her, ring 01 23 45 67.\n",
}


@pytest.fixture
def folder(tmp_path, scheme):
    folder = tmp_path / "set-da"
    (folder / "texts").mkdir(parents=True)
    for name, raw in TEXTS.items():
        (folder / "texts" / name).write_text(raw, "utf-8")
    (folder / "splits.toml").write_text('train = ["a.md"]\ncalibration = ["b.md"]\ntest = ["c.md"]\n')
    shutil.copy(ROOT / "data_cards" / "notes-da" / "README.md", folder / "README.md")
    assert CliRunner().invoke(app, ["data", "build", str(folder)]).exit_code == 0
    assert check_folders([folder], scheme) == []
    return folder


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("a.md", "debt_bondage", "debt_bondag", "not in the scheme"),
        ("a.md", "debt_bondage|", "debt_bondage:maybe|", "state"),
        ("a.md", "debt_bondage", "city_rotation", "in ads only"),
        ("a.md", "{debt_bondage|skylder", "{debt_bondage| skylder", "white space"),
        ("a.md", "hertil}", "hertil", "never closed"),
        ("a.md", "### a-1", "### b-1", "stands twice"),
        ("a.md", "tier.", "tier. Ring 21 23 45 67.", "live Danish range"),
        ("a.md", "tier.", "tier. Født 010203-1234.", "CPR"),
        ("a.md", "tier.", "tier. Skriv til a@firma.dk.", "e-mail"),
        ("a.md", "tier.", "tier. Se www.noget.dk.", "link"),
        ("a.md", "tier.", "tier. Arbejder for Nordea i byen.", "real company"),
        ("b.md", "scenario: two", "scenario: one", "scenario"),
        ("b.md", "i dag.", "i dag. Manden skylder for rejsen hertil og tier.", "share a sentence"),
        ("a.md", "tier.", "tier stille.", "data build"),
    ],
)
def test_a_planted_error_is_found(folder, scheme, file, old, new, said):
    path = folder / "texts" / file
    raw = path.read_text("utf-8")
    assert old in raw
    path.write_text(raw.replace(old, new, 1), "utf-8")
    problems = check_folders([folder], scheme)
    assert any(said in x for x in problems), problems


def test_a_near_duplicate_across_splits_is_found(folder, scheme):
    text = (
        TEXTS["a.md"].replace("a-1", "b-1").replace("scenario: one", "scenario: two").replace("og tier", "og tier nu")
    )
    (folder / "texts" / "b.md").write_text(text, "utf-8")
    assert any("near-duplicates" in x for x in check_folders([folder], scheme))
    (folder / "texts" / "b.md").write_text(text.replace("scenario: two", "scenario: one"), "utf-8")
    problems = check_folders([folder], scheme)  # a contrast pair
    assert not any("near-duplicates" in x or "share a sentence" in x for x in problems), problems


def _marked(path, text):
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")


def test_a_sentence_of_the_phrases_or_the_suite_on_the_wrong_side_is_found(folder, tmp_path, scheme):
    lines = ("Manden {debt_bondage|skylder for rejsen hertil} og taler.", "{debt_bondage:denied|ingen gæld}")
    lines += ("{debt_bondage:hypothetical|gæld?}", "{debt_bondage:other_person|naboens gæld}", "et banklån")
    keys = ("stated", "denied", "hypothetical", "other", "lawful")
    group = "\n".join(f"{key}: {line}" for key, line in zip(keys, lines, strict=True))
    _marked(tmp_path / "phrases" / "patterns" / "debt_bondage.md", f"kind: note\n\n{group}\n")
    case = "### tone-1{}\nkind: note\nsource: x\nfunction: tone\ntarget: debt_bondage\npair: 1\n---\n{}\n"
    cases = case.format("a", "{debt_bondage|Manden skylder for rejsen hertil og taler}.") + case.format(
        "b", "Intet at sige."
    )
    _marked(tmp_path / "suite" / "texts" / "tone.md", cases)
    for name in ("phrases", "suite"):
        shutil.copy(ROOT / "data_cards" / "notes-da" / "README.md", tmp_path / name / "README.md")
        assert CliRunner().invoke(app, ["data", "build", str(tmp_path / name)]).exit_code == 0
    problems = check_folders([tmp_path / "phrases", tmp_path / "suite"], scheme)
    assert any("tone-1a" in x for x in problems), problems
    (folder / "texts" / "c.md").write_text(
        TEXTS["c.md"].replace("her, ring", "her. Manden skylder for rejsen hertil og taler. Ring")
    )
    CliRunner().invoke(app, ["data", "build", str(folder)])
    problems = check_folders([folder, tmp_path / "phrases"], scheme)
    assert any("c-1 (test)" in x and "debt_bondage-1" in x for x in problems), problems


@pytest.mark.parametrize(
    ("splits", "said"),
    [
        ('train = ["a.md", "b.md"]\ntest = ["b.md", "c.md"]', "two splits"),
        ('train = ["a.md"]\ntest = ["c.md"]', "no split"),
        ('train = ["a.md", "b.md", "d.md"]\ntest = ["c.md"]', "not there"),
        ('train = ["a.md", "b.md"]\ndev = ["c.md"]', "unknown split"),
        ('train = "a.md"', "list of file names"),
        ("train = 3", "list of file names"),
        ('train = [["a.md"]]', "list of file names"),
        ("# blåbær", "cannot be read"),
    ],
)
def test_wrong_splits_are_found(folder, scheme, splits, said):
    (folder / "splits.toml").write_text(splits, "latin-1")
    assert any(said in x for x in check_folders([folder], scheme))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("## Motivation", "## Why", "Motivation"),
        ("license:", "licence:", "license"),
        ("checksum:", "checksums:", "checksum"),
        ("---\n", "", "front matter"),
        ("license:", "license: [", "YAML"),
        ("license:", "license: \udce6", "UTF-8"),
    ],
)
def test_an_incomplete_card_is_found(folder, scheme, old, new, said):
    card = folder / "README.md"
    card.write_text(card.read_text("utf-8").replace(old, new, 1), "utf-8", errors="surrogateescape")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert any(said in x and "set-da/README.md" in x for x in check_folders([folder], scheme))
    (folder / "texts" / "a.md").write_text(TEXTS["a.md"].replace("tier", "græder"), "utf-8")
    built = CliRunner().invoke(app, ["data", "build", str(folder)])
    assert (built.exit_code, said in built.output) == (2, True)
    after = {path: path.read_bytes() for path in before if path.name != "a.md"}
    assert after.items() <= before.items()  # nothing is built beside a card that cannot be kept in step


@pytest.mark.parametrize("command", ["check", "stats", "build"])
@pytest.mark.parametrize("content", [None, "empty", "patterns/debt_bondage.md", "texts/negation.md"])
def test_what_is_no_data_set_is_named_and_left_alone(tmp_path, command, content):
    place = tmp_path / "other"
    if content is not None:
        place.mkdir()
    if content is not None and content != "empty":
        (place / content).parent.mkdir()
        (place / content).write_text("kind: note\nblåbær", "latin-1")
        shutil.copy(ROOT / "data_cards" / "notes-da" / "README.md", place / "README.md")
    before = sorted(tmp_path.rglob("*"))
    result = CliRunner().invoke(app, ["data", command, str(place)])
    assert result.exit_code == (1 if command == "check" else 2)
    assert ("no data set folder" if content in (None, "empty") else place.joinpath(content).name) in result.output
    assert sorted(tmp_path.rglob("*")) == before


def test_a_text_file_may_begin_with_a_byte_order_mark(folder, scheme):
    path = folder / "texts" / "a.md"
    path.write_text(path.read_text("utf-8"), "utf-8-sig")
    assert check_folders([folder], scheme) == []


def test_check_exits_with_1_and_says_where(folder):
    (folder / "data" / "test.jsonl").unlink()
    result = CliRunner().invoke(app, ["data", "check", str(folder)])
    assert result.exit_code == 1
    assert "test.jsonl" in result.output


@pytest.mark.parametrize(
    "text",
    ["01 23 45 67", "sum 84.000 kr", "2024-05-03", "xxxxxx-xxxx", "a@b.example", "kl. 21.30-22.15", "+45 01 23 45 67"],
)
def test_what_is_allowed_is_not_complained_about(text):
    assert broken_rules(text) == []


def test_stats_print_the_table(folder):
    result = CliRunner().invoke(app, ["data", "stats", str(folder)])
    assert "| debt_bondage | 1 | 0 | 0 |" in result.output


def test_wrong_croissant_metadata_is_found(folder, scheme):
    path = folder / "croissant.json"
    path.write_text(path.read_text("utf-8").replace("train.jsonl", "other.jsonl"), "utf-8")
    assert any("croissant.json" in x for x in check_folders([folder], scheme))


@pytest.mark.parametrize(
    ("name", "splits"),
    [
        ("notes-da", {"train", "calibration", "test"}),
        ("ads-da", {"train", "calibration", "test"}),
        ("phrases-da", {"train"}),
        ("behaviour-da", {"test"}),
        ("entities-da", {"test"}),
    ],
)
def test_datasets_loads_the_folder(name, splits, tmp_path, monkeypatch):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    loaded = datasets.load_dataset(str(ROOT / "data_cards" / name), cache_dir=str(tmp_path))
    assert set(loaded) == splits
    marks = "entities" if name == "entities-da" else "labels"
    row = next(x for x in loaded[min(splits)] if x[marks])
    mark = row[marks][0]
    start, end = (mark["start"], mark["end"]) if marks == "entities" else mark["spans"][0]
    assert row["text"][start:end].strip()
