"""``jira-assets serve``: the receiver of Jira's webhooks."""

import argparse
import errno
import signal
import sys
from collections.abc import Sequence

from jira_assets.inbox.receiver.app import REFUSES, WEBHOOK
from jira_assets.inbox.receiver.log import LEVELS, configure, logger
from jira_assets.inbox.receiver.server import listen, serve
from jira_assets.settings import Settings

_DESCRIPTION = f"""\
Take in Jira's webhooks at POST {WEBHOOK}. An event is on the disk before Jira is told that
it has arrived; Dagster's webhook sensor takes it from there. Put a TLS proxy in front: Jira
delivers to https only.

JIRA_WEBHOOK_SECRET must be the secret that the webhook in Jira was given. To change it, put
the old one into JIRA_WEBHOOK_SECRET_PREVIOUS until Jira signs with the new one."""

_EPILOG = """\
pages:
  GET  /webhooks/jira/health   how the receiver does, in JSON
  GET  /metrics                the same and more for Prometheus
  POST /webhooks/jira/test     with --debug: ask for one issue, {"issue_key": "SUP-123"}, signed

examples:
  jira-assets serve
  jira-assets serve --port 9000 --log-level warning
  jira-assets serve --host 0.0.0.0      where the proxy runs on another machine"""


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM. The exit status is 1 if the port is taken.

    Raises SettingsError and PrivacyError, which name the key that is missing or wrong.
    """
    arguments = _parser().parse_args(argv)
    settings = Settings.load()
    _ = settings.keyring  # before anybody is told that we listen: without it nothing can be stored
    try:
        listener = listen(arguments.host, arguments.port)
    except OSError as error:
        sys.stderr.write(f"jira-assets serve: {_why_not(error, arguments.host, arguments.port)}\n")
        return 1
    configure(arguments.log_level)
    # uvicorn ends orderly and then raises the signal again.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with listener:
        if not settings.webhook_secrets:
            logger.error(REFUSES)
        host, port = listener.getsockname()[:2]
        fields = {"host": host, "port": port, "debug": arguments.debug}
        logger.info("listening", extra={"fields": fields})
        serve(settings, listener, debug=arguments.debug)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jira-assets serve",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (%(default)s)")
    parser.add_argument(
        "--port", type=_port, default=8080, help="port to listen at; 0 takes a free one (%(default)s)"
    )
    parser.add_argument("--debug", action="store_true", help="serve POST /webhooks/jira/test too")
    parser.add_argument(
        "--log-level",
        choices=LEVELS,
        default="info",
        help="`warning` leaves out the line for each delivery that went well (%(default)s)",
    )
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("must be between 0 and 65535")
    return port


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is taken; end what listens there, or choose another with --port"
    return f"cannot listen at port {port} of {host}: {error.strerror or error}"
