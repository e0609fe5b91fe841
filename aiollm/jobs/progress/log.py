"""How far a job is, in a log."""

from __future__ import annotations

import logging

from aiollm.jobs.progress.figures import line_of
from aiollm.jobs.summary import Summary

__all__ = ["Log"]

_logger = logging.getLogger("aiollm.jobs")


class Log:
    """A record of the logger `aiollm.jobs` (level INFO) now and then, and one at the end."""

    seconds: float = 30.0

    def show(self, summary: Summary) -> None:
        _logger.info("%s", line_of(summary))

    def end(self, summary: Summary) -> None:
        _logger.info("%s: %s", summary.reason, summary)
