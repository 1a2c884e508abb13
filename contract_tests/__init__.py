"""The contract suite: judges any server of the contract over HTTP. It knows nothing of the emulator."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("hypervisor-emulator")
except PackageNotFoundError:  # run from a checkout that was never installed
    VERSION = "0+unknown"

__all__ = ["VERSION"]
