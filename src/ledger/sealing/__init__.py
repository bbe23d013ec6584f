"""A directory tree into encrypted bodies and a manifest, and back.

:func:`ledger.sealing.seal.seal`, :func:`ledger.sealing.verify.verify` and :func:`ledger.sealing.open.open_dataset` are
the three things to do with a dataset; :mod:`ledger.sealing.crypt4gh` is the door to other Crypt4GH tools.
"""
