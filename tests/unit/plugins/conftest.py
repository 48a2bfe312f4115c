"""One store with a sample run for the tests that ask a server."""

from server_fixtures import sample, service, store_dir

__all__ = ["sample", "service", "store_dir"]
