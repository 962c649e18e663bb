"""A proxy in the environment, which answers nobody, and Beam's own connections."""

import os
import subprocess
import sys

import pytest

from runners.loopback import exempt_loopback

PIPELINE = """
import apache_beam as beam
from runners import direct
with beam.Pipeline(options=direct.pipeline_options(2)) as pipeline:
    pipeline | beam.Create([1, 2, 3]) | beam.CombineGlobally(sum) | beam.Map(print)
"""


@pytest.mark.parametrize(
    ("given", "exempt"),
    [
        ({}, "localhost,127.0.0.1,::1"),
        ({"no_proxy": "intra.example, localhost"}, "intra.example,localhost,127.0.0.1,::1"),
        ({"no_proxy": "a", "no_grpc_proxy": "b"}, "b,localhost,127.0.0.1,::1"),
    ],
)
def test_only_grpc_is_told(given, exempt):
    environ = dict(given)
    exempt_loopback(environ)
    assert environ == given | {"no_grpc_proxy": exempt}
    exempt_loopback(environ)
    assert environ["no_grpc_proxy"] == exempt


@pytest.mark.parametrize("variable", ["http_proxy", "https_proxy", "grpc_proxy"])
def test_a_pipeline_runs_beside_a_proxy(variable):
    environ = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
    environ[variable] = "http://127.0.0.1:9"
    command = [sys.executable, "-c", PIPELINE]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout == "6\n", done.stderr
