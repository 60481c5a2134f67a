"""What becomes of the processes of a command that was killed."""

import os
import time


def all_end(group: int, seconds: float) -> bool:
    """Whether every process of a process group ends within so many seconds."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False
