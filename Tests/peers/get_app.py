"""Ends with 0 when the app is there.

usage: get_app.py APP
"""

import sys

from pinpoint_peer import client

client().get_app(ApplicationId=sys.argv[1])
