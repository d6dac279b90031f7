"""A small IPP message codec (RFC 8010) and a client that posts such messages.

- ``ipp.values``: tags and values. ``ipp.codec``: messages to octets and back. ``ipp.client``: one request, one answer.
- Nothing here knows what a fax is. Hostile input raises ``ipp.values.IppError`` and nothing else.
"""
