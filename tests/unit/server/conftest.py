"""One store with a sample run for all tests of the server."""

from server_fixtures import client, sample, service, store_dir

__all__ = ["client", "sample", "service", "store_dir"]
