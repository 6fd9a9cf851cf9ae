"""Proofs: published vectors, the naive tree of RFC 6962, and every kind of damage."""

import base64
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit.tlog.merkle import EMPTY_ROOT, hash_leaf
from services.audit.tlog.proofs import (
    Prover,
    prove_consistency,
    prove_inclusion,
    verify_consistency,
    verify_inclusion,
)
from services.audit.tlog.reader import Directory
from services.audit.tlog.writer import LogDirectory
from tests.audit.ledgers import log_key, naive_root
from tests.support.examples import count_examples

LEAVES = [b"entry %d" % number for number in range(1200)]
SIZES = st.integers(1, len(LEAVES))
MODULE = "github.com/transparency-dev/merkle"
RELEASED = f"{MODULE}@v0.0.2"
JSON_VECTORS = f"{MODULE}@v0.0.3-0.20260723164952-417fb0c31475"
"""The first release after v0.0.2 will hold them; until then this commit."""


@cache
def root(size: int) -> bytes:
    return naive_root(LEAVES[:size])


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Directory]:
    """Logs of some sizes, made when asked for."""
    folder = tmp_path_factory.mktemp("logs")

    class Logs(dict[int, Directory]):
        def __missing__(self, size: int) -> Directory:
            path = folder / str(size)
            LogDirectory(path, log_key()).publish(enumerate(LEAVES[:size]))
            self[size] = Directory(path)
            return self[size]

    return Logs()


# --- our own proofs ---------------------------------------------------------------------------


@given(SIZES, st.data())
@settings(deadline=None, max_examples=count_examples(20, 60))
def test_an_inclusion_proof_leads_to_the_naive_root(
    logs: dict[int, Directory], size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = prove_inclusion(logs[size], size, index)
    assert proof == naive_path(index, LEAVES[:size])
    assert verify_inclusion(hash_leaf(LEAVES[index]), index, size, proof, root(size))


@given(SIZES, st.data())
@settings(deadline=None, max_examples=count_examples(20, 60))
def test_a_consistency_proof_leads_to_both_naive_roots(
    logs: dict[int, Directory], new: int, data: st.DataObject
) -> None:
    old = data.draw(st.integers(1, new))
    proof = prove_consistency(logs[new], old, new)
    assert proof == naive_subproof(old, LEAVES[:new], whole=True)
    assert verify_consistency(old, new, proof, root(old), root(new))


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 511, 512, 513])
def test_every_entry_at_the_borders_of_tiles_is_proven(
    logs: dict[int, Directory], size: int
) -> None:
    prover = Prover(logs[size], size)
    for index in range(size):
        proof = prover.prove_inclusion(index)
        assert verify_inclusion(hash_leaf(LEAVES[index]), index, size, proof, root(size))


def test_a_proof_reads_few_tiles(tmp_path: Path) -> None:
    """70,000 entries need three levels: two tiles on each at most."""
    LogDirectory(tmp_path, log_key()).publish((n, b"%d" % n) for n in range(70_000))
    read: list[str] = []

    class Counting(Directory):
        def read(self, path: str) -> bytes | None:
            read.append(path)
            return super().read(path)

    for index in (0, 255, 256, 65_535, 65_536, 69_999):
        read.clear()
        assert len(prove_inclusion(Counting(tmp_path), 70_000, index)) <= 17
        assert len(read) <= 6


def test_nothing_beyond_the_log_is_proven(logs: dict[int, Directory]) -> None:
    for index in (-1, 5):
        with pytest.raises(ValueError, match="not among the first 5"):
            prove_inclusion(logs[5], 5, index)
    with pytest.raises(ValueError, match="not among the first 5"):
        prove_consistency(logs[5], 6, 5)


