"""The commands of `guanjia`, one module each; `deploy/cli.py` imports the one that is called."""
