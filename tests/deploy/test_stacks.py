"""The stack of Compose and the manifests of Kubernetes say what the code says."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from deploy.commands.services import SERVICES, find_settings_class, use_environment
from deploy.installation.brokers import BROKERS, SERVICES_USER
from deploy.installation.files import DATABASES, PARTS, Installation
from deploy.kafka.jars import read_kafka_version
from shared.clock import system_now
from shared.contracts.topics import BY_NAME
from shared.settings import list_values, load_settings, name_secret_file
from tests.deploy.manifests import (
    DEPLOY,
    SCHEMAS,
    find_environment,
    find_objects,
    list_violations,
    move_files,
    read_compose,
    read_container,
    read_objects,
    read_yaml,
)

RUN = (*SERVICES, "front")
PLACES = ("compose", "kubernetes")
ROOT = DEPLOY.parent
GUANJIA_USER = 10001


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installation")
    Installation(folder).prepare(system_now())
    return folder


# --- by their schemas ---------------------------------------------------------------------------


def test_the_stack_is_as_the_compose_specification_says() -> None:
    schema = json.loads((SCHEMAS / "compose.json").read_text())
    assert list_violations(schema, read_compose()) == []
    assert list_violations(schema, {"services": {"a": {"imag": "b"}}}) != []


def test_every_object_is_as_kubernetes_says() -> None:
    document = json.loads((SCHEMAS / "kubernetes.json").read_text())
    kinds = document.pop("kinds")
    foreign = {"Kustomization", "ScaledObject", "TriggerAuthentication"}  # KEDA's: below
    for file, each in read_objects():
        if each["kind"] not in foreign:
            schema = {**document, **kinds[each["kind"]]}
            assert list_violations(schema, each) == [], f"{file} {each['metadata']['name']}"


def test_scaling_is_as_keda_reads_it() -> None:
    document = json.loads((SCHEMAS / "keda.json").read_text())
    kinds = document.pop("kinds")
    objects = [each for file, each in read_objects() if file == "scaling.yaml"]
    for each in objects:
        schema = {**document, **kinds[each["kind"]]}
        assert list_violations(schema, each) == [], each["metadata"]["name"]
    scaled = find_objects("ScaledObject")["audit"]
    schema = {**document, **kinds["ScaledObject"]}
    assert list_violations(schema, {**scaled, "spec": {**scaled["spec"], "minReplicas": 2}}) != []


def test_the_collector_has_what_it_uses_and_uses_what_it_has() -> None:
    schema = json.loads((SCHEMAS / "collector.json").read_text())
    (collector,) = read_yaml("watching/collector.yaml")
    assert list_violations(schema, collector) == []
    assert list_violations(schema, {**collector, "processor": {}}) != []
    for part in ("receivers", "processors", "exporters"):
        pipelines = collector["service"]["pipelines"].values()
        assert {name for each in pipelines for name in each[part]} == collector[part].keys()


def test_kustomize_takes_every_file() -> None:
    (kustomization,) = read_yaml("kubernetes/kustomization.yaml")
    files = {file.name for file in (DEPLOY / "kubernetes").glob("*.yaml")}
    assert set(kustomization["resources"]) == files - {"kustomization.yaml"}


# --- settings -----------------------------------------------------------------------------------


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("service", RUN)
def test_a_service_starts_with_what_it_is_set_to(
    service: str, place: str, installation: Path
) -> None:
    environment = move_files(find_environment(service, place), installation, service)
    kind = find_settings_class(service)
    variables = {f"GUANJIA_{name.upper()}" for name in kind.model_fields}
    variables |= {name_secret_file(name) for name in kind.model_fields}
    assert environment.keys() <= variables, "no such setting"
    path = {"PATH": os.environ["PATH"]}
    with use_environment(path | environment):
        settings = load_settings(kind)
    assert not settings.is_local
    assert settings.front_token.get_secret_value()
    if service != "front":
        assert settings.kafka_tls
        assert settings.kafka_password.get_secret_value()
        assert settings.mongo_uri.startswith(f"mongodb://{service}:")
        assert "tls=true" in settings.mongo_uri
        assert settings.mongo_uri.split(":")[2].partition("@")[0] not in str(list_values(settings))


def test_both_places_set_the_services_alike() -> None:
    addresses = {"GUANJIA_PUBLIC_URL", "GUANJIA_DATA_DIR", "GUANJIA_TRACES_URL"}
    for service in RUN:
        compose = find_environment(service, "compose")
        for name, value in find_environment(service, "kubernetes").items():
            assert name in addresses or compose[name] == value, f"{service} {name}"


def test_traces_come_to_a_collector_that_the_services_reach() -> None:
    services = read_compose()["services"]
    (collector,) = read_yaml("watching/collector.yaml")
    port = int(collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"].rpartition(":")[2])
    (exporter,) = collector["exporters"].values()
    assert exporter["endpoint"].partition(":")[0] in services
    assert collector["service"]["pipelines"]["traces"]["receivers"] == ["otlp"]
    for name in SERVICES:
        compose, kubernetes = (find_environment(name, place) for place in PLACES)
        assert compose["GUANJIA_TRACES_URL"] == f"http://collector:{port}/v1/traces"
        assert kubernetes["GUANJIA_TRACES_URL"].startswith("http://collector.monitoring:")
        assert set(services[name]["networks"]) & set(services["collector"]["networks"])
    rules = find_objects("NetworkPolicy")["services"]["spec"]["egress"]
    assert port in {each["port"] for rule in rules for each in rule["ports"]}


def test_ports_are_those_of_the_settings() -> None:
    for service in SERVICES:
        port = find_settings_class(service).model_fields["port"].default
        container = read_container(find_objects("Deployment")[service])
        assert container["ports"][0]["containerPort"] == port
        assert find_objects("Service")[service]["spec"]["ports"][0]["port"] == port
        health = read_compose()["services"][service]["healthcheck"]["test"]
        assert f":{port}/health/ready" in " ".join(health)
        for address in ("compose", "kubernetes"):
            url = find_environment("front", address)[f"GUANJIA_{service.upper()}_URL"]
            assert url == f"http://{service}:{port}"


# --- what is where ------------------------------------------------------------------------------


def test_the_services_run_twice_with_limits_and_nothing_to_write_on() -> None:
    services = read_compose()["services"]
    for name in SERVICES:
        service = services[name]
        assert service["deploy"]["replicas"] == 2, name
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert "healthcheck" in service, name
    for name, service in services.items():
        once = name in ("files", "database-users", "operator")
        assert once or service["deploy"]["resources"]["limits"]["memory"], name
        assert once or service["restart"] == "unless-stopped", name
        assert not re.search(r":latest$|^[^:]+$", service["image"]), f"{name}: which version"
    assert {name for name in services if name.startswith("kafka-")} == set(BROKERS)
    assert {name for name in services if name.startswith("mongo-")} == set(DATABASES)


def test_every_pod_may_little_and_is_probed() -> None:
    for name, deployment in find_objects("Deployment").items():
        pod, container = deployment["spec"]["template"]["spec"], read_container(deployment)
        assert pod["securityContext"]["runAsNonRoot"], name
        assert pod["securityContext"]["runAsUser"] == GUANJIA_USER
        assert not pod["automountServiceAccountToken"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys()
        assert container["args"] == ["run", name]
        budget = find_objects("PodDisruptionBudget")[name]["spec"]
        assert budget["selector"] == deployment["spec"]["selector"]
        assert budget["maxUnavailable"] < deployment["spec"]["replicas"]
    claims = find_objects("PersistentVolumeClaim")
    used = {
        volume["persistentVolumeClaim"]["claimName"]
        for deployment in find_objects("Deployment").values()
        for volume in deployment["spec"]["template"]["spec"]["volumes"]
        if "persistentVolumeClaim" in volume
    }
    assert used == claims.keys()


def test_who_watches_and_the_front_have_none_of_the_services_keys() -> None:
    services = read_compose()["services"]
    holders = {
        name
        for name, service in services.items()
        for volume in service.get("volumes", [])
        if volume.startswith("guanjia:")
    }
    assert holders == {"files", "operator", *SERVICES}
    written = {name for name in SERVICES if "guanjia:/etc/guanjia/secrets" in _volumes(name)}
    assert written == set(), "services read their secrets, and write none there"
    for part in ("authority", "people"):
        assert part in read_compose()["volumes"]
        mounting = [name for name in services if f"{part}:" in str(services[name].get("volumes"))]
        assert mounting == ["files"]


def test_a_service_has_the_way_into_its_own_database_alone(installation: Path) -> None:
    services = read_compose()["services"]
    ways = {*SERVICES, "operator"}
    for name, service in services.items():
        mounted = {volume.partition(":")[0] for volume in service.get("volumes", [])}
        assert mounted & ways == ({name} & ways if name != "files" else ways), name
    for name in SERVICES:
        pod = find_objects("Deployment")[name]["spec"]["template"]["spec"]
        secrets = {each["secret"]["secretName"] for each in pod["volumes"] if "secret" in each}
        assert secrets == {"guanjia", name}
        assert [file.name for file in (installation / name).iterdir()] == ["mongo.uri"]
    assert not [file.name for file in (installation / "guanjia").glob("*mongo*")]


def test_who_changes_keys_runs_for_one_command_where_they_are_written() -> None:
    operator = read_compose()["services"]["operator"]
    assert operator["profiles"] == ["operator"], "`up` starts it not"
    assert "guanjia:/etc/guanjia/secrets" in operator["volumes"]
    environment = find_environment("operator", "compose")
    audit, intake = (find_environment(name, "compose") for name in ("audit", "intake"))
    assert environment["GUANJIA_LOG_KEYS_DIR"] == audit["GUANJIA_LOG_KEYS_DIR"]
    assert environment["GUANJIA_SECRETS_DIR"] == intake["GUANJIA_SECRETS_DIR"]
    for name in ("log-keys", "erasures", "ledger"):
        (place,) = (each for each in operator["volumes"] if each.startswith(f"{name}:"))
        assert any(place in services["volumes"] for services in _list_services()), name


def _list_services() -> list[dict[str, Any]]:
    return [read_compose()["services"][name] for name in SERVICES]


def _volumes(service: str) -> list[str]:
    return list(read_compose()["services"][service]["volumes"])


def test_files_of_each_part_belong_to_who_runs_it() -> None:
    command = read_compose()["services"]["files"]["command"]
    owners = dict(
        text.removeprefix("--owner=").split("=") for text in command if "--owner=" in text
    )
    assert set(owners) | {"authority", "people"} == set(PARTS)
    assert owners["guanjia"] == owners["front"] == str(GUANJIA_USER)
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert f"USER {GUANJIA_USER}:{GUANJIA_USER}" in dockerfile


# --- topics and brokers -------------------------------------------------------------------------


def test_services_grow_by_the_lag_of_topics_that_they_read() -> None:
    for name, scaled in find_objects("ScaledObject").items():
        spec = scaled["spec"]
        assert spec["scaleTargetRef"] == {"name": name}
        assert spec["minReplicaCount"] == 2
        settings = find_environment(name, "kubernetes")
        for trigger in spec["triggers"]:
            topic = BY_NAME[trigger["metadata"]["topic"]]
            assert name in topic.consumers, topic.name
            assert spec["maxReplicaCount"] <= topic.partitions
            assert trigger["metadata"]["consumerGroup"] == f"guanjia-{name}"
            assert trigger["metadata"]["bootstrapServers"] == settings["GUANJIA_KAFKA_BOOTSTRAP"]
    assert find_objects("ScaledObject").keys() == set(SERVICES)


def test_scaling_reads_keys_that_an_installation_makes(installation: Path) -> None:
    (authentication,) = find_objects("TriggerAuthentication").values()
    keys = {each["key"] for each in authentication["spec"]["secretTargetRef"]}
    assert keys <= {file.name for file in (installation / "guanjia").iterdir()}
    assert (installation / "guanjia" / "kafka.user").read_text() == SERVICES_USER


def test_the_brokers_of_the_stack_are_of_the_version_that_is_tested() -> None:
    services = read_compose()["services"]
    assert {services[name]["image"] for name in BROKERS} == {f"apache/kafka:{read_kafka_version()}"}


# --- images -------------------------------------------------------------------------------------


def test_images_are_of_the_oldest_python_that_is_supported() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    versions = set(re.findall(r"^FROM python:([\d.]+)-", dockerfile, re.MULTILINE))
    assert versions == {"3.11"}
    assert 'requires-python = ">=3.11"' in (ROOT / "pyproject.toml").read_text()


def test_an_image_is_built_from_files_that_are_there_and_let_in() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    ignore = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    copied = {
        name
        for line in re.findall(r"^COPY (?!--from)(.+) \./\S*$", dockerfile, re.MULTILINE)
        for name in line.split()
    }
    assert copied
    for name in copied:
        assert (ROOT / name).exists(), name
        assert f"!{name}" in ignore, name
    assert dockerfile.rstrip().splitlines()[-1] == 'CMD ["--help"]'


def test_the_verifier_alone_has_no_package_of_the_services() -> None:
    lock = (ROOT / "requirements-verifier.lock").read_text()
    services = (ROOT / "requirements.lock").read_text()
    pins = set(re.findall(r"^([\w.-]+==\S+)", lock, re.MULTILINE))
    assert pins < set(re.findall(r"^([\w.-]+==\S+)", services, re.MULTILINE))
    assert not {pin for pin in pins if pin.startswith(("fastapi", "aiokafka", "motor", "ortools"))}


def test_whoever_asks_somebody_outside_may_reach_him() -> None:
    """A log with witnesses publishes nothing where audit does not reach them."""
    selector = find_objects("NetworkPolicy")["providers"]["spec"]["podSelector"]
    (names,) = (each["values"] for each in selector["matchExpressions"])
    assert set(names) == {"intake", "notify", "audit"}
