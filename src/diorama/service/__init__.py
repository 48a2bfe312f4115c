"""The only code that joins metadata, history and blobs."""

from diorama.service.service import Access, NamedBlob, Service
from diorama.store.incoming import Incoming

__all__ = ["Access", "Incoming", "NamedBlob", "Service"]
