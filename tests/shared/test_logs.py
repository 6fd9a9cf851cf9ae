"""Logs: one JSON line each, and never what a variable held."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from shared import logs


def test_tracebacks_show_no_variables(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("test", "info")
    number = "+8613800138000"
    try:
        raise ValueError(len(number))
    except ValueError:
        structlog.get_logger().exception("sending_failed")
    line = capsys.readouterr().out.strip().splitlines()[-1]
    assert json.loads(line)["event"] == "sending_failed"
    assert number not in line


def make_record(text: str, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord("aiokafka.conn", logging.ERROR, "", 0, text, arguments, None)


def test_what_a_library_repeats_is_one_line_with_its_number() -> None:
    """As two clients of a broker that is away for 80 s, each at every 0.1 s."""
    now = 0.0
    filter_ = logs.RepeatFilter(lambda: now)
    passed = []
    for tick in range(800):
        now = tick / 10
        for node in (1, 2):
            record = make_record("Unable connect to node with id %s", node)
            if filter_.filter(record):
                passed.append(record)
    assert len(passed) == 8
    assert [getattr(record, "repeated", None) for record in passed[:2]] == [0, 199]


def test_other_messages_are_no_repetition() -> None:
    filter_ = logs.RepeatFilter(lambda: 0.0)
    assert filter_.filter(make_record("Unable connect to node"))
    assert filter_.filter(make_record("Topic not found"))
    assert not filter_.filter(make_record("Topic not found"))


def test_how_often_it_came_stands_in_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    record = make_record("Unable connect to node with id %s", 1)
    record.repeated = 7
    line = json.loads(logs._LibraryLines("intake").format(record))
    assert line["repeated"] == 7
    assert line["message"] == "Unable connect to node with id 1"


FULL = """
import resource
import sys

import structlog

from shared.logs import configure

configure("audit", "info")
log = structlog.get_logger()
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
log.info("before")
resource.setrlimit(resource.RLIMIT_FSIZE, (0, most))
for _ in range(1000):
    log.info("while_the_disk_is_full")
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
log.info("after")
"""


def test_a_disk_that_is_full_for_a_while_loses_lines_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "audit.log"
    with file.open("wb") as out:
        child = subprocess.run(
            (sys.executable, "-c", FULL), stdout=out, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (child.returncode, child.stderr) == (0, "")
    events = [json.loads(line)["event"] for line in file.read_text().splitlines() if line]
    assert (events[0], events[-1]) == ("before", "after")
