"""The only code that joins metadata, history and blobs."""

from diorama.service.service import Service

__all__ = ["Service"]
