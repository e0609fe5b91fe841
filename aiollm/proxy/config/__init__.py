"""LiteLLM's `config.yaml`: read whole, checked whole, and every complaint with its line."""

from aiollm.proxy.config.files import marks_of, read_config
from aiollm.proxy.config.problem import ConfigError, Problem
from aiollm.proxy.config.reader import Marks, Reading, parse_config
from aiollm.proxy.config.routing import routing_arguments
from aiollm.proxy.config.settings import Config, Deployment

__all__ = [
    "Config",
    "ConfigError",
    "Deployment",
    "Marks",
    "Problem",
    "Reading",
    "marks_of",
    "parse_config",
    "read_config",
    "routing_arguments",
]
