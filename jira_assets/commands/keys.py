"""``jira-assets keys``: makes encryption keys, tells which are in use, and replaces them.

It prints none but the new one.
"""

import argparse
import sys
from collections.abc import Sequence
from itertools import chain, count

from jira_assets import clock
from jira_assets.privacy.errors import MalformedKeys
from jira_assets.privacy.in_use import MANY_VALUES, KeysInUse
from jira_assets.privacy.key import new_key
from jira_assets.privacy.keyring import NO_KEYS, Keyring, is_key_id
from jira_assets.settings import Settings
from jira_assets.settings.environment import SettingsError

_DESCRIPTION = """\
What is kept is encrypted with the first key in JIRA_ENCRYPTION_KEYS; every key there can read.
Without a key nothing is encrypted. Whoever loses a key loses what it has encrypted: keep a copy
where no backup of the data is."""

_EPILOG = """\
examples:
  jira-assets keys new
  jira-assets keys new production-2
  jira-assets keys list
  jira-assets keys rotate"""

_ROTATE = """\
Encrypts everything again with the first key in JIRA_ENCRYPTION_KEYS, and what was not encrypted
for the first time: the raw log, waiting events, the queue, the archive of events, attachments,
tables and published files. Then it looks everywhere for what another key has encrypted. If there
is nothing, that key may be taken out of the setting, and from then on whatever is not encrypted is
refused: it must be forged.

To replace a key:
  1. jira-assets keys new
  2. Put the new key in front of the old one in JIRA_ENCRYPTION_KEYS.
  3. Start Dagster and the receiver again: until then they write with the old key.
  4. jira-assets keys rotate
  5. Take the old key out of the setting, but keep it for as long as there are backups that need it.

Everything may go on meanwhile. Whatever interrupts it, run it again: it goes on where it was.
It needs room on the disk for a second copy of the tables, or of the largest attachment.
Exit code 1 if something is left that another key has encrypted, or nobody can read."""

_FIRST = "Put this line into the environment or into .env, and start everything that runs again."
_NEXT = (
    "Put it in front of the others, with a comma between, and start everything that runs again: from then\n"
    "on it is the one that writes. The others are still needed to read what they have written."
)


_SHOWN = 10  # places
_LEFT = (
    "Something still writes with another key, or without one: start everything that runs again, so that it\n"
    "has the new setting. Published months that are not in the tables stay as they were: materialise them,\n"
    "or delete their files. Then run this again."
)
_DAMAGED = "Repair or remove what is named here, and run this again. Until then keep all the keys."


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0; 1 if ``list`` finds that a key in use is missing or is another, or if ``rotate`` leaves
    something that the key that writes has not encrypted.
    """
    arguments = _parser().parse_args(argv)
    settings = Settings.load()
    if arguments.what == "rotate":
        return _rotate(settings, accepts_plain=arguments.accept_plain)
    keyring, in_use = _keyring(settings), KeysInUse(settings.keys_file)
    if arguments.what == "new":
        return _new(arguments.id, {*keyring.ids, *in_use.ids()})
    return _list(keyring, in_use)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jira-assets keys",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="what", required=True)
    new = commands.add_parser("new", help="make a key and print it")
    new.add_argument("id", nargs="?", type=_key_id, help="what to call it (today's date)")
    commands.add_parser("list", help="which keys there are, which one writes, and which are in use")
    rotate = commands.add_parser(
        "rotate",
        help="encrypt everything with the key that writes, so that others may go",
        description=_ROTATE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    rotate.add_argument(
        "--accept-plain",
        action="store_true",
        help="encrypt what is not encrypted although everything was: only if you know who put it there",
    )
    return parser


def _key_id(text: str) -> str:
    if not is_key_id(text):
        raise argparse.ArgumentTypeError("has letters, digits, - and _, at most 32 of them")
    return text


def _keyring(settings: Settings) -> Keyring:
    """As it is set, whatever is in use: that is what is to be found out."""
    keys = settings.encryption_keys
    try:
        return NO_KEYS if keys is None else Keyring.parse(keys)
    except MalformedKeys as error:
        raise SettingsError("JIRA_ENCRYPTION_KEYS", error.problem, error.remedy) from None


def _new(key_id: str | None, taken: set[str]) -> int:
    if key_id in taken:
        sys.stderr.write(f"jira-assets keys new: there is a key {key_id!r}; call this one otherwise\n")
        return 1
    if key_id is None:
        today = f"{clock.now():%Y-%m-%d}"
        names = chain([today], (f"{today}-{number}" for number in count(2)))
        key_id = next(name for name in names if name not in taken)
    line = new_key(key_id)
    sys.stdout.write(f"{line}\n" if taken else f"JIRA_ENCRYPTION_KEYS={line}\n")
    sys.stderr.write(f"\n{_NEXT if taken else _FIRST}\n")
    return 0


def _list(keyring: Keyring, in_use: KeysInUse) -> int:
    used, values = in_use.ids(), in_use.values()
    missing = [key_id for key_id in used if key_id not in keyring.ids]
    wrong = [key_id for key_id in keyring.ids if in_use.is_right(keyring, key_id) is False]
    for key_id in (*keyring.ids, *missing):
        facts = [
            *(["writes"] if key_id == keyring.writing else []),
            "in use" if key_id in used else "not in use",
            *([f"has sealed up to {values[key_id]:,} values"] if values.get(key_id) else []),
            *(["REPLACE: it has sealed enough"] if values.get(key_id, 0) >= MANY_VALUES else []),
            *(["MISSING: what it has encrypted cannot be read"] if key_id in missing else []),
            *(["WRONG: it is another than the one in use"] if key_id in wrong else []),
        ]
        sys.stdout.write(f"{key_id:<32}  {', '.join(facts)}\n")
    if not keyring.ids and not missing:
        sys.stdout.write("There are no keys: nothing is encrypted. `jira-assets keys new` makes one.\n")
    return 1 if missing or wrong else 0


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _rotate(settings: Settings, *, accepts_plain: bool) -> int:
    from jira_assets.upkeep.rotate.rotate import Rotation  # which needs everything that has to do with data

    if accepts_plain:
        KeysInUse(settings.keys_file).note(settings.keyring, is_all_sealed=False)
    rotated = Rotation(settings, _tell).run()
    for problem in rotated.problems:
        sys.stdout.write(f"{problem}\n")
    for key_id, where in rotated.left.items():
        what = "is not encrypted" if key_id is None else f"is encrypted with {key_id}"
        sys.stdout.write(f"{what}: {', '.join(where[:_SHOWN])}{', ...' if where[_SHOWN:] else ''}\n")
    for key_id in rotated.retired:
        sys.stdout.write(f"Nothing needs {key_id} any more: take it out of JIRA_ENCRYPTION_KEYS.\n")
    if rotated.is_complete:
        sys.stdout.write(f"Everything is encrypted with {rotated.writing}.\n")
    else:
        sys.stdout.write(f"\n{_DAMAGED if rotated.problems else _LEFT}\n")
    return 0 if rotated.is_complete else 1
