"""Cover page templates over the API: listed, previewed as they arrive, installed, kept from others, forced."""

from __future__ import annotations

import io
import os
import pwd
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from codec.operations import same_pixels, to_png
from codec.tiff import read_pages
from fax.book import Profile
from fax.covers import CoverFile, CoverFiles, CoverPreview
from fax.errors import Cause, RequestError
from fax.settings import CoverRule
from fax.types import CoverPage, JobState, Recipient, Resolution, Sender, Submission
from spooler.admission import admit_own_cover
from spooler.submission import with_cover_rules, with_profile
from tests.spooler.rig import Rig

MINE = b'[[block]]\nkind = "text"\ntext = "Mine, to {recipient.name}"\n[[block]]\nkind = "note"\n'
BOB = Recipient(number="5552001", name="Bob")
ME = pwd.getpwuid(os.getuid()).pw_name


def files(main: bytes = MINE, **beside: bytes) -> CoverFiles:
    rest = tuple(CoverFile(name=name.replace("_", "."), octets=octets) for name, octets in beside.items())
    return CoverFiles(files=(CoverFile(name="template.toml", octets=main), *rest))


def picture(octets: bytes) -> Image.Image:
    return Image.open(io.BytesIO(octets))


def png(width: int = 40, height: int = 20) -> bytes:
    made = io.BytesIO()
    Image.new("1", (width, height), 0).save(made, "PNG")
    return made.getvalue()


def test_the_list_says_where_each_comes_from_and_what_it_costs(shared_rig: Rig) -> None:
    found = {each.name: each for each in shared_rig.client.cover_templates()}
    assert found["business"].kind == "built-in"
    assert found["business-de"].language == "de"
    assert found["strip"].strip
    assert all(each.octets is not None and 1000 < each.octets < 25_000 for each in found.values())


def test_a_template_is_installed_shown_used_and_removed(shared_rig: Rig) -> None:
    client = shared_rig.client
    text = MINE + b'[[block]]\nkind = "image"\nfile = "logo.png"\nheight = 20\n'
    made = client.install_cover("ours", files(text, logo_png=png()))
    assert (made.name, made.kind) == ("ours", "common")
    assert {file.name: file.octets for file in client.cover_files("ours").files} == {
        "template.toml": text,
        "logo.png": png(),
    }
    plain = client.preview_cover(CoverPreview(cover=CoverPage(template="ours"), recipient=BOB))
    client.install_cover("ours", files(MINE))
    assert client.preview_cover(CoverPreview(cover=CoverPage(template="ours"), recipient=BOB)) != plain
    assert len(client.cover_files("ours").files) == 1
    client.remove_cover("ours")
    with pytest.raises(RequestError) as refused:
        client.remove_cover("ours")
    assert refused.value.cause is Cause.NO_SUCH_ENTRY
    with pytest.raises(RequestError, match="There is no cover page template 'ours'"):
        client.cover_files("ours")


@pytest.mark.parametrize("name", ["", "../x", "own/", "own/../x", "a/b", "x.toml", "x" * 41])
def test_a_name_that_leads_elsewhere_is_refused(shared_rig: Rig, name: str) -> None:
    with pytest.raises(RequestError) as refused:
        shared_rig.client.install_cover(name, files())
    assert refused.value.cause is Cause.COVER_PAGE


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (files(b"[[block]"), "line 1"),
        (files(MINE.replace(b"name}", b"nmae}")), "line 3"),
        (CoverFiles(files=()), "template.toml"),
        (CoverFiles(files=(*files().files, CoverFile(name="../x.png", octets=b""))), "../x.png"),
        (files(MINE + b'[[block]]\nkind = "image"\nfile = "logo.png"\nheight = 9\n', logo_png=b"no picture"), "drawn"),
    ],
)
def test_a_template_that_is_not_right_is_refused_and_leaves_nothing(
    shared_rig: Rig, wrong: CoverFiles, said: str
) -> None:
    with pytest.raises(RequestError, match=said):
        shared_rig.client.install_cover("wrong", wrong)
    assert "wrong" not in [each.name for each in shared_rig.client.cover_templates()]
    assert shared_rig.client.check_cover(wrong)
    assert shared_rig.client.check_cover(files()) == []


