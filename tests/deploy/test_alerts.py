"""Alerts, the dashboard and the scaler ask for metrics that the services really have."""

from __future__ import annotations

import re

from shared.observe import metrics
from shared.observe.metrics import Family
from tests.deploy.chart import CHART, ROOT

_SUFFIXES = ("_sum", "_count", "_bucket")
_FILES = (
    CHART / "alerts.yaml",
    CHART / "templates" / "scaling.yaml",
    ROOT / "deploy" / "grafana" / "eilpost.json",
)


def test_every_metric_asked_for_exists() -> None:
    have = {f"eilpost_{name}" for name, value in vars(metrics).items() if isinstance(value, Family)}
    have |= {name + suffix for name in have for suffix in _SUFFIXES}
    for file in _FILES:
        asked = set(re.findall(r"eilpost_[a-z0-9_]+", file.read_text()))
        assert asked
        assert asked <= have, file.name
