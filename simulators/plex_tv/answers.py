"""The bodies of plex.tv's answers."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from simulators.plex_tv.accounts import Accounts, Address, Device, PlexAccount
from simulators.plex_tv.pins import Pin

_SOMEWHERE: Final = {
    "code": "DE",
    "european_union_member": True,
    "continent_code": "EU",
    "country": "Germany",
    "city": "Berlin",
    "time_zone": "Europe/Berlin",
    "postal_code": "10115",
    "in_privacy_restricted_country": True,
    "in_privacy_restricted_region": True,
    "subdivisions": "Land Berlin",
    "coordinates": "52.52, 13.40",
}
_PROFILE: Final = {
    "autoSelectAudio": True,
    "defaultAudioLanguage": None,
    "defaultAudioAccessibility": 0,
    "defaultAudioLanguages": None,
    "defaultSubtitleLanguage": None,
    "defaultSubtitleLanguages": None,
    "autoSelectSubtitle": 0,
    "defaultSubtitleAccessibility": 0,
    "defaultSubtitleForced": 0,
    "watchedIndicator": 1,
    "mediaReviewsVisibility": 0,
    "mediaReviewsLanguages": None,
}

_SECTIONS: Final = {"1": (118_181_361, "Movies", "movie"), "2": (118_251_661, "TV Shows", "show")}


def moment(at: datetime) -> str:
    """Format a time as plex.tv does."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def pin(each: Pin, *, now: datetime) -> dict[str, Any]:
    """Return a PIN as shown to its client."""
    return {
        "id": each.id,
        "code": each.code,
        "product": each.product,
        "trusted": False,
        "qr": f"https://plex.tv/api/v2/pins/qr/{each.code}",
        "clientIdentifier": each.client_id,
        "location": _SOMEWHERE,
        "expiresIn": int((each.expires_at - now).total_seconds()),
        "createdAt": moment(each.created_at),
        "expiresAt": moment(each.expires_at),
        "authToken": each.token,
        "newRegistration": None if each.token is None else False,
    }


def user(account: PlexAccount, *, token: str, accounts: Accounts) -> dict[str, Any]:
    """Return an account as shown to its holder; a managed one has empty names and no e-mail."""
    home = accounts.home(account)
    return {
        "id": account.id,
        "uuid": account.uuid,
        "username": account.username or "",
        "title": account.title,
        "email": account.email or "",
        "friendlyName": account.title if account.username is None else "",
        "locale": None,
        "confirmed": True,
        "joinedAt": int(account.joined_at.timestamp()),
        "emailOnlyAuth": False,
        "hasPassword": not account.is_restricted,
        "protected": account.home_pin is not None,
        "thumb": account.thumb,
        "authToken": token,
        "mailingListStatus": "unsubscribed",
        "mailingListActive": False,
        "scrobbleTypes": "",
        "country": "DE",
        "subscription": _subscription(account),
        "subscriptionDescription": None,
        "restricted": account.is_restricted,
        "anonymous": None,
        "home": account.home_of is not None,
        "guest": False,
        "homeSize": len(home),
        "homeAdmin": account.home_of == account.id,
        "maxHomeSize": 15,
        "rememberExpiresAt": int(account.joined_at.timestamp()) + 1_209_600,
        "profile": _PROFILE,
        "entitlements": [],
        "services": [],
        "adsConsent": None,
        "adsConsentSetAt": None,
        "adsConsentReminderAt": None,
        "experimentalFeatures": False,
        "twoFactorEnabled": False,
        "backupCodesCreated": False,
        "attributionPartner": None,
    }


def _subscription(account: PlexAccount) -> dict[str, Any]:
    return {
        "active": account.has_pass,
        "subscribedAt": moment(account.joined_at) if account.has_pass else None,
        "status": "Active" if account.has_pass else "Inactive",
        "paymentService": None,
        "plan": "lifetime" if account.has_pass else None,
        "features": ["webhooks", "home"] if account.has_pass else [],
    }


def home_user(account: PlexAccount) -> dict[str, Any]:
    """Return a member of a Home as shown to the others; a managed one has nulls for names."""
    return {
        "id": account.id,
        "uuid": account.uuid,
        "title": account.title,
        "username": account.username,
        "email": account.email,
        "friendlyName": None,
        "thumb": account.thumb,
        "hasPassword": not account.is_restricted,
        "restricted": account.is_restricted,
        "updatedAt": int(account.joined_at.timestamp()),
        "restrictionProfile": "teen" if account.is_restricted else None,
        "admin": account.home_of == account.id,
        "guest": False,
        "protected": account.home_pin is not None,
    }


