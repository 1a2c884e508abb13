"""How fast the emulator is, beside others in the same run; `make bench` writes docs/benchmarks.md."""
