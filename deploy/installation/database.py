"""The replica set of an installation, and a user for each service, made once."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy.installation.files import REPLICA_SET

ALREADY_INITIALIZED = 23
USER_EXISTS = 51003

ANSWER_MS = 5000
ANSWER_S_MAX = 120.0

Client = MongoClient[dict[str, Any]]
T = TypeVar("T")


def connect(uri: str) -> Client:
    return MongoClient(uri, serverSelectionTimeoutMS=ANSWER_MS)


def retry(attempt: Callable[[], T]) -> T:
    """While the database comes up. Raises SystemExit with the last reason."""
    deadline = time.monotonic() + ANSWER_S_MAX
    while True:
        try:
            return attempt()
        except PyMongoError as error:
            if time.monotonic() > deadline:
                raise SystemExit(f"数据库没有应答 · no answer of the database: {error}") from None
            time.sleep(1)


def initiate(client: Client, members: list[str]) -> bool:
    """client: of one member, directly. Whether the set was made now."""
    config = {
        "_id": REPLICA_SET,
        "members": [{"_id": number, "host": host} for number, host in enumerate(members)],
    }
    try:
        client.admin.command("replSetInitiate", config)
    except OperationFailure as failure:
        if failure.code != ALREADY_INITIALIZED:
            raise
        return False
    return True


def create_user(client: Client, service: str, password: str) -> bool:
    """Reads and writes its own database alone. Whether it was made now."""
    database = f"guanjia_{service}"
    try:
        client[database].command("createUser", service, pwd=password, roles=["readWrite"])
    except OperationFailure as failure:
        if failure.code != USER_EXISTS:
            raise
        client[database].command("updateUser", service, pwd=password, roles=["readWrite"])
        return False
    return True
