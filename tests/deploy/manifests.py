"""The files of deploy/ as data: the stack of compose.yaml, the objects of kubernetes/."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
SCHEMAS = Path(__file__).with_name("schemas")
DEFAULT = re.compile(r"\$\{\w+:-([^}]*)\}")
Yaml = dict[str, Any]


@cache
def read_yaml(path: str) -> list[Yaml]:
    text = (DEPLOY / path).read_text(encoding="utf-8")
    return [each for each in yaml.load_all(text, yaml.CSafeLoader) if each]


def read_compose() -> Yaml:
    return read_yaml("compose.yaml")[0]


def read_objects() -> Iterator[tuple[str, Yaml]]:
    """Of Kubernetes: file and object."""
    for file in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        for each in read_yaml(f"kubernetes/{file.name}"):
            yield file.name, each


def list_violations(schema: dict[str, Any], document: Any) -> list[str]:
    validator = jsonschema_rs.validator_for(schema)
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(document)]


def find_objects(kind: str) -> dict[str, Yaml]:
    return {each["metadata"]["name"]: each for _, each in read_objects() if each["kind"] == kind}


def read_container(deployment: Yaml) -> Yaml:
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert isinstance(container, dict)
    return container


def find_environment(service: str, place: str) -> dict[str, str]:
    """What `docker compose` or Kubernetes sets for a service, without what an operator adds."""
    if place == "compose":
        plain = read_compose()["services"][service]["environment"]
        return {name: DEFAULT.sub(r"\1", value) for name, value in plain.items()}
    container = read_container(find_objects("Deployment")[service])
    maps = [each["configMapRef"]["name"] for each in container.get("envFrom", [])]
    own = {each["name"]: each["value"] for each in container["env"]}
    config = find_objects("ConfigMap")
    return {k: v for each in maps for k, v in config[each]["data"].items()} | own


def move_files(environment: Mapping[str, str], folder: Path, service: str) -> dict[str, str]:
    """With the files of an installation in the place of those that a container mounts."""
    shared = folder / ("front" if service == "front" else "guanjia")
    places = {
        "/etc/guanjia/secrets": shared,
        "/etc/guanjia/database": folder / service,
        "/var/lib/guanjia": folder,
    }
    moved = dict(environment)
    for mounted, place in places.items():
        moved = {k: v.replace(mounted, str(place)) for k, v in moved.items()}
    return moved
