from tests.whole.conftest import build

__all__ = ["build"]
