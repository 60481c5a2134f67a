"""The measuring itself: half of the sentences recur, ratios are of rounds, results are merged, a verdict misses nothing."""

import json
import random
import re
from collections import Counter
from itertools import islice, pairwise

import pytest
import sqlalchemy as sa

from serving.desk import tagging
from serving.store.desk import Text
from serving.store.ledger import open_ledger
from tests.bench import entities, growth, linking, results, sample
from tests.bench.__main__ import main
from tests.bench.client import Reply, mixed
from tests.bench.load import arrivals, throughput
from tests.bench.plan import SHIPPED, Plan
from tests.bench.statistics import interleave, ratio, slope, spread
from tests.bench.verdict import judge_store
from tests.conftest import make_documents
from tests.encoders import make_encoder
from tests.serving.desk.conftest import MODEL, desk  # noqa: F401 (a fixture)
from triage.entities import find_entities
from triage.text import Document


@pytest.fixture(scope="module")
def ads():
    """Ads of 240 different sentences."""
    return [
        Document(f"a-{i}", "ad", "\n".join(f"Linje {i} {j} med flere ord end to." for j in range(6))) for i in range(40)
    ]


@pytest.fixture
def ledger(tmp_path):
    """An empty store."""
    ledger = open_ledger(f"sqlite:///{tmp_path / 'store.db'}", tmp_path, {})
    yield ledger
    ledger.engine.dispose()


@pytest.mark.parametrize("passages", [False, True])
def test_half_of_the_sentences_of_the_stream_recur_and_the_others_stand_once(ads, passages):
    stream = [x.text.split("\n") for x in sample.ads(ads, 600, passages=passages)]
    lines = Counter(line for ad in stream for line in ad)
    recurring = sum(n for n in lines.values() if n > 1) / sum(lines.values())
    assert 0.47 < recurring < 0.53
    assert all(sample.SENTENCES[0] <= len(ad) <= sample.SENTENCES[1] for ad in stream)
    beside = [(a, b) for ad in stream for a, b in pairwise(ad) if lines[a] > 1 and lines[b] > 1]
    assert bool(beside) == passages
    if passages:  # and then always in the same order
        assert all(len({b for a, b in beside if a == x}) == 1 for x, _ in beside)


def test_the_stream_is_the_same_each_time(ads):
    assert sample.ads(ads, 20) == sample.ads(ads, 20)
    assert sample.ads(ads, 20) != sample.ads(ads, 20, seed=2)


def test_new_notes_are_all_different_and_as_long_as_those_they_are_made_of():
    notes = make_documents(40)
    made = list(islice(sample.new_notes(notes), 300))
    assert len({x.text for x in made}) == 300
    assert len({re.match(r"Sag \d+-\d+\.", x.text)[0] for x in made}) == 300
    assert 0.5 < sum(len(x.text) for x in made) / 300 / (sum(len(x.text) for x in notes) / 40) < 2


def test_things_are_measured_in_turns_and_no_one_always_first():
    order = []

    def measured(name):
        return lambda given: order.append((name, given)) or given

    figures = interleave({name: measured(name) for name in "ABC"}, [1.0, 2.0])
    assert "".join(name for name, _ in order) == "ABCBCA"
    assert figures == {name: [1.0, 2.0] for name in "ABC"}


def test_ratios_are_taken_round_by_round():
    """The machine was ten times slower in the second round; the ratio is the same."""
    assert ratio([2.0, 20.0, 2.2], [1.0, 10.0, 1.0])["median"] == 2.0
    assert spread([1.0, 2.0, 3.0]) == {"median": 2, "low": 1.5, "high": 2.5, "least": 1, "most": 3, "n": 3}
    with pytest.raises(ValueError, match="nothing was measured"):
        spread([])


def test_growth_is_the_slope_of_the_line_that_fits_best():
    assert slope([0, 1, 2, 3], [5, 7, 9, 11]) == pytest.approx(2)
    assert slope([0], [5]) == 0


def test_results_are_merged_and_what_is_not_known_stays(tmp_path):
    file = tmp_path / "bench.json"
    file.write_text(json.dumps({"of_later_work": 7, "latency": {"idle": 1, "single": 2}, "start_seconds": 9.0}))
    results.write({"latency": {"single": 3}} | results.figures(start_seconds=spread([4.0])), file)
    kept = json.loads(file.read_text())
    assert kept["of_later_work"] == 7
    assert kept["latency"] == {"idle": 1, "single": 3}
    assert kept["start_seconds"] == 4
    assert kept["spread"]["start_seconds"]["n"] == 1


