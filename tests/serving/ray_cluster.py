"""A Ray cluster for tests, in a process of its own: started as the commands start theirs, and able to hold all its processors.

``python -m tests.serving.ray_cluster PROCESSORS`` says where it is and where its files are, then does what each line asks for.
What uses it runs in a process of its own too (`apart`): Ray ends a process whose cluster is lost, and must not end the tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.conftest import ROOT


@dataclass
class Running:
    """The other end of such a process."""

    address: str
    folder: Path
    process: subprocess.Popen[str]

    def ask(self, line: str) -> str:
        """Have it done."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


@contextmanager
def cluster(processors: int) -> Iterator[Running]:
    """One that is there for as long as it is needed."""
    environment = {key: x for key, x in os.environ.items() if key != "RAY_ADDRESS"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.serving.ray_cluster", str(processors)],
        cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        yield Running(said["address"], Path(said["folder"]), process)
    finally:
        process.communicate(timeout=60)  # the end of its input ends it


def apart(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """What a function gives or raises in a fresh process, which ends with it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments, **named).result()


def main(processors: int) -> None:
    """Start it, and listen."""
    from serving.batch.cluster import connected

    with connected(processors):
        import ray

        class Holder:
            def there(self) -> bool:
                return True

        held = []
        folder = str(Path(ray._private.worker._global_node.get_session_dir_path()).parent.parent)
        print(json.dumps({"address": ray.get_runtime_context().gcs_address, "folder": folder}), flush=True)
        for line in sys.stdin:
            if line.strip() == "hold":
                held.append(ray.remote(Holder).options(num_cpus=processors).remote())
                ray.get(held[-1].there.remote())
            else:
                ray.kill(held.pop())
            print("done", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