def resource(device: Device, viewer: PlexAccount, owner: PlexAccount, *, including: Collection[str]) -> dict[str, Any]:
    """Return a device as shown to an account, with the account's token for it.

    Relays, IPv6 and https addresses are included only if asked for.
    """
    is_owned = device.owner_id == viewer.id
    return {
        "name": device.name,
        "product": device.product,
        "productVersion": "1.43.0.10492-121068a07",
        "platform": "Linux",
        "platformVersion": "6.1.0",
        "device": "PC",
        "clientIdentifier": device.machine_id,
        "createdAt": moment(owner.joined_at),
        "lastSeenAt": moment(owner.joined_at),
        "provides": device.provides,
        "ownerId": None if is_owned else device.owner_id,
        "sourceTitle": None if is_owned else owner.title,
        "publicAddress": "203.0.113.7",
        "accessToken": device.access_tokens[viewer.id],
        "owned": is_owned,
        "home": viewer.home_of is not None and viewer.home_of == device.owner_id and not is_owned,
        "synced": False,
        "relay": True,
        "presence": device.is_present,
        "httpsRequired": False,
        "publicAddressMatches": True,
        "dnsRebindingProtection": False,
        "natLoopbackSupported": True,
        "connections": [
            _connection(each, is_secure="includeHttps" in including)
            for each in device.addresses
            if (not each.is_relay or "includeRelay" in including) and (not each.is_ipv6 or "includeIPv6" in including)
        ],
    }


def _connection(address: Address, *, is_secure: bool) -> dict[str, Any]:
    uri = address.uri if is_secure else f"http://{address.address}:{address.port}"
    return {
        "protocol": uri.partition("://")[0],
        "address": address.address,
        "port": address.port,
        "uri": uri,
        "local": address.is_local,
        "relay": address.is_relay,
        "IPv6": address.is_ipv6,
    }


def listed_user(account: PlexAccount, devices: list[Device]) -> dict[str, Any]:
    """Return an element of the owner's list of users, which is XML and nothing else."""
    return {
        "id": account.id,
        "title": account.title,
        "username": account.username or "",
        "email": account.email or "",
        "recommendationsPlaylistId": "",
        "thumb": account.thumb,
        "protected": account.home_pin is not None,
        "home": account.home_of is not None,
        "allowTuners": 0,
        "allowSync": 0,
        "allowCameraUpload": 0,
        "allowChannels": 0,
        "allowSubtitleAdmin": 0,
        "filterAll": "",
        "filterMovies": "",
        "filterMusic": "",
        "filterPhotos": "",
        "filterTelevision": "",
        "restricted": account.is_restricted,
        "Server": [
            {
                "id": 9_000_000 + account.id % 1_000_000,
                "serverId": 8_035_121,
                "machineIdentifier": device.machine_id,
                "name": device.name,
                "lastSeenAt": int(account.joined_at.timestamp()),
                "numLibraries": len(device.only.get(account.id, _SECTIONS)),
                "allLibraries": account.id not in device.only,
                "owned": False,
                "pending": False,
            }
            for device in devices
            if account.id in device.access_tokens
        ],
    }


def share(account: PlexAccount, device: Device) -> dict[str, Any]:
    """Return a share of a server as shown to its owner."""
    return {
        "id": 9_000_000 + account.id % 1_000_000,
        "username": account.username or "",
        "email": account.email or "",
        "userID": account.id,
        "invitedId": account.id,
        "accessToken": device.access_tokens[account.id],
        "name": device.name,
        "acceptedAt": int(account.joined_at.timestamp()),
        "invitedAt": int(account.joined_at.timestamp()),
        "allowSync": False,
        "allowCameraUpload": False,
        "allowChannels": False,
        "allowTuners": False,
        "allowSubtitleAdmin": False,
        "owned": False,
        "allLibraries": account.id not in device.only,
        "filterAll": "",
        "Section": [
            {"id": number, "key": int(key), "title": title, "type": kind, "shared": device.shows(key, account.id)}
            for key, (number, title, kind) in _SECTIONS.items()
        ],
    }
