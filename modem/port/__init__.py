"""The port process: one per telephone line, long-lived, owner of the device and of its lock.

``python -m modem.port --name NAME --device DEV --folder FOLDER [--lock-folder DIR]``

What the daemon calls:

- ``modem.port.client``: ``launch(name, device, folder, lock_folder=...) -> pid``; ``is_locked(folder) -> bool``:
  whether a process lives; ``PortClient(folder)`` with ``status() -> PortStatus | None``,
  ``start_call(plan_path, journal_path) -> CallReply``, ``cancel(call) -> bool``, ``set_answering(AnswerSettings | None)
  -> PortStatus``, ``pick_up() -> bool``, ``quit()``. All synchronous, with
  timeouts; ``PortError`` when the process does not answer or makes no sense.
- ``modem.port.messages``: ``PortStatus``, ``PortState``, ``CallReply``, ``CallAnswer``, ``AnswerSettings``,
  ``ServedDocument``.
- ``modem.received``: ``calls_in``, ``ReceivedCall``: what calls that came in have left.
- ``modem.journal``: ``read``, ``page_fates``, ``outcome_of``, ``outcome_after_death``, ``is_being_written``.

How to tell what became of a call that was handed over (the plan is at ``plan_path``):

1. ``start_call`` may be repeated at will for the same plan and journal: a call is dialled at most once, since its
   journal is created with O_EXCL before it is. STARTED: it is under way (or was already); tail the journal. DONE: the
   journal has its end. DEAD: the journal has no end and nobody writes it: ``outcome_after_death``. BUSY: another call
   is under way. DOWN: the modem is not ready, ``reason`` says why; nothing was dialled and no journal was made.
2. The call has ended when its journal has an ``end``. When ``is_being_written(journal)`` is false and there is no end
   on a second look, the process died (or its disk failed): ``outcome_after_death``.
3. After a restart of the daemon: ``is_locked(folder)`` tells whether the process lives, ``status().call`` which call it
   is in. No process and a journal without an end: ``outcome_after_death``. No journal: it was never dialled.

Calls that come in are answered after ``set_answering(AnswerSettings(folder=..., rings=N))``, and only in that process:
whoever starts one tells it again (``status().answering``, ``answering_into``, ``answering_after`` say what it does, and
it goes on answering when the daemon is gone). A call that comes in has the id ``in-DATE-TIME-PID-N``; while it lasts
``status()`` has ``state`` RECEIVING, ``call`` and ``journal``, afterwards ``last_received``. What it leaves on disk,
and how to take it over at any later time, says ``modem.received``: ``FOLDER/ID/journal.jsonl`` and ``pages.tif``,
``calls_in(FOLDER)``, ``ReceivedCall.outcome()``. ``cancel(ID)`` ends it politely. ``AnswerSettings.document`` is what a
caller may fetch (polling): the pages are proved when it is named; its fates are ``AnswerOutcome.sent``.

A plan with ``fetch`` fetches the far end's document (polling), behind its own pages if it has any, into
``PlannedFetch.file``, else ``fetched.tif`` beside the journal. Each page is confirmed to the far end when it is on
stable storage; ``Outcome.fetched`` and the entries ``page-received``, ``page-confirmed`` say what is there.

In FOLDER lie ``lock`` (flocked as long as the process lives), ``control.sock``, ``log``.

What always holds: killed at any moment, the process leaves at most a journal without an end and stale locks. It does
not open a document, and dials only when every page of the plan has the digest that the plan names.
"""
