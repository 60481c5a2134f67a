"""Regular expressions that an operator writes into the rules."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator


def _compiled(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is no regular expression ({error.msg})") from None
    return pattern


Pattern = Annotated[str, AfterValidator(_compiled)]
