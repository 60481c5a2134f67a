"""Fine-tunes a `transformers` encoder under one of the heads.

The head computes both training and serving scores: there is one forward pass, `triage.network`.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tqdm import tqdm
from transformers import AutoModel, get_linear_schedule_with_warmup

from training.checkpoint import Checkpoint
from training.devices import autocast, choose_device, fit_for_training
from training.evaluation import ranking_quality
from training.examples import Cutter, Example, example, set_aside, states_nothing
from training.experiment import EncoderConfig
from training.losses import GROUP_TOKENS, loss_of
from training.phrases import PHRASES
from triage.encoder import EncoderScorer, Familiarity, embed
from triage.evidence import AttentionHead, Head, make_head
from triage.indicators import Scheme
from triage.layout import Padded, layout_of
from triage.network import AnyNetwork, make_network, mean_embedding, read_encoder, torch_scorer
from triage.pieces import TextTokenizer, Window
from triage.text import Document

if TYPE_CHECKING:
    from training.tracking import Run


class NoEncoder(ValueError):
    """The encoder cannot be loaded; the message says what to name instead."""


def _step(network: AnyNetwork, optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> float:
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
    return float(loss.detach())


def _dev_score(scorer: EncoderScorer, documents: Sequence[Document], scheme: Scheme) -> float:
    """Macro average precision on dev texts, over the indicators that they state; 0 if they state none."""
    score = ranking_quality(scorer, documents, scheme)
    return 0.0 if math.isnan(score) else score


def load_encoder(name: str) -> tuple[Any, Any]:
    """(tokenizer, encoder) from a folder or the Hub.

    Raises:
        NoEncoder: see the class.
    """
    try:
        tokenizer, encoder = read_encoder(name, offline=False)
    except (OSError, ValueError) as error:
        raise NoEncoder(
            f"no encoder {name!r}: name a folder with config.json, model.safetensors and a tokenizer, or a model on the Hub "
            f"that this machine can reach ({type(error).__name__})"
        ) from None
    if not tokenizer.is_fast or tokenizer.pad_token_id is None or tokenizer.mask_token_id is None:
        raise NoEncoder(f"{name!r} needs a fast tokenizer (for offsets) with padding and mask tokens")
    return tokenizer, encoder


def unlearnt(encoder: Any) -> Any:
    """An encoder of the same shape with random weights."""
    fresh = AutoModel.from_config(encoder.config)
    if getattr(fresh, "pooler", None) is not None:
        fresh.pooler = None
    return fresh


def fit_encoder(
    documents: Sequence[Document],
    scheme: Scheme,
    config: EncoderConfig,
    *,
    seed: int,
    member: int = 0,
    device: str = "auto",
    run: Run | None = None,
    checkpoint: Checkpoint | None = None,
) -> EncoderScorer:
    """Train an encoder on labelled documents; kept is the epoch with the best macro average precision on dev texts, or the last.

    Dev texts are a part of the training texts. Calibration and test texts are never seen. With a checkpoint, a training that
    was stopped goes on after its last whole epoch, and ends as it would have ended. Trainings that are to be averaged differ in
    `member` alone: they begin as the same network, and read the same texts in another order, with other words hidden.

    Raises:
        NoEncoder: the encoder cannot be loaded.
        ValueError: there are no texts, or none with a mark.
    """
    if not any(document.labels for document in documents):
        raise ValueError("there is nothing to learn from: no training text has a mark")
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    where = choose_device(device)
    tokenizer, encoder = load_encoder(config.encoder)
    tokens = TextTokenizer.of(tokenizer)
    encoder = unlearnt(encoder) if config.random_weights else encoder
    fit_for_training(encoder, where, config.dropout)
    longest = min(getattr(encoder.config, "max_position_embeddings", config.max_tokens), config.max_tokens)
    window = Window(config.head, longest, config.context_units, config.context_layer)
    layout = layout_of(window, tokens.padding)
    network = _network(encoder, make_head(config.head, encoder.config.hidden_size, len(scheme)), window).to(where)
    # `Familiarity` rests on the input embeddings; they also overfit first. Random ones must learn.
    encoder.get_input_embeddings().weight.requires_grad_(config.random_weights)
    familiarity = _familiarity([x for x in documents if x.source != PHRASES], tokens, encoder)
    learnt, dev = set_aside(documents, config.dev_share, generator)
    _standardise(network, learnt, tokens, window, scheme, where)
    _freeze(encoder, config.frozen_layers)
    if member:
        torch.manual_seed(seed + member)
        generator = np.random.default_rng([seed, member])
    cutter = Cutter(tokens, window, scheme, config.augmentation, config.other_sex, generator)
    share = sum(config.contrast_share if states_nothing(document) else 1 for document in learnt)
    steps = config.epochs * math.ceil(share / config.batch_documents)
    optimizer, schedule = _optimizer(network, config, steps)
    progress = _Progress(copy.deepcopy(network.state_dict()))
    if checkpoint is not None and (state := checkpoint.load(generator, where)) is not None:
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        progress = _Progress(state["best"], *state["progress"])
    with tqdm(total=steps, initial=schedule.last_epoch, desc="fine-tuning", unit="step", disable=None) as bar:
        patience = config.patience if config.keep == "best" else config.epochs
        while progress.epochs < config.epochs and progress.waited < patience:
            losses = []
            network.train()
            for batch in cutter.batches(learnt, config.contrast_share, config.batch_documents):
                losses.append(_step(network, optimizer, loss_of(network, batch, config, tokens, layout, where)))
                schedule.step()
                bar.update()
            score = _dev_score(torch_scorer(network, tokenizer, window, familiarity), dev, scheme)
            progress.note(score, network)
            bar.set_postfix(epoch=progress.epochs, loss=f"{np.mean(losses):.3f}", dev_ap=f"{score:.3f}")
            if run is not None:
                step = member * config.epochs + progress.epochs - 1
                run.metrics({"train_loss": float(np.mean(losses)), "dev_macro_ap": score}, step=step)
            if checkpoint is not None:
                state = {"network": network.state_dict(), "best": progress.best, "progress": progress.numbers()}
                state |= {"optimizer": optimizer.state_dict(), "schedule": schedule.state_dict()}
                checkpoint.save(state, generator)
    return torch_scorer(_finished(network, progress, config).cpu(), tokenizer, window, familiarity)


def _network(encoder: Any, head: Head, window: Window) -> AnyNetwork:
    try:
        return make_network(encoder, head, window)
    except ValueError as error:
        raise NoEncoder(str(error)) from None


def _freeze(encoder: Any, layers: int) -> None:
    """Keep the first layers of a BERT-like encoder as they are."""
    for layer in list(getattr(getattr(encoder, "encoder", None), "layer", []))[:layers]:
        layer.requires_grad_(False)


@dataclass
class _Progress:
    """How far training has come: the best weights so far, their dev score, epochs without a better one, epochs done."""

    best: dict[str, torch.Tensor]
    score: float = -1.0
    waited: int = 0
    epochs: int = 0

    def note(self, score: float, network: AnyNetwork) -> None:
        """An epoch is over."""
        self.epochs += 1
        self.waited += 1
        if score > self.score:
            self.best, self.score, self.waited = copy.deepcopy(network.state_dict()), score, 0

    def numbers(self) -> tuple[float, int, int]:
        """What a checkpoint keeps besides the weights."""
        return self.score, self.waited, self.epochs


def _finished(network: AnyNetwork, progress: _Progress, config: EncoderConfig) -> AnyNetwork:
    if config.keep == "best":
        network.load_state_dict(progress.best)
    network.head.doubt(config.stated_doubt)
    return network


def _optimizer(network: AnyNetwork, config: EncoderConfig, steps: int) -> tuple[torch.optim.Optimizer, Any]:
    """AdamW with a learning rate that rises and then falls to nothing."""
    groups = [
        {"params": [p for p in network.encoder.parameters() if p.requires_grad], "lr": config.learning_rate},
        {"params": [p for p in network.head.parameters() if p.requires_grad], "lr": config.head_learning_rate},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=config.weight_decay, fused=True)
    return optimizer, get_linear_schedule_with_warmup(optimizer, int(config.warmup * steps), steps)


def _standardise(
    network: AnyNetwork,
    documents: Sequence[Document],
    tokens: TextTokenizer,
    window: Window,
    scheme: Scheme,
    device: torch.device,
) -> None:
    """Let a head with attention know how the encoder's states lie before training, from some of the texts."""
    if isinstance(network.head, AttentionHead):
        spread = [x for x in documents if x.source != PHRASES]
        sample = [example(x, tokens, window, scheme) for x in spread[:: len(spread) // 200 + 1]]
        network.head.standardise(_token_states(network, sample, tokens, device))


@torch.no_grad()
def _token_states(
    network: AnyNetwork, examples: Sequence[Example], tokens: TextTokenizer, device: torch.device, most: int = 400
) -> torch.Tensor:
    """(N, H): states of the own tokens of some pieces, before training; without a late context."""
    network.eval()
    pieces = [piece for example in examples for piece in example.pieces][:most]
    layout = Padded(tokens.padding)
    states = []
    for rows in layout.groups(pieces, GROUP_TOKENS.get(device.type, 4096)):
        ids, seen, own = (torch.from_numpy(x).to(device) for x in layout.inputs([pieces[i] for i in rows]).values())
        with autocast(device):
            states.append(network.encoder(input_ids=ids, attention_mask=seen.long()).last_hidden_state[own].float())
    return torch.cat(states)


def _familiarity(documents: Sequence[Document], tokens: TextTokenizer, encoder: Any) -> Familiarity:
    width = encoder.get_input_embeddings().weight.shape[1]
    embedding = partial(mean_embedding, encoder)
    vectors = np.stack([embed(document, tokens, embedding, width) for document in documents])
    return Familiarity(vectors.mean(axis=0), (1 / (vectors.std(axis=0) + 1e-3)).astype(np.float32))
