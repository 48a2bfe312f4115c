"""A training process whose disk fills up:  python crash_disk.py RECORD_FILE RUN_ID LIMIT_BYTES HEALS

After init() no file may grow beyond LIMIT_BYTES (EFBIG, which reaches the program as ENOSPC would). With
HEALS "1" the limit is lifted again before the run finishes. Prints the slowest log() in milliseconds.
"""

from __future__ import annotations

import os
import resource
import sys
import time

from crash_trainer import INVOKE, OK, RECORD, digest_of, image_of, scalars_of

ENTRIES = 3000


def main() -> None:
    record_path, run_id, limit_bytes, heals = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "1"
    import diorama

    run = diorama.init(project="crash", id=run_id)
    # The harness's own record must be writable all the time: a pipe has no size.
    reading, record = os.pipe()
    if os.fork() == 0:
        os.close(record)
        with open(record_path, "wb", buffering=0) as file:
            while data := os.read(reading, 1 << 16):
                file.write(data)
        os._exit(0)
    os.close(reading)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    slowest_secs = 0.0
    for number in range(ENTRIES):
        if number == ENTRIES // 3:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
        if heals and number == ENTRIES * 2 // 3:
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        scalars, pixels = scalars_of(number), image_of(number)
        digest = digest_of(scalars, pixels)
        data: dict[str, object] = dict(scalars)
        if pixels is not None:
            data["image"] = diorama.Image(pixels)
        os.write(record, RECORD.pack(INVOKE, number, digest))
        began = time.perf_counter()
        run.log(data)
        slowest_secs = max(slowest_secs, time.perf_counter() - began)
        os.write(record, RECORD.pack(OK, number, digest))
    run.finish()
    os.close(record)
    os.wait()
    print(f"{slowest_secs * 1e3:.1f}")


if __name__ == "__main__":
    main()
