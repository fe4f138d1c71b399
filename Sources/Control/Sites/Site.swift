import IKEWire
import Inet

/// One of two gateways between which there is to be a tunnel.
struct Site {
    /// Which of the two: the name of its directory.
    let name: String
    /// An address or a name.
    let host: String
    /// The networks behind it, as a configuration lists them.
    let networks: String

    /// How the gateways prove who they are.
    enum Proof: String {
        case psk, key, cert
    }

    /// The same with what it takes.
    enum Credentials {
        /// As a configuration writes it.
        case psk(secret: String)
        /// Files in `pubkey`.
        case keys(own: String, peer: String)
        /// Files in `x509` and `x509ca`.
        case certificate(own: String, authority: String)
    }

    /// The text of `iked.conf`.
    func configuration(with peer: Site, _ credentials: Credentials) -> String {
        let (own, others) = Self.proofs(credentials)
        return """
            # The gateway \(host), made by `ikectl new`. iked.conf(5) says what else there is to set.

            connections {
                site {
            \(isAddress ? "        local_addrs = \(host)\n" : "")        remote_addrs = \(peer.host)

                    local {
            \(Self.lines(own + ["id = \(host)"]))
                    }
                    remote {
            \(Self.lines(others + ["id = \(peer.host)"]))
                    }

                    children {
                        net {
                            local_ts = \(networks)
                            remote_ts = \(peer.networks)
                            start_action = start
                            dpd_action = restart
                        }
                    }
                }
            }
            \(secrets(with: peer, credentials))
            """
    }

    private var isAddress: Bool { IPAddress(host) != nil }

    private static func lines(_ settings: [String]) -> String {
        settings.map { "            \($0)" }.joined(separator: "\n")
    }

    private static func proofs(_ credentials: Credentials) -> (own: [String], peer: [String]) {
        switch credentials {
        case .psk: (["auth = psk"], ["auth = psk"])
        case .keys(let own, let peer): (["auth = pubkey", "pubkeys = \(own)"], ["auth = pubkey", "pubkeys = \(peer)"])
        case .certificate(let own, let authority):
            (["auth = pubkey", "certs = \(own)"], ["auth = pubkey", "cacerts = \(authority)"])
        }
    }

    private func secrets(with peer: Site, _ credentials: Credentials) -> String {
        guard case .psk(let secret) = credentials else { return "" }
        return """

            secrets {
                ike-site {
                    id-a = \(host)
                    id-b = \(peer.host)
                    secret = \(secret)
                }
            }

            """
    }
}
