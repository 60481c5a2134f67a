"""Makes the part of a model folder that OpenVINO computes with, and checks it against torch.

The graph is exported from the network as it is; the numbers that are the folder's weights already are not stored again.
"""

from __future__ import annotations

import shutil
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from triage.assessment import CLEAR, Assessment
from triage.compiled import COMPILED, GRAPH, PARTS, REST, openvino, tensors
from triage.loading import Inference, load
from triage.modelfolder import note_compiled, write_json
from triage.network import AnyNetwork, TorchForward
from triage.pieces import Piece
from triage.tagger import Tagger
from triage.text import Document, Span

CLOSE = 0.01
"""A decision may differ where the probability lies this near to a threshold."""
SAME_EVIDENCE = 0.99
"""Least share of findings whose evidence is the same, place by place, in float32."""
ROUNDED = {"changed": 0.005, "evidence": 0.95, "probability": 0.05}
"""What a lower precision may cost to be used where the processor has it: the most of the decisions that change, the least share
of findings with the same evidence, and the furthest that a probability moves."""


class NotAlike(RuntimeError):
    """What was compiled does not say what torch says: it is not kept."""


@dataclass(frozen=True)
class Agreement:
    """How the compiled network's answers compare with torch's on some documents."""

    precision: str
    documents: int
    decisions: int
    """Decisions compared: documents by indicators."""
    changed: int
    beyond: int
    """Of those changed, the ones not within `CLOSE` of a threshold."""
    shown: int
    """Findings that both show."""
    evidence: int
    """Of those, the ones with the same evidence."""
    probability: float
    """Largest difference of a probability."""

    @property
    def holds(self) -> bool:
        """Whether the compiled network may stand for the other: in float32 it has to say the same, else nearly the same."""
        if self.precision == "f32":
            return self.beyond == 0 and self.evidence >= SAME_EVIDENCE * self.shown
        return (
            self.changed <= ROUNDED["changed"] * self.decisions
            and self.evidence >= ROUNDED["evidence"] * self.shown
            and self.probability <= ROUNDED["probability"]
        )


