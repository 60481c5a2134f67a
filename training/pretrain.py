"""Pre-trains an encoder on Danish text: masked-language modelling from random weights, from a bundled multilingual encoder
whose vocabulary is cut to Danish, or from any encoder in a folder or on the Hub.

Practice: 30 % of the tokens masked (Wettig et al. 2023), sequences packed, warm-up, stable and decay phases of the learning
rate (Hu et al. 2024), the body frozen at first where it comes trained, bfloat16 where the processor has it. The state is saved
every few minutes and holds all that is needed: a stopped run goes on at the step it had reached. Several devices: `torchrun`.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from tqdm import tqdm

from training import vocabulary
from training.devices import autocast, choose_device, fit_for_training
from training.encodercard import write_encoder_card
from training.experiment import Pretraining
from training.start import Prepared, prepare
from training.tracking import Run
from triage.network import save_encoder

STATE = "state.pt"
_HELD_OUT_ROWS = 64
_AHEAD = 8
"""Batches kept ready."""


@dataclass(frozen=True)
class _Place:
    """Which of several processes this is, and where its tensors live."""

    rank: int
    world: int
    device: torch.device

    @property
    def first(self) -> bool:
        return self.rank == 0


class MaskedLanguageModel(nn.Module):
    """An encoder with a head that names masked tokens; its output table is the input table."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        table = encoder.get_input_embeddings().weight  # type: ignore[operator]
        width = table.shape[1]
        self.transform = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width))
        self.bias = nn.Parameter(torch.zeros(table.shape[0]))

    def forward(self, ids: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        """Logits (n, V) of n places of (B, T) ids, counted row by row; no place is padding."""
        hidden = self.encoder(input_ids=ids).last_hidden_state
        table = self.encoder.get_input_embeddings().weight  # type: ignore[operator]
        return functional.linear(self.transform(hidden.flatten(0, 1)[places]), table, self.bias)


def learning_rate(step: int, steps: int, config: Pretraining) -> float:
    """Share of the highest learning rate at a step: warm-up, stable, then a decay by the inverse square root shape."""
    warm, decay = max(1, int(config.warmup * steps)), max(1, int(config.decay * steps))
    if step < warm:
        return (step + 1) / warm
    if step >= steps - decay:
        return 1 - math.sqrt((step - (steps - decay)) / decay)
    return 1.0


def mask(
    ids: np.ndarray[Any, Any], tokenizer: Any, share: float, chance: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Inputs (B, T) with masked tokens, the places (n,) chosen, counted row by row, and their true ids (n,).

    Of the chosen, 80 % are masked and 10 % replaced. Always the same number is chosen: tensors that change their size from
    step to step fragment the memory and cannot be compiled once.
    """
    usual = np.flatnonzero(~np.isin(ids, tokenizer.all_special_ids))
    places = np.sort(chance.permutation(usual)[: round(share * ids.size)])
    hidden = ids.copy()
    roll = chance.random(len(places))
    hidden.flat[places[roll < 0.8]] = tokenizer.mask_token_id
    swapped = places[(roll >= 0.8) & (roll < 0.9)]
    hidden.flat[swapped] = chance.integers(len(vocabulary.SPECIALS), len(tokenizer), len(swapped))
    return torch.from_numpy(hidden), torch.from_numpy(places), torch.from_numpy(ids.flat[places])


def _batches(
    prepared: Prepared, config: Pretraining, steps: range, batch: int, place: _Place
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """This process's share of the masked batch of each step, made in the background while the device computes."""

    def make(step: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        rows = prepared.mixture.batch(step, batch, config.seed)[place.rank :: place.world]
        return mask(rows, prepared.tokenizer, config.masking, np.random.default_rng([config.seed, step, place.rank]))

    with ThreadPoolExecutor(1) as pool:
        ahead = deque(pool.submit(make, step) for step in steps[:_AHEAD])
        for step in steps:
            if step + _AHEAD < steps.stop:
                ahead.append(pool.submit(make, step + _AHEAD))
            yield ahead.popleft().result()


@torch.no_grad()
def perplexity(
    model: MaskedLanguageModel, prepared: Prepared, config: Pretraining, device: torch.device
) -> dict[str, float]:
    """Masked-token perplexity on held-out text of each source, always with the same masks."""
    model.eval()
    found = {}
    for source in prepared.mixture.sources:
        rows = prepared.mixture.held_out(source, _HELD_OUT_ROWS)
        losses, count = 0.0, 0
        for start in range(0, len(rows), 16):
            ids, places, truth = mask(
                rows[start : start + 16], prepared.tokenizer, 0.15, np.random.default_rng([7, start])
            )
            with autocast(device):
                logits = model(ids.to(device), places.to(device))
            losses += float(functional.cross_entropy(logits.float(), truth.to(device), reduction="sum"))
            count += len(truth)
        if count:
            found[source.name] = math.exp(losses / count)
    model.train()
    return found


def _groups(model: MaskedLanguageModel, config: Pretraining) -> list[dict[str, Any]]:
    flat = [p for p in model.parameters() if p.ndim < 2]
    full = [p for p in model.parameters() if p.ndim >= 2]
    return [{"params": full, "weight_decay": config.weight_decay}, {"params": flat, "weight_decay": 0.0}]


def _place(device: str) -> _Place:
    """Joins the other processes where ``torchrun`` has started several."""
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    where = choose_device(device)
    if world > 1:
        torch.distributed.init_process_group()
        if where.type == "cuda":
            where = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
            torch.cuda.set_device(where)
    return _Place(rank, world, where)


def _prepare_once(config: Pretraining, work: Path, place: _Place) -> Prepared:
    """The first process writes the files that all of them read."""
    if not place.first:
        torch.distributed.barrier()
    prepared = prepare(config, work)
    if place.world > 1 and place.first:
        torch.distributed.barrier()
    return prepared


def pretrain(
    config: Pretraining, output: Path, work: Path, *, device: str = "auto", run: Run | None = None
) -> dict[str, float]:
    """Train until the experiment's tokens are seen, and write the encoder; returns the held-out perplexities.

    The state lies in `work`; calling again goes on from it. Under ``torchrun`` each process takes its share of every batch.
    """
    place = _place(device)
    prepared = _prepare_once(config, work, place)
    fit_for_training(prepared.encoder, place.device, config.dropout)
    model = MaskedLanguageModel(prepared.encoder).to(place.device)
    optimizer = torch.optim.AdamW(_groups(model, config), lr=config.learning_rate, betas=(0.9, 0.98), fused=True)
    batch = max(place.world, config.batch_tokens // config.sequence)
    steps = max(1, config.tokens // (batch * config.sequence)) if config.tokens else 0
    first = step = _resume(work / STATE, model, optimizer, place.device)
    thaw = int(config.frozen * steps)
    network: Any = torch.compile(model) if config.compile and place.device.type == "cuda" else model
    if place.world > 1:
        network = nn.parallel.DistributedDataParallel(network, find_unused_parameters=config.frozen > 0)
    saved = time.monotonic()
    with tqdm(
        total=steps, initial=step, desc="pre-training", unit="step", disable=None if place.first else True
    ) as bar:
        for inputs in _batches(prepared, config, range(first, steps), batch, place):
            if step in (first, thaw):
                prepared.encoder.requires_grad_(step >= thaw)
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate * learning_rate(step, steps, config)
            loss = _step(network, optimizer, inputs, place.device)
            step += 1
            bar.update()
            if place.first and (step % config.report_every == 0 or step == steps):
                measured = perplexity(model, prepared, config, place.device)
                row = {"step": step, "tokens": step * batch * config.sequence, "loss": float(loss), **measured}
                bar.set_postfix_str(" ".join(f"{name} {value:.2f}" for name, value in row.items() if name != "step"))
                _note(work, row)
                if run is not None:
                    run.metrics({"loss": float(loss), "tokens": row["tokens"], "perplexity": measured}, step=step)
            if place.first and (time.monotonic() - saved > 60 * config.save_minutes or step == steps):
                _save(work / STATE, model, optimizer, step)
                saved = time.monotonic()
    measured = perplexity(model, prepared, config, place.device)
    if place.first:
        save_encoder(output, prepared.tokenizer, prepared.encoder)
        write_encoder_card(output, config, measured)
    if place.world > 1:
        torch.distributed.destroy_process_group()
    return measured


def _step(
    network: Any,
    optimizer: torch.optim.Optimizer,
    inputs: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    device: torch.device,
) -> torch.Tensor:
    """One step on a batch as from `mask`; returns the loss, which nobody waits for."""
    ids, places, truth = (x.to(device) for x in inputs)
    with autocast(device):
        loss = functional.cross_entropy(network(ids, places).float(), truth)
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
    return loss.detach()


def _note(work: Path, row: dict[str, float]) -> None:
    with (work / "progress.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({k: round(v, 4) for k, v in row.items()}) + "\n")


def _save(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    fresh = path.with_suffix(".new")
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, fresh)
    fresh.replace(path)


def _resume(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, device: torch.device) -> int:
    if not path.is_file():
        return 0
    state = torch.load(path, map_location=device, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])
