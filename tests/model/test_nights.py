"""Random nights: a model of what an output must say, against the real commands on a real folder and a real server."""

import time

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from model import patches
from nights import Nights
from world import Site

#: Worlds, and steps in each.
QUICK, BATCH = (4, 50), (25, 60)
LEAST = 10_000


def take(worlds: int, steps: int, **more: object) -> int:
    """Random nights in so many worlds; the steps that they had."""
    Nights.site, before = Site(), Nights.steps.total()
    chosen = settings(
        max_examples=worlds,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
        **more,
    )
    try:
        with patches():
            run_state_machine_as_test(Nights, settings=chosen)
    finally:
        Nights.site.close()
    return Nights.steps.total() - before


def test_some_nights():
    # Always the same: what is found by chance is found by the long form.
    assert take(*QUICK, derandomize=True, phases=[Phase.generate], database=None) > 100


@pytest.mark.slow
def test_thousands_of_nights(capsys):
    started = time.monotonic()
    taken = 0
    while taken < LEAST:
        taken += take(*BATCH, phases=[Phase.generate, Phase.shrink], database=None)
        with capsys.disabled():
            minutes = (time.monotonic() - started) / 60
            print(f"\n{taken} steps in {minutes:.0f} min: {dict(Nights.steps.most_common())}", flush=True)
