"""Logs: one JSON line each, and never what a variable held."""

import json

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
