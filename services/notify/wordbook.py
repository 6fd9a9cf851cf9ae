"""The words as the sender uses them: the file's, with the approved versions over them."""

import time
from collections import ChainMap
from collections.abc import Iterable, Mapping
from typing import get_args

from services.notify.templates import TEMPLATES, Template
from services.notify.wordings import IdOf, Wording, find_template, find_words
from shared import mongo

IDS_OF: tuple[IdOf, ...] = get_args(IdOf)
REFRESH_S = 10.0


class WordBook:
    """The words as they are sent now; read again every ten seconds."""

    def __init__(self) -> None:
        self._templates: Mapping[str, Template] = TEMPLATES
        self._ids: Mapping[IdOf, dict[str, str]] = {each: {} for each in IDS_OF}
        self._refresh_at = 0.0

    def get(self, purpose: str) -> Template:
        return self._templates[purpose]

    def overlay(self, of: IdOf, ids: Mapping[str, str]) -> Mapping[str, str]:
        """Template -> its id: a version's own before these."""
        return ChainMap(self._ids[of], dict(ids))

    async def refresh(self, database: mongo.Database) -> None:
        if time.monotonic() < self._refresh_at:
            return
        self.update(await mongo.find(database, Wording, {}))
        self._refresh_at = time.monotonic() + REFRESH_S

    def update(self, wordings: Iterable[Wording]) -> None:
        current = {wording.id: wording for wording in wordings if wording.id in TEMPLATES}
        self._templates = {name: find_template(name, current.get(name)) for name in TEMPLATES}
        for of, ids in self._ids.items():
            ids.clear()
            for name, wording in current.items():
                words = find_words(name, wording)
                if words and (id_ := words.ids.get(of)):
                    ids[name] = id_
