"""The part of the build that pyproject.toml cannot say: the C extension of the coder."""

from setuptools import setup

setup(cffi_modules=["codec/build_t4.py:ffibuilder"])
