"""How our code reaches workers: installed in their image, or staged with the job as a wheel of this very checkout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from schemas.failures import ConfigurationError


def checkout() -> Path | None:
    """The folder with our `setup.py` where this code is a checkout, None where it was installed from a package."""
    folder = Path(__file__).resolve().parents[1]
    return folder if (folder / "setup.py").is_file() else None


def build_wheel(sources: Path, folder: Path) -> Path:
    """A wheel of `sources` in `folder`. A wheel, not an sdist: workers would need a build backend from the network."""
    command = [sys.executable, "setup.py", "-q", "egg_info", "--egg-base", folder, "build", "--build-base"]
    command += [folder / "build", "bdist_wheel", "--dist-dir", folder, "--bdist-dir", folder / "wheel"]
    done = subprocess.run([str(word) for word in command], cwd=sources, capture_output=True, text=True, check=False)
    built = sorted(folder.glob("docbeam-*.whl"))
    if done.returncode or not built:
        raise ConfigurationError(
            f"no wheel could be made of {sources}: {done.stderr.strip()[-300:]}; pip install setuptools wheel, or give "
            "your own: -- --extra_package=WHEEL"
        )
    return built[0]