def test_a_file_of_results_that_cannot_be_read_is_left_alone(tmp_path):
    file = tmp_path / "bench.json"
    file.write_text("{not JSON")
    with pytest.raises(results.UnreadableResults, match="mend or remove"):
        results.write({"start_seconds": 1}, file)
    assert file.read_text() == "{not JSON"


def test_throughput_counts_answers_in_whole_windows_without_the_first():
    replies = [Reply(2, status, 0.1, done=100 + i) for i, status in enumerate([200] * 25 + [503] * 10)]
    assert throughput(replies, began=100, seconds=35) == [2.0, 1.0]


def test_a_refusal_is_clean_if_it_says_when_to_come_again():
    said = [(200, ""), (503, "5"), (429, "1"), (503, ""), (500, ""), (500, "5"), (0, "")]
    assert [Reply(1, status, 0, 0, wait).clean for status, wait in said] == [True] * 3 + [False] * 4


def test_four_requests_of_five_hold_one_note_and_arrivals_have_their_rate():
    chance = random.Random(1)
    sizes = [len(x) for x in islice(mixed(iter(lambda: 1, 0), chance.choice), 50)]
    assert Counter(sizes) == {1: 40, 32: 10}
    assert sum(islice(arrivals(5, chance), 4000)) / 4000 == pytest.approx(0.2, rel=0.1)


def test_the_verdict_finds_nothing_where_all_is_well(desk):  # noqa: F811
    desk.submit("a-1x er sendt.", "a-2x er sendt.")
    desk.submit("a-1x er sendt.")  # again, as nobody had said that it was stored
    desk.tag()
    assert judge_store(desk.ledger, {"a-1x"}, {"a-2x"}).findings == []


def test_the_verdict_finds_what_is_lost_strange_waiting_or_done_twice(desk):  # noqa: F811
    desk.submit("a-1x er sendt.", "a-2x er sendt.")
    desk.tag()
    with desk.ledger.acting("system") as act:
        act.record("document.tagged", "text#1", model=MODEL.digest)
    desk.submit("a-3x er sendt.", "a-3x er sendt, men lidt anderledes.")
    found = judge_store(desk.ledger, {"a-1x", "a-3x", "a-4x"}, set()).findings
    assert found == [
        "1 acknowledged texts are lost",
        "1 texts are stored twice",
        "1 texts are stored that nobody sent",
        "2 texts wait for the model",
        "3 texts are not tagged once in the audit log",
        "2 texts do not have one suggestion",
    ]


def test_a_text_tagged_without_an_answer_is_found(desk):  # noqa: F811
    desk.submit("a-1x er sendt.")
    documents = tagging.claim(desk.ledger, MODEL, outdated=False)
    tagging.keep(desk.ledger, MODEL, documents, [None])
    with desk.ledger.reading() as db:
        assert db.scalar(sa.select(Text.stage)) == "first"
    assert judge_store(desk.ledger, {"a-1x"}, set()).findings == ["1 texts do not have one suggestion"]


def test_an_entity_is_right_if_kind_half_of_the_span_and_a_phones_value_are():
    text = "Ring 01 23 45 67, 500 kr. i Aarhus, eller nul en to tre 44 55"
    phone = {"type": "phone", "start": 5, "end": 16, "value": "+4501234567"}
    price = {"type": "price", "start": 18, "end": 24, "value": "500 DKK"}
    hidden = {"type": "phone", "start": 42, "end": 61, "value": "+4501234455", "disguised": True}
    place = {"type": "place", "start": 28, "end": 34, "value": "Aarhus"}
    found = find_entities(text)
    totals, disguised = entities.scores([{"text": text, "entities": [phone, price, hidden, place]}])
    assert {kind: x.f1 for kind, x in totals.items()} == {"phone": 1, "price": 1, "place": 1}
    assert disguised == entities.Score(1, 1, 1)
    wrong = [phone | {"value": "+4500000000"}, price | {"end": 19}, place | {"type": "name"}]
    missed = entities.score(found, wrong)
    assert {kind: x.right for kind, x in missed.items()} == {"phone": 0, "price": 0, "place": 0, "name": 0}
    assert missed["phone"].found == 2
    assert missed["phone"].f1 == 0


