"""Makes an app and prints `app ID`."""

from pinpoint_peer import client

print(
    "app",
    client().create_app(CreateApplicationRequest={"Name": "for a scenario"})["ApplicationResponse"]["Id"],
    flush=True,
)
