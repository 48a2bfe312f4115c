"""Every exception that Diorama raises on purpose, and how to tell a fault from an interruption.

    DioramaError
    ├── UsageError        the caller did something that can't work (also a wandb.Error look-alike)
    │   ├── ConfigError   a config key was changed without allow_val_change
    │   ├── WrongType     an argument, or a value to be logged, of a type that can't be; also a TypeError
    │   ├── WrongValue    the same of a value that can't be; also a ValueError
    │   └── CommError     a run could not be started as asked (resume="must" of a run that is not there)
    ├── StoreError        the store can't be read or written
    │   ├── NotFound      no such project, run, key, blob or file
    │   ├── TooNew        the store was written by a newer Diorama
    │   └── Corrupt       stored bytes do not match their checksum
    ├── JournalError      a journal can't be written or read
    ├── BadRequest        a request to the service or server is not valid
    │   └── Unstorable    the database will never take a value, however often it is tried
    ├── TooLarge          a request is over a stated limit
    ├── Unauthorized      no key, or a wrong one
    └── Forbidden         a good key, but not for this

Wrong arguments of media constructors raise TypeError, ValueError, KeyError or FileNotFoundError, as
W&B's SDK does, so that scripts written for it keep working.
Each error carries a `hint`: one sentence that says what to do.
"""

from __future__ import annotations

import errno
import os
import signal
from types import CodeType, TracebackType

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


class DioramaError(Exception):
    """Base of all errors that Diorama raises on purpose.

    >>> str(DioramaError("no such run", hint="`diorama ls` lists the runs"))
    'no such run (`diorama ls` lists the runs)'
    """

    code = "error"

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(DioramaError):
    """The caller did something that can't work, such as logging to a finished run."""

    code = "usage"


class ConfigError(UsageError):
    """A config key was set twice to different values without `allow_val_change=True`."""

    code = "config"


class WrongType(UsageError, TypeError):
    """An argument, or a value to be logged, is of a type that can't be."""

    code = "wrong_type"


class WrongValue(UsageError, ValueError):
    """An argument, or a value to be logged, is one that can't be."""

    code = "wrong_value"


class CommError(UsageError):
    """A run could not be started as asked."""

    code = "comm"


class StoreError(DioramaError):
    """The store can't be read or written."""

    code = "store"


class NotFound(StoreError):
    """No such project, run, key, blob or file."""

    code = "not_found"


class TooNew(StoreError):
    """The store was written by a newer Diorama than this one."""

    code = "too_new"


class Corrupt(StoreError):
    """Stored bytes do not match their checksum."""

    code = "corrupt"


class JournalError(DioramaError):
    """A journal can't be written or read."""

    code = "journal"


class BadRequest(DioramaError):
    """A request is not valid."""

    code = "bad_request"


class Unstorable(BadRequest):
    """A value that the database will never take: a fault of the value, not of the store or the moment."""

    code = "unstorable"


class TooLarge(DioramaError):
    """A request is over a stated limit."""

    code = "too_large"


class Unauthorized(DioramaError):
    """No key, or a wrong one."""

    code = "unauthorized"


class Forbidden(DioramaError):
    """A good key, but not for this."""

    code = "forbidden"


def is_interruption(error: BaseException) -> bool:
    """Whether `error` came out of a signal's handler that struck while something else was being done: a time
    limit by SIGALRM, a preemption notice. Such an exception is the user's, whatever its class (TimeoutError
    is an OSError), and must never be taken for a fault of what it interrupted.

    A handler is known by what Python passes to it: the very frame that it interrupts, which is its caller;
    or, if it has let go of that, by being installed.

    >>> is_interruption(TimeoutError())
    False
    """
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_back is not None:
            # Frames of our own are left out: reading `f_locals` keeps the values alive as long as the frame.
            is_ours = frame.f_code.co_filename.startswith(_PACKAGE)
            for value in () if is_ours else frame.f_locals.values():
                if value is frame.f_back or (
                    type(value) is tuple and any(each is frame.f_back for each in value)
                ):
                    return True
            if frame.f_code in _installed_handlers():
                return True
        trace = trace.tb_next
    return False


class ignored_faults:
    """`contextlib.suppress(OSError)` for what a training may interrupt: a time limit that a signal's handler
    raises is an OSError as well, and passes.

    >>> with ignored_faults():
    ...     os.unlink("/no/such/file")
    """

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        return isinstance(error, OSError) and not is_interruption(error)


_MOMENTARY = ("EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "EAGAIN", "EINTR", "EBUSY", "ENOSPC", "EDQUOT")
_SCARCE = {getattr(errno, name) for name in (*_MOMENTARY, "ETIMEDOUT", "ESTALE") if hasattr(errno, name)}


def is_of_the_moment(error: BaseException) -> bool:
    """Whether an error says that the machine lacks something now (memory, threads, descriptors, space on
    the disk), and nothing about what it was asked to do: the same may work later.

    >>> is_of_the_moment(MemoryError()), is_of_the_moment(ValueError("no picture"))
    (True, False)
    """
    if isinstance(error, OSError):
        return error.errno in _SCARCE
    if type(error) is RuntimeError:  # "can't start new thread" has no class of its own
        return "can't start new thread" in str(error) or "can't allocate" in str(error)
    return isinstance(error, MemoryError)


def _installed_handlers() -> list[CodeType]:
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    codes = [getattr(getattr(each, "__func__", each), "__code__", None) for each in handlers]
    return [code for code in codes if code is not None]
