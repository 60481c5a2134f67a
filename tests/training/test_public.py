"""Public sets become documents whose splits do not leak, and are scored by their own measures.

The lines here are invented for the tests; no text of a public set is in this repository.
"""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.conftest import ROOT
from training.calibrate import fit_calibration
from training.cli import app
from training.dataset import SPLITS, read_labelled
from training.evaluation import truth_of
from training.experiment import CalibrationConfig
from training.metrics import Predictions, micro_f1
from training.public import SETS, CannotConvert, accuracy, convert, f1_of_both_classes, scheme_text, write_public
from triage.indicators import parse_scheme

CANARY = "KANARIEFUGL"
LABELLED = ROOT.parent / "shared" / "labelled"
REAL = {"xed": "xed_da", "dkhate": "dkhate_offenseval2020_da", "sib200": "sib200_dan"}
_THINGS = ("cyklen", "kaffen", "taget", "bussen", "suppen", "haven", "lampen", "trappen", "kagen", "døren")
_XED = {
    "anger": "Nu er jeg rasende over {}!", "joy": "Hvor er jeg glad for {} i dag.", "fear": "Jeg er så bange for {}.",
    "sadness": "Jeg græder over {} hver aften.", "trust": "Jeg stoler fuldt på {}.", "disgust": "Føj, {} er klam.",
    "surprise": "Næ, se nu der, {}!", "anticipation": "Snart kommer {}, jeg venter.",
}  # fmt: skip
_SIB = {
    "science/technology": "Forskerne målte {} med en laser.", "travel": "Turister ser {} på rejsen til øen.",
    "politics": "Ministeren stemte om {} i salen.", "sports": "Holdet vandt kampen om {}.",
    "health": "Lægen gav medicin mod {}.", "entertainment": "Filmen om {} fik en pris.",
    "geography": "Floden ved {} løber mod nord.",
}  # fmt: skip


def _xed(count=60):
    lines = ["text\tlabels\t" + "\t".join(_XED)]
    for number in range(count):
        for label, text in _XED.items():
            line = text.format(f"{_THINGS[number % 10]} nr. {number}")
            lines.append(f"{line}\t{label}\t" + "\t".join(str(int(x == label)) for x in _XED))
    both = "\t".join(str(int(x in ("anger", "joy"))) for x in _XED)
    lines.append('"Han råbte ""hurra"" og slog i bordet."\tanger,joy\t' + both)
    return {"xed_da_clean.tsv": "\n".join(lines) + "\n"}


def _dkhate(count=120):
    def rows(start, stop):
        return [
            f"{n}\tDin {_THINGS[n % 10]} er dum, nr. {n}, din tåbe.\tOFF"
            if n % 4 == 0
            else f'{n}\tJeg så {_THINGS[n % 10]} i dag. Det var "nr. {n}.\tNOT'
            for n in range(start, stop)
        ]

    training = ["id\ttweet\tsubtask_a", *rows(0, count), f"900\t{_THINGS[0]}: Helt ENIG\tNOT", "901   [deleted]   NOT"]
    test = ["id\ttweet\tsubtask_a", *rows(1000, 1040), "902\tcyklen helt enig!\tNOT"]
    return {
        "offenseval-da-training-v1.tsv": "\n".join(training) + "\n",
        "offenseval-da-test-v1.tsv": "\n".join(test) + "\n",
    }


def _sib(count=20):
    def file(start, stop):
        rows = [
            f"{n}\t{label}\t{text.format(f'{_THINGS[n % 10]} nr. {n}')}"
            for n in range(start, stop)
            for label, text in _SIB.items()
        ]
        return "\n".join(["index_id\tcategory\ttext", *rows]) + "\n"

    return {"train.tsv": file(0, count), "dev.tsv": file(100, 108), "test.tsv": file(200, 208)}


MADE = {"xed": _xed, "dkhate": _dkhate, "sib200": _sib}


def _write(folder, files):
    folder.mkdir(exist_ok=True)
    for name, raw in files.items():
        (folder / name).write_text(raw, "utf-8", newline="")
    return folder


def _run(*arguments):
    return CliRunner().invoke(app, [str(x) for x in arguments])


@pytest.mark.parametrize("name", SETS)
def test_every_class_is_an_indicator_and_every_label_spans_its_text(tmp_path, name):
    found = write_public(name, _write(tmp_path / "source", MADE[name]()), tmp_path / "out")
    scheme = parse_scheme((tmp_path / "out" / "indicators.toml").read_text("utf-8"))
    assert len(scheme) == len(SETS[name].classes)
    for split in SPLITS:
        documents = read_labelled(tmp_path / "out" / f"{split}.jsonl")
        assert documents == found.splits[split]
        assert truth_of(documents, scheme).any(axis=0).all()
        assert {x.kind for x in documents} == {"note"}
        for document in documents:
            for label in document.labels:
                assert [document.text[x.start : x.end] for x in label.spans] == [document.text.strip()]


