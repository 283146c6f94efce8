"""What becomes of drafted alerts: ``houfeng warn list | show | approve | publish | withdraw | cancel | all-clear``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from houfeng.cli.output import JsonOption, print_json, print_table, say
from houfeng.cli.warn import AsOfOption, NumberArgument, moment, open_store, sender_of

if TYPE_CHECKING:
    from houfeng.alerts.channels import Channel
    from houfeng.operations.alert_log import Delivery
    from houfeng.store import AlertRecord

ByOption = Annotated[str, typer.Option("--by", help="Name of the office or person that answers for it.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for the log.")]
WhyOption = Annotated[str, typer.Option("--reason", help="Why, for the public.")]
WhyZhOption = Annotated[str, typer.Option("--reason-zh", help="The same in Chinese.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for name, command in (
        ("list", list_alerts),
        ("show", show),
        ("approve", approve),
        ("publish", publish),
        ("withdraw", withdraw),
        ("cancel", cancel),
        ("all-clear", all_clear),
    ):
        app.command(name)(command)


def list_alerts(
    state: Annotated[str, typer.Option(help="draft, approved, published or withdrawn.")] = "",
    event: Annotated[str, typer.Option(help="Identifier of an earthquake.")] = "",
    as_of: Annotated[str, typer.Option("--as-of", help="As it was at this time, with zone.")] = "",
    as_json: JsonOption = False,
) -> None:
    """List stored alerts with their standing.

    Example: houfeng warn list --state draft
    """
    from houfeng.operations.alert_log import summary
    from houfeng.times import parse_time

    with open_store() as store:
        records = store.alerts.select(
            event=event or None, state=state or None, as_of=parse_time(as_of) if as_of else None
        )
    told = [summary(record) for record in records]
    if as_json:
        print_json({"alerts": told})
        return
    rows = [(one["number"], one["state"], one["authority"], "drill" if one["drill"] else "", one["kind"], one["event"],
             one["sent"], next(iter(one["headline"].values()), "")) for one in told]  # fmt: skip
    print_table(["number", "state", "by", "", "kind", "event", "composed, UTC", "headline"], rows)
    if not rows:
        say("no such alerts; draft one with: houfeng warn event")


def show(
    number: NumberArgument,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the CAP file, the text and the card.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show an alert as it stands now, in English and Chinese, with its log and receipts.

    Example: houfeng warn show 1 --out alert
    """
    from houfeng.operations.alert_log import alert_document, write_alert

    with open_store() as store:
        document = alert_document(store, number)
        written = write_alert(store, number, out) if out else []
    if as_json:
        print_json(document | {"files": written})
        return
    print(document["text"])
    print_table(
        ["log 记录", "state", "by", "reason"],
        [(entry["time"], entry["state"], entry["authority"], entry["reason"]) for entry in document["log"]],
    )
    if document["receipts"]:
        rows = [(r["time"], r["channel"], _outcome(r["delivered"]), r["detail"]) for r in document["receipts"]]
        print_table(["receipts 回执", "channel", "", "detail"], rows)
    for path in written:
        print(path)


def approve(number: NumberArgument, by: ByOption, reason: ReasonOption = "", as_json: JsonOption = False) -> None:
    """Approve a draft; that does not publish or send it.

    Example: houfeng warn approve 1 --by "Dr Ana Rojas, duty seismologist"
    """
    with open_store() as store:
        record = store.alerts.move(number, "approved", by, reason=reason)
    _told(record, f"approved by {record.authority}; next: houfeng warn publish {number} --by NAME", as_json)


def withdraw(number: NumberArgument, by: ByOption, reason: ReasonOption = "", as_json: JsonOption = False) -> None:
    """Withdraw what was not published yet, for good; what was published is ended by cancel or all-clear.

    Example: houfeng warn withdraw 2 --by "Dr Ana Rojas, duty seismologist" --reason "superseded by 3"
    """
    with open_store() as store:
        record = store.alerts.move(number, "withdrawn", by, reason=reason)
    _told(record, f"withdrawn by {record.authority}", as_json)


