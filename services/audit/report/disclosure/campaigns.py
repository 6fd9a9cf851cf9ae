"""Campaigns and projects with dates, which the log does not know: they come from a file."""

from datetime import date
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError


class Campaign(BaseModel):
    """募捐活动 or 慈善项目. end: its last day, if that is set. funds: where its money is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    start: date
    end: date | None = None
    funds: tuple[str, ...] = ()
    kind: Literal["campaign", "project"] = "campaign"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end is not None and self.end < self.start:
            raise PydanticCustomError("ends_before_start", "it ends before it starts")
        return self


_LIST = TypeAdapter(list[Campaign])


def read_campaigns(file: Path) -> list[Campaign]:
    """A JSON list of campaigns; pydantic's ValidationError says what is wrong where."""
    return _LIST.validate_json(file.read_bytes())
