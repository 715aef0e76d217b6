#!/usr/bin/env python3
"""A carrier that speaks SMPP 3.4, on smpp34. What becomes of a text is the last digit of the number it is for:

  9  refused: invalid destination address        0  throttled once, then taken
  8  refused: a system error                     1  taken, then undeliverable
  6  taken, then expired                         other  taken, then delivered

usage: smpp_smsc.py PORT [MESSAGE …]     each MESSAGE, "FROM TO TEXT", is delivered when a gateway has bound

Prints each text that came: "FROM TO coding N esm N <hex of the user data>".
"""
import asyncio
import sys
import time

import smpp34

port, incoming = int(sys.argv[1]), sys.argv[2:]
REFUSED = {"9": smpp34.ESME_RINVDSTADR, "8": smpp34.ESME_RSYSERR}
FATE = {"1": ("UNDELIV", "00B"), "6": ("EXPIRED", "000")}
throttled = set()


async def receipt(session, event, name):
    await asyncio.sleep(0.1)
    stat, error = FATE.get(event.destination_addr[-1], ("DELIVRD", "000"))
    stamp = time.strftime("%y%m%d%H%M")
    text = (f"id:{name} sub:001 dlvrd:001 submit date:{stamp} done date:{stamp} stat:{stat} err:{error} text:")
    await session.deliver_sm(
        source_addr=event.destination_addr, destination_addr=event.source_addr, source_addr_ton=1, source_addr_npi=1,
        esm_class=0x04, short_message=text.encode())


async def deliver(session):
    for line in incoming:
        source, destination, text = line.split(" ", 2)
        is_plain = text.isascii()
        await session.deliver_sm(
            source_addr=source, destination_addr=destination, source_addr_ton=1, source_addr_npi=1,
            data_coding=0 if is_plain else 8, short_message=text.encode("ascii" if is_plain else "utf-16-be"))


async def main():
    server = smpp34.Server(host="127.0.0.1", port=port, system_id="carrier")
    await server.start()
    sessions, tasks, count = {}, set(), 0
    while True:
        event = await server.next()
        if isinstance(event, smpp34.Esme):
            sessions[event.session_id] = event
            tasks.add(asyncio.create_task(deliver(event)))
        elif isinstance(event, smpp34.SubmitSmEvent):
            number = event.destination_addr
            print(event.source_addr, number, "coding", event.data_coding, "esm", event.esm_class,
                  bytes(event.short_message).hex(), flush=True)
            if number[-1] in REFUSED:
                event.reject(REFUSED[number[-1]])
            elif number[-1] == "0" and number not in throttled:
                throttled.add(number)
                event.reject(smpp34.ESME_RTHROTTLED)
            else:
                count += 1
                name = f"{count:08d}"
                event.accept(message_id=name)
                if event.registered_delivery & 1:
                    tasks.add(asyncio.create_task(receipt(sessions[event.session_id], event, name)))


asyncio.run(main())
