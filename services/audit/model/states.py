"""What audit's aggregates have in common: counters that entries move, and a place on the log."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Self

from pydantic import Field

from shared.contracts.ledger_fields import EntryRef
from shared.messaging.decision import State


class CountedState(State):
    """An aggregate with counters. Only entries move them, and never below what is sound."""

    @property
    @abstractmethod
    def is_sound(self) -> bool:
        """Whether the counters can be true together."""

    def can_add(self, counter: str, amount: int) -> bool:
        return self._add(counter, amount).is_sound

    def add(self, counter: str, amount: int, _at: datetime) -> Self:
        """A copy with `amount` more under `counter`; a negative amount takes off."""
        moved = self._add(counter, amount)
        assert moved.is_sound, f"{type(self).__name__} {self.id} cannot add {amount} to {counter}"
        return moved

    def _add(self, counter: str, amount: int) -> Self:
        return self.model_copy(update={counter: getattr(self, counter) + amount})


class DatedState(CountedState):
    """moved_at: when each of its counters moved last; empty of what moved before it was noted."""

    moved_at: Mapping[str, datetime] = Field(default_factory=dict)

    def add(self, counter: str, amount: int, at: datetime) -> Self:
        moved_at = {**self.moved_at, counter: at}
        return super().add(counter, amount, at).model_copy(update={"moved_at": moved_at})


class PlacedState(State):
    """An aggregate that one entry is about. log and entry: where that entry stands."""

    log: str = ""
    entry: int | None = None

    @property
    def place(self) -> EntryRef:
        assert self.entry is not None, f"{type(self).__name__} {self.id} stands nowhere"
        return EntryRef(index=self.entry, log=self.log)

    def place_at(self, log: str, entry: int) -> Self:
        return self.model_copy(update={"log": log, "entry": entry})
