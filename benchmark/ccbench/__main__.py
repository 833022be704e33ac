"""``python -m ccbench``."""

from ccbench.cli import cli

if __name__ == "__main__":
    cli()
