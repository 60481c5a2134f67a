"""One reading child for all imports of a file of tests: it costs more to start than most pages to read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from serving.ads.importing import Summary, import_ads
from serving.ads.reader import Reader
from serving.ads.rules import Rules


class Kept(Reader):
    """A reader that stays after an import."""

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    kept = Kept(Rules())
    yield kept
    kept.close()


@pytest.fixture
def take_in(tmp_path, reader) -> Callable[..., tuple[Path, Summary]]:
    """Import sources without rules; gives the output and the summary."""

    def run(*sources: Path) -> tuple[Path, Summary]:
        output = tmp_path / "out" / "ads.jsonl"
        output.parent.mkdir(exist_ok=True)
        return output, import_ads(sources, output, Rules(), reader=reader)

    return run
