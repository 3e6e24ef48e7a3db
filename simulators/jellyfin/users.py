"""How a Jellyfin shows its users."""

from typing import Any, Final

from simulators.mediabrowser import User, user_body

_CONFIGURATION: Final = {
    "PlayDefaultAudioTrack": True,
    "SubtitleLanguagePreference": "",
    "DisplayMissingEpisodes": False,
    "GroupedFolders": [],
    "SubtitleMode": "Default",
    "DisplayCollectionsView": False,
    "EnableLocalPassword": False,
    "OrderedViews": [],
    "LatestItemsExcludes": [],
    "MyMediaExcludes": [],
    "HidePlayedInLatest": True,
    "RememberAudioSelections": True,
    "RememberSubtitleSelections": True,
    "EnableNextEpisodeAutoPlay": True,
    "CastReceiverId": "F007D354",
}
_POLICY: Final = {
    "IsHidden": True,
    "EnableAllFolders": True,
    "EnableMediaPlayback": True,
    "EnableRemoteAccess": True,
    "InvalidLoginAttemptCount": 0,
    "LoginAttemptsBeforeLockout": -1,
    "MaxActiveSessions": 0,
    "AuthenticationProviderId": "Jellyfin.Server.Implementations.Users.DefaultAuthenticationProvider",
    "PasswordResetProviderId": "Jellyfin.Server.Implementations.Users.DefaultPasswordResetProvider",
    "SyncPlayAccess": "CreateAndJoinGroups",
}


def user_json(user: User, *, server_id: str) -> dict[str, Any]:
    """Return a user's JSON."""
    return user_body(user, server_id=server_id, configuration=_CONFIGURATION, policy=_POLICY)
