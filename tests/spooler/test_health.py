"""New work is refused early and clearly when the spool cannot take it, and taken again when it can, without a hand."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest

from fax.errors import Cause, ServerError
from fax.types import CoverPage, JobState, Recipient, Submission
from spooler import health
from spooler.configuration import Live
from spooler.health import Health
from spooler.settings import Settings
from spooler.spool import Spool
from spooler.store import Store
from tests.spooler.rig import Rig, refusal, wait_for

FAX = Submission(documents=(), recipients=(Recipient(number="5552001"),), cover=CoverPage())


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    spool = Spool(tmp_path / "spool")
    spool.root.mkdir()
    spool.prepare(None)
    return spool


@pytest.fixture
def looker(spool: Spool) -> Iterator[Health]:
    store = Store(spool.database)
    yield Health(spool, Live(store, Settings(spool=spool.root)))
    store.close()


def refused(looker: Health) -> str:
    with pytest.raises(ServerError) as caught:
        looker.check_new_work()
    assert caught.value.cause is Cause.STORAGE
    return caught.value.text


def test_a_healthy_spool_has_no_troubles(looker: Health) -> None:
    state = looker.look()
    assert state.troubles == ()
    assert state.free_octets > 0
    looker.check_new_work()
    looker.check_type("application/pdf")


def test_a_disk_that_cannot_be_written_is_said_to_be_one_and_forgotten_when_it_can(
    looker: Health, spool: Spool
) -> None:
    scratch = spool.root / "tmp"
    scratch.rmdir()
    scratch.write_text("what a broken disk may look like")
    assert looker.look().disk is not None
    assert "cannot be written" in refused(looker)
    assert looker.pause_s == health.LOOK_IN_TROUBLE_S
    scratch.unlink()
    scratch.mkdir()
    looker.look()
    looker.check_new_work()
    assert list(scratch.iterdir()) == [], "a look leaves nothing"


def test_a_file_that_may_not_grow_is_a_disk_that_cannot_be_written(spool: Spool) -> None:
    program = (
        "import resource, signal, sys; from pathlib import Path; from spooler import health;"
        "from spooler.spool import Spool; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100));"
        "print(health._probe(Spool(Path(sys.argv[1]))))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(spool.root)], capture_output=True, text=True, check=True)
    assert "cannot be written" in done.stdout
    assert "File too large" in done.stdout


def test_a_missing_ghostscript_is_named_and_only_what_needs_it_is_refused(
    looker: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LIBRARIES", ())
    assert looker.look().ghostscript is None, "the loader finds it all the same"
    monkeypatch.setattr(health, "LOADS_IT", (sys.executable, "-c", "raise SystemExit(1)"))
    state = looker.look()
    assert state.ghostscript is not None
    assert "Debian package 'ghostscript'" in state.ghostscript
    looker.check_new_work()
    looker.check_type("image/tiff")
    with pytest.raises(ServerError, match="Ghostscript is missing"):
        looker.check_type("application/pdf")


def test_below_the_floor_new_faxes_are_refused_the_status_says_so_and_what_is_there_goes_on(tmp_path: Path) -> None:
    with Rig(tmp_path) as rig:
        modem = rig.plug_in("BUSY")
        with modem.running():
            document = rig.text()
            rig.client.change_configuration({"free_floor_octets": 1 << 50})
            wait_for(lambda: rig.client.status().troubles, "the trouble")
            (trouble,) = rig.client.status().troubles
            assert "nearly full" in trouble
            for act in (
                lambda: rig.client.upload(BytesIO(b"words"), "words.txt"),
                lambda: rig.client.submit(FAX),
                lambda: rig.send("5552001", documents=[document]),
            ):
                error = refusal(act)
                assert (error.cause, "Nothing was taken in" in error.text) == (Cause.STORAGE, True)
            rig.client.change_configuration({"free_floor_octets": 0})
            wait_for(lambda: not rig.client.status().troubles, "its end")
            job = rig.send("5552001", documents=[document])
            wait_for(lambda: rig.client.job(job.id).attempts, "a call")


def test_a_fax_that_waits_for_the_disk_says_so_and_goes_on_by_itself(tmp_path: Path) -> None:
    with Rig(tmp_path) as rig:
        key = rig.client.submit(FAX, key="before")
        rig.until(key.jobs[0], JobState.WAITING)
        scratch = rig.spool / "tmp"

        def taken_away() -> bool:
            with suppress(OSError):  # a look at the disk may be under way in it
                scratch.rmdir()
                return True
            return False

        wait_for(taken_away, "quiet")
        scratch.write_text("")
        rig.client.change_configuration({"free_floor_octets": 1})  # it looks at once
        wait_for(lambda: rig.client.status().troubles, "the trouble")
        wait_for(lambda: rig.client.job(key.jobs[0]).wait == "disk", "the fax's waiting for it")
        waiting = rig.client.job(key.jobs[0])
        assert waiting.state is JobState.WAITING
        assert "disk" in (waiting.reason or "")
        assert rig.client.submit(FAX, key="before") == key, "what was taken in is answered again"
        scratch.unlink()
        scratch.mkdir()
        wait_for(lambda: not rig.client.status().troubles, "its end")
        wait_for(lambda: rig.client.job(key.jobs[0]).wait != "disk", "the fax's going on")
