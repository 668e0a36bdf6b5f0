"""A real server for real clients.

ACCORD_BIN names the program; it is started once, on a fresh SQLite file. With REGISTRY_URL set, the same tests go to
the registry that runs there instead (they leave their subjects behind).
"""

import os
import select
import signal
import subprocess
import uuid

import pytest
from flavour import FLAVOURS

START_SECONDS = 60
STOP_SECONDS = 30


def first_line(process):
    """The line with the address, or a failure that says what the program said instead."""
    ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    line = process.stdout.readline() if ready else ""
    prefix = "listening on "
    if not line.startswith(prefix):
        process.kill()
        pytest.exit(f"the server did not start: {line!r} {process.communicate()[1]}", returncode=3)
    return line[len(prefix) :].strip()


@pytest.fixture(scope="session")
def url(tmp_path_factory):
    """The address of the registry."""
    running = os.environ.get("REGISTRY_URL")
    if running:
        yield running
        return
    program = os.environ.get("ACCORD_BIN")
    if not program:
        pytest.exit("set ACCORD_BIN to the accord program, or REGISTRY_URL to a registry", returncode=3)
    folder = tmp_path_factory.mktemp("accord")
    with open(folder / "stderr", "w+") as errors:
        process = subprocess.Popen(
            [program, "serve", "--listen", "127.0.0.1:0", "--database-url", f"sqlite://{folder}/accord.db"],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            yield first_line(process)
            process.send_signal(signal.SIGTERM)
            assert process.wait(STOP_SECONDS) == 0, "the server ends well"
        finally:
            process.kill()
            process.wait()
        errors.seek(0)
        said = errors.read()
        assert " ERROR " not in said and "panicked" not in said, said


@pytest.fixture(params=list(FLAVOURS))
def flavour(request):
    """The blocking client, then the asynchronous one, behind one interface."""
    made = FLAVOURS[request.param]()
    yield made
    made.close()


@pytest.fixture
def client(flavour, url):
    """A client with empty caches."""
    return flavour.client({"url": url})


@pytest.fixture
def topic():
    """A name that no other test uses."""
    return f"t-{uuid.uuid4().hex[:12]}"
