"""Alerts, the dashboard and the scaler ask for metrics that the services really have."""

from __future__ import annotations

import re

from shared.observe import metrics
from shared.observe.metrics import Family
from tests.deploy.chart import CHART, ROOT

_SUFFIXES = ("_sum", "_count", "_bucket")


def test_every_metric_asked_for_exists() -> None:
    have = {f"eilpost_{name}" for name, value in vars(metrics).items() if isinstance(value, Family)}
    for file in (CHART / "alerts.yaml", CHART / "templates" / "scaling.yaml", ROOT / "deploy" / "grafana" / "eilpost.json"):
        asked = set(re.findall(r"eilpost_[a-z0-9_]+", file.read_text()))
        assert asked
        unknown = {
            name for name in asked if name not in have and not any(name.removesuffix(end) in have for end in _SUFFIXES)
        }
        assert not unknown, (file.name, unknown)
