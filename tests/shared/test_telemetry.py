"""Every metric stands in the catalogue, and only what stands there is served."""

import re
from pathlib import Path

from prometheus_client import REGISTRY, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from shared.telemetry import CATALOGUE
from tests.architecture.repository_files import python_files, text_of
from tests.support.services import SERVICES, not_started

HAN = re.compile(r"[\u4e00-\u9fff]")
OWN = Path("shared/telemetry.py")
MAKES_METRICS = re.compile(r"from prometheus_client import .*(Counter|Gauge|Histogram|Summary)")
# What prometheus-client serves of the process itself, and beside each counter and histogram.
OF_THE_LIBRARY = re.compile(r"(python|process)_.*|.*_created")


def test_every_row_has_a_sentence_in_both_languages() -> None:
    for name, metric in CATALOGUE.items():
        assert name.startswith("guanjia_")
        assert (metric.kind == "counter") == name.endswith("_total"), name
        assert HAN.search(metric.zh), f"{name} has no Chinese"
        assert metric.zh.endswith("。"), f"{name}: a sentence"
        assert re.fullmatch(r"[A-Z1][^\u4e00-\u9fff]*\.", metric.en), f"{name}: a sentence"


def test_metrics_serves_only_what_the_catalogue_names() -> None:
    for service in SERVICES:  # importing a service makes what metrics it has
        not_started(service)
    families = text_string_to_metric_families(generate_latest(REGISTRY).decode())
    served = {family.name: family for family in families}
    own = {n: f for n, f in served.items() if not OF_THE_LIBRARY.fullmatch(n)}
    named = {name.removesuffix("_total"): metric for name, metric in CATALOGUE.items()}
    assert set(own) == set(named)
    for name, family in own.items():
        assert (family.type, family.documentation) == (named[name].kind, named[name].help)


def test_no_metric_is_made_outside_the_catalogue() -> None:
    makers = [
        str(file)
        for file in python_files("services", "shared", "deploy")
        if file != OWN
        and re.search(
            r"from prometheus_client import .*(Counter|Gauge|Histogram|Summary)", text_of(file)
        )
    ]
    assert not makers, "add a row to shared/telemetry.py and use it from there"
