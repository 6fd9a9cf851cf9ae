"""Signed notes and checkpoints, byte for byte against the public test log."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tlog_scales.signing import PlainEd25519Signer, Vkey
from tlog_scales.tlog import Checkpoint as OracleCheckpoint

from services.audit.tlog.checkpoint import Checkpoint, open_checkpoint
from services.audit.tlog.keys import SigningKey
from services.audit.tlog.note import COSIGNATURE, Note, NoteError, Signature, VerifierKey
from tests.audit.ledgers import ORIGIN, log_key, sign_checkpoint

VKEY = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
PUBLIC = """example.com/log/testdata
15
rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=

\u2014 example.com/log/testdata M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zfcBOhg+CKubMt53MvIt/\
uEWP6zdkdIQzd/fmwlM/dlPWF74ewI=
""".encode()


def test_public_test_log_is_accepted_and_written_byte_for_byte() -> None:
    key = VerifierKey.parse(VKEY)
    found = open_checkpoint(PUBLIC, [key])
    assert (found.origin, found.size) == ("example.com/log/testdata", 15)
    assert str(key) == VKEY
    assert bytes(Note.parse(PUBLIC)) == PUBLIC
    assert found.format_body().encode() + b"\n" == PUBLIC[: PUBLIC.index("\u2014".encode())]


@pytest.mark.parametrize("at", range(0, len(PUBLIC), 3))
def test_a_flipped_byte_of_the_public_checkpoint_is_refused(at: int) -> None:
    flipped = bytearray(PUBLIC)
    flipped[at] ^= 1
    with pytest.raises(NoteError):
        open_checkpoint(bytes(flipped), [VerifierKey.parse(VKEY)])


def test_signing_writes_what_the_oracle_writes() -> None:
    seed, root = bytes(range(32)), bytes(32)
    ours = sign_checkpoint(Checkpoint(ORIGIN, 7, root), log_key())
    signer = PlainEd25519Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(seed))
    theirs = OracleCheckpoint.make_signed(ORIGIN, 7, root, [signer])
    assert ours == theirs.serialize().encode()
    assert Vkey.from_string(str(log_key().vkey)).key_id == signer.vkey.key_id


def test_signatures_by_unknown_keys_are_ignored() -> None:
    mine, other = SigningKey.generate("log.test"), SigningKey.generate("other.test")
    namesake = SigningKey.generate("log.test")
    body = Checkpoint("log.test", 0, bytes(32)).format_body()
    note = bytes(Note(body, (other.sign(body), namesake.sign("else"), mine.sign(body))))
    assert open_checkpoint(note, [mine.vkey]).size == 0


def test_a_bad_signature_by_a_known_key_is_refused_even_beside_a_good_one() -> None:
    mine = SigningKey.generate("log.test")
    body = Checkpoint("log.test", 0, bytes(32)).format_body()
    note = bytes(Note(body, (mine.sign(body), mine.sign("something else"))))
    with pytest.raises(NoteError, match="bad signature"):
        open_checkpoint(note, [mine.vkey])


def test_a_note_without_the_pinned_key_is_refused() -> None:
    with pytest.raises(NoteError, match="not signed by"):
        open_checkpoint(PUBLIC, [log_key().vkey])


def test_a_witness_cosignature_verifies_with_its_time() -> None:
    private = Ed25519PrivateKey.generate()
    witness = VerifierKey("witness.test", COSIGNATURE, private.public_key().public_bytes_raw())
    body = Checkpoint(ORIGIN, 1, bytes(32)).format_body()
    signed = private.sign(f"cosignature/v1\ntime 1767225600\n{body}".encode())
    line = Signature(witness.name, witness.id, (1767225600).to_bytes(8, "big") + signed)
    assert Note(body, (line,)).find_signers([VerifierKey.parse(str(witness))]) == [witness]


def cosigned_note(*witnesses: SigningKey, by: SigningKey | None = None) -> Note:
    body = Checkpoint(ORIGIN, 1, bytes(32)).format_body()
    lines = (witness.cosign(body, 1_767_225_600 + at) for at, witness in enumerate(witnesses))
    return Note(body, ((by or log_key()).sign(body), *lines))


def witness_key(name: str = "witness.test") -> SigningKey:
    return SigningKey.generate(name, COSIGNATURE)


def test_one_of_the_logs_keys_is_enough() -> None:
    """While a key is replaced an auditor may hold both, and old checkpoints have but one."""
    old, new = log_key(), SigningKey.generate(ORIGIN)
    for signer in (old, new):
        note = bytes(cosigned_note(by=signer))
        assert open_checkpoint(note, [old.vkey, new.vkey]).size == 1
    with pytest.raises(NoteError, match="not signed by"):
        open_checkpoint(bytes(cosigned_note()), [new.vkey])
    with pytest.raises(NoteError, match="not signed by"):
        open_checkpoint(bytes(cosigned_note()), [])


def test_a_key_vouches_for_its_own_log_alone() -> None:
    other = SigningKey("another.test/log", log_key().private)
    with pytest.raises(NoteError, match="another log"):
        open_checkpoint(bytes(cosigned_note(by=other)), [other.vkey])


def test_a_quorum_is_counted_in_witnesses_that_signed_well() -> None:
    one, two, away = witness_key(), witness_key(), witness_key()
    known = [key.vkey for key in (one, two, away)]
    note = cosigned_note(one, two)
    assert open_checkpoint(bytes(note), [log_key().vkey], known, 2).size == 1
    assert open_checkpoint(bytes(note), [log_key().vkey], known[:2]).size == 1
    with pytest.raises(NoteError, match="2 witnesses cosigned, 3"):
        open_checkpoint(bytes(note), [log_key().vkey], known)
    forged = one.cosign("another body\n", 1_767_225_600)
    with pytest.raises(NoteError, match="bad signature"):
        open_checkpoint(
            bytes(cosigned_note().with_signatures([forged])), [log_key().vkey], known, 0
        )


def test_a_cosignature_of_another_time_is_none() -> None:
    """The time is signed with it."""
    witness = witness_key()
    line = cosigned_note(witness).signatures[1]
    later = (1_767_225_601).to_bytes(8, "big") + line.signature[8:]
    note = cosigned_note().with_signatures([Signature(line.name, line.key_id, later)])
    with pytest.raises(NoteError, match="bad signature"):
        note.find_cosigners([witness.vkey])


def test_a_logs_own_signature_is_no_cosignature() -> None:
    assert cosigned_note().find_cosigners([log_key().vkey]) == []


def test_a_witness_key_survives_its_text() -> None:
    key = witness_key()
    assert SigningKey.parse(key.format_secret()).vkey == key.vkey
    assert key.vkey.algorithm == COSIGNATURE


def test_the_secret_key_survives_its_text_and_stays_out_of_repr() -> None:
    key = SigningKey.generate("log.test")
    assert SigningKey.parse(key.format_secret()).vkey == key.vkey
    assert "private" not in repr(key).lower()
    with pytest.raises(NoteError) as refused:
        SigningKey.parse(key.format_secret()[:-6])
    assert key.format_secret()[30:-6] not in str(refused.value)


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "body",
    [
        f"log\n07\n{ROOT}\n",
        f"log\n+7\n{ROOT}\n",
        f"log\n-7\n{ROOT}\n",
        f"log\n\uff17\n{ROOT}\n",
        f"\n7\n{ROOT}\n",
        f"log\n7\n{ROOT[:-4]}\n",
        f"log\n7\n{ROOT[:-2]}B=\n",
        f"log\n7\n{ROOT}\nan extension\n",
        f"log\n7\n{ROOT}",
        "log\n7\n",
    ],
)
def test_checkpoints_have_one_spelling(body: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(body)


def test_a_frozen_checkpoint_says_so() -> None:
    frozen = Checkpoint("log", 7, bytes(32), frozen=True)
    assert Checkpoint.parse(frozen.format_body()) == frozen
    assert frozen.format_body().endswith("\nlog frozen\n")
