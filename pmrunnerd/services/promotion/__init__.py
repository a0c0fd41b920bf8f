"""Root's hands in a promotion: its records, the switch, the restart, the doors that are tried."""
