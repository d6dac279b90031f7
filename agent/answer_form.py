"""The fields of the answer: recipient, typed or picked from the address book, or a group of it, and cover page.

What always holds: what the person typed is changed by nobody but the person; every field has a name that a screen
reader can say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gi.repository import Gtk

from agent.background import in_background
from agent.facts import Cover, Fax, Group, Person

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.api import Api
    from agent.words import Words

SUGGESTED = 20
LISTED = 500
NO_COVER = ""


def described(person: Person) -> str:
    """A line of the address book."""
    return " · ".join(part for part in (person.name, person.company, person.number) if part)


class AnswerForm:
    """See the module. ``widget``: what holds the fields."""

    def __init__(self, api: Api, fax: Fax, said: Words) -> None:
        self.widget = Gtk.Grid(row_spacing=8, column_spacing=12)
        self._api = api
        self._said = said
        self._rows = 0
        self.number = self._entry(said.number, fax.recipient.number)
        self.number.set_input_purpose(Gtk.InputPurpose.PHONE)
        self.number.set_activates_default(True)
        self.name = self._entry(said.name, fax.recipient.name)
        self.company = self._entry(said.company, fax.recipient.company)
        self.group: Group | None = None  # whom the fax is for instead of the person in the fields
        self._complete_names()
        self._add_book()
        self.cover = Gtk.ComboBoxText()
        self.cover.append(NO_COVER, said.no_cover)
        self.cover.append("default", said.standard_cover)
        if fax.cover is not None and fax.cover.template != "default":
            self.cover.append(fax.cover.template, fax.cover.template)
        self.cover.set_active_id(fax.cover.template if fax.cover else NO_COVER)
        self._row(said.cover, self.cover)
        self.subject = self._entry(said.subject, fax.cover.subject if fax.cover else "")
        self.note = Gtk.TextView(wrap_mode=Gtk.WrapMode.WORD_CHAR, accepts_tab=False)
        self.note.get_buffer().set_text(fax.cover.note if fax.cover else "")
        frame = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN, min_content_height=90, vexpand=True)
        frame.add(self.note)
        self._row(said.note, frame, self.note)
        self.cover.connect("changed", lambda widget: self._cover_chosen())
        self._cover_chosen()
        in_background(api.covers, self._covers_found, lambda refusal: None)

    def on_change(self, told: Callable[[], None]) -> None:
        """Have ``told`` called whenever a field is another."""
        for entry in (self.number, self.name, self.company, self.subject):
            entry.connect("changed", lambda entry: told())
        self.cover.connect("changed", lambda cover: told())
        self.note.get_buffer().connect("changed", lambda text: told())

    def person(self) -> Person:
        """The recipient as it stands in the fields."""
        return Person(
            number=self.number.get_text().strip(),
            name=self.name.get_text().strip(),
            company=self.company.get_text().strip(),
        )

    def chosen_cover(self) -> Cover | None:
        """The cover page as it stands in the fields; None: none."""
        template = self.cover.get_active_id()
        if not template:
            return None
        text = self.note.get_buffer()
        note = text.get_text(*text.get_bounds(), False)
        return Cover(template=template, subject=self.subject.get_text().strip(), note=note.strip())

    def pick(self, person: Person) -> None:
        """Put somebody of the address book into the fields."""
        self._set_group(None)
        self.number.set_text(person.number)
        self.name.set_text(person.name)
        self.company.set_text(person.company)

    def _set_group(self, group: Group | None) -> None:
        self.group = group
        for entry in (self.number, self.name, self.company):
            entry.set_sensitive(group is None)
        if group is not None:
            self._whom.set_text(self._said.group.format(name=group.name, count=group.count))
        self._instead.set_visible(group is not None)

    def _row(self, label: str, widget: Gtk.Widget, named: Gtk.Widget | None = None) -> None:
        text = Gtk.Label(label=label, xalign=1.0, yalign=0.0 if named else 0.5)
        text.set_mnemonic_widget(named or widget)
        (named or widget).get_accessible().set_name(label)
        widget.set_hexpand(True)
        self.widget.attach(text, 0, self._rows, 1, 1)
        self.widget.attach(widget, 1, self._rows, 1, 1)
        self._rows += 1

    def _entry(self, label: str, text: str) -> Gtk.Entry:
        entry = Gtk.Entry(text=text, width_chars=28)
        self._row(label, entry)
        return entry

    def _covers_found(self, names: list[str]) -> None:
        known = {row[1] for row in self.cover.get_model()}
        for name in names:
            if name not in known:
                self.cover.append(name, name)

    def _cover_chosen(self) -> None:
        wanted = bool(self.cover.get_active_id())
        self.subject.set_sensitive(wanted)
        self.note.set_sensitive(wanted)

    def _complete_names(self) -> None:
        self._suggested: list[Person] = []
        self._suggestions = Gtk.ListStore(str, int)
        completion = Gtk.EntryCompletion(model=self._suggestions, text_column=0, minimum_key_length=1)
        # The server has chosen already, by words of the name rather than by its beginning.
        completion.set_match_func(lambda completion, text, row: True)
        completion.connect("match-selected", self._suggestion_taken)
        self.name.set_completion(completion)
        self.name.connect("changed", lambda entry: self._suggest())

    def _suggest(self) -> None:
        text = self.name.get_text().strip()
        if not text or not self.name.is_focus():
            return

        def found(people: list[Person]) -> None:
            if self.name.get_text().strip() == text:
                self._suggested = people
                self._suggestions.clear()
                for index, person in enumerate(people):
                    self._suggestions.append([described(person), index])
                self.name.get_completion().complete()

        in_background(lambda: self._api.people(text, SUGGESTED), found, lambda refusal: None)

    def _suggestion_taken(self, completion: object, model: Gtk.TreeModel, row: Gtk.TreeIter) -> bool:
        self.pick(self._suggested[model[row][1]])
        return True

    def _add_book(self) -> None:
        button = Gtk.MenuButton(label=self._said.book, halign=Gtk.Align.START)
        self._people = Gtk.ListBox()
        self._people.connect("row-activated", self._row_taken)
        frame = Gtk.ScrolledWindow(
            min_content_width=320, min_content_height=240, hscrollbar_policy=Gtk.PolicyType.NEVER
        )
        frame.add(self._people)
        frame.show_all()
        self._book = Gtk.Popover(relative_to=button)
        self._book.add(frame)
        button.set_popover(self._book)
        button.connect("toggled", lambda button: self._list_people() if button.get_active() else None)
        self.widget.attach(button, 1, self._rows, 1, 1)
        self._rows += 1
        self._instead = Gtk.Box(spacing=6, no_show_all=True)
        self._whom = Gtk.Label(xalign=0.0, wrap=True, visible=True)
        back = Gtk.Button.new_from_icon_name("edit-clear-symbolic", Gtk.IconSize.BUTTON)
        back.get_accessible().set_name(self._said.not_the_group)
        back.set_tooltip_text(self._said.not_the_group)
        back.connect("clicked", lambda button: self._set_group(None))
        back.show_all()
        self._instead.pack_start(self._whom, True, True, 0)
        self._instead.pack_start(back, False, False, 0)
        self.widget.attach(self._instead, 1, self._rows, 1, 1)
        self._rows += 1

    def _list_people(self) -> None:
        def found(listed: list[Group | Person]) -> None:
            for row in self._people.get_children():
                self._people.remove(row)
            self._listed = listed
            for line in [self._line(each) for each in listed] or [self._said.book_empty]:
                self._people.add(Gtk.Label(label=line, xalign=0.0, margin=6))
            self._people.show_all()
            self._people.get_row_at_index(0).grab_focus()

        def work() -> list[Group | Person]:
            return [*self._api.groups(LISTED), *self._api.people("", LISTED)]

        in_background(work, found, lambda refusal: found([]))

    def _line(self, listed: Group | Person) -> str:
        if isinstance(listed, Person):
            return described(listed)
        return self._said.group.format(name=listed.name, count=listed.count)

    def _row_taken(self, box: Gtk.ListBox, row: Gtk.ListBoxRow) -> None:
        if row.get_index() < len(self._listed):
            taken = self._listed[row.get_index()]
            if isinstance(taken, Person):
                self.pick(taken)
            else:
                self._set_group(taken)
        self._book.popdown()
