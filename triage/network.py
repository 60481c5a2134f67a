"""The encoder family computed by torch: a `transformers` encoder under one of the heads of `triage.evidence`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel, AutoTokenizer

from triage.encoder import EncoderScorer, Familiarity, Outputs
from triage.evidence import Head, HeadOutput, make_head
from triage.latecontext import LateNetwork
from triage.layout import Inputs, Layout, layout_of
from triage.pieces import TextTokenizer, Window
from triage.scoring import Array
from triage.weights import ENCODER, HEAD, WEIGHTS, is_compact, load_weights, save_weights, weight_files


class Network(torch.nn.Module):
    """Encoder and head; inputs as `triage.layout.Padded` makes them."""

    def __init__(self, encoder: torch.nn.Module, head: Head) -> None:
        super().__init__()
        self.encoder, self.head = encoder, head

    def forward(self, ids: torch.Tensor, seen: torch.Tensor, own: torch.Tensor) -> HeadOutput:
        """
        Args:
            ids, seen, own: (B, T) tokens, which of them are no padding, and which may carry evidence.
        """
        hidden = self.encoder(input_ids=ids, attention_mask=seen.long()).last_hidden_state
        output: HeadOutput = self.head(hidden, own)
        return output


AnyNetwork = Network | LateNetwork


class TorchForward:
    """A network in evaluation mode, where its weights are."""

    def __init__(self, network: AnyNetwork, tokenizer: Any, layout: Layout) -> None:
        """
        Args:
            tokenizer: the encoder's fast tokenizer of `transformers`, saved with it.
        """
        self.network, self.tokenizer, self.layout = network.eval(), tokenizer, layout
        self.bias: Array = network.head.bias.detach().float().cpu().numpy()

    @torch.inference_mode()
    def __call__(self, inputs: Inputs) -> Outputs:
        device = self.network.head.bias.device
        output = self.network(**{name: torch.from_numpy(x).to(device) for name, x in inputs.items()})
        states = output.states.softmax(dim=-1)
        return Outputs(*(x.cpu().numpy() for x in (output.logits, output.contributions, states)))

    def embedding(self, ids: Sequence[int]) -> Array:
        return mean_embedding(self.network.encoder, ids)

    def save(self, folder: Path) -> list[str]:
        save_encoder(folder / ENCODER, self.tokenizer, self.network.encoder)
        save_file({name: x.contiguous() for name, x in self.network.head.state_dict().items()}, folder / HEAD)
        return weight_files(folder)


@torch.inference_mode()
def mean_embedding(encoder: Any, ids: Sequence[int]) -> Array:
    """(H,): mean of an encoder's input embeddings of some tokens."""
    table = encoder.get_input_embeddings().weight
    vector: Array = table[torch.tensor(ids, device=table.device)].mean(dim=0).float().cpu().numpy()
    return vector


def torch_scorer(network: AnyNetwork, tokenizer: Any, window: Window, familiarity: Familiarity) -> EncoderScorer:
    """A scorer that computes with torch; `tokenizer` is the encoder's own of `transformers`."""
    tokens = TextTokenizer.of(tokenizer)
    forward = TorchForward(network, tokenizer, layout_of(window, tokens.padding))
    return EncoderScorer(forward, tokens, window, familiarity)


def make_network(encoder: Any, head: Head, window: Window) -> AnyNetwork:
    """The network that reads what the window cuts.

    Raises:
        ValueError: the window asks for a late context, and the encoder is none that can give it.
    """
    return LateNetwork(encoder, head, window.context_layer) if window.context_layer else Network(encoder, head)


def load_torch(folder: Path, settings: dict[str, Any]) -> EncoderScorer:
    """The scorer of a model folder, on a GPU if there is one; never asks a network."""
    tokenizer, encoder = read_encoder(str(folder / ENCODER), offline=True)
    window = Window(**settings["window"])
    head = make_head(window.head, encoder.config.hidden_size, settings["indicators"])
    head.load_state_dict(load_file(folder / HEAD))
    network = make_network(encoder, head, window).to("cuda" if torch.cuda.is_available() else "cpu")
    return torch_scorer(network, tokenizer, window, Familiarity.read(folder))


def save_encoder(place: Path, tokenizer: Any, encoder: Any) -> None:
    """Write a folder that `read_encoder` reads."""
    place.mkdir(parents=True, exist_ok=True)
    encoder.config.save_pretrained(place)
    tokenizer.save_pretrained(place)
    save_weights(place / WEIGHTS, {name: x.detach().float().cpu().numpy() for name, x in encoder.state_dict().items()})


def read_encoder(name: str, *, offline: bool) -> tuple[Any, Any]:
    """(tokenizer, encoder) in float32 of a folder by `save_encoder`, of any folder in the Hub's layout, or of a name on the Hub.

    Raises:
        OSError, ValueError: there is none, as `transformers` says it.
    """
    tokenizer = AutoTokenizer.from_pretrained(name, local_files_only=offline)
    weights = Path(name) / WEIGHTS
    if is_compact(weights):
        encoder = AutoModel.from_config(AutoConfig.from_pretrained(name, local_files_only=True))
        state = {key: torch.from_numpy(value) for key, value in load_weights(weights).items()}
        _without_pooler(encoder).load_state_dict(state)
    else:
        encoder = _without_pooler(AutoModel.from_pretrained(name, local_files_only=offline, dtype=torch.float32))
    return tokenizer, encoder


def _without_pooler(encoder: Any) -> Any:
    """Some encoders bring a layer on top that is never used here."""
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None
    return encoder
