"""How requests leave the suite, and what comes back: one client, its rules, its log, its journal."""
