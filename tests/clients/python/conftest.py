"""What every test gets: the registry's address, and clients of both flavours.

REGISTRY_URL names the registry; `tests/clients/run` starts one on each store. Tests leave their subjects behind.
"""

import os
import uuid

import pytest
from flavour import FLAVOURS


@pytest.fixture(scope="session")
def url():
    """The address of the registry."""
    running = os.environ.get("REGISTRY_URL")
    if not running:
        pytest.exit("set REGISTRY_URL to a registry, or use tests/clients/run", returncode=3)
    return running


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