def test_a_preview_is_the_page_that_goes_out(tmp_path: Path) -> None:
    with Rig(tmp_path, "retries = 0") as rig, rig.plug_in("BUSY").running():
        rig.client.install_cover("ours", files())
        cover = CoverPage(template="ours", note="Hello\nשלום 山田")
        for resolution in (Resolution.STANDARD, Resolution.FINE):
            submission = Submission(documents=(), recipients=(BOB,), cover=cover, resolution=resolution)
            rig.until(rig.client.submit(submission).jobs[0], JobState.FAILED)
            (file,) = (rig.spool / "covers").iterdir()
            (page,) = read_pages(file)
            order = CoverPreview(cover=cover, recipient=BOB, resolution=resolution)
            assert rig.client.preview_cover(order, box=2) == to_png(page, 2)
            file.unlink()
        # And as anybody with the template's files draws it.
        import coverpage
        from codec.page import Resolution as CodecResolution

        given = {each.name: each.octets for each in rig.client.cover_files("ours").files}
        fields = coverpage.fields_for(BOB, Sender(), cover, time_sent=None, document_pages=0)
        (alone,) = coverpage.Studio().cover(coverpage.from_files(given), fields, "a4", CodecResolution.FINE).pages
        assert same_pixels(alone, page) is None


def test_a_strip_goes_on_top_of_the_first_page_and_is_no_page_of_its_own(tmp_path: Path) -> None:
    with Rig(tmp_path, "retries = 0") as rig, rig.plug_in("BUSY").running():
        document = rig.text("A letter of one page.")
        submission = Submission(
            documents=(document,), recipients=(BOB,), cover=CoverPage(template="strip", subject="Hi")
        )
        failed = rig.until(rig.client.submit(submission).jobs[0], JobState.FAILED)
        assert [(page.number, page.cover) for page in failed.pages] == [(1, True)]
        assert failed.pages_total == 1
        (file,) = (rig.spool / "covers").iterdir()
        (joined,) = read_pages(file)
        (master,) = [page for path in rig.masters() for page in read_pages(path)]
        # White rows made room for it.
        assert joined.rows <= master.rows
        assert same_pixels(joined, master) is not None


def test_one_s_own_template_is_refused_where_the_server_s_only_may_be_used(rig: Rig) -> None:
    client = rig.client
    client.install_cover("own/mine", files())
    assert "own/mine" in [each.name for each in client.cover_templates()]
    job = client.submit(Submission(documents=(), recipients=(BOB,), cover=CoverPage(template="own/mine"))).jobs[0]
    client.change_configuration({"server_cover_only": True})
    assert "own/mine" not in [each.name for each in client.cover_templates()]
    for cover in (CoverPage(template="own/mine"), CoverPage(layout=MINE.decode())):
        with pytest.raises(RequestError) as refused:
            client.submit(Submission(documents=(), recipients=(BOB,), cover=cover))
        assert refused.value.cause is Cause.NOT_ALLOWED
    for act in (lambda: client.install_cover("own/other", files()), lambda: client.remove_cover("own/mine")):
        with pytest.raises(RequestError) as refused:
            act()
        assert refused.value.cause is Cause.NOT_ALLOWED
    # What was taken in before is held to it when it is to go out.
    with rig.plug_in("BUSY").running():
        failed = rig.until(job, JobState.FAILED)
    assert failed.cause == "cover-page"
    assert "own cover pages" in (failed.reason or "")


def test_somebody_else_s_own_template_is_not_there(shared_rig: Rig) -> None:
    shared_rig.client.install_cover("own/secret", files())
    folder = shared_rig.spool / "templates" / "own" / ME / "secret"
    assert (folder / "template.toml").read_bytes() == MINE
    other = shared_rig.spool / "templates" / "own" / "somebody" / "theirs"
    other.mkdir(parents=True)
    (other / "template.toml").write_bytes(MINE)
    names = [each.name for each in shared_rig.client.cover_templates()]
    assert "own/secret" in names
    assert not [name for name in names if "theirs" in name]


