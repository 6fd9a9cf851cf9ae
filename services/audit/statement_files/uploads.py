"""Files that finance took in by page: kept sealed until they are entered, a week at most before and
after; and how each account's files are read, remembered from the last.

A file is entered in portions. What became of its rows is stored with the number of portions that
are done, so whoever goes on after a kill begins with the one that was under way: its rows are known
by their ids.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from services.audit.model.statement_files import FileSummary
from services.audit.resources import AuditRuntime
from services.audit.statements import Layout
from services.audit.statements.trial import Trial
from shared import mongo
from shared.documents import Document
from shared.errors import Problem
from shared.ids import make_id
from shared.messaging.resealing import SealedCollection, SealedValue
from shared.messaging.sealing import Sealer
from shared.security import Keyring
from shared.sheets import RefusedRow, format_refused
from shared.text import fold_text

UPLOADS = "statement_uploads"
LAYOUTS = "statement_layouts"
UPLOADS_LAST = timedelta(days=7)
FILE_BYTES_MAX = 4 * 1024 * 1024
NEWEST_MAX = 30
INDEXES: tuple[mongo.Index, ...] = (
    (UPLOADS, [("expires_at", 1)], {"expireAfterSeconds": 0}),
    (UPLOADS, [("state", 1)], {}),
    (LAYOUTS, [("_id", 1)], {}),
)
UploadState = Literal["preview", "proposed", "running", "done", "declined", "stopped"]


@dataclass(frozen=True, slots=True)
class Upload:
    """by: the credential of who took it in. proposal: the id of its StatementFile, once it is one.
    total: rows, as they were counted then. portions: that are done. counts: what became of their
    rows. finished: how many rows that were. questions: rows that may be gifts of before."""

    id: str
    by: str
    name: str
    source: str
    layout: Layout
    state: UploadState = "preview"
    proposal: str = ""
    are_apart: bool = False
    total: int = 0
    portions: int = 0
    finished: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    refused: int = 0

    @property
    def questions(self) -> int:
        return self.counts["asked_alike"]


def build_upload_sealer(keyring: Keyring) -> Sealer:
    return Sealer(partial(keyring.list_sealing_keys, "statement-files"))


def describe_uploads(sealer: Sealer) -> SealedCollection:
    return SealedCollection(UPLOADS, ("content", "refused_rows"), sealer, _list_sealed)


def _list_sealed(document: Document) -> Iterable[SealedValue]:
    for name in ("content", "refused_rows"):
        if name in document:
            yield SealedValue(name, f"{document['_id']} {name}", bytes(document[name]))


async def save_upload(runtime: AuditRuntime, upload: Upload, content: bytes, at: datetime) -> None:
    sealed = build_upload_sealer(runtime.keyring).seal(f"{upload.id} content", content)
    document = {
        "_id": upload.id,
        "by": upload.by,
        "name": upload.name,
        "source": upload.source,
        "layout": upload.layout.model_dump(mode="json"),
        "state": upload.state,
        "content": sealed,
        "at": at,
        "expires_at": at + UPLOADS_LAST,
    }
    await runtime.database[UPLOADS].insert_one(document)


async def load_upload(database: mongo.Database, id_: str) -> Upload | None:
    row = await database[UPLOADS].find_one({"_id": id_}, _WITHOUT_SEALED)
    return _parse_upload(row) if row else None


async def list_uploads(database: mongo.Database, by: str) -> list[Upload]:
    """The newest: his own, and those that were handed to others."""
    query = {"$or": [{"state": {"$ne": "preview"}}, {"by": by}]}
    cursor = database[UPLOADS].find(query, _WITHOUT_SEALED).sort("at", -1).limit(NEWEST_MAX)
    return [_parse_upload(row) for row in await cursor.to_list(None)]


async def load_content(runtime: AuditRuntime, id_: str) -> bytes | None:
    """None where it is gone: everything of it was entered, or it was declined."""
    return await _load_sealed(runtime, id_, "content")


async def _load_sealed(runtime: AuditRuntime, id_: str, name: str) -> bytes | None:
    row = await runtime.database[UPLOADS].find_one({"_id": id_}, {name: 1})
    if not row or name not in row:
        return None
    return build_upload_sealer(runtime.keyring).open(f"{id_} {name}", bytes(row[name]))


async def save_columns(database: mongo.Database, upload: Upload) -> None:
    """How its columns are read, before it is handed to another person."""
    query = {"_id": upload.id, "by": upload.by, "state": "preview"}
    layout = upload.layout.model_dump(mode="json")
    await database[UPLOADS].update_one(query, {"$set": {"layout": layout}})


async def hand_over(database: mongo.Database, upload: Upload, total: int) -> None:
    """To another person, as `upload.proposal` has it: it waits for him as long as he takes."""
    query = {"_id": upload.id, "state": {"$in": ["preview", "done"]}}
    changes = {
        "state": "proposed",
        "layout": upload.layout.model_dump(mode="json"),
        "proposal": upload.proposal,
        "are_apart": upload.are_apart,
        "total": total,
        "portions": 0,
        "finished": 0,
        "counts": {},
        "refused": 0,
    }
    removed = {"expires_at": "", "refused_rows": "", "claimed_until": ""}
    await database[UPLOADS].update_one(query, {"$set": changes, "$unset": removed})


# --- how an account's files are read --------------------------------------------------------------


async def remember_layout(database: mongo.Database, upload: Upload) -> None:
    """Of an account that has a name, once two people agree on it. It holds headers, a fund and the
    account; nobody's name."""
    if not upload.layout.account:
        return
    fields = {
        "account": upload.layout.account,
        "source": upload.source,
        "layout": upload.layout.model_dump(mode="json"),
    }
    id_ = _derive_layout_id(upload.layout.account)
    await database[LAYOUTS].update_one({"_id": id_}, {"$set": fields}, upsert=True)


