"""The data folder of a run that begins with nothing: the demo's, chaos's."""

import shutil
import tempfile
from pathlib import Path

from deploy.local.mongod import find_mongod_data
from deploy.local.parts import find_broker_data
from deploy.local.stack_file import BROKERS, MONGODS


def choose_run_folder(data_dir: Path | None, run: str) -> Path:
    """A temporary one of this run where none is given; SystemExit for one that is not empty."""
    if data_dir is None:
        return Path(tempfile.mkdtemp(prefix=f"guanjia-{run}-")).absolute()
    if data_dir.exists() and any(data_dir.iterdir()):
        raise SystemExit(f"数据目录不为空 · not empty: {data_dir}")
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return data_dir.absolute()


def delete_databases(folder: Path) -> None:
    """The ledger, its keys and the services' logs stay for inspection; the rest is large."""
    for path in (
        *(find_broker_data(folder, name) for name in BROKERS),
        *(find_mongod_data(folder, name) for name in MONGODS),
        folder / "older",
    ):
        shutil.rmtree(path, ignore_errors=True)
