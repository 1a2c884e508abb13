"""What was asked and what was answered, kept in a world's journal; shown as a HAR, as a log, and by nearness."""

from emulator.journal.entries import BODY, CAPACITY, RECORD, Entry, Headers, Journal, Wanted, pack

__all__ = ["BODY", "CAPACITY", "RECORD", "Entry", "Headers", "Journal", "Wanted", "pack"]
