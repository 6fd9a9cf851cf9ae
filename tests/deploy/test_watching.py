"""Alerts and dashboards speak of metrics that there are, and each alert has its page."""

import json
import re
from pathlib import Path

import pytest
import yaml

from deploy.watching.alerts import ALERTS, render_rules
from deploy.watching.dashboards import DASHBOARDS, render_dashboard
from shared.telemetry import CATALOGUE
from tests.deploy.manifests import DEPLOY, read_compose, read_yaml

ROOT = DEPLOY.parent
RUNBOOKS = ROOT / "docs" / "runbooks"
SUFFIXES = re.compile(r"_(bucket|count|sum)$")
OCCASIONS = (
    *("install", "upgrade", "scale", "add-a-town", "rotate-keys", "restore", "leaked-token"),
    *("forked-log", "provider-down", "poisoned-topic"),
)


def list_metrics(expression: str) -> set[str]:
    names = re.findall(r"guanjia_\w+", expression)
    return {name if name in CATALOGUE else SUFFIXES.sub("", name) for name in names}


def test_files_are_what_the_tables_say() -> None:
    written = (DEPLOY / "watching" / "alerts.yml").read_text(encoding="utf-8")
    assert written == render_rules(), "write it again: make docs"
    folder = DEPLOY / "watching" / "grafana" / "dashboards"
    assert {file.name for file in folder.iterdir()} == {each.file for each in DASHBOARDS}
    for dashboard in DASHBOARDS:
        written = (folder / dashboard.file).read_text(encoding="utf-8")
        assert written == render_dashboard(dashboard), "write it again: make docs"


def test_rules_are_as_prometheus_reads_them() -> None:
    (group,) = yaml.safe_load(render_rules())["groups"]
    assert [rule["alert"] for rule in group["rules"]] == [alert.name for alert in ALERTS]
    for rule in group["rules"]:
        assert rule.keys() == {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["expr"].count("(") == rule["expr"].count(")")


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_speaks_of_metrics_and_labels_that_there_are(alert: object) -> None:
    from deploy.watching.alerts import Alert

    assert isinstance(alert, Alert)
    names = list_metrics(alert.expression)
    assert names <= CATALOGUE.keys()
    labels = {label for name in names for label in CATALOGUE[name].labels}
    named = set(re.findall(r"\$labels\.(\w+)", alert.zh + alert.en))
    # What Prometheus itself adds to each line, and to `up`.
    assert named <= labels | {"service", "instance"}
    assert re.search(r"[\u4e00-\u9fff].*。", alert.zh)


@pytest.mark.parametrize("alert", [alert.name for alert in ALERTS])
def test_each_alert_has_its_page_and_each_page_its_alert(alert: str) -> None:
    text = (RUNBOOKS / "alerts" / f"{alert}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {alert}：")
    assert "\n1. " in text, "say what to do"


def test_no_page_is_of_an_alert_that_is_gone() -> None:
    pages = {file.stem for file in (RUNBOOKS / "alerts").glob("*.md")}
    assert pages == {alert.name for alert in ALERTS}


def test_there_is_a_page_for_each_occasion() -> None:
    index = (RUNBOOKS / "README.md").read_text(encoding="utf-8")
    for name in OCCASIONS:
        assert (RUNBOOKS / f"{name}.md").exists(), name
        assert f"({name}.md)" in index, name


def test_links_between_pages_lead_somewhere() -> None:
    for page in RUNBOOKS.rglob("*.md"):
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_commands_of_the_pages_are_there() -> None:
    from deploy.cli import Guanjia

    for page in RUNBOOKS.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        for command in re.findall(r"(?:^|`|exec intake )guanjia ([a-z-]+)", text, re.MULTILINE):
            assert command in Guanjia.COMMANDS, f"{page.name}: {command}"


def test_every_metric_is_on_a_dashboard_once() -> None:
    names = [name for dashboard in DASHBOARDS for name in dashboard.metrics]
    assert sorted(names) == sorted(CATALOGUE)
    for dashboard in DASHBOARDS:
        panels = json.loads(render_dashboard(dashboard))["panels"]
        places = {(p["gridPos"]["x"], p["gridPos"]["y"]) for p in panels}
        assert len(places) == len(panels)
        for panel in panels:
            for target in panel["targets"]:
                assert list_metrics(target["expr"]) <= CATALOGUE.keys()


def test_prometheus_asks_every_service_at_its_port() -> None:
    (job,) = read_yaml("watching/prometheus.yml")[0]["scrape_configs"]
    asked = {row["names"][0]: row["port"] for row in job["dns_sd_configs"]}
    services = read_compose()["services"]
    assert len(asked) == 4
    for name, port in asked.items():
        assert f":{port}/" in " ".join(services[name]["healthcheck"]["test"])
    mounts = " ".join(services["prometheus"]["volumes"])
    assert Path(job["authorization"]["credentials_file"]).parent.as_posix() in mounts
