"""What a workload returns, and the table of all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import NamedTuple


class Figure(NamedTuple):
    """One measured number. ``target`` as text; ``at_most`` tells whether less is better."""

    name: str
    value: float
    unit: str
    target: float | None = None
    at_most: bool = False

    @property
    def met(self) -> str:
        if self.target is None:
            return ""
        good = self.value <= self.target if self.at_most else self.value >= self.target
        return "met" if good else "missed"


def medians(runs: Sequence[Sequence[Figure]]) -> list[Figure]:
    """The median of each figure over several runs of one workload."""
    return [
        figures[0]._replace(value=median(figure.value for figure in figures)) for figures in zip(*runs, strict=True)
    ]


def lines(figures: Iterable[Figure], beside: Mapping[str, float] | None = None) -> Iterable[str]:
    """The table; ``beside``, by the figures' names, is what Postfix and Dovecot did with the same workload."""
    theirs = f"{'beside':>12}" if beside is not None else ""
    yield f"{'figure':58}{'measured':>12}{theirs}  {'unit':10}{'target':>12}"
    for figure in figures:
        bound = "" if figure.target is None else f"{'<=' if figure.at_most else '>='} {figure.target:g}"
        if beside is not None:
            theirs = f"{beside[figure.name]:12.2f}" if figure.name in beside else " " * 12
        yield f"{figure.name:58}{figure.value:12.2f}{theirs}  {figure.unit:10}{bound:>12}  {figure.met}"
