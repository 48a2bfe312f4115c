"""Pages of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diorama.server.endpoint import endpoint
from diorama.service import views

if TYPE_CHECKING:
    from diorama.service import Service


@endpoint("POST", "/api/tables/page")
def table_page(service: Service, body: views.TableRequest) -> views.TablePage:
    """Rows of a table: sorted, filtered, a page at a time."""
    return service.table_page(body)
