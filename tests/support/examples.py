"""On how many examples a property is tried."""

import os

IS_DEEP = os.environ.get("GUANJIA_TEST_DEEP") == "1"


def count_examples(few: int, many: int) -> int:
    """few: at every change. many: in `make test-long`."""
    return many if IS_DEEP else few
