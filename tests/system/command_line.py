"""The command line, run in this process."""

from typer.testing import CliRunner, Result

from deploy.cli import app


def guanjia(*words: str) -> Result:
    return CliRunner().invoke(app, words)