@given(SIZES, st.data())
@settings(deadline=None, max_examples=count_examples(33, 100))
def test_a_damaged_proof_proves_nothing(
    logs: dict[int, Directory], size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaf, proof = hash_leaf(LEAVES[index]), prove_inclusion(logs[size], size, index)
    assert verify_inclusion(leaf, index, size, proof, root(size))
    for other in damaged(proof, data):
        assert not verify_inclusion(leaf, index, size, other, root(size))
    assert not verify_inclusion(hash_leaf(b"another"), index, size, proof, root(size))
    assert not verify_inclusion(leaf, index, size, proof, root(size)[::-1])
    assert not verify_inclusion(leaf, index, index, proof, root(size))


@given(st.integers(2, len(LEAVES)), st.data())
@settings(deadline=None, max_examples=count_examples(33, 100))
def test_a_damaged_consistency_proof_proves_nothing(
    logs: dict[int, Directory], new: int, data: st.DataObject
) -> None:
    old = data.draw(st.integers(1, new - 1))
    proof = prove_consistency(logs[new], old, new)
    for other in damaged(proof, data):
        assert not verify_consistency(old, new, other, root(old), root(new))
    assert not verify_consistency(old, new, proof, root(new), root(new))
    assert not verify_consistency(old, new, proof, root(old), root(old))
    assert not verify_consistency(new, old, proof, root(new), root(old))


def test_from_nothing_there_is_nothing_to_prove() -> None:
    assert verify_consistency(0, 9, [], EMPTY_ROOT, root(9))
    assert not verify_consistency(0, 9, [root(9)], EMPTY_ROOT, root(9))
    assert not verify_consistency(0, 9, [], root(1), root(9))


def damaged(proof: list[bytes], data: st.DataObject) -> Iterator[list[bytes]]:
    yield [*proof, bytes(32)]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        bit = data.draw(st.integers(0, 255))
        flipped = (int.from_bytes(proof[at], "big") ^ 1 << bit).to_bytes(32, "big")
        yield proof[:-1]
        yield [*proof[:at], flipped, *proof[at + 1 :]]
        yield [*proof[:at], proof[at][:-1], *proof[at + 1 :]]


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962, section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*naive_path(index, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(index - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(old: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    """RFC 6962, section 2.1.2, word for word."""
    if old == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = split(len(leaves))
    if old <= k:
        return [*naive_subproof(old, leaves[:k], whole=whole), naive_root(leaves[k:])]
    return [*naive_subproof(old - k, leaves[k:], whole=False), naive_root(leaves[:k])]


def split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


# --- published vectors ------------------------------------------------------------------------


def downloaded(module: str) -> Path:
    """A Go module's folder in the module cache."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("go is not installed, and with it published proof vectors")
    command = [go, "mod", "download", "-json", module]
    done = subprocess.run(
        command, cwd="/", capture_output=True, text=True, timeout=100, check=False
    )
    said = json.loads(done.stdout or "{}")
    if "Dir" not in said:
        pytest.skip(f"{module} is not to be had here: {said.get('Error', done.stderr)[-200:]}")
    return Path(said["Dir"])


HASH = re.compile(r'dh\("([0-9a-f]*)"')


def table(text: str, name: str) -> str:
    """The lines of a Go slice, from its name to the brace that ends it."""
    return text.split(f"\t{name} = ", 1)[1].split("\n\t}\n", 1)[0]


def rows(text: str, name: str) -> list[tuple[int, int, list[bytes]]]:
    """(number, number, hashes) of each row of a table of proofs."""
    found = re.split(r"\n\t\t\{(?=\d)", table(text, name))[1:]
    numbers = [re.match(r"(\d+), (\d+), ", row) for row in found]
    return [
        (int(m[1]), int(m[2]), [bytes.fromhex(h) for h in HASH.findall(row)])
        for m, row in zip(numbers, found, strict=True)
        if m
    ]


def test_vectors_in_the_released_module_are_accepted_and_made(
    tmp_path: Path,
) -> None:
    """The tables of transparency-dev/merkle's proof/verify_test.go: a tree of eight leaves."""
    text = (downloaded(RELEASED) / "proof/verify_test.go").read_text()
    roots = [bytes.fromhex(each) for each in HASH.findall(table(text, "roots"))]
    leaves = [bytes.fromhex(each) for each in HASH.findall(table(text, "leaves"))]
    inclusions, consistencies = rows(text, "inclusionProofs"), rows(text, "consistencyProofs")
    assert (len(roots), len(leaves), len(inclusions), len(consistencies)) == (8, 8, 6, 5)
    for entry in enumerate(leaves):
        LogDirectory(tmp_path, log_key()).publish([entry])
    source = Directory(tmp_path)
    for number, size, proof in inclusions[1:]:  # the first is an empty tree: nothing is in it
        leaf = hash_leaf(leaves[number - 1])
        assert verify_inclusion(leaf, number - 1, size, proof, roots[size - 1])
        assert prove_inclusion(source, size, number - 1) == proof
    for old, new, proof in consistencies:
        assert verify_consistency(old, new, proof, roots[old - 1], roots[new - 1])
        assert prove_consistency(source, old, new) == proof


def test_every_published_json_vector_is_judged_as_it_says() -> None:
    """GUANJIA_MERKLE_VECTORS: a copy of the project's `testdata`, where its module is not had."""
    given_folder = os.environ.get("GUANJIA_MERKLE_VECTORS")
    folder = Path(given_folder) if given_folder else downloaded(JSON_VECTORS) / "testdata"
    judged = {judge: list((folder / judge).rglob("*.json")) for judge in JUDGES}
    assert all(len(files) > 90 for files in judged.values())
    for name, files in judged.items():
        for file in files:
            vector = json.loads(file.read_text())
            assert JUDGES[name](vector) != vector["wantErr"], file


def included(vector: dict[str, Any]) -> bool:
    leaf, proof, top = (decoded(vector[key]) for key in ("leafHash", "proof", "root"))
    return verify_inclusion(leaf, vector["leafIdx"], vector["treeSize"], proof, top)


def consistent(vector: dict[str, Any]) -> bool:
    proof, old, new = (decoded(vector[key]) for key in ("proof", "root1", "root2"))
    return verify_consistency(vector["size1"], vector["size2"], proof, old, new)


def decoded(value: Any) -> Any:
    """Go writes no bytes as null."""
    if isinstance(value, list):
        return [decoded(each) for each in value]
    return base64.b64decode(value) if value else b""


JUDGES = {"inclusion": included, "consistency": consistent}
