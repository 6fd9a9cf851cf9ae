"""What the reports share: which logs they read, how codes are told, what ends a command."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import httpx
import typer

from services.audit.cli.service import service_says
from services.audit.cli.showing import existing, unreadable
from services.audit.report.flow import EntryKey
from services.audit.report.reading import PublishedLog, open_log
from services.audit.verify.canonical import NotCanonicalError
from services.audit.verify.findings import BrokenError
from services.audit.verify.note import NoteError
from shared.contracts.values import LABELS
from shared.towns import town_name

Years = Annotated[
    list[str] | None,
    typer.Option(
        "--dir",
        metavar="DIR_OR_URL",
        help="日志目录或网址，多年依次给出；默认问服务 the log; again for each later year",
        callback=existing,
    ),
]


def logs_of(years: Sequence[str] | None) -> Iterator[PublishedLog]:
    """The logs at these places, or the one that the running service writes."""
    for each in years or [str((service_says(needed=True) or {})["log_dir"])]:
        yield open_log(each)


@contextmanager
def readable() -> Iterator[None]:
    """Ends the command, with what is wrong, where a log cannot be read."""
    try:
        yield
    except (NoteError, NotCanonicalError, httpx.HTTPError, OSError) as error:
        raise unreadable(error) from None
    except BrokenError as broken:
        raise unreadable(ValueError(str(broken.finding))) from None


def label(code: str) -> str:
    """`meals` -> 配餐 meals; a code without a title stands for itself."""
    title = LABELS.get(code) or town_name(code)
    return f"{title} {code}" if title else code


def leaf(key: EntryKey) -> str:
    return f"{key[0]} #{key[1]}"
