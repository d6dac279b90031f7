"""A program that prints a page through Qt's own print dialogue: ``print_qt.py 5`` or ``6``. For the system's Python."""

import importlib
import sys

binding = f"PyQt{sys.argv[1]}"
core, gui, widgets, support = (
    importlib.import_module(f"{binding}.{name}") for name in ("QtCore", "QtGui", "QtWidgets", "QtPrintSupport")
)
application = widgets.QApplication(sys.argv)
printer = support.QPrinter()
printer.setPrinterName("fax")
printer.setDocName(f"Letter from Qt {sys.argv[1]}")
dialogue = support.QPrintDialog(printer)


def draw() -> None:
    painter = gui.QPainter(printer)
    painter.drawText(core.QPointF(100, 200), "Grüße aus Qt")
    painter.end()
    application.quit()


dialogue.accepted.connect(draw)
dialogue.rejected.connect(application.quit)
dialogue.open()
application.exec()
