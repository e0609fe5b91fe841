"""`aiollm migrate`: what a code base that uses LiteLLM has to change."""

from __future__ import annotations

import json
from argparse import Namespace
from collections import Counter

from attrs import asdict

from aiollm.cli.terminal import Misuse, printable, say
from aiollm.compat.migration.tree import findings_in_tree

__all__ = ["migrate"]


def migrate(options: Namespace) -> int:
    """Run the command, and return its exit code: 1 when something cannot be kept.

    Raises:
        Misuse: a path is not there.
        OSError: a file cannot be read.
        ImportError: there is a configuration of the proxy, and PyYAML is not installed.
    """
    for path in options.paths:
        if not path.exists():
            raise Misuse(f"{path} is not there")
    findings = findings_in_tree(options.paths)
    if options.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            print(printable(str(finding)))
    kinds = Counter(finding.kind for finding in findings)
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    say(f"{len({finding.file for finding in findings})} files use LiteLLM: {counts or 'nothing to change'}")
    return 1 if kinds["missing"] else 0
