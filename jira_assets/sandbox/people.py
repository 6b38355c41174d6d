"""The people of a generated site, in every form that Jira shows users in."""

import random
from typing import Any

BASE_URL = "https://sandbox.atlassian.net"

_NAMES = ("Emma Richards", "Søren Ångström", "María-José Núñez", "王小明", "Nguyễn Văn An", "O'Brien, Pat")
_COUNT = 40


def _person(number: int) -> dict[str, Any]:
    account_id = f"5b10a{number:04d}44c20165700ede{number:02d}g"
    kind = "app" if number % 13 == 5 else "customer" if number % 7 == 3 else "atlassian"
    person: dict[str, Any] = {
        "self": f"{BASE_URL}/rest/api/3/user?accountId={account_id}",
        "accountId": account_id,
        "avatarUrls": {
            "48x48": f"{BASE_URL}/avatar/{number}?size=48",
            "16x16": f"{BASE_URL}/avatar/{number}?size=16",
        },
        "displayName": f"{_NAMES[number % len(_NAMES)]} {number}",
        "active": number % 9 != 4,
        "timeZone": ("Europe/Prague", "America/Los_Angeles", "Asia/Tokyo", "Etc/UTC")[number % 4],
        "accountType": kind,
    }
    # Most people hide their address, and Jira then leaves the property out.
    if number % 3 == 0:
        person["emailAddress"] = f"person{number}@example.com"
    if number % 17 == 16:
        person |= {"displayName": "Former user", "active": False, "accountType": "unknown"}
    return person


PEOPLE = tuple(_person(number) for number in range(_COUNT))


def someone(rng: random.Random) -> dict[str, Any]:
    """Anybody."""
    return rng.choice(PEOPLE)


def someone_or_nobody(rng: random.Random, nobody: float = 0.05) -> dict[str, Any] | None:
    """Anybody, or None as for a deleted account, with probability ``nobody``."""
    return None if rng.random() < nobody else rng.choice(PEOPLE)
