"""unittest, or any other framework: context managers. Run it with: python -m unittest test_with_unittest."""

import unittest

from power_tool import PowerTool

from emulator.testing import serving


class PauseTest(unittest.TestCase):
    """One server for the class, a platform of its own for each test."""

    @classmethod
    def setUpClass(cls):
        """Start the server."""
        cls.server = cls.enterClassContext(serving())

    def setUp(self):
        """Make the platform."""
        self.hypervisor = self.enterContext(self.server.world())
        self.hypervisor.add("Acme/Prod/web1", state="RUNNING")
        self.tool = PowerTool(self.hypervisor.url, "Acme", "Prod")

    def test_pause(self):
        """A machine that runs is paused."""
        self.tool.pause("web1")
        self.assertEqual(self.hypervisor.state("web1"), "PAUSED")

    def test_power_off(self):
        """The machine is RUNNING again, whatever the test before has done."""
        self.tool.power_off("web1")
        self.assertEqual(self.hypervisor.state("web1"), "STOPPED")


if __name__ == "__main__":
    unittest.main()
