"""Values that do not change: the base of all that is decided on, stored and sent."""

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel

_set = object.__setattr__


class Frozen(BaseModel):
    """A model of which decisions make changed copies, some twenty for each record."""

    def model_copy(self, *, update: Mapping[str, object] | None = None, deep: bool = False) -> Self:
        """As pydantic's own, of a model without extra or private fields, in half of its time. What
        is changed is not validated."""
        extra, private = self.__pydantic_extra__, self.__pydantic_private__
        if deep or extra is not None or private is not None:
            return super().model_copy(update=update, deep=deep)
        changes = update or {}
        copied = object.__new__(type(self))
        _set(copied, "__dict__", {**self.__dict__, **changes})
        _set(copied, "__pydantic_fields_set__", self.__pydantic_fields_set__.union(changes))
        _set(copied, "__pydantic_extra__", None)
        _set(copied, "__pydantic_private__", None)
        return copied
