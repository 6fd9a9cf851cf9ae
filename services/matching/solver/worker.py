"""The solver's process: `python -m services.matching.solver.worker`.

Reads a four-byte length and that many bytes, answers alike, until its input ends; so it ends with
the service, however that ends. A question is a round's canonical inputs, to be solved; or
`{"explain": request, "named": offers or null, "inputs": text}`.
"""

import json
import struct
import sys
from dataclasses import asdict
from typing import BinaryIO

from services.matching.explaining.rounds import explanation
from services.matching.solver.interface import Solver, read
from services.matching.solver.min_cost_flow import MinCostFlow

LENGTH = struct.Struct(">I")
EXPLAIN = '{"explain":'


def reply_to(solver: Solver, question: str) -> str:
    if not question.startswith(EXPLAIN):
        return answer(solver, question)
    asked = json.loads(question)
    return json.dumps(explanation(asked["inputs"], asked["explain"], asked["named"]))


def answer(solver: Solver, text: str) -> str:
    decided = solver.decide(read(text))
    said = asdict(decided) | {"solver": solver.name, "version": solver.version}
    rows = [[a.request_id, a.offer_id, a.number, a.quantity] for a in decided.allocations]
    return json.dumps(said | {"allocations": rows})


def serve(solver: Solver, incoming: BinaryIO, outgoing: BinaryIO) -> None:
    while header := incoming.read(LENGTH.size):
        (length,) = LENGTH.unpack(header)
        reply = reply_to(solver, incoming.read(length).decode()).encode()
        outgoing.write(LENGTH.pack(len(reply)) + reply)
        outgoing.flush()


if __name__ == "__main__":
    serve(MinCostFlow(), sys.stdin.buffer, sys.stdout.buffer)
