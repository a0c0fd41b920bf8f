"""Where run hosts live: how they are started, found again and stopped."""
