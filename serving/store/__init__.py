"""What the service remembers: people, log-in links, sessions and API keys. No text of a document."""
