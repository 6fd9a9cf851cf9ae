"""A database that is put back knows who was erased since: nobody is served before."""

from pathlib import Path

import pyrage  # type: ignore[import-untyped]
import pytest
from typer.testing import CliRunner

from deploy.commands.keys import app
from services.intake.erasures import Erasure, load_erasures, save_erasure
from services.intake.model import Person
from shared import mongo
from shared.security import Role, create_root_key
from tests.intake.builders import make_submission
from tests.support.services import start
from tests.support.stack_harness import StackHarness

runner = CliRunner()


async def test_who_was_erased_after_the_copy_is_erased_again_before_anything_is_served(
    stack: StackHarness, tmp_path: Path
) -> None:
    """The copy has his keys and his name still. Who came again after he was erased stays."""
    folder = tmp_path / "erasures"
    channel = stack.bearer("village", Role.CHANNEL, source="/channels/village")
    operator = stack.bearer("op", Role.OPERATOR)
    proposer = stack.bearer("op-2", Role.OPERATOR)
    intake = await start(stack, "intake", erasures_dir=folder)

    async def submit(key: str) -> str:
        body = make_submission().model_dump(mode="json", exclude_none=True)
        answer = await intake.http.post(
            "/requests", json=body, headers=channel | {"Idempotency-Key": key}
        )
        assert answer.status_code == 201, answer.text
        persons = await mongo.find(intake.runtime.database, Person, {})
        return persons[0].id

    person_id = await submit("r-1")
    database = intake.runtime.database
    names = await database.list_collection_names()
    copy = {name: await database[name].find().to_list(None) for name in names}
    erase = {"Idempotency-Key": "erase"} | operator
    propose = erase | proposer
    path = f"/persons/{person_id}"
    assert (await intake.http.post(f"{path}/erasure", headers=propose)).is_success
    assert (await intake.http.post(f"{path}/erase", headers=erase)).is_success
    assert [each.person_id for each in load_erasures(folder)] == [person_id]
    assert person_id.encode() in b"".join(file.read_bytes() for file in folder.iterdir())

    assert await submit("r-2") == person_id, "the same phone and name"
    await intake.stop()
    again = await start(stack, "intake", erasures_dir=folder)
    person = await mongo.load(again.runtime.database, Person, person_id)
    assert person is not None
    assert person.keys, "this database knows that he was erased, and came again"

    await again.stop()
    database = mongo.connect(stack.mongod.mongo_uri, again.runtime.database.name)
    for name, rows in copy.items():
        await database[name].delete_many({})
        if rows:
            await database[name].insert_many(rows)
    restored = await start(stack, "intake", erasures_dir=folder)
    person = await mongo.load(restored.runtime.database, Person, person_id)
    assert person is not None
    assert person.erased
    assert not person.keys


def test_keys_and_erasures_go_apart_and_come_back(tmp_path: Path) -> None:
    """Sealed for one identity; nothing that is there is changed."""
    data, other = tmp_path / "data", tmp_path / "other"
    create_root_key(data / "secrets")
    save_erasure(data / "erasures", Erasure("E-1", person_id="P-1"))
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "age.txt").write_text(f"# a comment\n{identity}\n")
    file = tmp_path / "keys.age"
    backup = ["backup", "--to", str(file), "--recipient", str(identity.to_public())]
    assert runner.invoke(app, [*backup, "--data-dir", str(data)]).exit_code == 0
    root = (data / "secrets" / "root.key").read_bytes()
    assert root not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0

    restore = ["restore", str(file), "--identity", str(tmp_path / "age.txt"), "--data-dir"]
    assert runner.invoke(app, [*restore, str(other)]).exit_code == 0
    assert (other / "secrets" / "root.key").read_bytes() == root
    assert [each.person_id for each in load_erasures(other / "erasures")] == ["P-1"]
    (other / "secrets" / "root.key").write_bytes(b"x" * 48)
    refused = runner.invoke(app, [*restore, str(other)])
    assert refused.exit_code == 1
    assert (other / "secrets" / "root.key").read_bytes() == b"x" * 48


def test_another_identity_opens_nothing(tmp_path: Path) -> None:
    create_root_key(tmp_path / "secrets")
    file, wrong = tmp_path / "keys.age", tmp_path / "age.txt"
    key = pyrage.x25519.Identity.generate().to_public()
    options = ["--to", str(file), "--recipient", str(key), "--data-dir", str(tmp_path)]
    assert runner.invoke(app, ["backup", *options]).exit_code == 0
    wrong.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    refused = runner.invoke(app, ["restore", str(file), "--identity", str(wrong)])
    assert refused.exit_code == 1


@pytest.mark.parametrize("recipient", ["", "age1", "ssh-ed25519 AAAA"])
def test_what_is_no_age_key_is_refused(tmp_path: Path, recipient: str) -> None:
    create_root_key(tmp_path / "secrets")
    options = ["--to", str(tmp_path / "x"), "--recipient", recipient, "--data-dir", str(tmp_path)]
    assert runner.invoke(app, ["backup", *options]).exit_code == 2
    assert not (tmp_path / "x").exists()
