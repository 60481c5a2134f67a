"""Which ads belong together, and what ties them: a lead about texts, never about a person.

``records.py`` is what comes in. ``signatures.py`` turns each ad into keyed hashes, once; ``segments.py`` keeps them, batch by
batch. ``linking.py`` makes groups of all signatures together, the same whatever their order and however they came in batches.
Knows neither database nor HTTP, and keeps no text and no contact: ``showing.py`` shows a tie by where its hashes stand
(``marks.py``).
"""
