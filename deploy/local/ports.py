"""Free ports on loopback."""

import random
import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"
_PORT_MIN = 10_000
_returned: set[int] = set()


def find_free_port() -> int:
    """A port nobody listens on, and that this function has not returned before.

    It lies below the kernel's ephemeral range: a client that keeps reconnecting to a dead
    listener inside that range can connect to itself, and then the listener cannot come back.
    """
    for _ in range(1_000):
        port = random.randrange(_PORT_MIN, _read_ephemeral_port_min())  # noqa: S311 - no secret
        if port not in _returned and is_free(port):
            _returned.add(port)
            return port
    raise OSError(f"没有空闲端口 · no free port on {LOOPBACK} from {_PORT_MIN}")


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections of an earlier run in TIME_WAIT are no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _read_ephemeral_port_min() -> int:
    try:
        text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
    except OSError:
        return 32_768
    return max(int(text.split()[0]), _PORT_MIN + 1_000)
