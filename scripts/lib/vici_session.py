#!/usr/bin/env python3
"""A session of the Python package `vici` with a daemon: vici_session.py SOCKET SECRET.

The daemon knows no connection at first. Loads one, brings it up, looks at it, takes it down and unloads it; the other
end must be waiting. Fails by an exception that names what was not as it should be.
"""

import socket
import sys

import vici


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def connect(path):
    stream = socket.socket(socket.AF_UNIX)
    stream.settimeout(40)
    stream.connect(path)
    return vici.Session(stream)


def load(session, secret):
    session.load_shared({"id": "ike-site", "type": "IKE", "data": secret, "owners": ["ours.test", "theirs.test"]})
    assert "ike-site" in [text(key) for key in session.get_shared()["keys"]], "get-shared does not list the secret"
    session.load_conn({
        "site": {
            "version": "2",
            "local_addrs": ["10.99.0.1"],
            "remote_addrs": ["10.99.0.2"],
            "proposals": ["aes256gcm16-prfsha384-ecp384"],
            "encap": "yes",
            "local": {"auth": "psk", "id": "ours.test"},
            "remote": {"auth": "psk", "id": "theirs.test"},
            "children": {
                "net": {
                    "local_ts": ["10.1.0.0/24"],
                    "remote_ts": ["10.2.0.0/24"],
                    "esp_proposals": ["aes256gcm16"],
                }
            },
        }
    })
    assert [text(name) for name in session.get_conns()["conns"]] == ["site"], "get-conns does not list the connection"
    listed = list(session.list_conns())
    assert len(listed) == 1 and "net" in listed[0]["site"]["children"], f"list-conns says {listed}"


def bring_up(session):
    lines = [text(line["msg"]) for line in session.initiate({"child": "net", "timeout": 20000, "loglevel": 1})]
    assert lines, "initiate streams no control-log"
    sas = list(session.list_sas())
    assert len(sas) == 1, f"list-sas says {sas}"
    sa = sas[0]["site"]
    assert text(sa["state"]) == "ESTABLISHED", f"the IKE SA is {sa['state']}"
    assert text(sa["initiator"]) == "yes" and len(text(sa["initiator-spi"])) == 16
    (child,) = sa["child-sas"].values()
    assert text(child["state"]) == "INSTALLED" and text(child["encap"]) == "yes"
    assert [text(ts) for ts in child["remote-ts"]] == ["10.2.0.0/24"], f"the selectors are {child['remote-ts']}"
    return len(lines)


def count(session):
    """The counters know the negotiation, of all connections together and of this one; then they begin anew."""
    (together,) = session.get_counters({})["counters"].values()
    assert int(together["ike-init-out-req"]) >= 1, f"get-counters says {together}"
    named = session.get_counters({"name": "site"})["counters"]
    assert int(named["site"]["ike-auth-in-resp"]) >= 1, f"get-counters says {named}"
    assert list(session.get_counters({"all": "yes"})["counters"]) == ["site"]
    session.reset_counters({"name": "site"})
    named = session.get_counters({"name": "site"})["counters"]
    assert int(named["site"]["ike-auth-in-resp"]) == 0, f"after reset-counters: {named}"
    session.rekey({"ike": "site", "reauth": "yes"})


def events(path, wanted, act):
    """The events of these names that come while `act` runs, until each has come."""
    listener = connect(path)
    seen = {}
    stream = listener.listen(wanted)
    act()
    for name, message in stream:
        seen.setdefault(text(name), message)
        if set(seen) == set(wanted):
            return seen
    raise AssertionError(f"only {sorted(seen)} came of {wanted}")


def alerted(path, session):
    """What goes wrong raises an alert."""
    session.load_conn({
        "lost": {
            "remote_addrs": ["10.99.0.2"],
            "proposals": ["aes128-sha256-modp2048"],
            "local": {"auth": "psk", "id": "ours.test"},
            "remote": {"auth": "psk", "id": "theirs.test"},
        }
    })

    def act():
        list(session.initiate({"ike": "lost", "timeout": -1}))

    alert = events(path, ["alert"], act)["alert"]
    assert text(alert["type"]) == "proposal-mismatch-ike", f"the alert is {alert}"
    assert text(alert["connection"]) == "lost" and text(alert["msg"])
    session.unload_conn({"name": "lost"})


def take_down(session):
    for _ in session.terminate({"ike": "site", "timeout": 10000}):
        pass
    assert list(session.list_sas()) == [], "an SA is left after terminate"
    session.unload_conn({"name": "site"})
    assert not session.get_conns().get("conns"), "the connection is left after unload-conn"


def refuse(session):
    """A command that fails raises, with the daemon's reason."""
    try:
        for _ in session.initiate({"child": "nosuch"}):
            pass
    except vici.exception.CommandException as error:
        return str(error)
    raise AssertionError("initiating an unknown child did not fail")


def main():
    path, secret = sys.argv[1:]
    session = connect(path)
    version = session.version()
    stats = session.stats()
    assert int(stats["ikesas"]["total"]) == 0, f"stats says {stats}"
    assert "uptime" in stats and "ikesas" in stats, f"stats says {stats}"
    load(session, secret)
    lines = bring_up(session)
    count(session)
    alerted(path, session)
    take_down(session)
    refuse(session)
    print(f"{text(version['daemon'])} {text(version['version'])}: {lines} lines of control-log")


main()
