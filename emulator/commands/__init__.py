"""The commands of `hypervisor-emulator`, one module each."""
