"""A desk, and groups brought to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from serving.groups.loading import Summary, load_groups
from tests.serving.desk.conftest import desk  # noqa: F401 (a fixture)
from tests.serving.groups.made import write


@pytest.fixture
def bring(desk, tmp_path: Path) -> Callable[..., Summary]:  # noqa: F811
    """Brings groups of ads to the desk; what is wrong with them is added to `bring.said`."""

    def run(groups, ads, answers=(), reports=(), **more) -> Summary:
        tagged = [write(tmp_path / "tagged.jsonl", answers)] if answers else []
        return load_groups(
            desk.ledger,
            write(tmp_path / "groups.jsonl", groups),
            [write(tmp_path / "ads.jsonl", ads)],
            tagged,
            [write(tmp_path / "report.jsonl", reports)] if reports else [],
            keep_days=30,
            tell=run.said.append,
            **more,
        )

    run.said = []
    return run


@pytest.fixture
def asked(desk) -> Callable[[Callable[[], object]], int]:  # noqa: F811
    """Counts what the store is asked while something runs."""

    def run(what: Callable[[], object]) -> int:
        count: list[int] = []
        heard = (desk.ledger.engine, "before_cursor_execute", lambda *_: count.append(1))
        sa.event.listen(*heard)
        try:
            what()
        finally:
            sa.event.remove(*heard)
        return len(count)

    return run
