"""Near-duplicate texts and shared sentences, within and across splits."""

from __future__ import annotations

from collections.abc import Sequence

from datasketch import MinHash, MinHashLSH

from triage.ngrams import fold
from triage.text import Document
from triage.units import split_units

SHINGLE = 5
NEAR = 0.5
"""Jaccard similarity of character 5-grams from which two texts are near-duplicates."""
SENTENCE_WORDS = 6
"""Shorter sentences are common property ("Ring til mig i morgen")."""


def shingles(text: str) -> set[str]:
    """Character 5-grams of the folded text, white space collapsed."""
    flat = " ".join(fold(text).split())
    return {flat[i : i + SHINGLE] for i in range(max(1, len(flat) - SHINGLE + 1))}


def near_duplicates(documents: Sequence[Document], threshold: float = NEAR) -> list[tuple[str, str, float]]:
    """Pairs of ids whose texts are alike, with their exact Jaccard similarity.

    Candidates come from MinHash LSH (datasketch; Broder 1997), each verified on the full sets.
    """
    sets = [shingles(document.text) for document in documents]
    lsh = MinHashLSH(threshold=threshold * 0.8, num_perm=64)
    hashes = []
    for index, pieces in enumerate(sets):
        minhash = MinHash(num_perm=64, seed=1)
        minhash.update_batch([piece.encode() for piece in pieces])
        hashes.append(minhash)
        lsh.insert(index, minhash)
    pairs = []
    for index, minhash in enumerate(hashes):
        for other in lsh.query(minhash):
            if other > index:
                both = len(sets[index] & sets[other])
                similarity = both / (len(sets[index]) + len(sets[other]) - both)
                if similarity >= threshold:
                    pairs.append((documents[index].id, documents[other].id, similarity))
    return sorted(pairs)


def sentences(document: Document) -> set[str]:
    """The folded sentences of a text with enough words to be its own."""
    as_note = Document(document.id, "note", document.text)
    found = set()
    for unit in split_units(as_note):
        words = "".join(c if c.isalnum() else " " for c in fold(document.text[unit.start : unit.end])).split()
        if sum(any(c.isalpha() for c in word) for word in words) >= SENTENCE_WORDS:
            found.add(" ".join(words))
    return found


def shared_sentences(documents: Sequence[Document]) -> list[tuple[str, str]]:
    """Pairs of ids of texts that share a whole sentence."""
    first: dict[str, str] = {}
    pairs: set[tuple[str, str]] = set()
    for document in documents:
        for sentence in sentences(document):
            owner = first.setdefault(sentence, document.id)
            if owner != document.id:
                pairs.add((owner, document.id))
    return sorted(pairs)
