"""Writes the documents that are generated from the code: `python -m deploy.docs`.

docs/data.md: databases, collections, fields, indexes. A test compares it with the code.
"""

import importlib
import inspect
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from deploy.commands.services import SERVICES, find_settings_class
from deploy.watching.alerts import render_rules
from deploy.watching.dashboards import DASHBOARDS, render_dashboard
from shared import actions, mongo
from shared.credential_uses import USES
from shared.looks import DEAD_LETTER_LOOKS
from shared.messaging import batch_store, feedback, outbox
from shared.messaging.decision import State
from shared.security import create_root_key
from shared.service import Service, index_state
from shared.settings import Settings

RETENTION_DAYS = 30
ROOT = Path(__file__).parents[1]
HEADER = """# Data

<!-- Written by `python -m deploy.docs`. Change the code, then write it again. -->

Each service has its own MongoDB database, `guanjia_<service>` (`GUANJIA_MONGO_PREFIX`), and reads
no other. A state is a frozen pydantic model; its document has the same fields, with `_id` for `id`
and `_version`, which every write checks. Fields are added with a default and never renamed, so that
stored documents stay readable. A field that a state no longer has is removed from its documents
(`RETIRED_FIELDS`, decision 0515).

Every state also has `due_at`, its deadline (indexed in those that are found by it), and
`correlation_id`, its first cause. They are not repeated below.
"""

# What every service has besides its states, and documents that no State describes.
DESCRIPTIONS: Mapping[str, str] = {
    "actions": "Log of staff requests over HTTP: who, when, route, ids, and the outcome.",
    "credential_uses": "When each credential was last used at this service, to the half minute.",
    "outbox": "Events of one transaction, published or waiting. Written in the same transaction.",
    "sequences": "The last sequence applied of each (source, subject).",
    "parked": "Events that came before an earlier one of their subject, and wait for it.",
    "idempotency_keys": "The answer to each command by its key, with a keyed hash of its content.",
    "positions": "Where to resume, by cluster, topic and partition. Offsets only grow.",
    "dead_letters": "Records that could not be processed, sealed, with reason and settlement.",
    "dead_letter_looks": "Who opened which dead letter, and when.",
    "feedback": "Outcomes of each source's records, numbered by source; one document per batch.",
    "feedback_lines": "The last number of each source's feedback, in `_emitted`.",
    "erasures": "Erased persons. One that is in the erasures folder but not here is erased again.",
    "round_inputs": "The inputs of a round, for replay.",
    "binding_codes": "The openid that asked for a code, by a keyed digest of it, for ten minutes.",
    "own_proofs": "The page a code belongs to and the contact that sent it back, for half an hour.",
    "callback_nonces": "Timestamps and nonces signed by WeChat, with a digest of the body.",
    "findings": "Requests found by a search, for twelve hours; never the search terms.",
    "sheet_uploads": "Uploaded sheets, sealed, for a day; and the result of importing them.",
    "statement_uploads": "Banks' files by page, sealed, until entered; a week before and after.",
    "statement_layouts": "How each account's files are read: headers, fund, source of the last.",
    "looks": "Access log of payees' accounts and givers' words: by whom, when, what for.",
    "vault_access": "Access log of the vault: whose contact or name, by whom, when, what for.",
}


def build_data_page() -> str:
    with tempfile.TemporaryDirectory() as folder:
        create_root_key(Path(folder))
        sections = [_describe_service(name, Path(folder)) for name in SERVICES]
    common = _describe_collections(
        [
            *actions.INDEXES,
            *DEAD_LETTER_LOOKS.indexes,
            *batch_store.INDEXES,
            *feedback.INDEXES,
            *outbox.list_indexes(RETENTION_DAYS),
        ]
    )
    unindexed = [f"### `{USES}`", "", DESCRIPTIONS[USES]]
    text = "\n".join([HEADER, *sections, "## Every service", "", *common, *unindexed])
    return text.rstrip() + "\n"


def _describe_service(name: str, secrets_dir: Path) -> str:
    settings = find_settings_class(name)(secrets_dir=secrets_dir)
    app = importlib.import_module(f"services.{name}.main").create_app(settings)
    service: Service[Settings, object] = app.state.service
    names = {state.COLLECTION for state in service.states}
    lines = [f"## {name}", ""]
    for state in service.states:
        indexes = [index_state(state)] if state.HAS_DEADLINES else []
        indexes += [index for index in service.indexes if index[0] == state.COLLECTION]
        lines += [*_describe_state(state), *_describe_indexes(indexes)]
    lines += _describe_collections([index for index in service.indexes if index[0] not in names])
    return "\n".join(lines)


def _describe_state(state: type[State]) -> Iterator[str]:
    module = state.__module__.replace(".", "/")
    yield f"### `{state.COLLECTION}`"
    yield ""
    yield f"{_read_summary(state)} `{state.__name__}` in `{module}.py`."
    yield ""
    yield "| Field | Type |"
    yield "|---|---|"
    yield "| `id` | str |"
    for name, field in state.model_fields.items():
        if name not in State.model_fields:
            yield f"| `{name}` | {_format_type(field.annotation)} |"
    yield ""


def _describe_collections(indexes: Iterable[mongo.Index]) -> Iterator[str]:
    """Collections without a state of their own."""
    for collection, rows in groupby(indexes, key=itemgetter(0)):
        yield f"### `{collection}`"
        yield ""
        yield DESCRIPTIONS[collection]
        yield ""
        yield from _describe_indexes(rows)


def _describe_indexes(indexes: Iterable[mongo.Index]) -> Iterator[str]:
    lines = [_format_index(keys, options) for _, keys, options in indexes]
    yield from [*lines, ""] if lines else []


def _format_index(keys: Sequence[tuple[str, int]], options: Mapping[str, object]) -> str:
    fields = ", ".join(name if way == 1 else f"{name} descending" for name, way in keys)
    details = ", ".join(f"{name}: `{value}`" for name, value in options.items())
    return f"- index on {fields}{f' ({details})' if details else ''}"


def _read_summary(state: type[State]) -> str:
    """The first paragraph of its docstring."""
    text = inspect.getdoc(state) or ""
    return " ".join(text.split("\n\n")[0].split())


def _format_type(annotation: object) -> str:
    """As a reader writes it: `Need`, `str or none`, `tuple of Attempt`."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _format_type(arguments[0])
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin in (Union, UnionType):
        return " or ".join(_format_type(argument) for argument in arguments)
    if origin is None:
        return "none" if annotation is type(None) else getattr(annotation, "__name__", "any")
    inner = [_format_type(argument) for argument in arguments if argument is not Ellipsis]
    name = getattr(origin, "__name__", str(origin)).lower()
    return f"{name} of {' to '.join(inner)}"


def build_watching_files() -> dict[Path, str]:
    """What Prometheus and Grafana read."""
    folder = ROOT / "deploy" / "watching"
    dashboards = folder / "grafana" / "dashboards"
    boards = {dashboards / each.file: render_dashboard(each) for each in DASHBOARDS}
    return {folder / "alerts.yml": render_rules(), **boards}


def main() -> None:
    texts = {ROOT / "docs" / "data.md": build_data_page(), **build_watching_files()}
    for file, text in texts.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main()
