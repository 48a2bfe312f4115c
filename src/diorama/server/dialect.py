"""How a face is spoken to: where its requests carry the key, and how it says what went wrong.

Neither decides anything. Whether a key is right, how often one may be wrong, and the status and headers of a
refusal are the server's (`auth`, `problem`), the same for all faces; so no dialect can open an endpoint.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from diorama.server.auth import FindKey, bearer_key
from diorama.server.problem import WriteProblem, problem_json
from diorama.service.views import Problem


@dataclass(frozen=True)
class Dialect:
    """What a foreign protocol has of its own; `OURS` is that of our API.

    find_key: the store's key as a request carries it; None where it carries none (then a session may do).
        Browsers send some kinds of key by themselves (HTTP basic auth): the guard, which stands before all
        faces, refuses requests of other sites, and no answer asks a browser for such a key.
    write_problem: a status and what went wrong, as a MIME type and bytes.

    >>> Dialect(find_key=password_of_basic_auth, write_problem=problem_as_graphql)
    """

    find_key: FindKey
    write_problem: WriteProblem

    def trouble(self) -> str:
        """What is wrong with it, as a sentence; empty if all is well."""
        if self.find_key(HTTPConnection({"type": "http", "headers": []})) is not None:
            return "its find_key finds a key in a request that carries none"
        written = self.write_problem(404, Problem("not_found", "there is no such thing", ""))
        if [type(part) for part in written] != [str, bytes]:
            return "its write_problem must return a MIME type and bytes"
        return ""


OURS = Dialect(find_key=bearer_key, write_problem=problem_json)
