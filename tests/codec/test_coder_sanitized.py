"""The C part under the address and undefined-behaviour sanitizers: mutated input, and all other tests of the coder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.fuzz import SANITIZERS, build, seeds, tiff_inputs

ROOT = Path(__file__).resolve().parents[2]
INPUTS = 60_000


def test_mutated_code_from_a_fixed_seed_finds_nothing(tmp_path: Path) -> None:
    driver = build(tmp_path)
    files = [str(path) for path in seeds(tmp_path, 2026)]
    ran = subprocess.run([str(driver), "2026", "0", str(INPUTS), *files], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == f"{INPUTS} inputs\n"


def test_mutated_tiff_files_from_a_fixed_seed_find_nothing(tmp_path: Path) -> None:
    assert 0 < tiff_inputs(tmp_path, 5000, 2026) < 5000


def test_the_driver_sees_an_octet_too_far(tmp_path: Path) -> None:
    """The net has no holes: a driver whose padding is taken away is caught."""
    for folder in ("codec", "bench"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    header = tmp_path / "codec" / "t4_internal.h"
    text = header.read_text()
    assert "T4_PADDING = 64" in text
    header.write_text(text.replace("T4_PADDING = 64", "T4_PADDING = 0"))
    sources = [str(path) for path in sorted((tmp_path / "codec").glob("t4_*.c"))]
    sources += [str(tmp_path / "codec" / "t85.c"), str(tmp_path / "bench" / "fuzz_coder.c")]
    driver = tmp_path / "driver"
    subprocess.run(
        ["gcc", "-O1", "-g", *SANITIZERS, f"-I{tmp_path / 'codec'}", *sources, "-ljbig", "-o", driver], check=True
    )
    files = [str(path) for path in seeds(tmp_path, 2026)]
    ran = subprocess.run([str(driver), "2026", "0", "2000", *files], capture_output=True, text=True, check=False)
    assert ran.returncode != 0
    assert "AddressSanitizer" in ran.stderr


@pytest.mark.slow
def test_the_sanitized_build_passes_the_tests_of_the_coder(tmp_path: Path) -> None:
    for folder in ("codec", "bench", "tests/codec"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path / name)
    flags = " ".join(SANITIZERS)
    environment = os.environ | {"CFLAGS": f"-O1 -g {flags}", "LDFLAGS": flags}
    build_extension = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    subprocess.run(build_extension, cwd=tmp_path, env=environment, check=True)
    libraries = [
        subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("libasan.so", "libubsan.so")
    ]
    environment = os.environ | {
        "LD_PRELOAD": " ".join(libraries),
        # Python itself keeps memory to its end.
        "ASAN_OPTIONS": "detect_leaks=0",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        "PYTHONPATH": str(tmp_path),
        "PYTHONMALLOC": "malloc",
    }
    chosen = [
        str(path)
        for pattern in ("test_coder*.py", "test_pageops.py", "test_tiff.py", "test_tiff_torn.py")
        for path in sorted((tmp_path / "tests" / "codec").glob(pattern))
        if path.name != Path(__file__).name
    ]
    check = "import codec._t4, sys; assert codec._t4.__file__.startswith(sys.argv[1]), codec._t4.__file__"
    subprocess.run([sys.executable, "-c", check, str(tmp_path)], cwd=tmp_path, env=environment, check=True)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-5000:] + ran.stderr[-5000:]
    assert "passed" in ran.stdout
