#!/usr/bin/env python3
"""Sends bad datagrams to an IKE daemon: a bounded, repeatable stream of them.

    datagrams.py garbage   TARGET [--count N] [--seed N]    random octets and forged headers to ports 500 and 4500
    datagrams.py truncated TARGET CAPTURE                   every prefix of each captured datagram to TARGET
    datagrams.py altered   TARGET CAPTURE [--seed N]        captured datagrams with one octet changed, at each place
    datagrams.py replayed  TARGET CAPTURE                   the captured packets to TARGET as they were, all of them
    datagrams.py flood     TARGET CAPTURE [--count N] [--rate N] [--from NETWORK]
                                                            the first captured packet as often and as fast as that, each time
                                                            with another SPI and the next source address of the network

CAPTURE is a classic pcap file of an Ethernet device. Truncated, altered and replayed packets keep the addresses and
ports they had, so a daemon takes them for its peer's. IPv4 only; needs root. Prints how many packets were sent.
"""

import argparse
import ipaddress
import itertools
import random
import socket
import struct
import sys
import time

ETHERNET_HEADER = 14
IKE_HEADER = 28
PORTS = (500, 4500)


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
    parser.add_argument("kind", choices=("garbage", "truncated", "altered", "replayed", "flood"))
    parser.add_argument("target")
    parser.add_argument("capture", nargs="?")
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=int, default=10000)
    parser.add_argument("--from", dest="network", type=ipaddress.IPv4Network, default="10.128.0.0/16")
    options = parser.parse_args()
    if options.kind == "garbage":
        sent = send_plain(options.target, garbage(options.count, options.seed))
    else:
        if not options.capture:
            parser.error(f"{options.kind} needs a capture")
        packets = list(captured(options.capture, options.target))
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
