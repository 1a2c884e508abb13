"""Tests that take the address of a platform from the environment: of an emulator here, of another server elsewhere.

Run them with: hypervisor-emulator exec --seed small-company -- pytest test_against_a_url.py
"""

import json
import os
from urllib.request import urlopen

URL = os.environ.get("HYPERVISOR_EMULATOR_URL", "http://127.0.0.1:8795")


def test_there_are_organizations():
    """The seed is what the emulator was started with."""
    with urlopen(f"{URL}/organizations", timeout=10) as answer:
        assert json.load(answer)["total"] == 2
