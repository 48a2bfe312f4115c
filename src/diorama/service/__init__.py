"""The only code that joins metadata, history and blobs."""

from diorama.service.service import Access, NamedBlob, Service

__all__ = ["Access", "NamedBlob", "Service"]
