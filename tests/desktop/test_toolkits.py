"""The print dialogues of desktop programs, worked for real, print to the queue (the slow tier)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from backend.queue import Queue, add_queue
from fax import JobState
from script.house import House
from tests.desktop.session import SYSTEM_PYTHON, Session
from tests.whole.conftest import NUMBER, differences, sent_pages, wait_for_end, wait_for_state

Build = Callable[..., House]
HERE = Path(__file__).parent
PATIENCE_S = 300.0


@pytest.mark.slow
def test_a_number_typed_in_gtk_s_print_dialogue_is_where_the_fax_arrives(build: Build) -> None:
    house = build(cups=True)
    with Session(environment={"CUPS_SERVER": house.cups_server}) as session:
        session.launch(SYSTEM_PYTHON, str(HERE / "print_gtk.py"))
        session.drive("fill", "Fax Number:", NUMBER)
        session.drive("fill", "Recipient's Name:", "Jörg Müller")
        session.shot("gtk")
        session.drive("press", "Print")
        done = wait_for_end(house, house.wait_for_jobs()[0].id, PATIENCE_S)
    assert done.state is JobState.DONE
    assert (done.recipient.number, done.recipient.name) == (NUMBER, "Jörg Müller")
    assert differences(sent_pages(house, done.id), house.received_pages(NUMBER)) == []


@pytest.mark.slow
def test_a_number_typed_in_libreoffice_s_print_dialogue_is_where_the_fax_arrives(build: Build) -> None:
    house = build(cups=True)
    environment = {"CUPS_SERVER": house.cups_server, "SAL_USE_VCLPLUGIN": "gtk3"}
    with Session(environment=environment) as session:
        page = session.folder / "letter.html"
        page.write_text("<meta charset=utf-8><h1>A letter</h1><p>Grüße aus Köln.</p>")
        profile = f"-env:UserInstallation=file://{session.folder}/office"
        session.launch("soffice", "--norestore", "--nologo", "--nofirststartwizard", profile, "--writer", str(page))
        session.drive("press", "Print...")
        session.drive("press", "Print>Properties...")
        session.drive("select", "Properties of fax>Device")
        session.drive("select", "Properties of fax>Fax Number")
        session.drive("select", "Properties of fax>Custom")
        session.drive("type", "Properties of fax", NUMBER)
        session.drive("select", "Properties of fax>Recipient's Name")
        session.drive("select", "Properties of fax>Custom")
        session.drive("type", "Properties of fax", "Jörg Müller")
        session.shot("libreoffice")
        session.drive("press", "Properties of fax>OK")
        session.drive("press", "Print>Print")
        done = wait_for_end(house, house.wait_for_jobs()[0].id, PATIENCE_S)
    assert done.state is JobState.DONE
    assert done.recipient.number == NUMBER
    # LibreOffice 7.4 hands options to CUPS in ASCII: what that lacks becomes a question mark.
    assert done.recipient.name in ("Jörg Müller", "J?rg M?ller")
    assert differences(sent_pages(house, done.id), house.received_pages(NUMBER)) == []


@pytest.mark.slow
@pytest.mark.parametrize("version", ["5", "6"])
def test_what_is_printed_by_qt_s_dialogue_is_asked_for_by_the_agent(build: Build, version: str) -> None:
    house = build(cups=True)
    with Session(environment={"CUPS_SERVER": house.cups_server}) as session:
        session.agent(house.socket)
        session.launch(SYSTEM_PYTHON, str(HERE / "print_qt.py"), version)
        # By the keyboard: Qt 5 does not always tell a screen reader of its windows. Its button "Print" is the default.
        session.run(
            "xdotool",
            *["search", "--sync", "--onlyvisible", "--name", "^Print$", "windowactivate", "--sync", "key", "Return"],
        )
        job = wait_for_state(house, house.wait_for_jobs()[0].id, JobState.ADDRESS)
        session.wait_for_notices(1)
        session.shot(f"qt{version}")
        session.run("dunstctl", "action", "0")
        session.drive("set", "Fax number", NUMBER)
        session.drive("press", "Send")
        done = wait_for_end(house, job.id, PATIENCE_S)
    assert done.state is JobState.DONE
    assert done.recipient.number == NUMBER
    assert differences(sent_pages(house, done.id), house.received_pages(NUMBER)) == []


@pytest.mark.slow
def test_what_chromium_prints_to_the_plain_queue_is_asked_for_by_the_agent(build: Build) -> None:
    house = build(cups=True)
    # Chromium lists no queue that CUPS calls a fax.
    assert house.cups is not None
    add_queue(Queue(name="printer", fax=False), str(house.cups.socket))
    with Session(environment={"CUPS_SERVER": house.cups_server}) as session:
        session.agent(house.socket)
        page = session.folder / "page.html"
        page.write_text('<meta charset=utf-8><body onload="setTimeout(() => print(), 500)"><p>Grüße aus Köln.</p>')
        switches = ("--no-sandbox", "--disable-gpu", "--force-renderer-accessibility", "--no-first-run")
        session.launch("chromium", *switches, f"--user-data-dir={session.folder}/profile", page.as_uri())
        session.drive("press", "See more destinations")
        session.drive("press", "printer Platen fax")
        session.drive("press", "Print")
        job = wait_for_state(house, house.wait_for_jobs()[0].id, JobState.ADDRESS)
        session.wait_for_notices(1)
        session.shot("chromium")
        session.run("dunstctl", "action", "0")
        session.drive("set", "Fax number", NUMBER)
        session.drive("press", "Send")
        done = wait_for_end(house, job.id, PATIENCE_S)
    assert done.state is JobState.DONE
    assert done.recipient.number == NUMBER
    assert differences(sent_pages(house, done.id), house.received_pages(NUMBER)) == []


@pytest.mark.slow
def test_what_firefox_prints_is_asked_for_by_the_agent(build: Build) -> None:
    house = build(cups=True)
    with Session(environment={"CUPS_SERVER": house.cups_server, "MOZ_DISABLE_CONTENT_SANDBOX": "1"}) as session:
        session.agent(house.socket)
        page = session.folder / "page.html"
        page.write_text('<meta charset=utf-8><body onload="setTimeout(() => print(), 500)"><p>Grüße aus Köln.</p>')
        profile = session.folder / "firefox"
        profile.mkdir()
        (profile / "user.js").write_text(
            'user_pref("print_printer", "fax");\n'
            'user_pref("accessibility.force_disabled", -1);\n'
            'user_pref("datareporting.policy.dataSubmissionEnabled", false);\n'
            'user_pref("browser.aboutwelcome.enabled", false);\n'
        )
        session.launch("firefox-esr", "--no-remote", "--profile", str(profile), page.as_uri())
        session.drive("see", "Print")
        session.shot("firefox")
        session.drive("press", "Print")
        job = wait_for_state(house, house.wait_for_jobs()[0].id, JobState.ADDRESS)
        session.wait_for_notices(1)
        session.run("dunstctl", "action", "0")
        session.drive("set", "Fax number", NUMBER)
        session.drive("press", "Send")
        done = wait_for_end(house, job.id, PATIENCE_S)
    assert done.state is JobState.DONE
    assert done.recipient.number == NUMBER
    assert differences(sent_pages(house, done.id), house.received_pages(NUMBER)) == []