def test_one_entity_found_counts_once_and_f1_is_of_all_texts():
    text = {"text": "01 23 45 67", "entities": [{"type": "phone", "start": 0, "end": 11, "value": "+4501234567"}] * 2}
    totals, _ = entities.scores([text, {"text": "ingen", "entities": []}])
    assert totals["phone"] == entities.Score(2, 1, 1)
    assert totals["phone"].precision == 1
    assert totals["phone"].recall == 0.5


def test_the_part_of_entities_tells_the_f1_of_disguised_phones_and_skips_a_set_that_is_not_there(tmp_path, capsys):
    plan = Plan(tmp_path, tmp_path, quick=True, minutes=1)
    assert "disguised_phone_f1" not in entities.measure(plan, tmp_path / "none.jsonl")
    assert "no labelled set" in capsys.readouterr().err
    file = tmp_path / "test.jsonl"
    marks = [{"type": "phone", "start": 0, "end": 37, "value": "+4501234567", "disguised": True}]
    line = {"id": "e-1", "text": "nul en to tre fire fem seks syv i dag", "entities": marks}
    file.write_text(json.dumps(line) + "\n", "utf-8")
    assert entities.measure(plan, file)["disguised_phone_f1"] == 1


def test_linking_is_measured_beside_numbers_and_copies_alone_and_says_what_was_joined_wrongly():
    found = linking.measure(Plan(SHIPPED, quick=True))
    assert 0 < found["linking_bcubed_f1_exact_number"] <= 1
    assert 0 < found["linking_bcubed_f1_minhash"] <= 1
    assert found["linking_bcubed_f1"] > max(found["linking_bcubed_f1_exact_number"], found["linking_bcubed_f1_minhash"])
    for tie in found["linking"]["entities_as_served"]["false_merges"]:
        assert tie["first"] != tie["second"]
        assert tie["kinds"]


def test_ads_are_measured_by_the_commands_and_an_interrupted_run_goes_on(tmp_path, model_folder, monkeypatch):
    real = growth._timed
    asked = []

    def note(command, file):
        asked.append((file.parent.name, file.stem))
        if len(asked) == 5:
            raise KeyboardInterrupt
        return real(command, file)

    monkeypatch.setattr(growth, "_timed", note)
    plan = Plan(model_folder, quick=True)
    with pytest.raises(KeyboardInterrupt):
        growth.measure(plan, tmp_path / "ads")
    assert asked[2:] == [("400", "import"), ("400", "link"), ("800", "import")]
    kept = (tmp_path / "ads" / "400" / "link.json").read_bytes()
    found = growth.measure(plan, tmp_path / "ads")
    assert found["ads"]["growth"]["400"]["link"] == {k: v for k, v in json.loads(kept).items() if k != "done"}
    assert found["ads"]["growth"]["400"]["link"]["runs"] == 1
    assert found["ads"]["growth"]["800"]["groups"] > 10
    assert found["ads"]["growth"]["800"]["link"]["memory_mb"] > 20
    assert found["ads"]["growth"]["800"]["link"]["cpu_seconds"] > 0.1
    assert 0 < found["ads_docs_per_second"] <= found["ads"]["tag"]["texts_per_second"]
    assert not (tmp_path / "ads").exists()


def test_unknown_parts_are_named(capsys):
    with pytest.raises(SystemExit):
        main(["spede"])
    assert "no part spede; there are speed" in capsys.readouterr().err


def test_the_quick_mode_runs_from_end_to_end_on_a_tiny_model(tmp_path, model_folder, capsys):
    make_encoder(tmp_path / "encoder")
    out = tmp_path / "bench.json"
    asked = ["speed", "evidence", "quality", "--quick", "--model", str(model_folder), "--out", str(out)]
    assert main([*asked, "--encoder", str(tmp_path / "encoder")]) == 0
    kept = json.loads(out.read_text())
    keys = [
        "service_vs_pipeline_unique",
        "service_vs_pipeline_repeating",
        "evidence_cost",
        "macro_f1_drop",
        "worker_rss_mb",
    ]
    assert all(isinstance(kept[x], float) for x in keys)
    assert kept["macro_f1_drop"] == 0
    assert kept["machine"]["cores"] >= 1
    assert kept["measured"]["speed"]["quick"] is True
    assert (tmp_path / "bench.png").stat().st_size > 5_000
    assert "whole service, unique texts / bare pipeline" in capsys.readouterr().out