def test_a_line_may_have_several_labels_and_quotation_marks(tmp_path):
    splits = convert("xed", _write(tmp_path / "source", _xed())).splits
    (quoted,) = [x for split in SPLITS for x in splits[split] if "hurra" in x.text]
    assert quoted.text == 'Han råbte "hurra" og slog i bordet.'
    assert quoted.stated() == {"anger", "joy"}
    sizes = [len(splits[split]) / 481 for split in SPLITS]
    assert sizes == pytest.approx([0.8, 0.1, 0.1], abs=0.05)


def test_official_test_texts_stay_and_leave_the_other_splits(tmp_path):
    found = convert("dkhate", _write(tmp_path / "source", _dkhate()))
    assert len(found.splits["test"]) == 41
    assert (found.withdrawn, found.repeated) == (1, 1)
    assert not [x for split in ("train", "calibration") for x in found.splits[split] if "enig" in x.text.lower()]
    assert all('"' in x.text for x in found.splits["test"] if not x.labels and "nr." in x.text)  # one mark, not a quote


def test_a_split_does_not_depend_on_other_lines(tmp_path):
    whole = convert("xed", _write(tmp_path / "a", _xed())).splits
    part = convert("xed", _write(tmp_path / "b", _xed(20))).splits
    for split in SPLITS:
        assert {x.text for x in part[split]} <= {x.text for x in whole[split]}


