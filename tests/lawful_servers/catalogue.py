"""All lawful variants. Each must be judged green, without any finding."""

from tests.lawful_servers import taking, telling, timing
from tests.lawful_servers.variants import VARIANTS, Variant

MODULES = (timing, telling, taking)
"""The modules with variants; each registers its own when it is imported."""

__all__ = ["MODULES", "VARIANTS", "Variant"]
