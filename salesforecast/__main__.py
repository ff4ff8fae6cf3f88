"""`python -m salesforecast` is the command `salesforecast`."""

from salesforecast.cli import cli

cli()
