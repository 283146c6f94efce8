"""E-mail, text messages and the rest, through Apprise (BSD-2; the extra ``alerts``)."""

import io
import logging
from dataclasses import dataclass, field

from houfeng.alerts.card import to_text
from houfeng.alerts.channels.base import Receipt, Released, receipt
from houfeng.errors import InputError, MissingExtraError, SourceError


@dataclass(frozen=True, slots=True)
class MessengerChannel:
    """Sends the headline as subject and the whole text in all languages.

    Attributes
    ----------
    url
        In the form of Apprise, such as ``mailtos://user:password@host?to=duty@example.org``; not shown anywhere.
    """

    name: str
    url: str = field(repr=False)
    drills: bool = False

    @property
    def address(self) -> str:
        """The scheme alone: the rest holds secrets."""
        return f"{self.url.split('://')[0]}://..."

    def send(self, released: Released) -> Receipt:
        """Hand it to the service.

        Raises
        ------
        MissingExtraError
            When Apprise is not installed.
        InputError
            When Apprise does not know what to do with the url.
        SourceError
            When the service did not take it.
        """
        apprise = _apprise()
        heard = io.StringIO()
        handler = logging.StreamHandler(heard)
        log = logging.getLogger("apprise")
        log.addHandler(handler)
        try:
            service = apprise.Apprise()
            if not service.add(self.url):
                raise InputError(
                    f"Apprise cannot read the url of channel '{self.name}' ({self.address}); its wiki lists the forms: "
                    "https://github.com/caronc/apprise/wiki"
                )
            alert = released.alert
            title = alert.infos[0].headline or alert.infos[0].event
            taken = service.notify(
                body=to_text(alert),
                title=title,
                notify_type=apprise.NotifyType.WARNING,
                body_format=apprise.NotifyFormat.TEXT,
            )
        finally:
            log.removeHandler(handler)
        if not taken:
            said = heard.getvalue().strip().splitlines()
            raise SourceError(
                f"{self.address} did not take it" + (f": {said[-1]}" if said else "; it does not say why")
            )
        return receipt(self, f"handed to {self.address}")


def _apprise():
    try:
        import apprise
    except ModuleNotFoundError as error:
        raise MissingExtraError(f'this channel needs {error.name}; pip install "houfeng[alerts]"') from error
    return apprise
