"""Templates compiled once: their code stands beside them, as Python's own stands beside modules.

Compiling what a page consists of takes longer than rendering it, and every process did it anew.
"""

from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path
from secrets import token_hex
from types import CodeType

import jinja2
from jinja2 import Environment
from jinja2.bccache import Bucket, BytecodeCache


class CompiledTemplates(BytecodeCache):
    """In memory, and in `__pycache__` where this process may write there."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """The file: Python's place for it, by the versions of Python and Jinja."""
        assert filename is not None, f"{name} is no file"
        return str(Path(cache_from_source(filename)).with_suffix(f".jinja-{jinja2.__version__}"))

    def get_bucket(
        self, environment: Environment, name: str, filename: str | None, source: str
    ) -> Bucket:
        """Known by the names of filters and tests too, which the code depends on: a process that
        was started before an upgrade compiles the new templates without the new ones."""
        names = ",".join(sorted((*environment.filters, *environment.tests)))
        return super().get_bucket(environment, name, filename, f"{names}\n{source}")

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))
        # What cannot be read, or was cut off, is compiled anew.
        if bucket.code is None:
            with suppress(Exception), Path(bucket.key).open("rb") as file:
                bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._codes[bucket.key, bucket.checksum] = bucket.code
        file = Path(bucket.key)
        part = file.with_name(f"{file.name}.{token_hex(8)}")
        with suppress(OSError):
            file.parent.mkdir(exist_ok=True)
            with part.open("wb") as out:
                bucket.write_bytecode(out)
            part.replace(file)
