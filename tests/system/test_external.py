"""`guanjia up` with a broker or a database that is not there says so within seconds."""

import asyncio
from pathlib import Path

import pytest

from deploy.local import external
from deploy.local.runner import PartFailedError
from tests.system.command_line import guanjia


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external, "WAIT_S", 0)


def test_a_broker_that_does_not_answer_is_said_before_anything_starts(tmp_path: Path) -> None:
    result = guanjia("up", "--kafka", "127.0.0.1:1", "--data-dir", str(tmp_path))
    assert result.exit_code == 1
    assert "Kafka（127.0.0.1:1）没有应答" in f"{result.output}{result.exception}"


def test_a_database_that_does_not_answer_is_said_without_its_password() -> None:
    with pytest.raises(PartFailedError, match=r"MongoDB（127\.0\.0\.1:1）没有应答") as failure:
        asyncio.run(external.check_external(None, "mongodb://guanjia:geheim@127.0.0.1:1/"))
    assert "geheim" not in str(failure.value)


@pytest.mark.parametrize("text", ["kafka.example:port", ":9092", "host:0", ""])
def test_what_is_no_address_is_said(text: str) -> None:
    with pytest.raises(PartFailedError, match="主机:端口"):
        external.parse_bootstrap(text)


def test_a_databases_address_is_read_without_its_password() -> None:
    uri = "mongodb://guanjia:p%40ss@a.example:1,b.example/?replicaSet=rs0"
    assert external.parse_mongo(uri) == [("a.example", 1), ("b.example", 27017)]
    assert external.parse_mongo("mongodb+srv://guanjia:p@db.example/") == []
    with pytest.raises(PartFailedError, match="mongodb://"):
        external.parse_mongo("db.example:27017")


def test_several_brokers_and_the_usual_port() -> None:
    nodes = external.parse_bootstrap("a.example:1, b.example,[::1]:9")
    assert nodes == [("a.example", 1), ("b.example", 9092), ("::1", 9)]
