"""The solver's process: `python -m services.matching.solver.worker`.

Reads a four-byte length and that many bytes of canonical inputs, answers alike, until its input
ends; so it ends with the service, however that ends.
"""

import json
import struct
import sys
from typing import BinaryIO

from services.matching.solver.interface import Solver, read
from services.matching.solver.priority import PriorityOrder

LENGTH = struct.Struct(">I")


def answer(solver: Solver, text: str) -> str:
    allocations = solver.solve(read(text))
    rows = [[a.request_id, a.offer_id, a.number, a.quantity] for a in allocations]
    return json.dumps({"solver": solver.name, "version": solver.version, "allocations": rows})


def serve(solver: Solver, incoming: BinaryIO, outgoing: BinaryIO) -> None:
    while header := incoming.read(LENGTH.size):
        (length,) = LENGTH.unpack(header)
        reply = answer(solver, incoming.read(length).decode()).encode()
        outgoing.write(LENGTH.pack(len(reply)) + reply)
        outgoing.flush()


if __name__ == "__main__":
    serve(PriorityOrder(), sys.stdin.buffer, sys.stdout.buffer)
