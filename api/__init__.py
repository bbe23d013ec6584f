"""The HTTP API of the ledger: `api.app.create_app`. It holds no key and no rule of its own."""
