"""The chain: where the contracts stand, what to call on them, and what they say in return.

calls, members, datasets, …     what a transaction would do: pure values, no node needed
chain, node                     a connection, checked against a deployment
transactions, sender, signers   from an intent to a mined transaction
errors, events                  from bytes to words
"""
