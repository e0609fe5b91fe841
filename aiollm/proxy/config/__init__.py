"""LiteLLM's `config.yaml`: read whole, checked whole, and every complaint with its line."""

from aiollm.proxy.config.files import config_files, read_config
from aiollm.proxy.config.problem import ConfigError, Problem
from aiollm.proxy.config.reader import Reading, parse_config
from aiollm.proxy.config.routing import routing_arguments
from aiollm.proxy.config.settings import Config, Deployment

__all__ = [
    "Config",
    "ConfigError",
    "Deployment",
    "Problem",
    "Reading",
    "config_files",
    "parse_config",
    "read_config",
    "routing_arguments",
]
