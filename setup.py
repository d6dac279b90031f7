"""The part of the build that pyproject.toml cannot say: the C extension of the coder."""

from setuptools import setup

setup(cffi_modules=["codec/build_c.py:t4", "codec/build_c.py:t85"])
