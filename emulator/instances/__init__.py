"""What is done with an instance, and what happens to it: use cases, acts without a request, outages, explanations."""

from emulator.instances.use_cases import (
    PENDING,
    USE_CASES,
    audit,
    find,
    fire,
    look,
    represent,
    settle,
    settle_due,
)

__all__ = ["PENDING", "USE_CASES", "audit", "find", "fire", "look", "represent", "settle", "settle_due"]