def publish(
    number: NumberArgument,
    by: ByOption,
    send: Annotated[bool, typer.Option("--send", help="Really publish and send; else only say what would happen.")] = (
        False
    ),
    channels: Annotated[
        Path | None, typer.Option("--channels", help="TOML file of channels; by default alerts.channels.")
    ] = None,
    reason: ReasonOption = "",
    as_json: JsonOption = False,
) -> int:
    """Publish an approved alert and send it on all channels; without --send this is a rehearsal.

    Given again, it goes to the channels that have not taken it yet. Exercises go only to channels with drills = true.

    Example: houfeng warn publish 1 --by "National Seismological Centre" --channels channels.toml --send
    """
    from datetime import UTC, datetime

    from houfeng.operations.alert_log import publish as publish_alert

    ways = _channels(channels)
    with open_store() as store:
        done = publish_alert(store, number, by, ways, now=datetime.now(UTC), send=send, reason=reason)
    if as_json:
        _print_delivery(done)
    else:
        _say_delivery(done, any_channels=bool(ways))
    return 1 if done.failed else 0


def cancel(
    number: NumberArgument, reason: WhyOption, reason_zh: WhyZhOption = "", as_of: AsOfOption = "",
    as_json: JsonOption = False
) -> None:  # fmt: skip
    """Draft the cancellation of all that was published on an event: it was an error.

    Example: houfeng warn cancel 1 --reason "the location was wrong" --reason-zh "定位有误"
    """
    _close(number, "cancel", {"en": reason, "zh": reason_zh}, as_of, as_json)


def all_clear(
    number: NumberArgument, reason: WhyOption, reason_zh: WhyZhOption = "", as_of: AsOfOption = "",
    as_json: JsonOption = False
) -> None:  # fmt: skip
    """Draft the end of a warning of shaking; for a tsunami only the tsunami centre gives the all-clear.

    Example: houfeng warn all-clear 1 --reason "the shaking has ended" --reason-zh "震动已经结束"
    """
    _close(number, "all-clear", {"en": reason, "zh": reason_zh}, as_of, as_json)


def _close(number: int, kind: str, reasons: dict[str, str], as_of: str, as_json: bool) -> None:
    from houfeng.config import load_settings
    from houfeng.operations.alert_log import close

    with open_store() as store:
        now = moment(as_of, drill=store.alerts.one(number).drill)
        record = close(store, number, kind, reasons=reasons, sender=sender_of(load_settings()), now=now)
    _told(record, f"draft of kind {kind}; next: houfeng warn approve {record.id} --by NAME", as_json)


def _channels(path: Path | None) -> tuple[Channel, ...]:
    from houfeng.alerts.channels import read_channels
    from houfeng.config import load_settings

    settings = load_settings()
    chosen = settings.alerts.channels if path is None else path
    if not chosen:
        return ()
    return read_channels(chosen, timeout_s=settings.alerts.timeout_s, retries=settings.alerts.retries)


def _told(record: AlertRecord, sentence: str, as_json: bool) -> None:
    from houfeng.operations.alert_log import summary

    if as_json:
        print_json({"alert": summary(record)})
        return
    for headline in summary(record)["headline"].values():
        print(headline)
    print(f"{record.id}: {sentence}")


def _outcome(delivered: bool) -> str:
    return "taken" if delivered else "FAILED"


def _print_delivery(done: Delivery) -> None:
    from houfeng.operations.alert_log import summary

    receipts = [
        {"channel": r.channel, "delivered": r.delivered, "detail": r.detail, "time": r.time} for r in done.receipts
    ]
    print_json(
        {"alert": summary(done.record), "sent": done.sent, "channels": dict(done.channels), "left_out": done.left_out,
         "receipts": receipts}
    )  # fmt: skip


def _say_delivery(done: Delivery, *, any_channels: bool) -> None:
    number = done.record.id
    for name in done.left_out:
        say(f"{name}: takes no exercises")
    if not done.sent:
        for name, address in done.channels:
            print(f"would go to {name} ({address})")
        say(f"a rehearsal: nothing was published or sent. To do it: houfeng warn publish {number} --by NAME --send")
    else:
        print(f"{number}: published by {done.record.authority}")
        for receipt in done.receipts:
            print(f"{receipt.channel}: {_outcome(receipt.delivered)}, {receipt.detail}")
    if not any_channels:
        say("no channels are configured: set alerts.channels or give --channels")
    if done.failed:
        say(f"some channels failed; try them again with: houfeng warn publish {number} --by NAME --send")
