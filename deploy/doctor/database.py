"""The database: its replica set, how far its members are apart, and what waits in outboxes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy.doctor.findings import Finding, is_well
from shared.contracts.topics import SERVICES

__all__ = [
    "PyMongoError",
    "check_members",
    "check_outboxes",
    "check_replica_set",
    "connect",
    "explain_absence",
    "read_hello",
]

ANSWER_MS = 3000
MEMBERS_MIN = 3
LAG_MAX = timedelta(seconds=10)
OUTBOX_AGE_MAX = timedelta(seconds=60)

Client = MongoClient[dict[str, Any]]


def connect(uri: str) -> Client:
    return MongoClient(uri, serverSelectionTimeoutMS=ANSWER_MS, tz_aware=True)


def read_hello(client: Client) -> dict[str, Any]:
    """Raises PyMongoError. Commands answer in times without a zone, unless they are asked."""
    return client.admin.command("hello", codec_options=client.codec_options)


def explain_absence(error: PyMongoError) -> Finding:
    return Finding(
        "数据库",
        "wrong",
        f"没有应答：{type(error).__name__}",
        "看 mongod 是否在运行、地址和密码（GUANJIA_MONGO_URI）；三台中至少要有两台。",
    )


def check_replica_set(hello: dict[str, Any], is_local: bool) -> Finding:
    if "setName" not in hello:
        return Finding("副本集", "wrong", "不是副本集", "事务需要副本集：rs.initiate()。")
    if not hello.get("primary"):
        return Finding("副本集", "wrong", "没有主节点", "三台中至少启动两台，看它们的日志。")
    members = len(hello["hosts"])
    state = f"{hello['setName']}，{members} 个成员"
    if members < MEMBERS_MIN and not is_local:
        return Finding("副本集", "soon", state, "正式运行要三台：少一台就停，坏一块盘就丢。")
    return is_well("副本集", state)


def check_members(hello: dict[str, Any], client: Client) -> Iterator[Finding]:
    """Each by itself: who is away, and who is behind the primary."""
    newest = hello.get("lastWrite", {}).get("lastWriteDate")
    for host in hello.get("hosts", ()) if len(hello.get("hosts", ())) > 1 else ():
        subject = f"数据库成员 {host}"
        try:
            with MongoClient(
                host,
                directConnection=True,
                serverSelectionTimeoutMS=ANSWER_MS,
                tz_aware=True,
                **_read_tls(client),
            ) as member:
                there = read_hello(member)
        except PyMongoError as error:
            yield Finding(subject, "wrong", type(error).__name__, "启动它，看它的日志和磁盘。")
            continue
        lag = newest - there["lastWrite"]["lastWriteDate"] if newest else timedelta()
        state = f"落后 {max(0.0, lag.total_seconds()):.0f} 秒"
        if lag > LAG_MAX:
            yield Finding(subject, "wrong", state, "看它的磁盘和网络；落后太多要重新同步。")
        else:
            yield is_well(subject, state)


def _read_tls(client: Client) -> dict[str, Any]:
    options = client.options
    context = options.pool_options._ssl_context
    return {"tls": True, "tlsInsecure": True} if context is not None else {}


def check_outboxes(client: Client, prefix: str, now: datetime) -> Iterator[Finding]:
    """What no broker has acknowledged for a minute."""
    for service in SERVICES:
        subject = f"待发事件 {service}"
        try:
            rows = client[f"{prefix}_{service}"]["outbox"]
            oldest = rows.find_one({"cluster": None}, sort=[("created_at", 1)])
            waiting = rows.count_documents({"cluster": None})
        except OperationFailure:
            yield Finding(subject, "unseen", "这个用户看不到", f"在 {service} 的容器里再查。")
            continue
        age = now - oldest["created_at"].astimezone(UTC) if oldest else timedelta()
        state = f"{waiting} 批"
        if age > OUTBOX_AGE_MAX:
            advice = "看消息系统是否正常；恢复后自动补发（docs/runbooks/alerts/OutboxStuck.md）。"
            yield Finding(subject, "wrong", f"{state}，最早 {age.total_seconds():.0f} 秒", advice)
        else:
            yield is_well(subject, state)
