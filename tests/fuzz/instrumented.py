"""One target under atheris, in a process of its own: ``python -m tests.fuzz.instrumented TARGET [libFuzzer's options] CORPUS``.

It ends with status 0 when its time is up, and with another at the first finding, which libFuzzer writes down.
"""

from __future__ import annotations

import logging
import sys
import warnings
from pathlib import Path

PACKAGES = ("serving", "triage", "training")
"""What atheris watches besides the libraries of a group of targets."""
_LIBRARIES = {
    "files": ("pypdf", "docx", "openpyxl", "oxmsg", "olefile", "charset_normalizer", "email", "zipfile", "csv"),
    "requests": ("python_multipart", "starlette", "joserfc", "authlib", "http", "urllib"),
    "stored": ("csv", "json", "tomllib"),
}
"""Those that read what others wrote."""


def main() -> None:
    """Fuzz until libFuzzer ends the process."""
    import atheris

    full, *options = sys.argv[1:]
    where, _, name = full.partition(".")
    logging.disable(logging.CRITICAL)  # as the sandbox does: libraries quote the file in their warnings
    warnings.simplefilter("ignore")
    with atheris.instrument_imports(include=[*PACKAGES, *_LIBRARIES[where]]):
        from tests.fuzz.targets import group

        (target,) = (x for x in group(where).targets() if x.name == name)
        seeds = target.seeds()
        for seed in seeds:  # imports what is imported at its first use, and proves that the target runs at all
            target.check(seed)
    corpus = Path(options[-1])
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], f"-max_len={target.largest}", *options], target.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
