"""What moves sales besides time: from what `organisation.toml` declares to the forecast."""