def test_a_name_that_no_font_has_is_refused_for_any_of_the_recipients(shared_rig: Rig) -> None:
    people = (BOB, Recipient(number="5552002", name="\U0001d2e0"))
    with pytest.raises(RequestError, match=r"U\+1D2E0"):
        shared_rig.client.submit(Submission(documents=(), recipients=people, cover=CoverPage()))


def test_a_template_of_one_s_own_is_not_for_whom_cups_only_names() -> None:
    cover = CoverPage(template="own/mine")
    with pytest.raises(RequestError) as refused:
        admit_own_cover(cover, "ann", claimed=True)
    assert refused.value.cause is Cause.NOT_ALLOWED
    admit_own_cover(cover, "ann", claimed=False)
    admit_own_cover(CoverPage(), "ann", claimed=True)
    asked = Submission(documents=(), recipients=(BOB,), cover=CoverPage())
    mine = Profile(cover="own/mine")
    assert with_profile(asked, mine, claimed=True).cover == CoverPage()
    assert with_profile(asked, mine).cover == cover


RULES = (
    CoverRule(user="ann", template="memo"),
    CoverRule(group="clinic", template="medical", forced=True),
    CoverRule(template="business"),
)
FAX = Submission(documents=(), recipients=(BOB,), cover=CoverPage(subject="Hello"))


@pytest.mark.parametrize(
    ("user", "groups", "template"),
    [("ann", {"clinic"}, "memo"), ("bob", {"clinic"}, "medical"), ("bob", {"sales"}, "business")],
)
def test_the_first_rule_that_fits_says_what_the_default_stands_for(user: str, groups: set[str], template: str) -> None:
    made = with_cover_rules(FAX, RULES, user, groups, False)
    assert made.cover == CoverPage(template=template, subject="Hello")


def test_a_forced_cover_page_is_on_every_fax_whatever_it_asks_for() -> None:
    for asked in (None, CoverPage(template="plain", subject="S"), CoverPage(layout="x", subject="S")):
        made = with_cover_rules(replace(FAX, cover=asked), RULES, "bob", {"clinic"}, True)
        assert made.cover == CoverPage(template="medical", subject="S" if asked else "")


def test_a_rule_that_forces_nothing_leaves_choices_alone() -> None:
    for asked in (None, CoverPage(template="plain"), CoverPage(layout="x")):
        assert with_cover_rules(replace(FAX, cover=asked), RULES, "ann", set(), False).cover == asked
    assert with_cover_rules(FAX, RULES, "ann", set(), True).cover == FAX.cover
    assert with_cover_rules(FAX, (), "ann", set(), False) == FAX


def test_rules_act_on_faxes_that_are_handed_in(rig: Rig) -> None:
    client = rig.client
    rig.client.change_configuration({"cover_rules": [{"template": "urgent", "user": ME, "forced": True}]})
    job = client.submit(Submission(documents=(rig.text(),), recipients=(BOB,))).jobs[0]
    assert client.job(job).cover == CoverPage(template="urgent")
    rig.client.change_configuration({"cover_rules": [{"template": "memo"}]})
    job = client.submit(Submission(documents=(rig.text(),), recipients=(BOB,), cover=CoverPage())).jobs[0]
    assert client.job(job).cover == CoverPage(template="memo")
    client.set_profile(Profile(cover="plain"))
    job = client.submit(Submission(documents=(rig.text(),), recipients=(BOB,), cover=CoverPage())).jobs[0]
    assert client.job(job).cover == CoverPage(template="plain")
    for wrong in ([{"template": "own/x"}], [{"template": "x", "user": "a", "group": "b"}]):
        with pytest.raises(RequestError) as refused:
            client.change_configuration({"cover_rules": wrong})
        assert refused.value.cause is Cause.BAD_SETTING
