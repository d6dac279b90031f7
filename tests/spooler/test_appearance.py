"""Pages as pictures, and cover pages that are chosen while a fax waits."""

from __future__ import annotations

import io
import json
from typing import Any

from PIL import Image

from codec.operations import to_png
from codec.tiff import read_pages
from fax.types import CoverPage, JobState, Recipient, Submission
from tests.spooler.described import Connection
from tests.spooler.rig import REPORT, Rig, wait_for


def ask(rig: Rig, method: str, target: str, body: Any = None) -> tuple[int, str, bytes]:
    connection = Connection(rig.socket)
    connection.request(method, target, None if body is None else json.dumps(body))
    answer = connection.getresponse()
    octets = answer.read()
    connection.close()
    return answer.status, answer.headers["content-type"], octets


def test_a_page_s_picture_is_the_page_that_goes_out(shared_rig: Rig) -> None:
    document = shared_rig.client.upload(REPORT).id
    job = shared_rig.until(shared_rig.send(None, documents=[document]).id, JobState.ADDRESS)
    shared_rig.client.pages(job.id, shared_rig.folder / "pages.tif")
    for page in shared_rig.client.job(job.id).pages:
        status, type, octets = ask(shared_rig, "GET", f"/v1/jobs/{job.id}/pages/{page.number}.png?box=3")
        assert (status, type) == (200, "image/png")
        assert octets == to_png(read_pages(shared_rig.folder / "pages.tif")[page.number - 1], 3)
        with Image.open(io.BytesIO(octets)) as picture:
            assert picture.width == 1728 // 3


def test_a_page_that_is_not_there_is_refused(shared_rig: Rig) -> None:
    job = shared_rig.until(shared_rig.send(None).id, JobState.ADDRESS)
    for number in (0, 2):
        status, _, octets = ask(shared_rig, "GET", f"/v1/jobs/{job.id}/pages/{number}.png")
        assert (status, json.loads(octets)["type"]) == (409, "wrong-state")
    assert ask(shared_rig, "GET", f"/v1/jobs/{job.id}/pages/1.png?box=17")[0] == 400


def test_a_cover_page_is_chosen_changed_and_taken_away_while_the_fax_waits(shared_rig: Rig) -> None:
    job = shared_rig.until(shared_rig.send(None).id, JobState.ADDRESS)
    chosen = json.loads(ask(shared_rig, "PUT", f"/v1/jobs/{job.id}/cover", {"subject": "Offer"})[2])
    assert chosen["cover"] == {"subject": "Offer"}
    assert (chosen["state"], chosen["pages_total"]) == ("address", 2)
    assert [page["number"] for page in chosen["pages"]] == [2]
    again = json.loads(ask(shared_rig, "PUT", f"/v1/jobs/{job.id}/cover", {"subject": "Other"})[2])
    assert (again["cover"]["subject"], again["pages_total"]) == ("Other", 2)
    without = json.loads(ask(shared_rig, "DELETE", f"/v1/jobs/{job.id}/cover")[2])
    assert (without["cover"], without["pages_total"]) == (None, 1)


def test_a_cover_page_that_cannot_be_drawn_is_refused_and_changes_nothing(shared_rig: Rig) -> None:
    job = shared_rig.until(shared_rig.send(None).id, JobState.ADDRESS)
    status, _, octets = ask(shared_rig, "PUT", f"/v1/jobs/{job.id}/cover", {"template": "no-such"})
    assert (status, json.loads(octets)["type"]) == (400, "cover-page")
    assert shared_rig.client.job(job.id).cover is None
    assert {"default", "business"} <= set(json.loads(ask(shared_rig, "GET", "/v1/covers")[2]))


def test_a_fax_that_has_been_called_with_or_has_ended_keeps_its_cover_page(rig: Rig) -> None:
    ended = rig.send(None)
    rig.client.cancel(ended.id)
    called = rig.send("5552001")
    with rig.plug_in("BUSY").running():
        wait_for(lambda: rig.client.job(called.id).attempts, "a call")
        for job in (ended, called):
            status, _, octets = ask(rig, "PUT", f"/v1/jobs/{job.id}/cover", {})
            assert (status, json.loads(octets)["type"]) == (409, "wrong-state")


def test_a_fax_that_is_nothing_but_its_cover_page_keeps_it(shared_rig: Rig) -> None:
    submission = Submission(documents=(), recipients=(Recipient(),), cover=CoverPage(note="All of it"))
    job = shared_rig.client.submit(submission).jobs[0]
    assert ask(shared_rig, "DELETE", f"/v1/jobs/{job}/cover")[0] == 409


def test_page_one_is_seen_with_its_header_line_and_the_cover_that_is_about_to_be_chosen(shared_rig: Rig) -> None:
    job = shared_rig.until(shared_rig.send(None).id, JobState.ADDRESS)

    def rows(target: str, body: dict[str, object] | None = None) -> int:
        status, _, octets = ask(shared_rig, "GET" if body is None else "POST", target, body)
        assert status == 200
        with Image.open(io.BytesIO(octets)) as picture:
            return picture.height

    plain = rows(f"/v1/jobs/{job.id}/pages/1.png?box=1")
    preview = f"/v1/jobs/{job.id}/preview?box=1"
    headed = rows(preview, {"recipient": {"name": "Jörg", "number": "5552001"}})
    assert headed > plain
    with_cover = ask(shared_rig, "POST", preview, {"recipient": {"name": "Jörg"}, "cover": {"subject": "Offer"}})
    other_cover = ask(shared_rig, "POST", preview, {"recipient": {"name": "Jörg"}, "cover": {"subject": "Demand"}})
    assert (with_cover[:2], other_cover[:2]) == ((200, "image/png"), (200, "image/png"))
    assert with_cover[2] != other_cover[2]
    shared_rig.client.change_configuration({"branding": False})
    try:
        without_line = ask(shared_rig, "POST", preview, {})[2]
        assert without_line == ask(shared_rig, "GET", f"/v1/jobs/{job.id}/pages/1.png?box=1")[2]
    finally:
        shared_rig.client.change_configuration({"branding": True})
    found = shared_rig.client.job(job.id)
    assert (found.state, found.cover, found.recipient.name) == (JobState.ADDRESS, None, "")
    assert ask(shared_rig, "POST", preview, {"cover": {"template": "no-such"}})[0] == 400
