"""Tell the story: data, house, chapters, report."""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path

from tests.bench import database
from tests.story import cdnow, house


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.story", description=__doc__)
    parser.add_argument("--customers", type=int, default=cdnow.CUSTOMERS)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    from omni import env

    try:
        bought = cdnow.purchases(env.var_dir() / "cache", options.customers)
    except cdnow.NoDataError as error:
        raise SystemExit(str(error)) from error
    folder = Path(tempfile.mkdtemp(prefix="omni-story-"))
    port = house.free_port()
    os.environ["BASE_URL"] = f"http://127.0.0.1:{port}"
    started = time.monotonic()
    try:
        with database.own(f"story_{os.getpid()}") as name:
            from tests.story.chapters import tell

            tell(bought=bought, database=name, port=port, folder=folder, seed=options.seed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"The story holds. {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