class _Plain(torch.nn.Module):
    """A network that gives what serving needs."""

    def __init__(self, network: AnyNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        output = self.network(*inputs)
        return output.logits, output.contributions, output.states.softmax(dim=-1)


def compile_folder(
    folder: Path, documents: Sequence[Document], precisions: Sequence[str] = ("f32", "bf16")
) -> list[Agreement]:
    """Add ``compiled/`` to a model folder of the encoder family, and what the check of it said to its manifest.

    Args:
        documents: texts to compare the answers on.
        precisions: those to compare in; the first has to hold, of the others it is noted whether they do.

    Raises:
        BrokenModel: the folder cannot be read.
        ValueError: it is not of the encoder family.
        NotAlike: the answers differ by more than rounding.
    """
    by_torch = load(folder)
    forward = getattr(by_torch.scorer, "forward", None)
    if not isinstance(forward, TorchForward):
        raise ValueError(f"{folder} is no model of the encoder family; only those are compiled")
    target = folder / COMPILED
    files = [f"{COMPILED}/{name}" for name in (GRAPH, PARTS, REST)]
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    try:
        _export(forward, folder, target)
        note_compiled(folder, files, [])
        said = by_torch(documents)
        agreements = []
        for precision in precisions:
            compiled = load(folder, Inference("openvino", precision=precision))
            agreements.append(agreement(by_torch, said, compiled(documents), precision))
        if not agreements[0].holds:
            raise NotAlike(
                f"{agreements[0].beyond} decisions differ from torch's, and {agreements[0].shown - agreements[0].evidence} of "
                f"{agreements[0].shown} findings have other evidence; the folder is served by torch as before"
            )
    except BaseException:
        note_compiled(folder, [], [])
        shutil.rmtree(target)
        raise
    note_compiled(folder, files, [asdict(x) | {"holds": x.holds} for x in agreements])
    return agreements


def agreement(tagger: Tagger, one: Sequence[Assessment], other: Sequence[Assessment], precision: str) -> Agreement:
    """Compare answers about the same documents."""
    changed = beyond = shown = evidence = decisions = 0
    furthest = 0.0
    for mine, theirs in zip(one, other, strict=True):
        found = {x.code: x for x in theirs.findings}
        for x in mine.findings:
            y = found[x.code]
            decisions += 1
            furthest = max(furthest, abs(x.probability - y.probability))
            if x.decision != y.decision:
                changed += 1
                threshold = tagger.calibration.thresholds[tagger.scheme.position[x.code]]
                beyond += min(abs(x.probability - threshold.look), abs(x.probability - threshold.flag)) > CLOSE
            elif x.decision != CLEAR:
                shown += 1
                evidence += [q.span for q in x.evidence] == [q.span for q in y.evidence]
    return Agreement(precision, len(one), decisions, changed, beyond, shown, evidence, furthest)


def as_table(agreements: Sequence[Agreement]) -> list[str]:
    """Lines for people: one for each precision."""
    lines = [
        f"{agreements[0].documents} documents, compared with torch in float32",
        f"{'':<6}{'decisions':>11}{'changed':>9}{f'beyond {CLOSE}':>13}{'shown':>8}{'same evidence':>15}{'furthest':>10}",
    ]
    for x in agreements:
        share = x.evidence / x.shown if x.shown else 1.0
        lines.append(
            f"{x.precision:<6}{x.decisions:>11}{x.changed:>9}{x.beyond:>13}{x.shown:>8}{share:>15.2%}{x.probability:>10.4f}"
        )
    return lines


def _export(forward: TorchForward, folder: Path, target: Path) -> None:
    """Write the graph, what of its numbers are which weights, and the other numbers."""
    library = openvino()
    network = forward.network.cpu()
    offsets = np.zeros((4, 2), np.int64)
    some = [
        Piece(Span(0, 1), [5, 6, 7, 8, 9, 10], 1, offsets, ([5, 7, 6],)),
        Piece(Span(0, 1), [5, 6, 7, 8, 9], 1, offsets),
    ]
    example = {name: torch.from_numpy(x) for name, x in forward.layout.inputs(some).items()}
    with torch.inference_mode(), warnings.catch_warnings():
        # That some conditions become constants; `agreement` tells whether those were the right ones.
        warnings.simplefilter("ignore")
        model = library.convert_model(_Plain(network.eval()).eval(), example_input=tuple(example.values()))
    for place, name in zip(model.inputs, example, strict=True):
        place.set_names({name})
    whole = target / "whole.bin"
    library.save_model(model, target / GRAPH, compress_to_fp16=False)
    (target / GRAPH).with_suffix(".bin").replace(whole)
    numbers = whole.read_bytes()
    whole.unlink()
    known = {_bytes(value): name for name, value in tensors(folder).items() if value.nbytes >= 1024}
    found: dict[int, tuple[int, str]] = {}
    for layer in ET.parse(target / GRAPH).getroot().iterfind("./layers/layer[@type='Const']/data"):  # noqa: S314 - made above
        start, size = int(layer.get("offset", 0)), int(layer.get("size", 0))
        if (weight := known.get(numbers[start : start + size])) is not None:
            found[start] = (size, weight)
    rest, end = b"", 0
    for start in sorted(found):
        rest += numbers[end:start]
        end = start + found[start][0]
    (target / REST).write_bytes(rest + numbers[end:])
    encoder: Any = network.encoder
    table = encoder.get_input_embeddings().weight
    embedding = next(name for name, value in encoder.named_parameters() if value is table)
    parts = {
        "size": len(numbers),
        "weights": [[start, found[start][1]] for start in sorted(found)],
        "embedding": embedding,
        "openvino": library.__version__.split("-")[0],
    }
    write_json(target / PARTS, parts)


def _bytes(value: Any) -> bytes:
    return np.ascontiguousarray(value).tobytes()
