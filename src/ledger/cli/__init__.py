"""The ``ledger`` command: one file a noun, each command a thin layer over an act or a call."""
