"""A message surveyed at once."""

from __future__ import annotations

from shared.mail.survey import Survey


def surveyed(octets: bytes) -> Survey:
    """What is found in it."""
    survey = Survey()
    survey.feed(octets)
    survey.finish()
    return survey
