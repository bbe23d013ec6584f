"""Content by CID: computing CIDs, and the stores that keep what they name.

Start at :mod:`ledger.storage.store`, which says what a store promises and opens one by its URL.
"""
