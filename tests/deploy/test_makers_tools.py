"""What deploy/ has, by the checkers of those who read it. `make tools` brings them, as CI does."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.manifests import DEPLOY, list_violations, read_objects

TOOLS = Path(sys.prefix) / "tools" / "bin"
KEDA = TOOLS.parent / "keda"
WATCHING = DEPLOY / "watching"
DASHBOARDS = sorted((WATCHING / "grafana" / "dashboards").glob("*.json"))
# KEDA's own kinds are no part of Kubernetes, nor is kustomize's file: see test_stacks.
FOREIGN = ("scaling.yaml", "kustomization.yaml")
MANIFESTS = [f for f in sorted((DEPLOY / "kubernetes").glob("*.yaml")) if f.name not in FOREIGN]
# Reads a dashboard as Grafana's models have it, and writes what they kept of it.
READ_DASHBOARD = """
import json, sys
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
print(JSONEncoder().encode(Dashboard.from_json(json.load(sys.stdin))))
"""


def run_tool(name: str, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    tool = TOOLS / name
    if not tool.exists():
        pytest.skip(f"no {name}: make tools")
    return subprocess.run([str(tool), *words], input=given, capture_output=True, text=True)


def check(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_is_as_hadolint_wants_it() -> None:
    check(run_tool("hadolint", str(DEPLOY / "Dockerfile")))
    assert run_tool("hadolint", "-", given="FROM python\nRUN cd /tmp\n").returncode != 0


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: file.name)
def test_each_manifest_is_as_kubernetes_reads_it(file: Path) -> None:
    check(run_tool("kubernetes-validate", "--strict", "-k", "1.34", str(file)))


def test_a_field_that_kubernetes_does_not_know_is_found(tmp_path: Path) -> None:
    file = tmp_path / "audit.yaml"
    written = (DEPLOY / "kubernetes" / "audit.yaml").read_text(encoding="utf-8")
    file.write_text(written.replace("readinessProbe:", "readynessProbe:"))
    done = run_tool("kubernetes-validate", "--strict", "-k", "1.34", str(file))
    assert done.returncode != 0


def test_scaling_is_as_keda_defines_it() -> None:
    """By the definitions that KEDA itself installs; what a trigger says of Kafka is open there and
    stands in our own schema (`test_stacks`)."""
    objects = [each for file, each in read_objects() if file == "scaling.yaml"]
    assert {each["kind"] for each in objects} == {"ScaledObject", "TriggerAuthentication"}
    for each in objects:
        schema = read_definition(each["kind"])
        assert list_violations(schema, each) == [], each["metadata"]["name"]
        unknown = {**each, "spec": {**each["spec"], "minReplicas": 2}}
        assert list_violations(schema, unknown) != []


def read_definition(kind: str) -> dict[str, Any]:
    file = KEDA / f"keda.sh_{kind.lower()}s.yaml"
    if not file.exists():
        pytest.skip("no KEDA: make tools, where Go is installed")
    definition = yaml.safe_load(file.read_text(encoding="utf-8"))
    (version,) = definition["spec"]["versions"]
    schema = close_schema(version["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = {"type": "object"}  # Kubernetes' own
    return dict(schema)


def close_schema(schema: Any) -> Any:
    """The API drops what is not defined: here it is a mistake."""
    if isinstance(schema, list):
        return [close_schema(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: close_schema(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed


def test_rules_are_as_prometheus_reads_them() -> None:
    check(run_tool("promtool", "check", "rules", str(WATCHING / "alerts.yml")))


def test_a_rule_that_prometheus_cannot_read_is_found(tmp_path: Path) -> None:
    written = (WATCHING / "alerts.yml").read_text(encoding="utf-8")
    file = tmp_path / "alerts.yml"
    file.write_text(written.replace("for:", "four:", 1))
    assert run_tool("promtool", "check", "rules", str(file)).returncode != 0


def test_settings_are_as_prometheus_reads_them(tmp_path: Path) -> None:
    """With a token on this machine: promtool looks for it."""
    token = tmp_path / "monitor.token"
    token.write_text("token")
    written = (WATCHING / "prometheus.yml").read_text(encoding="utf-8")
    file = tmp_path / "prometheus.yml"
    file.write_text(written.replace("/etc/prometheus/secrets/monitor.token", str(token)))
    shutil.copy(WATCHING / "alerts.yml", tmp_path)
    check(run_tool("promtool", "check", "config", str(file)))


def test_alertmanager_reads_whom_to_wake() -> None:
    check(run_tool("amtool", "check-config", str(WATCHING / "alertmanager.yml")))


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.name)
def test_a_dashboard_has_nothing_that_grafana_does_not_know(file: Path) -> None:
    written = json.loads(file.read_text(encoding="utf-8"))
    assert list(find_unknown(written, read_as_grafana(written))) == []
    written["panels"][0]["fieldConfig"]["defaults"]["unot"] = "short"
    unknown = list(find_unknown(written, read_as_grafana(written)))
    assert unknown == ["/panels/0/fieldConfig/defaults/unot"]


def read_as_grafana(dashboard: dict[str, Any]) -> Any:
    done = run_tool("python", "-c", READ_DASHBOARD, given=json.dumps(dashboard))
    check(done)
    return json.loads(done.stdout)


def find_unknown(written: Any, read: Any, path: str = "") -> Iterator[str]:
    """Where what was written is not what was read."""
    if isinstance(written, dict) and isinstance(read, dict):
        for name, value in written.items():
            yield from find_unknown(value, read.get(name), f"{path}/{name}")
    elif isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        for number, value in enumerate(written):
            yield from find_unknown(value, read[number], f"{path}/{number}")
    elif written != read:
        yield path
