"""The review desk: what people do with texts, apart from how pages show it."""
