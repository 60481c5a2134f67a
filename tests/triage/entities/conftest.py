"""What the tests of all kinds ask."""

import pytest

from triage.entities import find_entities


@pytest.fixture
def found():
    """Quotes and values of one kind in a text, in order."""

    def find(kind, text):
        entities = find_entities(text)
        assert all(text[x.span.start : x.span.end] == x.quote for x in entities)
        return [(x.quote, x.value) for x in entities if x.type == kind]

    return find
