"""What every test may rely on. How the suite is laid out: tests/README.md."""

from hypothesis import settings

pytest_plugins = ["pytester", "tests.plugins.promises", "tests.plugins.thinning"]

# A machine that is busy with other tests is not an error: how long something takes is tests/bench's
# question, and pytest-timeout's. (With CI=true Hypothesis's own profile says so, and derandomizes.)
settings.register_profile("house", deadline=None)
if settings.get_current_profile_name() != "ci":
    settings.load_profile("house")
