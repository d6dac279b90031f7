"""A program that prints a page through GTK's own print dialogue. Runs under the system's Python."""

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import Gtk  # noqa: E402


def draw(operation: Gtk.PrintOperation, context: Gtk.PrintContext, number: int) -> None:
    paper = context.get_cairo_context()
    paper.move_to(72, 100)
    paper.set_font_size(24)
    paper.show_text("Grüße aus GTK")


operation = Gtk.PrintOperation(n_pages=1, job_name="Letter from GTK")
settings = Gtk.PrintSettings()
settings.set_printer("fax")
operation.set_print_settings(settings)
operation.connect("draw-page", draw)
operation.run(Gtk.PrintOperationAction.PRINT_DIALOG, None)
