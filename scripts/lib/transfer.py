#!/usr/bin/env python3
"""Octets over one TCP connection, counted where they arrive.

    transfer.py serve ADDRESS PORT            takes one connection, and answers at its end how many octets came
    transfer.py send FROM TO PORT OCTETS      sends so many, and prints the seconds until that answer is there
"""

import socket
import sys
import time


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve(address, port):
    with socket.socket(family(address), socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, int(port)))
        listener.listen(1)
        connection, _ = listener.accept()
        with connection:
            count = 0
            while octets := connection.recv(65536):
                count += len(octets)
            connection.sendall(str(count).encode())


def send(source, destination, port, count):
    began = time.monotonic()
    with socket.socket(family(source), socket.SOCK_STREAM) as connection:
        connection.settimeout(60)
        connection.bind((source, 0))
        connection.connect((destination, int(port)))
        connection.sendall(bytes(int(count)))
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(100).decode()
    if answer != count:
        sys.exit(f"{answer} of {count} octets arrived")
    print(f"{time.monotonic() - began:.1f}")


if __name__ == "__main__":
    {"serve": serve, "send": send}[sys.argv[1]](*sys.argv[2:])
