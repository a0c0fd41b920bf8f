"""Makes `python -m pmrunnerctl` the same as `pmrunnerctl`."""

from pmrunnerctl.cli import main

if __name__ == "__main__":
    main()
