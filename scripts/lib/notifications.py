"""A service manager that only listens: notifications.py SOCKET

Makes the datagram socket that NOTIFY_SOCKET would name, and prints a line for each notification that arrives.
"""

import os
import socket
import sys

listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
print("listening", flush=True)
while True:
    print(" ".join(listener.recv(4096).decode().split("\n")), flush=True)
