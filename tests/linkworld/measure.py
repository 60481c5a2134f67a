"""Groups against who really wrote the ads: B-cubed precision, recall and F1 (Bagga and Baldwin 1998), and wrong ties."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from serving.linking.groups import Group


def bcubed(groups: Iterable[Sequence[str]], truth: Mapping[str, str]) -> dict[str, float]:
    """Of each ad: how much of its group is its operator's, how much of its operator's is in its group; means over all ads."""
    label: dict[str, str] = {x: f"alone {x}" for x in truth}
    for number, group in enumerate(groups):
        label |= dict.fromkeys(group, f"group {number}")
    together = Counter((label[x], truth[x]) for x in truth)
    groups_, operators = Counter(label.values()), Counter(truth.values())
    precision = sum(n * n / groups_[g] for (g, _), n in together.items()) / len(truth)
    recall = sum(n * n / operators[o] for (_, o), n in together.items()) / len(truth)
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / (precision + recall)}


def false_merges(groups: Iterable[Group], truth: Mapping[str, str]) -> list[dict[str, object]]:
    """Ties between ads of different operators: whose, and by what."""
    return [
        {"first": tie.first, "second": tie.second, "strength": tie.strength, "kinds": [x.kind for x in tie.reasons]}
        for group in groups
        for tie in group.ties
        if truth[tie.first] != truth[tie.second]
    ]
