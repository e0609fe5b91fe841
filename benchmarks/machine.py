"""Where a run took place."""

import os
import platform
import re
from pathlib import Path


def describe_machine() -> dict[str, str | int]:
    """Processor, cores, memory, kernel and interpreter; nothing that names the host or its user."""
    return {
        "processor": _first(r"^model name\s*:\s*(.+)$", "/proc/cpuinfo") or platform.processor() or "unknown",
        "cores": os.cpu_count() or 1,
        "memory_gb": round(int(_first(r"^MemTotal:\s*(\d+)", "/proc/meminfo") or 0) / 1024 / 1024),
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def load_average() -> float:
    """Processes that wanted a core over the last minute: how busy the neighbours were."""
    return round(os.getloadavg()[0], 2)


def _first(pattern: str, path: str) -> str | None:
    file = Path(path)
    found = re.search(pattern, file.read_text(), re.MULTILINE) if file.exists() else None
    return found.group(1).strip() if found else None
