"""The options of a print job, as CUPS gives them to a backend, and the parameters of a device URI.

``name=value`` separated by blanks; blanks, quotes and backslashes in a value are escaped by a backslash; ``name`` and
``noname`` are booleans; a name may come twice, and the last counts. Pure functions; hostile input gives odd options,
never an error.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

_MISSING = frozenset({"", "none", "custom", "custom."})
_BLANKS = " \t\r\n\f\v"


def parse(text: str) -> dict[str, str]:
    """``argv[5]`` as names (in lower case) and values."""
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        if text[at] in _BLANKS:
            at += 1
            continue
        start = at
        while at < len(text) and text[at] not in _BLANKS and text[at] != "=":
            at += 1
        name = text[start:at].lower()
        if at < len(text) and text[at] == "=":
            value, at = _value(text, at + 1)
        elif name.startswith("no"):
            name, value = name[2:], "false"
        else:
            value = "true"
        if name:
            found[name] = value
    return found


def _value(text: str, at: int) -> tuple[str, int]:
    """The value that starts at ``at``, and where it ends."""
    value: list[str] = []
    quote = ""
    while at < len(text):
        character = text[at]
        if character == "\\" and at + 1 < len(text):
            at += 1
            value.append(text[at])
        elif quote:
            if character == quote:
                quote = ""
            else:
                value.append(character)
        elif character in "'\"":
            quote = character
        elif character in _BLANKS:
            break
        else:
            value.append(character)
        at += 1
    return "".join(value), at


def chosen(value: str | None) -> str | None:
    """What a person chose or typed: without ``Custom.``; None for what print dialogues send when nobody did."""
    if value is None or value.strip().lower() in _MISSING:
        return None
    value = value.strip()
    if value[:7].lower() == "custom.":
        return chosen_text(value[7:])
    return value


def chosen_text(value: str) -> str | None:
    return value.strip() or None


def parameters(device_uri: str) -> tuple[tuple[str, str], ...]:
    """The parameters behind the ``?`` of a device URI, in order, names in lower case; ``+`` stays a plus sign."""
    try:
        query = urlsplit(device_uri).query
        pairs = parse_qsl(query.replace("+", "%2B"), keep_blank_values=True, errors="replace", max_num_fields=100)
    except ValueError:
        return ()
    return tuple((name.lower(), value) for name, value in pairs)
