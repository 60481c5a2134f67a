"""The files for Prometheus and Grafana: each expression is one Prometheus reads, of metrics and labels that the service tells."""

import json
import re
from collections.abc import Iterator

import promql_parser
import pytest
import yaml

from serving.store.desk import VERDICTS
from serving.telemetry import names
from serving.telemetry.metrics import Metrics
from serving.telemetry.observer import Observer
from serving.telemetry.waiting import Waiting
from tests.conftest import ROOT
from training.reference import reference_of
from triage.indicators import load_scheme

DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "tegn.json").read_text("utf-8"))
ALERTS = [
    rule
    for group in yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [rule["expr"] for rule in ALERTS] + [x["expr"] for panel in PANELS for x in panel["targets"]]
FROM_PROMETHEUS = {"up": {"job"}}
"""What Prometheus itself tells of what it reads."""


def selectors(expression: str) -> Iterator[promql_parser.VectorSelector]:
    """Every selector of a metric in an expression, as the parser of Prometheus's language finds them."""
    waiting = [promql_parser.parse(expression)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, promql_parser.VectorSelector):
            yield node
        for name in ("expr", "lhs", "rhs", "param", "args", "vector_selector"):
            inner = getattr(node, name, None)
            waiting += inner if isinstance(inner, list) else [] if inner is None else [inner]


@pytest.fixture(scope="module")
def told(tagger, documents, tmp_path_factory) -> dict[str, set[str]]:
    """Every name that the service tells, with its labels."""
    from serving.store.database import migrate, open_store
    from serving.store.ledger import Ledger
    from serving.store.masterkey import MasterKey

    home = tmp_path_factory.mktemp("watching")
    store = open_store(f"sqlite:///{home / 'tegn.db'}")
    migrate(store, home)
    observer = Observer()
    metrics: Metrics = observer.metrics
    metrics.registry.register(Waiting(Ledger(store, MasterKey.derive(bytes(range(32)))), home))
    metrics.model("m", "v", load_scheme())
    metrics.request("/", "GET", 200, 0.1)
    metrics.stage("tag", 0.1)
    answers = tagger(documents[:60])
    observer.drift.compare_with(reference_of(tagger, documents[:60], answers))
    for _ in range(4):
        observer.assessed("api", documents[:60], answers)
    found: dict[str, set[str]] = dict(FROM_PROMETHEUS)
    for metric in metrics.registry.collect():
        for sample in metric.samples:
            found.setdefault(sample.name, set()).update({*sample.labels, "job", "instance"})
    store.dispose()
    return found


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_expression_is_read_by_prometheus_and_asks_for_what_is_told(expression, told):
    found = list(selectors(expression))
    assert found
    for selector in found:
        assert selector.name in told, f"{selector.name} is no metric of the service"
        for matcher in selector.matchers.matchers:
            assert matcher.name in told[selector.name], f"{selector.name} has no label {matcher.name}"


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_grouping_is_by_labels_that_are_told(expression, told):
    labels = {name for selector in selectors(expression) for name in told[selector.name]}
    for inside in re.findall(r"\b(?:by|ignoring|on)\s*\(([^)]*)\)", expression):
        assert {x.strip() for x in inside.split(",")} <= labels, expression


CLOSED = {
    "reason": {*names.REFUSALS, *names.REASONS, "tampered", "key_lost", "password", "locked", "too_many", "unknown"},
    "status": {*names.STATUSES, "5..", "503"},
    "fault": set(names.ANCHOR_FAULTS),
    "verdict": set(VERDICTS),
    "decision": {"flag", "look", "clear"},
    "what": {"text", "file"},
    "result": {"hit", "miss"},
}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_value_that_is_asked_for_is_one_that_a_label_may_have(expression):
    for selector in selectors(expression):
        for matcher in selector.matchers.matchers:
            if matcher.name in CLOSED:
                assert set(matcher.value.split("|")) <= CLOSED[matcher.name], (expression, matcher.value)


def test_every_alert_says_what_it_means_and_what_to_do_and_how_soon():
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS) > 15
    for rule in ALERTS:
        assert rule["labels"]["severity"] in ("page", "ticket"), rule["alert"]
        assert len(rule["annotations"]["summary"]) > 40, rule["alert"]
        assert len(rule["annotations"]["action"]) > 40, rule["alert"]
        used = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
        grouped = {x.strip() for inside in re.findall(r"by \(([^)]*)\)", rule["expr"]) for x in inside.split(",")}
        assert used <= grouped, f"{rule['alert']} names labels that its expression loses"


def test_the_example_for_prometheus_reads_the_alerts_from_the_machine_of_the_service():
    config = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text("utf-8"))
    assert config["rule_files"] == ["alerts.yml"]
    (job,) = config["scrape_configs"]
    assert job["job_name"] == "tegn"
    assert all(x.startswith("127.0.0.1:") for s in job["static_configs"] for x in s["targets"])


def test_panels_have_titles_of_their_own_units_and_places_that_do_not_overlap():
    titles = [panel["title"] for panel in PANELS]
    assert len(set(titles)) == len(titles)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_legends_name_labels_that_their_expression_keeps(told):
    for panel in PANELS:
        for target in panel["targets"]:
            used = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            groups = re.findall(r"\bby \(([^)]*)\)", target["expr"])
            if groups:
                assert used <= {x.strip() for x in ",".join(groups).split(",")}, panel["title"]
            else:
                assert used <= {label for s in selectors(target["expr"]) for label in told[s.name]}, panel["title"]


def test_every_metric_of_ours_is_on_the_dashboard_or_in_an_alert(told):
    asked = {selector.name for expression in EXPRESSIONS for selector in selectors(expression)}
    bare = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}
    ours = {re.sub(r"_(bucket|sum|count)$", "", name) for name in told if name.startswith("tegn_")}
    assert ours - bare == set()
