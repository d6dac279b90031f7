"""The tables of faxes that came in and of how they are routed; as ``store_tables`` says of all.

What always holds: ``received`` has a line for each incoming call that was taken in, which outlives its job, so that
no call is taken in twice; that of a call without a page goes after the call's folder has.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from spooler.store_tables import Instant, metadata

received = Table(
    "received",
    metadata,
    Column("call", String(80), primary_key=True),
    Column("port", String(40), nullable=False),
    Column("job", Integer),  # NULL: no page came in; outlives the job
    Column("taken", Instant, nullable=False),
    Column("started", Instant, nullable=False),
    Column("ended", Instant, nullable=False),
    Column("cause", String(40), nullable=False),
    Column("facts", Text, nullable=False),  # fax.received.Received as JSON, without users and deliveries
    Index("received_by_job", "job"),
    Index("received_by_ended", "ended"),
)

received_users = Table(
    "received_users",
    metadata,
    Column("job", ForeignKey("jobs.id"), primary_key=True),
    Column("user", String(200), primary_key=True),
    Index("received_users_by_user", "user", "job"),
)

received_files = Table(
    "received_files",
    metadata,
    Column("job", ForeignKey("jobs.id"), primary_key=True),
    Column("number", Integer, primary_key=True),  # 0: the fax itself
    Column("path", Text, nullable=False),  # relative to the spool, or absolute where a method put it elsewhere
    Column("owner", String(40), nullable=False),  # GUID of the method that added it
    Column("listed", Boolean, nullable=False),  # False: a method took it off the list
)

routing_methods = Table(
    "routing_methods",
    metadata,
    Column("guid", String(40), primary_key=True),
    Column("priority", Integer, nullable=False),  # 1..n
    Column("friendly_name", Text, nullable=False),
    Column("function_name", Text, nullable=False),
    Column("extension_image", Text, nullable=False),
    Column("extension_name", Text, nullable=False),
)

port_methods = Table(
    "port_methods",
    metadata,
    Column("guid", ForeignKey("routing_methods.guid"), primary_key=True),
    Column("port", ForeignKey("ports.id"), primary_key=True),
    Column("enabled", Boolean, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

routing_rules = Table(
    "routing_rules",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("rule", Text, nullable=False),  # fax.routing.RoutingRule as JSON
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("job", ForeignKey("jobs.id"), primary_key=True),
    Column("number", Integer, primary_key=True),  # 1..n in the order of their turn; goes on when routed again
    Column("method", String(40), nullable=False),
    Column("name", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("retry_data", LargeBinary, nullable=False),
    Column("state", String(20), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("reason", Text),
    Column("until", Instant),
    Column("ended", Instant),
    Index("deliveries_by_state", "state", "until"),
)
