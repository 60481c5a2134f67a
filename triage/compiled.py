"""The encoder family computed by OpenVINO: no torch, and where the processor has them, bfloat16 matrices.

A model folder's ``compiled/`` holds the network's graph. Its numbers are not stored twice: ``parts.json`` says which bytes of
them are which tensor of the folder's weights, and ``rest.bin`` has the others.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from triage.encoder import EncoderScorer, Familiarity, Outputs
from triage.layout import Inputs, Layout, layout_of
from triage.modelfolder import BrokenModel
from triage.pieces import TextTokenizer, Window
from triage.scoring import Array
from triage.unitcache import UnitCache
from triage.weights import ENCODER, HEAD, WEIGHTS, Rows, is_compact, load_weights, weight_files

COMPILED = "compiled"
GRAPH, PARTS, REST = "graph.xml", "parts.json", "rest.bin"


def openvino() -> Any:
    """The library, kept from reporting to its makers that it is used, as it does whenever it is imported.

    Raises:
        ImportError: it is not installed.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # it then takes a stub of its own
    import openvino as library

    return library


def tensors(folder: Path) -> dict[str, Array]:
    """All weights of a model folder in float32, named as the network's parameters are."""
    encoder = folder / ENCODER / WEIGHTS
    found = load_weights(encoder) if is_compact(encoder) else load_file(encoder)
    named = {f"encoder.{name}": value for name, value in found.items()}
    return named | {f"head.{name}": value for name, value in load_file(folder / HEAD).items()}


class CompiledForward:
    """A network on the processor. Calls from several threads wait for one another."""

    def __init__(self, folder: Path, layout: Layout, *, threads: int = 0, precision: str = "auto") -> None:
        """
        Args:
            threads: of one call; 0 for as many as there are cores.
            precision: `f32`, `bf16`, or `auto` for bf16 where the processor multiplies matrices in it.

        Raises:
            BrokenModel: the folder holds no graph that fits its weights.
        """
        library = openvino()
        core = library.Core()
        if precision == "auto":
            precision = "bf16" if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"
        self.precision, self.layout = precision, layout
        self._folder = folder
        parts = json.loads((folder / COMPILED / PARTS).read_text("utf-8"))
        graph = (folder / COMPILED / GRAPH).read_bytes()
        options = {
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            # Else every process puts its first thread on the first core, and several of them share that one.
            "ENABLE_CPU_PINNING": False,
            # What is made ready for a shape is kept for the next group of that shape: making it takes as long as reading 200
            # tokens. It takes up to 2 MB, so groups come in few shapes (`triage.pieces.by_length`), and not many more are kept.
            "CPU_RUNTIME_CACHE_CAPACITY": "1000",
        }
        weights = tensors(folder)
        self.bias: Array = weights["head.bias"]
        try:
            model = core.read_model(model=graph, weights=library.Tensor(_numbers(folder, parts, weights)))
            self._request = core.compile_model(model, "CPU", options).create_infer_request()
        except RuntimeError as error:
            problem = f"{folder / COMPILED} cannot be used ({type(error).__name__})"
            raise BrokenModel(f"{problem}; run `python -m training compile {folder}`") from None
        self._rows = Rows(folder / ENCODER / WEIGHTS, parts["embedding"])
        self._lock = Lock()

    def __call__(self, inputs: Inputs) -> Outputs:
        with self._lock:
            found = self._request.infer(inputs)
            return Outputs(*(np.array(found[place]) for place in range(3)))

    def embedding(self, ids: Sequence[int]) -> Array:
        return self._rows.mean(ids)

    def save(self, folder: Path) -> list[str]:
        """Copies of the weights it was made from."""
        shutil.copytree(self._folder / ENCODER, folder / ENCODER, dirs_exist_ok=True)
        shutil.copyfile(self._folder / HEAD, folder / HEAD)
        return weight_files(folder)


def _numbers(folder: Path, parts: dict[str, Any], weights: dict[str, Array]) -> Any:
    """(n,) bytes: all numbers of the graph."""
    numbers = np.empty(parts["size"], np.uint8)
    rest = np.frombuffer((folder / COMPILED / REST).read_bytes(), np.uint8)
    end = taken = 0
    for start, name in [*parts["weights"], (parts["size"], None)]:
        numbers[end:start] = rest[taken : taken + start - end]
        taken += start - end
        if name is not None:
            value = np.ascontiguousarray(weights[name]).view(np.uint8).reshape(-1)
            end = start + len(value)
            numbers[start:end] = value
    return numbers


def load_compiled(
    folder: Path, settings: dict[str, Any], *, threads: int = 0, precision: str = "auto", cache: UnitCache | None = None
) -> EncoderScorer:
    """The scorer of a model folder that was compiled.

    Raises:
        BrokenModel: see `CompiledForward`.
        ImportError: OpenVINO is not installed.
    """
    tokenizer, window = TextTokenizer.read(folder / ENCODER), Window(**settings["window"])
    layout = layout_of(window, tokenizer.padding, rounded=True)
    forward = CompiledForward(folder, layout, threads=threads, precision=precision)
    return EncoderScorer(forward, tokenizer, window, Familiarity.read(folder), cache)
