"""A hypervisor emulator: the instance API of openapi.yaml, served by Flask, remembered in memory."""