async def load_remembered(database: mongo.Database, account: str) -> tuple[Layout, str] | None:
    """And the source of the account's last file."""
    row = await database[LAYOUTS].find_one({"_id": _derive_layout_id(account)})
    return (Layout.model_validate(row["layout"]), row["source"]) if row else None


async def list_accounts(database: mongo.Database) -> list[str]:
    cursor = database[LAYOUTS].find({}, {"account": 1}).sort("account", 1)
    return [row["account"] for row in await cursor.to_list(None)]


def _derive_layout_id(account: str) -> str:
    return make_id("A", fold_text(account))


# --- what is proposed -----------------------------------------------------------------------------


def summarize(upload: Upload, content: bytes, trial: Trial) -> FileSummary:
    return FileSummary(
        source=upload.source,
        name=upload.name,
        account=trial.account,
        first=trial.first,
        last=trial.last,
        gifts=trial.rows,
        amount_fen=trial.amount_fen,
        payments=len(trial.payments),
        refused=len(trial.refused),
        sha256=hash_file(upload, content),
        are_apart=upload.are_apart,
        sums_differ=trial.sums_differ,
        stated_fen={kind: stated.amount_fen for kind, stated in trial.stated.items()},
        days=trial.list_days(),
        opening_fen=trial.balances[0] if trial.balances else None,
        closing_fen=trial.balances[1] if trial.balances else None,
    )


def hash_file(upload: Upload, content: bytes) -> str:
    """Of the file and of how its columns are read: what was approved is what is entered."""
    return hashlib.sha256(upload.layout.model_dump_json().encode() + content).hexdigest()


# --- what became of it ----------------------------------------------------------------------------


async def claim_next(
    database: mongo.Database, id_: str, now: datetime, until: datetime
) -> Upload | None:
    """One that is approved, for one instance alone; None where another works on it."""
    free = {"$or": [{"claimed_until": None}, {"claimed_until": {"$lte": now}}]}
    query = {"_id": id_, "state": {"$in": ["proposed", "running"]}, **free}
    changes = {"$set": {"state": "running", "claimed_until": until}}
    row = await database[UPLOADS].find_one_and_update(query, changes)
    return replace(_parse_upload(row), state="running") if row else None


async def list_handed_over(database: mongo.Database) -> list[Upload]:
    query = {"state": {"$in": ["proposed", "running"]}}
    rows = await database[UPLOADS].find(query, _WITHOUT_SEALED).to_list(None)
    return [_parse_upload(row) for row in rows]


async def save_progress(
    runtime: AuditRuntime, upload: Upload, refused: Sequence[RefusedRow], until: datetime
) -> None:
    changes: dict[str, object] = {
        "portions": upload.portions,
        "finished": upload.finished,
        "counts": dict(upload.counts),
        "refused": len(refused),
        "refused_rows": _seal_refused(runtime, upload.id, refused),
        "claimed_until": until,
    }
    await runtime.database[UPLOADS].update_one({"_id": upload.id}, {"$set": changes})


def _seal_refused(runtime: AuditRuntime, id_: str, refused: Sequence[RefusedRow]) -> bytes:
    rows = [
        [row.line, row.original, [problem.as_dict() for problem in row.problems]] for row in refused
    ]
    content = json.dumps(rows, ensure_ascii=False).encode()
    return build_upload_sealer(runtime.keyring).seal(f"{id_} refused_rows", content)


async def load_refused(runtime: AuditRuntime, id_: str) -> list[RefusedRow]:
    content = await _load_sealed(runtime, id_, "refused_rows")
    return [
        RefusedRow(line, tuple(original), tuple(Problem(**each) for each in problems))
        for line, original, problems in json.loads(content or b"[]")
    ]


def format_refused_file(headers: Sequence[str], refused: Sequence[RefusedRow]) -> bytes:
    rows = sorted(refused, key=lambda row: row.line)
    return format_refused(headers, rows).encode("utf-8-sig")


async def end_upload(
    database: mongo.Database,
    upload: Upload,
    state: UploadState,
    now: datetime,
    headers: Sequence[str] = (),
) -> None:
    """Its content goes, unless somebody has to look at rows that may be gifts of before."""
    is_kept = state == "done" and upload.questions > 0
    removed = {"claimed_until": ""} | ({} if is_kept else {"content": ""})
    changes = {"state": state, "headers": list(headers), "expires_at": now + UPLOADS_LAST}
    await database[UPLOADS].update_one({"_id": upload.id}, {"$set": changes, "$unset": removed})


async def load_headers(database: mongo.Database, id_: str) -> list[str]:
    row = await database[UPLOADS].find_one({"_id": id_}, {"headers": 1})
    return list(row.get("headers", ())) if row else []


_WITHOUT_SEALED = {"content": 0, "refused_rows": 0}


def _parse_upload(row: Document) -> Upload:
    return Upload(
        id=row["_id"],
        by=row["by"],
        name=row["name"],
        source=row["source"],
        layout=Layout.model_validate(row["layout"]),
        state=row["state"],
        proposal=row.get("proposal", ""),
        are_apart=row.get("are_apart", False),
        total=row.get("total", 0),
        portions=row.get("portions", 0),
        finished=row.get("finished", 0),
        counts=Counter(row.get("counts", {})),
        refused=row.get("refused", 0),
    )
