"""Who may ask the proxy for what: the master key, virtual keys, and the teams and users they belong to."""

from aiollm.proxy.keys.holder import Holder, HolderId
from aiollm.proxy.keys.keyring import Identity, Keyring
from aiollm.proxy.keys.token import digest_of, digest_said, new_key, shown

__all__ = ["Holder", "HolderId", "Identity", "Keyring", "digest_of", "digest_said", "new_key", "shown"]
