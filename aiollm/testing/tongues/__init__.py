"""The wire formats that the scripted provider speaks, each from the same steps."""

from aiollm.testing.tongues.choice import tongue_for
from aiollm.testing.tongues.tongue import Tongue

__all__ = ["Tongue", "tongue_for"]
