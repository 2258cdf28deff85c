"""The errors that a user meets, each with the exit code of its kind."""


class RiskModelError(Exception):
    """Our fault: something that should not happen. Every other error derives from this one."""

    exit_code = 70


class UsageError(RiskModelError):
    """The command line's words are off."""

    exit_code = 2


class DataError(RiskModelError):
    """The source folder breaks the contract, or holds too little for what was asked."""

    exit_code = 3


class SettingsError(RiskModelError):
    """A settings file, a `--set` or a notebook's parameter is off."""

    exit_code = 4


class ChecksFailed(RiskModelError):
    """The model failed its checks; nothing was published."""

    exit_code = 5


class NotApproved(RiskModelError):
    """No recorded review allows the model to be used."""

    exit_code = 6
