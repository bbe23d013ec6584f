"""Keys and encryption: Crypt4GH bodies and headers, the order of their segments, key delivery, the keystore.

Start at :mod:`ledger.crypto.derive`, which says what one dataset key opens.
"""
