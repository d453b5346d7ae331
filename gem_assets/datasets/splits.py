"""Assign documents to train, validation and test, so that none stands in two, nor one that resembles it.

A document's group is joined from pairs that are alike; the group's lowest document id decides, by its hash,
so that a document stays where it is while others are added (unless one of them joins two groups).
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b

from gem_assets.datasets.recipes import SPLITS, Split, SplitSettings


def group_documents(documents: Iterable[str], alike: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give every document the lowest id of the documents it is joined with, itself included."""
    parent = {document: document for document in documents}

    def root(document: str) -> str:
        while parent[document] != document:
            parent[document] = parent[parent[document]]
            document = parent[document]
        return document

    for one, other in alike:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    return {document: root(document) for document in parent}


def assign_splits(groups: Mapping[str, str], settings: SplitSettings) -> dict[str, Split]:
    """Give every document the split that its group's hash falls into."""
    return {document: _split_of(group, settings) for document, group in groups.items()}


def _split_of(group: str, settings: SplitSettings) -> Split:
    place = int.from_bytes(blake2b(group.encode(), digest_size=8).digest()) / 2**64
    for split in SPLITS[:-1]:
        share = float(getattr(settings, split))
        if place < share:
            return split
        place -= share
    return SPLITS[-1] if settings.test > 0 else "train"