@pytest.mark.parametrize(
    ("file", "raw", "said"),
    [
        ("xed_da_clean.tsv", None, "cannot be read"),
        ("xed_da_clean.tsv", b"text\tlabels\n\xe6\tjoy\n", "cannot be read"),
        ("xed_da_clean.tsv", b"", "needs tab-separated columns text and labels"),
        ("xed_da_clean.tsv", f"{CANARY}\tlabels\n".encode(), "needs tab-separated columns"),
        ("xed_da_clean.tsv", f'text\tlabels\n"{CANARY}\tjoy\n'.encode(), "not the file of this set"),
        ("xed_da_clean.tsv", f"text\tlabels\n{CANARY}\n".encode(), "line 2: has 1 columns, not 2"),
        ("xed_da_clean.tsv", f"text\tlabels\nhej\tjoy\n{CANARY}\t{CANARY}\n".encode(), "line 3: has a label"),
        ("xed_da_clean.tsv", f"text\tlabels\n{CANARY}\x00\tjoy\n".encode(), "line 2: text"),
        ("xed_da_clean.tsv", b"text\tlabels\n  \tjoy\n", "line 2: has no text"),
    ],
)
def test_a_wrong_file_is_refused_without_its_text(tmp_path, file, raw, said):
    if raw is not None:
        (tmp_path / file).write_bytes(raw)
    result = _run("public", "xed", tmp_path, "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert said in result.output
    assert CANARY not in result.output
    assert not (tmp_path / "out").exists()


def test_a_set_that_is_not_known_and_a_folder_in_use_are_refused(tmp_path):
    source = _write(tmp_path / "source", _sib())
    result = _run("public", "wiki", source, "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert "the sets are xed, dkhate, sib200" in result.output
    with pytest.raises(CannotConvert, match="there already"):
        write_public("sib200", source, source)


def _predictions(probability, flagged, truth):
    n, k = np.shape(truth)
    return Predictions(
        tuple(map(str, range(n))), tuple("abc"[:k]), ("note",) * n, ("x",) * n,
        np.array(probability, np.float32), np.array(flagged, bool), np.array(truth, bool),
    )  # fmt: skip


def test_measures_can_be_checked_by_hand():
    # OFF: one hit, one false alarm, one miss: 1/2. NOT: three hits of four said and four true: 3/4.
    flags, truth = [[1], [1], [0], [0], [0], [0]], [[1], [0], [1], [0], [0], [0]]
    assert f1_of_both_classes(_predictions(flags, flags, truth)) == pytest.approx(0.625)
    # The flags play no part in accuracy: the highest probability is the answer.
    p = [[0.4, 0.3, 0.1], [0.1, 0.2, 0.3], [0.9, 0.8, 0.7]]
    assert accuracy(_predictions(p, np.zeros((3, 3)), [[1, 0, 0], [0, 0, 1], [0, 1, 0]])) == pytest.approx(2 / 3)
    assert SETS["xed"].score is micro_f1


def test_flags_may_aim_at_f1_and_aim_at_precision_if_nothing_is_said():
    generator = np.random.default_rng(0)
    truth = generator.random((400, 1)) < 0.2
    raw = np.clip(generator.normal(0.35 + 0.2 * truth, 0.15), 0.01, 0.99).astype(np.float32)
    applies = np.ones_like(truth)

    def f1_and_flag(config):
        calibration = fit_calibration(raw, truth, applies, config)
        (threshold,) = calibration.thresholds
        assert threshold.look <= threshold.flag
        flagged = calibration.apply(raw) >= threshold.flag
        return 2 * (flagged & truth).sum() / (flagged.sum() + truth.sum()), threshold

    best = max(2 * (truth & (raw >= t)).sum() / ((raw >= t).sum() + truth.sum()) for t in raw[:, 0])
    reached, _ = f1_and_flag(CalibrationConfig(flag_rule="f1"))
    assert reached > best - 0.03
    default, threshold = f1_and_flag(CalibrationConfig())
    assert default < reached
    assert threshold == f1_and_flag(CalibrationConfig(flag_rule="precision"))[1]
    nowhere = fit_calibration(
        np.hstack([raw, raw]), np.hstack([truth, truth & False]), np.hstack([applies, applies & False]),
        CalibrationConfig(flag_rule="f1"),
    )  # fmt: skip
    assert nowhere.thresholds[1].flag == 0.999  # an indicator that cannot stand in any text


def test_the_best_threshold_of_calibrated_probabilities_is_half_of_the_best_f1():
    """Lipton et al. 2014; above 0.5 no threshold can be best, however the truths fell."""
    generator = np.random.default_rng(3)
    raw = generator.beta(0.6, 1.4, (20_000, 1)).astype(np.float32)
    truth = generator.random(raw.shape) < raw
    (threshold,) = fit_calibration(raw, truth, np.ones_like(truth), CalibrationConfig(flag_rule="f1")).thresholds
    best = max(2 * (truth & (raw >= t)).sum() / ((raw >= t).sum() + truth.sum()) for t in np.linspace(0.1, 0.9, 81))
    assert threshold.flag == pytest.approx(best / 2, abs=0.02)


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


def test_the_committed_control_is_trained_and_scored_before_abstention(workplace):
    for name in ("sib200", "xed"):
        _write(workplace / name, MADE[name]())
        assert _run("public", name, name, "-o", f".public/{name}").exit_code == 0
    path = ROOT / "experiments" / "public" / "sib200_linear.toml"
    (workplace / "x.toml").write_text(path.read_text("utf-8") + "[evaluation]\nbootstrap = 100\n", "utf-8")
    result = _run("run", "x.toml", "-o", "model")
    assert result.exit_code == 0, result.output

    manifest = json.loads((workplace / "model" / "model.json").read_text("utf-8"))
    manifest["familiarity"] = -1.0  # every text is unfamiliar: the tagger abstains from all
    (workplace / "model" / "model.json").write_text(json.dumps(manifest), "utf-8")
    result = _run("public-score", "sib200", "model", ".public/sib200")
    assert result.exit_code == 0, result.output
    assert "accuracy of the most probable topic, 56 test texts: 1.000" in result.output
    assert "published: 0.809" in result.output

    for name, folder, said in (
        ("xed", ".public/xed", "does not tag the classes"),
        ("xed", ".public/sib200", "holds another set than xed"),
        ("sib200", "nowhere", "no converted set"),
    ):
        result = _run("public-score", name, "model", folder)
        assert result.exit_code == 2
        assert said in result.output
    test = workplace / ".public" / "sib200" / "test.jsonl"
    test.write_text("".join(test.read_text("utf-8").splitlines(keepends=True)[1:]), "utf-8")
    result = _run("public-score", "sib200", "model", ".public/sib200")
    assert result.exit_code == 2
    assert "other splits" in result.output


@pytest.mark.parametrize("name", SETS)
def test_the_real_files_are_read_whole(name):
    source = LABELLED / REAL[name]
    if not source.exists():
        pytest.skip("the public sets are not beside the checkout")
    found = convert(name, source)
    sizes = {split: len(found.splits[split]) for split in SPLITS}
    rows = {"xed": 1838, "dkhate": 2960 + 329, "sib200": 1004}[name]
    assert sum(sizes.values()) + found.repeated == rows
    assert sizes["test"] == {"xed": 187, "dkhate": 329, "sib200": 204}[name]
    scheme = parse_scheme(scheme_text(name, SETS[name]))
    labels = {
        "xed": [448, 473, 194, 218, 349, 283, 294, 350], "dkhate": [41], "sib200": [51, 40, 30, 25, 22, 19, 17],
    }[name]  # fmt: skip
    counted = [x for split in SPLITS for x in found.splits[split]] if name == "xed" else found.splits["test"]
    assert truth_of(counted, scheme).sum(axis=0).tolist() == labels
