"""Settings from `cargo xtask test`, and the closing line it counts."""

import os

import pytest


@pytest.fixture(scope="session")
def base_url():
    return os.environ["LATCHKEY_TEST_URL"]


def pytest_unconfigure(config):
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    stats = reporter.stats
    failed = len(stats.get("failed", [])) + len(stats.get("error", []))
    print(f"\n{len(stats.get('passed', []))} passed, {failed} failed")
