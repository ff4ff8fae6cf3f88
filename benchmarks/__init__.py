"""What `make bench NAME=...` measures; one module a name, with the harness in `bench`."""
