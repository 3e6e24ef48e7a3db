"""What all tests have in common: how Hypothesis tries examples."""

from hypothesis import settings

# Without a deadline: how long an example takes says more of the machine than of the code.
settings.register_profile("usher", deadline=None)
settings.load_profile("usher")
